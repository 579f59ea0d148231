"""Sending: everything is checked, nothing leaves the sandbox (mailgun.md §11).

What became of a mail is told by `logs`.
"""

import re
import secrets
import time
from email.utils import getaddresses

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Entry, Visit
from reconciler.sandbox.mailgun.allowance import take
from reconciler.sandbox.mailgun.answers import (
    RefusedError,
    bad_request,
    forbidden_text,
    message,
    refused,
    reply,
)
from reconciler.sandbox.mailgun.outcomes import keep

ENDPOINTS = Endpoints()
CONTENT = ("text", "html", "amp-html", "template")
OPTION_PREFIXES = ("o:", "h:", "v:", "t:")
MOST_OPTION_BYTES = 16 * 1024
MOST_BYTES = 25 * 1024 * 1024
MOST_TAGS = 3
MOST_RECIPIENTS = 1000
ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,]+")
# The window's length is not known; at least ten seconds were left in a recording (§3.1).
WINDOW = 15.0


@ENDPOINTS.on("POST", "/v3/{name}/messages")
def send(visit: Visit) -> Response:
    entry = _sender(visit)
    _check_size(visit)
    _check_from(visit)
    recipients = _recipients(visit)
    _check_content(visit)
    _check_options(visit)
    _check_may_send(visit, entry, recipients)
    return _queued(visit, entry, recipients)


@ENDPOINTS.on("POST", "/v3/{name}/messages.mime")
def send_mime(visit: Visit) -> Response:
    entry = _sender(visit)
    _check_size(visit)
    recipients = _recipients(visit)
    if not visit.fields.content("message"):
        raise bad_request("message parameter is missing")  # text ours
    _check_options(visit)
    _check_may_send(visit, entry, recipients)
    return _queued(visit, entry, recipients)


def _sender(visit: Visit) -> Entry:
    """Refuse a domain of another account or region like a wrong key (§2.1)."""
    if (entry := visit.find(visit.name())) is None:
        raise RefusedError(forbidden_text())
    return entry


def _check_size(visit: Visit) -> None:
    if len(visit.call.body) > MOST_BYTES:
        raise refused(413, message="Message is too large")  # text ours


def _check_from(visit: Visit) -> None:
    """Let a template bring its own sender (OAS)."""
    sender = visit.fields.get("from")
    if not sender and not visit.fields.get("template"):
        raise bad_request("from parameter is missing")
    if sender and not _are_addresses([sender]):
        raise bad_request("from parameter is not a valid address. please check documentation")


def _recipients(visit: Visit) -> list[str]:
    """Refuse a missing `to` like a wrong one; copies count as recipients too."""
    to = visit.fields.all("to")
    if not any(to) or not _are_addresses(to):
        raise bad_request("to parameter is not a valid address. please check documentation")
    named = to + visit.fields.all("cc") + visit.fields.all("bcc")
    recipients = [address for _, address in getaddresses(named)]
    if len(recipients) > MOST_RECIPIENTS:
        text = f"Too many recipients, the maximum is {MOST_RECIPIENTS}"  # text ours
        raise bad_request(text)
    return recipients


def _are_addresses(values: list[str]) -> bool:
    addresses = [address for _, address in getaddresses(values)]
    return bool(addresses) and all(ADDRESS.fullmatch(address) for address in addresses)


def _check_content(visit: Visit) -> None:
    given = [name for name in CONTENT if visit.fields.content(name)]
    if not given:
        raise bad_request(
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified"
        )
    if {"html", "template"} <= set(given):
        raise bad_request("Only one parameters 'html' or 'template' is allowed.")


def _check_options(visit: Visit) -> None:
    """Refuse too many tags in our words: what happens beyond their limit is not known."""
    options = [pair for pair in visit.fields if pair[0].startswith(OPTION_PREFIXES)]
    if sum(len(name) + len(value.encode()) for name, value in options) > MOST_OPTION_BYTES:
        raise bad_request(
            "Send options (parameters starting with o:, h:, v:, or t:) are limited to 16KB total"
        )
    if len(visit.fields.all("o:tag")) > MOST_TAGS:
        raise bad_request(f"Too many tags, the maximum is {MOST_TAGS}")


def _check_may_send(visit: Visit, entry: Entry, recipients: list[str]) -> None:
    """Refuse an unverified domain; the text for it is not settled (§11)."""
    domain = entry["domain"]
    if domain["type"] == "sandbox":
        _check_sandbox(visit, domain["name"], recipients)
    elif domain["state"] != "active":
        text = "The domain is unverified and requires DNS configuration."
        raise refused(403, message=f"Domain {domain['name']} is not allowed to send: {text}")


def _check_sandbox(visit: Visit, name: str, recipients: list[str]) -> None:
    allowed = visit.world.mailgun["sandbox_recipients"]
    if not all(address.lower() in allowed for address in recipients):
        text = (
            "Sandbox subdomains are for test purposes only. Please add your own domain or add "
            "the address to authorized recipients in Account Settings."
        )
        raise refused(403, message=f"Domain {name} is not allowed to send: {text}")


def _queued(visit: Visit, entry: Entry, recipients: list[str]) -> Response:
    """Answer the id in brackets, without which events tell it."""
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
    message_id = f"{stamp}.{secrets.token_hex(8)}@{visit.name()}"
    keep(visit, entry, message_id, recipients)
    response = message("Queued. Thank you.", id=f"<{message_id}>")
    calls = take(visit.world, "messages", 2_000_000, WINDOW)
    addresses = take(visit.world, "recipients", 1_000_000, WINDOW, len(recipients))
    response.headers.update(calls.headers("X-RateLimit") | addresses.headers("X-Recipient"))
    return response


@ENDPOINTS.on("GET", "/v5/sandbox/auth_recipients")
def list_recipients(visit: Visit) -> Response:
    emails = visit.world.mailgun["sandbox_recipients"]
    return reply({"recipients": [{"email": email, "activated": True} for email in emails]})


@ENDPOINTS.on("POST", "/v5/sandbox/auth_recipients")
def add_recipient(visit: Visit) -> Response:
    """Nobody can follow an activation link here, so a recipient may be written to at once."""
    emails, email = visit.world.mailgun["sandbox_recipients"], visit.fields.get("email").lower()
    if not ADDRESS.fullmatch(email):
        raise bad_request("Invalid email address.")
    if email not in emails and len(emails) >= 5:
        raise bad_request("Only 5 sandbox recipients are allowed")
    if email not in emails:
        emails.append(email)
    return reply({"recipient": {"email": email, "activated": True}})


@ENDPOINTS.on("DELETE", "/v5/sandbox/auth_recipients/{email}")
def remove_recipient(visit: Visit) -> Response:
    emails, email = visit.world.mailgun["sandbox_recipients"], visit.name("email")
    if email not in emails:
        raise bad_request("Invalid email address.")
    emails.remove(email)
    return message("Sandbox recipient deleted.")
