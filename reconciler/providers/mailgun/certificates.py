"""The certificate of a domain's tracking host, which https links need (mailgun.md §6.3)."""

from collections.abc import Iterable, Iterator

from reconciler.fields import FLAG, Field, FieldTable
from reconciler.model import Address, Provider, Resource, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun import x509
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing
from reconciler.providers.mailgun.x509 import Certificate

_REQUESTED = "requested"


class Certificates(PerDomain):
    """There is one resource for each domain whose YAML says `web_scheme: https`.

    Nothing is waited for: it comes to rest once a certificate is requested. As long as none can be
    requested, for want of the CNAME, there is nothing to do, and `requested` is not told.
    """

    name = "certificate"
    fields = FieldTable(Field(_REQUESTED, _REQUESTED, FLAG, write_only=True))

    def declared(self, provider: Provider) -> Iterator[Resource]:
        for name, node in provider.node.entries(Domains.name):
            if node.text("web_scheme") == "https" and node.text("ensure") != "absent":
                domain = provider.address / Domains.name / host_name(name)
                place = node.children["web_scheme"].location
                yield Resource(
                    address=domain / self.name,
                    kind=self,
                    attributes={_REQUESTED: True},
                    parent=domain,
                    locations={"": place},
                )

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        found = x509.look(session, under.name)
        known = {} if found.is_missing and not found.has_cname else {_REQUESTED: _is_made(found)}
        yield Resource(
            address=under / self.name,
            kind=self,
            attributes=known,
            remote_id=found.host,
            parent=under,
            notes=tuple(_notes(found)),
            facts={"status": found.status},
        )

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Request it for a domain that was created just before, if its CNAME is there already."""
        x509.request(session, desired.address.parts[-2])
        return desired

    def update(self, session: Writing, change: Update) -> None:
        x509.request(session, change.desired.address.parts[-2])


def _is_made(found: Certificate) -> bool:
    return not found.is_missing


def _notes(found: Certificate) -> Iterator[str]:
    """Say what is pending, for https links are broken until then."""
    what = f"the tracking certificate of {found.host}"
    if found.is_missing and not found.has_cname:
        yield (
            f"{what} cannot be requested until Mailgun finds the CNAME {found.host}; publish it, "
            "verify the domain and apply again; https links are broken until then"
        )
    elif found.status == "processing":
        yield f"{what} is being made; https links are broken until then"
    elif found.status == "error":
        yield f"{what} could not be made: {found.error}" if found.error else f"{what} has failed"
    elif found.status == "unknown":
        yield f"{what}: Mailgun does not tell its status"
