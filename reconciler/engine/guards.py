"""What a plan may not do, however right it is: guards belong to the plan, not to the services."""

from collections.abc import Sequence

from reconciler.engine.plan import Plan
from reconciler.errors import GuardExceeded, ImmutableField
from reconciler.model import Delete
from reconciler.source import printable

GUARDED_DELETIONS = 1
DELETIONS = 10
_NAMED = 5


def check_refusals(plan: Plan) -> None:
    """Raise ImmutableField when the plan holds a difference that cannot be applied."""
    if plan.refusals:
        raise ImmutableField("\n".join(str(refusal) for refusal in plan.refusals))


def check_guards(plan: Plan, allowed: int | None = None) -> None:
    """Raise GuardExceeded when more would be deleted than the guards, or `allowed`, let pass.

    `allowed` raises the limits; 0 allows no deletion at all.
    """
    deletions = [change for change in plan.changes if isinstance(change, Delete)]
    guarded = [change for change in deletions if change.live.kind.guarded]
    most_guarded = 0 if allowed == 0 else max(allowed or 0, GUARDED_DELETIONS)
    most = 0 if allowed == 0 else max(allowed or 0, DELETIONS)
    _check_guard(guarded, most_guarded, "domains or senders", len(deletions))
    _check_guard(deletions, most, "objects", len(deletions))


def _check_guard(deletions: Sequence[Delete], limit: int, what: str, needed: int) -> None:
    if len(deletions) > limit:
        names = ", ".join(printable(str(change.live.address)) for change in deletions[:_NAMED])
        more = f" and {len(deletions) - _NAMED} more" if len(deletions) > _NAMED else ""
        raise GuardExceeded(
            f"this would delete {len(deletions)} {what} ({names}{more}), and {limit} is the limit; "
            f"nothing was changed. If that is meant, say --allow-deletes {needed}"
        )
