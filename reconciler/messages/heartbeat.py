"""Heartbeats: a check somewhere that notices when runs stay out, as Healthchecks takes them.

It is told whether a run could look, and not what it saw: an alarm that drift keeps ringing would
hide that nobody looks any more.
"""

from typing import Literal
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from reconciler.messages.hooks import Hook
from reconciler.messages.sending import post
from reconciler.model import Secret
from reconciler.source import printable
from reconciler.web import Web

Signal = Literal["start", "success", "fail", "log"]
LONGEST_BODY = 10_000
"""Bytes: what Healthchecks keeps, unless its operator says otherwise."""


def signal_for(state: str) -> Signal:
    """Return how a run ended: all but `error` looked, if at a part only."""
    return "fail" if state == "error" else "success"


def beat(
    web: Web, hook: Hook, signal: Signal, *, body: str = "", run_id: UUID | None = None
) -> None:
    """Send one signal, with some lines to be kept beside it; `run_id` pairs a start with its end.

    Raises MessageFailed.
    """
    lines = "\n".join(map(printable, body.splitlines()))
    content = lines.encode()[:LONGEST_BODY].decode(errors="ignore").encode()
    url = Secret(signal_url(hook.address.reveal(), signal, run_id))
    post(web, hook, url, content, {"Content-Type": "text/plain; charset=utf-8"})


def signal_url(base: str, signal: Signal, run_id: UUID | None = None) -> str:
    """Return where a signal goes; what the address asks for by itself, as `?create=1`, stays."""
    parts = urlsplit(base)
    path = parts.path.rstrip("/") + ("" if signal == "success" else f"/{signal}")
    asked = [each for each in parts.query.split("&") if each and not each.startswith("rid=")]
    paired = [f"rid={run_id}"] if run_id else []
    return urlunsplit((parts.scheme, parts.netloc, path, "&".join([*asked, *paired]), ""))
