"""API keys and the other secrets of the account (mailgun.md §2, §8.4)."""

import secrets
import time
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Key, Visit, iso_date, regions
from reconciler.sandbox.mailgun.answers import bad_request, message, refused, reply
from reconciler.sandbox.mailgun.fields import Reader, one_of, text_value, whole_number

ENDPOINTS = Endpoints()
ALL = "/v1/keys"
KINDS = ("domain", "user", "web")
DAY = 24 * 3600


def kind(_name: str, text: str) -> str:
    if text not in KINDS:
        raise bad_request("expected `kind` param to be one of [domain user web] or absent")
    return text


FIELDS: dict[str, Reader] = {
    "role": one_of("admin", "basic", "sending", "developer"),
    "kind": kind,
    "domain_name": text_value,
    "description": text_value,
    "expiration": whole_number,
    "user_name": text_value,
    "email": text_value,
}


def new_key(secret: str, given: dict[str, Any]) -> Key:
    """Make a key; its id has the form that answers carry in `X-Mailgun-Key-Id`."""
    now, lifetime = time.time(), given.get("expiration")
    return {
        "id": f"{secrets.token_hex(4)}-{secrets.token_hex(4)}",
        "description": given.get("description", ""),
        "kind": given.get("kind", "user"),
        "role": given["role"],
        "created_at": iso_date(now),
        "updated_at": iso_date(now),
        **({"expires_at": iso_date(now + lifetime)} if lifetime else {}),
        "requestor": given.get("email"),
        "user_name": given.get("user_name"),
        "domain_name": given.get("domain_name"),
        "is_disabled": False,
        "secret": secret,
    }


def _view(key: Key) -> dict[str, Any]:
    return {name: value for name, value in key.items() if name != "secret"}


@ENDPOINTS.on("GET", ALL)
def list_keys(visit: Visit) -> Response:
    wanted = visit.fields.read({"kind": kind, "domain_name": text_value})
    items = [_view(key) for key in _keys(visit).values() if wanted.items() <= key.items()]
    return reply({"total_count": len(items), "items": items})


def _keys(visit: Visit) -> dict[str, Key]:
    keys: dict[str, Key] = visit.world.mailgun["keys"]
    return keys


@ENDPOINTS.on("POST", ALL)
def create_key(visit: Visit) -> Response:
    """Show the secret, here and never again."""
    visit.fields.need("role")
    given = visit.fields.read(FIELDS)
    _check_domain(visit, given)
    _limit_lifetime(given)
    secret = f"{secrets.token_hex(16)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    key = new_key(secret, given)
    _keys(visit)[key["id"]] = key
    return message("great success", key=key)


def _check_domain(visit: Visit, given: dict[str, Any]) -> None:
    """Role `sending` and kind `domain` go together (OAS); the refusals are worded by us."""
    is_domain_key = given.get("kind") == "domain"
    if is_domain_key != (given["role"] == "sending"):
        raise bad_request(
            "role `sending` is for keys of kind `domain` only, and they have no other"
        )
    if not is_domain_key:
        return
    given["domain_name"] = given.get("domain_name", "").lower()
    if not any(given["domain_name"] in region.domains for region in regions(visit.world)):
        raise bad_request("`domain_name` is required for keys of kind `domain`")


def _limit_lifetime(given: dict[str, Any]) -> None:
    """Web keys live one day at most, which is also their default (OAS)."""
    if given.get("expiration") == 0:
        raise bad_request("`expiration` must be greater than 0")
    if given.get("kind") == "web":
        given["expiration"] = min(given.get("expiration", DAY), DAY)


@ENDPOINTS.on("DELETE", ALL + "/{id}")
def delete_key(visit: Visit) -> Response:
    if _keys(visit).pop(visit.call.params["id"], None) is None:
        raise refused(404, message="no key matching id")
    return message("key deleted")


@ENDPOINTS.on("POST", ALL + "/public")
def regenerate_public_key(visit: Visit) -> Response:
    key = visit.world.mailgun["account"]["public_key"] = f"pubkey-{secrets.token_hex(16)}"
    return reply({"key": key, "message": "The public API key has been successfully regenerated."})


@ENDPOINTS.on("GET", "/v5/accounts/http_signing_key")
def get_signing_key(visit: Visit) -> Response:
    return reply({"http_signing_key": visit.world.mailgun["account"]["signing_key"]})


@ENDPOINTS.on("POST", "/v5/accounts/http_signing_key")
def regenerate_signing_key(visit: Visit) -> Response:
    key = visit.world.mailgun["account"]["signing_key"] = f"key-{secrets.token_hex(16)}"
    return message("regenerated HTTP signing key for account", http_signing_key=key)


@ENDPOINTS.on("GET", "/v5/users/me")
def current_user(visit: Visit) -> Response:
    """Only a key that is bound to a user has an answer (mailgun.md §2); fields as in OAS."""
    email = visit.key["requestor"]
    if visit.key["kind"] != "user" or not email:
        raise refused(403, message="Incompatible key for this endpoint")
    return reply(
        {
            "id": visit.key["id"],
            "name": visit.key["user_name"],
            "activated": True,
            "is_disabled": False,
            "email": email,
            "role": visit.key["role"],
            "account_id": visit.world.mailgun["account"]["id"],
        }
    )
