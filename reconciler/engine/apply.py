"""Act: make the plan's changes, each read again before it counts as made.

Independent subtrees go on side by side; within one, what depends on a failed change is skipped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import SimpleQueue
from threading import Event, local

from reconciler.engine.attempt import Attempt, Outcome, Pause, Result
from reconciler.engine.crew import Crew
from reconciler.engine.live import Sessions
from reconciler.engine.plan import Plan
from reconciler.errors import Interrupted, NotBegun
from reconciler.model import Address, Change, Create, Delete


class _Here(local):
    has_sent = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Lets threads end early when the user asks to stop; a change that is under way is finished."""

    event: Event = field(default_factory=Event)
    _here: _Here = field(default_factory=_Here)

    def begin(self) -> None:
        """Note that this thread begins another change."""
        self._here.has_sent = False

    def before_write(self) -> None:
        """Raise NotBegun when asked to stop before this thread sent anything of its change."""
        if self.event.is_set() and not self._here.has_sent:
            raise NotBegun("interrupted")
        self._here.has_sent = True

    def pause(self, seconds: float) -> None:
        """Wait. Raises Interrupted when asked to stop meanwhile or before."""
        if self.event.wait(seconds):
            kind = Interrupted if self._here.has_sent else NotBegun
            raise kind("interrupted while waiting to try again")


def apply_plan(
    plan: Plan,
    sessions: Sessions,
    *,
    repeats: Mapping[str, int],
    pause: Pause,
    stop: Stop | None = None,
    begun: Callable[[Change], None] = lambda _: None,
    connections: int = 8,
) -> Iterator[Result]:
    """Make the changes and yield their results as they come, one for each change.

    `repeats` says by provider how often a write of unknown outcome is tried again, after reading
    whether it took effect. At a `stop` writes in flight are finished, and the rest is skipped.
    `begun` is told each change when it is begun, from the thread that makes it.
    """
    results: SimpleQueue[Result | BaseException] = SimpleQueue()
    asked = stop or Stop()

    def work(subtree: Sequence[Change]) -> None:
        try:
            for result in _subtree(subtree, sessions, repeats, pause, asked, begun):
                results.put(result)
        except BaseException as bug:  # noqa: BLE001 - a bug in a thread must not end in silence
            results.put(bug)

    with Crew(connections) as crew:
        for subtree in subtrees(plan.changes):
            crew.submit(subtree[0].subject.address.provider, partial(work, subtree))
        for _ in plan.changes:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            yield result


def subtrees(changes: Iterable[Change]) -> list[list[Change]]:
    """Group changes that stand on each other or follow each other, in the plan's order."""
    changes = list(changes)
    representative = {change.subject.address: change.subject.address for change in changes}

    def root(address: Address) -> Address:
        while representative[address] != address:
            address = representative[address]
        return address

    for change in changes:
        for lower in (*_stands_on(change), *change.subject.follows):
            if lower in representative:
                representative[root(change.subject.address)] = root(lower)
    groups: dict[Address, list[Change]] = {}
    for change in changes:
        groups.setdefault(root(change.subject.address), []).append(change)
    return list(groups.values())


def _subtree(
    changes: Sequence[Change],
    sessions: Sessions,
    repeats: Mapping[str, int],
    pause: Pause,
    stop: Stop,
    begun: Callable[[Change], None],
) -> Iterator[Result]:
    undone = _Undone()
    for change in changes:
        cause = undone.cause_for(change)
        if cause or stop.event.is_set():
            reason = f"depends on {cause}" if cause else "interrupted"
            result = Result(change, Outcome.SKIPPED, reason)
        else:
            stop.begin()
            begun(change)
            provider = change.subject.address.provider
            result = Attempt(sessions[provider], repeats[provider], pause).carry_out(change)
        if result.outcome is not Outcome.APPLIED:
            undone.add(result)
        yield result


@dataclass(frozen=True, slots=True)
class _Undone:
    """The changes that were not made, by what they stand on and by what stands on them.

    What is there although its change failed, or was made in part, bears what stands on it.
    """

    _addresses: set[Address] = field(default_factory=set)
    _missing: set[Address] = field(default_factory=set)
    _below: dict[Address, Address] = field(default_factory=dict)

    def add(self, result: Result) -> None:
        change, address = result.change, result.change.subject.address
        self._addresses.add(address)
        if isinstance(change, Create) and not (result.is_made or _is_there(change)):
            self._missing.add(address)
        self._below.update(dict.fromkeys(_stands_on(change), address))

    def cause_for(self, change: Change) -> Address | None:
        """Return the undone change that keeps this one from being made, if one does."""
        address = change.subject.address
        if isinstance(change, Delete):
            causes = (each for each in change.after if each in self._addresses)
        else:
            causes = (each for each in _stands_on(change) if each in self._missing)
        return self._below.get(address) or next(causes, None)


def _is_there(change: Create) -> bool:
    return change.desired.kind.comes_with_parent


def _stands_on(change: Change) -> Iterator[Address]:
    yield from change.subject.address.lineage()
    yield from change.subject.needs
    if isinstance(change, Delete):
        yield from change.after
