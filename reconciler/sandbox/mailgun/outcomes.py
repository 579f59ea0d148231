"""What becomes of mails that were accepted: kept with their domain, and told by the clock.

Switches, with their defaults in seconds: `mailgun_index_delay` (0) until anything is told of a
mail, `mailgun_event_delay` (0.3) until it is told what became of it. An address tells its own fate:
one that begins with `bounce`, or below `.invalid`, bounces, one that begins with `deferred` is put
off for ever, and one that the domain suppresses fails for that. The fields of events are documented
(OAS); which address has which fate is ours.
"""

import base64
import hashlib
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import MessageError
from email.utils import getaddresses
from typing import Any

from reconciler.sandbox.mailgun.account import Entry, Visit

KEPT_MESSAGES = 1000
VARIABLE, TAG, TEST_MODE = "v:", "o:tag", "o:testmode"
Message = dict[str, Any]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fate:
    """The last event of a mail to one address; `more` are the fields that only it has."""

    event: str
    status: Mapping[str, Any]
    more: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> str:
        return {"delivered": "info", "permanent": "error"}.get(
            self.more.get("severity", self.event), "warn"
        )


DELIVERED = "delivered"
FATES = {
    DELIVERED: Fate(
        "delivered",
        {
            "code": 250, "message": "OK", "description": "", "attempt-no": 1, "tls": True,
            "certificate-verified": True, "utf8": True, "session-seconds": 0.4,
        },
    ),
    "bounce": Fate(
        "failed",
        {"code": 550, "message": "5.1.1 no such mailbox", "description": "", "attempt-no": 1},
        {"severity": "permanent", "reason": "bounce"},
    ),
    "generic": Fate(
        "failed",
        {"code": 498, "message": "No MX for the domain", "description": "", "attempt-no": 1},
        {"severity": "permanent", "reason": "generic"},
    ),
    "deferred": Fate(
        "failed",
        {
            "code": 421, "message": "4.7.0 try again later", "description": "", "attempt-no": 1,
            "retry-seconds": 600,
        },
        {"severity": "temporary", "reason": "generic"},
    ),
    **{
        f"suppress-{name}": Fate(
            "failed",
            {"code": code, "message": "", "description": text, "attempt-no": 1},
            {"severity": "permanent", "reason": f"suppress-{name}"},
        )
        for name, code, text in (
            ("bounce", 605, "Not delivering to previously bounced address"),
            ("unsubscribe", 606, "Not delivering to unsubscribed address"),
            ("complaint", 607, "Not delivering to a user who marked your messages as spam"),
        )
    },
}  # fmt: skip
SUPPRESSED = {
    "bounces": "suppress-bounce",
    "unsubscribes": "suppress-unsubscribe",
    "complaints": "suppress-complaint",
}
PATTERNS = (
    (r".*@(.*\.)?invalid", "generic"),
    (r"bounce.*@.*", "bounce"),
    (r"deferred.*@.*", "deferred"),
)


def keep(visit: Visit, entry: Entry, message_id: str, recipients: Sequence[str]) -> None:
    """Remember who wrote what to whom, without bodies, and of all mails only the latest."""
    fields, is_test = visit.fields, visit.fields.get(TEST_MODE) in ("yes", "true")
    head = {"from": fields.get("from"), "subject": fields.get("subject")}
    kept = {
        "id": message_id,
        "at": time.time(),
        **(head if head["from"] else _head(fields.content("message") or b"")),
        "to": ", ".join(fields.all("to")),
        "fates": {each: _fate(entry, each.lower(), is_test=is_test) for each in recipients},
        "tags": fields.all(TAG),
        "variables": {
            name.removeprefix(VARIABLE): value
            for name, value in fields
            if name.startswith(VARIABLE)
        },
        "is_test": is_test,
        "size": len(visit.call.body),
    }
    entry["messages"] = [*entry.get("messages", ()), kept][-KEPT_MESSAGES:]


def _head(source: bytes) -> dict[str, str]:
    """Read who wrote a finished message, and about what; one that is no such has neither."""
    try:
        found = message_from_bytes(source, policy=policy.default)
        return {name: str(found.get(name, "")) for name in ("from", "subject")}
    except (MessageError, ValueError, IndexError, AttributeError):
        return {"from": "", "subject": ""}


def _fate(entry: Entry, address: str, *, is_test: bool) -> str:
    """Decide by the domain's suppressions, which hold in test mode too; else by the address."""
    for name, fate in SUPPRESSED.items():
        if address in entry.get("suppressions", {}).get(name, {}):
            return fate
    matching = (fate for pattern, fate in PATTERNS if re.fullmatch(pattern, address))
    return DELIVERED if is_test else next(matching, DELIVERED)


def events(visit: Visit, entry: Entry) -> list[Event]:
    """Return what is told by now of a domain's mails, the oldest first."""
    now = time.time()
    found = [
        event
        for message in entry.get("messages", ())
        if message["at"] + visit.setting("index_delay", 0) <= now
        for event in _events(entry, message, visit.setting("event_delay", 0.3))
        if event["timestamp"] <= now
    ]
    return sorted(found, key=lambda event: float(event["timestamp"]))


def _events(entry: Entry, message: Message, delay: float) -> Iterator[Event]:
    for recipient, fate in message["fates"].items():
        at = message["at"]
        yield _event(entry, message, recipient, "accepted", at) | {
            "log-level": "info",
            "method": "HTTP",
        }
        last = FATES[fate]
        server = {"mx-host": f"mx.{recipient.rpartition('@')[2]}"}
        yield _event(entry, message, recipient, last.event, at + delay) | {
            "log-level": last.level,
            "delivery-status": {**last.status, **(server if fate == DELIVERED else {})},
            **last.more,
        }


def _event(entry: Entry, message: Message, recipient: str, name: str, at: float) -> Event:
    sender = next((address for _, address in getaddresses([message["from"]])), "")
    return {
        "event": name,
        "id": _id(message["id"], recipient, name),
        "timestamp": round(at, 6),
        "recipient": recipient,
        "recipient-domain": recipient.rpartition("@")[2],
        "tags": message["tags"],
        "user-variables": message["variables"],
        "flags": {
            "is-authenticated": True,
            "is-routed": False,
            "is-system-test": False,
            "is-test-mode": message["is_test"],
        },
        "envelope": {
            "sender": sender,
            "transport": "smtp",
            "targets": recipient,
            **({"sending-ip": "192.0.2.10"} if name == DELIVERED else {}),
        },
        "message": {
            "headers": {
                "to": message["to"],
                "message-id": message["id"],
                "from": message["from"],
                "subject": message["subject"],
            },
            "attachments": [],
            "size": message["size"],
        },
        "domain": entry["domain"]["name"],
    }


def _id(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
