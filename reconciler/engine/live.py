"""Observe: read what the YAML names from every provider, in parallel, and nothing else.

First the lists of one depth, then, together, the items whose list left something out and the
lists of the next depth. A failure anywhere fails the whole: what was not read is never planned.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from reconciler.engine.diff import unreported
from reconciler.errors import (
    DuplicateAddress,
    NotFound,
    ReadFailed,
    ReconcileError,
    UnexpectedAnswer,
)
from reconciler.model import Address, Kind, Resource, Snapshot
from reconciler.source import printable

Sessions = Mapping[str, Any]
"""By provider name, what its service's `connect` returned."""
Progress = Callable[[], None]
Task = Callable[[], Iterable[Resource]]


@dataclass(frozen=True, slots=True)
class Collection:
    """All things of one kind under one provider or parent: what one list call answers."""

    under: Address
    kind: Kind[Any, Any]


def read_live(
    desired: Snapshot,
    collections: Iterable[Collection],
    sessions: Sessions,
    *,
    connections: int = 8,
    progress: Progress = lambda: None,
) -> Snapshot:
    """Return what stands in `collections` and below, completed where `desired` names more.

    Raises ReadFailed with every failure, DuplicateAddress for two things with one address.
    """
    live: dict[Address, Resource] = {}
    listed = dict.fromkeys(collections)
    incomplete: list[Resource] = []
    with _Readers(connections, progress) as readers:
        while listed or incomplete:
            tasks = [(each.under.provider, _listing(each, sessions)) for each in listed]
            tasks += [(each.address.provider, _completing(each, sessions)) for each in incomplete]
            whole = {resource.address for resource in incomplete}
            found = readers.run(tasks)
            _add(live, found, replacing=whole)
            fresh = [resource for resource in found if resource.address not in whole]
            incomplete = [each for each in fresh if _is_incomplete(each, desired)]
            listed = dict.fromkeys(_collections_below(fresh, desired))
    return live


def read_again(known: Iterable[Resource], sessions: Sessions, *, connections: int = 8) -> Snapshot:
    """Return the live resources among `known`, each read by itself; missing ones are left out.

    Raises ReadFailed.
    """
    with _Readers(connections, lambda: None) as readers:
        tasks = [(each.address.provider, _reading(each, sessions)) for each in known]
        return {resource.address: resource for resource in readers.run(tasks)}


class _Readers:
    """A pool of reading threads that stops asking a provider once a read of it has failed."""

    def __init__(self, connections: int, progress: Progress) -> None:
        self._pool = ThreadPoolExecutor(connections, thread_name_prefix="read")
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def run(self, tasks: Sequence[tuple[str, Task]]) -> list[Resource]:
        errors: dict[str, ReconcileError] = {}

        def attempt(task: tuple[str, Task]) -> list[Resource]:
            provider, read = task
            if provider in errors:
                return []
            try:
                return list(read())
            except ReconcileError as error:
                errors.setdefault(provider, error)
                return []
            finally:
                self._progress()

        found = [resource for batch in self._pool.map(attempt, tasks) for resource in batch]
        if errors:
            raise ReadFailed([(provider, errors[provider]) for provider in sorted(errors)])
        return found


def _listing(collection: Collection, sessions: Sessions) -> Task:
    session = sessions[collection.under.provider]

    def read() -> Iterator[Resource]:
        try:
            yield from collection.kind.list(session, collection.under)
        except NotFound as error:
            raise _contradiction(str(error)) from None

    return read


def _reading(known: Resource, sessions: Sessions) -> Task:
    def read() -> Iterator[Resource]:
        found = known.kind.read(sessions[known.address.provider], known)
        if found is not None:
            yield found

    return read


def _completing(listed: Resource, sessions: Sessions) -> Task:
    def read() -> Iterator[Resource]:
        found = listed.kind.read(sessions[listed.address.provider], listed)
        if found is None:
            raise _contradiction(str(listed.address))
        yield found

    return read


def _contradiction(what: str) -> UnexpectedAnswer:
    """Between two answers that contradict each other there is nothing to decide by."""
    return UnexpectedAnswer(
        what,
        "it was in the list and then could not be found",
        advice="If it is being deleted just now, run again in a while.",
    )


def _is_incomplete(live: Resource, desired: Snapshot) -> bool:
    wanted = desired.get(live.address)
    if wanted is None or wanted.absent or live.kind.lists_in_full:
        return False
    return bool(unreported(wanted, live))


def _collections_below(parents: Iterable[Resource], desired: Snapshot) -> Iterator[Collection]:
    below: dict[Address | None, list[Resource]] = {}
    for resource in desired.values():
        below.setdefault(resource.parent, []).append(resource)
    for parent in parents:
        for child in below.get(parent.address, ()):
            if child.kind.parent is type(parent.kind):
                yield Collection(parent.address, child.kind)


def _add(live: dict[Address, Resource], found: Iterable[Resource], replacing: set[Address]) -> None:
    for resource in found:
        other = live.get(resource.address)
        if other is not None and resource.address not in replacing:
            raise DuplicateAddress(
                printable(
                    f"{resource.address}: there are two of these, with the IDs {other.remote_id} "
                    f"and {resource.remote_id}; delete one of them by hand"
                )
            )
        live[resource.address] = resource
