"""Webhooks of the account, one set per region (mailgun.md §8.3)."""

import re
import secrets
import time
from collections import Counter
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit, iso_date
from reconciler.sandbox.mailgun.answers import no_content, refused, reply
from reconciler.sandbox.mailgun.events import EVENTS, MOST_URLS, too_many, url_fault

ENDPOINTS = Endpoints()
ALL = "/v1/webhooks"
ONE = ALL + "/{id}"
Webhook = dict[str, Any]


def _webhooks(visit: Visit) -> dict[str, Webhook]:
    """Each account has its own, a subaccount too."""
    sets = visit.region.state["account_webhooks"]
    webhooks: dict[str, Webhook] = sets.setdefault(visit.subaccount or "", {})
    return webhooks


@ENDPOINTS.on("GET", ALL)
def list_webhooks(visit: Visit) -> Response:
    wanted = set(filter(None, visit.fields.get("webhook_ids").split(",")))
    items = [item for id_, item in _webhooks(visit).items() if not wanted or id_ in wanted]
    return reply({"webhooks": items})


@ENDPOINTS.on("GET", ONE)
def get_webhook(visit: Visit) -> Response:
    webhook = _webhooks(visit).get(visit.name("id"))
    if webhook is None:
        raise refused(404, Description="webhook not found")
    return reply(webhook)


@ENDPOINTS.on("POST", ALL)
def create_webhook(visit: Visit) -> Response:
    id_ = secrets.token_hex(12)
    _webhooks(visit)[id_] = _read(visit, id_, f"{iso_date(time.time())}Z")
    return reply({"webhook_id": id_})


def _read(visit: Visit, id_: str, created_at: str) -> Webhook:
    url, events = _url(visit), _events(visit)
    _check_room(visit, id_, url, events)
    return {
        "webhook_id": id_,
        "description": visit.fields.get("description"),
        "url": url,
        "event_types": events,
        "created_at": created_at,
    }


def _url(visit: Visit) -> str:
    url = visit.fields.get("url")
    if not url or url_fault(visit, url):
        raise refused(400, Field="url", Value="missing or invalid url parameter")
    return url


def _events(visit: Visit) -> list[str]:
    """Read the events; the text for none at all is ours."""
    events = [event for event in visit.fields.all("event_types") if event]
    if not events:
        raise refused(400, Field="event_types", Value="missing event_types parameter")
    for event, times in Counter(events).items():
        if event not in EVENTS:
            raise refused(404, Description=f"event_type '{event}' is invalid")
        if times > 1:
            raise refused(400, Field="event_types", Value=f"duplicate event types: '{event}'")
    return events


def _check_room(visit: Visit, id_: str, url: str, events: list[str]) -> None:
    others = [item for item in _webhooks(visit).values() if item["webhook_id"] != id_]
    for event in events:
        urls = [item["url"] for item in others if event in item["event_types"]]
        if url in urls:
            text = f"url {url} already exists for event type {event}"
            raise refused(409, Description=text)
        if len(urls) >= MOST_URLS:
            raise refused(409, Description=too_many(event))


@ENDPOINTS.on("PUT", ONE)
def replace_webhook(visit: Visit) -> Response:
    webhooks, id_ = _webhooks(visit), visit.name("id")
    _check_known(webhooks, id_)
    webhooks[id_] = _read(visit, id_, webhooks[id_]["created_at"])
    return no_content()


def _check_known(webhooks: dict[str, Webhook], id_: str) -> None:
    if id_ not in webhooks:
        raise refused(404, Description=f"webhook_id not found: {id_}")


@ENDPOINTS.on("DELETE", ONE)
def delete_webhook(visit: Visit) -> Response:
    webhooks, id_ = _webhooks(visit), visit.name("id")
    if not re.fullmatch(r"[0-9a-f]{24}", id_):
        raise refused(400, Field="webhook_id", Value="is not valid")
    _check_known(webhooks, id_)
    del webhooks[id_]
    return no_content()


@ENDPOINTS.on("DELETE", ALL)
def delete_webhooks(visit: Visit) -> Response:
    """Named ids win over `all=true` (OAS)."""
    webhooks = _webhooks(visit)
    ids = _named_ids(visit) if visit.fields.has("webhook_ids") else _every_id(visit)
    for id_ in ids:
        _check_known(webhooks, id_)
    for id_ in ids:
        webhooks.pop(id_, None)
    return no_content()


def _named_ids(visit: Visit) -> list[str]:
    ids = visit.fields.get("webhook_ids").lower().split(",")
    if not all(ids):
        text = "malformed webhook_ids parameter: empty values not allowed"
        raise refused(400, message=f"Invalid parameter: webhook_ids {text}")
    return ids


def _every_id(visit: Visit) -> list[str]:
    if visit.fields.get("all").lower() != "true":
        text = "either webhook_ids or all=true is required"  # text ours
        raise refused(400, message=f"Invalid parameter: webhook_ids {text}")
    if not _webhooks(visit):
        raise refused(404, Description="no webhooks found for account")
    return list(_webhooks(visit))
