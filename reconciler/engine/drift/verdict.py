"""What a look for drift comes to: all that was found, one word for it, and an exit code."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reconciler.engine.drift.accepting import Acceptances, Accepted
from reconciler.engine.drift.causes import Base, Cause, Difference, differences
from reconciler.engine.drift.coverage import Coverage, coverage_of
from reconciler.engine.failures import Unread
from reconciler.engine.plan import Note, Refusal
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.engine.survey import Survey
from reconciler.model import Acceptance, Resource
from reconciler.source import Finding


class State(StrEnum):
    """All that was found in one word."""

    IN_SYNC = "in-sync"
    DRIFT = "drift"
    PENDING = "pending"
    PARTIAL = "partial"
    ERROR = "error"


class Unmanaged(StrEnum):
    """What things that are live and not declared count as."""

    FAIL = "fail"
    WARN = "warn"
    IGNORE = "ignore"


class ExitPolicy(StrEnum):
    """Which states end with an exit code of their own; that nothing is known always does."""

    NEVER = "never"
    DRIFT = "drift"
    ANY = "any"


_EXIT_CODES = {
    State.IN_SYNC: 0,
    State.ERROR: 1,
    State.DRIFT: 2,
    State.PENDING: 3,
    State.PARTIAL: 5,
}
_SILENT = {
    ExitPolicy.NEVER: {State.DRIFT, State.PENDING, State.PARTIAL},
    ExitPolicy.DRIFT: {State.PENDING},
    ExitPolicy.ANY: set[State](),
}


def exit_code_of(state: State, policy: ExitPolicy = ExitPolicy.ANY) -> int:
    """Return 0 in sync, 1 nothing known, 2 drift, 3 pending only, 5 looked at in part.

    With `drift` what is only pending is 0 too, and with `never` all but that nothing is known.
    """
    return 0 if state in _SILENT[policy] else _EXIT_CODES[state]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All that was found. `accepted` is listed and not counted; `base` is a commit, if any.

    `findings` are about the acceptances.
    """

    differences: tuple[Difference, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    refused: tuple[Refusal, ...] = ()
    unread: tuple[Unread, ...] = ()
    notes: tuple[Note, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    findings: tuple[Finding, ...] = ()
    coverage: Coverage
    config_digest: str = ""
    providers: tuple[str, ...] = ()
    base: str | None = None
    is_blind: bool = False
    unmanaged_counts: bool = False

    @property
    def causes(self) -> Counter[Cause]:
        """How many differences there are of each cause."""
        return Counter(dict.fromkeys(Cause, 0) | _counted(self.differences))

    @property
    def state(self) -> State:
        """The gravest of what was found: drift, not all was read, not all is applied."""
        if self.is_blind:
            return State.ERROR
        causes = {each.cause for each in self.differences}
        if causes - {Cause.PENDING} or (self.unmanaged and self.unmanaged_counts):
            return State.DRIFT
        if self.unread:
            return State.PARTIAL
        return State.PENDING if causes else State.IN_SYNC


def _counted(found: Iterable[Difference]) -> dict[Cause, int]:
    return dict(Counter(each.cause for each in found))


def find_drift(
    found: Survey,
    *,
    base: Base | None = None,
    accepted: Sequence[Acceptance] = (),
    today: date,
    unmanaged: Unmanaged = Unmanaged.WARN,
    selection: Selection = EVERYTHING,
) -> Drift:
    """Return what a survey of the selection found, each difference with its cause.

    `today` is the day in UTC up to which an acceptance must at least reach.
    """
    asked = {**found.missed, **found.desired}
    declared = {address: each for address, each in asked.items() if address in selection}
    desired = {address: each for address, each in declared.items() if address in found.desired}
    acceptances = Acceptances(accepted, today)
    left = tuple(acceptances.left(differences(desired, found.live, base, found.plan.refusals)))
    strangers = () if unmanaged is Unmanaged.IGNORE else found.plan.unmanaged
    strangers_left = tuple(acceptances.unmanaged_left(strangers))
    is_complete = not found.unread and not selection.only and unmanaged is not Unmanaged.IGNORE
    return Drift(
        differences=left,
        unmanaged=strangers_left,
        refused=found.plan.refusals,
        unread=found.unread,
        notes=found.plan.notes,
        accepted=tuple(sorted(acceptances.accepted, key=lambda each: each.address)),
        findings=tuple(acceptances.findings(is_complete=is_complete)),
        coverage=coverage_of(found, declared, unmanaged=len(strangers)),
        config_digest=found.plan.config_digest,
        providers=found.plan.providers,
        base=base.commit if base else None,
        is_blind=found.is_blind,
        unmanaged_counts=unmanaged is Unmanaged.FAIL,
    )
