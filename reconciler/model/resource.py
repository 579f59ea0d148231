"""One thing, the changes that can be made to it, and its kind, which makes them.

The three define each other, and so they stand in one file.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Generic, TypeVar

from reconciler.fields import FieldTable
from reconciler.model.address import Address
from reconciler.model.provider import Provider
from reconciler.model.record import DnsRecord
from reconciler.model.secret import Reference, Secret
from reconciler.model.statement import Path, Statement
from reconciler.source import Location, nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing, desired or live. `attributes` holds its fields by dotted path.

    A desired one has `locations` (by field, the whole resource under ""); `absent` is
    `ensure: absent`; `needs` are the resources that must be there first, besides its parent, and
    `follows` those whose changes come before its own, whatever becomes of them;
    `references` and, once resolved, `secrets` belong to the fields whose values are secret.
    A live one has the service's `remote_id`, by which two providers that share an account see that
    it is one thing, and what the service says of it: `notes` for people,
    `records` of DNS, and other `facts` by name.
    """

    address: Address
    kind: Kind[Any, Any]
    attributes: Mapping[str, Any] = field(default_factory=nothing)
    remote_id: str | None = None
    parent: Address | None = None
    locations: Mapping[str, Location] = field(default_factory=nothing)
    absent: bool = False
    needs: tuple[Address, ...] = ()
    follows: tuple[Address, ...] = ()
    references: Mapping[str, Reference] = field(default_factory=nothing)
    secrets: Mapping[str, Secret] = field(default_factory=nothing)
    notes: tuple[str, ...] = ()
    records: tuple[DnsRecord, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=nothing)

    def location(self, name: str = "") -> Location | None:
        """Return where a field (or the resource itself) stands in the YAML, if it does."""
        return self.locations.get(name) or self.locations.get("")


Snapshot = Mapping[Address, Resource]
UNSETTLED = "(known after apply)"
"""Stands for a live value that only another change of the same plan will bring forth."""


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of an action: `live` as it is known afterwards, and a sentence about it.

    `succeeded` is False when the service did as it was asked and that went against what was hoped
    for, as with a check that misses a record; `details` are its findings one by one.
    """

    live: Resource
    sentence: str
    succeeded: bool = True
    details: tuple[str, ...] = ()


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

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(change.name for change in self.fields)


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
    """`desired` is the declaration that says `ensure: absent`, if any.

    `after` are changes without which this one is not made: they make what does the same job.
    """

    live: Resource
    desired: Resource | None = None
    after: tuple[Address, ...] = ()
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
    comes_with_parent: ClassVar[bool] = False
    """Whether it is there as soon as its parent is, so that to create one only sets it."""
    has_twins: ClassVar[bool] = False
    """Whether the service makes a second one with the same address when it is asked to."""
    is_implied: ClassVar[bool] = False
    """Whether no words of its own declare it, but those of another kind."""
    dns_fields: ClassVar[frozenset[str]] = frozenset()
    """The fields whose change asks for other DNS records; a creation always does."""
    lists_in_full: ClassVar[bool] = False
    """Whether `list` yields all fields, so that `read` could add nothing."""
    list_calls: ClassVar[int] = 1
    """How many calls a list of it takes at most, besides further pages."""
    settling: ClassVar[float] = 15.0
    """How many seconds a read may lag behind a write before it counts as not converged."""
    deletion_takes: ClassVar[float] = 15.0
    """How many seconds a deletion may go on in the background."""

    @abstractmethod
    def declared(self, provider: Provider) -> Iterable[Resource]:
        """Yield the desired resources of this kind in a provider's YAML."""

    def keys(self, address: Address, field: str) -> Path:
        """Return the keys that lead to a field in the provider's mapping; `ITEM` stands for any."""
        return (*address.parts[1:], *field.split("."))

    def stated(self, live: Resource) -> Iterable[Statement]:
        """Yield what the YAML would say for a live resource to be as it is: `declared`, undone.

        All that can be read is said, whatever the service does by itself; who writes the YAML
        leaves out what goes without saying.
        """
        yield Statement(live.address.parts[1:], {})
        for each in self.fields:
            if each.ours in live.attributes and not (each.write_only or each.implied):
                keys = self.keys(live.address, each.ours)
                yield Statement(keys, live.attributes[each.ours], each.ours)

    def told(self, address: Address) -> str:
        """Return an address as it may be told even where the thing itself may not be declared."""
        return str(address)

    def remark(self, live: Resource) -> str:
        """Return what who reads the YAML should know of a live resource, in a few words."""
        return ""

    @abstractmethod
    def list(self, session: ReadT, under: Address) -> Iterable[Resource]:
        """Yield the live resources below the provider or parent at `under`.

        Raises `UnexpectedAnswer` when the list is shorter than the service says it is.
        """

    @abstractmethod
    def read(self, session: ReadT, known: Resource) -> Resource | None:
        """Return one live resource with all its fields, or None when there is none.

        `known` is a live one (by `remote_id`) or a desired one (by name). What is returned has the
        address that the answer itself tells: an ID may by now be that of another thing.
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

    def foreseen(
        self, desired: Resource, live: Resource, changes: Sequence[Create | Update]
    ) -> Resource:
        """Return a live resource as it can be known beforehand, if other changes touch it too.

        `changes` are the planned ones of what it stands below, of what stands there with it, and of
        what it `follows`.
        What they will bring forth is `UNSETTLED`: so it is planned, shown and made together with
        them, and is not left for the next plan to find. `update` must read it for itself.
        """
        return live

    def doubts(self, desired: Resource, live: Resource) -> Iterable[tuple[str, str]]:
        """Yield field and text for what cannot be compared or told apart: why, and the way out."""
        return ()

    def job(self, resource: Resource) -> str | None:
        """Return what a resource is there for, if others can be there for the same.

        One that is deleted while another of the same job is made waits for that, and stays if that
        fails: moving a thing never loses it.
        """
        return None

    def tell_of_other(self, other: Resource) -> str:
        """Say where else a live thing has the same `job`, and how to remove it there."""
        return f"{other.address} is there for the same"

    def verify(self, session: WriteT, live: Resource) -> Resource:
        """Ask the service to look at DNS now, and return the resource as it answers.

        Called once for each resource whose records an apply changed, when all else is done.
        """
        return live

    actions: ClassVar[Mapping[str, str]] = {}
    """What can be asked for once, by name, with a sentence for people; never a desired value."""
    looks: ClassVar[frozenset[str]] = frozenset({"verify"})
    """Those of `actions` that set nothing, so that nobody has to be asked first."""

    def perform(self, session: WriteT, live: Resource, action: str) -> Performed:
        """Carry out one of `actions` and say what became of it."""
        raise NotImplementedError(f"{self.name} have no action {action}: {live} on {session}")

    def tells_all(self, listed: Resource) -> bool:
        """Whether a list told all that people should know of one, such as records to publish.

        If not, it is read when it is declared, although the list may hold every declared field.
        """
        return True

    def is_gone(self, live: Resource) -> bool:
        """Whether a resource that can still be read counts as deleted."""
        return False

    def is_built_in(self, live: Resource) -> bool:
        """Whether the service made it by itself: then it is never called unmanaged."""
        return False
