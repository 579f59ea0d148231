"""Resources for Route 53 in Terraform's AWS provider (operations.md §4.3).

One a name and type, with all values in it. The provider puts quotes around a text, so that those
between its strings are written, and the outer ones are not.
"""

from collections.abc import Sequence

from reconciler.handover import hcl
from reconciler.handover.character_strings import chunks, escaped, octal
from reconciler.handover.record_set import RecordSet
from reconciler.handover.zone_record import ZoneRecord


def write(sets: Sequence[RecordSet]) -> str:
    """Return a resource for each name and type."""
    resources = [_resource(each) for each in sets]
    return "\n".join([hcl.zone_ids_comment(sets), *resources]) if resources else ""


def _resource(each: RecordSet) -> str:
    arguments = {
        "zone_id": hcl.zone_id(each.zone),
        "name": hcl.string(each.name),
        "type": hcl.string(each.type),
        "ttl": str(each.ttl),
        "records": hcl.strings([_value(record) for record in each.records]),
    }
    return hcl.resource("aws_route53_record", hcl.identifier(each), arguments)


def _value(record: ZoneRecord) -> str:
    match record.type:
        case "TXT":
            return '""'.join(escaped(chunk, octal) for chunk in chunks(record.value))
        case "MX":
            return f"{record.priority} {record.value}"
    return record.value
