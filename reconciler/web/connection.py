"""A connection over the network, on which requests are sent one at a time.

httpx's own transport asks a pool of connections for each, which for a single one is half as much
work again.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore
import httpx

from reconciler.web.answer import by_name
from reconciler.web.exchange import Connection, Incoming, Request

_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


def origin_of(url: httpx.URL) -> httpcore.Origin:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/").origin


class Wire(Connection):
    """Connects when it has to: at first, and when the connection was closed meanwhile.

    A step of a request may take `timeout` seconds.
    """

    def __init__(
        self,
        origin: httpcore.Origin,
        connect: Callable[[httpcore.Origin], httpcore.ConnectionInterface],
        timeout: float,
    ) -> None:
        self._origin = origin
        self._connect = connect
        self._extensions: dict[str, Any] = {"timeout": httpx.Timeout(timeout).as_dict()}
        self._current: httpcore.ConnectionInterface | None = None

    @contextmanager
    def open(self, request: Request) -> Iterator[Incoming]:
        place, content = self._origin, cast(Iterator[bytes] | None, request.content)
        asked = httpcore.Request(
            request.method,
            httpcore.URL(
                scheme=place.scheme, host=place.host, port=place.port, target=request.target
            ),
            headers=request.headers,
            content=content,
            extensions=self._extensions,
        )
        try:
            response = self._begun(asked)
        except _FAILURES as problem:
            raise _as_of_httpx(problem) from problem
        stream: Any = response.stream
        try:
            yield Incoming(response.status, by_name(response.headers), _chunks(stream))
        finally:
            stream.close()

    def close(self) -> None:
        if self._current:
            self._current.close()
            self._current = None

    def _begun(self, asked: httpcore.Request) -> httpcore.Response:
        try:
            return self._ready().handle_request(asked)
        except BaseException:
            # What failed on its way, as in a proxy's tunnel, is not fit for another request.
            self.close()
            raise

    def _ready(self) -> httpcore.ConnectionInterface:
        if self._current and (self._current.is_closed() or self._current.has_expired()):
            self.close()
        if self._current is None:
            self._current = self._connect(self._origin)
        return self._current


def _chunks(stream: Iterable[bytes]) -> Iterator[bytes]:
    try:
        yield from stream
    except _FAILURES as problem:
        raise _as_of_httpx(problem) from problem


def _as_of_httpx(problem: Exception) -> httpx.RequestError:
    """Return the namesake that each error of httpcore has in httpx."""
    error: httpx.RequestError = getattr(httpx, type(problem).__name__)(str(problem))
    return error
