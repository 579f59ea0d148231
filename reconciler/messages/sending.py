"""Sending to a hook: once, and with no word of its address or of its answer when that fails."""

import hmac
import json
from collections.abc import Mapping

from reconciler.errors import MessageFailed, ReconcileError
from reconciler.messages.hooks import Hook
from reconciler.messages.message import Message
from reconciler.messages.payloads import PAYLOADS
from reconciler.model import Secret
from reconciler.web import Web

SIGNATURE = "X-Esp-Signature"


def send(web: Web, hook: Hook, message: Message, *, key: Secret | None = None) -> None:
    """Tell a receiver; JSON for a program of the operator's own is signed if there is a key.

    Raises MessageFailed.
    """
    payload = PAYLOADS[hook.receiver](message)
    content = json.dumps(payload, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json"}
    if key and hook.receiver == "json":
        headers[SIGNATURE] = signature(content, key)
    post(web, hook, hook.address, content, headers)


def signature(content: bytes, key: Secret) -> str:
    """Return what proves to who holds the key that exactly these bytes were sent by another."""
    digest = hmac.digest(key.reveal().encode(errors="surrogateescape"), content, "sha256")
    return f"sha256={digest.hex()}"


def post(web: Web, hook: Hook, url: Secret, content: bytes, headers: Mapping[str, str]) -> None:
    """Send some bytes to a URL of a hook. Raises MessageFailed unless they were taken.

    It is raised where no other error is at hand: that one may know the URL.
    """
    if problem := _problem(web, hook, url, content, headers):
        raise MessageFailed(f"{hook}: {problem}")


def _problem(
    web: Web, hook: Hook, url: Secret, content: bytes, headers: Mapping[str, str]
) -> str | None:
    try:
        answer = web.request("POST", url.reveal(), content=content, headers=headers)
    except ReconcileError:
        return "no answer came, so it may be lost; it is not sent again"
    if 200 <= answer.status < 300:  # noqa: PLR2004 - what HTTP calls success
        return None
    return f"it answered {answer.status}{_way_out(answer.status, hook)}"


def _way_out(status: int, hook: Hook) -> str:
    if 300 <= status < 400:  # noqa: PLR2004 - what HTTP calls a redirection
        return f", and is not followed elsewhere; put the address it leads to into {hook.variable}"
    if status in {401, 403, 404, 410}:
        return (
            f"; the address may have been revoked: make a new one, and put it into {hook.variable}"
        )
    return "; it is not sent again"
