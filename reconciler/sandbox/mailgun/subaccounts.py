"""Subaccounts (mailgun.md §13); the header that acts for one is read in `account.py`."""

import secrets
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit, rfc_date
from reconciler.sandbox.mailgun.answers import bad_request, message, refused, reply
from reconciler.sandbox.mailgun.fields import flag

ENDPOINTS = Endpoints()
ALL = "/v5/accounts/subaccounts"
ONE = ALL + "/{id}"
Subaccount = dict[str, Any]


def _subaccounts(visit: Visit) -> dict[str, Subaccount]:
    subaccounts: dict[str, Subaccount] = visit.world.mailgun["subaccounts"]
    return subaccounts


@ENDPOINTS.on("GET", ALL)
def list_subaccounts(visit: Visit) -> Response:
    items = [item for item in _subaccounts(visit).values() if _fits(visit, item)]
    if sort := visit.fields.get("sort"):
        items.sort(key=lambda item: str(item["name"]), reverse=sort == "desc")
    skip, limit = visit.fields.number("skip", 0), visit.fields.number("limit", 10)
    if not 1 <= limit <= 1000:
        raise bad_request("Bad request")
    return reply({"subaccounts": items[skip : skip + limit], "total": len(items)})


def _fits(visit: Visit, item: Subaccount) -> bool:
    wanted = visit.fields.read({"enabled": flag}).get("enabled")
    is_wanted = wanted is None or wanted == (item["status"] == "open")
    return is_wanted and visit.fields.get("filter").lower() in item["name"].lower()


@ENDPOINTS.on("GET", ONE)
def get_subaccount(visit: Visit) -> Response:
    return reply({"subaccount": _named(visit)})


def _named(visit: Visit) -> Subaccount:
    item = _subaccounts(visit).get(visit.call.params["id"])
    if item is None:
        raise refused(404, message="Not Found")
    return item


@ENDPOINTS.on("POST", ALL)
def create_subaccount(visit: Visit) -> Response:
    if not (name := visit.fields.get("name")):
        raise bad_request("Bad request")
    id_, now = secrets.token_hex(12), rfc_date()
    item = {"id": id_, "name": name, "status": "open", "created_at": now, "updated_at": now}
    _subaccounts(visit)[id_] = item
    return reply({"subaccount": item})


@ENDPOINTS.on("POST", ONE + "/disable")
def disable_subaccount(visit: Visit) -> Response:
    if _named(visit)["status"] == "disabled":
        raise bad_request("subaccount is already disabled")
    return _set_status(visit, "disabled")


@ENDPOINTS.on("POST", ONE + "/enable")
def enable_subaccount(visit: Visit) -> Response:
    return _set_status(visit, "open")


def _set_status(visit: Visit, status: str) -> Response:
    item = _named(visit)
    item |= {"status": status, "updated_at": rfc_date()}
    return reply({"subaccount": item})


@ENDPOINTS.on("DELETE", ALL)
def delete_subaccount(visit: Visit) -> Response:
    """Delete the one that the header names (OAS)."""
    if visit.subaccount is None:
        raise bad_request("Bad request")
    del _subaccounts(visit)[visit.subaccount]
    return message("Subaccount successfully deleted")
