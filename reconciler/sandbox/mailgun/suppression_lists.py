"""What a domain sends no more mail to, and why: four lists and the fields of their entries.

The shapes and texts are those of the stored OpenAPI files; the sheet only names the four lists
(mailgun.md §10). A domain's entry keeps them by list and by address in lower case.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from reconciler.sandbox.mailgun.account import Entry
from reconciler.sandbox.mailgun.answers import bad_request
from reconciler.sandbox.mailgun.fields import HOST_NAME

# What a client gave of one suppression, with its keys folded by `fold`.
Given = Mapping[str, Any]
Suppression = dict[str, Any]
Suppressions = dict[str, Suppression]

ADDRESS = re.compile(r"[^@\s<>,]+@[^@\s<>,]+\.[^@\s<>,]+")
LONGEST_ADDRESS = 512
EVERY_TAG = "*"
# Clients written in Go send this where they mean no date at all (OAS).
NO_DATE = "01 Jan 0001 00:00:00"


@dataclass(frozen=True, slots=True)
class SuppressionList:
    """One of the four, with its words; `key` is the field that names an entry."""

    name: str
    read: Callable[[Given], Suppression]
    added: str
    added_many: str
    missing: str
    removed: str
    cleared: str
    key: str = "address"

    def of(self, entry: Entry) -> Suppressions:
        """Return the list of a domain; an account of an earlier version may still have none."""
        suppressions: Suppressions = entry.setdefault("suppressions", {}).setdefault(self.name, {})
        return suppressions

    def add(self, entry: Entry, suppression: Suppression) -> None:
        """Put one in, in place of an earlier one; tags are added to those that it had."""
        kept, key = self.of(entry), suppression[self.key].lower()
        if "tags" in suppression and key in kept:
            tags = [*kept[key]["tags"], *suppression["tags"]]
            suppression = suppression | {"tags": list(dict.fromkeys(tags))}
        kept[key] = suppression


def fold(given: Mapping[str, Any]) -> Given:
    """Let `created_at` be spelled as in answers and as in OAS' requests, which say `createdat`."""
    return {name.lower().replace("_", ""): value for name, value in given.items()}


# The words of the refusals below are ours, unless a comment says otherwise.


def _bounce(given: Given) -> Suppression:
    return {
        "address": _address(given),
        "code": _text(given, "code") or "550",
        "error": _text(given, "error"),
        "created_at": _date(given),
    }


def _complaint(given: Given) -> Suppression:
    return {"address": _address(given), "created_at": _date(given)}


def _unsubscribe(given: Given) -> Suppression:
    tags = _texts(given, "tags") + _texts(given, "tag")
    return {
        "address": _address(given),
        "tags": tags or [EVERY_TAG],
        "created_at": _date(given),
    }


def _allowed(given: Given) -> Suppression:
    """Read an address or a domain; the address goes before (OAS), and its date is `createdAt`."""
    is_address = bool(given.get("address"))
    value = _address(given) if is_address else _domain(given)
    return {
        "type": "address" if is_address else "domain",
        "value": value,
        "reason": _text(given, "reason"),
        "createdAt": _date(given),
    }


def _address(given: Given) -> str:
    address = _text(given, "address").strip()
    if len(address) > LONGEST_ADDRESS or not ADDRESS.fullmatch(address):
        raise bad_request("address parameter is not a valid address. please check documentation")
    return address


def _domain(given: Given) -> str:
    domain = _text(given, "domain").strip().lower()
    if not domain:
        raise bad_request("Missing mandatory parameter: address/domain")  # OAS
    if not HOST_NAME.fullmatch(domain):
        raise bad_request("domain parameter is not a valid domain. please check documentation")
    return domain


def _text(given: Given, name: str) -> str:
    """Return a text. SDKs send an error's code as a number (JS, PYLIVE)."""
    value = given.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise bad_request(f"Invalid value for parameter '{name}'")
    return "" if value is None else str(value)


def _texts(given: Given, name: str) -> list[str]:
    value = given.get(name)
    values = value if isinstance(value, list) else [value]
    return [text for each in values if (text := _text({name: each}, name))]


