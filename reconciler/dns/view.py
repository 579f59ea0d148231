"""Whom a run asks, and how what they tell is looked at."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.dns.asking import Asker, Patience
from reconciler.dns.servers import PORT, Place, place_of
from reconciler.dns.zones import Authorities, Resolver
from reconciler.errors import UsageError


@dataclass(frozen=True, slots=True)
class Network:
    """Whom to ask: `HOST[:PORT]` or `[IPv6]:PORT`, None for the system's resolver and each zone's
    own name servers. `timeout` is the seconds for one packet, `lifetime` those for a question.

    Raises UsageError for an address that is none.
    """

    resolver: str | None = None
    authority: str | None = None
    timeout: float = 2.0
    lifetime: float = 6.0

    def __post_init__(self) -> None:
        self.resolver_place()
        self.authority_place()
        for seconds in (self.timeout, self.lifetime):
            if not (math.isfinite(seconds) and seconds > 0):
                raise UsageError(f"{seconds:g} is no time to wait: give seconds, more than 0")

    def resolver_place(self) -> Place | None:
        return None if self.resolver is None else place_of(self.resolver, "resolver")

    def authority_place(self) -> Place | None:
        return None if self.authority is None else place_of(self.authority, "authority")


class View:
    """What a run sees of DNS: each question is asked once.

    Name servers that are found listen on `port`, which is another one only in tests.
    """

    def __init__(self, network: Network, *, port: int = PORT) -> None:
        asker = Asker(Patience(network.timeout, max(network.timeout, network.lifetime)))
        self._is_given = network.authority is not None
        self.resolver = Resolver(asker, network.resolver_place())
        self.authorities = Authorities(asker, self.resolver, network.authority_place(), port=port)

    def values(self, name: str, kind: str) -> Sequence[str] | None:
        """Return what is at a name of any zone, None if nobody could be asked."""
        if self._is_given:
            told = self.authorities.published(name, kind).told
            if told and not told[0].answer.reason:
                return told[0].answer.values
        answer = self.resolver.values(name, kind)
        return answer.values if answer.was_asked else None

    def held(self, name: str, kind: str) -> tuple[str, ...]:
        """Return what the zone itself has at a name, without what a CNAME leads to."""
        told = self.authorities.direct(name, kind).told
        return told[0].answer.values if told and not told[0].answer.chain else ()

    def is_wildcard(self, name: str, kind: str) -> bool:
        """Whether what is at a name is there for any name beside it, too."""
        _, _, parent = name.partition(".")
        stranger = f"esp-reconcile-{hashlib.sha256(name.encode()).hexdigest()[:8]}.{parent}"
        found = self.held(name, kind)
        return bool(found) and found == self.held(stranger, kind)
