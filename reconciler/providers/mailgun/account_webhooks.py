"""Webhooks of the account in its region, each known by its URL (mailgun.md §8.3)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from reconciler.errors import NotFound, UnexpectedAnswer
from reconciler.fields import TEXT, Codec, Field, FieldTable
from reconciler.model import ITEM, Address, Kind, Path, Provider, Resource, Statement, Update
from reconciler.providers.desired import located
from reconciler.providers.mailgun.answers import listed, path_of
from reconciler.providers.mailgun.events import in_order, is_same_set, texts
from reconciler.providers.mailgun.session import Reading, Writing
from reconciler.providers.steps import Step, beside, take
from reconciler.providers.urls import HIDDEN_URL, said_url, sent_urls, shown_url

_PATH = "/v1/webhooks"
_ONE = f"{_PATH}/{{}}"
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")  # 24 hex digits, as documented


class AccountWebhooks(Kind[Reading, Writing]):
    name = "account_webhooks"
    prunable = True
    has_twins = True  # one URL may be there twice with different events (mailgun.md §8.3)
    lists_in_full = True
    fields = FieldTable(
        Field("events", "event_types", Codec(texts, same=is_same_set)),
        Field("description", "description", TEXT, absent_means=""),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        webhooks = provider.node.children.get(self.name)
        for node in webhooks.items if webhooks else ():
            url = node.children["url"].data
            yield located(
                self,
                provider.address / self.name / shown_url(url),
                node,
                node.location,
                facts={"urls": sent_urls([url])},
                value=lambda field, found: (
                    in_order(found.data) if field.ours == "events" else found.data
                ),
            )

    def keys(self, address: Address, field: str) -> Path:  # noqa: ARG002
        return (self.name, ITEM, field)

    def stated(self, live: Resource) -> Iterator[Statement]:
        url = said_url(live.facts["urls"][live.address.name])
        value = {"url": url} | {name: each for name, each in live.attributes.items() if each}
        obstacle = "" if url else HIDDEN_URL
        yield Statement((self.name,), value, is_item=True, obstacle=obstacle)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        request = f"GET {_PATH}"
        for item in listed(session.client.get(_PATH), "webhooks", request):
            yield self._live(under, item, request)

    def read(self, session: Reading, known: Resource) -> Resource | None:
        if known.remote_id is None:
            items = self.list(session, known.address.root)
            return next((item for item in items if item.address == known.address), None)
        path = path_of(_ONE, known.remote_id)
        try:
            answer = session.client.get(path)
        except NotFound:
            return None
        return self._live(known.address.root, answer, f"GET {path}")

    def create(self, session: Writing, desired: Resource) -> Resource:
        request, form = f"POST {_PATH}", self._form(desired, desired.attributes)
        remote_id = _remote_id(session.client.post(_PATH, form=form), request)
        return replace(desired, remote_id=remote_id)

    def update(self, session: Writing, change: Update) -> None:
        """Send what is there as well: what is left out would be emptied."""
        path = path_of(_ONE, str(change.live.remote_id))

        def put(_: tuple[str, ...], values: Mapping[str, Any]) -> None:
            session.client.put(path, form=self._form(change.desired, values))

        send = beside(change.live.attributes, change.desired.attributes, put)
        take([Step(change.names, send, splits=True)])

    def delete(self, session: Writing, live: Resource) -> None:
        session.client.delete(path_of(_ONE, str(live.remote_id)))

    def _form(self, desired: Resource, attributes: Mapping[str, Any]) -> dict[str, Any]:
        url = desired.facts["urls"][desired.address.name]
        return {"url": url} | self.fields.encode(attributes)

    def _live(self, under: Address, item: dict[str, Any], request: str) -> Resource:
        url = item.get("url")
        if not isinstance(url, str) or not url:
            raise UnexpectedAnswer(request, "a webhook has no url")
        return Resource(
            address=under / self.name / shown_url(url),
            kind=self,
            attributes=self.fields.decode(item),
            remote_id=_remote_id(item, request),
            facts={"urls": sent_urls([url]), "made_at": _made_at(item)},
        )


def _made_at(item: Mapping[str, Any]) -> float:
    """Return seconds since 1970: whether IDs rise with time is not documented (mailgun.md §8.3)."""
    try:
        return datetime.fromisoformat(str(item.get("created_at"))).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _remote_id(item: Mapping[str, Any], request: str) -> str:
    """Return the ID, which is going to stand in paths. Raises UnexpectedAnswer for what is none."""
    found = item.get("webhook_id")
    if not isinstance(found, str) or not _ID.fullmatch(found):
        raise UnexpectedAnswer(request, "a webhook has no webhook_id that could be one")
    return found
