"""`/webhooks` of a server (postmark.md §8)."""

from functools import partial
from typing import Any

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.account import take_id
from reconciler.sandbox.postmark.answers import Refused, done
from reconciler.sandbox.postmark.calls import (
    Json,
    in_answer_order,
    path_id,
    read_object,
    read_query,
)
from reconciler.sandbox.postmark.fields import (
    Field,
    flag,
    read_fields,
    require,
    text,
    text_matching,
    web_url,
)
from reconciler.sandbox.postmark.streams import find_stream
from reconciler.sandbox.postmark.tokens import server_endpoint

# That every outbound stream supports every trigger (so that 1353 never shows) is our choice.
TRIGGERS = {
    "Open": ("Enabled", "PostFirstOpenOnly"),
    "Click": ("Enabled",),
    "Delivery": ("Enabled",),
    "Bounce": ("Enabled", "IncludeContent"),
    "SpamComplaint": ("Enabled", "IncludeContent"),
    "SubscriptionChange": ("Enabled",),
}
TRIGGER_NAMES = {name.lower(): name for name in TRIGGERS}
HEADER_NAME = text_matching(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
HTTP_AUTH = (Field("Username", text, 1360), Field("Password", text, 1360))

routes = Routes(ignore_case=True)
endpoint = partial(server_endpoint, routes)


def _triggers(value: Any) -> Json:
    """Read triggers as they are given: what is left out stays out, to be merged (§8.2)."""
    if not isinstance(value, dict):
        raise TypeError
    return {
        _trigger_name(key): _trigger(key, each) for key, each in value.items() if each is not None
    }


def _trigger_name(key: str) -> str:
    if key not in TRIGGER_NAMES:
        raise Refused(1361, field=f"Triggers.{key}")
    return TRIGGER_NAMES[key]


def _trigger(key: str, value: Any) -> Json:
    if not isinstance(value, dict):
        raise TypeError
    return read_fields(value, [Field(name, flag) for name in TRIGGERS[_trigger_name(key)]])


def _http_auth(value: Any) -> Json:
    if not isinstance(value, dict):
        raise TypeError
    auth = read_fields(value, HTTP_AUTH)
    if len(auth) < len(HTTP_AUTH):
        raise ValueError
    return auth


def _http_headers(value: Any) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError
    return [_http_header(item) for item in value]


def _http_header(item: Any) -> Json:
    if not isinstance(item, dict):
        raise TypeError
    name = item.get("name") or ""
    try:
        return {"Name": HEADER_NAME(name), "Value": text(item.get("value") or "")}
    except ValueError:
        raise Refused(1358, name=name) from None


WRITABLE = (
    Field("Url", web_url, 1354),
    Field("HttpAuth", _http_auth, 1360),
    Field("HttpHeaders", _http_headers, 1358),
)
TRIGGERS_FIELD = Field("Triggers", _triggers, 1360)


def new_webhook(account: Json, server: Json, url: str, stream: str, triggers: Json) -> Json:
    webhook: Json = {
        "ID": take_id(account),
        "Url": url,
        "MessageStream": stream,
        "Status": "verified",
        "HttpAuth": None,
        "HttpHeaders": [],
        "Triggers": _merge({}, triggers),
    }
    server["webhooks"][str(webhook["ID"])] = webhook
    return webhook


def _merge(kept: Json, given: Json) -> Json:
    """Name all six triggers with all their switches; off unless said otherwise."""
    return {
        name: dict.fromkeys(switches, False) | kept.get(name, {}) | given.get(name, {})
        for name, switches in TRIGGERS.items()
    }


@endpoint("GET", "/webhooks")
def list_webhooks(call: Call, server: Json) -> Json:
    """Refuse a filter by an unknown stream instead of finding nothing (postmark.md §8.1)."""
    webhooks = list(server["webhooks"].values())
    if wanted := read_query(call, "MessageStream"):
        stream = find_stream(server, wanted)
        webhooks = [w for w in webhooks if w["MessageStream"] == stream["ID"]]
    return {"Webhooks": in_answer_order(call, webhooks)}


@endpoint("POST", "/webhooks")
def create_webhook(call: Call, server: Json) -> Json:
    given = _read_body(call)
    if given.get("id") is not None:
        raise Refused(1356)
    require(given, "Url", 1354)
    stream = _read_stream(call, server, given)
    values = read_fields(given, (*WRITABLE, TRIGGERS_FIELD))
    triggers = values.pop("Triggers", {})
    draft = {"ID": 0, "Triggers": _merge({}, triggers)} | values
    status = _verify_on_write(call, given, draft)
    webhook = new_webhook(call.world.postmark, server, values["Url"], stream["ID"], triggers)
    webhook.update(values, Status=status)
    return webhook


def _read_body(call: Call) -> Json:
    if not call.body:
        raise Refused(1355)
    given = read_object(call)
    if given.get("status") is not None:
        raise Refused(1363)
    return given


def _read_stream(call: Call, server: Json, given: Json) -> Json:
    stream = find_stream(server, _text_of(given, "MessageStream") or "outbound")
    if stream["MessageStreamType"] == "Inbound":
        raise Refused(1351)
    if stream["ArchivedAt"]:
        raise Refused(1350)
    siblings = [w for w in server["webhooks"].values() if w["MessageStream"] == stream["ID"]]
    limit = call.world.settings.get("postmark_max_webhooks")
    if limit is not None and len(siblings) >= limit:
        raise Refused(1359)
    return stream


def _text_of(given: Json, name: str) -> str:
    value: str = read_fields(given, [Field(name, text)]).get(name, "")
    return value


def _find(call: Call, server: Json) -> Json:
    webhook: Json | None = server["webhooks"].get(path_id(call))
    if webhook is None:
        raise Refused(1352)
    return webhook


@endpoint("GET", "/webhooks/{id:int}")
def get_webhook(call: Call, server: Json) -> Json:
    return _find(call, server)


@endpoint("PUT", "/webhooks/{id:int}")
def edit_webhook(call: Call, server: Json) -> Json:
    webhook = _find(call, server)
    given = _read_body(call)
    _check_immutable(webhook, given)
    values = read_fields(given, (*WRITABLE, TRIGGERS_FIELD))
    values["Triggers"] = _merge(webhook["Triggers"], values.get("Triggers", {}))
    webhook.update(values, Status=_verify_on_write(call, given, webhook | values))
    return webhook


def _check_immutable(webhook: Json, given: Json) -> None:
    for name in ("ID", "MessageStream"):
        if given.get(name.lower()) not in (None, webhook[name]):
            raise Refused(1357, field=name)


@endpoint("DELETE", "/webhooks/{id:int}")
def delete_webhook(call: Call, server: Json) -> Json:
    webhook = _find(call, server)
    del server["webhooks"][path_id(call)]
    return done(f"Webhook {webhook['ID']} removed.")


def _verify_on_write(call: Call, given: Json, draft: Json) -> str:
    """Return the status to keep; a failed probe refuses the write (postmark.md §8.3).

    Both disputed forms of the switch count: `Verify` in the body and `?verify=` in the query.
    """
    in_body = read_fields(given, [Field("Verify", flag)]).get("Verify", True)
    in_query = (read_query(call, "verify") or "true").lower()
    if not in_body or in_query == "false":
        return "unverified"
    report = _probe(call, draft)
    if not report["Success"]:
        raise Refused(1364, verified=report["Message"]).with_details(report)
    return "verified"


def _probe(call: Call, webhook: Json) -> Json:
    """Report on sample events that are never sent: the setting decides how they went."""
    works = call.world.settings.get("postmark_webhook_probe", "off") != "fail"
    enabled = [name for name, trigger in webhook["Triggers"].items() if trigger["Enabled"]]
    verified = len(enabled) if works else 0
    return {
        "Id": webhook["ID"],
        "Url": webhook["Url"],
        "Success": verified == len(enabled),
        "Results": [_probe_result(name, works=works) for name in enabled],
        "Message": f"{verified}/{len(enabled)} triggers verified successfully",
    }


def _probe_result(trigger: str, *, works: bool) -> Json:
    return {
        "TriggerType": trigger,
        "Success": works,
        "StatusCode": 200 if works else 500,
        "Message": "OK" if works else "Internal Server Error",
    }


@endpoint("POST", "/webhooks/{id:int}/verify")
def verify_webhook(call: Call, server: Json) -> Json:
    """Report with HTTP 200 even when the probe failed (postmark.md §8.1)."""
    webhook = _find(call, server)
    report = _probe(call, webhook)
    webhook["Status"] = "verified" if report["Success"] else "unverified"
    return report


@endpoint("GET", "/webhooks/{id:int}/statistics")
def get_statistics(call: Call, server: Json) -> Json:
    """Give the figures of a webhook that nothing was delivered to; the shape is our choice."""
    webhook = _find(call, server)
    return {"ID": webhook["ID"], "Url": webhook["Url"], "Sent": 0, "Succeeded": 0, "Failed": 0}
