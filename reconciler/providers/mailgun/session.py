"""A session with Mailgun: one client in one region, and its many ways to say no."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from threading import Lock
from typing import Any, Generic

import httpx

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
from reconciler.providers.api import ClientT, Reader, Writer, all_pages, content_as_text, safe_text
from reconciler.providers.api.governor import Start
from reconciler.providers.desired import host_name

URLS = {"us": "https://api.mailgun.net", "eu": "https://api.eu.mailgun.net"}
USER = "api"
PAGE = 1000
DOMAINS = "/v4/domains"
_TRANSIENT = 420
"""Mailgun's own status for a limit that passes (mailgun.md §11)."""


START = Start(300, ("/v3/domains", "/v4/domains", "/v1/webhooks"))
"""The limit as it was documented (mailgun.md §3.1); what answers say and do counts more."""


class Elsewhere:
    """The other region, which is asked once, and only read (mailgun.md §1).

    `declared` are the domains that the configuration has in its own region, `region`.
    """

    def __init__(self, region: str, declared: Iterable[str], reader: Reader) -> None:
        self._region = region
        self._declared = frozenset(declared)
        self._reader = reader
        self._lock = Lock()

    def missing(self, found: Iterable[str]) -> None:
        """Raise InvalidRequest when a declared domain that is not here is there."""
        missing = self._declared - set(found)
        if missing and (misplaced := sorted(missing & (self._domains or set()))):
            raise InvalidRequest(
                f"GET /v4/domains/{misplaced[0]}", self._fact(misplaced), advice=self._way_out()
            )

    def accepts_key(self) -> str:
        """Return what a refused key can do in the other region; nothing if it is refused there.

        Without a domain to look for there is nothing to find out.
        """
        if not self._declared or self._domains is None:
            return ""
        here = sorted(self._declared & self._domains)
        fact = self._fact(here) if here else f"the key is accepted in {self.region.upper()}"
        return f"{fact[0].upper()}{fact[1:]}. {self._way_out()}"

    @property
    def region(self) -> str:
        return other_region(self._region)

    def _fact(self, domains: list[str]) -> str:
        """Say it of the first one: what holds for one domain holds for most of them."""
        more = f" (and {len(domains) - 1} more)" if len(domains) > 1 else ""
        return (
            f"the domain {domains[0]}{more} exists in {self.region.upper()}, "
            f"the config says {self._region}"
        )

    def _way_out(self) -> str:
        return (
            f"Set `region: {self.region}`, or declare it under a provider of that region; "
            "a domain cannot be moved."
        )

    @property
    def _domains(self) -> frozenset[str] | None:
        with self._lock:
            return self._found

    @cached_property
    def _found(self) -> frozenset[str] | None:
        try:
            return frozenset(host_name(item["name"]) for item in paged(self._reader, DOMAINS))
        except ServiceError:
            return None


def other_region(region: str) -> str:
    return "us" if region == "eu" else "eu"


@dataclass(frozen=True, slots=True)
class MailgunSession(Generic[ClientT]):
    client: ClientT
    elsewhere: Elsewhere | None = None


Reading = MailgunSession[Reader]
Writing = MailgunSession[Writer]


@dataclass(frozen=True, slots=True)
class MailgunDialect:
    """`region` is where the configuration says that the account's domains live."""

    region: str
    elsewhere: Elsewhere | None = field(default=None, compare=False)

    def error(self, request: str, response: httpx.Response) -> ServiceError:
        """Decide by status and text (mailgun.md §2.1, §2.2, §3)."""
        status, body = response.status_code, _body(response)
        text = _text(body, response)
        error_type = _error_type(status, body, text)
        fact = f'HTTP {status}: "{text}"' if text else f"HTTP {status}, without a text"
        return error_type(request, fact, advice=self._advice(error_type), status=status)

    def _advice(self, error_type: type[ServiceError]) -> str:
        if error_type is AuthenticationFailed:
            return self._key_advice()
        return {
            PermissionDenied: "The key's role may not do this (admin or developer may), or the "
            "account's IP allowlist keeps this machine out.",
            UnexpectedAnswer: "There is no such path there: check the base URL.",
        }.get(error_type, "")

    def _key_advice(self) -> str:
        if self.elsewhere and (found := self.elsewhere.accepts_key()):
            return found
        return (
            "The key is not accepted here: it may be wrong, a domain sending key (which can only "
            f"send), or the domain may live in the region `{other_region(self.region)}` while the "
            f"configuration says `{self.region}`; or the account's IP allowlist keeps this machine "
            "out."
        )


def _body(response: httpx.Response) -> dict[str, Any] | None:
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _text(body: dict[str, Any] | None, response: httpx.Response) -> str:
    """Return the service's words: their key varies from endpoint to endpoint (mailgun.md §3)."""
    if body is None:
        is_text = response.headers.get("content-type", "").startswith("text/plain")
        return safe_text(content_as_text(response)) if is_text else ""
    for key in ("message", "Reason", "Description", "error"):
        if body.get(key):
            return safe_text(str(body[key]))
    return safe_text(f"{body['Field']}: {body.get('Value', 'invalid')}") if "Field" in body else ""


_TYPES_BY_STATUS: Mapping[int, type[ServiceError]] = {
    HTTPStatus.UNAUTHORIZED: AuthenticationFailed,
    HTTPStatus.FORBIDDEN: PermissionDenied,
    HTTPStatus.TOO_MANY_REQUESTS: RateLimited,
    _TRANSIENT: RateLimited,
}


_THERE_ALREADY = ("already exists", "already taken", "already been initiated", "duplicate key")


def _error_type(status: int, body: dict[str, Any] | None, text: str) -> type[ServiceError]:
    if status == HTTPStatus.NOT_FOUND:
        # A 404 that is not JSON, or says `error`, is about the path, not about the object.
        return UnexpectedAnswer if body is None or "error" in body else NotFound
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unavailable
    if any(phrase in text.lower() for phrase in _THERE_ALREADY):
        return AlreadyExists
    return _TYPES_BY_STATUS.get(status, InvalidRequest)


def paged(client: Reader, path: str) -> list[dict[str, Any]]:
    """Return all items of a list with `limit`, `skip` and `total_count` (mailgun.md §4.4).

    Raises UnexpectedAnswer when the list ends before its declared total.
    """

    def page(skip: int) -> tuple[list[dict[str, Any]], int | None]:
        answer = client.get(path, {"limit": PAGE, "skip": skip})
        total = answer.get("total_count")
        return _items(answer, path), total if isinstance(total, int) else None

    return all_pages(f"GET {path}", page, "name")


def _items(answer: dict[str, Any], path: str) -> list[dict[str, Any]]:
    """Return the items of a page; an empty list may be null."""
    items = answer.get("items", ...)
    if items is None:
        return []
    if not isinstance(items, list) or not all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and item["name"]
        for item in items
    ):
        raise UnexpectedAnswer(f"GET {path}", "the answer holds no list of items")
    return items


def listed(answer: dict[str, Any], key: str, request: str) -> list[dict[str, Any]]:
    """Return the objects in the list under `key`, which may be null. Raises UnexpectedAnswer."""
    found = answer.get(key, ...)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UnexpectedAnswer(request, f"the answer holds no list of `{key}`")
    return found


def section(answer: dict[str, Any], key: str, request: str) -> dict[str, Any]:
    """Return the object under `key`. Raises UnexpectedAnswer when there is none."""
    found = answer.get(key)
    if not isinstance(found, dict):
        raise UnexpectedAnswer(request, f"the answer holds no `{key}`")
    return found
