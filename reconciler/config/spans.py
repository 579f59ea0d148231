"""Where each value of a YAML text stands, as offsets: so that the text can be edited as text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from reconciler.config.syntax import LOADER

MARK = "\ufeff"
BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class Span:
    """Where a value stands: offsets in the text, from `start` to `end`.

    `end` of a block is where the last line of its content ends; `last` is where the last entry of a
    flow does, and `column` where the entries of a block begin. `key_end` is where its key ends, if
    it has one.
    """

    start: int
    end: int
    column: int
    is_flow: bool = False
    is_mapping: bool = False
    children: dict[str, "Span"] = field(default_factory=dict)
    items: list["Span"] = field(default_factory=list)
    last: int = 0
    key_end: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.children and not self.items


class Offsets:
    """Offsets of marks, which say line and column: their index counts bytes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(each.end() for each in BREAK.finditer(text))]

    def at(self, mark: Any) -> int:
        start: int = self._lines[mark.line]
        return start + int(mark.column)

    def after(self, event: Any) -> int:
        """Return where a scalar ends: of one in lines of its own, where its last line does."""
        end = self.at(event.end_mark)
        is_block = getattr(event, "style", None) in {"|", ">"}
        return end - 1 if is_block and self._text[end - 1 : end] == "\n" else end


def spans(text: str) -> Span:
    """Return where each value of a text stands that our own reader has accepted."""
    events = iter(yaml.parse(text, LOADER))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _span(next(events), events, Offsets(text))
    raise AssertionError("a text that was accepted holds a document")


def _span(event: Any, events: Iterator[Any], offsets: Offsets) -> Span:
    span = Span(offsets.at(event.start_mark), offsets.after(event), event.start_mark.column)
    if isinstance(event, yaml.ScalarEvent):
        return span
    span.is_flow, span.is_mapping = (
        bool(event.flow_style),
        isinstance(event, yaml.MappingStartEvent),
    )
    while not isinstance(first := next(events), yaml.CollectionEndEvent):
        if span.is_mapping:
            found = span.children[first.value] = _span(next(events), events, offsets)
            found.key_end = offsets.after(first)
        else:
            found = _span(first, events, offsets)
            span.items.append(found)
        span.last = max(found.end, offsets.after(first))
    span.end = offsets.at(first.end_mark) if span.is_flow else span.last
    return span
