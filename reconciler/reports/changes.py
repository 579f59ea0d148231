"""Changes as text for people: what is destroyed first, and what is alike once."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from reconciler.model import as_text
from reconciler.reports.report import Entry, Field
from reconciler.source import Location, printable

SIGN = {"create": "+", "update": "~", "delete": "-"}
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
_LONGEST = 2000
"""Signs of a value: it is what is sent, and so it is shown, unless nobody would read it."""
_FEW, _NAMED = 2, 3
"""So many changes that are alike are each shown; of more, so many names."""
_KEY = re.compile(
    r"(?<=\bp=)([A-Za-z0-9+/]{4})[A-Za-z0-9+/=]{30,}?([A-Za-z0-9+/]{5}=*)(?![A-Za-z0-9+/=])"
)


@dataclass(frozen=True, slots=True)
class View:
    """How much is shown, and how wide; without a `width` no line is broken."""

    width: int | None = None
    is_folded: bool = True
    has_all_notes: bool = False

    def wrapped(self, text: str, indent: int = 2, hanging: int = 4) -> str:
        """Return a paragraph; lines after the first stand so much to the right of it."""
        first, rest = " " * indent, " " * (indent + hanging)
        if self.width is None or len(first + text) <= self.width:
            return first + text
        return "\n".join(
            wrap(
                text,
                self.width,
                initial_indent=first,
                subsequent_indent=rest,
                break_long_words=False,
                break_on_hyphens=False,
            )
        )


EVERYTHING_ONCE = View()


def with_short_keys(text: str) -> str:
    """Return a text in which a DKIM key is its beginning and its end."""
    return _KEY.sub(r"\1…\2", text)


def coloured(text: str, word: str) -> str:
    return f"\x1b[{_COLOUR[word]}m{text}\x1b[0m"


def changes_as_text(changes: Iterable[Entry], view: View) -> str:
    """Return the changes by provider, deletions first; those that are alike stand together."""
    ordered = sorted(changes, key=lambda each: each.provider)
    blocks = []
    for provider, group in groupby(ordered, lambda each: each.provider):
        by_urgency = sorted(group, key=lambda each: each.action != "delete")
        alike = in_groups(by_urgency, is_folded=view.is_folded)
        lines = (line for each in alike for line in _group_as_text(each, view))
        blocks.append("\n".join([printable(provider), *lines]))
    return "\n\n".join(blocks)


def in_groups(changes: Iterable[Entry], *, is_folded: bool = True) -> list[list[Entry]]:
    """Return groups of changes that can be told as one, in the order of their first ones."""
    alike: dict[Hashable, list[Entry]] = {}
    for change in changes:
        alike.setdefault(_likeness(change, is_folded=is_folded), []).append(change)
    return [part for group in alike.values() for part in _told_together(group)]


def _told_together(group: list[Entry]) -> Iterator[list[Entry]]:
    """Yield a group, or each of it where they are few."""
    if len(group) > _FEW:
        yield group
    else:
        yield from ([each] for each in group)


def _likeness(change: Entry, *, is_folded: bool) -> Hashable:
    """Return what is equal for changes that can be shown as one; each deletion is shown."""
    if not is_folded or change.action == "delete":
        return change.path, change.twin
    fields = tuple((each.name, as_text(each.before), as_text(each.after)) for each in change.fields)
    fate = change.outcome, change.reason, change.cause
    return change.action, change.kind, len(change.path), fields, *fate


def pattern_of(group: Sequence[Entry]) -> tuple[str, list[str]]:
    """Return what the addresses of a group have in common, and what tells each from the others."""
    paths = [each.path[1:] for each in group]
    columns = [set(column) for column in zip(*paths, strict=True)]
    pattern = "/".join(each.pop() if len(each) == 1 else "*" for each in map(set, columns))
    names = [
        "/".join(part for part, column in zip(path, columns, strict=True) if len(column) > 1)
        for path in paths
    ]
    return pattern, names


def _group_as_text(changes: Sequence[Entry], view: View) -> Iterator[str]:
    first = changes[0]
    if len(changes) == 1:
        yield _change_as_text(first, view)
        return
    pattern, names = pattern_of(changes)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    sign = coloured(f"{SIGN[first.action]} {printable(pattern)}", first.action)
    told = f"({len(names)}: {printable(', '.join(names[:_NAMED]))}{more})"
    yield f"  {sign}  {told}{place_as_text(first.location)}"
    yield from _fields_as_text(first, view)


def _change_as_text(change: Entry, view: View) -> str:
    sign = coloured(f"{SIGN[change.action]} {printable(change.within)}", change.action)
    head = f"  {sign}{_remark(change)}{place_as_text(change.location)}"
    return "\n".join([head, *_fields_as_text(change, view)])


def _fields_as_text(change: Entry, view: View) -> list[str]:
    fields = folded(change.fields) if change.action == "create" else change.fields
    width = max((len(field.name) for field in fields), default=0)
    hanging = min(width + 2, (view.width or 0) // 3)
    return [
        view.wrapped(_field_as_text(change, field, width), indent=6, hanging=hanging)
        for field in fields
    ]


def folded(fields: Sequence[Field]) -> list[Field]:
    """Return the fields of a new thing; of switches that stand together those that are on."""
    kept: dict[str, Field] = {}
    switches: dict[str, list[str]] = {}
    names = {field.name for field in fields}
    for field in fields:
        group, _, name = field.name.partition(".")
        if not name or group in names or not isinstance(field.after, bool):
            kept[field.name] = field
            continue
        on = switches.setdefault(group, [])
        on += [name] * field.after
        kept[group] = Field(group, None, list(on), field.location)
    return list(kept.values())


def place_as_text(place: Location | None) -> str:
    return f"  ({printable(str(place))})" if place else ""


def _remark(change: Entry) -> str:
    if change.action != "delete":
        return ""
    pruned = ", unmanaged" if change.pruned else ""
    prefix = f"{change.provider}/"
    turn = "".join(f", after {printable(each.removeprefix(prefix))}" for each in change.waits_for)
    return f"  {printable(change.removal)}{pruned}{turn}"


def _field_as_text(change: Entry, field: Field, width: int) -> str:
    before, after = differing(field)
    shown = "" if change.action == "create" else f"{_value(before)} -> "
    place = place_as_text(field.location) if change.action == "update" else ""
    return f"{printable(field.name):{width}}  {shown}{_value(after)}{place}"


def differing(field: Field) -> tuple[Any, Any]:
    """Return both values; of two mappings only what differs."""
    before, after, keys = field.before, field.after, field.keys
    if keys is None or not (isinstance(before, Mapping) and isinstance(after, Mapping)):
        return before, after
    return (
        {name: each for name, each in before.items() if name in keys},
        {name: each for name, each in after.items() if name in keys},
    )


def _value(value: Any) -> str:
    text = printable(as_text(value))
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text):,} signs in all, which JSON has)"
