"""Mailgun: its kinds, its cross-checks, its sessions."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from reconciler.model import (
    Address,
    Checks,
    DomainState,
    Examination,
    Fate,
    Kind,
    Provider,
    Resource,
    SampleMail,
    Secret,
    Sent,
    Service,
    Snapshot,
)
from reconciler.providers.api import ClientT, Connector, SecretPassword
from reconciler.providers.checks import absent_domains, declared_domains, undeclared_sender
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.account_webhooks import AccountWebhooks
from reconciler.providers.mailgun.answers import DOMAINS
from reconciler.providers.mailgun.certificates import Certificates
from reconciler.providers.mailgun.checks import check, keys_beside_automatic_security
from reconciler.providers.mailgun.dialect import Home, MailgunDialect
from reconciler.providers.mailgun.dkim import Dkim
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.events import EVENTS
from reconciler.providers.mailgun.examinations import TOKEN_KINDS, examinations
from reconciler.providers.mailgun.families import strangers
from reconciler.providers.mailgun.objections import (
    deletions_refused,
    in_two_regions,
    selectors_of_one_key,
    too_many_urls,
)
from reconciler.providers.mailgun.regions import URLS, Elsewhere, other_region, region_of
from reconciler.providers.mailgun.remarks import remarks
from reconciler.providers.mailgun.sample_mail import fate_of, find, prepare, send
from reconciler.providers.mailgun.session import START, USER, MailgunSession, Reading, Writing
from reconciler.providers.mailgun.tracking import Tracking, shortened
from reconciler.providers.mailgun.webhooks import Webhooks
from reconciler.source import Finding

_TRACKED = ("opens", "clicks", "unsubscribe")


class Mailgun(Service):
    name = "mailgun"
    validates_lists = True
    pace = START.calls
    kinds = (Domains(), Tracking(), Dkim(), Webhooks(), Certificates(), AccountWebhooks())
    token_keys = ("token",)
    token_kinds = TOKEN_KINDS
    sends_only = "it is a domain sending key: it sends, and may do nothing else"
    domain_checks = Checks({"SPF": "SPF", "DKIM": "DKIM", "CNAME": "tracking"})
    documented = frozenset(
        ("active", "unverified", "disabled", "custom", "sandbox", "unknown", "htmlonly", *EVENTS)
    )
    said_once: ClassVar[Mapping[str, tuple[str, ...]]] = {"domains": ("tracking", "webhooks")}

    def check(self, provider: Provider) -> Iterable[Finding]:
        return check(provider)

    def warn(self, provider: Provider) -> Iterable[Finding]:
        yield from undeclared_sender(provider)
        yield from keys_beside_automatic_security(provider)

    def remarks(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str]]:
        yield from remarks(provider, desired, live)
        yield from strangers(provider, desired, live)

    def objections(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str, str]]:
        yield from too_many_urls(provider, desired, live)
        yield from deletions_refused(provider, desired, live)
        yield from selectors_of_one_key(provider, desired, live)
        yield from in_two_regions(provider, desired, live)

    def noticed(self, provider: Provider, session: Reading) -> Iterable[tuple[Address, str, str]]:
        for name, text in session.elsewhere.noticed() if session.elsewhere else ():
            field = "ensure" if name in session.absent else ""
            yield provider.address / Domains.name / name, text, field

    def proofs(
        self,
        provider: Provider,  # noqa: ARG002
        session: Reading,
        listed: Collection[Kind[Any, Any]],
    ) -> Iterable[Callable[[], object]]:
        if not any(kind.parent is None for kind in listed):
            yield partial(session.client.get, DOMAINS, {"limit": 1, "skip": 0})

    def examinations(self, provider: Provider, session: Reading) -> Iterable[Examination]:
        return examinations(provider, session)

    def domain_state(self, live: Resource) -> DomainState:
        if live.facts["is_disabled"]:
            return DomainState.DISABLED
        return DomainState.UNVERIFIED if live.facts["is_unverified"] else DomainState.VERIFIED

    def region(self, provider: Provider) -> str:
        return region_of(provider)

    def default_domain(self, provider: Provider) -> str | None:
        """Return the one that is named, or else the first that is declared."""
        named = provider.node.text("domain") or min(declared_domains(provider), default=None)
        return host_name(named) if named else None

    def tracking_flags(self, provider: Provider) -> Mapping[str, tuple[Address, str]]:
        domain = self.default_domain(provider)
        if domain is None:
            return {}
        address = provider.address / Domains.name / domain
        flags = {name: (address / Tracking.name, name) for name in _TRACKED}
        return flags | {"dkim_signing": (address / Dkim.name, "signing")}

    def shortened(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        domains = {name: _shortened(each) for name, each in tree.get(Domains.name, {}).items()}
        return _shortened(tree) | ({Domains.name: domains} if domains else {})

    def prepare_sample(self, provider: Provider, mail: SampleMail) -> SampleMail:
        return prepare(provider, mail)

    def send_sample(
        self,
        provider: Provider,  # noqa: ARG002
        session: Writing,
        mail: SampleMail,
    ) -> Sent:
        return send(session, mail)

    def find_sample(
        self,
        provider: Provider,  # noqa: ARG002
        session: Writing,
        mail: SampleMail,
    ) -> Sent | None:
        return find(session, mail)

    def fate_of(
        self,
        provider: Provider,  # noqa: ARG002
        session: Writing,
        sent: Sent,
    ) -> Fate | None:
        return fate_of(session, sent)

    def reach(self, kind: Kind[Any, Any], session: Reading) -> Hashable:  # noqa: ARG002
        """Return the key's account in its region: another region is another URL."""
        return session.client.reach

    def connect(
        self, provider: Provider, tokens: Mapping[str, Secret], connector: Connector[ClientT]
    ) -> MailgunSession[ClientT]:
        region = self.region(provider)
        auth = SecretPassword(USER, tokens["token"])
        elsewhere = _elsewhere(provider, region, auth, connector)
        pool = connector.pool(provider, _site(region), URLS[region])
        home = Home(connector.onlooker(provider, pool, auth, MailgunDialect(region), START))
        dialect = MailgunDialect(region, elsewhere, home)
        client = connector.client(provider, pool, auth, dialect, START)
        kept, absent = declared_domains(provider), absent_domains(provider)
        return MailgunSession(client, elsewhere, frozenset(kept), frozenset(absent))


def _shortened(tree: Mapping[str, Any]) -> dict[str, Any]:
    tracking = tree.get(Tracking.name)
    return {**tree} | ({Tracking.name: shortened(tracking)} if tracking else {})


def _site(region: str) -> str:
    return f"mailgun_{region}"


def _elsewhere(
    provider: Provider,
    region: str,
    auth: SecretPassword,
    connector: Connector[ClientT],
) -> Elsewhere | None:
    """Return the other region; none when only one of the two has been given another URL.

    A key that is meant for a stand-in must not be shown to the real service.
    """
    other = other_region(region)
    if (_site(region) in connector.base_urls) != (_site(other) in connector.base_urls):
        return None
    pool = connector.pool(provider, _site(other), URLS[other])
    reader = connector.onlooker(provider, pool, auth, MailgunDialect(other), START)
    return Elsewhere(region, declared_domains(provider), absent_domains(provider), reader)
