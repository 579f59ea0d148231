"""Message streams of the server: never deleted, only archived and unarchived (postmark.md §7)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from reconciler.errors import UnexpectedAnswer
from reconciler.fields import TEXT, Codec, Field, FieldTable, words
from reconciler.model import Address, Kind, Provider, Resource, Statement, Update
from reconciler.providers.api import Reader, Writer
from reconciler.providers.desired import located
from reconciler.providers.postmark.default_streams import Origin, origins
from reconciler.providers.postmark.session import OnServer, identified, listed
from reconciler.providers.steps import Step, take

TYPES = words(transactional="Transactional", broadcasts="Broadcasts", inbound="Inbound")
UNSUBSCRIBE = words(none="None", postmark="Postmark", custom="Custom")
BROADCASTS_NEED_A_WAY_OUT = "broadcasts cannot have `none`; use `postmark`"
MOST = 10
"""Streams a server can have, default ones counted (postmark.md §7.3)."""
_PATH = "/message-streams"
_UNSUBSCRIBE_BY_TYPE = {"transactional": "none", "broadcasts": "postmark", "inbound": "none"}
"""What a new one has (postmark.md §7.3)."""


class Streams(Kind[OnServer[Reader], OnServer[Writer]]):
    name = "streams"
    prunable = True
    removal = "archive"
    lists_in_full = True
    fields = FieldTable(
        Field(
            "type",
            "MessageStreamType",
            TYPES,
            immutable="a stream keeps its type; declare a new stream under another ID",
            needed=True,
        ),
        Field("name", "Name", TEXT, needed=True),
        Field("description", "Description", TEXT, absent_means=""),
        Field(
            "unsubscribe_handling",
            "SubscriptionManagementConfiguration.UnsubscribeHandlingType",
            UNSUBSCRIBE,
        ),
        Field("archived", "ArchivedAt", Codec(read=bool), implied=True, absent_means=False),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        collection = provider.address / self.name
        for name, node in provider.node.entries(self.name):
            place = provider.node.children[self.name].keys[name]
            stream = located(self, collection / name, node, place)
            if not stream.absent:
                stream = replace(stream, attributes={**stream.attributes, "archived": False})
            yield stream

    def stated(self, live: Resource) -> Iterator[Statement]:
        for each in super().stated(live):
            usual = _UNSUBSCRIBE_BY_TYPE.get(live.attributes.get("type", ""))
            is_usual = each.field == "unsubscribe_handling" and each.value == usual
            yield replace(each, is_incidental=is_usual)

    def list(self, session: OnServer[Reader], under: Address) -> Iterable[Resource]:
        answer = session.server.get(_PATH, {"IncludeArchivedStreams": "true"})
        items = listed(answer, _PATH, "MessageStreams")
        if answer.get("TotalCount", len(items)) != len(items):
            fact = f"the list holds {len(items)} of {answer['TotalCount']} streams"
            raise UnexpectedAnswer(f"GET {_PATH}", fact, advice="Run again.")
        origin = origins(items)
        for item in items:
            yield self._live(under, item, origin[str(item["ID"])])

    def read(self, session: OnServer[Reader], known: Resource) -> Resource | None:
        """Pick it from the list: whether it is a default stream only the others beside it tell."""
        live = self.list(session, known.address.root)
        return next((each for each in live if each.address == known.address), None)

    def create(self, session: OnServer[Writer], desired: Resource) -> Resource:
        content = {"ID": desired.address.name} | self._encode(desired.attributes)
        answer = session.server.post(_PATH, json=content)
        return self._live(desired.address.root, identified(answer, f"POST {_PATH}"))

    def update(self, session: OnServer[Writer], change: Update) -> None:
        path, values = _path(change.live), change.desired.attributes

        def unarchive(_: tuple[str, ...]) -> None:
            session.server.post(f"{path}/unarchive")

        def patch(names: tuple[str, ...]) -> None:
            session.server.patch(path, json=self.fields.encode(values, names))

        settings = tuple(name for name in change.names if name != "archived")
        steps = [Step(("archived",), unarchive)] if "archived" in change.names else []
        take([*steps, Step(settings, patch, splits=True)] if settings else steps)

    def delete(self, session: OnServer[Writer], live: Resource) -> None:
        session.server.post(f"{_path(live)}/archive")

    def impossible(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        """Yield what a stream of the live type cannot have (postmark.md §7.3, error 1239)."""
        name = "unsubscribe_handling"
        if live.attributes.get("type") == "broadcasts" and desired.attributes.get(name) == "none":
            yield name, f"`{name}`: {BROADCASTS_NEED_A_WAY_OUT}"

    def is_gone(self, live: Resource) -> bool:
        return bool(live.attributes.get("archived"))

    def is_built_in(self, live: Resource) -> bool:
        """Whether it is, or may be, a default stream; `remarks` tells of the doubtful ones."""
        return live.facts.get("origin") is not Origin.MADE

    def _encode(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        named = {name: value for name, value in attributes.items() if name != "archived"}
        return self.fields.encode(named)

    def _live(
        self, under: Address, answer: dict[str, Any], origin: Origin = Origin.MADE
    ) -> Resource:
        return Resource(
            address=under / self.name / str(answer["ID"]),
            kind=self,
            attributes=self.fields.decode(answer),
            # Every server has an `outbound`.
            remote_id=f"{answer.get('ServerID', under.provider)}/{answer['ID']}",
            facts={"origin": origin},
        )


def _path(stream: Resource) -> str:
    return f"{_PATH}/{quote(stream.address.name, safe='')}"
