"""The payload of the event that started a run on GitHub, as far as it tells the pull request."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.errors import UsageError
from reconciler.files import read_plainly
from reconciler.forges.reading import is_number, text_at

_LONGEST = 32 * 2**20
"""Bytes; GitHub caps payloads at 25 MB."""
COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
"""The full name of a commit, by SHA-1 or SHA-256."""


@dataclass(frozen=True, slots=True)
class Event:
    """`head` is the commit that the event is about, "" where the payload does not say."""

    pull_request: int | None
    head: str


def read_event(variable: str, path: Path) -> Event:
    """Return what a payload tells.

    Raises UsageError, which names the variable that led there, if it cannot be read or is broken.
    """
    try:
        content = read_plainly(path, _LONGEST)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or "no path"
        raise _broken(variable, f"the file cannot be read ({why})") from None
    if len(content) > _LONGEST:
        raise _broken(variable, f"the file is longer than {_LONGEST // 2**20} MiB")
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError):
        raise _broken(variable, "the file is not JSON") from None
    if not isinstance(payload, dict):
        raise _broken(variable, "the file holds no JSON object")
    return Event(_pull_request(variable, payload), _head(variable, payload))


def _pull_request(variable: str, payload: dict[str, Any]) -> int | None:
    """Return the number; a comment on a pull request comes as one on an issue."""
    for key in ("pull_request", "issue"):
        told = payload.get(key)
        is_mere = key == "issue" and isinstance(told, dict) and "pull_request" not in told
        if told is None or is_mere:
            continue
        number = told.get("number") if isinstance(told, dict) else None
        if not (is_number(number) and number):
            raise _broken(variable, f"the payload's {key}.number is no number from 1 on")
        return int(number)
    return None


def _head(variable: str, payload: dict[str, Any]) -> str:
    if payload.get("pull_request") is not None:
        where, head = "pull_request.head.sha", text_at(payload, "pull_request", "head", "sha")
    elif payload.get("workflow_run") is not None:
        where, head = "workflow_run.head_sha", text_at(payload, "workflow_run", "head_sha")
    else:
        return ""
    if not COMMIT.fullmatch(head):
        raise _broken(variable, f"the payload's {where} is not the full name of a commit")
    return head


def _broken(variable: str, fact: str) -> UsageError:
    return UsageError(
        f"{variable}: {fact}; it is what GitHub writes for each run: see that no step before "
        "changes the variable or the file"
    )
