"""Webhooks of the server, each known by its stream and URL (postmark.md §8)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.fields import FLAG, Codec, Field, FieldTable
from reconciler.model import (
    ITEM,
    Address,
    Kind,
    Path,
    Performed,
    Provider,
    Resource,
    Sealed,
    Secret,
    Statement,
    Update,
    reference,
)
from reconciler.providers.api import Reader, Writer
from reconciler.providers.postmark.probes import probed
from reconciler.providers.postmark.session import (
    OnServer,
    identified,
    listed,
    named,
    read_object,
    sought_id,
)
from reconciler.providers.postmark.streams import Streams
from reconciler.providers.steps import Step, beside, take
from reconciler.providers.urls import HIDDEN_URL, said_url, shown_url
from reconciler.source import Location, Node

DEFAULT_STREAM = "outbound"
TRIGGERS = {
    "open": ("Open", {"first_only": "PostFirstOpenOnly"}),
    "click": ("Click", {}),
    "delivery": ("Delivery", {}),
    "bounce": ("Bounce", {"include_content": "IncludeContent"}),
    "spam_complaint": ("SpamComplaint", {"include_content": "IncludeContent"}),
    "subscription_change": ("SubscriptionChange", {}),
}
_PATH = "/webhooks"
_USER = re.compile(r"(?<=://)[^/?#]*@")
"""Who has one in a URL mostly has a password there; the YAML can declare no such URL."""
_HEADER = "headers."
_AUTH = "auth."
_PASSWORD = "auth.password"  # noqa: S105 - a field's name


def _trigger_fields() -> Iterator[Field]:
    for ours, (theirs, options) in TRIGGERS.items():
        yield Field(f"triggers.{ours}", f"Triggers.{theirs}.Enabled", FLAG)
        for option, name in options.items():
            yield Field(f"triggers.{ours}.{option}", f"Triggers.{theirs}.{name}", FLAG)


def _read_headers(value: Any) -> dict[str, Sealed]:
    """Read the list; a name that is there twice equals no value that the YAML can declare."""
    found: dict[str, list[str]] = {}
    for each in value or ():
        found.setdefault(str(each["Name"]), []).append(str(each["Value"]))
    return {
        # Alone it is sealed as it is: what was joined is not what it stood for any more.
        name: Sealed(values[0] if len(values) == 1 else "\n".join(values))
        for name, values in found.items()
    }


class Webhooks(Kind[OnServer[Reader], OnServer[Writer]]):
    name = "webhooks"
    prunable = True
    has_twins = True  # the vendor's own suite makes four with one URL (postmark.md §8.2)
    lists_in_full = True
    fields = FieldTable(
        *_trigger_fields(),
        # HttpAuth is null where there is none: that is a difference, not a field left out.
        Field("auth.username", "HttpAuth.Username", absent_means=None),
        Field(
            _PASSWORD,
            "HttpAuth.Password",
            Codec(read=lambda value: Sealed(str(value))),
            absent_means=None,
        ),
        Field("headers", "HttpHeaders", Codec(read=_read_headers), absent_means={}),
        Field("verify", "Verify", FLAG, write_only=True),
    )

    actions: ClassVar[Mapping[str, str]] = {
        "verify": "send a sample of each event to the URL, and start events if it answers"
    }

    def declared(self, provider: Provider) -> Iterator[Resource]:
        webhooks = provider.node.children.get(self.name)
        for node in webhooks.items if webhooks else ():
            yield self._desired(provider, node)

    def _desired(self, provider: Provider, node: Node) -> Resource:
        stream = node.text("stream") or DEFAULT_STREAM
        absent = node.text("ensure") == "absent"
        leaves = {} if absent else dict(_leaves(node))
        headers = node.children.get("headers")
        references, secrets = _secrets(node)
        return Resource(
            address=self._address(provider.address, stream, node.children["url"].data),
            kind=self,
            attributes={name: value for name, (value, _) in leaves.items()}
            | ({"headers": {}} if headers and not absent else {}),
            locations={"": node.location}
            | {name: place for name, (_, place) in leaves.items()}
            | {name: each.location for name, each in references.items()}
            | ({"headers": headers.location} if headers else {}),
            absent=absent,
            needs=(provider.address / Streams.name / stream,),
            references={} if absent else references,
            secrets={} if absent else secrets,
        )

    def _address(self, under: Address, stream: str, url: str) -> Address:
        return under / self.name / stream / url

    def seal(self, desired: Resource, secrets: Mapping[str, Secret]) -> Resource:
        """Seal the password, and every header's value: any of them may be a secret."""
        known = {**desired.secrets, **secrets}
        attributes = dict(desired.attributes)
        if _PASSWORD in known:
            attributes[_PASSWORD] = known[_PASSWORD].sealed()
        if "headers" in attributes:
            attributes["headers"] = {
                name.removeprefix(_HEADER): secret.sealed()
                for name, secret in known.items()
                if name.startswith(_HEADER)
            }
        return replace(desired, attributes=attributes, secrets=known)

    def job(self, resource: Resource) -> str:
        """Return the URL: a webhook cannot change its stream, and so is moved by making another."""
        return resource.address.name

    def tell_of_other(self, other: Resource) -> str:
        fact = f"the same URL is live on the stream `{other.address.parts[-2]}`"
        way_out = "declare it there with `ensure: absent` to remove it"
        return f"{fact}, where nothing declares it, and stays there; {way_out}"

    def keys(self, address: Address, field: str) -> Path:  # noqa: ARG002
        return (self.name, ITEM, *field.split("."))

    def stated(self, live: Resource) -> Iterator[Statement]:
        *_, stream, url = live.address.parts
        value = {"url": url} | ({} if stream == DEFAULT_STREAM else {"stream": stream})
        value |= {"triggers": _triggers(live.attributes)} | _said_secrets(live)
        obstacle = "" if said_url(url) else HIDDEN_URL
        yield Statement((self.name,), value, is_item=True, obstacle=obstacle)

    def told(self, address: Address) -> str:
        return str(Address((*address.parts[:-1], shown_url(address.name)), address.twin))

    def remark(self, live: Resource) -> str:
        return "not verified, and so without events" if live.notes else ""

    def list(self, session: OnServer[Reader], under: Address) -> Iterable[Resource]:
        for item in listed(session.server.get(_PATH), _PATH, "Webhooks"):
            yield self._live(under, item, f"GET {_PATH}")

    def read(self, session: OnServer[Reader], known: Resource) -> Resource | None:
        remote_id = sought_id(self, session, known)
        path = f"{_PATH}/{remote_id}"
        answer = read_object(session.server, path) if remote_id else None
        return self._live(known.address.root, answer, f"GET {path}") if answer else None

    def create(self, session: OnServer[Writer], desired: Resource) -> Resource:
        *_, stream, url = desired.address.parts
        content = {"Url": url, "MessageStream": stream} | self._content(
            desired, desired.attributes, desired.attributes
        )
        request = f"POST {_PATH}"
        answer = session.server.post(_PATH, json=content, params=_verify(desired))
        return self._live(desired.address.root, identified(answer, request), request)

    def update(self, session: OnServer[Writer], change: Update) -> None:
        path, verify = f"{_PATH}/{change.live.remote_id}", _verify(change.desired)
        wanted = change.desired.attributes
        auth = {name: value for name, value in wanted.items() if name.startswith(_AUTH)}

        def put(names: tuple[str, ...], values: Mapping[str, Any]) -> None:
            # No user with a password that is another one's.
            known = {**values, **auth} if any(name in auth for name in names) else values
            content = self._content(change.desired, known, _whole_groups(names, known))
            session.server.put(path, json=content, params=verify)

        send = beside(change.live.attributes, wanted, put)
        take([Step(change.names, send, splits=True)])

    def delete(self, session: OnServer[Writer], live: Resource) -> None:
        session.server.delete(f"{_PATH}/{live.remote_id}")

    def perform(self, session: OnServer[Writer], live: Resource, action: str) -> Performed:  # noqa: ARG002
        report = session.server.post(f"{_PATH}/{live.remote_id}/verify")
        return probed(self.read(session, live) or live, report)

    def _content(
        self, desired: Resource, known: Mapping[str, Any], names: Iterable[str]
    ) -> dict[str, Any]:
        """Return a request's content, in which secrets are `Secret`s that the client opens."""
        verify = {name: desired.attributes[name] for name in {"verify"} & set(desired.attributes)}
        values = {**known, **verify}
        values |= {name: secret for name, secret in desired.secrets.items() if name in values}
        values["headers"] = [
            {"Name": name.removeprefix(_HEADER), "Value": secret}
            for name, secret in desired.secrets.items()
            if name.startswith(_HEADER)
        ]
        return self.fields.encode(values, sorted({*names, *verify}))

    def _live(self, under: Address, answer: dict[str, Any], request: str) -> Resource:
        url = _USER.sub("(secret)@", named(answer, "Url", request))
        stream = str(answer.get("MessageStream") or DEFAULT_STREAM)
        return Resource(
            address=self._address(under, stream, url),
            kind=self,
            attributes=self.fields.decode(answer),
            remote_id=str(answer["ID"]),
            secrets=_live_secrets(answer),
            needs=(under / Streams.name / stream,),
            notes=_notes(answer),
        )


