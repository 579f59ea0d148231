"""Results and facts as data, for programs; `engine.plandocument` has the plan, as it is saved."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.plandocument import (
    change_as_document,
    record_as_document,
)
from reconciler.errors import ConfigError, ReconcileError
from reconciler.model import TO_PUBLISH, Address, Config, DnsRecord, Performed
from reconciler.reports.report import Run
from reconciler.source import Finding

Records = Iterable[tuple[Address, DnsRecord]]
"""DNS records, each with the address of what asks for it."""


def results_as_document(
    results: Iterable[Result],
    planned: Records = (),
    digest: str = "",
    providers: Iterable[str] = (),
    *,
    compared: bool = True,
) -> dict[str, Any]:
    """Return the results as data: `results`, `records` to publish and a `summary`.

    `planned` are the records that were to be published before; `digest` is that of the plan, which
    was about `providers`, and `compared` whether it was held against anything live.
    """
    results = sorted(results, key=lambda result: result.change.subject.address)
    return {
        "format_version": "1",
        "command": "apply",
        "state": _state(results),
        "plan": digest,
        "providers": list(providers),
        "compared": compared,
        "summary": {str(outcome): _count(results, outcome) for outcome in Outcome}
        | {"in_part": sum(each.outcome is Outcome.FAILED and each.is_made for each in results)},
        "results": [result_as_document(result) for result in results],
        "records": [
            record_as_document(address, record)
            for address, record in _records_to_publish(results, planned)
        ],
    }


def result_as_document(result: Result) -> dict[str, Any]:
    change = change_as_document(result.change)
    return change | {"outcome": str(result.outcome), "reason": result.reason}


def _state(results: Iterable[Result]) -> str:
    results = list(results)
    if not results:
        return "in-sync"
    if all(each.outcome is Outcome.APPLIED for each in results):
        return "applied"
    return "partial" if any(each.is_made for each in results) else "failed"


def _records_to_publish(
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


def _count(results: Iterable[Result], outcome: Outcome) -> int:
    return sum(result.outcome is outcome for result in results)


def checked_as_document(config: Config) -> dict[str, Any]:
    """Return what a configuration holds in which no error was found."""
    found = [finding_as_document(each, "warning") for each in config.warnings]
    return {
        "format_version": "1",
        "command": "validate",
        "state": "valid",
        "summary": {
            "providers": len(config.providers),
            "resources": len(config.desired),
            "errors": 0,
            "warnings": len(found),
        },
        "findings": found,
    }


def findings_as_document(error: ConfigError) -> dict[str, Any]:
    """Return what is wrong with a configuration."""
    errors = [finding_as_document(each, "error") for each in error.findings]
    warnings = [finding_as_document(each, "warning") for each in error.warnings]
    return {
        "format_version": "1",
        "command": "validate",
        "state": "invalid",
        "summary": {"errors": len(errors), "warnings": len(warnings)},
        "findings": [*errors, *warnings],
    }


def finding_as_document(finding: Finding, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "rule": finding.rule,
        **asdict(finding.location),
        "message": finding.message,
        "suggestion": finding.suggestion or None,
    }


def error_as_document(error: ReconcileError, command: str = "") -> dict[str, Any]:
    """Return why a run knows nothing; a configuration in which errors were found tells them all."""
    document: dict[str, Any] = {
        "format_version": "1",
        "error": {
            "type": type(error).__name__,
            "message": str(error),
            "exit_code": error.exit_code,
        },
    }
    if command:
        document["command"] = command
    if isinstance(error, ConfigError):
        document["findings"] = findings_as_document(error)["findings"]
    return document


def run_as_document(run: Run) -> dict[str, Any]:
    """Return what is known of a run."""
    return {name: value for name, value in asdict(run).items() if value not in {None, ""}}


def performed_as_document(action: str, done: Performed) -> dict[str, Any]:
    """Return what became of an action, and what the service says of the resource afterwards."""
    address = str(done.live.address)
    records = [record_as_document(address, record) for record in done.live.records]
    return {
        "format_version": "1",
        "address": address,
        "action": action,
        "outcome": outcome_of(done),
        "message": done.sentence,
        "details": list(done.details),
        "notes": list(done.live.notes),
        "records": [{k: v for k, v in each.items() if k != "address"} for each in records],
    }


def outcome_of(done: Performed) -> str:
    return "done" if done.succeeded else "failed"
