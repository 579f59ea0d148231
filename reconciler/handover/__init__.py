"""DNS records handed over to those who run the zones, in what their tools read.

A fragment to paste, never a whole zone. What is foreign in it, names and values from a service,
stays inside its literal: names are checked before, and texts are escaped as each reader unescapes
them. Each output is ASCII, sorted, and the same for the same records.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from reconciler.errors import UsageError
from reconciler.handover import (
    bind,
    dnscontrol,
    external_dns,
    octodns,
    terraform_cloudflare,
    terraform_route53,
)
from reconciler.handover.octodns import Semicolons
from reconciler.handover.record_set import RecordSet, record_sets
from reconciler.handover.selection import LeftOut, Selection, select
from reconciler.handover.zone_record import (
    DEFAULT_TTL,
    LONGEST_TTL,
    SHORTEST_TTL,
    WITHHELD,
    ZoneRecord,
    from_dns_record,
)
from reconciler.handover.zones import ZoneOf, guessed_zone, zone_finder
from reconciler.model import DnsRecord
from reconciler.source import printable

__all__ = [
    "DEFAULT_TTL",
    "FORMATS",
    "LONGEST_TTL",
    "SHORTEST_TTL",
    "WITHHELD",
    "HandedOver",
    "LeftOut",
    "Selection",
    "Semicolons",
    "Writer",
    "ZoneOf",
    "ZoneRecord",
    "as_json",
    "from_dns_record",
    "guessed_zone",
    "hand_over",
    "select",
    "zone_finder",
]

Writer = Callable[[Sequence[RecordSet]], str]
FORMATS: Mapping[str, Writer] = MappingProxyType(
    {
        "bind": bind.write,
        "octodns": octodns.write,
        "terraform-cloudflare": terraform_cloudflare.write,
        "terraform-route53": terraform_route53.write,
        "dnscontrol": dnscontrol.write,
        "external-dns": external_dns.write,
    }
)
_OBJECTIONS: Mapping[str, Callable[[ZoneRecord], str]] = {"octodns": octodns.objection}


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A text to paste, "" if there is nothing to, and what is not in it, for people to read."""

    text: str
    left_out: tuple[LeftOut, ...]


def hand_over(
    records: Iterable[DnsRecord],
    form: str,
    *,
    zone_of: ZoneOf = guessed_zone,
    ttl: int = DEFAULT_TTL,
    octodns_semicolons: Semicolons = "escaped",
) -> HandedOver:
    """Return these records in one of `FORMATS`, and those that cannot be handed over in it.

    Raises `UsageError` for another format, a TTL that is not from 60 to 86,400 seconds, and a zone
    that is not around its name.
    """
    if form not in FORMATS:
        raise UsageError(f"{printable(form)!r} is no format: there are {', '.join(FORMATS)}")
    write = FORMATS[form]
    if form == "octodns":
        write = partial(octodns.write, semicolons=octodns_semicolons)
    found = _without_objections(select(records, zone_of=zone_of, ttl=ttl), form)
    return HandedOver(write(record_sets(found.records, zone_of)), found.left_out)


def as_json(records: Iterable[ZoneRecord], *, zone_of: ZoneOf) -> list[dict[str, Any]]:
    """Return records as data, sorted as in every format; `priority` is null except for an MX."""
    return [
        {
            "zone": each.zone,
            "name": record.name,
            "type": record.type,
            "value": record.value,
            "ttl": record.ttl,
            "priority": record.priority,
        }
        for each in record_sets(records, zone_of)
        for record in each.records
    ]


def _without_objections(found: Selection, form: str) -> Selection:
    """Return a selection without the records that one reader cannot hold."""
    objection = _OBJECTIONS.get(form)
    if objection is None:
        return found
    why = {record: objection(record) for record in found.records}
    taken = tuple(record for record in found.records if not why[record])
    refused = [LeftOut(each.name, each.type, why[each]) for each in found.records if why[each]]
    return Selection(taken, tuple(sorted({*found.left_out, *refused})))
