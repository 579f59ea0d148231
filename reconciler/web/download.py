"""A file from wherever a service says that it lies: to disk, with no secret in the request.

Its address may be all the permission that it takes, so no error quotes more than its host.
"""

from collections.abc import Callable
from contextlib import closing
from http import HTTPStatus
from typing import IO

import httpx

from reconciler.errors import ServiceError, Unavailable, UnexpectedAnswer, UsageError
from reconciler.web.address import check_address
from reconciler.web.answer import is_redirect
from reconciler.web.deadline import deadline, time_left
from reconciler.web.exchange import Incoming, InProcess, TunnelError, check_and_retry, encoded
from reconciler.web.network import connections_to

SECONDS = 900.0
"""What a whole download may take."""
_STEP = 30.0
_AGAIN = "Ask the service for a new link: such links hold for a short time only."


def download(
    url: str,
    file: IO[bytes],
    *,
    most: int,
    by_plain_http: bool = False,
    transport: httpx.BaseTransport | None = None,
    watch: Callable[[str], None] | None = None,
) -> None:
    """Write what lies at a URL to a file, at most so many bytes.

    It is one of https; of plain http, on loopback, only where the service itself is called so.
    A `transport` replaces the network. Raises Unavailable when no answer came, and UnexpectedAnswer
    for one that is no such file.
    """
    parsed = _parsed(url, by_plain_http=by_plain_http)
    what = f"GET {parsed.host}"
    headers = {"User-Agent": "esp-reconcile", "Accept-Encoding": "identity"}
    request = encoded(httpx.Request("GET", parsed, headers=headers))
    line = InProcess(parsed, transport) if transport else connections_to(parsed, _STEP)()
    try:
        with closing(line), deadline(SECONDS), line.open(request) as answer:
            if watch:
                watch(f"{what} {answer.status}")
            _check(what, answer)
            _copy(what, answer, file, most)
    except httpx.RequestError as problem:
        raise _no_answer(what, problem) from None


def _parsed(url: str, *, by_plain_http: bool) -> httpx.URL:
    try:
        parsed = httpx.URL(check_address(url, "the link"))
    except (UsageError, httpx.InvalidURL):
        parsed = httpx.URL()
    if parsed.scheme == "https" or (parsed.scheme == "http" and by_plain_http):
        return parsed
    fact = "the link to the file is no https URL, and is not followed"
    raise UnexpectedAnswer("GET", fact, advice="Check the base URL.")


def _check(what: str, answer: Incoming) -> None:
    """Raise UnexpectedAnswer for what is not the file itself."""
    status = answer.status
    if is_redirect(status):
        raise UnexpectedAnswer(what, f"HTTP {status}, a redirect, which is never followed")
    if status != HTTPStatus.OK:
        raise UnexpectedAnswer(what, f"HTTP {status}", advice=_AGAIN, status=status)
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnexpectedAnswer(what, "the answer is compressed, which was not asked for")


def _copy(what: str, answer: Incoming, file: IO[bytes], most: int) -> None:
    size = 0
    for chunk in answer.chunks:
        time_left()
        size += len(chunk)
        if size > most:
            raise UnexpectedAnswer(what, f"the file is longer than the {most} bytes it may be")
        file.write(chunk)
    said = answer.headers.get("content-length", "")
    if said.isdecimal() and int(said) != size:
        raise UnexpectedAnswer(what, "the file ends early", advice=_AGAIN)


def _no_answer(what: str, problem: httpx.RequestError) -> ServiceError:
    why = problem.fact if isinstance(problem, TunnelError) else type(problem).__name__
    fact = f"no answer, or not all of one ({why})"
    return Unavailable(what, fact, advice=check_and_retry(problem))
