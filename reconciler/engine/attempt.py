"""One change, made and confirmed: it counts as made when a read shows it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.engine.diff import diff_attributes
from reconciler.engine.patience import before_repeating, waits
from reconciler.engine.plan import decide
from reconciler.engine.twins import SoleMaker
from reconciler.errors import (
    AlreadyExists,
    AppliedInPart,
    ImmutableField,
    InvalidRequest,
    NotBegun,
    NotConverged,
    NotFound,
    OutcomeUnknown,
    Overtaken,
    ReconcileError,
    UnexpectedAnswer,
)
from reconciler.model import (
    UNSETTLED,
    Change,
    Create,
    Delete,
    FieldChange,
    Resource,
    Update,
    as_text,
)

Pause = Callable[[float], None]

_DOUBTFUL = (OutcomeUnknown, UnexpectedAnswer, AlreadyExists, NotFound)
"""After these a write may have taken effect, or somebody else may have made the change."""


class Outcome(StrEnum):
    APPLIED = "applied"
    OVERTAKEN = "overtaken"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one change; `live` is the resource as it was read afterwards.

    `in_part` says of a failed one that something of it was written all the same; `maker` is what
    made a thing that there may be two of.
    """

    change: Change
    outcome: Outcome
    reason: str = ""
    live: Resource | None = None
    in_part: bool = False
    maker: SoleMaker | None = field(default=None, repr=False)

    @property
    def is_made(self) -> bool:
        """Whether anything of it was written."""
        return self.outcome in {Outcome.APPLIED, Outcome.OVERTAKEN} or self.in_part


@dataclass(frozen=True, slots=True)
class Attempt:
    """Makes changes with one session; `repeats` is how often a doubtful write is tried again."""

    session: Any
    repeats: int
    pause: Pause

    def carry_out(self, change: Change) -> Result:
        maker = self._maker(change)
        try:
            live = maker.make(self._make) if maker else self._make(change)
        except Overtaken as error:
            return Result(change, Outcome.OVERTAKEN, str(error), in_part=True)
        except NotBegun as error:
            return Result(change, Outcome.SKIPPED, str(error))
        except ReconcileError as error:
            in_part = _is_made(error) or bool(maker and maker.made)
            return Result(change, Outcome.FAILED, str(error), in_part=in_part)
        return Result(change, Outcome.APPLIED, maker.remark if maker else "", live, maker=maker)

    def _maker(self, change: Change) -> SoleMaker | None:
        if isinstance(change, Create) and change.desired.kind.has_twins:
            return SoleMaker(change.desired, self.session, self.repeats, self.pause)
        return None

    def _make(self, change: Change) -> Resource | None:
        """Write; after a doubtful outcome read what is left to do: nothing is made twice."""
        pending = self._begin(change)
        if pending is None:
            return self._confirm(change, change.subject)
        for attempt in range(self.repeats + 1):
            try:
                return self._shown(change, self._write(pending), pending)
            except (Overtaken, NotConverged):
                raise
            except ReconcileError as error:
                live = self._read_after(change, pending, error)
                left = left_to_do(change, live)
                if left is None:
                    return self._confirm(change, live or change.subject)
                if attempt == self.repeats:
                    raise _as_left(change, left, error) from None
                pending = left
                self.pause(before_repeating(attempt))
        raise AssertionError("the loop above returns or raises")

    def _begin(self, change: Change) -> Change | None:
        """Return what is to be done; what another provider declares too may be there by now."""
        return left_to_do(change, read(self.session, change.subject)) if _waited(change) else change

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

    def _read_after(
        self, change: Change, pending: Change, error: ReconcileError
    ) -> Resource | None:
        """Read what a failed write left behind; a refused one may still have created in part."""
        is_refused = isinstance(error, InvalidRequest) and isinstance(pending, Create)
        if not (is_refused or _is_doubtful(error)):
            raise _as_left(change, pending, error) from None
        try:
            live = read(
                self.session, pending.desired if isinstance(pending, Create) else pending.live
            )
        except ReconcileError as problem:
            is_told = _is_made(error) or isinstance(error, OutcomeUnknown)
            raise _as_left(change, pending, error if is_told else problem) from None
        if isinstance(error, InvalidRequest) and live is None:
            raise error
        return live

    def _shown(self, change: Change, known: Resource, written: Change) -> Resource | None:
        """Confirm what was written. A read that fails does not undo it: NotConverged says so."""
        try:
            return self._confirm(change, known, written)
        except (Overtaken, NotConverged):
            raise
        except ReconcileError as error:
            fact = f"it was written, and could not be read again: {error}"
            raise NotConverged(f"{change.subject.address}: {fact}") from None

    def _confirm(
        self, change: Change, known: Resource, written: Change | None = None
    ) -> Resource | None:
        """Read until the change shows.

        Raises NotConverged when it does not, naming the field, and Overtaken when what was
        `written` shows neither as it was before nor as it should be now.
        """
        kind = change.subject.kind
        patience = kind.deletion_takes if isinstance(change, Delete) else kind.settling
        differences: str | None = None
        for wait in waits(patience):
            live = read(self.session, known)
            if (differences := difference(change, live)) is None:
                return live
            if isinstance(written, Update) and live and _is_overtaken(written, live):
                raise Overtaken(f"changed by another writer since: {differences}")
            self.pause(wait)
        raise NotConverged(f"{change.subject.address}: read again after the change, {differences}")


