"""Why Postmark refuses a mail, and the way out: by code, and for some by what is found out besides.

Codes and their meanings: postmark.md §9.3, §11. Where a text is read, the code alone says too
little: newer texts tell of an unknown sender by the code of a bad address.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from reconciler.errors import ServiceError
from reconciler.model import SampleMail
from reconciler.providers.api import Reader, safe_text

BAD_MAIL, UNKNOWN_SENDER, UNCONFIRMED_SENDER = 300, 400, 401
REFUSED_RECIPIENT, PENDING, UNKNOWN_STREAM, INBOUND_STREAM = 406, 412, 1235, 1236
_PENDING = (
    "The account awaits approval: until a person at Postmark has approved it, which takes about a "
    "day, it may send to addresses of the sender's own domain only. Ask for it under Postmark → "
    "Account → Request approval, or send to an address of that domain."
)
_ADVICE: Mapping[int, str] = {
    405: "The account has no credits left: buy more, or wait for the next month.",
    413: "The account may not send: ask Postmark's support why.",
    422: "The server or the account may not make this call: check that the token belongs to a "
    "server that sends.",
    PENDING: _PENDING,
    INBOUND_STREAM: "An inbound stream receives: name one that sends, such as `outbound`, with "
    "--stream.",
}


def explained(error: ServiceError, client: Reader, mail: SampleMail) -> ServiceError:
    """Return a refusal with the way out; what is no refusal of a mail stays as it is."""
    if error.code == REFUSED_RECIPIENT:
        return _suppressed(error, client, mail)
    way_out = _way_out(error, mail)
    return _with(error, error.fact, way_out) if way_out else error


def _way_out(error: ServiceError, mail: SampleMail) -> str:
    code = error.code or 0
    if code == UNKNOWN_SENDER or (code == BAD_MAIL and "signature" in error.fact.lower()):
        domain = mail.sender.rpartition("@")[2].rstrip(">")
        return (
            f"Neither the address nor its domain may send: declare {domain} under `domains` and "
            "publish its DKIM record, or the address under `senders` and click the link in the "
            "mail from Postmark; or name another sender with --from."
        )
    if code == UNCONFIRMED_SENDER:
        return (
            "Its sender signature is not confirmed: click the link in the mail from Postmark "
            "(`run resend` sends it again), or publish the DKIM record of its domain."
        )
    if code == BAD_MAIL:
        return "Correct what it names: the addresses of --to and --from, or the tag."
    if code == UNKNOWN_STREAM:
        return (
            f"The server has no stream `{mail.stream}` that sends: name one with --stream, or "
            "correct `advanced.message_stream`."
        )
    return _ADVICE.get(code, "")


def _suppressed(error: ServiceError, client: Reader, mail: SampleMail) -> ServiceError:
    """Say why the address gets no mail, which the suppression list of the stream tells."""
    entry = _entry(client, mail)
    reason = safe_text(str(entry.get("SuppressionReason", ""))) or "no longer listed"
    since = safe_text(str(entry.get("CreatedAt", "")))[:10]
    dated = f", since {since}" if since else ""
    fact = (
        f"error code {error.code}: {mail.to} is on the suppression list of the stream "
        f"`{mail.stream}` ({reason}{dated})"
    )
    way_out = (
        "Reactivate it under Postmark → Servers → your server → this stream → Suppressions, or "
        "send to another address."
    )
    if entry.get("SuppressionReason") == "SpamComplaint":
        way_out = (
            "Only its owner can take a spam complaint back, by Postmark's support: send to another "
            "address."
        )
    return _with(error, fact, way_out)


def _entry(client: Reader, mail: SampleMail) -> Mapping[str, Any]:
    path = f"/message-streams/{quote(mail.stream, safe='')}/suppressions/dump"
    try:
        found = client.get(path, {"EmailAddress": mail.to}).get("Suppressions")
    except ServiceError:
        return {}
    entries = found if isinstance(found, list) else []
    return next((each for each in entries if isinstance(each, dict)), {})


def _with(error: ServiceError, fact: str, way_out: str) -> ServiceError:
    return type(error)(error.request, fact, advice=way_out, status=error.status, code=error.code)
