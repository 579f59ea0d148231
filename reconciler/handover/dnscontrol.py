"""Calls for DNSControl's `dnsconfig.js` (operations.md §4.4).

Names are relative to the zone, targets end in a dot, and a text is one string, which DNSControl
cuts. JSON's strings in ASCII are JavaScript's: U+2028 ends no line in them.
"""

import json
from collections.abc import Sequence

from reconciler.handover.record_set import RecordSet, by_zone
from reconciler.handover.zone_record import ZoneRecord


def write(sets: Sequence[RecordSet]) -> str:
    """Return a `D_EXTEND` for each zone, which leaves the zone's own `D` as it is."""
    return "\n".join(_zone(zone, group) for zone, group in by_zone(sets))


def _zone(zone: str, sets: Sequence[RecordSet]) -> str:
    calls = [_call(each, record) for each in sets for record in each.records]
    return (
        f"// {zone}: add this below its D()\n"
        f"D_EXTEND({json.dumps(zone)},\n" + ",\n".join(f"  {call}" for call in calls) + "\n);\n"
    )


def _call(each: RecordSet, record: ZoneRecord) -> str:
    arguments = [json.dumps(each.relative_name or "@"), *_value(record), f"TTL({record.ttl})"]
    return f"{record.type}({', '.join(arguments)})"


def _value(record: ZoneRecord) -> list[str]:
    match record.type:
        case "MX":
            return [str(record.priority), json.dumps(f"{record.value}.")]
        case "CNAME":
            return [json.dumps(f"{record.value}.")]
    return [json.dumps(record.value)]
