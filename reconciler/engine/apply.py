"""Act: make the plan's changes, each read again before it counts as made.

Independent subtrees go on side by side; within one, what depends on a failed change is skipped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from queue import SimpleQueue
from threading import Event
from typing import Any

from reconciler.engine.diff import diff_attributes
from reconciler.engine.live import Sessions
from reconciler.engine.plan import Plan, decide
from reconciler.errors import (
    AlreadyExists,
    ImmutableField,
    Interrupted,
    InvalidRequest,
    NotConverged,
    NotFound,
    OutcomeUnknown,
    ReconcileError,
    UnexpectedAnswer,
)
from reconciler.model import Address, Change, Create, Delete, Resource, Update, as_text

Pause = Callable[[float], None]


_DOUBTFUL = (OutcomeUnknown, UnexpectedAnswer, AlreadyExists, NotFound, InvalidRequest)
"""After these a write may have taken effect, or somebody else may have made the change."""


class Outcome(StrEnum):
    APPLIED = "applied"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change; `live` is the resource as it was read afterwards."""

    change: Change
    outcome: Outcome
    reason: str = ""
    live: Resource | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Lets waiting threads end early when the user asks to stop."""

    event: Event

    def pause(self, seconds: float) -> None:
        """Wait. Raises Interrupted when asked to stop meanwhile or before."""
        if self.event.wait(seconds):
            raise Interrupted("interrupted while waiting to try again")


def apply_plan(
    plan: Plan,
    sessions: Sessions,
    *,
    repeats: Mapping[str, int],
    pause: Pause,
    stop: Callable[[], bool] = lambda: False,
    connections: int = 8,
) -> Iterator[Result]:
    """Make the changes and yield their results as they come, one for each change.

    `repeats` says by provider how often a write of unknown outcome is tried again, after reading
    whether it took effect. When `stop` turns true, writes in flight are finished, the rest skipped.
    """
    results: SimpleQueue[Result | BaseException] = SimpleQueue()

    def work(subtree: Sequence[Change]) -> None:
        try:
            for result in _subtree(subtree, sessions, repeats, pause, stop):
                results.put(result)
        except BaseException as bug:  # noqa: BLE001 - a bug in a thread must not end in silence
            results.put(bug)

    with ThreadPoolExecutor(connections, thread_name_prefix="apply") as pool:
        for subtree in _subtrees(plan.changes):
            pool.submit(work, subtree)
        for _ in plan.changes:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            yield result


def _subtrees(changes: Iterable[Change]) -> list[list[Change]]:
    """Group changes that stand on each other, in the plan's order."""
    changes = list(changes)
    representative = {change.subject.address: change.subject.address for change in changes}

    def root(address: Address) -> Address:
        while representative[address] != address:
            address = representative[address]
        return address

    for change in changes:
        for lower in (*change.subject.address.lineage(), *change.subject.needs):
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
    stop: Callable[[], bool],
) -> Iterator[Result]:
    undone: list[Change] = []
    for change in changes:
        cause = next((each for each in undone if _are_related(each, change)), None)
        if cause or stop():
            reason = f"depends on {cause.subject.address}" if cause else "interrupted"
            result = Result(change, Outcome.SKIPPED, reason)
        else:
            provider = change.subject.address.provider
            result = _Attempt(sessions[provider], repeats[provider], pause).carry_out(change)
        if result.outcome is not Outcome.APPLIED:
            undone.append(change)
        yield result


def _are_related(one: Change, other: Change) -> bool:
    return _stands_on(one.subject, other.subject) or _stands_on(other.subject, one.subject)


def _stands_on(upper: Resource, lower: Resource) -> bool:
    return lower.address in upper.needs or lower.address in upper.address.lineage()


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One change, made and confirmed with one session."""

    session: Any
    repeats: int
    pause: Pause

    def carry_out(self, change: Change) -> Result:
        try:
            live = self._make(change)
        except ReconcileError as error:
            return Result(change, Outcome.FAILED, str(error))
        if isinstance(change, Delete) or live is None:
            return Result(change, Outcome.APPLIED)
        return self._verify(change, live)

    def _verify(self, change: Change, live: Resource) -> Result:
        """Ask for verification; that it cannot be asked for does not undo the change."""
        try:
            verified = live.kind.verify(self.session, live)
        except ReconcileError as error:
            reason = f"verification could not be asked for: {error}"
            return Result(change, Outcome.APPLIED, reason, live)
        return Result(change, Outcome.APPLIED, live=verified)

    def _make(self, change: Change) -> Resource | None:
        """Write; after a doubtful outcome read what is left to do: nothing is made twice."""
        pending = change
        for attempt in range(self.repeats + 1):
            try:
                return self._confirm(change, self._write(pending))
            except _DOUBTFUL as error:
                live = self._read_after(pending, error)
                left = _left_to_do(change, live)
                if left is None:
                    return self._confirm(change, live or change.subject)
                if attempt == self.repeats:
                    raise
                pending = left
                self.pause(min(8.0, 0.5 * 2.0**attempt))
        raise AssertionError("the loop above returns or raises")

    def _write(self, change: Change) -> Resource:
        kind = change.subject.kind
        match change:
            case Create():
                created: Resource = kind.create(self.session, change.desired)
                return created
            case Update():
                kind.update(self.session, change)
            case Delete():
                kind.delete(self.session, change.live)
        return change.live

    def _read_after(self, change: Change, error: ReconcileError) -> Resource | None:
        """Read what a failed write left behind; a refused one may still have created in part."""
        if isinstance(error, InvalidRequest) and not isinstance(change, Create):
            raise error
        known = change.desired if isinstance(change, Create) else change.live
        live: Resource | None = known.kind.read(self.session, known)
        if isinstance(error, InvalidRequest) and live is None:
            raise error
        return live

    def _confirm(self, change: Change, known: Resource) -> Resource | None:
        """Read until the change shows. Raises NotConverged when it does not, naming the field."""
        kind = change.subject.kind
        patience = kind.deletion_takes if isinstance(change, Delete) else kind.settling
        for wait in _waits(patience):
            live: Resource | None = kind.read(self.session, known)
            if (difference := _difference(change, live)) is None:
                return live
            self.pause(wait)
        raise NotConverged(f"{change.subject.address}: read again after the change, {difference}")


def _left_to_do(change: Change, live: Resource | None) -> Change | None:
    """Return what remains of a change. Raises ImmutableField when it cannot be done."""
    if isinstance(change, Delete):
        gone = live is None or live.kind.is_gone(live)
        return None if live is None or gone else Delete(live, change.desired)
    if live is None:
        return change
    left, refusals = decide(change.desired, live)
    if refusals:
        raise ImmutableField("; ".join(str(refusal) for refusal in refusals))
    return left


def _difference(change: Change, live: Resource | None) -> str | None:
    if isinstance(change, Delete):
        gone = live is None or live.kind.is_gone(live)
        return None if gone else "it is still there"
    if live is None:
        return "it cannot be found"
    differences = diff_attributes(live.kind.meet(change.desired, live), live)
    return (
        "; ".join(
            f"`{field.name}` is {as_text(field.before)} and should be {as_text(field.after)}"
            for field in differences
        )
        or None
    )


def _waits(patience: float) -> Iterator[float]:
    """Yield growing waits in seconds that add up to about `patience`."""
    waited, wait = 0.0, 0.2
    while waited < patience:
        yield wait
        waited += wait
        wait = min(5.0, wait * 1.6)
