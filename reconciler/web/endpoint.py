"""Where somebody listens on the network."""

from dataclasses import dataclass, field
from ssl import SSLContext

from reconciler.web.exchange import RawHeaders


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host, an address of IPv6 among them, and a port; with a `context` TLS is spoken there."""

    host: str
    port: int
    context: SSLContext | None = None

    @property
    def authority(self) -> bytes:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}".encode("ascii")


@dataclass(frozen=True, slots=True)
class Proxy:
    """Digs tunnels to other endpoints; its headers may hold a password."""

    endpoint: Endpoint
    headers: RawHeaders = field(repr=False)
