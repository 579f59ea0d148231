"""When to try again: what an answer asks for or allows, else exponential back-off with jitter."""

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from reconciler.web.answer import Answer

LONGEST_WAIT = 120.0
"""Seconds. A service that asks for more is reported instead of waited for."""

_LONGEST_SAID = 100 * 366 * 86400.0
"""Seconds. What lies beyond, and what lies in the past, is no answer to "when?"."""

_DIGITS = 16
_RESETS = ("retry-after", "x-ratelimit-reset", "x-request-reset", "ratelimit-reset")
_AFTER_SECONDS = re.compile(r"try again after (\d+(?:\.\d+)?) seconds?", re.IGNORECASE)
_AFTER_DATE = re.compile(r"try again after (\w{3}, \d.+ (?:UTC|GMT))", re.IGNORECASE)


def backoff(attempt: int) -> float:
    """Return the seconds to wait before repeat `attempt` (from 0): 1, 2, 4, 8, with jitter."""
    return min(8.0, 2.0**attempt) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret is drawn


def wait_asked_for(answer: Answer, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds that an answer asks to wait, None when it does not say.

    Read are `Retry-After` (seconds or a date), reset headers (mailgun.md §3.1: epoch milliseconds,
    epoch seconds or seconds), the body's `retry-seconds`, and the dates and seconds in refusals.
    """
    for asked in _hints(answer, now()):
        if asked is not None and 0.0 <= asked <= _LONGEST_SAID:
            return asked
    return None


def _hints(answer: Answer, now: float) -> Iterator[float | None]:
    yield from (_seconds(answer.headers.get(name, ""), now) for name in _RESETS)
    yield _from_body(answer)
    # Not by its charset: the one that a header names may be none for text.
    text = answer.body[:4096].decode("utf-8", "replace")
    if match := _AFTER_SECONDS.search(text):
        yield float(match[1])
    if match := _AFTER_DATE.search(text):
        yield _until(match[1].replace("UTC", "GMT"), now)


def _seconds(value: str, now: float) -> float | None:
    """Tell epoch milliseconds, epoch seconds and seconds apart by their size (mailgun.md §3.1)."""
    try:
        number = float(value)
    except ValueError:
        return _until(value, now)
    if number > 1e11:  # noqa: PLR2004
        return number / 1000 - now
    return number - now if number > 1e9 else number  # noqa: PLR2004


def _until(date: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (ValueError, OverflowError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now


def _from_body(answer: Answer) -> float | None:
    try:
        body: Any = answer.json()
        return float(body["retry-seconds"])
    except (ValueError, OverflowError, TypeError, KeyError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a good answer says is left: so many calls, until a new window in so many seconds.

    `is_own` when only the path that was called is counted so (mailgun.md §3.1: `/verify`).
    """

    remaining: int
    resets_in: float
    is_own: bool


_COUNTERS = {"x-ratelimit": False, "ratelimit": False, "x-request": True}


def allowance_of(answer: Answer, now: Callable[[], float] = time.time) -> Allowance | None:
    """Return what an answer's headers say is left (mailgun.md §3.1), None when they do not say."""
    for family, is_own in _COUNTERS.items():
        remaining = answer.headers.get(f"{family}-remaining", "")
        if remaining.isdecimal() and len(remaining) < _DIGITS:
            reset = _seconds(answer.headers.get(f"{family}-reset", ""), now())
            if reset is not None and 0.0 < reset <= LONGEST_WAIT:
                return Allowance(int(remaining), reset, is_own)
    return None


def as_time(seconds_from_now: float) -> str:
    """Return the day and time (UTC) at which to come back."""
    moment = datetime.fromtimestamp(time.time() + seconds_from_now, UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")
