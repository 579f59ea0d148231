"""A change that takes several calls: each field that can be set is set, whatever the others do."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from reconciler.errors import (
    AppliedInPart,
    AuthenticationFailed,
    Interrupted,
    InvalidRequest,
    ReconcileError,
    Unavailable,
)


@dataclass(frozen=True, slots=True)
class Step:
    """One call, and the fields that it sets; `send` is given their names.

    One that `splits` is sent field by field if all of them together are refused.
    """

    names: tuple[str, ...]
    send: Callable[[tuple[str, ...]], object]
    splits: bool = False

    def parts(self) -> list["Step"]:
        return [replace(self, names=(name,), splits=False) for name in self.names]


def beside(
    there: Mapping[str, Any],
    wanted: Mapping[str, Any],
    send: Callable[[tuple[str, ...], Mapping[str, Any]], object],
) -> Callable[[tuple[str, ...]], None]:
    """Return what a step sends where the service wants to be told other fields as well.

    `send` is given the names, and the values of all fields: what is `there`, what of `wanted` was
    sent with success, and what is to be sent now.
    """
    known = dict(there)

    def put(names: tuple[str, ...]) -> None:
        values = known | {name: wanted[name] for name in names}
        send(names, values)
        known.update(values)

    return put


def take(steps: Iterable[Step], before: Sequence[str] = (), *, is_made: bool = False) -> None:
    """Take each step, whether or not those before it failed.

    `before` are the fields of the same change that are written already, and `is_made` says that
    the thing itself is. Raises what a call raised when all failed for that and nothing was written,
    else AppliedInPart. Who asked for the change looks what it came to where an error leaves that
    open.
    """
    queue = deque(steps)
    applied, failed = list(before), dict[str, ReconcileError]()
    while queue:
        step = queue.popleft()
        try:
            step.send(step.names)
        except ReconcileError as error:
            if step.splits and isinstance(error, InvalidRequest) and len(step.names) > 1:
                queue.extendleft(reversed(step.parts()))
                continue
            failed |= dict.fromkeys(step.names, error)
            if _ends_all(error):
                failed |= {name: error for each in queue for name in each.names}
                break
        else:
            applied += step.names
    causes = {str(error): error for error in failed.values()}
    if len(causes) == 1 and not (applied or is_made):
        raise next(iter(causes.values()))
    if failed:
        raise AppliedInPart(applied, failed, is_made=is_made) from None


def _ends_all(error: ReconcileError) -> bool:
    """Whether no other call could pass either."""
    if isinstance(error, Unavailable):
        return error.status is None
    return isinstance(error, AuthenticationFailed | Interrupted)
