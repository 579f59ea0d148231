"""What was sent to a Postmark account, held against what the plan had shown."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
from account import Account
from laws import Json
from postmark_truth import SERVER_NAMES, TRIGGERS

from reconciler.engine.plan import Plan
from reconciler.model import Address, Change

PLAIN = {
    "server": {theirs: ours for ours, theirs in SERVER_NAMES.items()},
    "domains": {
        "ReturnPathDomain": "return_path",
        "CustomTrackingDomain": "custom_tracking_domain",
    },
    "senders": {
        "Name": "name",
        "ReplyToEmail": "reply_to",
        "ReturnPathDomain": "return_path",
        "ConfirmationPersonalNote": "personal_note",
    },
    "message-streams": {
        "Name": "name",
        "Description": "description",
        "MessageStreamType": "type",
        "SubscriptionManagementConfiguration.UnsubscribeHandlingType": "unsubscribe_handling",
    },
    "webhooks": {
        "HttpAuth.Username": "auth.username",
        "HttpAuth.Password": "auth.password",
        "HttpHeaders": "headers",
        **{
            f"Triggers.{theirs}.Enabled": f"triggers.{ours}"
            for ours, (theirs, _) in TRIGGERS.items()
        },
        **{
            f"Triggers.{theirs}.{name}": f"triggers.{ours}.{option}"
            for ours, (theirs, options) in TRIGGERS.items()
            for option, name in options.items()
        },
    },
}
NAMING = {
    "domains": {"Name"},
    "senders": {"FromEmail"},
    "message-streams": {"ID"},
    "webhooks": {"Url", "MessageStream"},
}
"""What a creation says besides its fields: the address."""
Write = tuple[str, str, Json]
HOW = {"Verify"}
"""What says how a write is to be taken, and is no field of the thing."""
READ_AS = {"ReplyToEmail": "ReplyToEmailAddress"}


class Recorder(httpx.BaseTransport):
    """Notes each write that is answered well."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.writes: list[Write] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        if request.method != "GET":
            body = json.loads(request.content) if request.content else {}
            self.writes.append((request.method, request.url.path, body))
        return response


class Watched(Account):
    """An account whose writes are known, and that can be as new again."""

    def __init__(self) -> None:
        self.recorders: list[Recorder] = []
        super().__init__(self._watched)

    def _watched(self, inner: httpx.BaseTransport) -> httpx.BaseTransport:
        self.recorders.append(Recorder(inner))
        return self.recorders[-1]

    def renew(self) -> None:
        self.sandbox.world.reset()
        self.sandbox.world.settings["postmark_custom_unsubscribe"] = True
        self.sandbox.token_for("postmark", "token", "t")

    def state(self) -> Json:
        """Return a copy of all things by kind and ID, those of the server `t` among them."""
        state = self.sandbox.world.postmark
        server = state["servers"][str(state["kept_for"]["t"])]
        return deepcopy(
            {
                "server": {"": server},
                "domains": state["domains"],
                "senders": state["senders"],
                "message-streams": server["streams"],
                "webhooks": server["webhooks"],
            }
        )

    def new_writes(self) -> list[Write]:
        (recorder,) = self.recorders
        found, recorder.writes = recorder.writes, []
        return found


def unshown(plan: Plan, writes: list[Write], before: Json, after: Json) -> list[str]:
    """Return what was sent although the plan did not show it.

    A field that is sent with the value that it had already changes nothing.
    """
    changes = {change.subject.address: change for change in plan.changes}
    return [
        said for write in writes for said in _unshown(changes, write, before=before, after=after)
    ]


def _unshown(
    changes: dict[Address, Change], write: Write, *, before: Json, after: Json
) -> Iterator[str]:
    method, path, body = write
    kind, _, rest = path.lstrip("/").partition("/")
    number, _, verb = rest.partition("/")
    known = before[kind].get(number) or after[kind].get(number) or {}
    change = changes.get(_address(kind, number, body | known))
    wanted = {"DELETE": "delete", "POST": "create"}.get(method, "update")
    if verb:
        wanted = {"archive": "delete", "unarchive": "update"}.get(verb, "")
    if change is None or (wanted and change.action not in {wanted, "create"}):
        yield f"{method} {path} is no change of the plan"
        return
    shown = {field.name for field in change.fields}
    if verb == "unarchive" and "archived" not in shown:
        yield f"{method} {path}"
    for theirs, value in _leaves(body):
        is_named = theirs in NAMING.get(kind, ()) and change.action == "create"
        if (
            not is_named
            and theirs not in HOW
            and PLAIN[kind][theirs] not in shown
            and value != _leaf(known, theirs)
        ):
            yield f"{method} {path}: {theirs}"


def _address(kind: str, number: str, thing: Json) -> Address:
    match kind:
        case "server":
            return Address(("t", "server"))
        case "domains":
            return Address(("t", kind, thing["Name"].lower()))
        case "senders":
            named = thing.get("EmailAddress") or thing["FromEmail"]
            return Address(("t", kind, named.lower()))
        case "webhooks":
            return Address(("t", kind, thing.get("MessageStream", "outbound"), thing["Url"]))
    return Address(("t", "streams", number or thing["ID"]))


def _leaves(body: Json, above: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in body.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def _leaf(thing: Any, path: str) -> Any:
    for key in path.split("."):
        thing = (thing or {}).get(READ_AS.get(key, key))
    return thing
