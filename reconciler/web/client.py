"""One request and its whole answer: no redirect is followed, no cookie kept, nothing repeated.

A URL and a header may be secrets, so no error quotes them.
"""

from collections.abc import Mapping
from json import dumps
from typing import Any, Self

import httpx

from reconciler.errors import OutcomeUnknown, ServiceError, Unavailable, UnexpectedAnswer
from reconciler.model import Secret
from reconciler.source import nothing
from reconciler.web.address import check_address
from reconciler.web.answer import Answer
from reconciler.web.body import ENCODING, LONGEST_ANSWER, TooLongError
from reconciler.web.exchange import (
    NEVER_SENT,
    Connection,
    check_and_retry,
    encoded,
    place_of,
    unanswered,
)
from reconciler.web.network import check_network, connections_to

SECONDS = 30.0
"""What a whole request may take, its answer included."""

Header = str | Secret


class TooLong(UnexpectedAnswer):
    """An answer to a read is longer than LONGEST_ANSWER; a smaller part may be asked for."""


class Web:
    """Sends requests, one at a time; it is a context manager.

    httpx's own client logs each URL, adds cookies and merges headers; its transports do nothing of
    the kind.
    """

    def __init__(
        self, *, headers: Mapping[str, Header] = nothing(), seconds: float = SECONDS
    ) -> None:
        """Raises UsageError when the environment names a proxy or certificates that are none."""
        check_network()
        self._headers = {"User-Agent": "esp-reconcile", "Accept-Encoding": ENCODING, **headers}
        self._seconds = seconds
        self._connections = dict[str, Connection]()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._connections:
            self._connections.popitem()[1].close()

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, Header] = nothing(),
        place: str = "",
    ) -> Answer:
        """Send a request and return its answer, whatever its status.

        `place` stands for the URL in messages, its host if there is none. Raises Unavailable when
        no answer came, UnexpectedAnswer for one that cannot be taken, and OutcomeUnknown for either
        if the request may have changed something.
        """
        check_address(url, place or "the URL")
        if json is not None:
            content = _encoded(json)
            headers = {"Content-Type": "application/json", **headers}
        request = httpx.Request(
            method,
            url,
            headers=_opened({**self._headers, **headers}),
            content=content,
        )
        host = request.url.host
        try:
            return self._connection(request.url).ask(encoded(request), self._seconds)
        except (httpx.RequestError, TooLongError) as problem:
            error = _no_answer(f"{method} {place or host}", host, problem, self._seconds)
        raise error

    def _connection(self, url: httpx.URL) -> Connection:
        """Return the connection to the place of a URL, which is kept."""
        place = place_of(url)
        if place not in self._connections:
            self._connections[place] = connections_to(url, self._seconds)()
        return self._connections[place]


def _encoded(data: Any) -> bytes:
    """Return JSON; half a surrogate pair, which a file's name may hold, is none for receivers."""
    return dumps(data, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def _opened(headers: Mapping[str, Header]) -> list[tuple[bytes, bytes]]:
    """Return headers as they are sent: the one place where their secrets are opened."""
    revealed = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in headers.items()
    }
    return [
        (name.encode(), value.encode(errors="surrogateescape")) for name, value in revealed.items()
    ]


def _no_answer(
    request: str, host: str, problem: httpx.RequestError | TooLongError, seconds: float
) -> ServiceError:
    """Return what it means that no answer could be taken; httpx's own words may quote the URL."""
    is_too_long = isinstance(problem, TooLongError)
    if is_too_long:
        fact = f"the answer of {host} is longer than {LONGEST_ANSWER // 2**20} MiB"
    elif isinstance(problem, httpx.DecodingError):
        fact = f"the answer of {host} is compressed in a way that was not asked for, or broken"
    elif isinstance(problem, httpx.TimeoutException):
        fact = f"{host} took longer than {seconds:g} seconds"
    else:
        fact = unanswered(host, problem)
    if not (request.startswith(("GET ", "HEAD ")) or isinstance(problem, NEVER_SENT)):
        return OutcomeUnknown(
            request,
            f"{fact}; whether it took effect is not known",
            advice="Check the network, and look before running again.",
        )
    if is_too_long or isinstance(problem, httpx.DecodingError):
        error = TooLong if is_too_long else UnexpectedAnswer
        advice = "Check the address, and what stands between here and there."
        return error(request, fact, advice=advice)
    return Unavailable(request, fact, advice=check_and_retry(problem))
