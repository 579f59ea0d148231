"""Rotation of the keys of automatic sender security (mailgun.md §7.3)."""

import re
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun import records
from reconciler.sandbox.mailgun.account import Endpoints, Entry, Visit
from reconciler.sandbox.mailgun.answers import message, refused, reply
from reconciler.sandbox.mailgun.fields import FLAGS

ENDPOINTS = Endpoints()
BASE = "/v1/dkim_management/domains/{name}"
HOURS = {"d": 24.0, "h": 1.0, "m": 1 / 60, "s": 1 / 3600}
SHORTEST = 5 * 24.0


@ENDPOINTS.on("PUT", BASE + "/rotation")
def update_rotation(visit: Visit) -> Response:
    """`rotation_enabled` comes back as a string; there is no call that reads it later."""
    entry = _domain(visit)
    is_enabled = FLAGS.get(visit.fields.get("rotation_enabled").lower())
    if is_enabled is None:
        raise refused(400, Reason="rotation_enabled must be true or false")  # text ours
    interval = visit.fields.get("rotation_interval")
    _check_interval(interval, is_enabled=is_enabled)
    known = entry["rotation"].get("rotation_interval", "5d")
    entry["rotation"] |= {
        "rotation_enabled": str(is_enabled).lower(),
        "rotation_interval": interval or known,
    }
    return reply({"domain": _view(visit, entry)})


def _domain(visit: Visit) -> Entry:
    if (entry := visit.find(visit.name())) is None:
        raise refused(404, Description="domain not found")
    return entry


def _check_interval(interval: str, *, is_enabled: bool) -> None:
    """Refuse less than OAS' minimum; the words for that are ours."""
    if interval and not is_enabled:
        text = "rotation_interval is not allowed unless also enabling DKIM rotation"
        raise refused(400, Reason=text)
    if interval and _hours(interval) < SHORTEST:
        raise refused(400, Reason="rotation_interval must be at least 5 days")


def _hours(interval: str) -> float:
    match = re.fullmatch(r"(\d+)([dhms])", interval)
    return int(match[1]) * HOURS[match[2]] if match else 0.0


def _view(visit: Visit, entry: Entry) -> dict[str, Any]:
    domain = entry["domain"]
    return {
        "id": domain["id"],
        "account_id": visit.world.mailgun["account"]["id"],
        "sid": str(int(entry["sender_id"], 16)),
        "name": domain["name"],
        "state": _state(entry),
        "active_selector": entry["rotation"].get("active_selector", "pdk1"),
        "rotation_enabled": entry["rotation"]["rotation_enabled"],
        "rotation_interval": entry["rotation"]["rotation_interval"],
        "records": [_record(row) for row in records.sender_security(visit.region, entry)],
    }


def _state(entry: Entry) -> str:
    """Return a documented state, or `disabled`, which is ours, without the feature."""
    if not entry["domain"]["use_automatic_sender_security"]:
        return "disabled"
    return "enabled" if entry["domain"]["state"] == "active" else "wait_verify"


def _record(row: records.Record) -> dict[str, str]:
    return {
        "name": row["name"],
        "type": "CNAME",
        "identifier": "DKIM",
        "value": row["value"],
        "comment": "Customer DKIM CNAME Record",
    }


@ENDPOINTS.on("POST", BASE + "/rotate")
def rotate(visit: Visit) -> Response:
    entry = _domain(visit)
    if (state := _state(entry)) != "enabled":
        text = f"only domains in enabled can rotate their keys. Current state: {state}"
        raise refused(400, Reason=text)
    current = entry["rotation"].get("active_selector", "pdk1")
    entry["rotation"]["active_selector"] = "pdk2" if current == "pdk1" else "pdk1"
    return message("ok")
