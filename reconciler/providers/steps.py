"""A change that takes several calls: each field that can be set is set, whatever the others do."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.errors import (
    AppliedInPart,
    AuthenticationFailed,
    Interrupted,
    InvalidRequest,
    PermissionDenied,
    RateLimited,
    ReconcileError,
    Unavailable,
)

_NOT_WRITTEN = (
    InvalidRequest,
    PermissionDenied,
    RateLimited,
    Unavailable,
    AuthenticationFailed,
    Interrupted,
)
"""After these a field surely has its old value. After any other the engine must look first."""


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


def take(steps: Iterable[Step], before: Sequence[str] = ()) -> None:
    """Take each step, whether or not those before it were refused.

    `before` are the fields of the same change that are written already. Raises what one refused
    call raised when nothing else was tried, else AppliedInPart. Errors that leave it open whether
    a call took effect pass through, for who asked for the change to look.
    """
    queue = deque(steps)
    applied, failed = list(before), dict[str, ReconcileError]()
    while queue:
        step = queue.popleft()
        try:
            step.send(step.names)
        except _NOT_WRITTEN as error:
            if step.splits and isinstance(error, InvalidRequest) and len(step.names) > 1:
                queue.extendleft(reversed(step.parts()))
                continue
            failed |= dict.fromkeys(step.names, error)
            if _ends_all(error):
                failed |= {name: error for each in queue for name in each.names}
                break
        else:
            applied += step.names
    _raise_what_failed(applied, failed)


def _ends_all(error: ReconcileError) -> bool:
    """Whether no other call could pass either."""
    if isinstance(error, Unavailable):
        return error.status is None
    return isinstance(error, AuthenticationFailed | Interrupted)


def _raise_what_failed(applied: Sequence[str], failed: dict[str, ReconcileError]) -> None:
    causes = list({id(error): error for error in failed.values()}.values())
    if len(causes) == 1 and not applied:
        raise causes[0]
    if failed:
        raise AppliedInPart(applied, failed) from None
