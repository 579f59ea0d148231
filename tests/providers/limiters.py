"""Services that take so many calls and refuse the rest, and callers beside them, in virtual time.

`simulate` runs callers in an order of events that a seed decides: no thread, no sleep.
"""

import heapq
import itertools
import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from reconciler.providers.api.governor import Governor, Start, Turn

PATH = "/v4/domains/example.com"
EPOCH = 1_800_000_000.37


class Limiter(Protocol):
    """`window` is the longest time, in seconds, after which something is free again."""

    window: float

    def take(self, now: float) -> float:
        """Return 0 for a call that is taken, else the seconds until one would be."""


@dataclass
class Bucket:
    """Fills with `rate` tokens a second, up to `capacity`; it is full when `level` does not say."""

    rate: float
    capacity: float
    window: float = 1.0
    level: float = math.inf
    _seen: float = 0.0

    def take(self, now: float) -> float:
        self.level = min(self.capacity, self.level + (now - self._seen) * self.rate)
        self._seen = now
        if self.level < 1 - 1e-9:
            return (1 - self.level) / self.rate
        self.level -= 1
        return 0.0


@dataclass
class Fixed:
    """Takes `calls` in each `window`, which begin at multiples of it, so much earlier."""

    calls: int
    window: float
    begun: float = 0.0
    _number: int = -1
    _used: int = 0

    def take(self, now: float) -> float:
        number = math.floor((now + self.begun) / self.window)
        if number != self._number:
            self._number, self._used = number, 0
        if self._used == self.calls:
            return (number + 1) * self.window - self.begun - now
        self._used += 1
        return 0.0


@dataclass
class Sliding:
    """Takes `calls` in any `window`."""

    calls: int
    window: float
    _taken: list[float] = field(default_factory=list)

    def take(self, now: float) -> float:
        self._taken = [each for each in self._taken if each > now - self.window]
        if len(self._taken) == self.calls:
            return self._taken[0] + self.window - now
        self._taken.append(now)
        return 0.0


Hint = Callable[[float, float], float | None]
"""What is made, on our side, of a wait that a service tells at a time in one form or another."""


def _epoch(wait: float, now: float) -> float | None:
    """Return what whole seconds since 1970 tell: they may have passed already."""
    left = math.floor(EPOCH + now + wait) - (EPOCH + now)
    return left if left >= 0 else None


HINTS: dict[str, Hint] = {
    "fractions": lambda wait, _: wait,
    "whole seconds": lambda wait, _: float(math.ceil(wait)),
    "epoch": _epoch,
    "epoch, rounded up": lambda wait, now: math.ceil(EPOCH + now + wait) - (EPOCH + now),
    "nothing": lambda *_: None,
}


@dataclass(frozen=True)
class Course:
    """What came of it: all calls that were sent, those refused, and the seconds that it took."""

    sent: int
    refused: int
    took: float


def simulate(
    limiter: Limiter,
    hint: Hint,
    *,
    calls: int,
    connections: int,
    start: Start | None = None,
    latency: float = 0.05,
    jitter: float = 0.0,
    seed: int = 1,
) -> Course:
    """Make `calls` through one governor, on so many connections.

    Each arrives up to `jitter` seconds early or late, besides what the latency varies by.
    """
    return _World(limiter, hint, calls, connections, start, latency, jitter, seed).course()


class _World:
    def __init__(
        self,
        limiter: Limiter,
        hint: Hint,
        calls: int,
        connections: int,
        start: Start | None,
        latency: float,
        jitter: float,
        seed: int,
    ) -> None:
        self._random = random.Random(seed)
        self._now = 0.0
        self._governor = Governor(start, lambda: self._now, self._random.uniform)
        self._limiter, self._hint = limiter, hint
        self._latency, self._jitter = latency, jitter
        self._left, self._sent, self._refused, self._ended = calls, 0, 0, 0.0
        self._events: list[tuple[float, int, Callable[..., None], Any]] = []
        self._number = itertools.count()
        for _ in range(connections):
            self._later(0.0, self._next)

    def course(self) -> Course:
        while self._events:
            self._now, _, event, arguments = heapq.heappop(self._events)
            event(*arguments)
        return Course(self._sent, self._refused, self._ended)

    def _later(self, seconds: float, event: Callable[..., None], *arguments: Any) -> None:
        at = self._now + seconds
        heapq.heappush(self._events, (at, next(self._number), event, arguments))

    def _way(self) -> float:
        return self._latency * self._random.uniform(0.3, 0.6)

    def _next(self) -> None:
        if self._left:
            self._left -= 1
            self._ask(Turn())

    def _ask(self, turn: Turn) -> None:
        seconds = self._governor.delay(turn, PATH)
        if seconds:
            # Whoever sleeps wakes up a little late.
            self._later(seconds + abs(self._random.gauss(0, 0.003)), self._ask, turn)
        else:
            self._sent += 1
            early_or_late = self._random.uniform(0, 2 * self._jitter) if self._jitter else 0.0
            self._later(self._way() + early_or_late, self._arrive, turn)

    def _arrive(self, turn: Turn) -> None:
        wait = self._limiter.take(self._now)
        told = self._hint(wait, self._now) if wait else None
        self._later(self._way(), self._answer, turn, bool(wait), told)

    def _answer(self, turn: Turn, is_refused: bool, told: float | None) -> None:  # noqa: FBT001
        if is_refused:
            self._refused += 1
            self._governor.refused(turn, told)
            self._ask(Turn())
        else:
            self._governor.served(turn, PATH, None)
            self._ended = self._now
            self._next()
