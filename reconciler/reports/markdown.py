"""A report in Markdown, for step summaries, comments and issues: the gravest is never left out."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from reconciler.fields import UNKNOWN
from reconciler.model import as_text
from reconciler.reports.changes import differing, folded, in_groups, pattern_of, with_short_keys
from reconciler.reports.escaping import (
    markdown_block,
    markdown_cell_code,
    markdown_code,
    markdown_text,
)
from reconciler.reports.fitting import Item, Section, Size, fitted
from reconciler.reports.links import NO_LINKS, Links
from reconciler.reports.report import (
    ACTIONS,
    CAUSES,
    Accepted,
    Entry,
    Field,
    Found,
    Refused,
    Report,
    Said,
)
from reconciler.reports.text import counted, notes_together, summary_of, unmanaged_names
from reconciler.source import Location, shortened

SIGN = {"create": "+", "update": "~", "delete": "-"}
TITLES = {
    "conflict": "Conflict: changed live, and in the configuration",
    "drift": "Drift: live is no longer what was applied",
    "unknown": "Difference of unknown cause",
    "pending": "Pending: declared, and not applied yet",
}
_LONGEST, _LONGEST_TEXT = 300, 2_000
_NAMED, _OPEN, _ROWS = 5, 20, 40
_MOST = 1_000_000


def report_as_markdown(
    report: Report, links: Links = NO_LINKS, *, most: int = _MOST, size: Size = len
) -> str:
    """Return a report in at most so many signs, or what else `size` counts."""
    elsewhere = "`--report json` has all"
    return fitted(
        heading(report, links),
        sections_of(report, links),
        digest_line(report),
        most=most,
        size=size,
        elsewhere=elsewhere,
    )


def heading(report: Report, links: Links) -> str:
    """Return what a report is of, what it comes to, and counts of all that it is about."""
    title = f"### esp-reconcile {report.command}: {headline(report)}"
    blocks = [title, _origin(links), *_failure(report), _counts(report), _coverage(report)]
    return "\n\n".join(block for block in blocks if block)


def headline(report: Report) -> str:
    """Return in a few words what a report comes to."""
    if report.failure:
        return "failed"
    if report.command == "validate":
        errors = sum(each.severity == "error" for each in report.findings)
        return counted(errors, "error") if errors else "valid"
    if report.command == "drift":
        return _drift_headline(report)
    sentence = summary_of(report).removeprefix("Plan: ").removeprefix("Apply: ")
    return markdown_text(sentence.split(". ")[0].rstrip("."))


def _drift_headline(report: Report) -> str:
    found = Counter(entry.cause for entry in report.entries)
    told = [f"{found[each]} {_IN_SHORT[each]}" for each in CAUSES if found[each]]
    told += [f"{len(report.unmanaged)} unmanaged"] if report.unmanaged else []
    told += [f"{len(report.unread)} unreadable"] if report.unread else []
    return ", ".join([report.state.replace("-", " "), *told])


_IN_SHORT = {
    "conflict": "in conflict",
    "drift": "drifted",
    "unknown": "different",
    "pending": "pending",
}


def _origin(links: Links) -> str:
    parts = []
    if links.head:
        name = f"`{links.head[:12]}`"
        parts.append(f"for [{name}]({links.commit})" if links.commit else f"for {name}")
    if links.run:
        parts.append(f"[run]({links.run})")
    return " · ".join(parts)


def _failure(report: Report) -> Iterator[str]:
    if report.failure and not report.findings:
        yield markdown_block(report.failure.message[:_LONGEST_TEXT])


def _counts(report: Report) -> str:
    """Return how many changes there are by provider and kind, if there is more than one sort."""
    found: dict[str, Counter[str]] = {}
    for entry in report.entries:
        sort = f"{entry.provider}/{entry.kind}" if entry.kind else entry.provider
        found.setdefault(sort, Counter())[entry.action] += 1
    if len(found) <= 1:
        return ""
    rows = [
        " | ".join(
            [
                f"| {markdown_cell_code(shortened(sort))}",
                *(str(counts[each]) for each in ACTIONS),
                "",
            ]
        ).rstrip()
        for sort, counts in sorted(found.items())
    ]
    more = len(rows) - _ROWS
    rows = [*rows[:_ROWS], f"| and {more} more | | | |"] if more > 0 else rows
    return "\n".join([f"| | {' | '.join(ACTIONS)} |", "|---|--:|--:|--:|", *rows])


def _coverage(report: Report) -> str:
    if not report.coverage:
        return ""
    ratio = report.coverage.get("ratio")
    share = f"{100 * ratio:.1f} % covered: " if ratio is not None else ""
    counts = ", ".join(
        f"{value:,g} {markdown_text(shortened(name.replace('_', ' ')))}"
        for name, value in list(report.coverage.items())[:_ROWS]
        if name != "ratio"
    )
    return f"{share}{counts}."


def digest_line(report: Report) -> str:
    return f"Plan digest: {markdown_code(report.digest)}" if report.digest else ""


def sections_of(report: Report, links: Links) -> list[Section]:
    """Return all that a report tells one by one; what has nothing to tell is left out."""
    told = list(_entries(report, links))
    told += [
        _section("Findings", (_finding(each, links) for each in report.findings), 1),
        _section("Refused", (_refused(each, links) for each in report.refused), 1),
        _section("Could not be read", map(_said, report.unread), 1),
        _section(
            f"No longer declared since {markdown_text(report.since)} (left alone)",
            (Item(f"- {markdown_code(each)}") for each in report.dropped),
            5,
        ),
        _records(report),
        _section(
            "Unmanaged (live, not in the YAML, left alone)",
            (Item(f"- {markdown_code(each)}") for each in unmanaged_names(report.unmanaged)),
            5,
            is_folded=True,
        ),
        _section("Notes", map(_note, notes_together(report.notes)), 6, is_folded=True),
        _section("Accepted drift", map(_accepted, report.accepted), 7, is_folded=True),
    ]
    return [each for each in told if each.items]


def _section(title: str, items: Iterable[Item], rank: int, *, is_folded: bool = False) -> Section:
    kept = list(items)
    number = sum(item.weight for item in kept)
    return Section(f"{title} ({number:,})", kept, rank, is_folded=is_folded)


def _entries(report: Report, links: Links) -> Iterator[Section]:
    """Yield sections of changes: by outcome, by cause, or by what they do."""
    if report.command == "apply":
        yield from _by(report.entries, "outcome", _OUTCOMES, links)
    elif report.command == "drift":
        yield from _by(report.entries, "cause", TITLES, links)
    else:
        yield from _by(report.entries, "action", _ACTIONS, links)


_ACTIONS = {"delete": "Deletions", "update": "Updates", "create": "Creations"}
_OUTCOMES = {
    "failed": "Failed",
    "overtaken": "Overtaken: changed by another writer since",
    "skipped": "Skipped",
    "applied": "Applied",
}
_RANKS = {"delete": 0, "update": 2, "create": 3}


def _by(
    entries: Sequence[Entry], what: str, titles: dict[str, str], links: Links
) -> Iterator[Section]:
    for word, title in titles.items():
        chosen = [each for each in entries if getattr(each, what) == word]
        ordered = sorted(chosen, key=lambda each: (each.action != "delete", each.provider))
        for is_deletion, group in groupby(ordered, lambda each: each.action == "delete"):
            groups = in_groups(group)
            items = [_change(each, links) for each in groups]
            is_apart = is_deletion and what != "action"
            heading_ = f"{title}, deletions" if is_apart else title
            rank = 0 if is_deletion else _RANKS.get(word, 2)
            is_long = len(items) > _OPEN and not is_deletion
            yield _section(heading_, items, rank, is_folded=is_long or word == "applied")


def _change(group: Sequence[Entry], links: Links) -> Item:
    first = group[0]
    name, told = first.within, ""
    if len(group) > 1:
        name, names = pattern_of(group)
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        told = f" ({len(names):,}: {', '.join(map(markdown_code, names[:_NAMED]))}{more})"
    address = markdown_code(f"{first.provider}/{name}")
    reason = f": {markdown_text(first.reason[:_LONGEST_TEXT])}" if first.reason else ""
    line = f"- `{SIGN[first.action]}` {address}{told}{_fate(first)}{_place(first.location, links)}"
    fields = folded(first.fields) if first.action == "create" else first.fields
    rows = (f"  - {_field(first, each, links)}" for each in fields)
    return Item("\n".join([line + reason, *rows]), len(group))


def _fate(entry: Entry) -> str:
    if entry.action != "delete":
        return ""
    pruned = ", unmanaged" if entry.pruned else ""
    turn = "".join(f", after {markdown_code(each)}" for each in entry.waits_for)
    return f" {markdown_text(entry.removal)}{pruned}{turn}"


def _field(entry: Entry, field: Field, links: Links) -> str:
    name = markdown_code(field.name)
    if field.cause == "conflict" and field.applied is not UNKNOWN:
        values = (("applied", field.applied), ("live", field.before), ("declared", field.after))
        told = ", ".join(f"{word} {value_as_code(value)}" for word, value in values)
        return f"{name}: {told}{_place(field.location, links)}"
    before, after = differing(field)
    shown = "" if entry.action == "create" else f"{value_as_code(before)} → "
    place = _place(field.location, links) if entry.action == "update" else ""
    return f"{name}: {shown}{value_as_code(after)}{place}"


def value_as_code(value: Any) -> str:
    """Return a value in code; of a very long one its beginning."""
    text = with_short_keys(as_text(value))
    return markdown_code(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")


def _place(place: Location | None, links: Links) -> str:
    if place is None:
        return ""
    line = f":{place.line}" if place.line else ""
    name, url = markdown_text(f"{place.file}{line}"), links.line(place)
    return f" ([{name}]({url}))" if url else f" ({name})"


def _finding(found: Found, links: Links) -> Item:
    finding = found.finding
    word = "" if found.severity == "error" else "warning: "
    return Item(f"- {word}{markdown_text(finding.message)}{_place(finding.location, links)}")


def _refused(refused: Refused, links: Links) -> Item:
    text = markdown_text(refused.reason[:_LONGEST_TEXT])
    return Item(f"- {markdown_code(refused.address)}: {text}{_place(refused.location, links)}")


def _said(said: Said) -> Item:
    name = f" {markdown_code(said.name)}" if said.name else ""
    return Item(
        f"- {markdown_code(said.address)}{name}: {markdown_text(said.text[:_LONGEST_TEXT])}"
    )


def _accepted(accepted: Accepted) -> Item:
    name = f" {markdown_code(accepted.name)}" if accepted.name else ""
    text = markdown_text(f"until {accepted.until}: {accepted.reason[:_LONGEST_TEXT]}")
    return Item(f"- {markdown_code(accepted.address)}{name} {text}")


def _note(group: Sequence[Said]) -> Item:
    first = group[0]
    others = f" and {len(group) - 1:,} more" if len(group) > 1 else ""
    text = markdown_text(with_short_keys(first.text)[:_LONGEST_TEXT])
    return Item(f"- {markdown_code(first.address)}{others}: {text}", len(group))


def _records(report: Report) -> Section:
    rows = [
        Item(
            f"| {markdown_cell_code(record.host)} | {markdown_text(record.type)} "
            f"| {markdown_cell_code(f'{record.priority} {record.zone_value}'.strip())} |"
        )
        for _, record in report.records
    ]
    when = " after the apply" if report.command == "plan" and report.entries else ""
    return Section(
        f"DNS records still to be published{when} ({len(rows):,})",
        rows,
        4,
        head="| Host | Type | Value |\n|---|---|---|",
        is_folded=len(rows) > _OPEN,
    )
