"""What checks of connections came to, as text and as data."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from reconciler.engine.examining import Checked, passed
from reconciler.model import Health
from reconciler.reports.changes import coloured
from reconciler.reports.table import table
from reconciler.source import printable

_WORDS = {Health.GOOD: "ok", Health.FAILED: "failed", Health.UNKNOWN: "unknown"}
_COLOURS = {Health.GOOD: "done", Health.FAILED: "failed", Health.UNKNOWN: "skipped"}


def checks_as_text(looks: Sequence[Checked]) -> str:
    """Return, by provider, a line for each look, with a way out below what failed."""
    blocks = [
        "\n".join([f"{printable(name)} ({group[0].service})", *_lines(group)])
        for name, group in _by_provider(looks)
    ]
    return "\n\n".join([*blocks, _summary(looks)])


def _by_provider(looks: Iterable[Checked]) -> Iterator[tuple[str, list[Checked]]]:
    for name, group in groupby(looks, lambda each: each.provider):
        yield name, list(group)


def _lines(group: Sequence[Checked]) -> Iterator[str]:
    rows = [
        (_WORDS[each.observation.health], printable(each.subject), _fact(each)) for each in group
    ]
    for each, line in zip(group, table(rows, indent=2).split("\n"), strict=True):
        word = _WORDS[each.observation.health]
        yield line.replace(word, coloured(word, _COLOURS[each.observation.health]), 1)
        yield from (f"           {way_out}" for way_out in _ways_out(each))


def _fact(each: Checked) -> str:
    took = "" if each.seconds is None else f"  ({each.seconds * 1000:.0f} ms)"
    return printable(each.observation.fact) + took


def _ways_out(each: Checked) -> Iterator[str]:
    if each.observation.advice:
        yield printable(each.observation.advice)
    if each.token and each.has_failed:
        yield f"{each.token.where}: {each.token.link}"


def _summary(looks: Sequence[Checked]) -> str:
    if not looks:
        return "Nothing to check."
    failed = [name for name, is_good in passed(looks) if not is_good]
    if failed:
        return f"Check: failed for {', '.join(map(printable, failed))}."
    return "Check: all good."


def checks_as_document(looks: Sequence[Checked], at: datetime) -> dict[str, Any]:
    """Return the looks as data; `at` is when they were made, in UTC."""
    verdicts = dict(passed(looks))
    return {
        "format_version": "1",
        "command": "check",
        "at": at.isoformat(timespec="seconds"),
        "passed": all(verdicts.values()),
        "providers": [
            {
                "name": name,
                "service": group[0].service,
                "passed": verdicts[name],
                "looks": [_look_as_document(each) for each in group],
            }
            for name, group in _by_provider(looks)
        ],
    }


def _look_as_document(each: Checked) -> dict[str, Any]:
    return {
        "subject": each.subject,
        "key": each.key or None,
        "state": str(each.observation.health),
        "fact": each.observation.fact,
        "advice": each.observation.advice,
        "milliseconds": None if each.seconds is None else round(each.seconds * 1000),
        "where": each.token.where if each.token else None,
        "link": each.token.link if each.token else None,
    }
