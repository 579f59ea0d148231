"""Postmark: its kinds, its cross-checks, its sessions."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

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
from reconciler.providers.api import ClientT, Connector, Reader, SecretHeader, Writer
from reconciler.providers.checks import undeclared_sender
from reconciler.providers.postmark.checks import check
from reconciler.providers.postmark.default_streams import DEFAULTS, DOCUMENTED
from reconciler.providers.postmark.dns import DKIM, RETURN_PATH
from reconciler.providers.postmark.domains import Domains
from reconciler.providers.postmark.examinations import TOKEN_KINDS, examinations
from reconciler.providers.postmark.objections import (
    new_webhooks,
    renamed_servers,
    too_many_streams,
    webhooks_of_archived,
    webhooks_of_missing,
)
from reconciler.providers.postmark.remarks import (
    broken_records,
    deletes_domains,
    doubtful_streams,
    senders_of_deleted_domains,
    unverified_sender,
)
from reconciler.providers.postmark.sample_mail import BOUNCES, fate_of, find, prepare, send
from reconciler.providers.postmark.senders import Senders
from reconciler.providers.postmark.servers import Servers, check_name, server_names, server_token
from reconciler.providers.postmark.session import (
    ACCOUNT_DIALECT,
    SERVER_DIALECT,
    SITE,
    URL,
    PostmarkDialect,
    PostmarkSession,
)
from reconciler.providers.postmark.streams import Streams
from reconciler.providers.postmark.webhooks import Webhooks
from reconciler.source import Finding, Node

ON_ACCOUNT = (Domains, Senders)
"""The kinds that stand on the account; the others on one of its servers (postmark.md §1.3)."""


class Postmark(Service):
    name = "postmark"
    kinds = (Servers(), Domains(), Senders(), Streams(), Webhooks())
    token_keys = ("token", "account_token")
    token_kinds = TOKEN_KINDS
    sink = "test@blackhole.postmarkapp.com"
    bounces = BOUNCES
    domain_checks = Checks({DKIM: DKIM, RETURN_PATH: RETURN_PATH})
    documented = DEFAULTS | {"verified", "unverified", "pending", "failed"}

    def check(self, provider: Provider) -> Iterable[Finding]:
        return check(provider)

    def readable(self, provider: Provider) -> Iterable[Kind[Any, Any]]:
        given = provider.node.children
        has_server, has_account = bool({"token", "server"} & set(given)), "account_token" in given
        for kind in self.kinds:
            if has_account if isinstance(kind, ON_ACCOUNT) else has_server:
                yield kind

    def is_shared(self, kind: Kind[Any, Any]) -> bool:
        return isinstance(kind, ON_ACCOUNT)

    def servers(self, session: PostmarkSession[Reader]) -> Iterable[str]:
        return server_names(session.account)

    def warn(self, provider: Provider) -> Iterable[Finding]:
        yield from undeclared_sender(provider)

    def consults(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[Kind[Any, Any]]:
        if "senders" not in provider.node.children and deletes_domains(provider, desired, live):
            yield from (kind for kind in self.kinds if isinstance(kind, Senders))
        if "streams" not in provider.node.children and any(
            stream.name not in DOCUMENTED for _, stream in new_webhooks(provider, desired, live)
        ):
            yield from (kind for kind in self.kinds if isinstance(kind, Streams))

    def remarks(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str]]:
        yield from unverified_sender(provider, live)
        yield from senders_of_deleted_domains(provider, desired, live)
        yield from doubtful_streams(provider, desired, live)
        yield from broken_records(provider, desired, live)

    def objections(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str, str]]:
        yield from too_many_streams(provider, desired, live)
        yield from webhooks_of_archived(provider, desired, live)
        yield from webhooks_of_missing(provider, desired, live)
        yield from renamed_servers(provider, desired, live)

    def proofs(
        self,
        provider: Provider,
        session: PostmarkSession[Reader],
        listed: Collection[Kind[Any, Any]],
    ) -> Iterable[Callable[[], object]]:
        """Yield what tests a token (postmark.md §1.6).

        Where the server's token is learnt, that is a call with the account's.
        """
        given = provider.node.children
        on_server = any(not isinstance(kind, ON_ACCOUNT) for kind in listed)
        on_account = any(isinstance(kind, ON_ACCOUNT) for kind in listed)
        if "token" in given and not on_server:
            yield session.own_server
        learnt = on_server and "token" not in given
        if "account_token" in given and not on_account and not learnt:
            yield (
                session.reach_server
                if "server" in given and "token" not in given
                else partial(session.account.get, "/servers", {"count": 1, "offset": 0})
            )

    def examinations(
        self, provider: Provider, session: PostmarkSession[Reader]
    ) -> Iterable[Examination]:
        return examinations(provider, session)

    def prepare_sample(self, provider: Provider, mail: SampleMail) -> SampleMail:
        return prepare(provider, mail)

    def send_sample(
        self,
        provider: Provider,  # noqa: ARG002
        session: PostmarkSession[Writer],
        mail: SampleMail,
    ) -> Sent:
        return send(session, mail)

    def find_sample(
        self,
        provider: Provider,  # noqa: ARG002
        session: PostmarkSession[Writer],
        mail: SampleMail,
    ) -> Sent | None:
        return find(session, mail)

    def fate_of(
        self,
        provider: Provider,  # noqa: ARG002
        session: PostmarkSession[Writer],
        sent: Sent,
    ) -> Fate | None:
        return fate_of(session, sent)

    def domain_state(self, live: Resource) -> DomainState:
        """Say whether mail may be sent: that takes the DKIM record alone (postmark.md §2.7)."""
        return DomainState.VERIFIED if live.facts["verified"] else DomainState.UNVERIFIED

    def tracking_flags(self, provider: Provider) -> Mapping[str, tuple[Address, str]]:
        server = provider.address / Servers.name
        return {name: (server, f"tracking.{name}") for name in ("opens", "links")}

    def reach(self, kind: Kind[Any, Any], session: PostmarkSession[Reader]) -> Hashable:
        return (session.account if isinstance(kind, ON_ACCOUNT) else session.server).reach

    def connect(
        self, provider: Provider, tokens: Mapping[str, Secret], connector: Connector[ClientT]
    ) -> PostmarkSession[ClientT]:
        pool = connector.pool(provider, SITE, URL)

        def client(token: Secret, dialect: PostmarkDialect) -> ClientT:
            return connector.client(provider, pool, SecretHeader(dialect.header, token), dialect)

        server, account = tokens.get("token"), tokens.get("account_token")
        named = provider.node.at("server")

        def probe(key: str, dialect: PostmarkDialect) -> Reader:
            auth = SecretHeader(dialect.header, tokens[key])
            return connector.onlooker(provider, pool, auth, dialect)

        def learn(asked: Reader, node: Node) -> ClientT:
            with connector.known.learning():
                token = server_token(asked, node)
            return client(token, SERVER_DIALECT)

        session = PostmarkSession(
            server=client(server, SERVER_DIALECT) if server else None,
            account=client(account, ACCOUNT_DIALECT) if account else None,
            learn=partial(learn, node=named) if named else None,
            check=partial(check_name, named) if named and server else None,
            probe=probe,
        )
        if named and account and not server and _is_server_needed(provider):
            connector.known.expect(session.reach_server)
        return session


def _is_server_needed(provider: Provider) -> bool:
    """Whether anything of the server is looked at, as it is where nothing is named."""
    given = provider.node.children.keys()
    on_server = given & {"tracking", "settings", Streams.name, Webhooks.name}
    return bool(on_server) or not given & {Domains.name, Senders.name}
