"""Who does the work: so many hands at once, shared fairly, and none of them kept by one who waits.

A provider that is paced, or held back by its service, waits with its own threads. While it waits
others have its hands: so `hands` is how many requests may be under way at once, over all providers,
and none of these starves another.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from queue import SimpleQueue
from threading import Condition, Thread, local
from typing import Any, Self, TypeVar

T = TypeVar("T")
Job = Callable[[], Any]
Pause = Callable[[float], None]


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


_Came = SimpleQueue[tuple[int, T | None, BaseException | None]]
"""What came of jobs by their numbers: what they returned, or raised."""


class Crew:
    """Does jobs, each in the lane of its provider; the lanes take turns.

    Its threads are daemons: who is interrupted leaves the `with` block, and the program, at once,
    whatever they still wait for.
    """

    def __init__(self, hands: int = 8) -> None:
        self._hands = hands
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
        came: _Came[T] = SimpleQueue()
        count = 0
        for count, (lane, job) in enumerate(jobs, start=1):
            self.submit(lane, partial(_report, came, count, job))
        found: dict[int, Any] = {}
        for _ in range(count):
            number, result, bug = came.get()
            if bug:
                raise bug
            found[number] = result
        return [found[number] for number in sorted(found)]

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

    def _staff(self) -> None:
        """Give each free hand a job."""
        while self._working < self._hands and (found := self._next()):
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
                found = None if self._returning else self._next()
                if not found:
                    self._leave()
                    self._changed.notify_all()
                    return
                lane, job = found


def _report(came: _Came[T], number: int, job: Callable[[], T]) -> None:
    try:
        came.put((number, job(), None))
    except BaseException as bug:  # noqa: BLE001 - it is raised where it is waited for
        came.put((number, None, bug))
