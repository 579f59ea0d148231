"""Additions to a YAML file as text, which leave every byte that was there as it was.

No round trip through a library keeps everything: what is not touched here is not even parsed and
written again, and stays. Lines are put in where the mapping or list that they belong to ends.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import yaml

from reconciler.config.syntax import LOADER
from reconciler.config.writing import Notes, Path, Writer, scalar
from reconciler.errors import ReconcileError
from reconciler.source import printable

_STEP = 2
_MARK = "\ufeff"
_BREAK = re.compile(r"\r\n|\r|\n")


@dataclass(slots=True)
class _Span:
    """Where a value stands: offsets in the text, from `start` to `end`.

    `end` of a block is where the last line of its content ends; `last` is where the last entry of a
    flow does, and `column` where the entries of a block begin.
    """

    start: int
    end: int
    column: int
    is_flow: bool = False
    is_mapping: bool = False
    children: dict[str, "_Span"] = field(default_factory=dict)
    items: list["_Span"] = field(default_factory=list)
    last: int = 0

    @property
    def is_empty(self) -> bool:
        return not self.children and not self.items


@dataclass(frozen=True, slots=True)
class _Edit:
    """Replaces what stands from `start` to `end`; of several at one place the deepest is first."""

    start: int
    end: int
    text: str
    depth: int


def inserted(
    text: str,
    provider: str,
    service: str,
    tree: Mapping[str, Any],
    notes: Notes,
    remarks: Sequence[str] = (),
) -> str:
    """Return the text with a tree added to the mapping of a provider, which must be in it.

    Mappings and lists that are there are added to; what else is there stays as it is. `notes` are
    comments by path, and `remarks` are those at the end; none are made where nothing is added.
    """
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    span = _spans(text).children["providers"].children[provider]
    editor = _Editor(text, Writer(service, notes))
    edits = list(editor.of_mapping(span, tree, ()))
    if edits:
        _check_end(text)
    if edits and remarks and not span.is_flow:
        edits.append(editor.remarks(span, remarks))
    for edit in sorted(edits, key=lambda each: (-each.start, each.depth)):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return mark + text


def _check_end(text: str) -> None:
    """Raise ReconcileError where a line break at the end would change what the last value says."""
    if _BREAK.search(text[-1:]) is None and _ends_in_lines(text):
        raise ReconcileError(
            "the file ends in a text of several lines; end it in a line break first"
        )


def _ends_in_lines(text: str) -> bool:
    scalars = [each for each in yaml.parse(text, LOADER) if isinstance(each, yaml.ScalarEvent)]
    return bool(scalars) and scalars[-1].style in {"|", ">"}


def with_provider(text: str, name: str, service: str, provider: Mapping[str, Any]) -> str:
    """Return the text with one more provider, in a file that has some."""
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    _check_end(text)
    span, writer = _spans(text).children["providers"], Writer(service, {})
    lines = chain([""], provider_lines(name, service, provider, span.column))
    in_line = f"{scalar(name)}: {writer.in_line(provider, ())}"
    edit = _Editor(text, writer).addition(span, lines, in_line, 0)
    return mark + text[: edit.start] + edit.text + text[edit.end :]


def provider_lines(
    name: str, service: str, provider: Mapping[str, Any], indent: int
) -> Iterator[str]:
    """Yield the lines of a provider, without line breaks."""
    yield f"{' ' * indent}{scalar(name)}:"
    yield from Writer(service, {}).entries(provider, indent + _STEP)


@dataclass(frozen=True, slots=True)
class _Editor:
    text: str
    writer: Writer

    def of_mapping(self, span: _Span, tree: Mapping[str, Any], path: Path) -> Iterator[_Edit]:
        new = {key: value for key, value in tree.items() if key not in span.children}
        for key in tree.keys() - new.keys():
            yield from self._of_child(span, span.children[key], tree[key], (*path, key))
        if new:
            lines = self.writer.entries(new, span.column, path)
            in_line = self.writer.in_line(new, path)[1:-1]
            yield self.addition(span, lines, in_line, len(path))

    def remarks(self, span: _Span, remarks: Sequence[str]) -> _Edit:
        lines = (f"{' ' * span.column}# {printable(each)}" for each in remarks)
        return self._lines_after(span.end, lines, -1)

    def _of_child(self, above: _Span, span: _Span, value: Any, path: Path) -> Iterator[_Edit]:
        if not isinstance(value, Mapping | list):
            return
        if span.is_empty:
            yield from self._in_place_of_nothing(above, span, value, path)
        elif isinstance(value, Mapping):
            yield from self.of_mapping(span, value, path)
        else:
            lines = self.writer.items(value, span.column, path)
            in_line = self.writer.in_line(value, path)[1:-1]
            yield self.addition(span, lines, in_line, len(path))

    def _in_place_of_nothing(
        self, above: _Span, span: _Span, value: Any, path: Path
    ) -> Iterator[_Edit]:
        """Yield what stands for `{}`, `[]` or nothing: lines below it, unless it is in a flow."""
        start = len(self.text[: span.start].rstrip(" "))
        if "#" in self.text[span.start : span.end]:
            # A comment inside the brackets stays there, and so do the brackets.
            in_line = self.writer.in_line(value, path)[1:-1]
            yield _Edit(span.start + 1, span.start + 1, in_line, len(path))
            return
        if above.is_flow:
            yield _Edit(start, span.end, f" {self.writer.in_line(value, path)}", len(path))
            return
        indent = above.column + _STEP
        lines = (
            self.writer.entries(value, indent, path)
            if isinstance(value, Mapping)
            else self.writer.items(value, indent, path)
        )
        # What follows at once is a comment only behind a blank.
        behind = " " if self.text[span.end : span.end + 1] == "#" else ""
        yield _Edit(start, span.end, behind, len(path))
        yield self._lines_after(span.end, lines, len(path))

    def addition(self, span: _Span, lines: Iterator[str], in_line: str, depth: int) -> _Edit:
        if span.is_flow:
            return _Edit(span.last, span.last, f", {in_line}", depth)
        return self._lines_after(span.end, lines, depth)

    def _lines_after(self, at: int, lines: Iterator[str], depth: int) -> _Edit:
        """Put lines after the one that a place is in, with the line breaks of the file."""
        first, found = _BREAK.search(self.text), _BREAK.search(self.text, at)
        line_break = first[0] if first else "\n"
        text = "".join(f"{line}{line_break}" for line in lines)
        end = found.end() if found else len(self.text)
        return _Edit(end, end, text if found else line_break + text, depth)


class _Offsets:
    """Offsets of marks, which say line and column: their index counts bytes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = [0, *(each.end() for each in _BREAK.finditer(text))]

    def at(self, mark: Any) -> int:
        start: int = self._lines[mark.line]
        return start + int(mark.column)

    def after(self, event: Any) -> int:
        """Return where a scalar ends: of one in lines of its own, where its last line does."""
        end = self.at(event.end_mark)
        is_block = getattr(event, "style", None) in {"|", ">"}
        return end - 1 if is_block and self._text[end - 1 : end] == "\n" else end


def _spans(text: str) -> _Span:
    """Return where each value of a text stands that our own reader has accepted."""
    events = iter(yaml.parse(text, LOADER))
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            return _span(next(events), events, _Offsets(text))
    raise AssertionError("a text that was accepted holds a document")


def _span(event: Any, events: Iterator[Any], offsets: _Offsets) -> _Span:
    span = _Span(offsets.at(event.start_mark), offsets.after(event), event.start_mark.column)
    if isinstance(event, yaml.ScalarEvent):
        return span
    span.is_flow, span.is_mapping = (
        bool(event.flow_style),
        isinstance(event, yaml.MappingStartEvent),
    )
    while not isinstance(first := next(events), yaml.CollectionEndEvent):
        if span.is_mapping:
            found = span.children[first.value] = _span(next(events), events, offsets)
        else:
            found = _span(first, events, offsets)
            span.items.append(found)
        span.last = max(found.end, offsets.after(first))
    span.end = offsets.at(first.end_mark) if span.is_flow else span.last
    return span
