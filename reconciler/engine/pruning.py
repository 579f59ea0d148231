"""What is live and declared nowhere: it stays, unless a prune is asked for that may take it."""

from collections.abc import Hashable, Iterable, Iterator

from reconciler.engine.moves import mover
from reconciler.engine.selection import Selection
from reconciler.model import Address, Resource, Snapshot


def identity(live: Resource) -> Hashable:
    """Return what is equal for two sights of one thing, by two providers of one account."""
    return live.kind, live.remote_id, live.address.within


def unmanaged(desired: Snapshot, live: Snapshot) -> Iterator[Resource]:
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
    )


def parted(
    resources: Iterable[Resource],
    selection: Selection,
    unselected: Iterable[Address],
    *,
    prune: bool,
) -> tuple[list[Resource], list[Resource]]:
    """Return what of the unmanaged is to go, and what stays.

    What moves to a place that is declared and not selected stays as long as that is so.
    """
    goes, stays, new_place = list[Resource](), list[Resource](), mover(unselected)
    for each in resources:
        is_selected = each.address in selection and not new_place(each)
        is_to_go = prune and each.kind.prunable and is_selected
        (goes if is_to_go else stays).append(each)
    return goes, stays
