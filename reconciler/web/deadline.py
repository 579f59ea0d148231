"""A deadline for a whole request: httpx itself knows limits for single reads and writes only.

Who sends a byte every few seconds, of headers or of a body, keeps to each of them for ever. So the
connections that httpx opens are wrapped, and whatever is read, written or shaken hands about within
a `deadline` gets no more time than is left of it.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import local
from typing import Any

import httpx


class _Deadline(local):
    at: float | None = None


_CURRENT = _Deadline()
"""Of the request that this thread makes: a connection is used by one thread at a time."""


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Let what this thread does on punctual connections raise ReadTimeout after so many seconds."""
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


class _Wrapper:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class Punctual(_Wrapper):
    """What httpcore connects with, wrapped, so that it knows deadlines."""

    def connect_tcp(self, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        return _Stream(self._inner.connect_tcp(*args, timeout=time_left(timeout), **kwargs))


class _Stream(_Wrapper):
    def read(self, max_bytes: int, timeout: float | None = None) -> Any:
        return self._inner.read(max_bytes, timeout=time_left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> Any:
        return self._inner.write(buffer, timeout=time_left(timeout))

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> Any:
        # Behind a proxy httpcore hands all of them on by their places.
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, time_left(timeout)))
