"""Plans as JSON: for machines to read, and to be saved, reviewed and then applied exactly.

A plan file authorises, it does not instruct: what is applied is computed again from the
configuration and from the planned objects, and must be what the file says.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler.engine.fingerprint import fingerprint
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.selection import Selection, concerned
from reconciler.errors import InvalidPlanFile, StalePlan
from reconciler.model import (
    Address,
    Change,
    Config,
    Create,
    Delete,
    FieldChange,
    Resource,
    Snapshot,
    as_text,
)
from reconciler.source import Location

FORMAT_VERSION = "1"
MAX_BYTES = 64 * 1024 * 1024
_CHANGE = {
    "action": str,
    "address": str,
    "path": list,
    "kind": str,
    "pruned": bool,
    "fields": list,
    "seen": dict,
}


def plan_as_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as `schemas/plan.schema.json` describes it; the same for the same plan."""
    document = {
        "format_version": FORMAT_VERSION,
        "config": plan.config_digest,
        "summary": {
            "create": plan.count("create"),
            "update": plan.count("update"),
            "delete": plan.count("delete"),
            "refused": len(plan.refusals),
            "unmanaged": len(plan.unmanaged),
        },
        "changes": [
            _change(change) | {"seen": dict(plan.seen[change.subject.address])}
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
        "notes": [{"address": str(note.address), "text": note.text} for note in plan.notes],
    }
    return document | {"digest": _digest(document)}


def _change(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "address": str(change.subject.address),
        "path": list(change.subject.address.parts),
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


def _digest(document: Mapping[str, Any]) -> str:
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)


def _as_file(document: Mapping[str, Any]) -> str:
    return as_json(document) + "\n"


def save_plan(plan: Plan, path: Path) -> None:
    """Write the plan, readable by its owner only, in one step. Raises OSError."""
    _write(plan_as_document(plan), path)


def mark_as_applied(path: Path) -> None:
    """Note in a plan file, as far as it can be written, that it was used: then it is refused."""
    with contextlib.suppress(OSError, ValueError):
        _write({**json.loads(path.read_bytes()), "applied": True}, path)


def _write(document: Mapping[str, Any], path: Path) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_as_file(document))
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan file as it was read; `name` is what to call it in messages."""

    name: str
    document: Mapping[str, Any]

    @property
    def providers(self) -> tuple[str, ...]:
        """The names of the providers that the plan touches."""
        return tuple(sorted({change["path"][0] for change in self.document["changes"]}))

    def narrowed(self, config: Config) -> Config:
        """Return the part of the configuration that is planned, which needs no other's secrets.

        Raises StalePlan when the configuration is not the one that was planned.
        """
        if self.document["config"] != config.digest:
            raise StalePlan(
                f"{self.name}: the configuration is not the one that was planned; plan again"
            )
        config = concerned(config, Selection(self.providers))
        paths = {tuple(change["path"]) for change in self.document["changes"]}
        return replace(
            config,
            desired={each: config.desired[each] for each in config.desired if each.parts in paths},
        )

    def touched(self, config: Config) -> list[Resource]:
        """Return what has to be read again: each planned object, as far as it is known."""
        return [self._known(change, config) for change in self.document["changes"]]

    def _known(self, change: Mapping[str, Any], config: Config) -> Resource:
        address = Address(tuple(change["path"]))
        desired = config.desired.get(address)
        provider = config.providers.get(address.provider)
        kinds = {kind.name: kind for kind in provider.service.kinds} if provider else {}
        kind = desired.kind if desired else kinds.get(change["kind"])
        if kind is None or (desired is None and not change["pruned"]):
            raise InvalidPlanFile(f"{self.name}: {address} is not in the configuration; plan again")
        return Resource(
            address=address,
            kind=kind,
            remote_id=change["remote_id"],
            parent=desired.parent if desired else None,
        )

    def confirm(self, config: Config, live: Snapshot) -> Plan:
        """Return the plan to apply, which is the saved one.

        `live` is what `touched` names, read again. Raises StalePlan when one of these objects
        changed, InvalidPlanFile when the file does not follow from configuration and objects.
        """
        for change in self.document["changes"]:
            self._check_unchanged(change, live.get(Address(tuple(change["path"]))))
        plan = build_plan(
            desired=config.desired,
            live=live,
            config_digest=config.digest,
            prune=True,
        )
        planned = [_substance(change) for change in self.document["changes"]]
        if planned != [_substance(_change(change)) for change in plan.changes]:
            raise InvalidPlanFile(f"{self.name}: it does not follow from what is there; plan again")
        return plan

    def _check_unchanged(self, change: Mapping[str, Any], live: Resource | None) -> None:
        address = change["address"]
        if change["action"] == "create":
            if live is not None:
                raise StalePlan(f"{self.name}: {address} exists by now; plan again")
            return
        if live is None:
            raise StalePlan(f"{self.name}: {address} is gone by now; plan again")
        now = fingerprint(live)
        for name, seen in change["seen"].items():
            if now.get(name) != seen:
                raise StalePlan(
                    f"{self.name}: `{name}` of {address} changed since it was planned; plan again"
                )


def _substance(change: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a change does, without what was seen and where in the YAML it stands."""
    fields = [
        {key: value for key, value in field.items() if key != "location"}
        for field in change["fields"]
    ]
    kept = {key: value for key, value in change.items() if key not in {"seen", "location"}}
    return kept | {"fields": fields}


def load_plan(path: Path) -> SavedPlan:
    """Read a plan file. Raises InvalidPlanFile unless it is whole, ours and of this format."""
    name = str(path)
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES)
        document = json.loads(raw)
    except OSError as problem:
        raise InvalidPlanFile(f"{name}: {problem.strerror}") from None
    except (ValueError, RecursionError):
        raise InvalidPlanFile(f"{name}: not a whole plan file; plan again") from None
    if not isinstance(document, dict) or "format_version" not in document:
        raise InvalidPlanFile(f"{name}: not a plan file")
    if document["format_version"] != FORMAT_VERSION:
        raise InvalidPlanFile(
            f"{name}: plan format {document['format_version']!r} is not {FORMAT_VERSION!r}, which "
            "this version reads; plan again"
        )
    if document.get("applied") is True:
        raise StalePlan(f"{name}: it was applied before; plan again")
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != _digest(content) or raw.decode() != _as_file(document):
        raise InvalidPlanFile(f"{name}: edited or damaged since it was written; plan again")
    if not _is_whole(document):
        raise InvalidPlanFile(f"{name}: not a whole plan file; plan again")
    return SavedPlan(name, document)


def _is_whole(document: Mapping[str, Any]) -> bool:
    """Whether everything that is looked at later is there, and of the right type."""
    changes = document.get("changes")
    return (
        isinstance(document.get("config"), str)
        and isinstance(changes, list)
        and all(
            isinstance(change, dict)
            and all(isinstance(change.get(key), kind) for key, kind in _CHANGE.items())
            and isinstance(change.get("remote_id"), str | None)
            and change["path"]
            and all(isinstance(part, str) for part in change["path"])
            and all(isinstance(field, dict) for field in change["fields"])
            for change in changes
        )
    )
