"""`/servers` of the account and `/server` of a server token (postmark.md §4, §5)."""

import uuid
from functools import partial

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.account import take_id
from reconciler.sandbox.postmark.answers import Bare, Refused, done
from reconciler.sandbox.postmark.calls import Json, path_id, read_object, read_page, read_query
from reconciler.sandbox.postmark.fields import (
    Field,
    domain_name,
    flag,
    number,
    one_of,
    or_empty,
    public_url,
    read_fields,
    require,
    text_matching,
)
from reconciler.sandbox.postmark.streams import BROADCAST, default_streams
from reconciler.sandbox.postmark.tokens import account_endpoint, api_tokens, server_endpoint
from reconciler.sandbox.world import World

COLORS = ("purple", "blue", "turquoise", "green", "red", "yellow", "grey", "orange")
TRACK_LINKS = ("None", "HtmlAndText", "HtmlOnly", "TextOnly")
HOOKS = ("InboundHookUrl", "BounceHookUrl", "OpenHookUrl", "DeliveryHookUrl", "ClickHookUrl")
FLAGS = (
    "SmtpApiActivated",
    "RawEmailEnabled",
    "PostFirstOpenOnly",
    "IncludeBounceContentInHook",
    "EnableSmtpApiErrorHooks",
    "TrackOpens",
)
WRITABLE = (
    Field("Name", text_matching(r"(?s).*\S.*"), 608),
    Field("Color", one_of(*COLORS), 607),
    *(Field(name, flag) for name in FLAGS),
    *(Field(name, or_empty(public_url), 606) for name in HOOKS),
    Field("InboundDomain", or_empty(domain_name), 610),
    Field("InboundSpamThreshold", number(0, 30), 611),
    Field("TrackLinks", one_of(*TRACK_LINKS), 612),
)
# `DeliveryType` never changes afterwards; an edit that names it is not refused, we chose.
WRITABLE_ON_CREATE = (*WRITABLE, Field("DeliveryType", one_of("Live", "Sandbox"), 613))
# Kept beside the settings, never part of an answer.
CONTENTS = ("Credential", "streams", "webhooks", "suppressions", "messages")

routes = Routes(ignore_case=True)
account = partial(account_endpoint, routes)
own = partial(server_endpoint, routes)


def new_server(
    account: Json, name: str, *, credential: str | None = None, broadcast: str = BROADCAST
) -> Json:
    """Add a server; one with a `credential` has its token there, where a reset leaves it."""
    server_id = take_id(account)
    inbound_hash = uuid.uuid4().hex
    server: Json = {
        "ID": server_id,
        "Name": name,
        "ApiTokens": [str(uuid.uuid4())],
        "Color": "purple",
        "SmtpApiActivated": True,
        "RawEmailEnabled": False,
        "DeliveryType": "Live",
        "ServerLink": f"https://postmarkapp.com/servers/{server_id}/streams",
        "InboundAddress": f"{inbound_hash}@inbound.postmarkapp.com",
        "InboundHash": inbound_hash,
        **dict.fromkeys(HOOKS, ""),
        "InboundDomain": "",
        "InboundSpamThreshold": 0,
        "PostFirstOpenOnly": False,
        "IncludeBounceContentInHook": False,
        "EnableSmtpApiErrorHooks": False,
        "TrackOpens": False,
        "TrackLinks": "None",
        "Credential": credential,
        "streams": default_streams(server_id, broadcast),
        "webhooks": {},
        "suppressions": {},
        "messages": [],
    }
    account["servers"][str(server_id)] = server
    return server


def mint_server(world: World, name: str) -> str:
    """Return a token of the server that is kept for `name`, whatever it is called by now.

    At first it is the one with that name, which is created if it is missing.
    """
    with world.lock:
        kept = world.postmark.setdefault("kept_for", {})
        server = world.postmark["servers"].get(str(kept.get(name)))
        server = server or _find_named(world, name) or _add_server(world, name)
        kept[name] = server["ID"]
        world.save()
        return api_tokens(world, server)[0]


def _add_server(world: World, name: str) -> Json:
    broadcast = world.settings.get("postmark_broadcast_stream", BROADCAST)
    return new_server(world.postmark, name, broadcast=broadcast)


def _find_named(world: World, name: str) -> Json | None:
    servers: list[Json] = list(world.postmark["servers"].values())
    return next((s for s in servers if s["Name"].lower() == name.lower()), None)


def _answered(call: Call, server: Json) -> Json:
    settings = {name: value for name, value in server.items() if name not in CONTENTS}
    return settings | {"ApiTokens": api_tokens(call.world, server)}


def _edit(call: Call, server: Json) -> Json:
    given = read_object(call)
    if not given:
        raise Refused(609)
    values = read_fields(given, WRITABLE)
    _check_unique(call, server, values)
    server.update(values)
    return _answered(call, server)


def _check_unique(call: Call, server: Json | None, values: Json) -> None:
    others = [s for s in call.world.postmark["servers"].values() if s is not server]
    name, domain = values.get("Name"), values.get("InboundDomain")
    if name and name.lower() in (s["Name"].lower() for s in others):
        raise Refused(603, name=name)
    if domain and domain.lower() in (s["InboundDomain"].lower() for s in others):
        raise Refused(602, domain=domain)
    if domain and not _has_inbound_mx(call.world, domain):
        raise Refused(610, domain=domain)


def _has_inbound_mx(world: World, domain: str) -> bool:
    """Look only if told to: live suites set inbound domains that no DNS knows."""
    return not world.settings.get("postmark_check_inbound_mx") or world.is_published(domain)


def _find(call: Call) -> Json:
    """Find the server or answer 404 with an empty body, unlike all other kinds (§4)."""
    server: Json | None = call.world.postmark["servers"].get(path_id(call))
    if server is None:
        raise Bare(404)
    return server


@account("GET", "/servers")
def list_servers(call: Call) -> Json:
    part = (read_query(call, "name") or "").lower()
    servers = [s for s in call.world.postmark["servers"].values() if part in s["Name"].lower()]
    page = read_page(call, servers, code=600)
    return {"TotalCount": len(servers), "Servers": [_answered(call, server) for server in page]}


@account("POST", "/servers")
def create_server(call: Call) -> Json:
    given = read_object(call)
    require(given, "Name", 608)
    values = read_fields(given, WRITABLE_ON_CREATE)
    _check_unique(call, None, values)
    server = _add_server(call.world, values["Name"])
    server.update(values)
    return _answered(call, server)


@account("GET", "/servers/{id:int}")
def get_server(call: Call) -> Json:
    return _answered(call, _find(call))


@account("PUT", "/servers/{id:int}")
def edit_server(call: Call) -> Json:
    return _edit(call, _find(call))


@account("DELETE", "/servers/{id:int}")
def delete_server(call: Call) -> Json:
    """Allow it unless told not to, though support has to enable it for real accounts (§4)."""
    server = _find(call)
    if not call.world.settings.get("postmark_server_deletion", True):
        raise Refused(604)
    del call.world.postmark["servers"][path_id(call)]
    return done(f"Server {server['Name']} removed.")


@own("GET", "/server")
def get_own_server(call: Call, server: Json) -> Json:
    return _answered(call, server)


@own("PUT", "/server")
def edit_own_server(call: Call, server: Json) -> Json:
    return _edit(call, server)
