"""Plans, results and findings as text for people; what is foreign is printed with escapes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.engine.attempt import Result
from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.model import DnsRecord, Performed, Snapshot
from reconciler.reports.changes import (
    EVERYTHING_ONCE,
    SIGN,
    View,
    changes_as_text,
    coloured,
    place_as_text,
    with_short_keys,
)
from reconciler.reports.documents import (
    Records,
    outcome_of,
    result_as_document,
    results_as_document,
)
from reconciler.reports.drift_text import drift_as_text
from reconciler.reports.reading import entry_of, report_of
from reconciler.reports.report import OUTCOMES, Entry, Report, Said, Unmanaged
from reconciler.source import printable

_ALWAYS_TOLD = ("applied", "failed", "skipped")
_MOST_ALIKE = 5
"""How many notes that say the same are each told, with their addresses; in JSON all are."""


def report_as_text(report: Report, view: View = EVERYTHING_ONCE) -> str:
    """Return what a run came to."""
    if report.failure and not report.coverage:
        lines = [str(each.finding) for each in report.findings]
        return "\n".join(lines or map(printable, report.failure.message.split("\n")))
    if report.command == "validate":
        return _checked(report)
    if report.command == "drift":
        return drift_as_text(report, view)
    return _planned(report, view) if report.command == "plan" else _made(report)


def plan_as_text(plan: Plan, view: View = EVERYTHING_ONCE) -> str:
    """Return what is refused, what would be done and what is worth knowing."""
    return report_as_text(report_of(plan_as_document(plan)), view)


def _planned(report: Report, view: View) -> str:
    blocks = []
    if report.refused:
        lines = [view.wrapped(printable(each.as_text())) for each in report.refused]
        blocks.append("\n".join([coloured("Refused:", "failed"), *lines]))
    blocks.append(changes_as_text(report.entries, view))
    if report.dropped:
        lines = [f"  {printable(each)}" for each in report.dropped]
        since = f"No longer declared since {printable(report.since)}, and left alone:"
        blocks.append("\n".join([since, *lines]))
    if report.unmanaged:
        names = [f"  {printable(name)}" for name in unmanaged_names(report.unmanaged)]
        blocks.append("\n".join(["Unmanaged (live, not in the YAML, left alone):", *names]))
    if report.notes:
        told = map(with_short_keys, _notes(report.notes, view))
        notes = (view.wrapped(printable(each)) for each in told)
        blocks.append("\n".join(["Notes:", *notes]))
    blocks.append(summary_of(report))
    return "\n\n".join(block for block in blocks if block)


def unmanaged_names(unmanaged: Iterable[Unmanaged]) -> Iterator[str]:
    """Yield addresses; those of twins, and of the one that has them, with the ID."""
    unmanaged = list(unmanaged)
    paths = {each.path for each in unmanaged if each.twin}
    for each in unmanaged:
        is_first = each.path in paths and not each.twin
        yield f"{each.address} (ID {each.remote_id})" if is_first else each.address


def notes_together(notes: Iterable[Said]) -> list[list[Said]]:
    """Return notes in groups that say the same of several addresses."""
    alike: dict[str, list[Said]] = {}
    for note in notes:
        alike.setdefault(note.text.replace(note.address, ""), []).append(note)
    return list(alike.values())


def _notes(notes: Iterable[Said], view: View) -> Iterator[str]:
    """Yield a line for each; what holds of many alike is said once, of the first of them."""
    for group in notes_together(notes):
        told = group if view.has_all_notes or len(group) <= _MOST_ALIKE else group[:1]
        others = f" and {len(group) - 1} more" if len(group) > len(told) else ""
        others += " (--notes shows them)" if others else ""
        yield from (f"{each.address}{others}: {each.text}" for each in told)


def plan_summary(plan: Plan) -> str:
    return summary_of(report_of(plan_as_document(plan)))


def summary_of(report: Report) -> str:
    """Return what a plan, or what was made of one, comes to, in one sentence."""
    if report.command == "apply":
        told = [each for each in OUTCOMES if each in _ALWAYS_TOLD or report.counts.get(each)]
        results = {each: f"{report.counts.get(each, 0)} {each}" for each in told}
        if in_part := report.counts.get("in_part"):
            results["failed"] += f" ({in_part} in part)"
        return f"Apply: {', '.join(results.values())}."
    if not report.entries and not report.refused:
        return _no_changes(report)
    counts = ", ".join(f"{report.count(action)} to {action}" for action in SIGN)
    refused = f" {len(report.refused)} refused." if report.refused else ""
    return f"Plan: {counts}.{refused}"


def _no_changes(report: Report) -> str:
    """Say that live matches only if all that is declared was compared."""
    if report.since and not report.compared:
        return f"No changes: nothing that is declared differs from {printable(report.since)}."
    if not report.compared:
        return "Nothing is declared, and so nothing was compared with what is live."
    if report.uncompared:
        return "No changes. What could be compared matches; see the notes for what could not."
    return "No changes. Live matches the configuration."


def result_as_text(result: Result) -> str:
    """Return one line about one change; what was not made, with its place in the YAML."""
    return _result(entry_of(result_as_document(result)))


def _result(entry: Entry) -> str:
    word = coloured(f"{entry.outcome:7}", entry.outcome)
    reason = f": {printable(entry.reason)}" if entry.reason else ""
    place = "" if entry.outcome == "applied" else place_as_text(entry.location)
    return f"{word}  {entry.action} {printable(entry.address)}{reason}{place}"


def results_as_text(results: Iterable[Result], planned: Records = ()) -> str:
    """Return the closing table: what became of each change, and the DNS records to publish.

    `planned` are the records that were to be published before; without results and without records
    there is nothing to say.
    """
    return report_as_text(report_of(results_as_document(results, planned)))


def _made(report: Report) -> str:
    blocks = []
    if report.entries:
        blocks.append("\n".join([*map(_result, report.entries), summary_of(report)]))
    if report.records:
        told = ["DNS records still to be published:", *_record_lines(report.records)]
        blocks.append("\n".join(told))
    return "\n\n".join(blocks)


def _record_lines(records: Sequence[tuple[str, DnsRecord]]) -> Iterator[str]:
    for address, group in groupby(records, lambda pair: pair[0]):
        yield f"  {printable(address)}"
        for _, record in group:
            priority = f"{record.priority} " if record.priority else ""
            line = f"{record.host}  {record.type}  {priority}{record.zone_value}"
            yield f"    {record.purpose:12}{printable(line)}"


def performed_as_text(action: str, done: Performed) -> str:
    """Return what became of an action, and what the service says of the resource afterwards."""
    word = coloured(f"{outcome_of(done):7}", outcome_of(done))
    lines = [f"{word} {action} {printable(f'{done.live.address}: {done.sentence}')}"]
    lines += [f"  {printable(each)}" for each in (*done.details, *done.live.notes)]
    for record in done.live.records:
        text = f"{record.host}  {record.type}  {record.zone_value}".rstrip()
        lines.append(f"  {record.purpose:12}{printable(text)}  ({record.state})")
    return "\n".join(lines)


def declared_as_text(desired: Snapshot) -> str:
    """Return what is declared, for a run that may not look at what is live."""
    lines = [
        f"  {printable(str(each))}{place_as_text(desired[each].location())}"
        for each in sorted(desired)
    ]
    return "\n".join(["Declared, and not compared with what is live:", *lines])


def _checked(report: Report) -> str:
    lines = [str(each.finding) for each in report.findings if each.severity == "error"]
    if not lines:
        counts = (counted(report.counts.get(f"{each}s", 0), each) for each in _CHECKED)
        lines = [f"Valid: {', '.join(counts)}."]
    return "\n".join(lines)


_CHECKED = ("provider", "resource")


def counted(number: float, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
