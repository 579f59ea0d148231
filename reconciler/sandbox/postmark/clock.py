"""Postmark's times, which carry the offset of the US East Coast (postmark.md §7.2)."""

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def _eastern() -> tzinfo:
    try:
        return ZoneInfo("America/New_York")
    except ZoneInfoNotFoundError:
        # Slim containers come without a time zone database; the offset is only for show.
        return timezone(timedelta(hours=-5))


EASTERN = _eastern()


def now_text() -> str:
    return datetime.now(EASTERN).isoformat(timespec="seconds")


def later_text(moment: str, *, days: int) -> str:
    return (datetime.fromisoformat(moment) + timedelta(days=days)).isoformat()


def precise_now_text() -> str:
    """Write seven digits of seconds, as in `2014-02-17T07:25:01.4178645-05:00`."""
    text = datetime.now(EASTERN).isoformat(timespec="microseconds")
    return f"{text[:26]}0{text[26:]}"


def utc_now() -> datetime:
    return datetime.now(UTC)
