"""A value of a YAML file replaced as text: what stands around it stays, and its comments too."""

import re
from collections.abc import Iterator, Sequence

import yaml

from reconciler.config.spans import BREAK, MARK, Offsets, Span, spans
from reconciler.config.syntax import LOADER

_COMMENT = re.compile(r"(?:(?<=[ \t])|^)#[^\r\n]*", re.MULTILINE)


def replaced(text: str, keys: Sequence[str], value: str) -> str:
    """Return the text with `value`, a flow in one line, in the place of what keys lead to.

    Comments inside of what is replaced are kept in lines of their own, behind it.
    """
    mark = MARK if text.startswith(MARK) else ""
    text = text.removeprefix(MARK)
    above, span = _span_at(text, keys)
    # The value may begin in a line below its key's.
    start, end = text.index(":", span.key_end) + 1, span.end
    comments = list(_comments(text, start, end))
    if above.is_flow or not comments:
        kept = "".join(f" {each}" for each in comments)
        return f"{mark}{text[:start]} {value}{kept}{text[end:]}"
    first = BREAK.search(text)
    line_break = first[0] if first else "\n"
    lines = "".join(f"{line_break}{' ' * (above.column + 2)}{each}" for each in comments)
    rest = BREAK.search(text, end)
    stop = rest.start() if rest else len(text)
    return f"{mark}{text[:start]} {value}{text[end:stop]}{lines}{text[stop:]}"


def _span_at(text: str, keys: Sequence[str]) -> tuple[Span, Span]:
    """Return the mapping that the last key stands in, and what stands at it."""
    above = span = spans(text)
    for key in keys:
        above, span = span, span.children[key]
    return above, span


def _comments(text: str, start: int, end: int) -> Iterator[str]:
    """Yield the comments in a part of the text; what stands in a scalar is none."""
    offsets = Offsets(text)
    scalars = [
        (offsets.at(event.start_mark), offsets.after(event))
        for event in yaml.parse(text, LOADER)
        if isinstance(event, yaml.ScalarEvent)
    ]
    for found in _COMMENT.finditer(text, start, end):
        if not any(first <= found.start() < last for first, last in scalars):
            yield found[0]
