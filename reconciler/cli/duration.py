"""Spans of time as options: `30s`, `2m`, `1h30m`, or a number of seconds."""

import re

import click

_PARTS = re.compile(r"(?:(\d{1,4})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s?)?")
_LONGEST = 7 * 24 * 3600


def as_seconds(_: click.Context, __: click.Parameter, text: str) -> float:
    """Return an option's value in seconds, at most those of a week. Raises click.BadParameter."""
    found = _PARTS.fullmatch(text.strip().lower()) if text.isascii() else None
    if not text.strip() or found is None:
        raise click.BadParameter("a time such as 90s, 2m or 1h30m is wanted")
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    total = hours * 3600 + minutes * 60 + seconds
    if total > _LONGEST:
        raise click.BadParameter("no more than a week is wanted")
    return float(total)
