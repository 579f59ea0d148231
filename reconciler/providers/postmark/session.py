"""A session with Postmark: two clients, one for each kind of token, and its way to say no."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar

from reconciler.errors import (
    AlreadyExists,
    AuthenticationFailed,
    InvalidRequest,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.model import Address, Kind, Resource
from reconciler.providers.api import ClientT, Query, Reader, all_pages, safe_text
from reconciler.providers.postmark.advice import advice
from reconciler.web.answer import Answer, leaves_doubt

SITE = "postmark"
URL = "https://api.postmarkapp.com"
SERVER_HEADER = "X-Postmark-Server-Token"
ACCOUNT_HEADER = "X-Postmark-Account-Token"
PAGE = 500
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class PostmarkSession(Generic[ClientT]):
    """`server` sends the server token, `account` the account token.

    A server token that was not given is learnt from the account on first use, by `learn`. With one
    that was given, `check` is shown on first use what the service says of the server, and raises
    WrongServer when it is not the one that is meant.
    """

    def __init__(
        self,
        *,
        server: ClientT | None = None,
        account: ClientT | None = None,
        learn: Callable[[Reader], ClientT] | None = None,
        check: Callable[[Mapping[str, Any]], None] | None = None,
        probe: "Callable[[str, PostmarkDialect], Reader] | None" = None,
    ) -> None:
        self._server = server
        self._account = account
        self._learn = learn
        self._check = check
        self._probe = probe
        self._seen: dict[str, Any] | None = None
        self._lock = Lock()

    @property
    def server(self) -> ClientT:
        with self._lock:
            client = self._reached()
            if self._check:
                self._seen = self._look(client)
            return client

    def reach_server(self) -> None:
        """Learn the server's token, if it was not given."""
        with self._lock:
            self._reached()

    def own_server(self) -> dict[str, Any]:
        """Return what `GET /server` says; at first what was seen by the check, to ask only once."""
        with self._lock:
            seen, self._seen = self._seen, None
            client = self._reached()
        # Not under the lock: before the answer is shown, others' secrets may have to be learnt.
        return seen or self._look(client)

    def _reached(self) -> ClientT:
        if self._server is None and self._learn:
            self._server = self._learn(self.account)
        return _given(self._server, "token")

    def _look(self, client: Reader) -> dict[str, Any]:
        answer = identified(client.get("/server"), "GET /server")
        if check := self._check:
            check(answer)
            self._check = None
        return answer

    @property
    def account(self) -> ClientT:
        return _given(self._account, "account_token")

    def probe(self, key: str, dialect: "PostmarkDialect") -> Reader:
        """Return a client that sends the token `key` in a dialect's header, and asks once.

        A refusal of one token keeps no other from being tried.
        """
        return _given(self._probe, key)(key, dialect)


SessionT = TypeVar("SessionT")
GivenT = TypeVar("GivenT")
_ClientT_co = TypeVar("_ClientT_co", covariant=True)


class OnServer(Protocol[_ClientT_co]):
    """A session as the kinds of a server see it: to them there is no account token."""

    @property
    def server(self) -> _ClientT_co: ...

    def own_server(self) -> dict[str, Any]: ...


class OnAccount(Protocol[_ClientT_co]):
    """A session as the kinds of the account see it: to them there is no server token."""

    @property
    def account(self) -> _ClientT_co: ...


def _given(client: GivenT | None, key: str) -> GivenT:
    if client is None:
        raise AssertionError(f"validation lets nothing pass that needs a missing `{key}`")
    return client


@dataclass(frozen=True, slots=True)
class PostmarkDialect:
    """`token` and `home` name, for people, the token that is sent and where it is found."""

    token: str
    header: str
    other: str
    home: str

    def error(self, request: str, answer: Answer) -> ServiceError:
        """Decide by the body's ErrorCode, else by the status (postmark.md §1.4, §1.7, §11)."""
        code, text = _error_body(answer)
        fact = _fact(answer.status, code, text)
        way_out = advice(code, answer.status)
        error_type = _error_type(answer, code)
        if error_type is UnexpectedAnswer:
            way_out = "There is no such path there: check the base URL."
        if error_type is AuthenticationFailed:
            way_out = (
                f"The {self.token} was sent ({self.header}) and is not accepted here. It is easily "
                f"swapped with the {self.other}; find the right one at {self.home}."
            )
        if error_type is PermissionDenied and code is None:
            way_out = "It is no answer of Postmark's API: a firewall may stand in between."
        return error_type(request, fact, advice=way_out, status=answer.status, code=code)


SERVER_DIALECT = PostmarkDialect(
    "server token",
    SERVER_HEADER,
    "account token",
    "Postmark → Servers → your server → API Tokens",
)
ACCOUNT_DIALECT = PostmarkDialect(
    "account token", ACCOUNT_HEADER, "server token", "Postmark → Account → API Tokens"
)


