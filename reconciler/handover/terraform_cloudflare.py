"""Resources for Cloudflare's Terraform provider, version 5 (operations.md §4.3).

One a value. A TXT is written as quoted strings, as the API stores it: anything else is a difference
in every plan. A proxied CNAME is none to who asks for it.
"""

from collections.abc import Sequence

from reconciler.handover import hcl
from reconciler.handover.character_strings import quoted
from reconciler.handover.record_set import RecordSet
from reconciler.handover.zone_record import ZoneRecord

_CAN_BE_PROXIED = {"A", "AAAA", "CNAME"}


def write(sets: Sequence[RecordSet]) -> str:
    """Return a resource for each record."""
    resources = [_resource(each, record) for each in sets for record in each.records]
    return "\n".join([hcl.zone_ids_comment(sets), *resources]) if resources else ""


def _resource(each: RecordSet, record: ZoneRecord) -> str:
    content = quoted(record.value) if record.type == "TXT" else record.value
    arguments = {
        "zone_id": hcl.zone_id(each.zone),
        "name": hcl.string(record.name),
        "type": hcl.string(record.type),
        "ttl": str(record.ttl),
        "content": hcl.string(content),
    }
    if record.priority is not None:
        arguments["priority"] = str(record.priority)
    if record.type in _CAN_BE_PROXIED:
        arguments["proxied"] = "false"
    return hcl.resource("cloudflare_dns_record", hcl.identifier(each, record), arguments)
