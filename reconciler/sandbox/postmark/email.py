"""`/email` and `/email/batch`: mails are checked and accepted, and go nowhere (postmark.md §9).

What became of them is told by `/messages/outbound`.
"""

import binascii
import uuid
from base64 import b64decode
from collections.abc import Sequence
from email.utils import getaddresses
from functools import partial
from typing import Any

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.account import find_domain, find_sender
from reconciler.sandbox.postmark.answers import Bare, Refused
from reconciler.sandbox.postmark.calls import Json, read_json
from reconciler.sandbox.postmark.clock import precise_now_text
from reconciler.sandbox.postmark.fields import (
    ADDRESS,
    Field,
    flag,
    one_of,
    or_empty,
    read_fields,
    text,
)
from reconciler.sandbox.postmark.outcomes import bounce_type, keep
from reconciler.sandbox.postmark.streams import sending_stream
from reconciler.sandbox.postmark.suppressions import is_suppressed, suppress
from reconciler.sandbox.postmark.tokens import sending_endpoint
from reconciler.sandbox.world import World

MEGABYTE = 1024 * 1024
MOST_RECIPIENTS = 50
MOST_IN_BATCH = 500
RECIPIENT_FIELDS = ("To", "Cc", "Bcc")
LONGEST = {
    "From": 255,
    "Subject": 2000,
    "Tag": 1000,
    "HtmlBody": 5 * MEGABYTE,
    "TextBody": 5 * MEGABYTE,
}
TYPED = (
    *(Field(name, text) for name in (*LONGEST, *RECIPIENT_FIELDS, "ReplyTo", "MessageStream")),
    Field("TrackOpens", flag),
    # An empty text counts as not given: vendors' clients send it, and are not refused.
    Field("TrackLinks", or_empty(one_of("None", "HtmlAndText", "HtmlOnly", "TextOnly"))),
)
# §11 gives the code 411 and no types: this choice of executable ones is ours.
FORBIDDEN_EXTENSIONS = frozenset(
    {"exe", "bat", "com", "cpl", "hta", "jse", "msi", "pif", "scr", "vbs"}
)

routes = Routes(ignore_case=True)
endpoint = partial(sending_endpoint, routes)


@endpoint("POST", "/email")
def send(call: Call, server: Json | None) -> Json:
    if len(call.body) > 10 * MEGABYTE:
        raise Bare(413)
    return _send(call.world, server, read_json(call))


@endpoint("POST", "/email/batch")
def send_batch(call: Call, server: Json | None) -> list[Json]:
    if len(call.body) > 50 * MEGABYTE:
        raise Bare(413)
    messages = read_json(call)
    if not isinstance(messages, list):
        raise Refused(403, field="body")
    if len(messages) > MOST_IN_BATCH:
        raise Refused(410)
    return [_send_one_of_many(call.world, server, message) for message in messages]


def _send_one_of_many(world: World, server: Json | None, message: Any) -> Json:
    """Answer in the message's place: a batch is always HTTP 200 (postmark.md §9.2)."""
    try:
        return _send(world, server, message)
    except Refused as refusal:
        return refusal.envelope


def _send(world: World, server: Json | None, message: Any) -> Json:
    """Check and accept one message; without a server it came with the test token."""
    if not isinstance(message, dict):
        raise Refused(403, field="body")
    given = {key: value for key, value in message.items() if value is not None}
    sender, recipients = _check_content(given)
    if server is None:
        return _accepted(given, "Test job accepted")
    stream = sending_stream(server, given)
    _check_sender(world, sender, recipients)
    inactive = [each for each in recipients if is_suppressed(server, stream["ID"], each)]
    if len(inactive) == len(recipients):
        raise Refused(406, addresses=", ".join(inactive))
    answer = _accepted(given, _message(inactive))
    keep(server, stream, given, answer, [each for each in recipients if each not in inactive])
    _bounce(server, stream, given, recipients)
    return answer


def _message(inactive: Sequence[str]) -> str:
    if not inactive:
        return "OK"
    addresses = ", ".join(inactive)
    return f"Message OK, but will not deliver to these inactive addresses: {addresses}"


def _accepted(given: Json, message: str) -> Json:
    return {
        "To": given["to"],
        "SubmittedAt": precise_now_text(),
        "MessageID": str(uuid.uuid4()),
        "ErrorCode": 0,
        "Message": message,
    }


def _bounce(server: Json, stream: Json, given: Json, recipients: Sequence[str]) -> None:
    """Suppress who plays a hard bounce; other bounces suppress nobody (postmark.md §9.4)."""
    for each in recipients:
        if bounce_type(each, given.get("headers", ())) == "HardBounce":
            suppress(server, stream["ID"], each, reason="HardBounce", origin="Recipient")


