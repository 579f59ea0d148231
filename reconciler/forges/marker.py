"""The line by which a comment or an issue of ours is found again, and what it remembers.

It is the last line. An HTML comment is not shown, but the text of a mail shows it, and people read
that from its beginning. Foreign text cannot follow it there, and what it quotes comes before.

It holds base64 in the alphabet that has no `-`: two of them must not stand in an HTML comment.
"""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from reconciler.forges.reading import is_number

LONGEST_MARKER = 8_000
"""Characters. A body that leaves so many of those that a forge takes has room for its marker."""
LONGEST_TEXT = 65_000
"""Characters of a body with its marker: they are never more bytes than GitHub takes (262,144)."""
_KEY_DIGITS = 16


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A run of CI; a later one is greater. It may be attempted again under its number."""

    number: int
    attempt: int = 1

    def as_data(self) -> list[int]:
        return [self.number, self.attempt]

    @classmethod
    def of(cls, data: Any) -> Self | None:
        """Return what a marker says, None for what is no run."""
        is_pair = isinstance(data, list) and len(data) == 2  # noqa: PLR2004 - a pair
        return cls(*data) if is_pair and all(map(is_number, data)) else None


@dataclass(frozen=True, slots=True)
class Marker:
    """What marks the bodies of one kind for one key, of which only a hash is shown."""

    kind: str
    key: str

    @property
    def beginning(self) -> str:
        digest = hashlib.sha256(self.key.encode("utf-8", "surrogatepass")).hexdigest()
        return f"<!-- esp-reconcile:{self.kind} key={digest[:_KEY_DIGITS]}"

    def on(self, text: str, data: Mapping[str, Any]) -> str:
        """Return a body: a text, and below it the marker with some data."""
        content = b64encode(_compact(data)).decode("ascii")
        line = f"{self.beginning} data={content} -->"
        body = f"{text.rstrip()}\n\n{line}"
        if len(line) > LONGEST_MARKER or len(body) > LONGEST_TEXT:
            raise AssertionError(
                f"a body of {len(body)} characters, its marker of {len(line)}, was not cut: this "
                "is an error in esp-reconcile, please report it"
            )
        return body

    def is_on(self, body: str) -> bool:
        return self._line(body) is not None

    def data(self, body: str) -> Mapping[str, Any]:
        """Return what the marker of a body holds; nothing if somebody edited it to say nothing."""
        match = re.search(r" data=([A-Za-z0-9+/]+={0,2}) -->", self._line(body) or "")
        try:
            data = json.loads(b64decode(match[1], validate=True)) if match else None
        except (ValueError, RecursionError):
            data = None
        return data if isinstance(data, dict) else {}

    def text(self, body: str) -> str:
        """Return a body without its marker."""
        line = self._line(body)
        return body if line is None else normal(body.rpartition(line)[0])

    def _line(self, body: str) -> str | None:
        """Return the last line that begins as the marker: others may be quoted above it."""
        lines = (line for line in reversed(body.splitlines()) if line.startswith(self.beginning))
        return next(lines, None)


def normal(body: str) -> str:
    """Return a body as one that went through a forge is equal to it, its editor included."""
    return body.replace("\r\n", "\n").strip().encode(errors="replace").decode()


def _compact(data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.encode()
