"""Changes as text for people: what is destroyed first, and what is alike once."""

import re
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap
from typing import Any

from reconciler.model import Change, Create, Delete, FieldChange, Resource, Update, as_text
from reconciler.source import printable

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


def changes_as_text(changes: Iterable[Change], view: View) -> str:
    """Return the changes by provider, deletions first; those that are alike stand together."""
    ordered = sorted(changes, key=lambda each: each.subject.address.provider)
    blocks = []
    for provider, group in groupby(ordered, lambda each: each.subject.address.provider):
        by_urgency = sorted(group, key=lambda each: not isinstance(each, Delete))
        alike: dict[Hashable, list[Change]] = {}
        for change in by_urgency:
            alike.setdefault(_likeness(change, view), []).append(change)
        lines = (line for each in alike.values() for line in _group_as_text(each, view))
        blocks.append("\n".join([printable(provider), *lines]))
    return "\n\n".join(blocks)


def _likeness(change: Change, view: View) -> Hashable:
    """Return what is equal for changes that can be shown as one; each deletion is shown."""
    address = change.subject.address
    if not view.is_folded or isinstance(change, Delete):
        return address
    fields = tuple((each.name, as_text(each.before), as_text(each.after)) for each in change.fields)
    return change.action, change.subject.kind, len(address.parts), fields


def _group_as_text(changes: Sequence[Change], view: View) -> Iterator[str]:
    if len(changes) <= _FEW:
        yield from (_change_as_text(each, view) for each in changes)
        return
    first = changes[0]
    paths = [each.subject.address.parts[1:] for each in changes]
    columns = [set(column) for column in zip(*paths, strict=True)]
    pattern = "/".join(each.pop() if len(each) == 1 else "*" for each in map(set, columns))
    names = [
        "/".join(part for part, column in zip(path, columns, strict=True) if len(column) > 1)
        for path in paths
    ]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    sign = coloured(f"{SIGN[first.action]} {printable(pattern)}", first.action)
    told = f"({len(names)}: {printable(', '.join(names[:_NAMED]))}{more})"
    yield f"  {sign}  {told}{place_of(first.subject)}"
    yield from _fields_as_text(first, view)


def _change_as_text(change: Change, view: View) -> str:
    name = printable(change.subject.address.within)
    sign = coloured(f"{SIGN[change.action]} {name}", change.action)
    head = f"  {sign}{_remark(change)}{place_of(change.subject)}"
    return "\n".join([head, *_fields_as_text(change, view)])


def _fields_as_text(change: Change, view: View) -> list[str]:
    fields = _folded(change.fields) if isinstance(change, Create) else change.fields
    width = max((len(field.name) for field in fields), default=0)
    hanging = min(width + 2, (view.width or 0) // 3)
    return [
        view.wrapped(_field_as_text(change, field, width), indent=6, hanging=hanging)
        for field in fields
    ]


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


def place_of(resource: Resource) -> str:
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
    return f"{printable(field.name):{width}}  {shown}{_value(after)}{place}"


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
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}… ({len(text):,} signs in all, which JSON has)"
