"""HTTP to a service. `Reader` can only GET; `Writer` is a `Reader` that can change things.

One rule for repeats: a GET is repeated after any failure that may pass. A write is repeated here
only when it surely had no effect (no connection, 429); in every other doubt it ends in
`OutcomeUnknown`, and who asked for it reads before trying again (postmark.md §1.8). A 429 is no
failure of the call: the governor holds everybody back, and the call is made again.
"""

import functools
import math
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol

import httpx

from reconciler.errors import (
    OutcomeUnknown,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.model import Secret, Withheld
from reconciler.providers.api.auth import SecretAuth
from reconciler.providers.api.budget import Budget
from reconciler.providers.api.disclosure import KnownSecrets, content_as_text, secrets_in
from reconciler.providers.api.governor import Governor, Turn
from reconciler.providers.api.pool import Pool
from reconciler.providers.api.standing import Standing
from reconciler.providers.api.waits import (
    LONGEST_WAIT,
    allowance_of,
    as_time,
    backoff,
    wait_asked_for,
)
from reconciler.source import printable
from reconciler.web.answer import Answer, is_redirect, leaves_doubt
from reconciler.web.body import LONGEST_ANSWER, TooLongError
from reconciler.web.exchange import NEVER_SENT, check_and_retry, unanswered

_LOOK_BETWEEN = "Check the base URL, and what stands between here and there."
Query = Mapping[str, str | int]
Form = Mapping[str, str | Secret | Sequence[str]]
Files = Mapping[str, tuple[str, bytes, str]]
"""By field: a name, a content and its media type."""
_SLOWEST = 50_000
"""Bytes a second at which a file is still given the time to be sent."""


class Dialect(Protocol):
    """How a service says that something is wrong."""

    def error(self, request: str, answer: Answer) -> ServiceError:
        """Return the error that an answer with a status of 300 or more stands for."""


@dataclass(frozen=True, slots=True)
class Line:
    """What a client needs to speak to one account with one secret.

    A whole request may take `seconds`. `standings` are those of the token and of its provider.
    """

    pool: Pool
    auth: SecretAuth
    dialect: Dialect
    governor: Governor
    retries: int
    seconds: float
    pause: Callable[[float], None]
    known: KnownSecrets
    standings: Sequence[Standing] = ()
    watch: Callable[[str], None] | None = None
    before_write: Callable[[], None] = lambda: None
    budget: Budget = field(default_factory=Budget)

    def wait_for_turn(self, request: str, path: str) -> Turn:
        """Raises RateLimited when the service asks for too long a wait."""
        turn = Turn()
        try:
            while seconds := self.governor.delay(turn, path):
                if seconds > LONGEST_WAIT + 1:
                    raise _too_long_to_wait(RateLimited, request, seconds)
                self.pause(seconds)
        finally:
            self.governor.left(turn)
        return turn

    def judge(self, judge: Callable[[], ServiceError]) -> ServiceError:
        """Return what an answer means; a refused token is not sent again."""
        for standing in self.standings:
            judge = functools.partial(standing.judge, judge)
        return judge()

    def tell(self, request: str, answer: Answer | None, begun: float) -> None:
        """Tell who watches of a request no more than METHOD, path, status and time."""
        if self.watch:
            status = answer.status if answer else "no answer"
            took = (time.monotonic() - begun) * 1000
            self.watch(f"{printable(request)} {status} {took:.0f} ms")


class Reader:
    """A client that can only read."""

    def __init__(self, line: Line) -> None:
        self._line = line

    @property
    def reach(self) -> Hashable:
        """What is equal for two clients with one secret at one URL; only to be compared."""
        return str(self._line.pool.base_url), self._line.auth.identity()

    @property
    def base_url(self) -> str:
        return str(self._line.pool.base_url)

    def get(self, path: str, params: Query | None = None) -> dict[str, Any]:
        """Return the JSON object at a path.

        Raises ServiceError: what the service refused, or, after all repeats, did not answer.
        """
        answer = self._send("GET", path, params=params)
        return _decode(f"GET {path}", answer, self._line.known)

    def _send(self, method: str, path: str, **content: Any) -> Answer:
        request = f"{method} {path}"
        attempt = 0
        while True:
            turn = self._line.wait_for_turn(request, path)
            try:
                answer = self._ask(method, path, content)
            except (httpx.RequestError, TooLongError) as problem:
                error, wait = _no_answer(request, self._line.pool.base_url, problem), None
            else:
                if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    self._line.governor.served(turn, path, allowance_of(answer))
                    return answer
                error = self._refusal(request, answer, list(secrets_in(content)))
                wait = wait_asked_for(answer)
                if isinstance(error, RateLimited):
                    self._line.governor.refused(turn, wait)
                    continue
                self._line.governor.served(turn, path, allowance_of(answer))
            if not isinstance(error, Unavailable) or attempt == self._line.retries:
                raise error
            self._line.pause(_agreed(error, wait, attempt))
            attempt += 1

    def _ask(self, method: str, path: str, content: Mapping[str, Any]) -> Answer:
        line, request = self._line, f"{method} {path}"
        for standing in line.standings:
            standing.check(request)
        line.budget.spend()
        begun, answer = time.monotonic(), None
        try:
            answer = line.pool.ask(
                method,
                path,
                auth=line.auth,
                seconds=line.seconds + _to_send(content.get("files", {})),
                before_write=line.before_write,
                **_revealed(content),
            )
        finally:
            line.tell(request, answer, begun)
        return answer

    def _refusal(self, request: str, answer: Answer, sent: Sequence[Secret]) -> ServiceError:
        if is_redirect(answer.status):
            return UnexpectedAnswer(
                request,
                f"HTTP {answer.status}, a redirect, which is never followed",
                advice="Check the base URL.",
                status=answer.status,
            )
        error = self._line.judge(lambda: self._line.dialect.error(request, answer))
        # The whole answer counts: what the error shows of it may end in the midst of the secret.
        text = f"{error} {content_as_text(answer)}"
        if self._line.known.are_told(text, sent):
            fact = f"HTTP {answer.status}; its text repeats a secret and is not shown"
            error = type(error)(request, fact, status=answer.status, code=error.code)
        if not request.startswith("GET ") and leaves_doubt(answer.status):
            return OutcomeUnknown(
                request,
                f"HTTP {answer.status}; whether it took effect is not known",
                status=answer.status,
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
        files: Files | None = None,
    ) -> dict[str, Any]:
        return self._write("POST", path, json=json, data=form, params=params, files=files)

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
        answer = self._send(method, path, **given)
        if not answer.body:
            return {}
        try:
            return _decode(f"{method} {path}", answer, self._line.known)
        except UnexpectedAnswer as error:
            raise OutcomeUnknown(error.request, "the answer is not a JSON object") from None


def _revealed(content: Any) -> Any:
    if isinstance(content, Secret | Withheld):
        return content.reveal()
    if isinstance(content, Mapping):
        return {name: _revealed(value) for name, value in content.items()}
    return [_revealed(value) for value in content] if isinstance(content, list) else content


def _to_send(files: Files) -> float:
    return sum(len(content) for _, content, _ in files.values()) / _SLOWEST


def _no_answer(
    request: str, url: httpx.URL, problem: httpx.RequestError | TooLongError
) -> ServiceError:
    host = url.netloc.decode("ascii")
    if isinstance(problem, TooLongError):
        fact = f"the answer of {host} is longer than {LONGEST_ANSWER // 2**20} MiB"
    elif isinstance(problem, httpx.TimeoutException):
        fact = f"{host} timed out ({type(problem).__name__})"
    else:
        fact = unanswered(host, problem)
    if not (request.startswith("GET ") or isinstance(problem, NEVER_SENT)):
        return OutcomeUnknown(request, f"{fact}; whether it took effect is not known")
    if isinstance(problem, TooLongError):
        return UnexpectedAnswer(request, fact, advice=_LOOK_BETWEEN)
    return Unavailable(request, fact, advice=check_and_retry(problem))


def _agreed(error: ServiceError, asked: float | None, attempt: int) -> float:
    """Return how long to wait; raise when the service asks for more than is reasonable."""
    if asked is None:
        return backoff(attempt)
    if asked > LONGEST_WAIT:
        raise _too_long_to_wait(type(error), error.request, asked, error.status)
    return asked + backoff(0) / 10


def _too_long_to_wait(
    error_type: type[ServiceError],
    request: str,
    seconds: float,
    status: int | None = HTTPStatus.TOO_MANY_REQUESTS,
) -> ServiceError:
    if seconds == math.inf:
        fact = f"the service has refused every call (HTTP 429) for {LONGEST_WAIT:.0f} seconds"
        advice = "Run again later, with fewer --connections, or with a lower --rate."
        return error_type(request, fact, advice=advice, status=status)
    # No number of its own: it may repeat a secret that is one.
    fact = f"the service asks to wait longer than {LONGEST_WAIT:.0f} seconds"
    return error_type(request, fact, advice=f"Run again after {as_time(seconds)}.", status=status)


def _decode(request: str, answer: Answer, known: KnownSecrets) -> dict[str, Any]:
    try:
        body = known.withheld(answer.json())
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise UnexpectedAnswer(
            request,
            f"HTTP {answer.status}, but the answer is not a JSON object",
            advice=_LOOK_BETWEEN,
            status=answer.status,
        )
    return body
