"""Which zone a name is in, who holds that zone, and what they answer.

An authority that was named by the user is asked as the one of every zone. Otherwise the resolver
tells who holds a zone, and at least two of them are asked: they may differ, as long as one of them
has not fetched the zone's new version.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import dns.flags
import dns.resolver

from reconciler.dns.answers import Answer, canonical, not_asked
from reconciler.dns.asking import Asker
from reconciler.dns.once import Once
from reconciler.dns.servers import PORT, Place, Server

_ASKED = 2
"""Name servers of a zone whose answers are compared."""
_TRIED = 6
"""Name servers of a zone that are tried, until so many answered."""
_LONGEST_CHAIN = 8
"""CNAMEs from zone to zone that are followed."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone and who holds it. `fault` says why nobody could be asked, and is empty otherwise.

    `negative_ttl` is how many seconds others keep it in mind that a name does not exist.
    """

    name: str
    name_servers: tuple[str, ...] = ()
    servers: tuple[tuple[Server, ...], ...] = ()
    negative_ttl: int | None = None
    fault: str = ""
    is_given: bool = False

    @property
    def title(self) -> str:
        held = f" at {', '.join(self.name_servers)}" if self.name_servers else ""
        return f"the zone {self.name or '.'}{held}"


@dataclass(frozen=True, slots=True)
class Told:
    """What one name server of a zone answered."""

    by: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Published:
    """What the name servers of a zone answered; none of them where there is a `fault`."""

    zone: Zone
    told: tuple[Told, ...] = ()
    fault: str = ""


class Resolver:
    """The recursive resolver that was named, or those of the system."""

    def __init__(self, asker: Asker, place: Place | None) -> None:
        self._asker = asker
        self._place = place
        self._found: Once[str, tuple[Server, ...]] = Once()

    def ask(self, name: str, kind: str, *, flags: int = dns.flags.RD) -> Answer:
        servers = self._found.get("", self._servers)
        if not servers:
            return not_asked(f"{self._place or 'this system'} leads to no resolver")
        return self._asker.ask(servers, name, kind, flags=flags)

    def values(self, name: str, kind: str) -> Answer:
        """Ask for what is behind the CNAMEs, of one that does not follow them by itself, too."""
        answer = self.ask(name, kind)
        for _ in range(_LONGEST_CHAIN):
            if answer.is_found or not answer.chain or not answer.was_asked:
                break
            beyond = self.ask(answer.chain[-1], kind)
            if not beyond.chain:
                return beyond.behind(answer)
            answer = beyond.behind(answer)
        return answer

    def find(self, name: str, kind: str) -> Answer:
        """Ask without a check of signatures, so that a zone whose DNSSEC is broken is found."""
        return self.ask(name, kind, flags=dns.flags.RD | dns.flags.CD)

    def _servers(self) -> tuple[Server, ...]:
        if self._place:
            return self._place.servers()
        try:
            system = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            return ()
        return tuple(Server(str(each), system.port) for each in system.nameservers)


class Authorities:
    """Finds and asks those who hold the zones; those that are found listen on `port`."""

    def __init__(
        self, asker: Asker, resolver: Resolver, given: Place | None, *, port: int = PORT
    ) -> None:
        self._port = port
        self._asker = asker
        self._resolver = resolver
        self._given = given
        self._servers: Once[str, tuple[Server, ...]] = Once()
        self._zones: Once[str, Zone] = Once()

    def zone_of(self, name: str) -> Zone:
        """Return the zone that holds a name, the deepest one."""
        name = canonical(name)
        return self._zones.get(name, lambda: self._zone_of(name))

    def published(self, name: str, kind: str, *, depth: int = 0) -> Published:
        """Return what the zone's name servers answer; CNAMEs are followed into other zones."""
        found = self.direct(name, kind)
        told = (Told(each.by, self._followed(each.answer, kind, depth)) for each in found.told)
        return replace(found, told=tuple(told))

    def direct(self, name: str, kind: str) -> Published:
        """Return what the zone's name servers answer, and nothing of other zones."""
        zone = self.zone_of(name)
        if zone.fault:
            return Published(zone, fault=zone.fault)
        told: list[Told] = []
        reasons = []
        for by, servers in list(zip(zone.name_servers, zone.servers, strict=True))[:_TRIED]:
            answer = self._asker.ask(servers, name, kind)
            if fault := _fault(answer, zone):
                reasons.append(f"{by}: {fault}")
                continue
            told.append(Told(by, answer))
            if len(told) == _ASKED:
                break
        return Published(zone, tuple(told), "" if told else "; ".join(reasons))

    def _followed(self, answer: Answer, kind: str, depth: int) -> Answer:
        """Return the values behind the CNAMEs of an answer, if it led elsewhere without them.

        Where these could not be asked for, the answer is given back with that reason: that there is
        a CNAME is known.
        """
        if answer.is_found or not answer.chain:
            return answer
        beyond = self._beyond(answer.chain[-1], kind, depth)
        if beyond.was_asked:
            return beyond.behind(answer)
        return replace(answer, reason=f"{answer.chain[-1]}: {beyond.reason}")

    def _beyond(self, target: str, kind: str, depth: int) -> Answer:
        if depth == _LONGEST_CHAIN:
            return not_asked("CNAMEs lead on and on")
        told = self.published(target, kind, depth=depth + 1).told
        # The authority that was named may hold none of the zones that a CNAME leads to.
        return told[0].answer if told else self._resolver.values(target, kind)

    def _ask_about(self, name: str, kind: str) -> Answer:
        """Ask the one who knows of zones: the named authority, or the resolver."""
        if self._given is None:
            return self._resolver.find(name, kind)
        servers = self._servers.get("", self._given.servers)
        if not servers:
            return not_asked(f"{self._given} is no host that this system knows")
        return self._asker.ask(servers, name, kind)

    def _zone_of(self, name: str) -> Zone:
        for ancestor in _ancestors(name):
            answer = self._ask_about(ancestor, "SOA")
            if answer.referred and self._given:
                return Zone(
                    answer.referred, answer.servers, fault=f"{self._given}: {answer.reason}"
                )
            if not answer.was_asked:
                return Zone(ancestor, fault=f"its zone is not known: {answer.reason}")
            if answer.is_found and not answer.chain:
                return self._held(ancestor, answer.ttl)
            if answer.apex and not answer.chain and _is_within(name, answer.apex):
                return self._held(answer.apex, answer.ttl)
        return Zone("", fault="its zone is not known: no name above it has an SOA record")

    def _held(self, name: str, negative_ttl: int | None) -> Zone:
        if self._given:
            servers = self._servers.get("", self._given.servers)
            return Zone(name, (str(self._given),), (servers,), negative_ttl, is_given=True)
        found = self._resolver.find(name, "NS")
        if not found.is_found:
            why = found.reason or "there are none"
            return Zone(name, fault=f"the name servers of {name} are not known: {why}")
        holders = {each: self._addresses(each) for each in found.values}
        reachable = {each: servers for each, servers in holders.items() if servers}
        if not reachable:
            return Zone(name, tuple(holders), fault=f"no address of {', '.join(holders)} is known")
        return Zone(name, tuple(reachable), tuple(reachable.values()), negative_ttl)

    def _addresses(self, name_server: str) -> tuple[Server, ...]:
        answers = (self._resolver.find(name_server, kind) for kind in ("A", "AAAA"))
        return tuple(Server(value, self._port) for answer in answers for value in answer.values)


def _fault(answer: Answer, zone: Zone) -> str:
    """Say why an answer is not one of the zone's; of the named authority it is taken as it is."""
    if not answer.was_asked:
        return answer.reason
    if not answer.is_authoritative and not zone.is_given:
        return "it answers without authority (no AA flag), as one that does not hold the zone"
    return ""


def _ancestors(name: str) -> Iterator[str]:
    """Yield a name and those above it, without the root."""
    while name:
        yield name
        _, _, name = name.partition(".")


def _is_within(name: str, zone: str) -> bool:
    return not zone or name == zone or name.endswith(f".{zone}")
