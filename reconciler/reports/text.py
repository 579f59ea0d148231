"""Plans and results as text for people; what is foreign is printed with escapes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.plan import Note, Plan
from reconciler.model import (
    Change,
    Create,
    Delete,
    DnsRecord,
    FieldChange,
    Performed,
    Resource,
    Snapshot,
    Update,
    as_text,
)
from reconciler.reports.documents import Records, count, outcome_of, records_to_publish
from reconciler.source import printable

_SIGN = {"create": "+", "update": "~", "delete": "-"}
_COLOUR = {
    "create": 32,
    "update": 33,
    "delete": 31,
    "applied": 32,
    "overtaken": 31,
    "done": 32,
    "failed": 31,
    "skipped": 33,
}
_ALWAYS_TOLD = (Outcome.APPLIED, Outcome.FAILED, Outcome.SKIPPED)
_LONGEST = 100
_MOST_ALIKE = 5
"""How many notes that say the same are each told, with their addresses; in JSON all are."""


def _coloured(text: str, word: str) -> str:
    return f"\x1b[{_COLOUR[word]}m{text}\x1b[0m"


def plan_as_text(plan: Plan) -> str:
    """Return what would be done, what is refused and what is worth knowing."""
    blocks = [_changes_as_text(plan.changes)]
    if plan.refusals:
        lines = [f"  {printable(str(refusal))}" for refusal in plan.refusals]
        blocks.append("\n".join([_coloured("Refused:", "failed"), *lines]))
    if plan.unmanaged:
        names = [f"  {printable(name)}" for name in _unmanaged(plan.unmanaged)]
        blocks.append("\n".join(["Unmanaged (live, not in the YAML, left alone):", *names]))
    if plan.notes:
        blocks.append("\n".join(["Notes:", *map(printable, _notes(plan.notes))]))
    blocks.append(plan_summary(plan))
    return "\n\n".join(block for block in blocks if block)


def _unmanaged(unmanaged: Iterable[Resource]) -> Iterator[str]:
    """Yield addresses; those of twins, and of the one that has them, with the ID."""
    unmanaged = list(unmanaged)
    paths = {each.address.parts for each in unmanaged if each.address.twin}
    for each in unmanaged:
        is_first = each.address.parts in paths and not each.address.twin
        yield f"{each.address} (ID {each.remote_id})" if is_first else str(each.address)


def _notes(notes: Iterable[Note]) -> Iterator[str]:
    """Yield a line for each; what holds of many alike is said once, of the first of them."""
    alike: dict[str, list[Note]] = {}
    for note in notes:
        text = note.text.replace(str(note.address), "")
        alike.setdefault(text, []).append(note)
    for group in alike.values():
        told = group if len(group) <= _MOST_ALIKE else group[:1]
        others = f" and {len(group) - 1} more" if len(group) > len(told) else ""
        yield from (f"  {each.address}{others}: {each.text}" for each in told)


def plan_summary(plan: Plan) -> str:
    if not plan.changes and not plan.refusals:
        return _no_changes(plan)
    counts = ", ".join(f"{plan.count(action)} to {action}" for action in _SIGN)
    refused = f" {len(plan.refusals)} refused." if plan.refusals else ""
    return f"Plan: {counts}.{refused}"


def _no_changes(plan: Plan) -> str:
    """Say that live matches only if all that is declared was compared."""
    if not plan.compared:
        return "Nothing is declared, and so nothing was compared with what is live."
    if plan.uncompared:
        return "No changes. What could be compared matches; see the notes for what could not."
    return "No changes. Live matches the configuration."


def _changes_as_text(changes: Sequence[Change]) -> str:
    ordered = sorted(changes, key=lambda change: change.subject.address.provider)
    blocks = []
    for provider, group in groupby(ordered, lambda change: change.subject.address.provider):
        blocks.append("\n".join([printable(provider), *(_change_as_text(c) for c in group)]))
    return "\n\n".join(blocks)


def _change_as_text(change: Change) -> str:
    name = printable(change.subject.address.within)
    sign = _coloured(f"{_SIGN[change.action]} {name}", change.action)
    head = f"  {sign}{_remark(change)}{_place(change.subject)}"
    fields = _folded(change.fields) if isinstance(change, Create) else change.fields
    width = max((len(field.name) for field in fields), default=0)
    return "\n".join([head, *(_field_as_text(change, field, width) for field in fields)])


def _folded(fields: Sequence[FieldChange]) -> list[FieldChange]:
    """Return the fields of a new thing; of switches that stand together those that are on."""
    folded: dict[str, FieldChange] = {}
    switches: dict[str, list[str]] = {}
    names = {field.name for field in fields}
    for field in fields:
        group, _, name = field.name.partition(".")
        if not name or group in names or not isinstance(field.after, bool):
            folded[field.name] = field
            continue
        on = switches.setdefault(group, [])
        on += [name] * field.after
        folded[group] = FieldChange(group, None, list(on), field.location)
    return list(folded.values())


def _place(resource: Resource) -> str:
    place = resource.location()
    return f"  ({printable(str(place))})" if place else ""


def _remark(change: Change) -> str:
    if not isinstance(change, Delete):
        return ""
    pruned = "" if change.desired else ", unmanaged"
    turn = "".join(f", after {printable(each.within)}" for each in change.after)
    return f"  {change.live.kind.removal}{pruned}{turn}"


def _field_as_text(change: Change, field: FieldChange, width: int) -> str:
    before, after = _differing(field)
    shown = "" if isinstance(change, Create) else f"{_value(before)} -> "
    place = (
        f"  ({printable(str(field.location))})"
        if isinstance(change, Update) and field.location
        else ""
    )
    return f"      {printable(field.name):{width}}  {shown}{_value(after)}{place}"


def _differing(field: FieldChange) -> tuple[Any, Any]:
    """Return both values; of two mappings only what differs."""
    before, after = field.before, field.after
    if not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return before, after
    same = {name for name in before if name in after and before[name] == after[name]}
    return (
        {name: each for name, each in before.items() if name not in same},
        {name: each for name, each in after.items() if name not in same},
    )


def _value(value: Any) -> str:
    text = printable(as_text(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def result_as_text(result: Result) -> str:
    """Return one line about one change; what was not made, with its place in the YAML."""
    word = _coloured(f"{result.outcome:7}", result.outcome)
    address = printable(str(result.change.subject.address))
    reason = f": {printable(result.reason)}" if result.reason else ""
    place = "" if result.outcome is Outcome.APPLIED else _place(result.change.subject)
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
    word = _coloured(f"{outcome_of(done):7}", outcome_of(done))
    lines = [f"{word} {action} {printable(f'{done.live.address}: {done.sentence}')}"]
    lines += [f"  {printable(each)}" for each in (*done.details, *done.live.notes)]
    for record in done.live.records:
        text = f"{record.host}  {record.type}  {record.zone_value}".rstrip()
        lines.append(f"  {record.purpose:12}{printable(text)}  ({record.state})")
    return "\n".join(lines)


def declared_as_text(desired: Snapshot) -> str:
    """Return what is declared, for a run that may not look at what is live."""
    lines = [f"  {printable(str(each))}{_place(desired[each])}" for each in sorted(desired)]
    return "\n".join(["Declared, and not compared with what is live:", *lines])
