"""What a look for drift found, as data for programs."""

import json
from collections.abc import Iterable
from typing import Any

from reconciler.engine.drift.accepting import Accepted
from reconciler.engine.drift.causes import Difference, FieldDifference
from reconciler.engine.drift.coverage import Coverage
from reconciler.engine.drift.verdict import Drift, State, exit_code_of
from reconciler.engine.failures import Unread
from reconciler.engine.plandocument import (
    FORMAT_VERSION,
    location_as_document,
    refusal_as_document,
    unmanaged_as_document,
)
from reconciler.errors import ReadFailed
from reconciler.fields import UNKNOWN
from reconciler.model import as_text
from reconciler.reports.documents import finding_as_document


def drift_as_document(drift: Drift) -> dict[str, Any]:
    """Return all that was found, in an order that is the same for the same state.

    Where nothing at all could be read it holds an `error` as well.
    """
    document: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "command": "drift",
        "state": str(drift.state),
        "base": drift.base,
        "config": drift.config_digest,
        "providers": list(drift.providers),
        "summary": _summary(drift),
        "coverage": coverage_as_document(drift.coverage),
        "differences": [_difference(each) for each in drift.differences],
        "refused": [refusal_as_document(each) for each in drift.refused],
        "unmanaged": [unmanaged_as_document(each) for each in drift.unmanaged],
        "unread": [
            {"address": str(each.address), "reason": str(each.error)} for each in drift.unread
        ],
        "accepted": [_accepted(each) for each in drift.accepted],
        "findings": [finding_as_document(each, "warning") for each in drift.findings],
        "notes": [
            {"address": str(each.address), "field": each.field, "text": each.text}
            for each in drift.notes
        ],
    }
    return document | ({"error": _error(drift.unread)} if drift.state is State.ERROR else {})


def _summary(drift: Drift) -> dict[str, int]:
    return {
        **{str(cause): number for cause, number in drift.causes.items()},
        "refused": len(drift.refused),
        "unmanaged": len(drift.unmanaged),
        "unread": len(drift.unread),
        "accepted": len(drift.accepted),
    }


def coverage_as_document(coverage: Coverage) -> dict[str, float]:
    """Return the counts of things and of declared fields, and the share that is covered."""
    return {
        "managed": coverage.objects.managed,
        "unmanaged": coverage.objects.unmanaged,
        "unreadable": coverage.objects.unreadable,
        "fields_compared": coverage.fields.compared,
        "fields_uncompared": coverage.fields.uncompared,
        "fields_unread": coverage.fields.unread,
        "ratio": round(coverage.ratio, 6),
    }


def _difference(found: Difference) -> dict[str, Any]:
    return {
        "address": str(found.address),
        "path": list(found.address.parts),
        "twin": found.address.twin,
        "kind": found.kind.name,
        "action": found.action,
        "cause": str(found.cause),
        "reason": found.reason,
        "location": location_as_document(found.location),
        "fields": [_field(each) for each in found.fields],
    }


def _field(found: FieldDifference) -> dict[str, Any]:
    document = {
        "name": found.name,
        "live": _readable(found.live),
        "declared": _readable(found.declared),
        "cause": str(found.cause),
        "location": location_as_document(found.location),
    }
    if found.applied is not UNKNOWN:
        document["applied"] = _readable(found.applied)
    return document


def _readable(value: Any) -> Any:
    return json.loads(as_text(value))


def _accepted(accepted: Accepted) -> dict[str, Any]:
    what, by = accepted.what, accepted.by
    found = what if isinstance(what, Difference) else None
    return {
        "address": str(what.address),
        "pattern": by.address,
        "kind": what.kind.name,
        "action": found.action if found else "unmanaged",
        "cause": str(found.cause) if found else None,
        "field": by.field,
        "fields": [each.name for each in found.fields] if found else [],
        "reason": by.reason,
        "expires": by.expires.isoformat(),
        "location": location_as_document(by.location),
    }


def _error(unread: Iterable[Unread]) -> dict[str, Any]:
    return {
        "type": ReadFailed.__name__,
        "message": "\n".join(f"{each.address}: {each.error}" for each in unread),
        "exit_code": exit_code_of(State.ERROR),
    }