def _error_body(answer: Answer) -> tuple[int | None, str]:
    """Return code and text; a web firewall answers in HTML, a missing server with nothing."""
    try:
        body = answer.json()
        # The header repeats the code, which the report of a failed verification may lack (§8.3).
        code = int(body.get("ErrorCode", answer.headers.get("x-pm-apierrorcode")))
        details = "; ".join([str(body.get("Message", "")), *_details(body)])
        return code, safe_text(details)
    except (ValueError, OverflowError, TypeError, AttributeError, RecursionError):
        return None, ""


def _details(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a trigger's probe found (code 1364), or each of several errors (code 11)."""
    for result in body.get("Results") or ():
        if not result.get("Success"):
            name, status = result.get("TriggerType"), result.get("StatusCode")
            yield f"{name}: {result.get('Message') or f'HTTP {status}'}"
    errors = body.get("Errors")
    for name, error in errors.items() if isinstance(errors, Mapping) else ():
        yield f"{name}: {error}"


def _fact(status: int, code: int | None, text: str) -> str:
    if code is None:
        return f"HTTP {status}, without an error code"
    return f'HTTP {status}, error code {code}: "{text}"'


_TYPES_BY_CODE: Mapping[int, type[ServiceError]] = {
    10: AuthenticationFailed,
    1480: PermissionDenied,
    429: RateLimited,
    **dict.fromkeys((501, 510, 1226, 1352), NotFound),
    # Not 603: the name of a server is another server's, and stays so however often it is asked for.
    **dict.fromkeys((504, 512, 1230), AlreadyExists),
}
_ABOUT_THE_CALLER = (10, 1480)
"""Codes that mean the same on any status (postmark.md §1.4)."""
_TYPES_BY_STATUS: Mapping[int, type[ServiceError]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationFailed,
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
    HTTPStatus.NOT_FOUND: NotFound,
}


def _error_type(answer: Answer, code: int | None) -> type[ServiceError]:
    """Decide by code where there is one: 500 to 523 inside a 422 are about domains and senders."""
    status = answer.status
    if code in _ABOUT_THE_CALLER:
        return _TYPES_BY_CODE[code]
    if leaves_doubt(status):
        return Unavailable
    if status == HTTPStatus.NOT_FOUND and code is None and answer.body:
        # Missing objects have a code, or no body at all: this is about the path.
        return UnexpectedAnswer
    by_status = _TYPES_BY_STATUS.get(status, InvalidRequest)
    if by_status in (AuthenticationFailed, RateLimited):
        return by_status
    return _TYPES_BY_CODE.get(code or 0, by_status)


def paged(
    client: Reader, path: str, key: str, filters: Query | None = None
) -> list[dict[str, Any]]:
    """Return all items of a list with `count`, `offset` and `TotalCount` (postmark.md §1.9).

    Raises UnexpectedAnswer when the list ends before its declared total.
    """
    request = f"GET {path}"

    def page(offset: int) -> tuple[list[dict[str, Any]], int]:
        answer = client.get(path, {"count": PAGE, "offset": offset, **(filters or {})})
        total = str(answer.get("TotalCount"))
        if not total.isdecimal():
            raise UnexpectedAnswer(request, "the answer holds no TotalCount")
        return listed(answer, path, key), int(total)

    return all_pages(request, page, "ID")


def listed(answer: dict[str, Any], path: str, key: str) -> list[dict[str, Any]]:
    """Return the objects under `key`; each must have an ID. Raises UnexpectedAnswer."""
    items = answer.get(key)
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and _is_id(item.get("ID")) for item in items
    ):
        raise UnexpectedAnswer(f"GET {path}", f"the answer holds no list of {key}")
    return items


def identified(answer: dict[str, Any], request: str) -> dict[str, Any]:
    """Return an answer that is an object with an ID. Raises UnexpectedAnswer."""
    if not _is_id(answer.get("ID")):
        raise UnexpectedAnswer(request, "the answer is not the object that was asked for")
    return answer


def _is_id(value: Any) -> bool:
    """Whether it is one, and can stand in a path as it is."""
    return isinstance(value, int | str) and bool(_ID.fullmatch(str(value)))


def read_object(client: Reader, path: str) -> dict[str, Any] | None:
    """Return the object at a path, None when there is none. Raises UnexpectedAnswer."""
    try:
        return identified(client.get(path), f"GET {path}")
    except NotFound:
        return None


def sought_id(kind: Kind[SessionT, Any], session: SessionT, known: Resource) -> str | None:
    """Return a thing's ID; there is no look-up by name, so that one is sought in the list.

    None also for what cannot be one: a saved plan may have been forged.
    """
    if known.remote_id is not None:
        return known.remote_id if _is_id(known.remote_id) else None
    items = kind.list(session, Address((known.address.provider,)))
    return next((each.remote_id for each in items if each.address == known.address), None)


def named(item: dict[str, Any], key: str, request: str) -> str:
    """Return an item's name. Raises UnexpectedAnswer when it has none."""
    name = item.get(key)
    if not isinstance(name, str) or not name:
        raise UnexpectedAnswer(request, f"an item of the list has no {key}")
    return name