def _is_doubtful(error: ReconcileError) -> bool:
    if isinstance(error, AppliedInPart):
        return any(map(_is_doubtful, error.failed.values()))
    return isinstance(error, _DOUBTFUL)


def _is_made(error: ReconcileError) -> bool:
    """Whether something was written although it came to an error."""
    return error.is_made if isinstance(error, AppliedInPart) else isinstance(error, NotConverged)


def _as_left(change: Change, left: Change, error: ReconcileError) -> ReconcileError:
    """Return an error as one of a change of which only so much is left to do."""
    if isinstance(change, Delete) or isinstance(left, Create | Delete):
        return error
    names = [each.name for each in left.fields]
    done = {each.name for each in change.fields} - {*names}
    is_created = isinstance(change, Create)
    if not (done or is_created):
        return error
    told = error.failed if isinstance(error, AppliedInPart) else dict.fromkeys(names, error)
    failed = {name: cause for name, cause in told.items() if name not in done}
    return AppliedInPart(sorted(done), failed, is_made=is_created)


def _waited(change: Change) -> bool:
    """Whether a creation came after one of the same thing, which another provider declares too."""
    address = change.subject.address
    return isinstance(change, Create) and any(
        need.within == address.within and need != address for need in change.subject.needs
    )


def read(session: Any, known: Resource) -> Resource | None:
    """Read one resource; what has another address by now is not the one that was meant."""
    found: Resource | None = known.kind.read(session, known)
    return found if found and found.address.parts == known.address.parts else None


def left_to_do(change: Change, live: Resource | None) -> Change | None:
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


def difference(change: Change, live: Resource | None) -> str | None:
    """Say in what a live resource is not as a change should have left it; None if in nothing."""
    if isinstance(change, Delete):
        gone = live is None or live.kind.is_gone(live)
        return None if gone else "it is still there"
    if live is None:
        return "it cannot be found"
    return "; ".join(map(_as_sentence, _differing(change, live))) or None


def _differing(change: Create | Update, live: Resource) -> tuple[FieldChange, ...]:
    return diff_attributes(live.kind.meet(change.desired, live), live)


def _as_sentence(field: FieldChange) -> str:
    return f"`{field.name}` is {as_text(field.before)} and should be {as_text(field.after)}"


def _is_overtaken(written: Update, live: Resource) -> bool:
    """Whether a field that was written is by now what neither it nor anything before it was."""
    before = {each.name: each.before for each in written.fields if each.before != UNSETTLED}
    return any(
        each.name in before and not live.kind.fields.same(each.name, before[each.name], each.before)
        for each in _differing(written, live)
    )
