"""A service of shelves that keeps what is made, and configurations of it, without HTTP."""

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from shelf import Shelves, address_above

from reconciler.model import (
    Account,
    Address,
    Config,
    Fate,
    Kind,
    Provider,
    Resource,
    SampleMail,
    Sent,
    Service,
    Update,
)
from reconciler.source import Finding, Location, Node

PLACE = Location("esp.yaml", 1, 1)
Deed = Callable[[], None]


class Keeper:
    """A session that keeps what is made, and is asked in vain when a deed says so.

    Each read takes the next of `reading`, each write the next of `before` and, once it has had its
    effect, the next of `after`. A deed does something meanwhile, or raises what is raised then.
    """

    def __init__(self, *there: Resource) -> None:
        self.there = list(there)
        self.asked: list[str] = []
        self.reading: list[Deed] = []
        self.before: list[Deed] = []
        self.after: list[Deed] = []

    def listed(self, kind: Shelves, under: Address) -> list[Resource]:
        self.asked.append(f"list {under}/{kind.name}")
        _do_next(self.reading)
        return [each for each in self.there if each.kind == kind and each.address.root == under]

    def read(self, known: Resource) -> Resource | None:
        self.asked.append(f"read {known.address}")
        _do_next(self.reading)
        return next((each for each in self.there if _is_meant(each, known)), None)

    def write(self, verb: str, resource: Resource, effect: Deed) -> None:
        self.asked.append(f"{verb} {resource.address}")
        _do_next(self.before)
        effect()
        _do_next(self.after)

    def put(self, resource: Resource) -> None:
        """Keep a thing in the place of what was read under its ID, or in addition."""
        self.take(resource)
        self.there.append(resource)

    def take(self, resource: Resource) -> None:
        self.there = [each for each in self.there if each.remote_id != resource.remote_id]

    @property
    def writes(self) -> list[str]:
        return [each for each in self.asked if not each.startswith(("read ", "list "))]


def _do_next(deeds: list[Deed]) -> None:
    if deeds:
        deeds.pop(0)()


def _is_meant(each: Resource, known: Resource) -> bool:
    if known.remote_id:
        return each.remote_id == known.remote_id
    return each.address == known.address


def failing(error: Exception) -> Deed:
    def fail() -> None:
        raise error

    return fail


def nothing() -> None:
    pass


class Kept(Shelves):
    def create(self, session: Keeper, desired: Resource) -> Resource:
        made = replace(desired, remote_id=f"of {desired.address}", needs=())
        session.write("create", desired, lambda: session.put(made))
        return made

    def update(self, session: Keeper, change: Update) -> None:
        fields = {each.name: each.after for each in change.fields}
        changed = replace(change.live, attributes={**change.live.attributes, **fields})
        session.write("update", change.desired, lambda: session.put(changed))

    def delete(self, session: Keeper, live: Resource) -> None:
        session.write("delete", live, lambda: session.take(live))


class KeptBooks(Kept):
    name: ClassVar[str] = "books"
    parent = Kept


class Library(Service):
    name: ClassVar[str] = "library"
    token_keys: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *kinds: Kind[Any, Any]) -> None:
        self.kinds = kinds  # type: ignore[misc]

    def check(self, provider: Provider) -> Iterable[Finding]:
        raise NotImplementedError

    def proofs(
        self,
        provider: Provider,  # noqa: ARG002
        session: Any,  # noqa: ARG002
        listed: Collection[Kind[Any, Any]],  # noqa: ARG002
    ) -> Iterable[Callable[[], object]]:
        return ()

    def prepare_sample(self, provider: Provider, mail: SampleMail) -> SampleMail:
        raise NotImplementedError

    def send_sample(self, provider: Provider, session: Any, mail: SampleMail) -> Sent:
        raise NotImplementedError

    def find_sample(self, provider: Provider, session: Any, mail: SampleMail) -> Sent | None:
        raise NotImplementedError

    def fate_of(self, provider: Provider, session: Any, sent: Sent) -> Fate | None:
        raise NotImplementedError

    def reach(self, kind: Kind[Any, Any], session: Any) -> Hashable:  # noqa: ARG002
        return id(session)

    def connect(self, provider: Provider, tokens: Any, connector: Any) -> Any:
        raise NotImplementedError


def node(data: Any = None, **children: Node) -> Node:
    return Node(data if data is not None else {}, PLACE, children)


def configuration(
    service: Service, names: Mapping[str, Iterable[str]], *declared: Resource
) -> Config:
    """Return one whose YAML has, by provider, collections of these names."""
    return Config(
        providers={
            name: Account(name, node(**{each: node() for each in collections}), PLACE, service)
            for name, collections in names.items()
        },
        desired={each.address: each for each in declared},
        digest="sha256:of the configuration",
    )


def made(kind: Shelves, address: Address, **fields: Any) -> Resource:
    """Return what is live after a creation."""
    return Resource(
        address=address,
        kind=kind,
        attributes=fields,
        remote_id=f"of {address}",
        parent=address_above(address),
    )
