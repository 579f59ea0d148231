"""Declarations of one thing by several providers, of which only one can come true."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.engine.moves import Akin
from reconciler.model import Address, Resource, Snapshot


def contradicted(other: Resource, earlier: Iterable[Resource]) -> Mapping[str, Resource]:
    """Return the fields in which a declaration differs from one before it, with that one."""
    found: dict[str, Resource] = {}
    for one in earlier:
        differing = [name for name in one.attributes if _differs(name, one, other)]
        for name in ["ensure"] if one.absent != other.absent else sorted(differing):
            found.setdefault(name, one)
    return found


def _differs(name: str, one: Resource, other: Resource) -> bool:
    return name in other.attributes and not one.kind.fields.same(
        name, one.attributes[name], other.attributes[name]
    )


def rivals(selected: Snapshot, others: Iterable[Resource], akin: Akin) -> Iterator[Address]:
    """Yield what of the others contradicts something selected that may be the same thing."""
    by_name: dict[tuple[str, str], list[Resource]] = {}
    for each in selected.values():
        by_name.setdefault((each.kind.name, each.address.within), []).append(each)
    for other in others:
        same = by_name.get((other.kind.name, other.address.within), ())
        if contradicted(other, [each for each in same if akin(each, other)]):
            yield other.address
