"""A session with Mailgun: one client in one region, and what it has to remember."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Generic

from reconciler.providers.api import ClientT, Reader, Writer
from reconciler.providers.api.governor import Start
from reconciler.providers.mailgun.answers import path_of
from reconciler.providers.mailgun.regions import Elsewhere

USER = "api"
START = Start(300, ("/v3/domains", "/v4/domains", "/v1/webhooks"))
"""The limit as it was documented (mailgun.md §3.1); what answers say and do counts more."""


class Looks:
    """Which domains Mailgun was asked to look up in DNS, and which it should be asked to.

    A domain is asked for once (its limiter is tight, mailgun.md §3.1), by whom needs it first.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._taken: set[str] = set()
        self._lock = Lock()

    def want(self, domain: str) -> None:
        """Say that a domain's records are about to change."""
        with self._lock:
            self._wanted.add(domain)
            self._taken.discard(domain)

    def is_wanted(self, domain: str) -> bool:
        with self._lock:
            return domain in self._wanted

    def is_taken(self, domain: str) -> bool:
        with self._lock:
            return domain in self._taken

    def take(self, domain: str) -> None:
        with self._lock:
            self._wanted.discard(domain)
            self._taken.add(domain)


@dataclass(frozen=True, slots=True)
class MailgunSession(Generic[ClientT]):
    """`kept` and `absent` are the domains that the YAML declares to be there, and not to be."""

    client: ClientT
    elsewhere: Elsewhere | None = None
    kept: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    looks: Looks = field(default_factory=Looks)


Reading = MailgunSession[Reader]
Writing = MailgunSession[Writer]


def look_at_dns(session: Writing, domain: str) -> dict[str, Any]:
    """Have a domain's DNS looked up; what is found may show only in minutes (mailgun.md §4.9)."""
    session.looks.take(domain)
    return session.client.put(path_of("/v4/domains/{}/verify", domain))
