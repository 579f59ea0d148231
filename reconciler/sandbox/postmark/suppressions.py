"""`/message-streams/{id}/suppressions`: who gets no more mail on a stream (postmark.md §10).

The state keeps them per stream, by the address in lower case.
"""

from datetime import datetime
from functools import partial
from typing import Any

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.answers import Refused
from reconciler.sandbox.postmark.calls import Json, in_answer_order, read_object, read_query
from reconciler.sandbox.postmark.clock import now_text
from reconciler.sandbox.postmark.fields import Field, email_address, one_of, read_fields, text
from reconciler.sandbox.postmark.streams import find_stream
from reconciler.sandbox.postmark.tokens import server_endpoint

MOST = 50
# The sheet tells no refusal of a filter. An empty one, as clients send for none, filters nothing,
# and no address is too odd to look for; what can be no value of the field or no date is refused.
FILTERS = (
    Field("SuppressionReason", one_of("HardBounce", "SpamComplaint", "ManualSuppression"), 1402),
    Field("Origin", one_of("Recipient", "Customer", "Admin"), 1402),
    Field("EmailAddress", text, 1402),
    Field("fromdate", datetime.fromisoformat, 1402),
    Field("todate", datetime.fromisoformat, 1402),
)
COMPARED = ("SuppressionReason", "Origin", "EmailAddress")
# All messages of single results are worded by us.
INVALID_ADDRESS = "An invalid email address was provided."
NOT_ALLOWED = "You do not have the required authority to change this suppression."

routes = Routes(ignore_case=True)
endpoint = partial(server_endpoint, routes)


def suppress(server: Json, stream_id: str, address: str, *, reason: str, origin: str) -> None:
    """Suppress an address; an earlier suppression stays what it is."""
    server["suppressions"].setdefault(stream_id, {}).setdefault(
        address.lower(),
        {
            "EmailAddress": address,
            "SuppressionReason": reason,
            "Origin": origin,
            "CreatedAt": now_text(),
        },
    )


def is_suppressed(server: Json, stream_id: str, address: str) -> bool:
    return address.lower() in server["suppressions"].get(stream_id, {})


@endpoint("GET", "/message-streams/{id}/suppressions/dump")
def dump_suppressions(call: Call, server: Json) -> Json:
    stream = find_stream(server, call.params["id"])
    asked = {field.name.lower(): _asked(call, field.name) for field in FILTERS}
    wanted = read_fields(asked, FILTERS)
    entries = server["suppressions"].get(stream["ID"], {}).values()
    matching = [entry for entry in entries if _matches(entry, wanted)]
    return {"Suppressions": in_answer_order(call, matching)}


def _asked(call: Call, name: str) -> str | None:
    return (read_query(call, name) or "").strip() or None


def _matches(entry: Json, wanted: Json) -> bool:
    day = datetime.fromisoformat(entry["CreatedAt"]).date()
    since, until = wanted.get("fromdate"), wanted.get("todate")
    return (
        all(_same(entry[name], wanted[name]) for name in COMPARED if name in wanted)
        and (since is None or since.date() <= day)
        and (until is None or day <= until.date())
    )


def _same(one: str, other: str) -> bool:
    return one.lower() == other.lower()


@endpoint("POST", "/message-streams/{id}/suppressions")
def create_suppressions(call: Call, server: Json) -> Json:
    stream_id = find_stream(server, call.params["id"])["ID"]
    return {"Suppressions": [_create(server, stream_id, each) for each in _read_addresses(call)]}


def _create(server: Json, stream_id: str, address: str) -> Json:
    if not _is_address(address):
        return _result(address, "Failed", INVALID_ADDRESS)
    suppress(server, stream_id, address, reason="ManualSuppression", origin="Customer")
    return _result(address, "Suppressed")


@endpoint("POST", "/message-streams/{id}/suppressions/delete")
def delete_suppressions(call: Call, server: Json) -> Json:
    stream_id = find_stream(server, call.params["id"])["ID"]
    entries = server["suppressions"].get(stream_id, {})
    return {"Suppressions": [_delete(entries, each) for each in _read_addresses(call)]}


def _delete(entries: Json, address: str) -> Json:
    """Spam complaints stay: only the recipient can take them back (postmark.md §10)."""
    if not _is_address(address):
        return _result(address, "Failed", INVALID_ADDRESS)
    if entries.get(address.lower(), {}).get("SuppressionReason") == "SpamComplaint":
        return _result(address, "Failed", NOT_ALLOWED)
    entries.pop(address.lower(), None)
    return _result(address, "Deleted")


def _result(address: str, status: str, message: str | None = None) -> Json:
    return {"EmailAddress": address, "Status": status, "Message": message}


def _is_address(address: str) -> bool:
    try:
        email_address(address)
    except ValueError:
        return False
    return True


def _read_addresses(call: Call) -> list[str]:
    items = read_object(call).get("suppressions")
    if not isinstance(items, list):
        raise Refused(1400)
    if len(items) > MOST:
        raise Refused(1401)
    return [_read_address(item) for item in items]


def _read_address(item: Any) -> str:
    address = item.get("emailaddress") if isinstance(item, dict) else None
    if not isinstance(address, str):
        raise Refused(1400)
    return address
