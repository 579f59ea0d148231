"""Plans and results as text for people; what is foreign is printed with escapes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.plan import Note, Plan
from reconciler.model import (
    DnsRecord,
    Performed,
    Resource,
    Snapshot,
)
from reconciler.reports.changes import (
    EVERYTHING_ONCE,
    SIGN,
    View,
    changes_as_text,
    coloured,
    place_of,
    with_short_keys,
)
from reconciler.reports.documents import Records, count, outcome_of, records_to_publish
from reconciler.source import printable

_ALWAYS_TOLD = (Outcome.APPLIED, Outcome.FAILED, Outcome.SKIPPED)
_MOST_ALIKE = 5
"""How many notes that say the same are each told, with their addresses; in JSON all are."""


def plan_as_text(plan: Plan, view: View = EVERYTHING_ONCE) -> str:
    """Return what is refused, what would be done and what is worth knowing."""
    blocks = []
    if plan.refusals:
        lines = [view.wrapped(printable(str(refusal))) for refusal in plan.refusals]
        blocks.append("\n".join([coloured("Refused:", "failed"), *lines]))
    blocks.append(changes_as_text(plan.changes, view))
    if plan.unmanaged:
        names = [f"  {printable(name)}" for name in _unmanaged(plan.unmanaged)]
        blocks.append("\n".join(["Unmanaged (live, not in the YAML, left alone):", *names]))
    if plan.notes:
        told = map(with_short_keys, _notes(plan.notes, view))
        notes = (view.wrapped(printable(each)) for each in told)
        blocks.append("\n".join(["Notes:", *notes]))
    blocks.append(plan_summary(plan))
    return "\n\n".join(block for block in blocks if block)


def _unmanaged(unmanaged: Iterable[Resource]) -> Iterator[str]:
    """Yield addresses; those of twins, and of the one that has them, with the ID."""
    unmanaged = list(unmanaged)
    paths = {each.address.parts for each in unmanaged if each.address.twin}
    for each in unmanaged:
        is_first = each.address.parts in paths and not each.address.twin
        yield f"{each.address} (ID {each.remote_id})" if is_first else str(each.address)


def _notes(notes: Iterable[Note], view: View) -> Iterator[str]:
    """Yield a line for each; what holds of many alike is said once, of the first of them."""
    alike: dict[str, list[Note]] = {}
    for note in notes:
        text = note.text.replace(str(note.address), "")
        alike.setdefault(text, []).append(note)
    for group in alike.values():
        told = group if view.has_all_notes or len(group) <= _MOST_ALIKE else group[:1]
        others = f" and {len(group) - 1} more" if len(group) > len(told) else ""
        others += " (--notes shows them)" if others else ""
        yield from (f"{each.address}{others}: {each.text}" for each in told)


def plan_summary(plan: Plan) -> str:
    if not plan.changes and not plan.refusals:
        return _no_changes(plan)
    counts = ", ".join(f"{plan.count(action)} to {action}" for action in SIGN)
    refused = f" {len(plan.refusals)} refused." if plan.refusals else ""
    return f"Plan: {counts}.{refused}"


def _no_changes(plan: Plan) -> str:
    """Say that live matches only if all that is declared was compared."""
    if not plan.compared:
        return "Nothing is declared, and so nothing was compared with what is live."
    if plan.uncompared:
        return "No changes. What could be compared matches; see the notes for what could not."
    return "No changes. Live matches the configuration."


def result_as_text(result: Result) -> str:
    """Return one line about one change; what was not made, with its place in the YAML."""
    word = coloured(f"{result.outcome:7}", result.outcome)
    address = printable(str(result.change.subject.address))
    reason = f": {printable(result.reason)}" if result.reason else ""
    place = "" if result.outcome is Outcome.APPLIED else place_of(result.change.subject)
    return f"{word}  {result.change.action} {address}{reason}{place}"


def results_as_text(results: Iterable[Result], planned: Records = ()) -> str:
    """Return the closing table: what became of each change, and the DNS records to publish.

    `planned` are the records that were to be published before; without results and without records
    there is nothing to say.
    """
    results = sorted(results, key=lambda result: result.change.subject.address)
    blocks = [_outcomes_as_text(results)] if results else []
    if records := records_to_publish(results, planned):
        blocks.append("\n".join(["DNS records still to be published:", *_record_lines(records)]))
    return "\n\n".join(blocks)


def _outcomes_as_text(results: Sequence[Result]) -> str:
    told = [each for each in Outcome if each in _ALWAYS_TOLD or count(results, each)]
    counts = ", ".join(f"{count(results, each)} {each}" for each in told)
    return "\n".join([*(result_as_text(result) for result in results), f"Apply: {counts}."])


def _record_lines(records: Iterable[tuple[str, DnsRecord]]) -> Iterator[str]:
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
    lines = [f"  {printable(str(each))}{place_of(desired[each])}" for each in sorted(desired)]
    return "\n".join(["Declared, and not compared with what is live:", *lines])
