"""HashiCorp's configuration language, as `terraform fmt` writes it (operations.md §4.3)."""

import hashlib
import re
from collections.abc import Mapping, Sequence

from reconciler.handover.record_set import RecordSet
from reconciler.handover.zone_record import ZoneRecord

_DIGEST = 8


def string(text: str) -> str:
    """Return a text without control characters as a literal, in which nothing is a template."""
    plain = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{plain.replace("${", "$${").replace("%{", "%%{")}"'


def strings(texts: Sequence[str]) -> str:
    """Return a list of texts, each in a line of a resource's argument."""
    return "[\n" + "".join(f"    {string(each)},\n" for each in texts) + "  ]"


def resource(kind: str, name: str, arguments: Mapping[str, str]) -> str:
    """Return a resource; the arguments are expressions already."""
    width = max(map(len, arguments))
    lines = "".join(f"  {key:<{width}} = {value}\n" for key, value in arguments.items())
    return f'resource "{kind}" "{name}" {{\n{lines}}}\n'


def zone_id(zone: str) -> str:
    """Return the expression for the ID of a zone, which only the reader knows."""
    return f"var.zone_ids[{string(zone)}]"


def zone_ids_comment(sets: Sequence[RecordSet]) -> str:
    """Return what is to be declared once for the IDs of the zones."""
    zones = sorted({each.zone for each in sets})
    return (
        '# The IDs of the zones: variable "zone_ids" { type = map(string) }\n'
        f"# with {', '.join(zones)}\n"
    )


def identifier(each: RecordSet, record: ZoneRecord | None = None) -> str:
    """Return a local name for a set, or for one of its records.

    A digest keeps apart what differs only in signs that an identifier cannot have. A record that
    is alone in its set has the set's name, so that a new value is a change and no replacement.
    """
    parts = [each.name, each.type]
    if record is not None and len(each.records) > 1:
        parts += [record.value, str(record.priority)]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGEST]
    said = re.sub(r"[^a-z0-9]+", "_", each.name).strip("_")
    return f"{each.type.lower()}_{said}_{digest}"
