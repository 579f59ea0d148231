"""HTTP to a forge: pages, limits, and what an answer means. Nothing of an answer is trusted.

A read is repeated after what may pass. A write is not: what was read before it may be old by then,
so who asked for it has to look again.
"""

import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from json import loads
from typing import Any, TypeVar
from urllib.parse import urlencode

from reconciler.errors import (
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.forges.reading import items_of
from reconciler.model import Secret
from reconciler.source import shortened
from reconciler.web import Answer, TooLong, Web

T = TypeVar("T")
LONGEST_WAIT = 120.0
"""Seconds that limits and failures may be waited for, in all."""
PER_PAGE = 100
_FEWER_PER_PAGE = (10, 2)
"""Anybody may write comments so long that a hundred of them are no answer that is taken."""
_MOST_PAGES = 1000
_REPEATS = 2
_SHORTEST_WAIT = 1.0
"""Seconds: who says "at once" again and again would be asked for ever."""
_WAIT_UNTOLD = 60.0
"""Seconds: what GitHub asks for where it says nothing."""
_LONGEST_SAID = 100 * 366 * 86400.0
_PIECE = 8
"""So many characters of a token in a row are never shown."""
_LONG_WORD = re.compile(r"\S{20,}")
"""No word of a forge's own, but what a token of this run may look like, in whatever form."""

Query = Mapping[str, str | int]
NextPage = Callable[[str, str, Answer], str | None]
"""Takes the request, its query and the answer."""


class Waited(Exception):
    """A limit was waited for, and the write that met it was not made."""


@dataclass(slots=True)
class Client:
    """Speaks to one API with one token.

    `next_page` returns the query of the page that an answer says comes next. `permissions` says
    what a token needs that was refused something.
    """

    web: Web
    api_url: str
    token: Secret
    permissions: str
    next_page: NextPage
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    _patience: float = field(default=LONGEST_WAIT, init=False)

    def get(self, path: str, query: Query | None = None) -> Any:
        """Return the JSON at a path. Raises ServiceError."""
        return self._decoded("GET", path, self._read(path, urlencode(query or {})))

    def pages(self, path: str, query: Query | None = None) -> list[Mapping[str, Any]]:
        """Return the objects of all pages of a list. Raises ServiceError."""
        for per_page in (PER_PAGE, *_FEWER_PER_PAGE):
            pages = self._pages(path, {**(query or {}), "per_page": per_page})
            try:
                return [each for page in pages for each in page]
            except TooLong as problem:
                error = problem
        raise error

    def write(
        self,
        method: str,
        path: str,
        content: Mapping[str, Any] | None = None,
        *,
        api_url: str = "",
    ) -> Any:
        """Change something and return the JSON of the answer, None if it is empty.

        `api_url` is that of another API of this forge. Raises ServiceError, OutcomeUnknown among
        them, and Waited.
        """
        answer = self._ask(method, path, content=content, api_url=api_url)
        error = self._refusal(method, path, answer)
        if isinstance(error, RateLimited):
            self._wait_for_limit(answer, error)
            raise Waited
        if isinstance(error, Unavailable):
            fact = f"HTTP {answer.status}; whether it took effect is not known"
            raise OutcomeUnknown(error.request, fact, status=answer.status)
        if error:
            raise error
        return self._decoded(method, path, answer) if answer.body else None

    def _pages(self, path: str, query: Query) -> Iterator[list[Mapping[str, Any]]]:
        request = f"GET {path}"
        following: str | None = urlencode(query)
        seen = set[str]()
        while following is not None:
            if following in seen or len(seen) == _MOST_PAGES:
                raise UnexpectedAnswer(request, "its pages lead to each other, or do not end")
            seen.add(following)
            answer = self._read(path, following)
            yield items_of(request, self._decoded("GET", path, answer))
            following = self.next_page(request, following, answer)

    def _read(self, path: str, query: str) -> Answer:
        repeats = 0
        while True:
            try:
                answer = self._ask("GET", f"{path}?{query}" if query else path, place=path)
                error = self._refusal("GET", path, answer)
            except Unavailable as problem:
                error = problem
            if error is None:
                return answer
            if isinstance(error, RateLimited):
                self._wait_for_limit(answer, error)
            elif isinstance(error, Unavailable) and repeats < _REPEATS:
                repeats += 1
                self._wait(2.0**repeats, error)
            else:
                raise error

    def _ask(
        self,
        method: str,
        path: str,
        *,
        content: Mapping[str, Any] | None = None,
        place: str = "",
        api_url: str = "",
    ) -> Answer:
        url = (api_url or self.api_url) + path
        return self.web.request(method, url, json=content, place=place or path)

    def _wait_for_limit(self, answer: Answer, error: RateLimited) -> None:
        self._wait(max(_SHORTEST_WAIT, wait_asked_for(answer, self.clock())), error)

    def _wait(self, seconds: float, error: ServiceError) -> None:
        if seconds > self._patience:
            raise error
        self._patience -= seconds
        self.pause(seconds)

    def _refusal(self, method: str, path: str, answer: Answer) -> ServiceError | None:
        """Return the error that an answer stands for, None if it is good."""
        status, request = answer.status, f"{method} {path}"
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        said = self._said(answer)
        if _is_limit(answer, said):
            seconds = math.ceil(wait_asked_for(answer, self.clock()))
            advice = f"Run again in {seconds} seconds, with fewer jobs at once."
            fact = f"HTTP {status}: the forge allows no more calls with this token for now"
            return RateLimited(request, fact, advice=advice, status=status)
        type_, advice = self._meaning(status)
        fact = f"HTTP {status}" + (f': "{shortened(said)}"' if said else "")
        return type_(request, fact, advice=advice, status=status)

    def _meaning(self, status: int) -> tuple[type[ServiceError], str]:
        if status == HTTPStatus.UNAUTHORIZED:
            return AuthenticationFailed, f"Check the token; it needs {self.permissions}."
        if status == HTTPStatus.FORBIDDEN:
            why = "the token of a fork's pull request may only read"
            return PermissionDenied, f"The token needs {self.permissions}; {why}."
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
            return NotFound, "Check the number and the repository, and what the token may see."
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Unavailable, "Try again later."
        if status < HTTPStatus.BAD_REQUEST:
            return UnexpectedAnswer, "It leads elsewhere, and is not followed: check the API's URL."
        return InvalidRequest, ""

    def _said(self, answer: Answer) -> str:
        """Return a forge's own words, unless they repeat the token or a piece of it.

        It may be given other secrets of the run to repeat, and this one in another form.
        """
        try:
            data = loads(answer.body)
        except (ValueError, RecursionError):
            return ""
        said = data.get("message") or data.get("error") if isinstance(data, dict) else None
        token = self.token.reveal()
        pieces = (token[at : at + _PIECE] for at in range(max(1, len(token) - _PIECE + 1)))
        if not isinstance(said, str) or any(piece in said for piece in pieces):
            return ""
        return _LONG_WORD.sub("…", said)

    def _decoded(self, method: str, path: str, answer: Answer) -> Any:
        try:
            return loads(answer.body)
        except (ValueError, RecursionError):
            pass
        fact = f"HTTP {answer.status}, but the answer is not JSON"
        advice = "Check the API's URL, and what stands between here and there."
        error = OutcomeUnknown if method != "GET" else UnexpectedAnswer
        raise error(f"{method} {path}", fact, advice=advice, status=answer.status)


def patiently(write: Callable[[], T]) -> T:
    """Make a write that needs no fresh look before it, again after each limit that it met."""
    while True:
        try:
            return write()
        except Waited:
            continue


def wait_asked_for(answer: Answer, now: float) -> float:
    """Return the seconds to wait after a limit; `now` counts from the epoch.

    `Retry-After` (seconds or a date) counts most, then `X-RateLimit-Reset` (GitHub) or
    `RateLimit-Reset` (GitLab), in seconds from the epoch.
    """
    after = answer.headers.get("retry-after", "")
    resets = (answer.headers.get(f"{x}ratelimit-reset", "") for x in ("x-", ""))
    for seconds in (_number(after), _until(after, now), *(_number(each) - now for each in resets)):
        if 0 <= seconds <= _LONGEST_SAID:
            return seconds
    return _WAIT_UNTOLD


def _is_limit(answer: Answer, said: str) -> bool:
    """Tell a limit from a missing permission, which GitHub answers with 403 both."""
    if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    is_spent = answer.headers.get("x-ratelimit-remaining", "").strip() == "0"
    tells = is_spent or "retry-after" in answer.headers or "rate limit" in said.lower()
    return answer.status == HTTPStatus.FORBIDDEN and tells


def _number(text: str) -> float:
    """Return a number that a header says, NaN if it says none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def _until(text: str, now: float) -> float:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now
    except (ValueError, OverflowError):
        return math.nan
