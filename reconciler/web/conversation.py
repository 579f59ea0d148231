"""Requests and their answers on one stream, one after the other, in the HTTP/1.1 that h11 knows.

httpcore's own connections know more (HTTP/2, traces, threads), which takes them as long again.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import h11
import httpcore
import httpx

from reconciler.web.answer import by_name
from reconciler.web.deadline import time_left
from reconciler.web.exchange import Incoming, RawHeaders, Request

FAILURES = (
    h11.ProtocolError,
    httpcore.NetworkError,
    httpcore.TimeoutException,
)

_LONGEST_HEAD = 100 * 1024
"""Bytes, of a status and its headers."""
_AT_ONCE = 64 * 1024
"""Bytes that are read at once."""


def as_of_httpx(problem: Exception) -> httpx.RequestError:
    """Return the namesake that each of the failures has in httpx."""
    error: httpx.RequestError = getattr(httpx, type(problem).__name__)(str(problem))
    return error


class Conversation:
    """Each step of it may take `timeout` seconds, and all no longer than the `deadline` around."""

    def __init__(self, stream: httpcore.NetworkStream, timeout: float) -> None:
        self._stream = stream
        self._timeout = timeout
        self._protocol = h11.Connection(h11.CLIENT, max_incomplete_event_size=_LONGEST_HEAD)
        self._said: RawHeaders | None = None
        self._headers: Any = None

    def ask(self, request: Request) -> Incoming:
        """Send a request, once the answer before it has come. Raises httpx.RequestError.

        The chunks that come raise it as well.
        """
        try:
            self._send(request)
            event = self._received()
            while not isinstance(event, h11.Response):
                event = self._received()
        except FAILURES as problem:
            raise as_of_httpx(problem) from problem
        headers = by_name(event.headers.raw_items())
        return Incoming(event.status_code, headers, self._chunks())

    def can_go_on(self) -> bool:
        """Whether the last answer has come whole, and nothing that nobody asked for."""
        protocol = self._protocol
        is_over = protocol.our_state is protocol.their_state is h11.DONE
        return is_over and not protocol.trailing_data[0]

    def has_ended(self) -> bool:
        """Whether something comes although nothing is asked: the end, or what nobody can trust."""
        return bool(self._stream.get_extra_info("is_readable"))

    def close(self) -> None:
        self._stream.close()

    def _send(self, request: Request) -> None:
        if self._protocol.our_state is h11.DONE:
            self._protocol.start_next_cycle()
        head = self._head_of(request)
        # Who refuses a request before all of it has come may have said why.
        with suppress(httpcore.WriteError):
            self._write(head)
            for chunk in request.content or ():
                self._write(h11.Data(data=chunk))
            self._write(h11.EndOfMessage())

    def _head_of(self, request: Request) -> h11.Request:
        said = list(request.headers)
        # What is said in each request is looked through by h11 once.
        headers = self._headers if said == self._said else said
        head = h11.Request(method=request.method, target=request.target, headers=headers)
        self._said, self._headers = said, head.headers
        return head

    def _write(self, event: h11.Event) -> None:
        if data := self._protocol.send(event):
            self._stream.write(data, timeout=time_left(self._timeout))

    def _chunks(self) -> Iterator[bytes]:
        try:
            while isinstance(event := self._received(), h11.Data):
                yield bytes(event.data)
        except FAILURES as problem:
            raise as_of_httpx(problem) from problem

    def _received(self) -> Any:
        while (event := self._protocol.next_event()) is h11.NEED_DATA:
            data = self._stream.read(_AT_ONCE, timeout=time_left(self._timeout))
            self._protocol.receive_data(data)
        return event
