"""Domains: list, create, get, update, verify, delete (mailgun.md §4)."""

import secrets
import time
from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun import credentials, dkim, records
from reconciler.sandbox.mailgun.account import Endpoints, Entry, Region, Visit, regions, rfc_date
from reconciler.sandbox.mailgun.allowance import take
from reconciler.sandbox.mailgun.answers import RefusedError, bad_request, message, reply
from reconciler.sandbox.mailgun.fields import (
    Fields,
    Reader,
    atom,
    flag,
    host_name,
    one_of,
    page,
    password,
    text_value,
    web_address,
    whole_number,
)
from reconciler.sandbox.mailgun.tracking import DEFAULT_TRACKING

ENDPOINTS = Endpoints()

# Fields that end up in the domain object under their own name (§4.6, §4.7).
SETTINGS: dict[str, Reader] = {
    "archive_to": web_address,
    "message_ttl": whole_number,
    "require_tls": flag,
    "skip_verification": flag,
    "spam_action": one_of("disabled", "block", "tag"),
    "use_automatic_sender_security": flag,
    "web_prefix": atom,
    "web_scheme": one_of("http", "https"),
    "wildcard": flag,
}
CREATE_SETTINGS = SETTINGS | {"encrypt_incoming_message": flag}
ASIDE: dict[str, Reader] = {"smtp_password": password, "mailfrom_host": host_name}
# Not readable afterwards. IPs and pools are taken on trust: the sandbox has none of its own.
CREATE_ONLY: dict[str, Reader] = {
    "smtp_password": password,
    "dkim_key_size": one_of("1024", "2048"),
    "dkim_selector": atom,
    "force_dkim_authority": flag,
    "force_root_dkim_host": flag,
    "dkim_host_name": host_name,
    "ips": text_value,
    "pool_id": text_value,
}

# The union of the recorded key sets: that of Dec 2025 adds the first and the third (§4.2).
DEFAULTS: dict[str, Any] = {
    "encrypt_incoming_message": False,
    "is_disabled": False,
    "message_ttl": 0,
    "require_tls": False,
    "skip_verification": False,
    "spam_action": "disabled",
    "state": "unverified",
    "type": "custom",
    "use_automatic_sender_security": False,
    "web_prefix": "email",
    "web_scheme": "http",
    "wildcard": False,
}


@ENDPOINTS.on("GET", "/v4/domains", "/v3/domains")
def list_domains(visit: Visit) -> Response:
    items = [view(entry) for entry in _sorted(_selected(visit), visit.fields.get("sort"))]
    return reply({"total_count": len(items), "items": items[page(visit.fields)]})


def _selected(visit: Visit) -> Iterable[Entry]:
    """Filter as §4.4 says: `authority` is ignored beside `state`, `search` is a part of a name."""
    state, authority = visit.fields.get("state"), visit.fields.get("authority").lower()
    search = visit.fields.get("search").lower()
    for entry in reversed(_reachable(visit)):
        domain = entry["domain"]
        fits = domain["state"] == state if state else authority in ("", entry["authority"])
        if fits and search in domain["name"]:
            yield entry


def _reachable(visit: Visit) -> list[Entry]:
    if visit.fields.read({"include_subaccounts": flag}).get("include_subaccounts"):
        return list(visit.region.domains.values())
    return list(visit.region.entries(visit.subaccount))


def _sorted(entries: Iterable[Entry], sort: str) -> list[Entry]:
    """Ignore an unknown order; what the service does with one is not known."""
    field, _, direction = sort.partition(":")
    if field != "name":
        return list(entries)
    return sorted(entries, key=lambda e: str(e["domain"]["name"]), reverse=direction == "desc")


def view(entry: Entry) -> dict[str, Any]:
    owner = {"subaccount_id": entry["subaccount"]} if entry["subaccount"] else {}
    return dict(sorted((entry["domain"] | owner).items()))


