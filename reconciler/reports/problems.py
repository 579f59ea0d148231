"""All that a report tells at a place, in one list: annotations, SARIF and Code Quality agree."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from reconciler.model import as_text
from reconciler.reports.changes import differing, with_short_keys
from reconciler.reports.report import Entry, Field, Report
from reconciler.reports.rules import RULES, known
from reconciler.source import Location, printable

LEVELS = ("error", "warning", "note")
_LONGEST = 200
"""Signs of a value."""
_GRAVE = {"delete", "drift", "conflict", "unknown-difference", "skipped", "overtaken", "unread"}
_ERRORS = {"failed", "refused", "error"}
_CAUSES = {"unknown": "unknown-difference"}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something told at a place; `fingerprint` is the same wherever in the file it stands."""

    rule: str
    level: str
    message: str
    location: Location | None
    fingerprint: str = ""


def problems_of(report: Report) -> list[Problem]:
    """Return what a report tells, the gravest first; what was applied is no problem.

    What stands nowhere in the YAML, such as what is to be pruned, is told at its first line.
    """
    file = _file_of(report)
    found = [_somewhere(each, file) for each in _with_fingerprints(_all(report))]
    return sorted(found, key=lambda each: LEVELS.index(each.level))


def _all(report: Report) -> Iterator[tuple[Problem, str]]:
    """Yield problems, each with what it is about."""
    for found in report.findings:
        finding = found.finding
        rule = known(finding.rule)
        problem = _problem(rule, finding.message, finding.location)
        yield replace(problem, level=found.severity), finding.message
    if report.failure and not report.findings:
        yield _problem("error", report.failure.message, None), report.failure.name
    for refused in report.refused:
        text = f"{refused.address}: {refused.reason}"
        yield _problem("refused", text, refused.location), f"{refused.address} {refused.name}"
    for unread in report.unread:
        text = f"{unread.address}: could not be read: {unread.text}"
        yield _problem("unread", text, None), unread.address
    for entry in report.entries:
        yield from _changed(entry)
    for each in report.unmanaged if report.command == "drift" else ():
        yield _problem("unmanaged", f"{each.address}: nothing declares it", None), each.address


def _problem(
    rule: str, message: str, location: Location | None, *, is_grave: bool = False
) -> Problem:
    level = "error" if rule in _ERRORS else "warning" if is_grave or rule in _GRAVE else "note"
    # An annotation without a message is none, and a result without one is not taken.
    told = printable(message) if message.strip() else RULES[rule].short
    return Problem(rule, level, told, location)


def _changed(entry: Entry) -> Iterator[tuple[Problem, str]]:
    if entry.outcome == "applied":
        return
    if entry.outcome or entry.action != "update" or not entry.fields:
        rule = entry.outcome or _CAUSES.get(entry.cause, entry.cause) or entry.action
        reason = f": {entry.reason}" if entry.reason else _fate(entry)
        text = f"{entry.action} {entry.address}{reason}"
        is_grave = entry.action == "delete"
        yield _problem(rule, text, entry.location, is_grave=is_grave), entry.address
        return
    for field in entry.fields:
        cause = field.cause or entry.cause
        text = f"update {entry.address}: {_field(field)}"
        rule = _CAUSES.get(cause, cause) or "update"
        yield (
            _problem(rule, text, field.location or entry.location),
            f"{entry.address} {field.name}",
        )


def _fate(entry: Entry) -> str:
    if entry.action != "delete":
        return ""
    return f": {entry.removal}{', unmanaged' if entry.pruned else ''}"


def _field(field: Field) -> str:
    before, after = (_value(each) for each in differing(field))
    return f"{field.name} {before} -> {after}"


def _value(value: object) -> str:
    text = with_short_keys(as_text(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _with_fingerprints(problems: Iterable[tuple[Problem, str]]) -> Iterator[Problem]:
    """Yield problems that can be known again: by rule, file, thing, and a count of equal ones."""
    seen: Counter[str] = Counter()
    for problem, about in problems:
        file = problem.location.file if problem.location else ""
        name = f"{problem.rule}\0{file}\0{about}"
        seen[name] += 1
        content = f"{name}\0{seen[name]}".encode("utf-8", "surrogatepass")
        yield replace(problem, fingerprint=hashlib.sha256(content).hexdigest())


def _somewhere(problem: Problem, default: str) -> Problem:
    place = problem.location
    if place and place.file and place.line:
        return problem
    file = (place.file if place else "") or default
    return replace(problem, location=Location(file, 1, 1) if file else None)


def _file_of(report: Report) -> str:
    places = [entry.location for entry in report.entries]
    places += [each.location for each in report.refused]
    return next((place.file for place in places if place and place.file), "")
