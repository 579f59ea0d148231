"""Sender signatures of the account: confirmed by a person, never by us (postmark.md §3)."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from reconciler.fields import HOST, TEXT, Codec, Field, FieldTable
from reconciler.model import Address, Kind, Performed, Provider, Resource, Update
from reconciler.providers.api import Reader, Writer
from reconciler.providers.desired import located
from reconciler.providers.postmark.session import (
    OnAccount,
    identified,
    named,
    paged,
    read_object,
    sought_id,
)
from reconciler.providers.steps import Step, beside, take

_PATH = "/senders"
_ADDRESS = Codec(TEXT.read, same=lambda desired, live: bool(desired.casefold() == live.casefold()))


class Senders(Kind[OnAccount[Reader], OnAccount[Writer]]):
    name = "senders"
    guarded = True
    fields = FieldTable(
        Field("name", "Name", TEXT, needed=True),
        Field("reply_to", "ReplyToEmailAddress", _ADDRESS, sent_as="ReplyToEmail"),
        Field("return_path", "ReturnPathDomain", HOST),
        Field("personal_note", "ConfirmationPersonalNote", TEXT),
    )

    actions: ClassVar[Mapping[str, str]] = {
        "resend": "send the mail that asks for confirmation again"
    }

    def declared(self, provider: Provider) -> Iterator[Resource]:
        for name, node in provider.node.entries(self.name):
            place = provider.node.children[self.name].keys[name]
            yield located(self, provider.address / self.name / name.lower(), node, place)

    def remark(self, live: Resource) -> str:
        return "" if live.facts["verified"] else "not confirmed yet"

    def list(self, session: OnAccount[Reader], under: Address) -> Iterable[Resource]:
        for item in paged(session.account, _PATH, "SenderSignatures"):
            yield self._live(under, item, f"GET {_PATH}")

    def read(self, session: OnAccount[Reader], known: Resource) -> Resource | None:
        remote_id = sought_id(self, session, known)
        path = f"{_PATH}/{remote_id}"
        answer = read_object(session.account, path) if remote_id else None
        return self._live(known.address.root, answer, f"GET {path}") if answer else None

    def create(self, session: OnAccount[Writer], desired: Resource) -> Resource:
        content = {"FromEmail": desired.address.name} | self.fields.encode(desired.attributes)
        request = f"POST {_PATH}"
        answer = identified(session.account.post(_PATH, json=content), request)
        return self._live(desired.address.root, answer, request)

    def update(self, session: OnAccount[Writer], change: Update) -> None:
        def put(names: tuple[str, ...], values: Mapping[str, Any]) -> None:
            # The name is documented as required in an edit.
            content = self.fields.encode(values, {"name", *names} & set(values))
            session.account.put(f"{_PATH}/{change.live.remote_id}", json=content)

        send = beside(change.live.attributes, change.desired.attributes, put)
        take([Step(change.names, send, splits=True)])

    def delete(self, session: OnAccount[Writer], live: Resource) -> None:
        session.account.delete(f"{_PATH}/{live.remote_id}")

    def perform(self, session: OnAccount[Writer], live: Resource, action: str) -> Performed:  # noqa: ARG002
        session.account.post(f"{_PATH}/{live.remote_id}/resend")
        return Performed(live, f"the confirmation mail was sent again, to {live.address.name}")

    def _live(self, under: Address, answer: dict[str, Any], request: str) -> Resource:
        unconfirmed = answer.get("Confirmed") is False
        return Resource(
            address=under / self.name / named(answer, "EmailAddress", request).lower(),
            kind=self,
            attributes=self.fields.decode(answer),
            remote_id=str(answer["ID"]),
            notes=("it is not confirmed: a person must click the link in the mail from Postmark",)
            if unconfirmed
            else (),
            facts={"verified": answer.get("Confirmed") is True},
        )