@ENDPOINTS.on("GET", "/v4/domains/{name}", "/v3/domains/{name}")
def get_domain(visit: Visit) -> Response:
    """Answer `h:extended` and `h:with_dns` as the older pages describe them (§4.5)."""
    entry = visit.domain()
    options = visit.fields.read({"h:extended": flag, "h:with_dns": flag})
    is_extended = options.get("h:extended") and visit.setting("extended", default=True)
    extension = _extension(visit, entry) if is_extended else {}
    lists: dict[str, Any] = {"receiving_dns_records": None, "sending_dns_records": None}
    if options.get("h:with_dns", True):
        lists = records.record_lists(visit, entry)
    return reply({"domain": view(entry) | extension, **lists})


def _extension(visit: Visit, entry: Entry) -> dict[str, Any]:
    return {
        "dkim_host": entry["dkim_host"],
        "mailfrom_host": entry["mailfrom_host"],
        "pod": visit.region.name,
    }


@ENDPOINTS.on("POST", "/v4/domains", "/v3/domains")
def create_domain(visit: Visit) -> Response:
    name = host_name("name", visit.fields.need("name"))
    settings = visit.fields.read(CREATE_SETTINGS)
    options = visit.fields.read(CREATE_ONLY)
    _check_dkim_host(name, options)
    _check_is_free(visit, name)
    entry = add_domain(visit.region, name, settings, options, visit.subaccount)
    credentials.set_postmaster(entry, options.get("smtp_password"))
    return _with_records(visit, entry, "Domain DNS records have been created")


def _check_dkim_host(name: str, options: dict[str, Any]) -> None:
    """`dkim_host_name` goes with neither force, and lies above, at or below the domain (OAS)."""
    host = options.get("dkim_host_name")
    if host is None:
        return
    if options.get("force_dkim_authority") or options.get("force_root_dkim_host"):
        raise bad_request(
            "dkim_host_name cannot be used with force_dkim_authority or force_root_dkim_host"
        )
    if not (f".{host}".endswith(f".{name}") or f".{name}".endswith(f".{host}")):
        raise bad_request("dkim_host_name must be the domain, a subdomain of it or its root domain")


def _check_is_free(visit: Visit, name: str) -> None:
    """Names are unique over both regions and stay taken while a deletion goes on (§1, §4.8)."""
    if any(name in region.domains for region in regions(visit.world)):
        raise bad_request(visit.setting("duplicate_text", "This domain name is already taken"))


def add_domain(
    region: Region,
    name: str,
    settings: dict[str, Any],
    options: dict[str, Any],
    subaccount: str | None = None,
) -> Entry:
    parent = None if options.get("force_dkim_authority") else dkim.parent(region, name, subaccount)
    entry = region.domains[name] = _new_entry(name, settings)
    entry["subaccount"] = subaccount
    entry["authority"] = parent["authority"] if parent else name
    entry["dkim_host"] = dkim.host(entry, options)
    dkim.ensure_key(region, entry, options.get("dkim_selector"), options.get("dkim_key_size"))
    return entry


def _new_entry(name: str, settings: dict[str, Any]) -> Entry:
    return {
        "domain": DEFAULTS | _identity(name) | settings,
        "created_at": time.time(),
        "gone_at": None,
        "mailfrom_host": name,
        "sender_id": secrets.token_hex(6),
        "keys": [],
        "seen": [],
        "rotation": {},
        "tracking": {section: dict(values) for section, values in DEFAULT_TRACKING.items()},
        "webhooks": {},
        "credentials": {},
    }


def _identity(name: str) -> dict[str, Any]:
    """Name the postmaster as login; recordings of 2025 have this and an empty one (§4.2)."""
    return {
        "created_at": rfc_date(),
        "id": secrets.token_hex(12),
        "name": name,
        "smtp_login": f"postmaster@{name}",
    }


def _with_records(visit: Visit, entry: Entry, text: str) -> Response:
    return message(text, domain=view(entry), **records.record_lists(visit, entry))


