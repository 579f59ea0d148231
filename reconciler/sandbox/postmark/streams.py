"""`/message-streams` of a server (postmark.md §7)."""

from functools import partial

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.postmark.answers import Refused
from reconciler.sandbox.postmark.calls import Json, in_answer_order, read_object, read_query
from reconciler.sandbox.postmark.clock import later_text, now_text, precise_now_text
from reconciler.sandbox.postmark.fields import (
    Field,
    one_of,
    read_fields,
    require,
    text,
    text_matching,
    text_up_to,
)
from reconciler.sandbox.postmark.tokens import server_endpoint

TYPES = ("Transactional", "Broadcasts", "Inbound")
MAXIMUM = 10
PURGE_AFTER_DAYS = 45
BROADCAST = "broadcast"
PERMANENT = {"outbound", "inbound"}
RESERVED = {"all"}
DEFAULT_HANDLING = {"Transactional": "None", "Inbound": "None", "Broadcasts": "Postmark"}
# §7.3 says it of Broadcasts; that inbound streams take nothing else is our choice.
REFUSED_HANDLING = {
    "Transactional": frozenset[str](),
    "Inbound": frozenset({"Postmark", "Custom"}),
    "Broadcasts": frozenset({"None"}),
}
NO_MARKUP = text_matching(r"[^<>]*")
TYPE = Field("MessageStreamType", one_of(*TYPES), 1221)
ID = (
    Field("ID", text_matching(r"(?s)(?!pm-).*"), 1233),
    Field("ID", text_matching(r"[a-z][a-z0-9_-]{0,29}"), 1227),
)
WRITABLE = (
    Field("Name", text_up_to(100), 1224),
    Field("Name", NO_MARKUP, 1234),
    Field("Description", text_up_to(1000), 1231),
    Field("Description", NO_MARKUP, 1234),
)
HANDLING = Field("UnsubscribeHandlingType", one_of("None", "Postmark", "Custom"), 1240)

routes = Routes(ignore_case=True)
endpoint = partial(server_endpoint, routes)


def new_stream(server_id: int, stream_id: str, kind: str, name: str) -> Json:
    return {
        "ID": stream_id,
        "ServerID": server_id,
        "Name": name,
        "Description": None,
        "MessageStreamType": kind,
        "CreatedAt": precise_now_text(),
        "UpdatedAt": None,
        "ArchivedAt": None,
        "ExpectedPurgeDate": None,
        "SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": DEFAULT_HANDLING[kind]},
    }


def default_streams(server_id: int, broadcast: str = BROADCAST) -> Json:
    """Return what a server is made with; the ID of its broadcast stream is not documented (§7.3).

    The names are ours.
    """
    defaults = (
        ("outbound", "Transactional", "Default Transactional Stream"),
        ("inbound", "Inbound", "Default Inbound Stream"),
        (broadcast, "Broadcasts", "Default Broadcast Stream"),
    )
    return {stream_id: new_stream(server_id, stream_id, *rest) for stream_id, *rest in defaults}


def find_stream(server: Json, stream_id: str) -> Json:
    stream: Json | None = server["streams"].get(stream_id.lower())
    if stream is None:
        raise Refused(1226)
    return stream


@endpoint("GET", "/message-streams")
def list_streams(call: Call, server: Json) -> Json:
    """Let `TotalCount` follow the filters (postmark.md §7.1)."""
    wanted = _wanted_types(call)
    archived_too = (read_query(call, "IncludeArchivedStreams") or "").lower() in {"true", "1"}
    streams = [
        stream
        for stream in server["streams"].values()
        if stream["MessageStreamType"] in wanted and (archived_too or not stream["ArchivedAt"])
    ]
    return {"MessageStreams": in_answer_order(call, streams), "TotalCount": len(streams)}


def _wanted_types(call: Call) -> tuple[str, ...]:
    asked = read_query(call, "MessageStreamType") or "All"
    if asked.lower() == "all":
        return TYPES
    return (read_fields({"messagestreamtype": asked}, [TYPE])["MessageStreamType"],)


