"""What of the records that services ask for can be handed over, and why the rest can not."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.errors import InvalidRecord, UsageError
from reconciler.handover.record_set import zone_around
from reconciler.handover.zone_record import (
    DEFAULT_TTL,
    LONGEST_TTL,
    SHORTEST_TTL,
    ZoneRecord,
    from_dns_record,
)
from reconciler.handover.zones import ZoneOf
from reconciler.model import DnsRecord
from reconciler.source import printable, shortened

_SPF = "v=spf1"


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A record that is not handed over, with the reason, as a line for people."""

    host: str
    type: str
    why: str

    def __str__(self) -> str:
        host = shortened(self.host) or "(no name)"
        return printable(f"{host} {shortened(self.type)} is left out: {self.why}")


@dataclass(frozen=True, slots=True)
class Selection:
    """Both are sorted, and no record is in it twice."""

    records: tuple[ZoneRecord, ...]
    left_out: tuple[LeftOut, ...]


def select(records: Iterable[DnsRecord], *, zone_of: ZoneOf, ttl: int = DEFAULT_TTL) -> Selection:
    """Return what a zone can take of these records; one that it cannot take keeps back no other.

    Raises `UsageError` where `ttl` is not from 60 to 86,400 seconds, or a zone not around a name.
    """
    if not SHORTEST_TTL <= ttl <= LONGEST_TTL:
        raise UsageError(f"a TTL of {ttl} is not from {SHORTEST_TTL} to {LONGEST_TTL} seconds")
    taken: set[ZoneRecord] = set()
    left_out: set[LeftOut] = set()
    for record in records:
        try:
            made = from_dns_record(record, ttl)
        except InvalidRecord as error:
            left_out.add(LeftOut(record.host, record.type, error.why))
            continue
        if made is None:
            why = "the service tells no value for it yet"
            left_out.add(LeftOut(record.host, record.type, why))
        else:
            taken.add(made)
    return without_conflicts(Selection(tuple(taken), tuple(left_out)), zone_of)


def without_conflicts(selection: Selection, zone_of: ZoneOf) -> Selection:
    """Return a selection without the records that no name can have beside each other."""
    names = defaultdict(list)
    for record in selection.records:
        names[record.name].append(record)
    taken: list[ZoneRecord] = []
    left_out = list(selection.left_out)
    for name, group in names.items():
        for record in group:
            if why := _conflict(record, group, is_apex=zone_around(name, zone_of) == name):
                left_out.append(LeftOut(name, record.type, why))
            else:
                taken.append(record)
    return Selection(tuple(sorted(taken)), tuple(sorted(set(left_out))))


def _conflict(record: ZoneRecord, beside: Sequence[ZoneRecord], *, is_apex: bool) -> str:
    """Return why a record cannot stand at its name, "" if it can."""
    if record.type == "CNAME" and is_apex:
        return "a zone itself can have no CNAME; if its name is another one, name it with --zone"
    targets = sorted(each.value for each in beside if each.type == "CNAME" and not is_apex)
    if len(targets) > 1:
        return f"a name has one CNAME, and this one is to have {', '.join(targets)}"
    others = sorted({each.type for each in beside} - {"CNAME"})
    if targets and others:
        return f"a name with a CNAME has nothing else, and this one is to have {', '.join(others)}"
    if _is_spf(record) and sum(map(_is_spf, beside)) > 1:
        return "receivers refuse two SPF records at one name: publish one with the terms of all"
    return ""


def _is_spf(record: ZoneRecord) -> bool:
    return record.type == "TXT" and record.value.lower().split(" ")[0] == _SPF
