"""A connection over the network, on which requests are sent one at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.web.conversation import Conversation
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import Connection, Incoming, Request
from reconciler.web.route import connect


class Wire(Connection):
    """Connects when it has to: at first, and when the connection was closed meanwhile.

    A step of a request may take `timeout` seconds.
    """

    def __init__(self, to: Endpoint, proxy: Proxy | None, timeout: float) -> None:
        self._to = to
        self._proxy = proxy
        self._timeout = timeout
        self._current: Conversation | None = None

    @contextmanager
    def open(self, request: Request) -> Iterator[Incoming]:
        current = self._ready()
        request.before()
        try:
            yield current.ask(request)
        finally:
            if not current.can_go_on():
                self.close()

    def close(self) -> None:
        if self._current:
            self._current.close()
            self._current = None

    def _ready(self) -> Conversation:
        if self._current and self._current.has_ended():
            self.close()
        if self._current is None:
            stream = connect(self._to, self._proxy, self._timeout)
            self._current = Conversation(stream, self._timeout)
        return self._current
