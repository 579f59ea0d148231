"""What both kinds of webhooks share: the events, and lists of URLs (mailgun.md §8)."""

from collections.abc import Iterable
from typing import Any

from reconciler.fields import text

EVENTS = (
    "accepted",
    "clicked",
    "complained",
    "delivered",
    "opened",
    "permanent_fail",
    "temporary_fail",
    "unsubscribed",
)
MOST_URLS = 3


def in_order(values: Iterable[str]) -> list[str]:
    """Return a list that is a set: sorted, each value once."""
    return sorted(set(values))


def texts(value: Any) -> list[str]:
    """Return a list of texts, in order. Raises TypeError for anything else."""
    if not isinstance(value, list):
        raise TypeError(f"not a list: {type(value).__name__}")
    return in_order(text(each) for each in value)


def is_same_set(one: Iterable[str], other: Iterable[str]) -> bool:
    return set(one) == set(other)
