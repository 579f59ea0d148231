"""The open connections to one base URL, on which requests are sent as they are.

httpx's client would keep cookies, prepare redirects, and merge what it is told with what each
request says. We want none of that, and it takes as long as sending does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from reconciler.providers.api.auth import SecretAuth
from reconciler.web.answer import Answer
from reconciler.web.body import ENCODING
from reconciler.web.exchange import ask

_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": ENCODING,
    "User-Agent": "esp-reconcile",
}


class Pool:
    """Sends requests below a base URL, each on a connection that no other uses meanwhile.

    `connect` makes a transport of one connection; a step of a request may take `timeout` seconds.
    What came free last is used next: httpcore's pool would look at all of its connections for every
    request, with a system call for each that is idle.
    """

    def __init__(
        self,
        base_url: httpx.URL,
        connect: Callable[[], httpx.BaseTransport],
        timeout: float,
        *,
        reads_only: bool,
    ) -> None:
        self.base_url = base_url
        self._connect = connect
        self._timeout = {"timeout": httpx.Timeout(timeout).as_dict()}
        self._reads_only = reads_only
        # What hinders connections is known at once, and not by the first request.
        self._idle = [connect()]

    def ask(
        self, method: str, path: str, *, auth: SecretAuth, seconds: float, **content: Any
    ) -> Answer:
        """Send a request and return its whole answer. Raises httpx.RequestError, TooLongError."""
        # Whole, a URL is parsed once; a path would be parsed, joined, and parsed again.
        url = str(self.base_url).rstrip("/") + path
        request = httpx.Request(method, url, headers=_HEADERS, extensions=self._timeout, **content)
        if self._reads_only and request.method != "GET":
            raise AssertionError(f"a reading client was asked to {request.method}")
        auth.sign(request)
        with self._connection() as connection:
            return ask(connection, request, seconds)

    @contextmanager
    def _connection(self) -> Iterator[httpx.BaseTransport]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._idle.append(connection)