@endpoint("POST", "/message-streams")
def create_stream(call: Call, server: Json) -> Json:
    given = read_object(call)
    kind = _read_type(given)
    stream_id = _read_id(given, server)
    require(given, "Name", 1223)
    values = read_fields(given, WRITABLE)
    handling = _read_handling(call, given, kind)
    _check_room(call, server)
    stream = new_stream(server["ID"], stream_id, kind, values["Name"])
    stream.update(values | handling)
    server["streams"][stream_id] = stream
    return stream


def _read_type(given: Json) -> str:
    require(given, "MessageStreamType", 1221)
    kind: str = read_fields(given, [TYPE])["MessageStreamType"]
    if kind == "Inbound":
        raise Refused(1228)
    return kind


def _read_id(given: Json, server: Json) -> str:
    """Refuse the IDs of archived streams, too, until they are purged (postmark.md §7.3)."""
    require(given, "ID", 1222)
    stream_id: str = read_fields(given, ID)["ID"]
    if stream_id in RESERVED:
        raise Refused(1237)
    if stream_id in server["streams"]:
        raise Refused(1230)
    return stream_id


def _read_handling(call: Call, given: Json, kind: str) -> Json:
    configuration = given.get("subscriptionmanagementconfiguration") or {}
    if not isinstance(configuration, dict):
        raise Refused(403, field="SubscriptionManagementConfiguration")
    values = read_fields(configuration, [HANDLING])
    if not values:
        return {}
    _check_handling(call, kind, values["UnsubscribeHandlingType"])
    return {"SubscriptionManagementConfiguration": values}


def _check_handling(call: Call, kind: str, handling: str) -> None:
    if handling in REFUSED_HANDLING[kind]:
        raise Refused(1239)
    if handling == "Custom" and not call.world.settings.get("postmark_custom_unsubscribe"):
        raise Refused(1238)


def _check_room(call: Call, server: Json) -> None:
    """Count the defaults but not what is archived: whether Postmark does is not known."""
    live = [stream for stream in server["streams"].values() if not stream["ArchivedAt"]]
    if len(live) >= call.world.settings.get("postmark_max_streams", MAXIMUM):
        raise Refused(1225)


@endpoint("GET", "/message-streams/{id}")
def get_stream(call: Call, server: Json) -> Json:
    return find_stream(server, call.params["id"])


@endpoint("PATCH", "/message-streams/{id}")
def edit_stream(call: Call, server: Json) -> Json:
    """Pass over `ID` and type, which never change (postmark.md §7.3)."""
    stream = find_stream(server, call.params["id"])
    given = read_object(call)
    if given.get("name") == "":
        raise Refused(1223)
    values = read_fields(given, WRITABLE)
    handling = _read_handling(call, given, stream["MessageStreamType"])
    stream.update(values | handling | {"UpdatedAt": now_text()})
    return stream


@endpoint("POST", "/message-streams/{id}/archive")
def archive_stream(call: Call, server: Json) -> Json:
    """Keep the first date when archived again; the service's answer to that is not known."""
    stream = find_stream(server, call.params["id"])
    if stream["ID"] in PERMANENT:
        raise Refused(1229)
    if not stream["ArchivedAt"]:
        stream["ArchivedAt"] = now_text()
        stream["ExpectedPurgeDate"] = later_text(stream["ArchivedAt"], days=PURGE_AFTER_DAYS)
    return {name: stream[name] for name in ("ID", "ServerID", "ExpectedPurgeDate")}


@endpoint("POST", "/message-streams/{id}/unarchive")
def unarchive_stream(call: Call, server: Json) -> Json:
    stream = find_stream(server, call.params["id"])
    if not stream["ArchivedAt"]:
        raise Refused(1232)
    _check_room(call, server)
    stream.update(ArchivedAt=None, ExpectedPurgeDate=None)
    return stream


def sending_stream(server: Json, given: Json) -> Json:
    """Return the stream a message goes out on; archived ones count as unknown (§9.3)."""
    name = text(given.get("messagestream") or "outbound")
    stream: Json | None = server["streams"].get(name.lower())
    if stream is None or stream["ArchivedAt"]:
        raise Refused(1235, stream=name)
    if stream["MessageStreamType"] == "Inbound":
        raise Refused(1236, stream=name)
    return stream
