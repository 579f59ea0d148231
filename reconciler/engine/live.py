"""Observe: read what the YAML names from every provider, in parallel, and nothing else.

First the lists of one depth, then, together, the items whose list left something out and the
lists of the next depth. A failure anywhere fails the whole, unless it is to be forgiven: what was
not read is never planned.
"""

import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, Protocol, Self

from reconciler.engine.crew import Crew
from reconciler.engine.diff import unreported
from reconciler.engine.failures import Failures, Strict
from reconciler.engine.twins import told_apart
from reconciler.errors import NotFound, ReconcileError, UnexpectedAnswer
from reconciler.model import Address, Kind, Resource, Snapshot

Sessions = Mapping[str, Any]
"""By provider name, what its service's `connect` returned."""
Progress = Callable[[int, int], None]
"""Is told how many reads are done, and how many are known of: lists lead to more."""
Task = Callable[[], Iterable[Resource]]
Pause = Callable[[float], None]
Proof = Callable[[], object]


AGAIN = (0.5, 1.0, 2.0)
"""Seconds until what cannot be so for long is looked at again, such as a 404 (mailgun.md §3)."""


def in_silence(_done: int, _known: int) -> None:
    pass


class Collection(NamedTuple):
    """All things of one kind under one provider or parent: what one list call answers.

    It is a tuple because there may be two for each thing, and each is looked up.
    """

    under: Address
    kind: Kind[Any, Any]

    @property
    def address(self) -> Address:
        return self.under / self.kind.name


class Wanted(Protocol):
    """Decides how deep to read."""

    def is_incomplete(self, live: Resource) -> bool:
        """Return whether a list left out what is wanted of it."""

    def below(self, parents: Iterable[Resource]) -> Iterator[Collection]:
        """Yield what is wanted of what stands below."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Wants what is compared, what people should know of it, and what a deletion must have seen."""

    desired: Snapshot

    def is_incomplete(self, live: Resource) -> bool:
        wanted = self.desired.get(live.address)
        if wanted is None or live.kind.lists_in_full:
            return False
        return wanted.absent or bool(unreported(wanted, live)) or not live.kind.tells_all(live)

    def below(self, parents: Iterable[Resource]) -> Iterator[Collection]:
        below: dict[Address | None, list[Resource]] = {}
        for resource in self.desired.values():
            below.setdefault(resource.parent, []).append(resource)
        for parent in parents:
            for child in below.get(parent.address, ()):
                if child.kind.parent is type(parent.kind):
                    yield Collection(parent.address, child.kind)


def read_live(
    desired: Snapshot,
    collections: Iterable[Collection],
    sessions: Sessions,
    *,
    connections: int = 8,
    progress: Progress = in_silence,
    proofs: Iterable[tuple[str, Proof]] = (),
    pause: Pause = time.sleep,
    failures: Failures | None = None,
) -> Snapshot:
    """Return what stands in `collections` and below, completed where `desired` names more.

    `proofs` are reads, with their provider's name, that find nothing and must not fail.
    Raises ReadFailed with every failure, unless other `failures` decide otherwise.
    """
    return read_wanted(
        Declared(desired),
        collections,
        sessions,
        connections=connections,
        progress=progress,
        proofs=proofs,
        pause=pause,
        failures=failures,
    )


def read_wanted(
    wanted: Wanted,
    collections: Iterable[Collection],
    sessions: Sessions,
    *,
    connections: int,
    progress: Progress,
    pause: Pause,
    proofs: Iterable[tuple[str, Proof]] = (),
    failures: Failures | None = None,
) -> Snapshot:
    """Return what stands in `collections`, and of what stands below what is `wanted`.

    Of what could not be completed it has what the list told. Raises ReadFailed with every failure,
    unless other `failures` decide otherwise.
    """
    live: dict[Address, Resource] = {}
    listed = dict.fromkeys(collections)
    incomplete: list[Resource] = []
    proving = [(Address((name,)), partial(_prove, proof)) for name, proof in proofs]
    with _Readers(connections, progress, failures or Strict()) as readers:
        while listed or incomplete or proving:
            tasks: list[tuple[Address, Task]] = [
                (each.address, partial(_list, each, sessions, pause)) for each in listed
            ]
            tasks += proving
            tasks += [
                (each.address, partial(_complete, each, sessions, pause)) for each in incomplete
            ]
            whole = {resource.address for resource in incomplete}
            found = readers.run(tasks)
            proving = []
            live |= {resource.address: resource for resource in found}
            fresh = [resource for resource in found if resource.address not in whole]
            incomplete = [each for each in fresh if wanted.is_incomplete(each)]
            listed = dict.fromkeys(wanted.below(fresh))
    return live


