"""The certificate of a domain's tracking host, which https links need (mailgun.md §6.3)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.fields import FLAG, Field, FieldTable
from reconciler.model import UNSETTLED, Address, Create, Provider, Resource, Statement, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun import x509
from reconciler.providers.mailgun.dkim import Dkim, looks_at_dns
from reconciler.providers.mailgun.domain_fields import PREFIX
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing
from reconciler.providers.mailgun.x509 import Certificate

REQUESTED = "requested"


class Certificates(PerDomain):
    """There is one resource for each domain whose YAML says `web_scheme: https`.

    Nothing is waited for: it comes to rest once a certificate is requested. As long as none can be
    requested, for want of the CNAME, there is nothing to do, and `requested` is not told.
    """

    name = "certificate"
    is_implied = True
    list_calls = 2  # the domain, which tells the host, and the host's certificate
    dns_fields = frozenset({REQUESTED})
    fields = FieldTable(Field(REQUESTED, REQUESTED, FLAG, write_only=True))

    def declared(self, provider: Provider) -> Iterator[Resource]:
        for name, node in provider.node.entries(Domains.name):
            if node.text("web_scheme") == "https" and node.text("ensure") != "absent":
                domain = provider.address / Domains.name / host_name(name)
                place = node.children["web_scheme"].location
                yield Resource(
                    address=domain / self.name,
                    kind=self,
                    attributes={REQUESTED: True},
                    parent=domain,
                    locations={"": place},
                    follows=(domain / Dkim.name,),  # one look at DNS is enough for both
                )

    def stated(self, live: Resource) -> Iterable[Statement]:  # noqa: ARG002
        return ()

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        found = x509.look(session, under.name)
        yield Resource(
            address=under / self.name,
            kind=self,
            attributes={} if found.waits else {REQUESTED: not found.is_missing},
            remote_id=found.host,
            parent=under,
            notes=tuple(_notes(found)),
            facts={"waits_for": found.host if found.waits else ""},
        )

    def foreseen(
        self,
        desired: Resource,  # noqa: ARG002
        live: Resource,
        changes: Sequence[Create | Update],
    ) -> Resource:
        """Another prefix is another host; and whoever has DNS looked up may find the CNAME."""
        is_moved = any(PREFIX in change.names for change in changes)
        is_looked_for = live.facts["waits_for"] and any(map(looks_at_dns, changes))
        return (
            replace(live, attributes={REQUESTED: UNSETTLED}) if is_moved or is_looked_for else live
        )

    def doubts(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        if host := live.facts["waits_for"]:
            yield (
                REQUESTED,
                (
                    f"the tracking certificate of {host} cannot be requested until Mailgun finds "
                    f"the CNAME {host}; publish it, `run verify {desired.parent}` and apply again; "
                    "https links are broken until then"
                ),
            )

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Request it for a domain that was created just before, if its CNAME is there already."""
        x509.request(session, desired.address.parts[-2])
        return desired

    def update(self, session: Writing, change: Update) -> None:
        x509.request(session, change.desired.address.parts[-2])


def _notes(found: Certificate) -> Iterator[str]:
    """Say what is pending, for https links are broken until then."""
    what = f"the tracking certificate of {found.host}"
    if found.status == "processing":
        yield f"{what} is being made; https links are broken until then"
    elif found.status == "error":
        yield f"{what} could not be made: {found.error}" if found.error else f"{what} has failed"
    elif found.status == "unknown":
        yield f"{what}: Mailgun does not tell its status"
