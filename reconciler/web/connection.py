"""One connection to one place, on which requests are sent one at a time.

httpx's own transport asks a pool of connections for each, which for a single one is half as much
work again.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import httpcore
import httpx

_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


class Connection(httpx.BaseTransport):
    """Connects when it has to: at first, and when the connection was closed meanwhile."""

    def __init__(self, connect: Callable[[], httpcore.ConnectionInterface]) -> None:
        self._connect = connect
        self._current: httpcore.ConnectionInterface | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.RequestError."""
        url = request.url
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            response = self._open().handle_request(asked)
        except _FAILURES as problem:
            raise _as_of_httpx(problem) from problem
        content = _Content(response.stream)
        return httpx.Response(response.status, headers=response.headers, stream=content)

    def close(self) -> None:
        if self._current:
            self._current.close()
            self._current = None

    def _open(self) -> httpcore.ConnectionInterface:
        if self._current and (self._current.is_closed() or self._current.has_expired()):
            self.close()
        if self._current is None:
            self._current = self._connect()
        return self._current


class _Content(httpx.SyncByteStream):
    """What is still to come of an answer."""

    def __init__(self, stream: Any) -> None:
        self._stream: Iterable[bytes] = stream
        self._close: Callable[[], None] = stream.close

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._stream
        except _FAILURES as problem:
            raise _as_of_httpx(problem) from problem

    def close(self) -> None:
        self._close()


def _as_of_httpx(problem: Exception) -> httpx.RequestError:
    """Return the namesake that each error of httpcore has in httpx."""
    error: httpx.RequestError = getattr(httpx, type(problem).__name__)(str(problem))
    return error
