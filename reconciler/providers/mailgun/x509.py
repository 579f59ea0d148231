"""The certificate of a tracking host, as the service tells of it and makes it (mailgun.md §6.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from reconciler.errors import NotFound, Unavailable, UnexpectedAnswer
from reconciler.providers.mailgun.answers import DOMAINS, path_of, section
from reconciler.providers.mailgun.records import is_valid, read_rows, tracking_host
from reconciler.providers.mailgun.session import Reading, Writing, look_at_dns
from reconciler.providers.urls import without_secrets


@dataclass(frozen=True, slots=True)
class Certificate:
    """`status` is the service's word, `none` before a request, `unknown` if it does not tell."""

    host: str
    status: str
    error: str
    has_cname: bool

    @property
    def is_missing(self) -> bool:
        return self.status in {"none", "expired"}

    @property
    def waits(self) -> bool:
        """Whether it cannot be requested, for want of the CNAME."""
        return self.is_missing and not self.has_cname


def look(session: Reading, domain: str) -> Certificate:
    """Read the tracking host's name and CNAME, which only the domain tells, and then its status."""
    path = path_of(f"{DOMAINS}/{{}}", domain)
    answer = session.client.get(path)
    host = tracking_host(domain, section(answer, "domain", f"GET {path}"))
    rows = [row for row in read_rows(answer) if row.get("record_type") == "CNAME"]
    has_cname = any(is_valid(row) and str(row.get("name")).lower() == host for row in rows)
    status, error = _status(session, host)
    return Certificate(host, status, error, has_cname)


def _status(session: Reading, host: str) -> tuple[str, str]:
    """A 404 says that there is none yet; some accounts without any get a 500 (mailgun.md §6.3)."""
    path = path_of("/v2/x509/{}/status", host)
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
    return answer["status"].lower(), without_secrets(str(answer.get("error") or ""))


def request(session: Writing, domain: str) -> None:
    """Have one made, unless there is one or Mailgun could not make it for want of the CNAME.

    Mailgun looks for the CNAME first, if it does not know it yet and has not looked since the
    domain's records changed: a look may do more than that, such as let a key sign.
    """
    found = look(session, domain)
    if found.waits and session.looks.is_wanted(domain):
        look_at_dns(session, domain)
        found = look(session, domain)
    if not found.is_missing or found.waits:
        return
    path = path_of("/v2/x509/{}", found.host)
    if found.status == "expired":
        session.client.put(path)
    else:
        session.client.post(path)
