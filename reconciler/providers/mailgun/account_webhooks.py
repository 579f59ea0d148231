"""Webhooks of the account in its region, each known by its URL (mailgun.md §8.3)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.errors import NotFound, UnexpectedAnswer
from reconciler.fields import TEXT, Codec, Field, FieldTable
from reconciler.model import Address, Kind, Provider, Resource, Update
from reconciler.providers.desired import located
from reconciler.providers.mailgun.events import in_order, is_same_set, texts
from reconciler.providers.mailgun.session import Reading, Writing, listed

_PATH = "/v1/webhooks"


class AccountWebhooks(Kind[Reading, Writing]):
    name = "account_webhooks"
    prunable = True
    lists_in_full = True
    fields = FieldTable(
        Field("events", "event_types", Codec(texts, same=is_same_set)),
        Field("description", "description", TEXT, absent_means=""),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        webhooks = provider.node.children.get(self.name)
        for node in webhooks.items if webhooks else ():
            address = provider.address / self.name / node.children["url"].data
            yield located(
                self,
                address,
                node,
                node.location,
                value=lambda field, found: (
                    in_order(found.data) if field.ours == "events" else found.data
                ),
            )

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        request = f"GET {_PATH}"
        for item in listed(session.client.get(_PATH), "webhooks", request):
            address = under / self.name / _text(item, "url", request)
            yield self._live(address, item, request)

    def read(self, session: Reading, known: Resource) -> Resource | None:
        if known.remote_id is None:
            items = self.list(session, Address((known.address.provider,)))
            return next((item for item in items if item.address == known.address), None)
        path = f"{_PATH}/{known.remote_id}"
        try:
            answer = session.client.get(path)
        except NotFound:
            return None
        address = known.address.root / self.name / _text(answer, "url", f"GET {path}")
        return self._live(address, answer, f"GET {path}")

    def create(self, session: Writing, desired: Resource) -> Resource:
        form = {"url": desired.address.name} | self.fields.encode(desired.attributes)
        answer = session.client.post(_PATH, form=form)
        return self._live(desired.address, answer, f"POST {_PATH}")

    def update(self, session: Writing, change: Update) -> None:
        """Send all: what is left out would be emptied."""
        known = {**change.live.attributes, **change.desired.attributes}
        form = {"url": change.desired.address.name} | self.fields.encode(known)
        session.client.put(f"{_PATH}/{change.live.remote_id}", form=form)

    def delete(self, session: Writing, live: Resource) -> None:
        session.client.delete(f"{_PATH}/{live.remote_id}")

    def _live(self, address: Address, item: Mapping[str, Any], request: str) -> Resource:
        return Resource(
            address=address,
            kind=self,
            attributes=self.fields.decode(item),
            remote_id=_text(item, "webhook_id", request),
        )


def _text(item: Mapping[str, Any], key: str, request: str) -> str:
    found = item.get(key)
    if not isinstance(found, str) or not found:
        raise UnexpectedAnswer(request, f"a webhook has no {key}")
    return found
