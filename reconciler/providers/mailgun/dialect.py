"""How Mailgun says no, in its many ways, and what to do about each (mailgun.md §2.1, §2.2, §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from threading import Lock
from typing import Any

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
from reconciler.providers.api import Reader, content_as_text, safe_text
from reconciler.providers.mailgun.answers import DOMAINS
from reconciler.providers.mailgun.regions import Elsewhere, other_region
from reconciler.providers.urls import without_secrets
from reconciler.web.answer import Answer, leaves_doubt

_TRANSIENT = 420
"""Mailgun's own status for a limit that passes (mailgun.md §11)."""
_LONGEST = 4000
_FORBIDS_BAD_KEYS = ("/v1/", "/v5/")
"""Below these a key that is none gets the 403 of one whose role may not (mailgun.md §2.1)."""


class Home:
    """The region of the configuration, asked once whether it knows the key at all."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._lock = Lock()

    def refuses_key(self) -> bool:
        with self._lock:
            return self._refuses

    @cached_property
    def _refuses(self) -> bool:
        try:
            self._reader.get(DOMAINS, {"limit": 1})
        except AuthenticationFailed:
            return True
        except ServiceError:
            return False
        return False


@dataclass(frozen=True, slots=True)
class MailgunDialect:
    """`region` is where the configuration says that the account's domains live."""

    region: str
    elsewhere: Elsewhere | None = field(default=None, compare=False)
    home: Home | None = field(default=None, compare=False)

    def error(self, request: str, answer: Answer) -> ServiceError:
        """Decide by status and text."""
        status, body = answer.status, _body(answer)
        text = _text(body, answer)
        error_type = _error_type(status, body, text)
        if error_type is PermissionDenied and self._is_bad_key(request):
            error_type = AuthenticationFailed
        fact = f'HTTP {status}: "{text}"' if text else f"HTTP {status}, without a text"
        advice = self._advice(error_type, status, text.lower())
        return error_type(request, fact, advice=advice, status=status)

    def _is_bad_key(self, request: str) -> bool:
        path = request.partition(" ")[2]
        return (
            path.startswith(_FORBIDS_BAD_KEYS) and self.home is not None and self.home.refuses_key()
        )

    def _advice(self, error_type: type[ServiceError], status: int, text: str) -> str:
        if error_type is AuthenticationFailed:
            return self._key_advice()
        if status == HTTPStatus.PAYMENT_REQUIRED:
            return _PAYMENT
        said = next((advice for phrase, advice in _ADVICE_BY_TEXT.items() if phrase in text), "")
        return said or _ADVICE.get(error_type, "")

    def _key_advice(self) -> str:
        if self.elsewhere and (found := self.elsewhere.accepts_key()):
            return found
        return (
            "The key is not accepted here: it may be wrong, a domain sending key (which can only "
            f"send), or the domain may live in the region `{other_region(self.region)}` while the "
            f"configuration says `{self.region}`; or the account's IP allowlist keeps this machine "
            "out."
        )


_PAYMENT = (
    "The account's Mailgun plan does not include this: upgrade it, or take this off the YAML."
)
_ADVICE: Mapping[type[ServiceError], str] = {
    PermissionDenied: "The key's role may not do this (admin or developer may), or the account's "
    "IP allowlist keeps this machine out.",
    UnexpectedAnswer: "There is no such path there: check the base URL.",
    RateLimited: "Mailgun answers only so many calls in a time: run again in a few minutes; what "
    "is done by then is not done again.",
}
_ADVICE_BY_TEXT: Mapping[str, str] = {
    "already taken": "If it is being deleted just now, run again in some minutes; otherwise it is "
    "in another Mailgun account, and has to be deleted there, or released by Mailgun's support.",
    "invalid cname record": "Publish the tracking CNAME, verify the domain, and apply again.",
}


def _body(answer: Answer) -> dict[str, Any] | None:
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _text(body: dict[str, Any] | None, answer: Answer) -> str:
    """Return the service's words: their key varies from endpoint to endpoint (mailgun.md §3)."""
    if body is None:
        is_text = answer.headers.get("content-type", "").startswith("text/plain")
        return _words(content_as_text(answer)) if is_text else ""
    for key in ("message", "Reason", "Description", "error"):
        if body.get(key):
            return _words(str(body[key]))
    return _words(f"{body['Field']}: {body.get('Value', 'invalid')}") if "Field" in body else ""


def _words(text: str) -> str:
    """Return the service's words without what may be secret in the URLs that they repeat.

    No more than the beginning is looked at, of which still less is shown.
    """
    return safe_text(without_secrets(text[:_LONGEST]))


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
    if leaves_doubt(status):
        return Unavailable
    if any(phrase in text.lower() for phrase in _THERE_ALREADY):
        return AlreadyExists
    return _TYPES_BY_STATUS.get(status, InvalidRequest)
