"""What becomes of mails that were accepted: kept in a server's state, and told by the clock.

An event is there once the setting `postmark_event_delay` (0.3 seconds) has passed since the mail
was accepted. Which address has which fate is documented (postmark.md §9.4); the fates themselves
are told in our words.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import Any
from zlib import crc32

from reconciler.sandbox.postmark.calls import Json
from reconciler.sandbox.world import World

KEPT_MESSAGES = 1000
LONGEST_KEPT_BODY = 4096
"""Characters. A server's state is one document, which is written out after each change."""
BOUNCING_DOMAIN = "bounce-testing.postmarkapp.com"
BOUNCE_HEADER = "x-pm-bounce-type"
TYPES = (
    "HardBounce", "Transient", "Unsubscribe", "Subscribe", "AutoResponder", "AddressChange",
    "DnsError", "SpamNotification", "OpenRelayTest", "Unknown", "SoftBounce", "VirusNotification",
    "ChallengeVerification", "BadEmailAddress", "ManuallyDeactivated", "Unconfirmed", "Blocked",
    "SMTPApiError", "InboundError", "DMARCPolicy", "TemplateRenderingFailed",
)  # fmt: skip
_BY_FOLDED = {name.lower(): name for name in TYPES}


def bounce_type(address: str, headers: Iterable[Mapping[str, str]]) -> str | None:
    """Return which bounce an address plays; None for one that takes mail.

    A header says which, else the local part, in any letter case and with underscores.
    """
    local, _, domain = address.lower().rpartition("@")
    if domain != BOUNCING_DOMAIN:
        return None
    said = [each["value"] for each in headers if each["name"].lower() == BOUNCE_HEADER]
    asked = said[-1].lower() if said else local
    return _BY_FOLDED.get(asked.replace("_", "").strip(), "HardBounce")


def keep(server: Json, stream: Json, given: Json, answer: Json, recipients: Sequence[str]) -> None:
    """Remember a mail; of all, only the latest, and of long bodies no more than the beginning."""
    kept = {
        "MessageID": answer["MessageID"],
        "MessageStream": stream["ID"],
        "From": given["from"],
        **{name: _pairs(given.get(name.lower(), "")) for name in ("To", "Cc", "Bcc")},
        "Recipients": list(recipients),
        "Subject": given.get("subject", ""),
        "Tag": given.get("tag", ""),
        "Metadata": given.get("metadata", {}),
        "Attachments": [each["name"] for each in given.get("attachments", ())],
        "TrackOpens": given.get("trackopens", server["TrackOpens"]),
        "TrackLinks": given.get("tracklinks") or server["TrackLinks"],
        "ReceivedAt": answer["SubmittedAt"],
        "Sandboxed": server["DeliveryType"] == "Sandbox",
        "bounces": {each: bounce_type(each, given.get("headers", ())) for each in recipients},
        "bodies": {
            name: given.get(name.lower(), "")[:LONGEST_KEPT_BODY]
            for name in ("TextBody", "HtmlBody")
        },
        "at": time.time(),
    }
    server["messages"] = [*server["messages"], kept][-KEPT_MESSAGES:]


def _pairs(line: str) -> list[Json]:
    return [{"Email": address, "Name": name or None} for name, address in getaddresses([line])]


def indexed(world: World, server: Json) -> list[Json]:
    """Return the messages that can be found by now, the latest first.

    The setting `postmark_index_delay` says how many seconds after they were accepted.
    """
    latest = time.time() - world.settings.get("postmark_index_delay", 0)
    return [each for each in reversed(server["messages"]) if each["at"] <= latest]


def events(world: World, message: Json) -> list[Json]:
    """Return what has happened to a message by now; nothing does to recipients on a Sandbox server,
    which all the same read as delivered.
    """
    happened = message["at"] + world.settings.get("postmark_event_delay", 0.3)
    return list(_events(message, happened)) if happened <= time.time() else []


def _events(message: Json, happened: float) -> Iterator[Json]:
    for recipient in message["Recipients"]:
        bounce = None if message["Sandboxed"] else message["bounces"].get(recipient)
        yield {
            "Recipient": recipient,
            "Type": "Bounced" if bounce else "Delivered",
            "ReceivedAt": _whole_seconds(happened),
            "Details": _bounced(message, bounce) if bounce else _delivered(recipient),
        }


def _whole_seconds(moment: float) -> str:
    """Write a time as recorded for events, which have no fractions where messages have.

    So one can read as earlier than the message that it is about.
    """
    return datetime.fromtimestamp(int(moment), UTC).strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00")


def _delivered(recipient: str) -> dict[str, Any]:
    """Have the black hole take its mail like any other server: how it reads is not recorded."""
    server = f"mx.{recipient.rpartition('@')[2]}"
    return {
        "DeliveryMessage": "smtp;250 2.0.0 OK",
        "DestinationServer": server,
        "DestinationIP": "192.0.2.25",
    }


def _bounced(message: Json, bounce: str) -> dict[str, Any]:
    number = crc32(message["MessageID"].encode())
    return {"Summary": f"{bounce}: smtp;550 a bounce that was asked for", "BounceID": str(number)}
