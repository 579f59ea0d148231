"""The nouns, and the two classes that a service fills: `Service` and `Kind`."""

from __future__ import annotations

import hmac
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_bytes
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

from reconciler.fields import FieldTable
from reconciler.source import Finding, Location, Node, printable


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a resource stands: its path in the YAML, from the provider's name on."""

    parts: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join(self.parts)

    def __truediv__(self, part: str) -> Address:
        return Address((*self.parts, part))

    @property
    def provider(self) -> str:
        return self.parts[0]

    @property
    def name(self) -> str:
        return self.parts[-1]

    @property
    def within(self) -> str:
        """The address as seen from its provider."""
        return "/".join(self.parts[1:])

    def lineage(self) -> Iterator[Address]:
        """Yield this address and those above it, up to the provider's."""
        for length in range(len(self.parts), 0, -1):
            yield Address(self.parts[:length])


TO_PUBLISH = "to publish"
"""The state of a DNS record that the service does not find yet."""


@dataclass(frozen=True, slots=True, order=True)
class DnsRecord:
    """A DNS record that the service asks for, and what it says of it: a fact, never desired."""

    purpose: str
    type: str
    host: str
    value: str
    state: str
    priority: str = ""

    @property
    def zone_value(self) -> str:
        """The value as a zone file takes it: a TXT in quoted strings of at most 255 characters."""
        if self.type != "TXT":
            return self.value
        text = self.value.replace("\\", r"\\").replace('"', r"\"")
        return " ".join(f'"{each}"' for each in re.findall(r"(?:\\.|[^\\]){1,255}", text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing, desired or live. `attributes` holds its fields by dotted path.

    A desired one has `locations` (by field, the whole resource under ""); `absent` is
    `ensure: absent`; `needs` are the resources that must be there first, besides its parent;
    `references` and, once resolved, `secrets` belong to the fields whose values are secret.
    A live one has the service's `remote_id`, by which two providers that share an account see that
    it is one thing, and what the service says of it: `notes` for people,
    `records` of DNS, and other `facts` by name.
    """

    address: Address
    kind: Kind[Any, Any]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    remote_id: str | None = None
    parent: Address | None = None
    locations: Mapping[str, Location] = field(default_factory=dict)
    absent: bool = False
    needs: tuple[Address, ...] = ()
    references: Mapping[str, Reference] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    records: tuple[DnsRecord, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    def location(self, name: str = "") -> Location | None:
        """Return where a field (or the resource itself) stands in the YAML, if it does."""
        return self.locations.get(name) or self.locations.get("")


Snapshot = Mapping[Address, Resource]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's difference; `before` is None in a creation."""

    name: str
    before: Any
    after: Any
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Create:
    desired: Resource
    action: ClassVar[str] = "create"

    @property
    def subject(self) -> Resource:
        return self.desired

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        return tuple(
            FieldChange(name, None, value, self.desired.location(name))
            for name, value in sorted(self.desired.attributes.items())
            if not self.desired.kind.fields[name].implied
        )


@dataclass(frozen=True, slots=True)
class Update:
    live: Resource
    desired: Resource
    fields: tuple[FieldChange, ...]
    action: ClassVar[str] = "update"

    @property
    def subject(self) -> Resource:
        return self.desired

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(change.name for change in self.fields)


@dataclass(frozen=True, slots=True)
class Delete:
    """`desired` is the declaration that says `ensure: absent`, or that takes its place, if any."""

    live: Resource
    desired: Resource | None = None
    replaced_by: Address | None = None
    action: ClassVar[str] = "delete"
    fields: ClassVar[tuple[FieldChange, ...]] = ()

    @property
    def subject(self) -> Resource:
        return self.desired or self.live


Change = Create | Update | Delete


ReadT = TypeVar("ReadT", contravariant=True)  # noqa: PLC0105 - the protocol's reading side
WriteT = TypeVar("WriteT", contravariant=True)  # noqa: PLC0105 - and its writing side


class Kind(ABC, Generic[ReadT, WriteT]):
    """A type of resource of a service: what an author of a new one fills.

    `ReadT` is the service's session with clients that can only read, `WriteT` the one whose
    clients can write. Verbs raise `ServiceError`s and leave retries to those above them.
    """

    name: ClassVar[str]
    """The collection's word, in the YAML and in addresses."""
    fields: ClassVar[FieldTable]
    parent: ClassVar[type[Kind[Any, Any]] | None] = None
    """The kind that an instance of this one stands below, if not the provider itself."""
    guarded: ClassVar[bool] = False
    """Whether deleting one loses what nobody can bring back."""
    prunable: ClassVar[bool] = False
    removal: ClassVar[str] = "delete"
    """What the service does for a deletion, as a word for people."""
    lists_in_full: ClassVar[bool] = False
    """Whether `list` yields all fields, so that `read` could add nothing."""
    settling: ClassVar[float] = 15.0
    """How many seconds a read may lag behind a write before it counts as not converged."""
    deletion_takes: ClassVar[float] = 15.0
    """How many seconds a deletion may go on in the background."""

    @abstractmethod
    def declared(self, provider: Provider) -> Iterable[Resource]:
        """Yield the desired resources of this kind in a provider's YAML."""

    @abstractmethod
    def list(self, session: ReadT, under: Address) -> Iterable[Resource]:
        """Yield the live resources below the provider or parent at `under`.

        Raises `UnexpectedAnswer` when the list is shorter than the service says it is.
        """

    @abstractmethod
    def read(self, session: ReadT, known: Resource) -> Resource | None:
        """Return one live resource with all its fields, or None when there is none.

        `known` is a live one (by `remote_id`) or a desired one (by name).
        """

    @abstractmethod
    def create(self, session: WriteT, desired: Resource) -> Resource:
        """Create it and return what is known of it afterwards, its `remote_id` at least."""

    @abstractmethod
    def update(self, session: WriteT, change: Update) -> None:
        """Send the changed fields, and no others."""

    def delete(self, session: WriteT, live: Resource) -> None:
        """Remove it; a kind that always exists with its parent has nothing to do here."""
        raise NotImplementedError(f"{self.name} cannot be deleted: {live.address} on {session}")

    def seal(self, desired: Resource, secrets: Mapping[str, Secret]) -> Resource:
        """Return a desired resource with its secrets, sealed in its attributes."""
        sealed = {name: secret.sealed() for name, secret in secrets.items()}
        return replace(desired, attributes={**desired.attributes, **sealed}, secrets=secrets)

    def meet(self, desired: Resource, live: Resource) -> Resource:
        """Return what is desired in view of what is live, such as a list that keeps foreign items.

        Called before the two are compared.
        """
        return desired

    def impossible(self, desired: Resource, live: Resource) -> Iterable[tuple[str, str]]:
        """Yield field and reason for what the service would refuse in view of what is live."""
        return ()

    def replaces(self, desired: Resource, live: Resource) -> bool:
        """Whether a resource to be created stands for an undeclared live one.

        It is so when the one cannot be changed into the other, and nothing is lost with the old.
        """
        return False

    def verify(self, session: WriteT, live: Resource) -> Resource:
        """Ask the service to look at DNS now, and return the resource as it answers."""
        return live

    actions: ClassVar[Mapping[str, str]] = {}
    """What can be asked for once, by name, with a sentence for people; never a desired value."""

    def perform(self, session: WriteT, live: Resource, action: str) -> Resource:
        """Carry out one of `actions` and return the resource as it is known afterwards."""
        raise NotImplementedError(f"{self.name} have no action {action}: {live} on {session}")

    def is_gone(self, live: Resource) -> bool:
        """Whether a resource that can still be read counts as deleted."""
        return False

    def is_built_in(self, live: Resource) -> bool:
        """Whether the service made it by itself: then it is never called unmanaged."""
        return False


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept. `source` is env, file or sops; `target` the name or path there."""

    source: str
    target: str
    location: Location
    key: str = ""

    def __str__(self) -> str:
        key = f" key {self.key}" if self.key else ""
        return printable(f"{self.source} {self.target}{key}")

    @property
    def place_and_file(self) -> str:
        """How messages begin that are about the file more than about the reference."""
        return f"{self.location}: {printable(self.target)}"


@dataclass(frozen=True, slots=True)
class Provider:
    """One configured account. `node` is its YAML; retries and timeout govern our own calls."""

    name: str
    service: Service
    node: Node
    location: Location

    @property
    def address(self) -> Address:
        return Address((self.name,))

    @property
    def retry_attempts(self) -> int:
        return int(self._advanced("retry_attempts", 3))

    @property
    def timeout(self) -> float:
        return float(self._advanced("timeout", 30))

    def _advanced(self, key: str, default: float) -> float:
        node = self.node.at(f"advanced.{key}")
        return default if node is None else node.data

    @property
    def tokens(self) -> Mapping[str, Reference]:
        """The token references by their YAML key."""
        found = {key: self.node.at(key) for key in self.service.token_keys}
        return {key: reference(node) for key, node in found.items() if node}


def reference(node: Node) -> Reference:
    """Return the reference that a (valid) node such as `{env: NAME}` makes."""
    ((source, target),) = node.children.items()
    if source == "sops":
        return Reference(source, target.data["file"], node.location, target.data["key"])
    return Reference(source, target.data, node.location)


@dataclass(frozen=True, slots=True)
class Config:
    """What the YAML declares, checked. `digest` identifies its content, not its layout."""

    providers: Mapping[str, Provider]
    desired: Snapshot
    digest: str
    warnings: tuple[Finding, ...] = ()


class Secret:
    """A value that cannot be read by accident: only `reveal`, said out loud, returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def sealed(self) -> Sealed:
        """Return what can be compared with other secrets of this run, and tells nothing."""
        return Sealed(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is neither copied nor pickled")


class Sealed:
    """Stands for a secret value in attributes: it can be compared within a run, and not read.

    It holds an HMAC under a key that is drawn for each run and never leaves it.
    """

    __slots__ = ("_digest",)
    _key: ClassVar[bytes] = token_bytes(32)

    def __init__(self, value: str) -> None:
        self._digest = hmac.digest(self._key, value.encode(), "sha256")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sealed) and hmac.compare_digest(self._digest, other._digest)

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Sealed value means nothing outside its run")


def is_sealed(value: Any) -> bool:
    """Whether a value, or anything in it, stands for a secret."""
    if isinstance(value, Mapping):
        return any(is_sealed(each) for each in value.values())
    return isinstance(value, Sealed)


def as_text(value: Any) -> str:
    """Return an attribute's value as JSON; a sealed one as what it is."""
    return json.dumps(value, ensure_ascii=False, default=str)


class Service(ABC):
    """A service: its kinds, its cross-checks, and how a session with it is opened."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind[Any, Any], ...]]
    """Parents before children."""
    token_keys: ClassVar[tuple[str, ...]]

    @abstractmethod
    def check(self, provider: Provider) -> Iterable[Finding]:
        """Yield what is wrong in a provider's YAML beyond what its schema can say.

        The YAML may hold other mistakes already found: pass over nodes that are `broken`.
        """

    def warn(self, provider: Provider) -> Iterable[Finding]:
        """Yield what is doubtful but allowed."""
        return ()

    def consults(
        self,
        provider: Provider,
        desired: Snapshot,
        live: Snapshot,
    ) -> Iterable[Kind[Any, Any]]:
        """Yield kinds whose lists `remarks` wants to see besides what the YAML names."""
        return ()

    def remarks(
        self,
        provider: Provider,
        desired: Snapshot,
        live: Snapshot,
    ) -> Iterable[tuple[Address, str]]:
        """Yield what a plan should say that no single resource knows."""
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
    def connect(self, provider: Provider, tokens: Mapping[str, Secret], connector: Any) -> Any:
        """Return this service's session; its clients are what `connector` makes."""
