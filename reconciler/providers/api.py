"""HTTP to a service. `Reader` can only GET; `Writer` is a `Reader` that can change things.

One rule for repeats: a GET is repeated after any failure that may pass. A write is repeated here
only when it surely had no effect (no connection, 429, 503); in every other doubt it ends in
`OutcomeUnknown`, and who asked for it reads before trying again (postmark.md §1.8).
"""

import base64
import functools
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from json import dumps
from typing import Any, Generic, Protocol, Self, TypeVar
from urllib.parse import quote, unquote

import httpx

from reconciler.errors import (
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.model import Provider, Sealed, Secret
from reconciler.providers.throttle import LONGEST_WAIT, Pace, as_time, backoff, wait_asked_for
from reconciler.source import printable

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_MOST_PAGES = 1000
_TELLING = 4
_IN_URL = re.compile(r"://(?:[^/?#@]*:)?([^/?#]+)@")
Query = Mapping[str, str | int]
Form = Mapping[str, str | Secret | Sequence[str]]


class Dialect(Protocol):
    """How a service says that something is wrong."""

    def error(self, request: str, response: httpx.Response) -> ServiceError:
        """Return the error that an answer with a status of 300 or more stands for."""


class SecretAuth(httpx.Auth):
    """Puts a secret into requests: with its subclasses, the only place that opens one."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    def identity(self) -> Sealed:
        """Return what tells this secret from others, and tells nothing of it."""
        return self._secret.sealed()

    def is_repeated_in(self, text: str) -> bool:
        """Whether a text holds the secret, in whatever letter case."""
        return any(form.lower() in text.lower() for form in self._forms())

    def _forms(self) -> Iterator[str]:
        """Yield the texts by which the secret could be known."""
        yield self._secret.reveal()


class SecretHeader(SecretAuth):
    """Sends a secret in a header of its own, and nothing else."""

    def __init__(self, header: str, secret: Secret) -> None:
        super().__init__(secret)
        self._header = header

    def auth_flow(self, request: httpx.Request) -> Any:
        request.headers[self._header] = self._secret.reveal()
        yield request


class SecretPassword(SecretAuth):
    """Sends a secret as the password of HTTP Basic authentication."""

    def __init__(self, user: str, secret: Secret) -> None:
        super().__init__(secret)
        self._user = user

    def auth_flow(self, request: httpx.Request) -> Any:
        yield from httpx.BasicAuth(self._user, self._secret.reveal()).auth_flow(request)

    def _forms(self) -> Iterator[str]:
        yield self._secret.reveal()
        yield base64.b64encode(f"{self._user}:{self._secret.reveal()}".encode()).decode()


@dataclass(frozen=True, slots=True)
class _Line:
    """What a client needs to speak to one account with one secret."""

    pool: httpx.Client
    auth: SecretAuth
    dialect: Dialect
    retries: int
    pause: Callable[[float], None]
    pace: Pace | None = None
    watch: Callable[[str], None] | None = None

    def wait_for_turn(self, path: str) -> None:
        if self.pace and (seconds := self.pace.wait(path)):
            self.pause(seconds)

    @contextmanager
    def watched(self, request: str) -> Iterator[list[httpx.Response]]:
        """Tell of a request no more than METHOD, path, status and time."""
        begun, answers = time.monotonic(), list[httpx.Response]()
        try:
            yield answers
        finally:
            if self.watch:
                status = answers[0].status_code if answers else "no answer"
                took = (time.monotonic() - begun) * 1000
                self.watch(f"{printable(request)} {status} {took:.0f} ms")


class Reader:
    """A client that can only read."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def get(self, path: str, params: Query | None = None) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises ServiceError: what the service refused, or, after all repeats, did not answer.
        """
        response = self._send("GET", path, params=params)
        return _decode(f"GET {path}", response)

    def _send(self, method: str, path: str, **content: Any) -> httpx.Response:
        request = f"{method} {path}"
        for attempt in range(self._line.retries + 1):
            self._line.wait_for_turn(path)
            try:
                with self._line.watched(request) as answers:
                    response = self._line.pool.request(
                        method, path, auth=self._line.auth, **_revealed(content)
                    )
                    answers.append(response)
            except httpx.RequestError as problem:
                error = _no_answer(request, problem)
                wait: float | None = None
            else:
                if response.status_code < HTTPStatus.MULTIPLE_CHOICES:
                    return response
                error = self._refusal(request, response, list(_secrets_in(content)))
                wait = wait_asked_for(response)
            if not isinstance(error, RateLimited | Unavailable) or attempt == self._line.retries:
                raise error
            self._line.pause(_agreed(error, wait, attempt))
        raise AssertionError("the loop above returns or raises")

    def _refusal(
        self, request: str, response: httpx.Response, sent: Sequence[Secret]
    ) -> ServiceError:
        if response.is_redirect:
            return UnexpectedAnswer(
                request,
                f"HTTP {response.status_code}, a redirect, which is never followed",
                advice="Check the base URL.",
                status=response.status_code,
            )
        error = self._line.dialect.error(request, response)
        # The whole answer counts: what the error shows of it may end in the midst of the secret.
        text = f"{error} {content_as_text(response)}"
        if self._line.auth.is_repeated_in(text) or any(_is_told(each, text) for each in sent):
            fact = f"HTTP {response.status_code}; its text repeats a secret and is not shown"
            error = type(error)(request, fact, status=response.status_code, code=error.code)
        if not request.startswith("GET ") and _leaves_doubt(response):
            return OutcomeUnknown(
                request,
                f"HTTP {response.status_code}; whether it took effect is not known",
                status=response.status_code,
                code=error.code,
            )
        return error


class Writer(Reader):
    """A client that can also change things.

    Every method returns the answer's JSON object, {} for an empty answer. They raise
    `OutcomeUnknown` when the change may have been made although no good answer came. A `Secret` in
    the content is opened here, on its way into the request.
    """

    def post(
        self,
        path: str,
        *,
        json: Any = None,
        form: Form | None = None,
        params: Query | None = None,
    ) -> dict[str, Any]:
        return self._write("POST", path, json=json, data=form, params=params)

    def put(
        self,
        path: str,
        *,
        json: Any = None,
        form: Form | None = None,
        params: Query | None = None,
    ) -> dict[str, Any]:
        return self._write("PUT", path, json=json, data=form, params=params)

    def patch(self, path: str, *, json: Any = None) -> dict[str, Any]:
        return self._write("PATCH", path, json=json)

    def delete(self, path: str, params: Query | None = None) -> dict[str, Any]:
        return self._write("DELETE", path, params=params)

    def _write(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        given = {name: value for name, value in content.items() if value is not None}
        response = self._send(method, path, **given)
        if not response.content:
            return {}
        try:
            return _decode(f"{method} {path}", response)
        except UnexpectedAnswer as error:
            raise OutcomeUnknown(error.request, "the answer is not a JSON object") from None


def _revealed(content: Any) -> Any:
    if isinstance(content, Secret):
        return content.reveal()
    if isinstance(content, Mapping):
        return {name: _revealed(value) for name, value in content.items()}
    return [_revealed(value) for value in content] if isinstance(content, list) else content


def _is_told(secret: Secret, text: str) -> bool:
    """Whether a text tells a secret; one of a few letters stands in every text."""
    forms = {form.lower() for form in _told_as(secret.reveal())}
    return any(len(form) >= _TELLING and form in text.lower() for form in forms)


def _told_as(value: str) -> Iterator[str]:
    """Yield the texts by which a value could be told: a URL by its password, any by its escapes."""
    for part in (value, *_IN_URL.findall(value)):
        yield from (part, quote(part, safe=""), unquote(part))
        for ascii_only in (True, False):
            yield dumps(part, ensure_ascii=ascii_only)[1:-1]


def _secrets_in(content: Any) -> Iterator[Secret]:
    if isinstance(content, Secret):
        yield content
    elif isinstance(content, Mapping | list):
        for value in content.values() if isinstance(content, Mapping) else content:
            yield from _secrets_in(value)


def _leaves_doubt(response: httpx.Response) -> bool:
    return response.is_server_error and response.status_code != HTTPStatus.SERVICE_UNAVAILABLE


def _no_answer(request: str, problem: httpx.RequestError) -> ServiceError:
    fact = "timed out" if isinstance(problem, httpx.TimeoutException) else "no answer"
    reason = f"{fact} ({type(problem).__name__})"
    if request.startswith("GET ") or isinstance(problem, _NEVER_SENT):
        return Unavailable(request, reason, advice="Check the network, and try again later.")
    return OutcomeUnknown(request, f"{reason}; whether it took effect is not known")


def _agreed(error: ServiceError, asked: float | None, attempt: int) -> float:
    """Return how long to wait; raise when the service asks for more than is reasonable."""
    if asked is None:
        return backoff(attempt)
    if asked > LONGEST_WAIT:
        fact = f"the service asks to wait {asked:.0f} seconds"
        raise type(error)(
            error.request, fact, advice=f"Run again after {as_time(asked)}.", status=error.status
        )
    return asked + backoff(0) / 10


def _decode(request: str, response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(
            request,
            f"HTTP {response.status_code}, but the answer is not a JSON object",
            advice="Check the base URL, and what stands between here and there.",
            status=response.status_code,
        )
    return body


def all_pages(
    request: str, page: Callable[[int], tuple[list[dict[str, Any]], int | None]], key: str
) -> list[dict[str, Any]]:
    """Return all items of a list that is answered in pages, each item once by its `key`.

    `page` returns, after so many items, the next ones and the declared total; where no total is
    declared a page with nothing new is the end. Raises UnexpectedAnswer when the list is not whole.
    """
    seen: dict[Any, dict[str, Any]] = {}
    declared = 0
    for _ in range(_MOST_PAGES):
        before = len(seen)
        items, total = page(before)
        seen |= {item[key]: item for item in items}
        if total is not None and (total < declared or total < len(seen)):
            # Items moved up: one that was not read yet may stand on a page already read.
            raise _not_whole(request, "it changed while it was read", len(seen), total)
        if len(seen) == total or (total is None and len(seen) == before):
            return list(seen.values())
        if len(seen) == before:
            raise _not_whole(request, "it ends", before, total)
        declared = total or 0
    raise _not_whole(request, "it does not end", len(seen), None)


def _not_whole(request: str, fact: str, count: int, total: int | None) -> UnexpectedAnswer:
    of_total = "" if total is None else f" of {total}"
    return UnexpectedAnswer(
        request,
        f"the list is not whole: {fact} after {count}{of_total}; nothing is planned from a part",
        advice="Run again.",
    )


ClientT = TypeVar("ClientT", bound=Reader, covariant=True)  # noqa: PLC0105 - sessions share it


@dataclass(frozen=True)
class Connector(Generic[ClientT]):
    """Makes clients of one type: `Connector(Reader)` makes no other than reading ones.

    `base_urls` replaces the built-in ones by site name; `transport` replaces the network;
    `watch` is told each request in a line of text. The
    connections stay open until the `with` block around the connector ends.
    """

    client_type: type[ClientT]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    connections: int = 8
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    watch: Callable[[str], None] | None = None
    _pools: ExitStack = field(default_factory=ExitStack, init=False)
    _paces: dict[Sealed, Pace] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pools.close()

    def pool(self, provider: Provider, site: str, built_in_url: str) -> httpx.Client:
        """Open the connections of one provider's account."""
        base_url = self.base_urls.get(site, built_in_url)
        limits = httpx.Limits(
            # Equal, or httpx opens a new connection for nearly every request above 20.
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
        )
        network: dict[str, Any] = (
            {"transport": self.transport} if self.transport else {"verify": _ssl_context()}
        )
        client = httpx.Client(
            base_url=base_url,
            timeout=provider.timeout,
            limits=limits,
            headers={"Accept": "application/json", "User-Agent": "esp-reconcile"},
            event_hooks={} if issubclass(self.client_type, Writer) else {"request": [_only_get]},
            # Plain http goes to loopback only, which no proxy reaches.
            trust_env=httpx.URL(base_url).scheme != "http",
            follow_redirects=False,
            **network,
        )
        return self._pools.enter_context(client)

    def client(
        self,
        provider: Provider,
        pool: httpx.Client,
        auth: SecretAuth,
        dialect: Dialect,
        pace: Pace | None = None,
    ) -> ClientT:
        line = _Line(pool, auth, dialect, provider.retry_attempts, self.pause, pace, self.watch)
        return self.client_type(line)

    def onlooker(
        self, pool: httpx.Client, auth: SecretAuth, dialect: Dialect, pace: Pace | None = None
    ) -> Reader:
        """Make a client that asks once and can only read, whatever this connector's others can."""
        return Reader(_Line(pool, auth, dialect, 0, self.pause, pace, self.watch))

    def shared_pace(self, auth: SecretAuth, pace: Pace) -> Pace:
        """Return the pace of all clients that use a secret: the first that was given for it."""
        return self._paces.setdefault(auth.identity(), pace)


def is_usable_url(url: str) -> bool:
    """Whether requests can be built from a base URL: its host name may be one in looks only."""
    try:
        httpx.Request("GET", url)
    except (httpx.InvalidURL, ValueError):
        return False
    return True


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Build the one context of the process: it takes 33 ms, and every client can share it."""
    return httpx.create_ssl_context()


def _only_get(request: httpx.Request) -> None:
    if request.method != "GET":
        raise AssertionError(f"a reading client was asked to {request.method}")


def content_as_text(response: httpx.Response) -> str:
    """Return the content as UTF-8: `response.text` fails on charsets that are none for text."""
    return response.content.decode("utf-8", "replace")


def safe_text(text: str) -> str:
    """Return a service's own words on one line, without control characters, at most 300 long."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(line.split())[:300]
