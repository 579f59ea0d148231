"""URLs as they may be shown: user info and the values of a query may be secrets (mailgun.md §8).

Host and path stand as they are. What is hidden is stood for by `(secret)`, and a mark at the end
tells one URL from another, so that what is shown of two URLs is the same only if they are.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from urllib.parse import parse_qsl

from reconciler.model import Secret, Withheld

Sent = str | Secret
"""A URL on its way into a request; one with something to hide is a secret there too."""

HIDDEN_URL = "its URL may hold a secret, which the YAML could only say in full"
_HIDDEN = "(secret)"
_URL = re.compile(
    r"(?P<scheme>(https?|mailto|[A-Za-z][A-Za-z0-9+.-]*(?=:[/\\])):)?(?P<slashes>[/\\]*)(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_HOST = re.compile(r"([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]*\])(:[0-9]*)?")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,31}")
_IN_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/[^\s\"'<>]*|[^\s\"'<>:]+:[^\s\"'<>]*@[^\s\"'<>]*")
_ROUNDS, _DIGITS = 1000, 12
_SUSPECT_NAME = re.compile(
    "access|auth|code|cred|hash|hmac|key|pass|pin|pw|secret|session|sid|sig|token|^[kpst]$",
    re.IGNORECASE,
)
_HARMLESS_VALUE = re.compile(r"[a-z]{0,16}([._-][a-z]{1,16}){0,2}|v?\d{1,4}")
"""A word or two, as `mailgun` or `eu-west`, or a small number."""


@lru_cache(maxsize=4096, typed=True)
def shown_url(url: str) -> str:
    """Return a URL as it may be shown; one in which there is nothing to hide is shown as it is."""
    if isinstance(url, Withheld):  # whatever of it is secret
        return f"{_HIDDEN}#{_mark(url.reveal())}"
    shown = _masked(url)
    return shown if shown == url else f"{shown}#{_mark(url)}"


def said_url(url: Sent) -> str | None:
    """Return a URL as a YAML may say it, in full; None where that could tell a secret."""
    full = url.reveal() if isinstance(url, Secret) else url
    match = _URL.fullmatch(full)
    if isinstance(url, Withheld) or match is None:
        return None
    place, query, fragment = _split(match["rest"])
    is_plain = _HIDDEN not in _place(place, f"{query}{fragment}") and len(fragment) <= 1
    return (
        full
        if is_plain and not any(map(_is_suspect, parse_qsl(query[1:], keep_blank_values=True)))
        else None
    )


def _is_suspect(parameter: tuple[str, str]) -> bool:
    """Whether a value may be a secret: by its name, or since it is no plain word or number.

    What stands alone is a name to the parser, and may be a secret as well.
    """
    name, value = parameter
    is_plain = _HARMLESS_VALUE.fullmatch(value) and (value or _HARMLESS_VALUE.fullmatch(name))
    return bool(_SUSPECT_NAME.search(name)) or not is_plain


def sent_urls(urls: Iterable[str]) -> Mapping[str, Sent]:
    """Return, by how they are shown, URLs as they are sent."""
    return {
        shown: url if shown == url else Secret(url) for url in urls for shown in [shown_url(url)]
    }


def without_secrets(words: str) -> str:
    """Return a service's words with each URL in them, and each `user:password@`, as shown."""
    return _IN_WORDS.sub(lambda found: _masked(found[0]), words)


def _mark(url: str) -> str:
    """Return what tells URLs apart in plans, also in saved ones, and costs who guesses at them."""
    content = url.encode("utf-8", "surrogatepass")
    return hashlib.pbkdf2_hmac("sha256", content, b"esp-reconcile/url", _ROUNDS).hex()[:_DIGITS]


def _masked(url: str) -> str:
    match = _URL.fullmatch(url)
    if match is None:
        return _HIDDEN
    place, query, fragment = _split(match["rest"])
    head = (match["scheme"] or "") + match["slashes"]
    return head + _place(place, f"{query}{fragment}") + _query(query) + _fragment(fragment)


def _split(rest: str) -> tuple[str, str, str]:
    """Return host and path, then the query and the fragment with the marks that they begin with."""
    before, hash_, after = rest.partition("#")
    place, mark, query = before.partition("?")
    return place, mark + query, hash_ + after


def _place(place: str, behind: str) -> str:
    """Hide the user; a password may hold, unescaped, the marks that end a host or a path."""
    authority = re.split(r"[/\\]", place, maxsplit=1)[0]
    if ":" in authority and "@" in place[len(authority) :]:
        authority = place
    user, at, host = authority.rpartition("@")
    if not _HOST.fullmatch(re.split(r"[/\\]", host)[0]) or ("@" in behind and ":" in host):
        return _HIDDEN
    return f"{_HIDDEN if user else ''}{at}{host}{place[len(authority) :]}"


def _query(query: str) -> str:
    if len(query) <= 1:
        return query
    return "?" + "".join(
        each if each in {"&", ";"} else _parameter(each) for each in re.split("([&;])", query[1:])
    )


def _parameter(parameter: str) -> str:
    """Show the name; a token that stands alone may end like one without a value."""
    name, _, value = parameter.partition("=")
    if not parameter:
        return ""
    return f"{name}={_HIDDEN}" if value.strip("=") and _NAME.fullmatch(name) else _HIDDEN


def _fragment(fragment: str) -> str:
    return f"#{_HIDDEN}" if len(fragment) > 1 else fragment
