"""Who may call when: one governor a credential, for all of its clients and threads.

A refusal (429) holds everybody back until the time that it names, and lowers the pace; it is no
call's own failure. Good answers raise the pace, and their headers end a window before a refusal has
to. What a service is believed to allow, or what the operator says, is only where this starts.
"""

import math
import random
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from reconciler.providers.api.pace import Pace
from reconciler.providers.api.waits import LONGEST_WAIT, Allowance

MINUTE = 61.0
"""Seconds: a minute, and one for the way there."""

_NAP = 0.25
"""Seconds. Who waits for a turn looks again after this time: the pace may have risen."""

_LONGEST_BACKOFF = 30.0
"""Seconds. Without a hint a window of a minute is found to have ended after so many at most."""

_GROWN = 2.0
"""How much longer than it is told, and at least how long, a wait may get that did not help."""


@dataclass(frozen=True, slots=True)
class Start:
    """What to begin with: so many calls a minute to paths that begin so, the first ones at once."""

    calls: int
    paths: tuple[str, ...] = ("",)


class Turn:
    """One call on its way to the service."""

    __slots__ = ("looked", "round", "was_held")

    def __init__(self) -> None:
        self.looked = -math.inf
        """The latest time that its caller knows to have come: a pause counts as passed."""
        self.was_held = False
        self.round = 0
        """How many refusals there had been when it went."""


class Governor:
    """Asked with `delay` until a turn comes, and told what came of it: `served` or `refused`."""

    def __init__(
        self,
        start: Start | None = None,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._start = _Budget(start) if start else None
        self._clock = clock
        self._jitter = jitter
        self._lock = Lock()
        self._pace = Pace()
        self._queue: dict[Turn, None] = {}
        self._round = 0
        self._held_until = -math.inf
        self._used_up: dict[str, float] = {}
        self._told_until = -math.inf
        self._refusals = 0
        self._refused_for = 0.0

    def delay(self, turn: Turn, path: str) -> float:
        """Return the seconds to wait before asking again, 0 when the call may go now.

        More than LONGEST_WAIT is what the service asks for; without end when it only ever refuses.
        """
        with self._lock:
            now = max(self._clock(), turn.looked)
            seconds = self._seconds(turn, path, now)
            turn.looked = now + seconds
            if seconds > 0:
                self._queue.setdefault(turn)
            else:
                self._queue.pop(turn, None)
                self._pace.take(now)
                turn.round = self._round
            return seconds

    def _seconds(self, turn: Turn, path: str, now: float) -> float:
        if (held := self._held(path)) > now:
            turn.was_held = True
            return held - now
        self._pace.resume()
        if self._pace.due_in(now):
            turn.was_held = True
            return min(_NAP, self._pace.due_in(now, ahead=self._ahead_of(turn)))
        if self._start and now >= self._told_until:
            return self._start.delay(path, now)
        return 0.0

    def _held(self, path: str) -> float:
        if not self._used_up:
            return self._held_until
        used_up = (self._used_up.get(each, -math.inf) for each in ("", _own(path)))
        return max(self._held_until, *used_up)

    def _ahead_of(self, turn: Turn) -> int:
        for place, other in enumerate(self._queue):
            if other is turn:
                return place
        return len(self._queue)

    def served(self, turn: Turn, path: str, allowance: Allowance | None) -> None:
        """Note an answer that is no refusal, and what it says is left."""
        with self._lock:
            now = self._clock()
            is_fresh = turn.round == self._round
            if is_fresh:
                self._refusals, self._refused_for = 0, 0.0
            self._pace.good(now, is_fresh=is_fresh, was_held=turn.was_held)
            if allowance and allowance.remaining == 0:
                self._used_up[_own(path) if allowance.is_own else ""] = now + allowance.resets_in
            elif allowance and not allowance.is_own:
                self._told_until = now + allowance.resets_in

    def refused(self, turn: Turn, asked: float | None) -> None:
        """Hold everybody back: for as long as the service asks, else for a while that grows.

        After LONGEST_WAIT of holding back without one good answer it is for ever.
        """
        with self._lock:
            now = max(self._clock(), turn.looked)
            told = asked or None
            if turn.round == self._round:
                self._lower(told, now)
            elif told is not None:
                # On its way when another was refused: the same news, perhaps with a later time.
                self._hold(now, told, told + self._margin(), is_told=True)

    def _lower(self, told: float | None, now: float) -> None:
        backoff = _backoff(self._refusals) * self._jitter(1.0, 1.1)
        wait = backoff
        if told is not None:
            # Refused again after the time that it named, a service has named too short a one.
            grown = min(backoff, max(_GROWN, _GROWN * told)) if self._refusals else 0.0
            wait = max(told + self._margin(), grown)
        self._round += 1
        self._refusals += 1
        self._start = None
        if self._refused_for and self._refused_for + wait > LONGEST_WAIT:
            wait = math.inf
        self._refused_for += wait
        # Where nothing is told, a window ends somewhere between this refusal and the next try.
        ends = wait / 2 if self._refusals > 1 else wait
        self._hold(now, min(told or ends, wait), wait, is_told=told is not None)

    def _hold(self, now: float, until_reset: float, wait: float, *, is_told: bool) -> None:
        self._held_until = max(self._held_until, now + wait)
        self._pace.refused(now + until_reset, now, resumes=self._held_until, is_told=is_told)

    def _margin(self) -> float:
        """Return what a service's clock may be behind ours, in seconds."""
        return self._jitter(0.05, 0.1)

    def left(self, turn: Turn) -> None:
        """Note that nobody waits for a turn any more."""
        with self._lock:
            self._queue.pop(turn, None)


class _Budget:
    """So many calls in any minute; twice as many once a whole one was used up without a refusal."""

    def __init__(self, start: Start) -> None:
        self._calls = start.calls
        self._paths = start.paths
        self._begun: deque[float] = deque()
        self._raised_at = math.inf

    def delay(self, path: str, now: float) -> float:
        """Count a call and return 0, or return the seconds until there is room for one."""
        if not path.startswith(self._paths):
            return 0.0
        if now >= self._raised_at:
            self._calls, self._raised_at = 2 * self._calls, math.inf
            self._begun.clear()
        while self._begun and self._begun[0] <= now - MINUTE:
            self._begun.popleft()
        if len(self._begun) < self._calls:
            self._begun.append(now)
            return 0.0
        self._raised_at = self._begun[0] + MINUTE
        return self._raised_at - now


def _backoff(refusals: int) -> float:
    """Return 1, and again 1, then 2, 4 and so on, in seconds: most windows are of a second."""
    return min(_LONGEST_BACKOFF, 2.0 ** max(0, refusals - 1))


def _own(path: str) -> str:
    return path.rpartition("/")[2]
