"""The records of one name and type, which DNS holds, and most readers take, as one thing."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from reconciler.errors import UsageError
from reconciler.handover.zone_record import ZoneRecord
from reconciler.handover.zones import ZoneOf
from reconciler.source import printable, shortened

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class RecordSet:
    """`records` has one at least, sorted, no two alike, and all of one TTL."""

    zone: str
    records: tuple[ZoneRecord, ...]

    @property
    def name(self) -> str:
        return self.records[0].name

    @property
    def type(self) -> str:
        return self.records[0].type

    @property
    def ttl(self) -> int:
        return self.records[0].ttl

    @property
    def relative_name(self) -> str:
        """The name as seen from the zone, "" for the zone itself."""
        return self.name.removesuffix(self.zone).removesuffix(".")


def record_sets(records: Iterable[ZoneRecord], zone_of: ZoneOf) -> list[RecordSet]:
    """Return the sets of records, each record once, by zone and then by name in natural order.

    Records of one set have one TTL in DNS (RFC 2181 §5.2): the lowest that was given.
    """
    ordered = sorted(set(records))
    sets = [
        RecordSet(zone_around(name, zone_of), _with_one_ttl(list(group)))
        for (name, _), group in groupby(ordered, key=lambda each: (each.name, each.type))
    ]
    return sorted(sets, key=lambda each: (each.zone, natural(each.relative_name), each.type))


def by_zone(sets: Sequence[RecordSet]) -> Iterable[tuple[str, list[RecordSet]]]:
    """Yield each zone with its sets."""
    for zone, group in groupby(sets, key=lambda each: each.zone):
        yield zone, list(group)


def natural(name: str) -> tuple[Key, str]:
    """Return a key that sorts numbers in names by size, as octoDNS does (operations.md §4.1)."""
    parts = re.split(r"([0-9]+)", name)
    return tuple(int(each) if index % 2 else each for index, each in enumerate(parts)), name


def zone_around(name: str, zone_of: ZoneOf) -> str:
    """Return the zone of a name; raises `UsageError` if the name is not in it."""
    zone = zone_of(name)
    if zone and f".{name}".endswith(f".{zone}"):
        return zone
    told = printable(shortened(zone))
    raise UsageError(f"{name} is not in the zone {told!r}: name its zone with --zone")


def _with_one_ttl(records: Sequence[ZoneRecord]) -> tuple[ZoneRecord, ...]:
    ttl = min(each.ttl for each in records)
    alike = {ZoneRecord(r.name, r.type, r.value, ttl, r.priority) for r in records}
    return tuple(sorted(alike, key=lambda each: (each.priority or 0, each.value)))
