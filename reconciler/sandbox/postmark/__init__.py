"""Postmark as postmark.md describes it: its account and server endpoints behind one function.

Switches for mails in `world.settings`, with their defaults: `postmark_index_delay` (0) and
`postmark_event_delay` (0.3), the seconds until a mail that was accepted is found, and until its
events are told. `postmark_account_pending` (false): only the sender's own domain is sent to.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.app import Call, Handler
from reconciler.sandbox.postmark import (
    domains,
    email,
    messages,
    senders,
    servers,
    streams,
    suppressions,
    webhooks,
)
from reconciler.sandbox.postmark.account import new_account
from reconciler.sandbox.postmark.answers import Bare, Refused

__all__ = ["answer", "seed"]

RESOURCES = (domains, senders, servers, streams, suppressions, webhooks, email, messages)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def answer(call: Call) -> Response:
    """Answer a call; paths may be in any letter case and end in a slash (postmark.md §1.1)."""
    senders.confirm_clicked(call.world)
    path = call.path.rstrip("/")
    try:
        handler, params = _find_handler(call.method, path)
        return handler(replace(call, params=params))
    except (Refused, Bare) as refusal:
        return refusal.response()


def _find_handler(method: str, path: str) -> tuple[Handler, dict[str, str]]:
    found = _find(method, path)
    if found:
        return found
    # Both with an empty body: how Postmark answers these is not recorded, save the 404 itself.
    raise Bare(405 if any(_find(other, path) for other in METHODS) else 404)


def _find(method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
    hits = (resource.routes.find(method, path) for resource in RESOURCES)
    return next((hit for hit in hits if hit), None)


def seed(credentials: Mapping[str, str]) -> dict[str, Any]:  # noqa: ARG001 - see `Credential`
    """Return a small account with things to change.

    Tokens are not copied into it: they are looked up in the credentials, which outlive a reset.
    """
    account = new_account()
    server = servers.new_server(account, "Transactional", credential="postmark_server_token")
    server["streams"]["legacy-digest"] = streams.new_stream(
        server["ID"], "legacy-digest", "Broadcasts", "Legacy digest"
    )
    webhooks.new_webhook(
        account, server, "https://hooks.example.net/old", "outbound", {"Bounce": {"Enabled": True}}
    )
    domains.new_domain(account, "old.example.com")
    domains.new_domain(account, "mail.example.net", "pm-bounces.mail.example.net")
    senders.new_sender(account, "ops@mail.example.net", "Operations")["Confirmed"] = True
    return account
