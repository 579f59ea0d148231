"""Other people's programs for mail policies, fed from a zone in memory instead of the network."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import spf as pyspf  # type: ignore[import-untyped]
from checkdmarc.utils import DNS_CACHE  # type: ignore[import-untyped]
from dns.rdata import Rdata, from_text
from dns.resolver import NXDOMAIN, NoAnswer

from reconciler.dns.lookup import Ask

HOST = "192.0.2.200"
"""Where the mail comes from that pyspf judges; no record but those under test names it."""
Zone = Mapping[tuple[str, str], Sequence[str]]


def asker(zone: Zone) -> Ask:
    """Return what looks names up in a zone, as our own code asks."""
    return lambda name, kind: zone.get((name, kind), ())


def pyspf_verdict(zone: Zone, record: str, domain: str = "example.org") -> tuple[str, int, int]:
    """Return what pyspf says of mail from `HOST`: the result, look-ups, and void ones."""

    def answer(name: str, kind: str, *_: object) -> list[tuple[tuple[str, str], Any]]:
        return [((name, kind), _rdata(kind, each)) for each in zone.get((name.lower(), kind), ())]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pyspf, "DNSLookup", answer)
        query = pyspf.query(i=HOST, s=f"someone@{domain}", h="mail.example.com", querytime=0)
        result, _, _ = query.check(spf=record)
    return result, query.lookups, query.void_lookups


def _rdata(kind: str, value: str) -> Any:
    if kind == "TXT":
        return (value.encode(),)
    preference, _, host = value.partition(" ")
    return (int(preference), host) if kind == "MX" else value


class Resolver:
    """What checkdmarc takes for dnspython's resolver."""

    lifetime = 1.0

    def __init__(self, zone: Zone) -> None:
        """Forget what checkdmarc remembers of zones before."""
        self._zone = zone
        DNS_CACHE.clear()

    def resolve(self, name: str, kind: str, **_: object) -> list[Rdata]:
        name = name.lower().removesuffix(".")
        found = self._zone.get((name, kind), ())
        if not found:
            raise NoAnswer if any(each == name for each, _ in self._zone) else NXDOMAIN
        return [from_text("IN", kind, f'"{each}"' if kind == "TXT" else each) for each in found]
