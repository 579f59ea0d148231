"""A deadline for a whole request, beside the limits for its single steps.

Who sends a byte every few seconds, of headers or of a body, keeps to each of those for ever. So
whatever is read, written or shaken hands about within a `deadline` gets no more time than is left
of it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

import httpx


class _Deadline(local):
    at: float | None = None


_CURRENT = _Deadline()
"""Of the request that this thread makes: a connection is used by one thread at a time."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let what this thread does on connections raise ReadTimeout after so many seconds."""
    _CURRENT.at = time.monotonic() + seconds
    try:
        yield
    finally:
        _CURRENT.at = None


def time_left(timeout: float | None = None) -> float | None:
    """Return how long one step may take. Raises httpx.ReadTimeout when no time is left."""
    if _CURRENT.at is None:
        return timeout
    left = _CURRENT.at - time.monotonic()
    if left <= 0:
        raise httpx.ReadTimeout("the whole request took too long")
    return left if timeout is None else min(timeout, left)
