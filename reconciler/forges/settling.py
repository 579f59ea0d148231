"""Writing where others write at once, with no lock: look, write, look again until nothing is left.

A forge knows no "only if it is unchanged". Whoever read before another wrote may write after it, so
a second look comes a moment after the first one that found all well.
"""

from collections.abc import Callable
from typing import TypeVar

from reconciler.errors import NotConverged, OutcomeUnknown
from reconciler.forges.client import Waited

T = TypeVar("T")
MOMENT = 2.0
"""Seconds: longer than a request that somebody else may have under way."""
_MOST_LOOKS = 60
_MOST_DOUBTS = 3


def settle(step: Callable[[], T | None], pause: Callable[[float], None], place: str) -> T:
    """Take a step until it finds all as it should be, and says what that is.

    A step reads, and returns None if it then wrote. Raises NotConverged when others do not cease
    to write, OutcomeUnknown when the forge leaves that open again and again, and what a step does.
    """
    wrote, was_well, doubts = False, False, 0
    for _ in range(_MOST_LOOKS):
        try:
            found = step()
        except Waited:
            found = None
        except OutcomeUnknown:
            found, doubts = None, doubts + 1
            if doubts == _MOST_DOUBTS:
                raise
            pause(MOMENT)
        if found is None:
            wrote, was_well = True, False
        elif was_well or not wrote:
            return found
        else:
            was_well = True
            pause(MOMENT)
    raise NotConverged(
        f"{place}: others write it again and again; let one job at a time write it, by a "
        "`concurrency` group or a `resource_group`, and run again"
    )
