"""The smallest service: shelves with books, in a dictionary, to decide and read without HTTP."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from reconciler.errors import NotFound
from reconciler.fields import Field, FieldTable
from reconciler.model import (
    UNSETTLED,
    Address,
    Create,
    Kind,
    Provider,
    Resource,
    Snapshot,
    Update,
)

ROOT = Address(("p",))


class Shelves(Kind[Any, Any]):
    name: ClassVar[str] = "shelves"
    fields = FieldTable(Field("colour", "colour"), Field("depth", "depth"))
    refused: ClassVar[tuple[tuple[str, str], ...]] = ()

    def declared(self, provider: Provider) -> Iterable[Resource]:
        raise NotImplementedError

    def list(self, session: Any, under: Address) -> Iterable[Resource]:
        found: Iterable[Resource] = session.listed(self, under)
        return found

    def read(self, session: Any, known: Resource) -> Resource | None:
        found: Resource | None = session.read(known)
        return found

    def create(self, session: Any, desired: Resource) -> Resource:
        raise NotImplementedError

    def update(self, session: Any, change: Update) -> None:
        raise NotImplementedError

    def impossible(self, desired: Resource, live: Resource) -> Iterable[tuple[str, str]]:  # noqa: ARG002
        return self.refused


class Pruned(Shelves):
    name: ClassVar[str] = "pruned"
    prunable: ClassVar[bool] = True


class Refusing(Shelves):
    refused = (("depth", "it is screwed to the wall"),)


class BuiltIn(Shelves):
    def is_built_in(self, live: Resource) -> bool:  # noqa: ARG002
        return True


class Gone(Shelves):
    def is_gone(self, live: Resource) -> bool:  # noqa: ARG002
        return True


class Full(Shelves):
    lists_in_full = True


class Silent(Shelves):
    """Its list leaves out what people should know, and no declared field."""

    def tells_all(self, listed: Resource) -> bool:  # noqa: ARG002
        return False


class Fixed(Shelves):
    fields = FieldTable(
        Field("depth", "depth", immutable="it is glued"), Field("colour", "colour", needed=True)
    )


class Working(Shelves):
    """Each is there for the colour that it has."""

    def job(self, resource: Resource) -> str | None:
        colour: str | None = resource.attributes.get("colour")
        return colour


class Leaning(Shelves):
    """Of the depth of the shelf beside it, or of what it stands on, nobody knows beforehand."""

    def foreseen(
        self,
        desired: Resource,  # noqa: ARG002
        live: Resource,
        changes: Sequence[Create | Update],  # noqa: ARG002
    ) -> Resource:
        return replace(live, attributes={**live.attributes, "depth": UNSETTLED})


class Books(Shelves):
    name: ClassVar[str] = "books"
    parent = Shelves


class Room:
    """A session that answers from what it is given, and keeps count of what it was asked."""

    def __init__(
        self,
        lists: dict[Address, list[Resource]] | None = None,
        items: dict[Address, list[Resource | None]] | None = None,
        missing: dict[Address, int] | None = None,
        failing: Callable[[], None] = lambda: None,
    ) -> None:
        self._lists = lists or {}
        self._items = items or {}
        self._missing = missing or {}
        self._failing = failing
        self.asked: list[str] = []

    def listed(self, kind: Shelves, under: Address) -> list[Resource]:
        self.asked.append(f"list {under}/{kind.name}")
        self._failing()
        if self._missing.get(under, 0) > 0:
            self._missing[under] -= 1
            raise NotFound(f"GET {under}", "not there", status=404)
        return [each for each in self._lists.get(under, []) if type(each.kind) is type(kind)]

    def read(self, known: Resource) -> Resource | None:
        self.asked.append(f"read {known.address}")
        answers = self._items[known.address]
        return answers.pop(0) if len(answers) > 1 else answers[0]


def live(kind: Shelves, address: Address, remote_id: str = "1", **fields: Any) -> Resource:
    return Resource(
        address=address,
        kind=kind,
        attributes=fields,
        remote_id=remote_id,
        parent=address_above(address),
    )


def desired(kind: Shelves, address: Address, *, absent: bool = False, **fields: Any) -> Resource:
    return Resource(
        address=address,
        kind=kind,
        attributes=fields,
        absent=absent,
        parent=address_above(address),
    )


def address_above(address: Address) -> Address | None:
    return Address(address.parts[:-2]) if len(address.parts) > 3 else None


def snapshot(*resources: Resource) -> Snapshot:
    return {each.address: each for each in resources}
