"""A plan as data: for machines to read, and to be saved, reviewed and then applied exactly."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reconciler.engine.plan import Plan
from reconciler.model import Change, Create, Delete, FieldChange, as_text
from reconciler.source import Location

FORMAT_VERSION = "1"


def plan_as_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as `schemas/plan.schema.json` describes it; the same for the same plan."""
    document = {
        "format_version": FORMAT_VERSION,
        "config": plan.config_digest,
        "only": list(plan.only),
        "prune": plan.prune,
        "compared": plan.compared,
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
        "refused": [
            {
                "address": str(refusal.address),
                "field": refusal.name,
                "reason": refusal.reason,
                "location": _location(refusal.location),
            }
            for refusal in plan.refusals
        ],
        "unmanaged": [
            {"address": str(each.address), "kind": each.kind.name, "remote_id": each.remote_id}
            for each in plan.unmanaged
        ],
        "notes": [
            {"address": str(note.address), "field": note.field, "text": note.text}
            for note in plan.notes
        ],
    }
    return document | {"digest": digest_of(document)}


def change_as_document(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "address": str(change.subject.address),
        "path": list(change.subject.address.parts),
        "twin": change.subject.address.twin,
        "kind": change.subject.kind.name,
        "remote_id": None if isinstance(change, Create) else change.live.remote_id,
        "pruned": isinstance(change, Delete) and change.desired is None,
        "location": _location(change.subject.location()),
        "fields": [_field(field) for field in change.fields],
    }


def _field(field: FieldChange) -> dict[str, Any]:
    return {
        "name": field.name,
        "before": _readable(field.before),
        "after": _readable(field.after),
        "location": _location(field.location),
    }


def _readable(value: Any) -> Any:
    return json.loads(as_text(value))


def _location(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "column": location.column}


def digest_of(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)
