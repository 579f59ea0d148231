"""What a domain has exactly once: it is there with its domain, and one call reads it whole."""

from typing import ClassVar

from reconciler.errors import NotFound
from reconciler.model import Address, Kind, Resource
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.session import Reading, Writing, look_at_dns


class PerDomain(Kind[Reading, Writing]):
    parent = Domains
    comes_with_parent = True
    lists_in_full: ClassVar[bool] = True

    def read(self, session: Reading, known: Resource) -> Resource | None:
        try:
            return next(iter(self.list(session, Address(known.address.parts[:-1]))))
        except NotFound:
            return None

    def verify(self, session: Writing, live: Resource) -> Resource:
        """Let Mailgun look for what changed, unless it did since."""
        domain = live.address.parts[-2]
        if session.looks.is_wanted(domain):
            look_at_dns(session, domain)
        return live
