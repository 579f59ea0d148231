"""NO_PROXY: which hosts are reached without a proxy, in all the ways that other tools write it."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from reconciler.errors import UsageError
from reconciler.source import printable, shortened

_SEPARATORS = re.compile(r"[\s,]+")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_ZONE = re.compile(r"%[^\]/]*")
"""Of an address of IPv6: none of the hosts that we ask has one."""
_ENTRY = re.compile(
    r"(\[(?P<address>[^\[\]]+)\]|(?P<name>[^\[\]:/]+))(:(?P<port>[0-9]{1,5}|\*))?(/(?P<more>.*))?"
)
_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class _Entry:
    """Stands for a network, or else for what is of a name; for any port where none is said."""

    network: _Network | None
    name: str
    port: int | None

    def holds(self, host: str, port: int) -> bool:
        if self.port not in (None, port):
            return False
        if self.network:
            address = _network(host)
            return address is not None and address.network_address in self.network
        below = self.name if self.name.startswith(".") else f".{self.name}"
        return self.name in ("", host) or host.endswith(below)


@dataclass(frozen=True, slots=True)
class NoProxy:
    entries: tuple[_Entry, ...]

    @classmethod
    def read(cls, variable: str, value: str) -> Self:
        """Read what a variable says. Raises UsageError for an entry that nothing can be made of."""
        said = [each for each in _SEPARATORS.split(value) if each]
        return cls(tuple(_read(variable, value, said)))

    def holds(self, host: str, port: int) -> bool:
        return any(each.holds(host.lower(), port) for each in self.entries)


def _read(variable: str, value: str, said: list[str]) -> Iterator[_Entry]:
    for number, text in enumerate(said, start=1):
        scheme = _SCHEME.match(text)
        if scheme and scheme[1].lower() not in ("https", "all"):
            # We ask no other proxies than those of https.
            continue
        rest = text[scheme.end() :] if scheme else text
        entry = _entry(_ZONE.sub("", rest.rpartition("@")[2].lower()))
        if entry is None:
            # A password may hold a comma, so that no entry is told where there may be one.
            told = f"entry {number}" if "@" in value else f"`{shortened(printable(text))}`"
            raise UsageError(
                f"{variable}: a list of hosts is wanted, as localhost,.example.com, and {told} is "
                "none; correct or unset it"
            )
        yield entry


def _entry(text: str) -> _Entry | None:
    """Return what an entry means, None if it is no host."""
    if network := _network(text):
        return _Entry(network, "", None)
    match = _ENTRY.fullmatch(text)
    if match is None:
        return None
    port = int(match["port"]) if match["port"] not in (None, "*") else None
    host = match["address"] or match["name"]
    network = _network(f"{host}/{match['more']}") or _network(host)
    if network is None and match["address"]:
        return None
    return _Entry(network, host.lstrip("*"), port)


def _network(text: str) -> _Network | None:
    """Return a network, or the one that an address is by itself."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