def _date(given: Given) -> str:
    """Return a date as the lists carry it, `Thu, 11 Dec 2025 01:49:40 UTC`; now if none is given.

    RFC 2822 is what OAS wants. SDKs also pass on what JavaScript makes of a date, which is ISO.
    """
    text = _text(given, "createdat").strip()
    if not text or NO_DATE in text:
        return _written(datetime.now(UTC))
    read = datetime.fromisoformat if text[:4].isdigit() else parsedate_to_datetime
    try:
        return _written(_in_utc(read(text)))
    except (ValueError, TypeError, LookupError, OverflowError):
        raise bad_request("Invalid value for parameter 'created_at'") from None


def _in_utc(date: datetime) -> datetime:
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)


def _written(date: datetime) -> str:
    return f"{format_datetime(date, usegmt=True).removesuffix('GMT')}UTC"


def read_batch(raw: bytes) -> tuple[list[Given], bool]:
    """Return what a JSON body gives, and whether it is a list; a single object will do (PYLIVE)."""
    try:
        body = json.loads(raw)
        # A lone half of a surrogate pair is JSON, and no text that could ever be answered.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_request("The body is not JSON") from None
    items = body if isinstance(body, list) else [body]
    if not all(isinstance(item, dict) for item in items):
        raise bad_request("The body is neither a record nor a list of records")
    return [fold(item) for item in items], isinstance(body, list)


BOUNCES = SuppressionList(
    "bounces",
    _bounce,
    added="Address has been added to the bounces table",
    added_many="{count} addresses have been added to the bounces table",
    missing="Address not found in bounces table",
    removed="Bounced addresses for this domain have been removed",
    cleared="Bounced addresses for this domain have been removed",
)
UNSUBSCRIBES = SuppressionList(
    "unsubscribes",
    _unsubscribe,
    added="Address has been added to the unsubscribes table",
    added_many="{count} addresses have been added to the unsubscribes table",
    missing="Address not found in unsubscribers table",
    removed="Unsubscribe event has been removed",
    cleared="Unsubscribe addresses for this domain have been removed",
)
COMPLAINTS = SuppressionList(
    "complaints",
    _complaint,
    added="Address has been added to the complaints table",
    added_many="{count} complaint addresses have been added to the complaints table",
    missing="No spam complaints found for this address",
    removed="Complaint addresses for this domain have been removed",
    cleared="Complaint addresses for this domain have been removed",
)
ALLOWLIST = SuppressionList(
    "whitelists",
    _allowed,
    added="Address/Domain has been added to the allowlists table",
    added_many="{count} addresses/domains have been added to the allowlists table",
    missing="Address/Domain not found in allowlist table",
    removed="Allowlist address/domain has been removed",
    cleared="Allowlist addresses/domains for this domain have been removed",
    key="value",
)
LISTS = (BOUNCES, UNSUBSCRIBES, COMPLAINTS, ALLOWLIST)


def is_suppressed(
    region_state: Mapping[str, Any], domain: str, address: str, tags: Collection[str] = ()
) -> str | None:
    """Return the reason for which a domain's mail to an address fails, or None when it does not.

    It is worded as in the `failed` event: `suppress-bounce`, `suppress-unsubscribe` or
    `suppress-complaint`. `tags` are the message's: who unsubscribed from some gets all others.
    """
    entry = region_state["domains"].get(domain.lower().rstrip("."))
    key = address.lower()
    if entry is None:
        return None
    if key in BOUNCES.of(entry) and not _is_allowed(entry, key):
        return "suppress-bounce"
    if _left(UNSUBSCRIBES.of(entry).get(key), tags):
        return "suppress-unsubscribe"
    return "suppress-complaint" if key in COMPLAINTS.of(entry) else None


def _is_allowed(entry: Entry, address: str) -> bool:
    """An allowlist keeps addresses off the bounces (OAS).

    Whether it also outweighs one that is on both lists is not known; here it does.
    """
    allowed = ALLOWLIST.of(entry)
    return address in allowed or address.rpartition("@")[2] in allowed


def _left(unsubscribe: Suppression | None, tags: Collection[str]) -> bool:
    """Tags are the same in any letter case (mailgun.md §11)."""
    if unsubscribe is None:
        return False
    left = {tag.lower() for tag in unsubscribe["tags"]}
    return EVERY_TAG in left or not left.isdisjoint(tag.lower() for tag in tags)
