"""What may be told: a service's words may repeat what was sent to it."""

import re
from collections.abc import Iterator, Mapping
from json import dumps
from typing import Any
from urllib.parse import quote, unquote

import httpx

from reconciler.model import Secret

_TELLING = 4
_IN_URL = re.compile(r"://(?:[^/?#@]*:)?([^/?#]+)@")


def is_told(secret: Secret, text: str) -> bool:
    """Whether a text tells a secret; one of a few letters stands in every text."""
    forms = {form.lower() for form in _told_as(secret.reveal())}
    return any(len(form) >= _TELLING and form in text.lower() for form in forms)


def _told_as(value: str) -> Iterator[str]:
    """Yield the texts by which a value could be told: a URL by its password, any by its escapes."""
    for part in (value, *_IN_URL.findall(value)):
        yield from (part, quote(part, safe=""), unquote(part))
        for ascii_only in (True, False):
            yield dumps(part, ensure_ascii=ascii_only)[1:-1]


def secrets_in(content: Any) -> Iterator[Secret]:
    if isinstance(content, Secret):
        yield content
    elif isinstance(content, Mapping | list):
        for value in content.values() if isinstance(content, Mapping) else content:
            yield from secrets_in(value)


def content_as_text(response: httpx.Response) -> str:
    """Return the content as UTF-8: `response.text` fails on charsets that are none for text."""
    return response.content.decode("utf-8", "replace")


def safe_text(text: str) -> str:
    """Return a service's own words on one line, without control characters, at most 300 long."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(line.split())[:300]
