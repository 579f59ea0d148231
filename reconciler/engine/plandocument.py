"""A plan as data: for machines to read, and to be saved, reviewed and then applied exactly."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reconciler.engine.plan import Plan, Refusal
from reconciler.model import Change, Create, Delete, DnsRecord, FieldChange, Resource, as_text
from reconciler.source import Location

FORMAT_VERSION = "1"


def plan_as_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as `schemas/plan.schema.json` describes it; the same for the same plan."""
    document = {
        "format_version": FORMAT_VERSION,
        "command": "plan",
        "state": _state(plan),
        "config": plan.config_digest,
        "only": list(plan.only),
        "prune": plan.prune,
        "compared": plan.compared,
        "providers": list(plan.providers),
        "summary": {
            "create": plan.count("create"),
            "update": plan.count("update"),
            "delete": plan.count("delete"),
            "refused": len(plan.refusals),
            "unmanaged": len(plan.unmanaged),
        },
        "changes": [
            change_as_document(change) | {"seen": dict(plan.seen[change.subject.address])}
            for change in plan.changes
        ],
        "refused": [refusal_as_document(each) for each in plan.refusals],
        "unmanaged": [unmanaged_as_document(each) for each in plan.unmanaged],
        "notes": [
            {"address": str(note.address), "field": note.field, "text": note.text}
            for note in plan.notes
        ],
        "records": [record_as_document(str(address), each) for address, each in plan.records],
    }
    if plan.since:
        document |= {"since": plan.since, "dropped": [str(each) for each in plan.dropped]}
    return document | {"digest": digest_of(document)}


def _state(plan: Plan) -> str:
    if plan.refusals:
        return "refused"
    return "changes" if plan.changes else "in-sync"


def refusal_as_document(refusal: Refusal) -> dict[str, Any]:
    return {
        "address": str(refusal.address),
        "field": refusal.name,
        "reason": refusal.reason,
        "location": location_as_document(refusal.location),
    }


def unmanaged_as_document(live: Resource) -> dict[str, Any]:
    return {
        "address": str(live.address),
        "path": list(live.address.parts),
        "twin": live.address.twin,
        "kind": live.kind.name,
        "remote_id": live.remote_id,
    }


def record_as_document(address: str, record: DnsRecord) -> dict[str, str]:
    return {"address": address, **record_fields(record)}


def record_fields(record: DnsRecord) -> dict[str, str]:
    return {
        "purpose": record.purpose,
        "type": record.type,
        "host": record.host,
        "value": record.value,
        "priority": record.priority,
        "state": record.state,
    }


def change_as_document(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "address": str(change.subject.address),
        "path": list(change.subject.address.parts),
        "twin": change.subject.address.twin,
        "kind": change.subject.kind.name,
        "remote_id": None if isinstance(change, Create) else change.live.remote_id,
        "pruned": isinstance(change, Delete) and change.desired is None,
        "removal": change.live.kind.removal if isinstance(change, Delete) else "",
        "waits_for": [str(each) for each in change.after] if isinstance(change, Delete) else [],
        "location": location_as_document(change.subject.location()),
        "fields": [_field(field) for field in change.fields],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "name": field.name,
        "before": _readable(field.before),
        "after": _readable(field.after),
        "keys": _differing_keys(field.before, field.after),
        "location": location_as_document(field.location),
    }


def _differing_keys(before: Any, after: Any) -> list[str] | None:
    """Return in which keys two mappings differ: of two secrets nobody could tell afterwards."""
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return None
    same = {key for key in before if key in after and before[key] == after[key]}
    return sorted({*before, *after} - same)


def _readable(value: Any) -> Any:
    return json.loads(as_text(value))


def location_as_document(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "column": location.column}


def digest_of(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)
