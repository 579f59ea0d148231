"""A statement about a live thing, and whether it can stand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.fields import UNKNOWN
from reconciler.model import Address, Resource, Secret, Statement
from reconciler.model.statement import Path

_TWINS = "the service has more than one of it, and the YAML can only mean one; delete the others"


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """What is live and cannot be declared, and why; without `fields` it is the whole.

    `name` is its address as it may be told.
    """

    address: Address
    fields: tuple[str, ...]
    reason: str
    name: str

    def __str__(self) -> str:
        names = ", ".join(f"`{each}`" for each in self.fields)
        return f"{names + ' of ' if names else ''}{self.name}: {self.reason}"


def grouped(left_out: Iterable[LeftOut]) -> list[LeftOut]:
    """Return what is left out of one thing for one reason as one."""
    fields: dict[tuple[Address, str, bool, str], list[str]] = {}
    for each in left_out:
        key = (each.address, each.name, bool(each.fields), each.reason)
        fields.setdefault(key, []).extend(each.fields)
    return sorted(
        LeftOut(address, tuple(sorted(names)), reason, name)
        for (address, name, _, reason), names in fields.items()
    )


@dataclass(frozen=True, slots=True)
class Said:
    statement: Statement
    resource: Resource

    @property
    def path(self) -> Path:
        return self.statement.path

    @property
    def is_existence(self) -> bool:
        """Whether it says that the thing is there, and so carries all else that is said of it."""
        return not self.statement.field and self.path[0] == self.resource.address.parts[1]

    def is_same(self, other: Any) -> bool:
        """Whether another value would say the same."""
        statement = self.statement
        if statement.fits_all:
            return True
        if other is UNKNOWN or isinstance(statement.value, Secret):
            return False
        if statement.field:
            return self.resource.kind.fields.same(statement.field, other, statement.value)
        return bool(statement.value == other)

    def left_out(self, reason: str) -> LeftOut:
        field = self.statement.field
        address, kind = self.resource.address, self.resource.kind
        return LeftOut(address, (field,) if field else (), reason, kind.told(address))


Barred = Mapping[tuple[Address, str], str]
"""What turned out not to be possible, with why: by address and field."""


def sifted(
    said: Iterable[Said], barred: Barred, unspeakable: Callable[[Said], str] = lambda _: ""
) -> tuple[list[Said], list[LeftOut]]:
    """Return what can be said, and what cannot; with a thing goes what stands below it.

    `unspeakable` says of others why they cannot be said.
    """
    judged = [(each, _obstacle(each, barred) or unspeakable(each)) for each in said]
    obstacles = [(each, why) for each, why in judged if why]
    gone = {each.resource.address for each, _ in obstacles if each.is_existence}
    left_out = grouped(
        each.left_out(why)
        for each, why in obstacles
        if each.is_existence or not gone & set(_carriers(each.resource))
    )
    possible = [
        each for each, why in judged if not why and not gone & set(_carriers(each.resource))
    ]
    return possible, left_out


def _carriers(resource: Resource) -> Iterator[Address]:
    yield resource.address
    if resource.parent:
        yield resource.parent


def _obstacle(said: Said, barred: Barred) -> str:
    if said.resource.address.twin:
        return _TWINS
    why = barred.get((said.resource.address, said.statement.field), "")
    return said.statement.obstacle or why
