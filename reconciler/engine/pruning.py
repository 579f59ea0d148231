"""What is live and declared nowhere: it stays, unless a prune is asked for that may take it."""

from collections.abc import Hashable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

from reconciler.engine.moves import Akin, of_one_provider
from reconciler.engine.selection import Selection, may_share
from reconciler.model import Address, Config, Resource, Snapshot


def identity(live: Resource) -> Hashable:
    """Return what is equal for two sights of one thing, by two providers of one account."""
    return live.kind, live.remote_id, live.address.within


class Unselected:
    """What is declared and not looked at: a selection must not take it for unmanaged.

    `akin` tells whether two things may stand in one account.
    """

    def __init__(self, declared: Iterable[Resource] = (), akin: Akin = of_one_provider) -> None:
        self._akin = akin
        self._at: dict[Hashable, list[Resource]] = {}
        self._for: dict[Hashable, list[Resource]] = {}
        for each in declared:
            if each.kind.prunable and not each.absent:
                self._at.setdefault((each.kind.name, each.address.within), []).append(each)
                if (job := each.kind.job(each)) is not None:
                    self._for.setdefault((each.kind.name, job), []).append(each)

    @classmethod
    def of(cls, whole: Config, selected: Snapshot) -> "Unselected":
        declared = (each for address, each in whole.desired.items() if address not in selected)
        return cls(declared, partial(may_share, whole.providers))

    def declares(self, live: Resource) -> bool:
        same = self._at.get((live.kind.name, live.address.within), ())
        return any(self._akin(each, live) for each in same)

    def successor(self, old: Resource, live: Snapshot) -> Address | None:
        """Return where the job of a live thing is to be done, if that is not there yet."""
        if (job := old.kind.job(old)) is None:
            return None
        for each in self._for.get((old.kind.name, job), ()):
            as_listed = Address((old.address.provider, *each.address.parts[1:]))
            if as_listed not in live and self._akin(each, old):
                return each.address
        return None


NOTHING = Unselected()


def unmanaged(
    desired: Snapshot, live: Snapshot, unselected: Unselected = NOTHING
) -> Iterator[Resource]:
    undeclared = [each for address, each in live.items() if address not in desired]
    # Two providers may share an account: what one declares is managed for the other as well.
    both = desired.keys() & live.keys() if undeclared else ()
    managed = {identity(live[address]) for address in both}
    return (
        resource
        for resource in undeclared
        if identity(resource) not in managed
        and not resource.kind.is_gone(resource)
        and not resource.kind.is_built_in(resource)
        and not unselected.declares(resource)
    )


class Parted(NamedTuple):
    """What of the unmanaged goes, what stays, and what of that is held back, by which address."""

    goes: list[Resource]
    stays: list[Resource]
    held_back: dict[Address, Address]


def parted(
    resources: Iterable[Resource],
    live: Snapshot,
    selection: Selection,
    unselected: Unselected,
    *,
    prune: bool,
) -> Parted:
    """Part what is to be pruned from what stays.

    What moves to a place that is declared and not selected stays until it is there.
    """
    found = Parted([], [], {})
    for each in resources:
        is_to_go = prune and each.kind.prunable and each.address in selection
        place = unselected.successor(each, live) if is_to_go else None
        if place:
            found.held_back[each.address] = place
        (found.goes if is_to_go and not place else found.stays).append(each)
    return found
