"""What the contract tests of Postmark share: a sandbox to drive, and requests to compare."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

from account import Account, yaml
from program import Served, run, served

__all__ = ["Account", "Sent", "Served", "fresh", "run", "sent", "served", "yaml"]


def fresh(server: Served) -> Served:
    """Return the running sandbox as new."""
    # Not by httpx, which builds a TLS context for each of such calls.
    reset = Request(f"{server.ports['postmark']['url']}/_sandbox/reset", method="POST")
    urlopen(reset).close()
    return server


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as the service understands it: keys and paths in any letter case, no nulls."""

    method: str
    path: str
    query: Mapping[str, str]
    tokens: frozenset[str]
    body: Any

    @property
    def target(self) -> tuple[str, str]:
        return self.method, self.path


def sent(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Sent:
    """Leave out what means nothing to Postmark: a final slash, null in a body (§1.1)."""
    parts = urlsplit(url)
    return Sent(
        method=method,
        path=parts.path.lower().rstrip("/"),
        query={key.lower(): value for key, value in parse_qsl(parts.query)},
        tokens=frozenset(name.lower() for name in headers if name.lower().endswith("-token")),
        body=_folded(json.loads(body)) if body else None,
    )


def _folded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower(): _folded(each) for key, each in value.items() if each is not None}
    return [_folded(each) for each in value] if isinstance(value, list) else value
