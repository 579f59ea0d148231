"""What happened to mails: `/v3/{domain}/events`, and `/v1/analytics/logs`, which takes its place.

The shapes are those of the OAS and of a recording of 2025. Texts of refusals are ours.
"""

import base64
import binascii
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.mailgun.account import Endpoints, Entry, Visit
from reconciler.sandbox.mailgun.answers import bad_request, reply
from reconciler.sandbox.mailgun.outcomes import Event, events

ENDPOINTS = Endpoints()
DAY = 86400.0
MOST_EVENTS, MOST_LOGS = 300, 100
USUAL = 100
LATEST = 1e12
"""Seconds since the epoch; no event is later."""
# What the deprecated events have not in common with the logs.
LOG_FLAGS = {"is-callback": False, "is-delayed-bounce": False}
Query = dict[str, Any]
Read = Callable[[Event], Iterable[str]]


def _header(name: str) -> Read:
    return lambda event: [event["message"]["headers"][name]]


ATTRIBUTES: Mapping[str, Read] = {
    "domain": lambda event: [event["domain"]],
    "event": lambda event: [event["event"]],
    "recipient": lambda event: [event["recipient"]],
    "severity": lambda event: [event.get("severity", "")],
    "reason": lambda event: [event.get("reason", "")],
    "tags": lambda event: event["tags"],
    "tag": lambda event: event["tags"],
    **{name: _header(name) for name in ("message-id", "subject", "from", "to")},
}


@ENDPOINTS.on("GET", "/v3/{name}/events")
def list_events(visit: Visit) -> Response:
    """Go back from now, unless a range or a direction is given; `message-id` has no brackets."""
    entry, given = visit.domain(), dict(visit.fields)
    limit = visit.fields.number("limit", USUAL) or USUAL
    if limit > MOST_EVENTS:
        raise bad_request(f"limit must not be larger than {MOST_EVENTS}")
    wanted = {name: given[name] for name in ATTRIBUTES if given.get(name)}
    return _event_page(visit, entry, {**_range(given), "wanted": wanted, "limit": limit, "at": 0})


@ENDPOINTS.on("GET", "/v3/{name}/events/{token}")
def list_more_events(visit: Visit) -> Response:
    return _event_page(visit, visit.domain(), _read_token(visit.call.params["token"]))


def _range(given: Mapping[str, str]) -> Query:
    """Refuse a range that is open at its end and has no direction (OAS)."""
    ascending = given.get("ascending")
    if ascending not in (None, "", "yes", "no"):
        raise bad_request("ascending must be yes or no")
    begin = _moment(given["begin"]) if given.get("begin") else None
    end = _moment(given["end"]) if given.get("end") else None
    if begin is not None and end is None and not ascending:
        raise bad_request("ascending is needed where no end is given")
    goes_up = ascending == "yes" if ascending else end is not None and (begin or 0) <= end
    if begin is None:
        # Not the time of now itself: a page that is asked for again has the same links.
        begin = time.time() if goes_up else LATEST
    low, high = sorted((begin, (LATEST if goes_up else 0.0) if end is None else end))
    return {"low": low, "high": high, "goes_up": goes_up}


def _moment(text: str) -> float:
    """Read epoch seconds, or a date by RFC 2822."""
    try:
        return float(text)
    except ValueError:
        return _date(text).timestamp()


