"""Additions to a YAML file as text, which leave every byte that was there as it was.

No round trip through a library keeps everything: what is not touched here is not even parsed and
written again, and stays. Lines are put in where the mapping or list that they belong to ends.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import yaml

from reconciler.config.spans import BREAK, MARK, Span, spans
from reconciler.config.syntax import LOADER
from reconciler.config.writing import Notes, Path, Writer, scalar
from reconciler.errors import ReconcileError
from reconciler.source import printable

_STEP = 2


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
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    span = spans(text).children["providers"].children[provider]
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
    if BREAK.search(text[-1:]) is None and _ends_in_lines(text):
        raise ReconcileError(
            "the file ends in a text of several lines; end it in a line break first"
        )


def _ends_in_lines(text: str) -> bool:
    scalars = [each for each in yaml.parse(text, LOADER) if isinstance(each, yaml.ScalarEvent)]
    return bool(scalars) and scalars[-1].style in {"|", ">"}


def with_provider(text: str, name: str, service: str, provider: Mapping[str, Any]) -> str:
    """Return the text with one more provider, in a file that has some."""
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    _check_end(text)
    span, writer = spans(text).children["providers"], Writer(service, {})
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

    def of_mapping(self, span: Span, tree: Mapping[str, Any], path: Path) -> Iterator[_Edit]:
        new = {key: value for key, value in tree.items() if key not in span.children}
        for key in tree.keys() - new.keys():
            yield from self._of_child(span, span.children[key], tree[key], (*path, key))
        if new:
            lines = self.writer.entries(new, span.column, path)
            in_line = self.writer.in_line(new, path)[1:-1]
            yield self.addition(span, lines, in_line, len(path))

    def remarks(self, span: Span, remarks: Sequence[str]) -> _Edit:
        lines = (f"{' ' * span.column}# {printable(each)}" for each in remarks)
        return self._lines_after(span.end, lines, -1)

    def _of_child(self, above: Span, span: Span, value: Any, path: Path) -> Iterator[_Edit]:
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
        self, above: Span, span: Span, value: Any, path: Path
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

    def addition(self, span: Span, lines: Iterator[str], in_line: str, depth: int) -> _Edit:
        if span.is_flow:
            return _Edit(span.last, span.last, f", {in_line}", depth)
        return self._lines_after(span.end, lines, depth)

    def _lines_after(self, at: int, lines: Iterator[str], depth: int) -> _Edit:
        """Put lines after the one that a place is in, with the line breaks of the file."""
        first, found = BREAK.search(self.text), BREAK.search(self.text, at)
        line_break = first[0] if first else "\n"
        text = "".join(f"{line}{line_break}" for line in lines)
        end = found.end() if found else len(self.text)
        return _Edit(end, end, text if found else line_break + text, depth)
