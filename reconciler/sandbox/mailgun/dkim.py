"""DKIM keys, their authority and selector (mailgun.md §7.1, §7.2)."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from reconciler.sandbox.dkim_record import new_record
from reconciler.sandbox.mailgun import records, rsa_keys
from reconciler.sandbox.mailgun.account import Endpoints, Entry, Region, Visit
from reconciler.sandbox.mailgun.answers import bad_request, message, refused, reply
from reconciler.sandbox.mailgun.fields import atom, flag, host_name, one_of

ENDPOINTS = Endpoints()
ALL = "/v1/dkim/keys"
# Recordings show `smtp` and `k1` on different accounts (§4.6).
DEFAULT_SELECTOR = "smtp"
MOST_PER_PAGE = 100
Key = dict[str, Any]


def parent(region: Region, name: str, subaccount: str | None) -> Entry | None:
    """Return the topmost registered domain above `name`; it passes on its authority (OAS)."""
    above = [
        entry
        for entry in region.entries(subaccount)
        if name.endswith(f".{entry['domain']['name']}") and entry["domain"]["type"] != "sandbox"
    ]
    return min(above, key=lambda entry: len(entry["domain"]["name"]), default=None)


def host(entry: Entry, options: dict[str, Any]) -> str:
    """Return the name below which the keys are published: the authority's, unless asked for."""
    if options.get("force_root_dkim_host"):
        return ".".join(entry["domain"]["name"].split(".")[-2:])
    return str(options.get("dkim_host_name", entry["authority"]))


def ensure_key(
    region: Region, entry: Entry, selector: str | None = None, bits: str | None = None
) -> None:
    """Make the key that signs for the domain, if the authority has none by that selector (OAS)."""
    if entry["domain"]["use_automatic_sender_security"]:
        return
    keys = records.authority(region, entry)["keys"]
    is_there = _by_selector(keys, selector) is not None if selector else bool(keys)
    if not is_there:
        value = new_record(int(bits or 1024))
        keys.append(_new_key((selector or DEFAULT_SELECTOR).lower(), value))


def _new_key(selector: str, value: str) -> Key:
    return {"selector": selector, "value": value, "is_active": False}


def _by_selector(keys: list[Key], selector: str) -> Key | None:
    return next((key for key in keys if key["selector"] == selector.lower()), None)


def activate_first_seen(region: Region, entry: Entry) -> None:
    """Let an active domain sign; no source shows the moment at which its key becomes active."""
    keys = records.authority(region, entry)["keys"]
    seen = [key for key in keys if records.key_record(entry, key)["valid"] == "valid"]
    if seen and not any(key["is_active"] for key in keys):
        seen[0]["is_active"] = True


@ENDPOINTS.on("GET", "/v4/domains/{name}/keys", "/v3/domains/{name}/keys")
def list_domain_keys(visit: Visit) -> Response:
    return reply({"items": list(_items(visit.region, visit.domain()))})


def _items(region: Region, entry: Entry) -> Iterator[dict[str, Any]]:
    """Under automatic sender security its two selectors come first; a guess, nothing tells."""
    if entry["domain"]["use_automatic_sender_security"]:
        for record in records.sender_security(region, entry):
            yield _item(entry, record["name"].split(".")[0], record)
    for key in entry["keys"]:
        yield _item(entry, key["selector"], records.key_record(entry, key))


def _item(entry: Entry, selector: str, record: records.Record) -> dict[str, Any]:
    return {
        "signing_domain": entry["domain"]["name"],
        "selector": selector,
        "dns_record": record,
    }


@ENDPOINTS.on("GET", ALL)
def list_keys(visit: Visit) -> Response:
    """Page tokens carry the whole question; a token that does not parse asks for the first page."""
    question = _question(visit)
    items = list(_matching(visit, question))
    start, limit = question["start"], question["limit"]
    paging = _paging(f"{visit.base_url}{ALL}", question, len(items))
    return reply({"items": items[start : start + limit], "paging": paging})


def _question(visit: Visit) -> dict[str, Any]:
    fields = visit.fields
    return {
        "signing_domain": fields.get("signing_domain").lower(),
        "selector": fields.get("selector").lower(),
        "limit": min(fields.number("limit", 10), MOST_PER_PAGE) or 10,
        "start": 0,
    } | _read_token(fields.get("page"))


def _read_token(token: str) -> dict[str, Any]:
    try:
        question = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, RecursionError):
        return {}
    return question if _is_question(question) else {}


def _is_question(value: Any) -> bool:
    """A token is ours when it holds what `_paging` puts into one."""
    return (
        isinstance(value, dict)
        and all(type(value.get(name)) is int for name in ("limit", "start"))
        and all(isinstance(value.get(name), str) for name in ("signing_domain", "selector"))
        and 1 <= value["limit"] <= MOST_PER_PAGE
        and value["start"] >= 0
    )


