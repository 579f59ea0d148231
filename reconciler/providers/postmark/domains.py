"""Sending domains of the account (postmark.md §2)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

from reconciler.errors import ServiceError
from reconciler.fields import HOST, Field, FieldTable
from reconciler.model import (
    TO_PUBLISH,
    Address,
    DnsRecord,
    Kind,
    Performed,
    Provider,
    Resource,
    Statement,
    Update,
)
from reconciler.providers.api import Reader, Writer
from reconciler.providers.desired import host_name, located
from reconciler.providers.lookup import looked_up
from reconciler.providers.postmark.dns import DKIM, RETURN_PATH, TRACKING, notes, records
from reconciler.providers.postmark.session import (
    OnAccount,
    identified,
    named,
    paged,
    read_object,
    sought_id,
)
from reconciler.providers.steps import Step, take

_CUSTOM = "custom_tracking_domain"
_ROTATED = "there is a new DKIM key; publish its record, until then the old key goes on signing"
_CHECKS = {
    DKIM: "verifyDkim",
    RETURN_PATH: "verifyReturnPath",
    TRACKING: "verifyCustomTracking",
}


class Domains(Kind[OnAccount[Reader], OnAccount[Writer]]):
    name = "domains"
    guarded = True
    dns_fields = frozenset({"return_path", _CUSTOM})
    fields = FieldTable(
        Field("return_path", "ReturnPathDomain", HOST),
        # Not documented, and so behind an opt-in (postmark.md §2.6).
        Field(_CUSTOM, "CustomTrackingDomain", HOST),
    )
    actions: ClassVar[Mapping[str, str]] = {
        "rotate-dkim": "make a new DKIM key; the old one signs until the new one is published",
        "verify": "look at DNS now",
    }

    def declared(self, provider: Provider) -> Iterator[Resource]:
        collection = provider.address / self.name
        for name, node in provider.node.entries(self.name):
            place = provider.node.children[self.name].keys[name]
            yield located(self, collection / host_name(name), node, place)

    def stated(self, live: Resource) -> Iterator[Statement]:
        yield from super().stated(live)
        if live.attributes.get(_CUSTOM):
            yield Statement(("advanced", "undocumented"), value=True)

    def remark(self, live: Resource) -> str:
        is_pending = any(each.purpose == DKIM and each.state == TO_PUBLISH for each in live.records)
        if live.facts["verified"]:
            return "a DKIM rotation is pending" if is_pending else ""
        return "DKIM is not verified yet"

    def list(self, session: OnAccount[Reader], under: Address) -> Iterable[Resource]:
        for item in paged(session.account, "/domains", "Domains"):
            yield self._live(under, item, "GET /domains")

    def tells_all(self, listed: Resource) -> bool:  # noqa: ARG002
        """A list holds no record, and does not even tell whether one is pending (§2.2, §2.5)."""
        return False

    def read(self, session: OnAccount[Reader], known: Resource) -> Resource | None:
        remote_id = sought_id(self, session, known)
        path = f"/domains/{remote_id}"
        answer = read_object(session.account, path) if remote_id else None
        return self._live(known.address.root, answer, f"GET {path}") if answer else None

    def create(self, session: OnAccount[Writer], desired: Resource) -> Resource:
        later = {_CUSTOM} & set(desired.attributes)
        at_once = set(desired.attributes) - later
        content = {"Name": desired.address.name} | self.fields.encode(desired.attributes, at_once)
        answer = identified(session.account.post("/domains", json=content), "POST /domains")
        put = self._setter(session, desired, answer["ID"])
        take([Step((name,), put) for name in later], before=sorted(at_once), is_made=True)
        return self._live(desired.address.root, answer, "POST /domains")

    def update(self, session: OnAccount[Writer], change: Update) -> None:
        put = self._setter(session, change.desired, change.live.remote_id)
        take([Step(change.names, put, splits=True)])

    def _setter(
        self, session: OnAccount[Writer], desired: Resource, remote_id: str | None
    ) -> Callable[[tuple[str, ...]], object]:
        path, values = f"/domains/{remote_id}", desired.attributes
        return lambda names: session.account.put(path, json=self.fields.encode(values, names))

    def delete(self, session: OnAccount[Writer], live: Resource) -> None:
        session.account.delete(f"/domains/{live.remote_id}")

    def verify(self, session: OnAccount[Writer], live: Resource) -> Resource:
        """Ask for what is not verified."""
        return self._look(session, live, (r for r in live.records if r.state == TO_PUBLISH))

    def _look(
        self, session: OnAccount[Writer], live: Resource, records: Iterable[DnsRecord]
    ) -> Resource:
        """Ask for these; the object is answered whether they were found or not (§2.5).

        One that cannot be asked for keeps none of the others from being asked for.
        """
        purposes = {record.purpose for record in records}
        errors: list[ServiceError] = []
        for purpose, call in _CHECKS.items():
            if purpose not in purposes:
                continue
            path = f"/domains/{live.remote_id}/{call}"
            try:
                answer = identified(session.account.put(path), f"PUT {path}")
                live = self._live(live.address.root, answer, f"PUT {path}")
            except ServiceError as error:
                errors.append(error)
        if errors:
            raise errors[0]
        return live

    def perform(self, session: OnAccount[Writer], live: Resource, action: str) -> Performed:
        if action == "rotate-dkim":
            session.account.post(f"/domains/{live.remote_id}/rotatedkim")
            # The answer of a rotation holds the keys only.
            return Performed(self.read(session, live) or live, _ROTATED)
        return looked_up(self._look(session, live, live.records))

    def _live(self, under: Address, answer: dict[str, Any], request: str) -> Resource:
        return Resource(
            address=under / self.name / host_name(named(answer, "Name", request)),
            kind=self,
            attributes=self.fields.decode(answer),
            remote_id=str(answer["ID"]),
            notes=tuple(notes(answer)),
            records=tuple(records(answer)),
            facts={"verified": answer.get("DKIMVerified") is True},
        )
