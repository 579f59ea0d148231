"""The certificate of a domain's tracking host, which https links need (mailgun.md §6.3)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from reconciler.errors import NotFound, Unavailable, UnexpectedAnswer
from reconciler.fields import FLAG, Field, FieldTable
from reconciler.model import Address, Provider, Resource, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.domains import Domains, is_valid, read_rows, tracking_host
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import DOMAINS, Reading, Writing, section

_REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class _Certificate:
    """`status` is the service's word, `none` before a request, `unknown` if it does not tell."""

    host: str
    status: str
    error: str
    has_cname: bool

    @property
    def is_missing(self) -> bool:
        return self.status in {"none", "expired"}


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
        found = _look(session, under.name)
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
        self._request(session, desired)
        return desired

    def update(self, session: Writing, change: Update) -> None:
        self._request(session, change.desired)

    def _request(self, session: Writing, desired: Resource) -> None:
        found = _look(session, desired.address.parts[-2])
        if not found.is_missing or not found.has_cname:
            return
        path = f"/v2/x509/{found.host}"
        if found.status == "expired":
            session.client.put(path)
        else:
            session.client.post(path)


def _is_made(found: _Certificate) -> bool:
    return not found.is_missing


def _look(session: Reading, domain: str) -> _Certificate:
    """Read the tracking host's name and CNAME, which only the domain tells, and then its status."""
    path = f"{DOMAINS}/{domain}"
    answer = session.client.get(path)
    host = tracking_host(domain, section(answer, "domain", f"GET {path}"))
    rows = [row for row in read_rows(answer) if row.get("record_type") == "CNAME"]
    has_cname = any(is_valid(row) and str(row.get("name")).lower() == host for row in rows)
    status, error = _status(session, host)
    return _Certificate(host, status, error, has_cname)


def _status(session: Reading, host: str) -> tuple[str, str]:
    """A 404 says that there is none yet; some accounts without any get a 500 (mailgun.md §6.3)."""
    path = f"/v2/x509/{host}/status"
    try:
        answer: Mapping[str, Any] = session.client.get(path)
    except NotFound:
        return "none", ""
    except Unavailable as error:
        if error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return "unknown", ""
        raise
    if not isinstance(answer.get("status"), str):
        raise UnexpectedAnswer(f"GET {path}", "the answer holds no status")
    return answer["status"].lower(), str(answer.get("error") or "")


def _notes(found: _Certificate) -> Iterator[str]:
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
