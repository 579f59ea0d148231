"""`/messages/outbound` of a server: which mails went out, and what became of each.

The shapes are those of recordings and of the vendor's clients; opens and clicks never happen here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.answers import Refused
from reconciler.sandbox.postmark.calls import Json, read_page, read_query
from reconciler.sandbox.postmark.clock import EASTERN
from reconciler.sandbox.postmark.outcomes import events, indexed
from reconciler.sandbox.postmark.tokens import server_endpoint

DEEPEST = 10_000
"""`count` and `offset` together may be no more."""
SHOWN = (
    "MessageID", "MessageStream", "To", "Cc", "Bcc", "Recipients", "ReceivedAt", "From", "Subject",
    "Tag", "Attachments", "TrackOpens", "TrackLinks", "Metadata", "Sandboxed",
)  # fmt: skip
METADATA = "metadata_"

routes = Routes(ignore_case=True)
endpoint = partial(server_endpoint, routes)


@endpoint("GET", "/messages/outbound")
def search(call: Call, server: Json) -> Json:
    """Search, the latest first. Every mail is `Sent` at once here, and never `Queued`."""
    found = [each for each in indexed(call.world, server) if _matches(call, each)]
    page = _page(call, found)
    return {"TotalCount": len(found), "Messages": [_shown(each) for each in page]}


def _page(call: Call, items: list[Json]) -> list[Json]:
    page = read_page(call, items, code=700)
    if int(read_query(call, "count") or 0) + int(read_query(call, "offset") or 0) > DEEPEST:
        raise Refused(700)
    return page


def _shown(message: Json) -> Json:
    return {name: message[name] for name in SHOWN} | {"Status": "Sent"}


def _matches(call: Call, message: Json) -> bool:
    wanted = {name: read_query(call, name) for name in FILTERS}
    return all(FILTERS[name](message, text) for name, text in wanted.items() if text) and all(
        message["Metadata"].get(name) == value for name, value in _metadata(call).items()
    )


def _metadata(call: Call) -> Mapping[str, str]:
    asked = ((name.lower(), value) for name, value in call.query.multi_items())
    return {
        name.removeprefix(METADATA): value for name, value in asked if name.startswith(METADATA)
    }


def _since(message: Json, text: str) -> bool:
    return _moment(text, latest=False) <= datetime.fromisoformat(message["ReceivedAt"])


def _until(message: Json, text: str) -> bool:
    return datetime.fromisoformat(message["ReceivedAt"]) <= _moment(text, latest=True)


def _moment(text: str, *, latest: bool) -> datetime:
    """Read a day, or a day and time, of the US East Coast; both ends are inclusive."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(700) from None
    if latest and len(text) == len("2014-02-01"):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    return moment if moment.tzinfo else moment.replace(tzinfo=EASTERN)


FILTERS: Mapping[str, Callable[[Json, str], bool]] = {
    "recipient": lambda message, text: text.lower() in (r.lower() for r in message["Recipients"]),
    "fromemail": lambda message, text: text.lower() in message["From"].lower(),
    "tag": lambda message, text: text == message["Tag"],
    "subject": lambda message, text: text.lower() in message["Subject"].lower(),
    "status": lambda _, text: text.lower() in ("sent", "processed"),
    "messagestream": lambda message, text: text.lower() == message["MessageStream"],
    "fromdate": _since,
    "todate": _until,
}


@endpoint("GET", "/messages/outbound/{id}/details")
def details(call: Call, server: Json) -> Json:
    message = _find(call, server)
    return {
        **_shown(message),
        **message["bodies"],
        "Body": _source(message),
        "MessageEvents": events(call.world, message),
    }


@endpoint("GET", "/messages/outbound/{id}/dump")
def dump(call: Call, server: Json) -> Json:
    return {"Body": _source(_find(call, server))}


def _find(call: Call, server: Json) -> Json:
    wanted = call.params["id"].lower()
    for message in indexed(call.world, server):
        if message["MessageID"] == wanted:
            return message
    raise Refused(701)


def _source(message: Json) -> str:
    """Return a mail as it would have gone out, in short: without its attachments."""
    to = ", ".join(each["Email"] for each in message["To"])
    head = f"From: {message['From']}\r\nTo: {to}\r\nSubject: {message['Subject']}\r\n"
    bodies = message["bodies"]
    return f"{head}\r\n{bodies['TextBody'] or bodies['HtmlBody']}"


@endpoint("GET", "/messages/outbound/opens")
def list_opens(call: Call, server: Json) -> Json:  # noqa: ARG001 - nobody opens these mails
    return {"TotalCount": 0, "Opens": read_page(call, [], code=700)}


@endpoint("GET", "/messages/outbound/opens/{id}")
def list_opens_of_one(call: Call, server: Json) -> Json:
    _find(call, server)
    return {"TotalCount": 0, "Opens": read_page(call, [], code=700)}


@endpoint("GET", "/messages/outbound/clicks")
def list_clicks(call: Call, server: Json) -> Json:  # noqa: ARG001 - nor follows their links
    return {"TotalCount": 0, "Clicks": read_page(call, [], code=700)}


@endpoint("GET", "/messages/outbound/clicks/{id}")
def list_clicks_of_one(call: Call, server: Json) -> Json:
    _find(call, server)
    return {"TotalCount": 0, "Clicks": read_page(call, [], code=700)}