def _date(text: Any) -> datetime:
    try:
        moment = parsedate_to_datetime(str(text))
    except (TypeError, ValueError, OverflowError):
        raise bad_request(f"{text!r} is no date by RFC 2822") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _event_page(visit: Visit, entry: Entry, query: Query) -> Response:
    found = [
        event
        for event in events(visit, entry)
        if query["low"] <= event["timestamp"] <= query["high"]
        and all(_is_one_of(event, *pair) for pair in query["wanted"].items())
    ]
    ordered = found if query["goes_up"] else found[::-1]
    start, limit = query["at"], query["limit"]
    items = ordered[start : start + limit]
    places = {
        "next": start + len(items),
        "previous": max(0, start - limit),
        "first": 0,
        "last": max(0, (len(ordered) - 1) // limit * limit),
    }
    path = f"{visit.base_url}/v3/{entry['domain']['name']}/events"
    paging = {name: f"{path}/{_token({**query, 'at': at})}" for name, at in places.items()}
    return reply({"items": [_as_event(each) for each in items], "paging": paging})


def _is_one_of(event: Event, name: str, expression: str) -> bool:
    """Understand `OR` of the filter expressions, and no more of them."""
    choices = {each.strip().strip('"').lower() for each in expression.split(" OR ")}
    return any(each.lower() in choices for each in ATTRIBUTES[name](event))


def _as_event(event: Event) -> Event:
    return {name: value for name, value in event.items() if name != "domain"}


def _token(query: Query) -> str:
    return base64.urlsafe_b64encode(json.dumps(query).encode()).decode().rstrip("=")


def _read_token(text: str) -> Query:
    """Read the whole query back from a page's link. What else is in its place is refused."""
    try:
        query = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        query = None
    if not _is_query(query):
        raise bad_request("the page is not valid")
    return dict(query)


def _is_query(query: Any) -> bool:
    if not isinstance(query, dict) or not isinstance(query.get("wanted"), dict):
        return False
    filters = query["wanted"]
    return (
        all(isinstance(query.get(name), int | float) for name in ("low", "high", "goes_up"))
        and all(isinstance(query.get(name), int) for name in ("at", "limit"))
        and filters.keys() <= ATTRIBUTES.keys()
        and all(isinstance(each, str) for each in filters.values())
    )


@ENDPOINTS.on("POST", "/v1/analytics/logs")
def list_logs(visit: Visit) -> Response:
    """Answer no pages where one holds all of it; `start` is a day ago unless it is given."""
    asked = _read_object(visit.call.body)
    start = _date(asked["start"]).timestamp() if asked.get("start") else time.time() - DAY
    end = _date(asked["end"]).timestamp() if asked.get("end") else time.time()
    paging = asked.get("pagination") or {}
    limit = paging.get("limit") or USUAL
    if not isinstance(limit, int) or not 0 < limit <= MOST_LOGS:
        raise bad_request(f"pagination.limit must be at most {MOST_LOGS}")
    found = [
        event
        for event in _all_events(visit, include_others=asked.get("include_subaccounts") is True)
        if start <= event["timestamp"] <= end and _passes(event, asked)
    ]
    ordered = found if str(paging.get("sort", "")).endswith(":asc") else found[::-1]
    at = _offset(paging.get("token"))
    items = [_as_log(visit, each) for each in ordered[at : at + limit]]
    total = {"total": len(ordered)} if asked.get("include_totals") is True else {}
    return reply(
        {
            "start": formatdate(start),
            "end": formatdate(end),
            "items": items,
            "pagination": _pages(at, limit, len(ordered)) | total,
            "aggregates": {},
        }
    )


def _read_object(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict) or not isinstance(asked.get("pagination") or {}, dict):
        raise bad_request("the body is not a JSON object of a query")
    return asked


def _all_events(visit: Visit, *, include_others: bool) -> list[Event]:
    """Return the events of the acting account's domains, and of its subaccounts' if asked for."""
    every = visit.region.domains.values()
    reached = every if include_others else visit.region.entries(visit.subaccount)
    found = [event for entry in reached for event in events(visit, entry)]
    return sorted(found, key=lambda event: float(event["timestamp"]))


def _passes(event: Event, asked: Mapping[str, Any]) -> bool:
    names = asked.get("events")
    return (not names or event["event"] in names) and all(
        _compares(event, each) for each in _conditions(asked.get("filter"))
    )


def _conditions(filter_: Any) -> Iterator[tuple[str, str, list[str]]]:
    """Yield attribute, comparator and values of each condition that must hold."""
    if not filter_:
        return
    try:
        for each in filter_["AND"]:
            values = [str(value["value"]) for value in each["values"]]
            yield each["attribute"], each["comparator"], values
    except (TypeError, KeyError):
        text = "filter.AND holds attribute, comparator, and values of label and value"
        raise bad_request(text) from None


def _compares(event: Event, condition: tuple[str, str, list[str]]) -> bool:
    attribute, comparator, values = condition
    if attribute not in ATTRIBUTES:
        raise bad_request(f"the attribute {attribute!r} is not known")
    actual = [each.lower() for each in ATTRIBUTES[attribute](event)]
    wanted = [each.lower() for each in values]
    match comparator:
        case "=":
            return any(each in wanted for each in actual)
        case "!=":
            return not any(each in wanted for each in actual)
        case "contains":
            return any(part in each for part in wanted for each in actual)
    raise bad_request(f"the comparator {comparator!r} is not known")


def _offset(token: Any) -> int:
    if not token:
        return 0
    if not (isinstance(token, str) and token.isascii() and token.isdecimal() and len(token) < 9):
        raise bad_request("pagination.token is not valid")
    return int(token)


def _pages(at: int, limit: int, total: int) -> dict[str, Any]:
    if at == 0 and total <= limit:
        return {}
    last = max(0, (total - 1) // limit * limit)
    found = {"first": "0", "last": str(last), "previous": str(max(0, at - limit))}
    return found | ({"next": str(at + limit)} if at + limit < total else {})


def _as_log(visit: Visit, event: Event) -> Event:
    """Tell the same as the events do, in the newer shape: variables are one text there."""
    at = datetime.fromtimestamp(event["timestamp"], UTC).isoformat(timespec="milliseconds")
    plain = {name: value for name, value in event.items() if name not in ("timestamp", "domain")}
    return plain | {
        "@timestamp": at.replace("+00:00", "Z"),
        "domain": {"name": event["domain"]},
        "account": {"id": visit.world.mailgun["account"]["id"]},
        "user-variables": json.dumps(event["user-variables"]),
        "flags": event["flags"] | LOG_FLAGS,
    }
