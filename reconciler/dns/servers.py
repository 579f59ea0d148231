"""Which name server is meant: `HOST[:PORT]`, `[IPv6]:PORT`, or an address alone."""

import ipaddress
import re
import socket
from dataclasses import dataclass

from reconciler.errors import UsageError
from reconciler.source import printable, shortened

PORT = 53
_LAST_PORT = 65535
_LONGEST_NAME = 253
_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")


@dataclass(frozen=True, slots=True, order=True)
class Server:
    """Where questions go: an IPv4 or IPv6 address, and a port."""

    address: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return host if self.port == PORT else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Place:
    """A name server as a user named it: an address, or a name that the system looks up."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        return str(Server(self.host, self.port))

    def servers(self) -> tuple[Server, ...]:
        """Return the addresses behind the name; none where the system knows no such host."""
        if _is_address(self.host):
            return (Server(self.host, self.port),)
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):
            return ()
        return tuple(dict.fromkeys(Server(str(each[4][0]), self.port) for each in found))


def place_of(text: str, role: str) -> Place:
    """Return the place that a text names; `role` is what the server is asked as.

    Raises UsageError for what is neither an address nor a name, or has a port that is none.
    """
    host, port = _split(text)
    if not (_is_address(host) or _is_host_name(host)) or (text.startswith("[") and ":" not in host):
        raise UsageError(
            f"{printable(shortened(text)) or 'an empty text'} is no {role}: give an address or "
            "a name, and a port if need be, as in 192.0.2.53, ns1.example.com:5353 or "
            "[2001:db8::1]:53"
        )
    if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) <= _LAST_PORT):
        raise UsageError(
            f"{printable(shortened(text))} is no {role}: a port is a number from 1 to {_LAST_PORT}"
        )
    return Place(host, int(port))


def _split(text: str) -> tuple[str, str]:
    """Return host and port; an IPv6 address has a port only behind its brackets."""
    if match := re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", text, re.DOTALL):
        return match[1], str(PORT) if match[2] is None else match[2]
    host, colon, port = text.rpartition(":")
    if not colon or ":" in host:
        return text, str(PORT)
    return host, port


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_host_name(host: str) -> bool:
    """Whether a text can be a host's name; one that ends in a number is a broken address."""
    labels = host.removesuffix(".").split(".")
    fits = len(host) <= _LONGEST_NAME and all(_LABEL.fullmatch(label) for label in labels)
    return fits and not labels[-1].isdigit()