def read_again(
    known: Iterable[Resource],
    sessions: Sessions,
    *,
    connections: int = 8,
    pause: Pause = time.sleep,
    missing: Container[Address] = (),
) -> Snapshot:
    """Return the live resources among `known` by the address that each is known by.

    Each is read by itself; those that are gone are left out. One that cannot be found is looked for
    again, unless it is to be `missing`. What stands at an ID may have another address of its own by
    now. Raises ReadFailed.
    """
    known = list(known)
    found: dict[Address, Resource] = {}
    tasks: list[tuple[Address, Task]] = [
        (
            each.address,
            partial(_read, each, sessions, found, () if each.address in missing else AGAIN, pause),
        )
        for each in known
    ]
    with _Readers(connections, in_silence, Strict()) as readers:
        readers.run(tasks)
    return found


class _Readers:
    """A crew of readers, who go by what `failures` make of a read that failed."""

    def __init__(self, connections: int, progress: Progress, failures: Failures) -> None:
        self._crew = Crew(connections)
        self._progress = progress
        self._failures = failures
        self._done = self._known = 0
        self._lock = Lock()

    def __enter__(self) -> Self:
        self._crew.__enter__()
        return self

    def __exit__(self, reason: type[BaseException] | None, *_: object) -> None:
        self._crew.__exit__(reason)

    def run(self, tasks: Sequence[tuple[Address, Task]]) -> list[Resource]:
        self._count(known=len(tasks))
        jobs = (
            (address.provider, partial(self._attempt, address, read)) for address, read in tasks
        )
        found = [resource for batch in self._crew.all(jobs) for resource in batch]
        self._failures.settle()
        return found

    def _attempt(self, address: Address, read: Task) -> list[Resource]:
        found: list[Resource] = []
        try:
            if reason := self._failures.reason_to_stop(address):
                self._failures.add(address, reason)
            else:
                found = list(read())
                self._failures.came(address)
        except ReconcileError as error:
            self._failures.add(address, error)
        finally:
            self._count(done=1)
        return found

    def _count(self, *, done: int = 0, known: int = 0) -> None:
        with self._lock:
            self._done, self._known = self._done + done, self._known + known
            self._progress(self._done, self._known)


def _list(collection: Collection, sessions: Sessions, pause: Pause) -> Iterable[Resource]:
    session = sessions[collection.under.provider]
    # What an account always has cannot be missing for a moment; what stands below a thing may.
    is_top = len(collection.under.parts) == 1
    for wait in () if is_top else AGAIN:
        with suppress(NotFound):
            return _listed(collection, session)
        pause(wait)
    try:
        return _listed(collection, session)
    except NotFound as error:
        what = f"{collection.under}: {error}"
        raise (_not_there(error) if is_top else _contradiction(what)) from None


def _listed(collection: Collection, session: Any) -> list[Resource]:
    return told_apart(collection.kind.list(session, collection.under))


def _prove(proof: Proof) -> Iterable[Resource]:
    try:
        proof()
    except NotFound as error:
        raise _not_there(error) from None
    return ()


def _read(
    known: Resource,
    sessions: Sessions,
    into: dict[Address, Resource],
    again: Iterable[float],
    pause: Pause,
) -> Iterable[Resource]:
    if found := _found(known, sessions, again, pause):
        into[known.address] = found
    return ()


def _complete(listed: Resource, sessions: Sessions, pause: Pause) -> Iterable[Resource]:
    found = _found(listed, sessions, AGAIN, pause)
    if found is None or found.address != listed.address:
        raise _contradiction(str(listed.address))
    return [found]


def _found(
    known: Resource, sessions: Sessions, again: Iterable[float], pause: Pause
) -> Resource | None:
    """Read one; if it cannot be found, `again` after so many seconds each time."""
    session = sessions[known.address.provider]
    found: Resource | None = known.kind.read(session, known)
    for wait in again if found is None else ():
        pause(wait)
        if found := known.kind.read(session, known):
            break
    return found


def _not_there(error: NotFound) -> UnexpectedAnswer:
    """What an account always has cannot be missing: it was not the service that answered."""
    return UnexpectedAnswer(
        str(error),
        "an account always has this, so it is not the service that answers",
        advice="Check the base URL, and the proxy or gateway in between.",
        status=error.status,
    )


def _contradiction(what: str) -> UnexpectedAnswer:
    """Between two answers that contradict each other there is nothing to decide by."""
    return UnexpectedAnswer(
        what,
        "it was in the list and then could not be found",
        advice="If it is being deleted just now, run again in a while.",
    )
