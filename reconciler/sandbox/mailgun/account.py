"""The account behind both regions: where its parts lie in the state, who may do what."""

import base64
import binascii
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

from starlette.responses import Response

from reconciler.sandbox.app import Call, Routes
from reconciler.sandbox.mailgun.answers import (
    RefusedError,
    forbidden,
    forbidden_text,
    refused,
    unauthorized,
)
from reconciler.sandbox.mailgun.fields import Fields
from reconciler.sandbox.world import World

Entry = dict[str, Any]
Key = dict[str, Any]

# Who may write (mailgun.md §2, RBAC table). Only support differs between the areas.
WRITERS = {"admin", "developer"}
SENDERS = WRITERS | {"support", "sending"}
# Queries that are too long for a query string: reading all the same.
READ_BY_POST = ("/v1/analytics/",)


@dataclass(frozen=True, slots=True)
class Region:
    """The domains and the other things that one region keeps for itself (mailgun.md §1)."""

    world: World
    name: str

    @property
    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.world.mailgun["regions"][self.name]
        return state

    @property
    def domains(self) -> dict[str, Entry]:
        """All domains by name, the oldest first."""
        domains: dict[str, Entry] = self.state["domains"]
        return domains

    def purge(self) -> None:
        """Finish the deletions whose time has come."""
        now = time.time()
        for name, entry in list(self.domains.items()):
            if entry["gone_at"] is not None and entry["gone_at"] <= now:
                del self.domains[name]

    def entries(self, subaccount: str | None) -> Iterator[Entry]:
        return (entry for entry in self.domains.values() if entry["subaccount"] == subaccount)


@dataclass(frozen=True, slots=True)
class Visit:
    """One call by a key that was let in."""

    call: Call
    region: Region
    key: Key
    fields: Fields

    @property
    def world(self) -> World:
        return self.call.world

    @property
    def subaccount(self) -> str | None:
        return self.call.headers.get("x-mailgun-on-behalf-of") or None

    @property
    def base_url(self) -> str:
        """The address that was called; the sandbox serves loopback over plain HTTP."""
        host = self.call.headers.get("host", "api.mailgun.net")
        is_loopback = host.partition(":")[0] in ("127.0.0.1", "localhost")
        return f"{'http' if is_loopback else 'https'}://{host}"

    def name(self, part: str = "name") -> str:
        """Return a part of the path; names and event ids are matched in lower case (§4.5)."""
        return self.call.params[part].lower().rstrip(".")

    def setting(self, name: str, default: Any = None) -> Any:
        """Read a switch, `mailgun_<name>`; the package's docstring lists them."""
        return self.world.settings.get(f"mailgun_{name}", default)

    def find(self, name: str) -> Entry | None:
        """Return a domain of the acting account; none while its creation has not settled (§3)."""
        entry = self.region.domains.get(name.lower().rstrip("."))
        if entry is None or entry["subaccount"] != self.subaccount:
            return None
        settles_at: float = entry["created_at"] + self.setting("create_lag", 0)
        return entry if settles_at <= time.time() else None

    def domain(self, name: str | None = None) -> Entry:
        entry = self.find(self.name() if name is None else name)
        if entry is None:
            raise refused(404, message="Domain not found")
        return entry


Handler = Callable[[Visit], Response]


class Endpoints:
    """The calls of one resource; each is admitted before its handler sees it."""

    def __init__(self) -> None:
        self.routes = Routes(ignore_case=False)

    def on(self, method: str, *paths: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            for path in paths:
                self.routes.route(method, path)(lambda call: handler(admit(call)))
            return handler

        return register


def admit(call: Call) -> Visit:
    """Let the call in, or refuse it in the shape of its path (mailgun.md §2.1)."""
    region = Region(call.world, call.params["region"])
    key = find_key(call)
    if key is None:
        raise RefusedError(refusal(call.path))
    if not may(key, call):
        raise RefusedError(refusal(call.path) if key["role"] == "sending" else forbidden())
    visit = Visit(call, region, key, Fields(call))
    if visit.subaccount and visit.subaccount not in call.world.mailgun["subaccounts"]:
        raise RefusedError(forbidden())
    return visit


def find_key(call: Call) -> Key | None:
    """Return the key of HTTP Basic's password, when the user is `api` and the key is in force."""
    user, secret = _basic(call.headers.get("authorization", ""))
    keys: Iterable[Key] = call.world.mailgun["keys"].values() if user == "api" else ()
    return next((key for key in keys if key["secret"] == secret and _in_force(key)), None)


def _basic(header: str) -> tuple[str, str]:
    scheme, _, credentials = header.partition(" ")
    try:
        text = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, secret = text.partition(":")
    return (user, secret) if scheme.lower() == "basic" else ("", "")


def _in_force(key: Key) -> bool:
    expires = key.get("expires_at")
    return not key["is_disabled"] and (expires is None or expires > iso_date())


def is_sending(path: str) -> bool:
    return path.endswith(("/messages", "/messages.mime"))


def may(key: Key, call: Call) -> bool:
    if key["role"] == "sending":
        return is_sending(call.path) and call.params.get("name", "").lower() == key["domain_name"]
    if is_sending(call.path):
        return key["role"] in SENDERS
    is_read = call.method == "GET" or call.path.startswith(READ_BY_POST)
    return is_read or key["role"] in WRITERS


def refusal(path: str) -> Response:
    if is_sending(path):
        return forbidden_text()
    return forbidden() if path.startswith(("/v1/webhooks", "/v5/")) else unauthorized()


def regions(world: World) -> list[Region]:
    return [Region(world, name) for name in world.mailgun["regions"]]


def rfc_date(seconds: float | None = None) -> str:
    """Write a date as domains carry it: `Mon, 24 Feb 2025 22:44:03 GMT`."""
    return formatdate(seconds, usegmt=True)


def iso_date(seconds: float | None = None) -> str:
    """Write a date as keys carry it, without a zone (mailgun.md §2)."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
