"""Durations as people write them: `90s`, `30m`, `2h`; a number alone is seconds."""

import re

import click

_DURATION = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(s|m|h)?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, None: 1}


def seconds(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Return a duration in seconds; the callback of an option."""
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise click.BadParameter(f"{value!r} is no duration; say 90s, 30m or 2h", ctx, param)
    return float(found[1]) * _SECONDS[found[2]]
