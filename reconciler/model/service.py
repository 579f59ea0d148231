"""The class that a service fills, and a configuration: its providers, each with its service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from reconciler.model.address import Address
from reconciler.model.examination import Examination, TokenKind
from reconciler.model.mail import Fate, SampleMail, Sent
from reconciler.model.provider import Provider
from reconciler.model.resource import Kind, Resource, Snapshot
from reconciler.model.secret import Reference, Secret, reference
from reconciler.model.standing import Checks, DomainState
from reconciler.source import Finding, Location


class Service(ABC):
    """A service: its kinds, its cross-checks, and how a session with it is opened."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind[Any, Any], ...]]
    """Parents before children."""
    token_keys: ClassVar[tuple[str, ...]]
    token_kinds: ClassVar[Mapping[str, TokenKind]] = {}
    """By key, what each token is."""
    validates_lists: ClassVar[bool] = False
    """Whether it judges whole lists of addresses, for money."""
    domain_checks: ClassVar[Checks] = Checks({})
    sink: ClassVar[str] = ""
    """An address that takes any mail and delivers none; where there is none, a mode does that."""
    sends_only: ClassVar[str] = ""
    """What a token is that sends although it may read nothing, if there are such."""
    pace: ClassVar[int | None] = None
    """How many calls a minute the service documents for one credential, if it does."""
    bounces: ClassVar[Mapping[str, str]] = {}
    """By our word, the bounces that the service plays when it is asked to."""
    said_once: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """By collection, the keys of its entries that a provider may say once for all of them."""

    documented: ClassVar[frozenset[str]] = frozenset()
    """IDs, types and states that its documentation names, besides the words of the fields.

    A text that is one of them repeats no secret, whatever the secrets are.
    """

    @property
    def words(self) -> frozenset[str]:
        """All words that its answers hold of themselves."""
        named = (field.codec.words for kind in self.kinds for field in kind.fields)
        return self.documented.union(*named)

    @abstractmethod
    def check(self, provider: Provider) -> Iterable[Finding]:
        """Yield what is wrong in a provider's YAML beyond what its schema can say.

        The YAML may hold other mistakes already found: pass over nodes that are `broken`.
        """

    def readable(self, provider: Provider) -> Iterable[Kind[Any, Any]]:
        """Yield the kinds that the provider's tokens reach."""
        return self.kinds

    def is_shared(self, kind: Kind[Any, Any]) -> bool:
        """Whether all providers of one account see the same things of a kind."""
        return True

    def servers(self, session: Any) -> Iterable[str]:
        """Yield the names of what a provider can be one of, in a service whose accounts have such.

        Raises ServiceError.
        """
        return ()

    def shortened(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what a provider's YAML says in the shortest of the ways that it can be said."""
        return tree

    def warn(self, provider: Provider) -> Iterable[Finding]:
        """Yield what is doubtful but allowed."""
        return ()

    def consults(
        self,
        provider: Provider,
        desired: Snapshot,
        live: Snapshot,
    ) -> Iterable[Kind[Any, Any]]:
        """Yield kinds whose lists `remarks` and `objections` want to see besides the YAML's."""
        return ()

    def remarks(
        self,
        provider: Provider,
        desired: Snapshot,
        live: Snapshot,
    ) -> Iterable[tuple[Address, str]]:
        """Yield what a plan should say that no single resource knows."""
        return ()

    def noticed(self, provider: Provider, session: Any) -> Iterable[tuple[Address, str, str]]:
        """Yield address, text and field (or "") for what a session found out while it read.

        Such as where a declared thing is that is not where it was looked for.
        """
        return ()

    def objections(
        self,
        provider: Provider,
        desired: Snapshot,
        live: Snapshot,
    ) -> Iterable[tuple[Address, str, str]]:
        """Yield address, field and reason for what the service would refuse for others' sake.

        Such as one more of a kind than an account may have, which no single resource knows.
        """
        return ()

    @abstractmethod
    def proofs(
        self, provider: Provider, session: Any, listed: Collection[Kind[Any, Any]]
    ) -> Iterable[Callable[[], object]]:
        """Yield a read for each token of a provider that the lists of `listed` do not prove.

        A plan makes these reads beside its lists: a token that is refused is told although nothing
        else needs it, and a token that a list is sent with costs no call more.
        """

    def examinations(self, provider: Provider, session: Any) -> Iterable[Examination]:
        """Yield what a check of a provider looks at: each token by its cheapest read, told apart
        from others, then its sender and the domain that it sends from.
        """
        return ()

    def domain_state(self, live: Resource) -> DomainState:
        """Return what the service says of a live domain."""
        return DomainState.UNKNOWN

    def region(self, provider: Provider) -> str | None:
        """Return the region that a provider's things live in, in a service that has such."""
        return None

    def default_domain(self, provider: Provider) -> str | None:
        """Return the domain whose settings stand for those of a provider, if it has such."""
        return None

    def tracking_flags(self, provider: Provider) -> Mapping[str, tuple[Address, str]]:
        """Return, by the flag's name in the YAML, the address and field that tell it."""
        return {}

    @abstractmethod
    def prepare_sample(self, provider: Provider, mail: SampleMail) -> SampleMail:
        """Return a mail as it will be sent: where it says nothing, as the provider's YAML does.

        Raises UsageError for what the service has not, such as streams.
        """

    @abstractmethod
    def send_sample(self, provider: Provider, session: Any, mail: SampleMail) -> Sent:
        """Send a prepared mail once, whatever happens. Raises ServiceError, with the way out.

        It is OutcomeUnknown where the service may have taken it although no good answer came.
        """

    @abstractmethod
    def find_sample(self, provider: Provider, session: Any, mail: SampleMail) -> Sent | None:
        """Look once for a mail whose answer was lost; None where the service has none (yet).

        Raises ServiceError.
        """

    @abstractmethod
    def fate_of(self, provider: Provider, session: Any, sent: Sent) -> Fate | None:
        """Look once at what became of a mail; None where the service tells nothing of it (yet).

        What is told and is not the end, such as that it will be tried again, is `NO_EVENT`.
        Raises ServiceError.
        """

    @abstractmethod
    def reach(self, kind: Kind[Any, Any], session: Any) -> Hashable:
        """Return whose things of a kind a session reaches, such as a token's account or server.

        Equal for two providers of one token; it is only compared, within the run, and never shown.
        """

    @abstractmethod
    def connect(self, provider: Provider, tokens: Mapping[str, Secret], connector: Any) -> Any:
        """Return this service's session; its clients are what `connector` makes."""


@dataclass(frozen=True, slots=True)
class Account(Provider):
    """A provider together with the service that it is an account of."""

    service: Service

    @property
    def tokens(self) -> Mapping[str, Reference]:
        """The token references by their YAML key."""
        found = {key: self.node.at(key) for key in self.service.token_keys}
        return {key: reference(node) for key, node in found.items() if node}


@dataclass(frozen=True, slots=True)
class Config:
    """What the YAML declares, checked. `digest` identifies its content, not its layout."""

    providers: Mapping[str, Account]
    desired: Snapshot
    digest: str
    warnings: tuple[Finding, ...] = ()
    profiles: Mapping[Location, str] = field(default_factory=dict)
    """Which profile a place is in."""
    references: tuple[Reference, ...] = ()
    """All that the files refer to, also where only a part of them is needed."""