def _notes(answer: Mapping[str, Any]) -> tuple[str, ...]:
    if str(answer.get("Status", "")).lower() != "unverified":
        return ()
    return ("the webhook is not verified, and gets no events until it is: `run verify` asks",)


def _verify(desired: Resource) -> dict[str, str] | None:
    """Say it in the query as well: which of the two forms counts is disputed (postmark.md §8.3)."""
    return {"verify": "false"} if desired.attributes.get("verify") is False else None


def _whole_groups(names: Iterable[str], known: Mapping[str, Any]) -> set[str]:
    """Return the changed fields with their siblings: a trigger, or the auth, is sent as a whole."""
    groups = {tuple(name.split(".")[:2]) if "." in name else (name,) for name in names}
    return {
        name
        for name in known
        for group in groups
        if tuple(name.split(".")[: len(group)]) == group
        or (group[0] == "auth" and name.startswith(_AUTH))
    }


def _leaves(node: Node) -> Iterator[tuple[str, tuple[Any, Location]]]:
    """Yield the named fields with value and place; a list of triggers decides all of them."""
    for name in ("verify", "auth.username"):
        if found := node.at(name):
            yield name, (found.data, found.location)
    triggers = node.children.get("triggers")
    if triggers is None:
        return
    if isinstance(triggers.data, list):
        places = {item.data: item.location for item in triggers.items}
        for name in TRIGGERS:
            yield f"triggers.{name}", (name in places, places.get(name, triggers.location))
    for name, trigger in triggers.children.items():
        is_on = trigger.data if isinstance(trigger.data, bool) else True
        yield f"triggers.{name}", (is_on, trigger.location)
        for option, value in trigger.children.items():
            yield f"triggers.{name}.{option}", (value.data, value.location)


