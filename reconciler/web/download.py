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
from reconciler.web.deadline import deadline, time_left
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
    extensions = {"timeout": httpx.Timeout(_STEP).as_dict()}
    request = httpx.Request("GET", parsed, headers=headers, extensions=extensions)
    line = transport or connections_to(parsed)()
    try:
        with closing(line), deadline(SECONDS), closing(line.handle_request(request)) as response:
            if watch:
                watch(f"{what} {response.status_code}")
            _check(what, response)
            _copy(what, response, file, most)
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


def _check(what: str, response: httpx.Response) -> None:
    """Raise UnexpectedAnswer for what is not the file itself."""
    status = response.status_code
    if response.is_redirect:
        raise UnexpectedAnswer(what, f"HTTP {status}, a redirect, which is never followed")
    if status != HTTPStatus.OK:
        raise UnexpectedAnswer(what, f"HTTP {status}", advice=_AGAIN, status=status)
    if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnexpectedAnswer(what, "the answer is compressed, which was not asked for")


def _copy(what: str, response: httpx.Response, file: IO[bytes], most: int) -> None:
    size = 0
    # What comes from a transport in this process was read already.
    for chunk in [response.content] if response.is_stream_consumed else response.iter_raw():
        time_left()
        size += len(chunk)
        if size > most:
            raise UnexpectedAnswer(what, f"the file is longer than the {most} bytes it may be")
        file.write(chunk)
    said = response.headers.get("content-length", "")
    if said.isdecimal() and int(said) != size:
        raise UnexpectedAnswer(what, "the file ends early", advice=_AGAIN)


def _no_answer(what: str, problem: httpx.RequestError) -> ServiceError:
    fact = f"no answer, or not all of one ({type(problem).__name__})"
    return Unavailable(what, fact, advice="Check the network, and try again later.")
