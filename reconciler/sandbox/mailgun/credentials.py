"""SMTP credentials (mailgun.md §9). Passwords are kept nowhere: no call reads or uses them."""

import secrets
from email.utils import formatdate
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Entry, Visit
from reconciler.sandbox.mailgun.answers import bad_request, message, refused, reply
from reconciler.sandbox.mailgun.fields import flag, page, password

ENDPOINTS = Endpoints()
ALL = "/v3/domains/{name}/credentials"
ONE = ALL + "/{login}"
# The field is documented, its wording is not.
NOTE = "These credentials will not be shown again; store them now"


def set_postmaster(entry: Entry, smtp_password: str | None) -> None:
    """Give the domain its system login; newer domains have none without a password (§4.2)."""
    if smtp_password is not None:
        _store(entry, _address("postmaster", entry), is_system=True)


def _store(entry: Entry, address: str, *, is_system: bool) -> None:
    known = entry["credentials"].get(address, {"created_at": formatdate()})
    entry["credentials"][address] = known | {"is_system": is_system}


def _address(login: str, entry: Entry) -> str:
    return login.lower() if "@" in login else f"{login.lower()}@{entry['domain']['name']}"


@ENDPOINTS.on("GET", ALL)
def list_credentials(visit: Visit) -> Response:
    entry = visit.domain()
    items = [_view(address, item) for address, item in entry["credentials"].items()]
    return reply({"items": items[page(visit.fields)], "total_count": len(items)})


def _view(address: str, item: dict[str, Any]) -> dict[str, Any]:
    return {
        "created_at": item["created_at"].replace("-0000", "+0000"),
        "login": address,
        "mailbox": address,
        "size_bytes": None,
    }


@ENDPOINTS.on("POST", ALL)
def create_credentials(visit: Visit) -> Response:
    """Several logins may come with as many passwords; creating one anew changes its password."""
    entry, logins = visit.domain(), _logins(visit)
    given = [password("password", text) for text in visit.fields.all("password")]
    is_system = visit.fields.read({"system": flag}).get("system", False)
    addresses = [_address(login, entry) for login in logins]
    for address in addresses:
        _store(entry, address, is_system=is_system)
    text = f"Created {len(addresses)} credentials pair(s)"
    return message(text, **_generated(addresses[len(given) :]))


def _logins(visit: Visit) -> list[str]:
    logins = visit.fields.all("login") or visit.fields.all("mailbox")
    if not any(logins):
        raise bad_request("Parameter 'login' is missing")
    return logins


def _generated(addresses: list[str]) -> dict[str, Any]:
    if not addresses:
        return {}
    return {"note": NOTE, "credentials": {a: secrets.token_hex(16) for a in addresses}}


@ENDPOINTS.on("PUT", ONE)
def change_password(visit: Visit) -> Response:
    address = _known_address(visit)
    is_given = bool(visit.fields.read({"password": password}))
    return message("Password changed", **_generated([] if is_given else [address]))


def _known_address(visit: Visit) -> str:
    entry = visit.domain()
    address = _address(visit.call.params["login"], entry)
    if address not in entry["credentials"]:
        raise refused(404, message="Credentials not found")
    return address


@ENDPOINTS.on("DELETE", ONE)
def delete_credentials(visit: Visit) -> Response:
    credentials = visit.domain()["credentials"]
    address = _known_address(visit)
    if credentials[address]["is_system"]:
        raise bad_request(f"Cannot delete system mailbox: {address}")
    del credentials[address]
    return message("Credentials have been deleted", spec=address)


@ENDPOINTS.on("DELETE", ALL)
def delete_all_credentials(visit: Visit) -> Response:
    entry = visit.domain()
    kept = {address: item for address, item in entry["credentials"].items() if item["is_system"]}
    count = len(entry["credentials"]) - len(kept)
    entry["credentials"] = kept
    return message("All domain credentials have been deleted", count=count)
