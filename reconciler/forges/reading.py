"""JSON of a forge, read without trust: what is of another type than documented is not taken."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from reconciler.errors import UnexpectedAnswer

_MOST = 2**63


def items_of(request: str, data: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list. Raises UnexpectedAnswer."""
    if isinstance(data, list) and all(isinstance(each, dict) for each in data):
        return data
    raise UnexpectedAnswer(request, "the answer is not a list of JSON objects")


def object_of(request: str, data: Any) -> Mapping[str, Any]:
    if isinstance(data, dict):
        return data
    raise UnexpectedAnswer(request, "the answer is not a JSON object")


def number_at(request: str, item: Mapping[str, Any], key: str) -> int:
    """Return a positive number. Raises UnexpectedAnswer."""
    value = item.get(key)
    if is_number(value) and value:
        return int(value)
    raise UnexpectedAnswer(request, f"the answer has no number `{key}`")


def is_number(value: Any) -> bool:
    """Whether a value is a whole number, not negative, that a program may have counted to."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST


def text_at(item: Any, *path: str) -> str:
    """Return the text at a path of keys, "" where there is none."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, str) else ""


def author_at(user: Any, key: str) -> str:
    """Return the name of an account. Raises UnexpectedAnswer: none is that of those deleted."""
    if name := text_at(user, key):
        return name
    raise UnexpectedAnswer("GET /user", f"the answer has no text `{key}`")


def day_at(item: Any, key: str) -> date | None:
    """Return the day (UTC) of a time, None where there is none."""
    try:
        moment = datetime.fromisoformat(text_at(item, key))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()
    except (ValueError, OverflowError):
        return None
