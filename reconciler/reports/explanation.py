"""An explanation as text for people, and as data."""

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from reconciler.engine.explanation import Explanation, FieldFacts
from reconciler.fields import UNKNOWN
from reconciler.model import as_text
from reconciler.source import printable

WIDEST = 100
"""Signs; longer lines are hard to read."""
_LABEL = 9


def explanation_as_text(found: Explanation, width: int) -> str:
    width = min(width, WIDEST)
    blocks = ["\n".join([found.subject, *_wrapped(found.description, width)])]
    blocks += ["\n".join(_field(each, width)) for each in found.fields]
    if found.would:
        calls = f"{found.calls} call{'' if found.calls == 1 else 's'}"
        told = [f"A plan would {found.would}. It takes {calls} to read."]
        told += [f"Note: {note}" for note in found.notes]
        blocks += ["\n".join(_wrapped(each, width, indent=0)) for each in told]
    return printable_lines("\n\n".join(blocks))


def printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def _field(facts: FieldFacts, width: int) -> Iterator[str]:
    yield facts.name
    yield from _wrapped(facts.description or facts.title, width)
    values = ", ".join(map(as_text, facts.values))
    for label, told in (
        ("wanted", _wanted(facts)),
        ("live", _value(facts.live)),
        ("default", _value(facts.default)),
        ("values", values),
        ("fixed", facts.fixed),
        ("doubt", facts.doubt),
        ("plan", f"would {facts.would}" if facts.would else ""),
    ):
        if told:
            first, *others = wrap(told, width - _LABEL - 2, break_long_words=False) or [told]
            yield f"  {label:{_LABEL}}{first}"
            yield from (f"  {'':{_LABEL}}{line}" for line in others)


def _wanted(facts: FieldFacts) -> str:
    if facts.taken:
        return f"nothing: `null` takes away what a profile says   {facts.taken}"
    if facts.location is None:
        return ""
    said = f", by profile `{facts.profile}`" if facts.profile else ""
    return f"{_value(facts.wanted)}   {facts.location}{said}"


def _value(value: Any) -> str:
    return "" if value is UNKNOWN else as_text(value)


def _wrapped(text: str, width: int, indent: int = 2) -> list[str]:
    lines = wrap(text, width - indent, break_long_words=False, break_on_hyphens=False)
    return [f"{' ' * indent}{line}" for line in lines]


def explanation_as_document(found: Explanation) -> dict[str, Any]:
    """Return an explanation as data; what is not known is left out."""
    return {
        "format_version": "1",
        "subject": found.subject,
        "description": found.description,
        "fields": [dict(_facts(each)) for each in found.fields],
        "plan": found.would or None,
        "notes": list(found.notes),
        "calls": found.calls,
    }


def _facts(facts: FieldFacts) -> Iterator[tuple[str, Any]]:
    yield "name", facts.name
    for name in ("title", "description", "fixed", "profile", "doubt", "would"):
        if told := getattr(facts, name):
            yield name, told
    if facts.values:
        yield "values", list(facts.values)
    for name in ("default", "wanted", "live"):
        if (value := getattr(facts, name)) is not UNKNOWN:
            yield name, json.loads(as_text(value))
    for name in ("location", "taken"):
        if place := getattr(facts, name):
            yield name, {"file": place.file, "line": place.line, "column": place.column}
