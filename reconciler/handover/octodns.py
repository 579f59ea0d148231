"""Entries of octoDNS's zone files, tried with 1.22 (operations.md §4.1).

The provider insists on natural order at every level, and by default takes a semicolon only behind
a backslash, which is to change with octoDNS 2.0. It cuts long texts itself.
"""

from collections.abc import Mapping, Sequence
from itertools import groupby
from sys import maxsize
from textwrap import indent
from typing import Any, Literal

import yaml

from reconciler.handover.record_set import RecordSet, by_zone
from reconciler.handover.zone_record import ZoneRecord

Semicolons = Literal["escaped", "plain"]
_SETTINGS: Mapping[Semicolons, str] = {"escaped": "true", "plain": "false"}


def write(sets: Sequence[RecordSet], *, semicolons: Semicolons = "escaped") -> str:
    """Return a document for each zone, which is to be merged into the file of that zone."""
    return "\n".join(_zone(zone, group, semicolons) for zone, group in by_zone(sets))


def objection(record: ZoneRecord) -> str:
    """Return why octoDNS cannot hold a record, "" if it can.

    It has no way to write a backslash that its providers agree on, drops quotes around a text and
    between its parts (`chunked.py`), and refuses what is not ASCII.
    """
    if record.type != "TXT":
        return ""
    if not record.value.isascii():
        return "octoDNS takes no text that is not ASCII"
    if "\\" in record.value:
        return "octoDNS has no certain way to write a backslash"
    if record.value.startswith('"') or '" "' in record.value:
        return "octoDNS takes the quotes of this text for its own, and drops them"
    return ""


def _zone(zone: str, sets: Sequence[RecordSet], semicolons: Semicolons) -> str:
    entries = [
        _named(name, [_entry(each, semicolons) for each in group])
        for name, group in groupby(sets, key=lambda each: each.relative_name)
    ]
    return (
        f"# {zone}.yaml: merge these entries into it, with the names in natural order\n"
        f"# Semicolons are {semicolons}: right where the YamlProvider has"
        f" `escaped_semicolons: {_SETTINGS[semicolons]}`\n"
        f"---\n{''.join(entries)}"
    )


def _named(name: str, types: Sequence[Mapping[str, Any]]) -> str:
    """Return what stands at a name; PyYAML itself would write an empty key over two lines."""
    key = _dumped([name], in_line=True).strip()[1:-1]
    return f"{key}:\n{indent(_dumped(types[0] if len(types) == 1 else types), '  ')}"


def _dumped(data: Any, *, in_line: bool = False) -> str:
    return yaml.safe_dump(data, sort_keys=False, width=maxsize, default_flow_style=in_line)


def _entry(each: RecordSet, semicolons: Semicolons) -> dict[str, Any]:
    """Return an entry, whose keys are in natural order as they stand here."""
    values = [_value(record, semicolons) for record in each.records]
    said = {"value": values[0]} if len(values) == 1 else {"values": values}
    return {"ttl": each.ttl, "type": each.type, **said}


def _value(record: ZoneRecord, semicolons: Semicolons) -> str | dict[str, Any]:
    match record.type:
        case "TXT" if semicolons == "escaped":
            return record.value.replace(";", r"\;")
        case "MX":
            return {"exchange": f"{record.value}.", "preference": record.priority}
        case "CNAME":
            return f"{record.value}."
    return record.value
