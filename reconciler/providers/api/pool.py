"""The open connections to one base URL, on which requests are sent as they are.

httpx's client would keep cookies, prepare redirects, and merge what it is told with what each
request says. We want none of that, and it takes as long as sending does.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpx

from reconciler.providers.api.auth import SecretAuth
from reconciler.web.answer import Answer
from reconciler.web.body import ENCODING
from reconciler.web.exchange import Connection, Request, encoded, place_of

_HEADERS = [
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", ENCODING.encode()),
    (b"User-Agent", b"esp-reconcile"),
]
_PLAIN = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")
"""A path in which nothing is to be escaped, and no dots lead to another place."""


class Pool:
    """Sends requests below a base URL, each on a connection that no other uses meanwhile.

    `connect` makes a connection. What came free last is used next: httpcore's pool would look at
    all of its connections for every request, with a system call for each that is idle.
    """

    def __init__(
        self, base_url: httpx.URL, connect: Callable[[], Connection], *, reads_only: bool
    ) -> None:
        self.base_url = base_url
        self._below = base_url.raw_path.rstrip(b"/").decode("ascii")
        self._headers = [(b"Host", base_url.netloc), *_HEADERS]
        self._connect = connect
        self._reads_only = reads_only
        # What hinders connections is known at once, and not by the first request.
        self._idle = [connect()]

    def ask(
        self,
        method: str,
        path: str,
        *,
        auth: SecretAuth,
        seconds: float,
        before_write: Callable[[], None] = lambda: None,
        params: Mapping[str, str | int] | None = None,
        **content: Any,
    ) -> Answer:
        """Send a request and return its whole answer. Raises httpx.RequestError, TooLongError.

        What else httpx knows to send is `content`. Right before what may change something is sent,
        on a connection that is open, `before_write` is called.
        """
        target, headers = self._target(path, params), [*self._headers, auth.header()]
        if method == "GET":
            request = Request(method, target, headers)
        elif self._reads_only:
            raise AssertionError(f"a reading client was asked to {method}")
        else:
            whole = httpx.Request(method, self.base_url, headers=headers, **content)
            request = replace(encoded(whole), target=target, before=before_write)
        connection = self._free()
        try:
            return connection.ask(request, seconds)
        finally:
            self._idle.append(connection)

    def _target(self, path: str, params: Mapping[str, str | int] | None) -> bytes:
        query = f"?{httpx.QueryParams(params)}" if params else ""
        target = f"{self._below}{path}{query}"
        if _PLAIN.fullmatch(path):
            return target.encode()
        return httpx.URL(f"{place_of(self.base_url)}{target}").raw_path

    def _free(self) -> Connection:
        """Return a connection that nobody uses; it is to be put back."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()
