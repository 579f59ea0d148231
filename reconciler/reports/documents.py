"""Results and facts as data, for programs; `engine.planfile` has the plan, since it saves it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from reconciler.engine.attempt import Outcome, Result
from reconciler.model import TO_PUBLISH, Address, DnsRecord, Performed
from reconciler.source import Location

Records = Iterable[tuple[Address, DnsRecord]]
"""DNS records, each with the address of what asks for it."""


def results_as_document(results: Iterable[Result], planned: Records = ()) -> dict[str, Any]:
    """Return the results as data: `results`, `records` to publish and a `summary`.

    `planned` are the records that were to be published before.
    """
    results = sorted(results, key=lambda result: result.change.subject.address)
    return {
        "format_version": "1",
        "summary": {str(outcome): count(results, outcome) for outcome in Outcome},
        "results": [
            {
                "address": str(result.change.subject.address),
                "action": result.change.action,
                "outcome": str(result.outcome),
                "reason": result.reason,
                "location": _location_as_document(result.change.subject.location()),
            }
            for result in results
        ],
        "records": [
            {"address": address, **_record_as_document(record)}
            for address, record in records_to_publish(results, planned)
        ],
    }


def _location_as_document(location: Location | None) -> dict[str, Any] | None:
    return asdict(location) if location else None


def _record_as_document(record: DnsRecord) -> dict[str, str]:
    return {
        "purpose": record.purpose,
        "type": record.type,
        "host": record.host,
        "value": record.value,
        "priority": record.priority,
        "state": record.state,
    }


def records_to_publish(
    results: Iterable[Result], planned: Records = ()
) -> list[tuple[str, DnsRecord]]:
    """Return, by address, the DNS records that are left to be published.

    What was applied tells it anew; of the rest holds what was `planned`.
    """
    applied = {
        result.change.subject.address: result.live
        for result in results
        if result.outcome is Outcome.APPLIED
    }
    left = [(address, record) for address, record in planned if address not in applied]
    left += [
        (address, record)
        for address, live in applied.items()
        for record in (live.records if live else ())
        if record.state == TO_PUBLISH
    ]
    return sorted((str(address), record) for address, record in left)


def count(results: Iterable[Result], outcome: Outcome) -> int:
    return sum(result.outcome is outcome for result in results)


def performed_as_document(action: str, done: Performed) -> dict[str, Any]:
    """Return what became of an action, and what the service says of the resource afterwards."""
    return {
        "format_version": "1",
        "address": str(done.live.address),
        "action": action,
        "outcome": outcome_of(done),
        "message": done.sentence,
        "details": list(done.details),
        "notes": list(done.live.notes),
        "records": [_record_as_document(record) for record in done.live.records],
    }


def outcome_of(done: Performed) -> str:
    return "done" if done.succeeded else "failed"