def _matching(visit: Visit, question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for entry in visit.region.entries(visit.subaccount):
        for item in _items(visit.region, entry):
            asked = (question["signing_domain"], question["selector"])
            found = (item["signing_domain"], item["selector"])
            if all(a in ("", f) for a, f in zip(asked, found, strict=True)):
                yield item


def _paging(url: str, question: dict[str, Any], total: int) -> dict[str, str]:
    """Link to full addresses: OAS calls the links URLs and prints paths, all clients need URLs."""
    start, limit = question["start"], question["limit"]
    starts = {
        "previous": max(0, start - limit),
        "first": 0,
        "next": start + limit,
        "last": max(0, total - 1) // limit * limit,
    }
    return {name: _link(url, question | {"start": value}) for name, value in starts.items()}


def _link(url: str, question: dict[str, Any]) -> str:
    token = base64.urlsafe_b64encode(json.dumps(question).encode()).decode()
    return f"{url}?{urlencode({'page': token})}"


@ENDPOINTS.on("POST", ALL)
def create_key(visit: Visit) -> Response:
    """Refuse a duplicate as seen live; the words beyond the limit are ours (§7.1)."""
    entry = visit.domain(host_name("signing_domain", visit.fields.need("signing_domain")))
    selector = atom("selector", visit.fields.need("selector")).lower()
    value = _key_value(visit)
    if _by_selector(entry["keys"], selector):
        raise bad_request("failed to create domain key: duplicate key")
    if len(entry["keys"]) >= visit.setting("dkim_key_limit", 5):
        raise bad_request("failed to create domain key: too many domain keys")
    key = _new_key(selector, value)
    entry["keys"].append(key)
    return reply(_item(entry, selector, records.key_record(entry, key)))


def _key_value(visit: Visit) -> str:
    """Import the key of `pem`, a file or a text (OAS); only an empty text asks for a new one."""
    bits = visit.fields.read({"bits": one_of("1024", "2048")}).get("bits", "1024")
    pem = visit.fields.content("pem")
    is_given = pem or visit.fields.is_file("pem")
    return rsa_keys.import_pem(pem or b"") if is_given else new_record(int(bits))


@ENDPOINTS.on("DELETE", ALL)
def delete_key(visit: Visit) -> Response:
    entry = visit.find(visit.fields.need("signing_domain"))
    selector = visit.fields.need("selector")
    key = _by_selector(entry["keys"], selector) if entry else None
    if entry is None or key is None:
        raise refused(404, message="domain key not found")
    _check_leaves_one(entry["keys"], key)
    entry["keys"].remove(key)
    return message("success")


def _check_leaves_one(keys: list[Key], key: Key) -> None:
    others = [other for other in keys if other is not key]
    if not others or (key["is_active"] and not any(other["is_active"] for other in others)):
        raise bad_request("cannot delete domain key: must have at least one active domain key")


@ENDPOINTS.on("PUT", "/v4/domains/{name}/keys/{selector}/activate")
def activate_key(visit: Visit) -> Response:
    """Do without a valid record like a recording, unlike OAS: `mailgun_strict_activation`."""
    entry, key = _named_key(visit)
    is_seen = records.key_record(entry, key)["valid"] == "valid"
    if visit.setting("strict_activation") and not is_seen:
        raise bad_request("cannot activate domain key: dns record is not valid")
    return _set_active(entry, key, "domain key activated", is_active=True)


@ENDPOINTS.on("PUT", "/v4/domains/{name}/keys/{selector}/deactivate")
def deactivate_key(visit: Visit) -> Response:
    return _set_active(*_named_key(visit), "domain key deactivated", is_active=False)


def _named_key(visit: Visit) -> tuple[Entry, Key]:
    entry = visit.find(visit.name())
    key = _by_selector(entry["keys"], visit.call.params["selector"]) if entry else None
    if entry is None or key is None:
        raise refused(404, message="domain key not found")
    return entry, key


def _set_active(entry: Entry, key: Key, text: str, *, is_active: bool) -> Response:
    key["is_active"] = is_active
    authority = entry["domain"]["name"]
    return message(text, authority=authority, selector=key["selector"], active=is_active)


@ENDPOINTS.on("PUT", "/v3/domains/{name}/dkim_authority")
def update_authority(visit: Visit) -> Response:
    entry = visit.domain()
    visit.fields.need("self")
    is_self = visit.fields.read({"self": flag})["self"]
    has_changed = _move_authority(visit, entry, is_self=is_self)
    return message(
        f"Domain DKIM authority has {'been' if has_changed else 'not been'} changed",
        changed=has_changed,
        sending_dns_records=records.record_lists(visit, entry)["sending_dns_records"],
    )


def _move_authority(visit: Visit, entry: Entry, *, is_self: bool) -> bool:
    """Without a registered parent the domain stays its own authority (OAS)."""
    name = entry["domain"]["name"]
    above = None if is_self else parent(visit.region, name, entry["subaccount"])
    authority = above["authority"] if above else name
    has_changed: bool = authority != entry["authority"]
    if has_changed:
        entry["authority"] = entry["dkim_host"] = authority
        ensure_key(visit.region, entry)
    return has_changed


@ENDPOINTS.on("PUT", "/v3/domains/{name}/dkim_selector")
def rename_selector(visit: Visit) -> Response:
    """Give the signing key another selector; its material stays the same (§7.2)."""
    entry = visit.domain()
    selector = atom("dkim_selector", visit.fields.need("dkim_selector")).lower()
    keys = records.authority(visit.region, entry)["keys"]
    if not keys:
        raise refused(404, message="domain key not found")
    key = next((key for key in keys if key["is_active"]), keys[0])
    if _by_selector(keys, selector) not in (None, key):
        raise bad_request("failed to change domain key selector: duplicate key")  # text ours
    key["selector"] = selector
    return message("DKIM selector changed")