def _check_content(given: Json) -> tuple[str, list[str]]:
    """Return the sender's address and those of all recipients."""
    read_fields(given, TYPED)
    for name, longest in LONGEST.items():
        if len(given.get(name.lower(), "")) > longest:
            raise Refused(300, problem=f"The field '{name}' is longer than {longest} characters.")
    sender = _read_sender(given)
    recipients = _read_recipients(given)
    if not (given.get("htmlbody") or given.get("textbody")):
        raise Refused(300, problem="Provide either email TextBody or HtmlBody or both.")
    _check_metadata(given.get("metadata", {}))
    _check_headers(given.get("headers", []))
    _check_attachments(given.get("attachments", []))
    return sender, recipients


def _read_sender(given: Json) -> str:
    addresses = _read_addresses(given, "From")
    if len(addresses) != 1:
        raise Refused(300, problem=f"Invalid 'From' address: '{given.get('from', '')}'.")
    return addresses[0]


def _read_recipients(given: Json) -> list[str]:
    by_field = {name: _read_addresses(given, name) for name in RECIPIENT_FIELDS}
    if not by_field["To"]:
        raise Refused(300, problem="Zero recipients specified.")
    recipients = [address for addresses in by_field.values() for address in addresses]
    if len(recipients) > MOST_RECIPIENTS:
        raise Refused(300, problem=f"Too many recipients: more than {MOST_RECIPIENTS}.")
    return recipients


def _read_addresses(given: Json, name: str) -> list[str]:
    line = given.get(name.lower(), "")
    if not line.strip():
        return []
    addresses = [address for _, address in getaddresses([line])]
    for address in addresses:
        _check_address(name, address or line)
    return addresses


def _check_address(name: str, address: str) -> None:
    """Refuse with one of the two recorded texts (postmark.md §9.3)."""
    if "@" not in address:
        raise Refused(
            300,
            problem=(
                f"Error parsing '{name}': Illegal email address '{address}'. "
                "It must contain the '@' symbol."
            ),
        )
    if not ADDRESS.fullmatch(address):
        raise Refused(300, problem=f"Invalid '{name}' address: '{address}'.")


def _check_metadata(metadata: Any) -> None:
    if not isinstance(metadata, dict):
        raise Refused(403, field="Metadata")
    if len(metadata) > 10 or any(not _fits(item) for item in metadata.items()):
        problem = "Metadata is limited to 10 keys of 20 characters with values of 80 characters."
        raise Refused(300, problem=problem)


def _fits(item: tuple[str, Any]) -> bool:
    key, value = item
    return len(key) <= 20 and isinstance(value, str) and len(value) <= 80


def _check_headers(headers: Any) -> None:
    if not isinstance(headers, list) or not all(_is_header(header) for header in headers):
        raise Refused(403, field="Headers")


def _is_header(header: Any) -> bool:
    return isinstance(header, dict) and all(
        isinstance(header.get(key), str) for key in ("name", "value")
    )


def _check_attachments(attachments: Any) -> None:
    if not isinstance(attachments, list):
        raise Refused(403, field="Attachments")
    for attachment in attachments:
        _check_attachment(attachment)


def _check_attachment(attachment: Any) -> None:
    if not _has_texts(attachment, ("name", "content", "contenttype")):
        raise Refused(403, field="Attachments")
    extension = attachment["name"].rpartition(".")[2].lower()
    if extension in FORBIDDEN_EXTENSIONS:
        raise Refused(411, extension=extension)
    try:
        b64decode(attachment["content"])
    except (binascii.Error, ValueError):
        raise Refused(300, problem="The content of an attachment is not base64.") from None


def _has_texts(value: Any, keys: Sequence[str]) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in keys)


def _check_sender(world: World, address: str, recipients: Sequence[str]) -> None:
    """Let every local part of a verified domain send, without a signature (postmark.md §2.7)."""
    domain = find_domain(world.postmark, _domain_of(address))
    sender = find_sender(world.postmark, address)
    if not (domain and domain["DKIMVerified"]) and not (sender and sender["Confirmed"]):
        raise Refused(401 if sender else 400, address=address)
    if world.settings.get("postmark_account_pending"):
        _check_pending(address, recipients)


def _check_pending(address: str, recipients: Sequence[str]) -> None:
    if any(_domain_of(each) != _domain_of(address) for each in recipients):
        raise Refused(412)


def _domain_of(address: str) -> str:
    return address.rpartition("@")[2].lower()
