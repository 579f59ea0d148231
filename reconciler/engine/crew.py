"""Who does the work: so many hands at once, shared fairly, and none of them kept by one who waits.

A provider that is paced, or held back by its service, waits with its own threads. While it waits
others have its hands: so `hands` is how many requests may be under way at once, over all providers,
and none of these starves another.
"""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Condition, Event, Lock, Thread, local
from typing import Any, Generic, Self, TypeVar

T = TypeVar("T")
Job = Callable[[], Any]
Pause = Callable[[float], None]


_LOOK = 0.05
"""Seconds between two looks at how many hands are useful."""

_SATURATED, _IDLE = 1.0, 0.75
"""Shares of one processor: threads of one interpreter do not compute side by side."""


class _Here(local):
    crew: "Crew | None" = None


_HERE = _Here()
"""The crew that the current thread is of."""


def resting(pause: Pause) -> Pause:
    """Return a pause during which the hand of who waits is free for others of its crew."""

    def rest(seconds: float) -> None:
        if _HERE.crew is None:
            pause(seconds)
        else:
            with _HERE.crew.rest():
                pause(seconds)

    return rest


class Crew:
    """Does jobs, each in the lane of its provider; the lanes take turns.

    Its threads are daemons: who is interrupted leaves the `with` block, and the program, at once,
    whatever they still wait for.
    """

    def __init__(self, hands: int = 8) -> None:
        self._hands = hands
        self._useful = hands
        """How many hands there is a use for: threads that compute are only in each other's way."""
        self._changed = Condition()
        self._lanes: dict[str, deque[Job]] = {}
        """What is still to be done; the first lane is the next to have its turn."""
        self._threads: Counter[str] = Counter()
        """By lane, those who work and those who rest."""
        self._working = 0
        self._returning = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, reason: type[BaseException] | None, *_: object) -> None:
        with self._changed:
            self._lanes.clear()
            if not (reason and issubclass(reason, KeyboardInterrupt)):
                self._changed.wait_for(lambda: not self._threads.total())

    def submit(self, lane: str, job: Job) -> None:
        """Have a job done, which raises nothing."""
        with self._changed:
            self._lanes.setdefault(lane, deque()).append(job)
            self._staff()

    def all(self, jobs: Iterable[tuple[str, Callable[[], T]]]) -> list[T]:
        """Return what all jobs return, in their order. Raises what one of them raises."""
        listed = list(jobs)
        batch = _Batch[T](len(listed))
        with self._changed:
            # Before anybody works: a crew that has begun leaves little time to who gives it more.
            for number, (lane, job) in enumerate(listed):
                self._lanes.setdefault(lane, deque()).append(partial(batch.do, number, job))
            self._staff()
        busy = _Busy()
        while not batch.is_over(_LOOK):
            self._adapt(busy.share())
        return batch.results()

    @contextmanager
    def rest(self) -> Iterator[None]:
        """Leave one's hand to others, and wait for a free one at the end."""
        with self._changed:
            self._leave()
        try:
            yield
        finally:
            with self._changed:
                self._returning += 1
                self._changed.wait_for(lambda: self._working < self._hands)
                self._returning -= 1
                self._working += 1

    def _leave(self) -> None:
        self._working -= 1
        if self._returning:
            self._changed.notify_all()
        else:
            self._staff()

    def _adapt(self, busy: float) -> None:
        """Have fewer hands while the interpreter is at its limit, more as soon as it is not."""
        with self._changed:
            if busy > _SATURATED:
                self._useful = max(1, self._useful * 3 // 4)
            elif busy < _IDLE:
                self._useful = min(self._hands, self._useful * 2)
                self._staff()

    def _staff(self) -> None:
        """Give each free hand a job."""
        while self._working < self._useful and (found := self._next()):
            self._working += 1
            Thread(target=self._work, args=found, daemon=True).start()

    def _next(self) -> tuple[str, Job] | None:
        """Take a job of the first lane that has one and not all its threads."""
        lane = next((each for each in self._lanes if self._threads[each] < self._hands), None)
        if lane is None:
            return None
        jobs = self._lanes.pop(lane)
        job = jobs.popleft()
        if jobs:
            self._lanes[lane] = jobs
        self._threads[lane] += 1
        return lane, job

    def _work(self, lane: str, job: Job) -> None:
        _HERE.crew = self
        while True:
            job()
            with self._changed:
                self._threads[lane] -= 1
                is_needed = self._working <= self._useful and not self._returning
                found = self._next() if is_needed else None
                if not found:
                    self._leave()
                    self._changed.notify_all()
                    return
                lane, job = found


class _Busy:
    """How much of the time this process has been computing."""

    def __init__(self) -> None:
        self._last = time.monotonic(), time.process_time()

    def share(self) -> float:
        """Return the share of one processor since the last look, 1 when it was busy throughout."""
        before, computed = self._last
        self._last = now, total = time.monotonic(), time.process_time()
        return (total - computed) / max(now - before, 1e-6)


class _Batch(Generic[T]):
    """Jobs that are waited for together: who waits is woken once, not by each."""

    def __init__(self, count: int) -> None:
        self._results: list[Any] = [None] * count
        self._bug: BaseException | None = None
        self._left = count
        self._lock = Lock()
        self._over = Event()
        if not count:
            self._over.set()

    def do(self, number: int, job: Callable[[], T]) -> None:
        try:
            self._results[number] = job()
        except BaseException as bug:  # noqa: BLE001 - it is raised where it is waited for
            self._bug = bug
            self._over.set()
        with self._lock:
            self._left -= 1
            if not self._left:
                self._over.set()

    def is_over(self, seconds: float) -> bool:
        """Wait for the end, but no longer."""
        return self._over.wait(seconds)

    def results(self) -> list[T]:
        if self._bug:
            raise self._bug
        return self._results
