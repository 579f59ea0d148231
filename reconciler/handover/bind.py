"""Lines of a zone file (operations.md §4.2).

Names are absolute, with a final dot, and TTL and class are said in each line, so that no `$ORIGIN`
or `$TTL` around them says something else. An unquoted TXT would end at its first semicolon.
"""

from collections.abc import Sequence

from reconciler.handover.character_strings import quoted
from reconciler.handover.record_set import RecordSet, by_zone
from reconciler.handover.zone_record import ZoneRecord


def write(sets: Sequence[RecordSet]) -> str:
    """Return the lines, those of each zone below its name."""
    return "\n".join(_zone(zone, group) for zone, group in by_zone(sets))


def _zone(zone: str, sets: Sequence[RecordSet]) -> str:
    lines = [f"; {zone}: add these lines to its zone file, and raise the serial of the SOA"]
    lines += [_line(record) for each in sets for record in each.records]
    return "".join(f"{line}\n" for line in lines)


def _line(record: ZoneRecord) -> str:
    return f"{record.name}. {record.ttl} IN {record.type} {_data(record)}"


def _data(record: ZoneRecord) -> str:
    match record.type:
        case "TXT":
            return f"( {quoted(record.value)} )"
        case "MX":
            return f"{record.priority} {record.value}."
        case "CNAME":
            return f"{record.value}."
    return record.value
