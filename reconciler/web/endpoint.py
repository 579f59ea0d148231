"""Where somebody listens on the network."""

from dataclasses import dataclass, field
from ssl import SSLContext

from reconciler.web.exchange import RawHeaders, TunnelError


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
    """Digs tunnels to other endpoints; its headers may hold a password.

    `variable` of the environment names it, if it is not known from elsewhere.
    """

    endpoint: Endpoint
    headers: RawHeaders = field(repr=False)
    variable: str = ""

    def failure(self, fact: str) -> TunnelError:
        """Return the error that it is to blame for, told without its user and password."""
        named = f", which {self.variable} names," if self.variable else ""
        place = self.endpoint.authority.decode("ascii")
        return TunnelError(f"the proxy {place}{named} {fact}", self.variable or "the proxy")
