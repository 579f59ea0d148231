"""Webhooks of a domain, a list of URLs by event (mailgun.md §8.1)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.errors import AlreadyExists, InvalidRequest
from reconciler.fields import Codec, Field, FieldTable, text
from reconciler.model import Address, Provider, Resource, Statement, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import path_of, section
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.events import EVENTS, MOST_URLS, in_order, is_same_set, texts
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing
from reconciler.providers.steps import Step, take
from reconciler.providers.urls import HIDDEN_URL, said_url, sent_urls, shown_url
from reconciler.source import Location, Node

_MODE = "mode"


def _read_urls(value: Any) -> list[str]:
    """Return URLs as they may be shown."""
    return in_order(shown_url(url) for url in _urls(value))


def _urls(value: Any) -> list[str]:
    """Read `urls`, an old account's single `url`, or nothing (mailgun.md §8.1)."""
    if value is None:
        return []
    if value.get("urls") is not None:
        return texts(value["urls"])
    return [text(value["url"])] if value.get("url") else []


class Webhooks(PerDomain):
    name = "webhooks"
    fields = FieldTable(
        # Only events that have a URL are told; legacy event ids have no field, and are left alone.
        *(
            Field(event, event, Codec(_read_urls, same=is_same_set), absent_means=())
            for event in EVENTS
        ),
        Field(_MODE, _MODE, write_only=True, implied=True),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        """Yield each domain's webhooks: the provider's events with the domain's own exceptions."""
        defaults = _children(provider.node.at(self.name))
        for name, node in provider.node.entries(Domains.name):
            leaves = {**defaults, **_children(node.at(self.name))}
            if set(leaves) - {_MODE} and node.text("ensure") != "absent":
                domain = provider.address / Domains.name / host_name(name)
                place = provider.node.children[Domains.name].keys[name]
                yield self._desired(domain, leaves, place)

    def _desired(self, domain: Address, leaves: Mapping[str, Node], place: Location) -> Resource:
        return Resource(
            address=domain / self.name,
            kind=self,
            attributes={
                name: leaf.data if name == _MODE else in_order(map(shown_url, leaf.data))
                for name, leaf in leaves.items()
            },
            parent=domain,
            locations={"": place}
            | {name: leaf.location for name, leaf in leaves.items()}
            | {
                shown_url(each.data): each.location
                for leaf in leaves.values()
                for each in leaf.items
            },
            facts={"urls": sent_urls(each.data for leaf in leaves.values() for each in leaf.items)},
        )

    def stated(self, live: Resource) -> Iterator[Statement]:
        for event, urls in live.attributes.items():
            said = [said_url(live.facts["urls"][url]) for url in urls]
            obstacle = HIDDEN_URL if None in said else ""
            yield Statement(self.keys(live.address, event), said, event, obstacle=obstacle)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        path = _path(under)
        answer = session.client.get(path)
        is_empty = answer.get("webhooks", ...) is None
        webhooks = {} if is_empty else section(answer, "webhooks", f"GET {path}")
        attributes = self.fields.decode(webhooks)
        known = {event for event in EVENTS if event in attributes and event in webhooks}
        yield Resource(
            address=under / self.name,
            kind=self,
            attributes=attributes,
            remote_id=under.name,
            parent=under,
            facts={"urls": sent_urls(url for event in known for url in _urls(webhooks[event]))},
        )

    def meet(self, desired: Resource, live: Resource) -> Resource:
        """Keep foreign URLs where the YAML says that others use the domain too."""
        if desired.attributes.get(_MODE) != "additive":
            return desired
        merged = {
            name: in_order([*urls, *live.attributes.get(name, ())])
            for name, urls in desired.attributes.items()
            if name != _MODE
        }
        urls = {**live.facts["urls"], **desired.facts["urls"]}
        attributes = {**desired.attributes, **merged}
        return replace(desired, attributes=attributes, facts={"urls": urls})

    def impossible(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:  # noqa: ARG002
        for event in EVENTS:
            urls = desired.attributes.get(event, ())
            if len(urls) > MOST_URLS:
                yield event, _too_many(event, urls)

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Set what is named on a domain that was created just before."""
        self._set(session, desired, {}, set(EVENTS) & set(desired.attributes))
        return desired

    def update(self, session: Writing, change: Update) -> None:
        self._set(session, change.desired, change.live.attributes, change.names)

    def _set(
        self,
        session: Writing,
        desired: Resource,
        known: Mapping[str, Any],
        events: Iterable[str],
    ) -> None:
        def send(names: tuple[str, ...]) -> None:
            (event,) = names
            try:
                _send(session, desired, event, is_there=bool(known.get(event)))
            except InvalidRequest as error:
                raise _located(error, desired, event) from None

        take(Step((event,), send) for event in sorted(events))


def _path(domain: Address) -> str:
    return path_of("/v3/domains/{}/webhooks", domain.name)


def _children(node: Node | None) -> Mapping[str, Node]:
    return node.children if node else {}


def _too_many(event: str, urls: Sequence[str]) -> str:
    return (
        f"`{event}` would have {len(urls)} URLs together with those that are there "
        f"({', '.join(urls)}), and Mailgun takes {MOST_URLS}; remove one there, or say `mode: "
        "exact` to replace them"
    )


def _send(session: Writing, desired: Resource, event: str, *, is_there: bool) -> None:
    """Create, replace or delete one event's list: each is a call of its own (mailgun.md §8.1)."""
    path = _path(Address(desired.address.parts[:-1]))
    urls = [desired.facts["urls"][url] for url in desired.attributes[event]]
    if urls and is_there:
        session.client.put(f"{path}/{event}", form={"url": urls})
    elif urls:
        try:
            session.client.post(path, form={"id": event, "url": urls})
        except InvalidRequest as error:
            if not (session.client.get(path).get("webhooks") or {}).get(event):
                raise
            # How Mailgun says so is not documented.
            fact = f"`{event}` has URLs by now"
            raise AlreadyExists(error.request, fact, status=error.status) from None
    elif is_there:
        session.client.delete(f"{path}/{event}")


def _located(error: InvalidRequest, desired: Resource, event: str) -> InvalidRequest:
    """Name the place of the URL that a refusal repeats: hosts are resolved when they are written.

    The longest one, for one URL may begin like another; the event's, if none is repeated.
    """
    told = [name for name in desired.attributes[event] if name in str(error)]
    place = desired.location(max(told, key=len)) if told else desired.location(event)
    fact = str(error).removeprefix(f"{error.request}: ")
    return InvalidRequest(f"{place}: {error.request}", fact, status=error.status)
