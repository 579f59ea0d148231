"""What a look for drift found, as text for people: the gravest first, and what is alike once."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

from reconciler.fields import UNKNOWN
from reconciler.model import as_text
from reconciler.reports.changes import (
    EVERYTHING_ONCE,
    SIGN,
    View,
    coloured,
    place_as_text,
    with_short_keys,
)
from reconciler.reports.report import CAUSES, Accepted, Entry, Field, Report
from reconciler.source import printable

_HEADS = {
    "conflict": ("Conflict (changed by hand, and declared otherwise meanwhile):", "delete"),
    "drift": ("Drift (live left what was applied):", "delete"),
    "unknown": ("Difference of unknown cause:", "update"),
    "pending": ("Pending (declared, and not applied yet):", "create"),
}
_FEW = 5
"""So many that are alike are each shown; of more only the first, and how many there are."""
_LONGEST = 2000
"""Signs of a value; JSON has all of it."""
_COMMIT = 12
T = TypeVar("T")


def drift_as_text(report: Report, view: View = EVERYTHING_ONCE) -> str:
    """Return what differs by cause, what was not seen, what is accepted, and what it comes to."""
    blocks = [_block(*_HEADS[cause], _differences(report.entries, cause, view)) for cause in CAUSES]
    refused = (view.wrapped(printable(each.as_text())) for each in report.refused)
    blocks.append(_block("Refused (apply would not make it so):", "delete", refused))
    unmanaged = (f"  {printable(each.address)}" for each in report.unmanaged)
    blocks.append(_block("Unmanaged (live, and not in the YAML):", "update", unmanaged))
    unread = ((each.address, each.text) for each in report.unread)
    blocks.append(_block("Not read:", "delete", _told(unread, view)))
    accepted = _accepted(report.accepted, view)
    blocks.append(_block("Accepted (not counted):", "", accepted))
    findings = (view.wrapped(printable(str(each.finding))) for each in report.findings)
    blocks.append(_block("Findings about what is accepted:", "update", findings))
    notes = ((each.address, each.text) for each in report.notes)
    blocks.append(_block("Notes:", "", _told(notes, view)))
    closing = [_coverage(report), _closing(report)] if report.coverage else []
    blocks.append("\n".join(closing))
    return "\n\n".join(block for block in blocks if block)


def _block(head: str, colour: str, lines: Iterable[str]) -> str:
    lines = list(lines)
    return "\n".join([coloured(head, colour) if colour else head, *lines]) if lines else ""


def _differences(found: Iterable[Entry], cause: str, view: View) -> Iterator[str]:
    of_cause = [each for each in found if each.cause == cause]
    for each, others in _alike(of_cause, _likeness, is_folded=view.is_folded):
        sign = coloured(f"{SIGN[each.action]} {printable(each.address)}", each.action)
        yield f"  {sign}{_others(others, '--no-fold')}{_remark(each)}{place_as_text(each.location)}"
        width = max((len(field.name) for field in each.fields), default=0)
        for field in each.fields:
            yield view.wrapped(_field(field, each, width), indent=6, hanging=width + 2)


def _likeness(found: Entry) -> Hashable:
    fields = tuple(
        (each.name, each.cause, as_text(each.before), as_text(each.after), str(each.applied))
        for each in found.fields
    )
    return found.kind, found.action, found.reason, fields


def _remark(found: Entry) -> str:
    if found.reason:
        return f"  {printable(found.reason)}"
    if found.action == "create":
        return "  missing"
    return "  there, and declared absent" if found.action == "delete" else ""


def _field(field: Field, of: Entry, width: int) -> str:
    """Return a line of two values, or of three where all of them count."""
    values = [f"declared {_value(field.after)}"]
    if of.action != "create":
        values.insert(0, f"live {_value(field.before)}")
    if field.applied is not UNKNOWN and field.cause == "conflict":
        values.insert(0, f"applied {_value(field.applied)}")
    cause = "" if field.cause == of.cause else f"  [{field.cause}]"
    place = place_as_text(field.location)
    return f"{printable(field.name):{width}}  {', '.join(values)}{cause}{place}"


def _value(value: object) -> str:
    text = printable(as_text(value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} signs in all)"


def _accepted(accepted: Iterable[Accepted], view: View) -> Iterator[str]:
    by_entry: dict[object, list[Accepted]] = {}
    for each in accepted:
        by_entry.setdefault((each.location or each.pattern, each.name), []).append(each)
    for group in by_entry.values():
        first = group[0]
        what = f"{first.pattern} {first.name}".rstrip()
        text = f"{what}: {len(group)} until {first.until}: {first.reason}"
        yield view.wrapped(printable(text)) + place_as_text(first.location)


def _told(facts: Iterable[tuple[str, str]], view: View) -> Iterator[str]:
    """Yield what is said of each address; what is said of many alike once, of the first."""
    alike = _alike(
        facts, lambda fact: fact[1].replace(fact[0], ""), is_folded=not view.has_all_notes
    )
    for (address, text), others in alike:
        told = with_short_keys(f"{address}{_others(others, '--notes')}: {text}")
        yield view.wrapped(printable(told))


def _alike(
    items: Iterable[T], likeness: Callable[[T], Hashable], *, is_folded: bool
) -> Iterator[tuple[T, int]]:
    """Yield each item with 0; of many that are alike the first, with how many more there are."""
    groups: dict[Hashable, list[T]] = {}
    for each in items:
        groups.setdefault(likeness(each), []).append(each)
    for group in groups.values():
        if is_folded and len(group) > _FEW:
            yield group[0], len(group) - 1
        else:
            yield from ((each, 0) for each in group)


def _others(number: int, option: str) -> str:
    return f" and {number} more ({option} shows them)" if number else ""


def _coverage(report: Report) -> str:
    found = {name: f"{value:,g}" for name, value in report.coverage.items()}
    told = {name: found.get(name, "?") for name in _COUNTED}
    return (
        f"Coverage: {report.coverage.get('ratio', 0):.1%}. Things: {told['managed']} managed, "
        f"{told['unmanaged']} unmanaged, {told['unreadable']} unreadable. Fields: "
        f"{told['fields_compared']} compared, {told['fields_uncompared']} not told by the service, "
        f"{told['fields_unread']} unread."
    )


_COUNTED = (
    *("managed", "unmanaged", "unreadable"),
    *("fields_compared", "fields_uncompared", "fields_unread"),
)


def _closing(report: Report) -> str:
    counts = [f"{report.counts.get(each, 0)} {each}" for each in CAUSES]
    counts += [f"{len(report.unmanaged)} unmanaged", f"{len(report.unread)} unread"]
    counts += [f"{len(report.accepted)} accepted"]
    base = f" Compared with what was applied at {report.base[:_COMMIT]}." if report.base else ""
    return f"State: {report.state} ({', '.join(counts)}).{_meaning(report)}{printable(base)}"


def _meaning(report: Report) -> str:
    if report.failure:
        return " Nothing could be read, so that nothing is known."
    if report.state != "in-sync":
        return ""
    if report.uncompared:
        return " What could be compared matches; see the notes for what could not."
    return " Live matches the configuration."