def _triggers(live: Mapping[str, Any]) -> list[str] | dict[str, Any]:
    """Return what is on: a list, as long as there is nothing to say of any of them."""
    found: dict[str, Any] = {}
    for name, (_, options) in TRIGGERS.items():
        if live.get(f"triggers.{name}"):
            chosen = {each: True for each in options if live.get(f"triggers.{name}.{each}")}
            found[name] = chosen or True
    return found if any(isinstance(each, dict) for each in found.values()) else [*found]


def _live_secrets(answer: Mapping[str, Any]) -> dict[str, Secret]:
    """Return the password, and the values of headers; one that is there twice has no one value."""
    found: dict[str, Secret] = {}
    auth = answer.get("HttpAuth")
    if isinstance(auth, Mapping) and isinstance(auth.get("Password"), str):
        found[_PASSWORD] = Secret(auth["Password"])
    headers = answer.get("HttpHeaders")
    for each in headers if isinstance(headers, list) else ():
        if isinstance(each, Mapping) and isinstance(each.get("Value"), str):
            found[f"{_HEADER}{each.get('Name')}"] = Secret(each["Value"])
    return found


def _said_secrets(live: Resource) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if password := live.secrets.get(_PASSWORD):
        said["auth"] = {"username": live.attributes.get("auth.username"), "password": password}
    headers = {
        name.removeprefix(_HEADER): secret
        for name, secret in live.secrets.items()
        if name.startswith(_HEADER)
    }
    return said | ({"headers": headers} if headers else {})


def _secrets(node: Node) -> tuple[dict[str, Any], dict[str, Secret]]:
    """Return the references, and the values written out, of the fields that may be secret."""
    headers = node.children.get("headers")
    found = {f"{_HEADER}{key}": each for key, each in headers.children.items()} if headers else {}
    if password := node.at(_PASSWORD):
        found[_PASSWORD] = password
    return (
        {name: reference(each) for name, each in found.items() if each.children},
        {name: Secret(each.data) for name, each in found.items() if not each.children},
    )