@ENDPOINTS.on("PUT", "/v4/domains/{name}", "/v3/domains/{name}")
def update_domain(visit: Visit) -> Response:
    """Change what was given and nothing else (§4.7)."""
    entry = visit.domain()
    settings, aside = visit.fields.read(SETTINGS), visit.fields.read(ASIDE)
    _apply(visit.region, entry, settings)
    _clear_archive(entry, visit.fields)
    entry["mailfrom_host"] = aside.get("mailfrom_host", entry["mailfrom_host"])
    credentials.set_postmaster(entry, aside.get("smtp_password"))
    return _with_records(visit, entry, "Domain has been updated")


def _apply(region: Region, entry: Entry, settings: dict[str, Any]) -> None:
    """Automatic sender security asks for other records, so it needs a new verification (§7.3)."""
    domain = entry["domain"]
    was_automatic = domain["use_automatic_sender_security"]
    domain.update(settings)
    if domain["use_automatic_sender_security"] != was_automatic:
        dkim.ensure_key(region, entry)
        domain["state"] = "unverified" if domain["state"] == "active" else domain["state"]


def _clear_archive(entry: Entry, fields: Fields) -> None:
    """Only here an empty value must mean something, or archiving could never be ended."""
    if fields.has("archive_to") and not fields.get("archive_to"):
        entry["domain"].pop("archive_to", None)


@ENDPOINTS.on("PUT", "/v3/domains/{name}/web_prefix")
def update_web_prefix(visit: Visit) -> Response:
    """Answer the legacy call (§4.7)."""
    entry = visit.domain()
    visit.fields.need("web_prefix")
    _apply(visit.region, entry, visit.fields.read({"web_prefix": atom}))
    return message("Domain web prefix updated")


@ENDPOINTS.on("PUT", "/v4/domains/{name}/verify", "/v3/domains/{name}/verify")
def verify_domain(visit: Visit) -> Response:
    """Answer in the same words whether or not the records were found (§4.9)."""
    entry = visit.domain()
    allowance = take(visit.world, "verify", 10, visit.setting("verify_window", 2.0))
    headers = allowance.headers("X-Request")
    if allowance.is_exceeded:
        raise RefusedError(reply({"message": "Too many requests"}, 429, headers))  # text ours
    check(visit.region, entry)
    response = _with_records(visit, entry, "Domain DNS records have been updated")
    response.headers.update(headers)
    return response


def check(region: Region, entry: Entry) -> None:
    """Make a domain active when SPF and DKIM are valid (§4.3); a disabled one stays disabled."""
    records.look_up(region, entry)
    is_fine = records.can_send(region, entry)
    if is_fine:
        dkim.activate_first_seen(region, entry)
    if entry["domain"]["state"] != "disabled":
        entry["domain"]["state"] = "active" if is_fine else "unverified"


@ENDPOINTS.on("DELETE", "/v3/domains/{name}", "/v4/domains/{name}")
def delete_domain(visit: Visit) -> Response:
    entry = visit.domain()
    _check_may_go(visit.region, entry)
    if entry["gone_at"] is None:
        entry["gone_at"] = time.time() + visit.setting("delete_delay", 0.3)
    return message("Domain will be deleted in the background")


def _check_may_go(region: Region, entry: Entry) -> None:
    """Refuse the three cases of the OpenAPI text; status and words are ours (§4.8)."""
    domain = entry["domain"]
    dependants = (
        other["authority"] == domain["name"]
        for other in region.domains.values()
        if other is not entry and other["gone_at"] is None
    )
    if domain["type"] == "sandbox":
        raise bad_request("Sandbox domain can't be deleted")
    if domain["is_disabled"]:
        raise bad_request("Disabled domain can't be deleted")
    if any(dependants):
        raise bad_request("Domain is used as a DKIM authority for another domain")


@ENDPOINTS.on("GET", "/v3/domains/{name}/sending_queues")
def sending_queues(visit: Visit) -> Response:
    """Queues of a sandbox never fill up (§4.10)."""
    visit.domain()
    return reply({"regular": {"is_disabled": False}, "scheduled": {"is_disabled": False}})


@ENDPOINTS.on("GET", "/v3/domains/{name}/limits/tag")
def tag_limit(visit: Visit) -> Response:
    return reply({"id": visit.domain()["domain"]["id"], "limit": 4000, "count": 0})
