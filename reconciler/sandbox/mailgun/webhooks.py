"""Webhooks of a domain: by event (v3, mailgun.md §8.1) and by URL (v4, §8.2)."""

from collections.abc import Iterable

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Visit
from reconciler.sandbox.mailgun.answers import bad_request, message, refused, reply
from reconciler.sandbox.mailgun.events import (
    EVENTS,
    MOST_URLS,
    UrlsByEvent,
    as_map,
    too_many,
    url_fault,
)

ENDPOINTS = Endpoints()
ALL = "/v3/domains/{name}/webhooks"
ONE = ALL + "/{event}"
BY_URL = "/v4/domains/{name}/webhooks"


def _webhooks(visit: Visit) -> UrlsByEvent:
    webhooks: UrlsByEvent = visit.domain()["webhooks"]
    return webhooks


@ENDPOINTS.on("GET", ALL)
def list_webhooks(visit: Visit) -> Response:
    return reply({"webhooks": as_map(_webhooks(visit))})


@ENDPOINTS.on("GET", ONE)
def get_webhook(visit: Visit) -> Response:
    return reply({"webhook": {"urls": _webhooks(visit)[_set_event(visit)]}})


def _set_event(visit: Visit) -> str:
    event = visit.name("event")
    if event not in _webhooks(visit):
        raise refused(404, message="Webhook not found")
    return event


@ENDPOINTS.on("POST", ALL)
def create_webhook(visit: Visit) -> Response:
    """Refuse an event that has any URL; the text of this 400 is not known."""
    webhooks = _webhooks(visit)
    event = visit.fields.need("id").lower()
    if event not in EVENTS:
        raise bad_request(f"Invalid webhook id: {event}")  # text ours
    urls = _urls(visit, event)
    if event in webhooks:
        raise bad_request("Webhook already exists")
    webhooks[event] = urls
    return message("Webhook has been created", webhook={"urls": urls})


def _urls(visit: Visit, event: str) -> list[str]:
    visit.fields.need("url")
    urls = list(dict.fromkeys(visit.fields.all("url")))
    if len(urls) > MOST_URLS:
        raise bad_request(too_many(event))
    for url in urls:
        if fault := url_fault(visit, url):
            raise refused(400, Reason=fault)
    return urls


@ENDPOINTS.on("PUT", ONE)
def replace_webhook(visit: Visit) -> Response:
    event = _set_event(visit)
    urls = _webhooks(visit)[event] = _urls(visit, event)
    return message("Webhook has been updated", webhook={"urls": urls})


@ENDPOINTS.on("DELETE", ONE)
def delete_webhook(visit: Visit) -> Response:
    """Tell the removed URLs."""
    urls = _webhooks(visit).pop(_set_event(visit))
    return message("Webhook has been deleted", webhook={"urls": urls})


@ENDPOINTS.on("POST", BY_URL)
def add_url(visit: Visit) -> Response:
    webhooks, url, events = _webhooks(visit), _url(visit), _event_types(visit)
    for event in events:
        if url in webhooks.get(event, ()):
            text = f"Webhook for event type '{event}' with URL '{url}' already exists"
            raise refused(400, Reason=text)
    _add(webhooks, url, events)
    return reply({"webhooks": as_map(webhooks)})


def _url(visit: Visit) -> str:
    url = visit.fields.get("url")
    if not url:
        raise refused(400, Field="url")
    if fault := url_fault(visit, url):
        raise refused(400, Reason=f"invalid parameters: {fault}")
    return url


def _event_types(visit: Visit) -> list[str]:
    events = [event.lower() for event in visit.fields.all("event_types") if event]
    if not events:
        raise refused(400, Field="event_types")
    for event in events:
        if event not in EVENTS:
            text = f"invalid parameters: event_type '{event}' is invalid"  # text ours
            raise refused(400, Reason=text)
    return list(dict.fromkeys(events))


def _add(webhooks: UrlsByEvent, url: str, events: Iterable[str]) -> None:
    for event in events:
        if len(webhooks.get(event, ())) >= MOST_URLS:
            raise refused(400, Reason=too_many(event))
    for event in events:
        webhooks.setdefault(event, []).append(url)


@ENDPOINTS.on("PUT", BY_URL)
def move_url(visit: Visit) -> Response:
    """Replace the events of one URL; one that is used nowhere is not found."""
    webhooks, url, events = _webhooks(visit), _url(visit), _event_types(visit)
    if not any(url in urls for urls in webhooks.values()):
        raise refused(404, Description="Webhook not found")
    _add(webhooks, url, [event for event in events if url not in webhooks.get(event, ())])
    _remove(webhooks, {url}, [event for event in webhooks if event not in events])
    return reply({"webhooks": as_map(webhooks)})


def _remove(webhooks: UrlsByEvent, unwanted: set[str], events: Iterable[str]) -> None:
    for event in events:
        webhooks[event] = [url for url in webhooks[event] if url not in unwanted]
        if not webhooks[event]:
            del webhooks[event]


@ENDPOINTS.on("DELETE", BY_URL)
def remove_urls(visit: Visit) -> Response:
    """URLs are separated by commas, so one that contains a comma cannot be deleted (§8.2)."""
    webhooks, listed = _webhooks(visit), visit.fields.get("url")
    if not listed:
        raise refused(400, Field="url")
    _remove(webhooks, {url.strip() for url in listed.split(",")}, list(webhooks))
    return reply({"webhooks": as_map(webhooks)})
