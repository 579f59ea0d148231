"""A list of addresses is validated by a service: begun once, watched, and fetched.

What is asked for is remembered before it is, so that who comes after a kill looks for it first.
"""

import tempfile
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain, repeat
from typing import NoReturn

from reconciler.errors import (
    AlreadyExists,
    NotFound,
    OutcomeUnknown,
    ReconcileError,
    ServiceError,
    Untrusted,
)
from reconciler.library.options import Options, do_nothing
from reconciler.library.reconciler import writing_session
from reconciler.lists.jobs import Job, Part
from reconciler.lists.ledger import Ledger
from reconciler.lists.parts import first_rows, packed
from reconciler.lists.results import most_bytes, read_results
from reconciler.model import Account, Config
from reconciler.providers.mailgun.list_validation import (
    JobState,
    ListValidation,
    Preview,
    Stage,
    TooManyJobs,
)

_PACE = (10.0, 10.0, 15.0, 20.0, 30.0)
_PACE_OF_SANDBOX = (0.3,)
"""Seconds between looks, the last of them for ever; what is in this process is no burden."""
_LONGEST = 24 * 3600.0
"""Seconds; a state that nobody documented may be one that never ends."""
_LOOKS_FOR_LOST = 3
_MOST_MISSES = 12
"""Looks at a job in which it may not be there."""
_RESUME = "--resume goes on without paying again"


class NotBegun(ReconcileError):
    """Whether a job was begun is not known, and it is not begun a second time."""


@contextmanager
def list_validation(config: Config, account: Account, options: Options) -> Iterator[ListValidation]:
    """Yield the calls of an account whose service validates lists.

    Raises SecretError, Untrusted, and UsageError for a bad base URL.
    """
    if options.untrusted:
        raise Untrusted(
            "a validation costs money and sends addresses out; --untrusted does neither"
        )
    with writing_session(config, account, options) as session:
        transport = options.sandbox.transport() if options.sandbox else None
        yield ListValidation(session.client, transport, options.watch)


def new_job(digest: str, ledger: Ledger, *, is_preview: bool) -> Job:
    """Return a job for a list that is in a ledger, cut into as many parts as it takes.

    They are cut before name servers are asked, who may answer otherwise another time.
    """
    return Job.begun(
        digest, list(first_rows(ledger.spelled(is_sendable=False))), is_preview=is_preview
    )


@dataclass
class Validation:
    """One list's validation. `keep` remembers the job, and `progress` is told done and total."""

    service: ListValidation
    ledger: Ledger
    job: Job
    keep: Callable[[Job], None]
    options: Options
    progress: Callable[[int, int], None] = do_nothing
    failed: dict[str, str] = field(default_factory=dict)
    """What the service said of each part that it did not validate, by ID."""
    _sizes: dict[str, int] = field(default_factory=dict)
    _there: set[str] = field(default_factory=set)
    _missed: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Count once what each part holds: the whole list is gone through for it."""
        for part in self.job.parts:
            self._sizes[part.id] = self.ledger.count(part.first, part.end)

    def look(self) -> None:
        """Look for the jobs that an earlier run asked for. Raises ServiceError."""
        asked_for = [part for part in self.job.parts if part.is_asked_for]
        self._there = {part.id for part in asked_for if self.service.job(part.id)}

    def unpaid(self) -> int:
        """Return for how many addresses no job is there yet."""
        return sum(self._size(part) for part in self.job.parts if part.id not in self._there)

    def preview(self) -> list[Preview]:
        """Have every part estimated, which is free. Raises ServiceError, NotBegun."""
        self.keep(self.job)
        found: list[Preview] = []
        waiting, pace = deque(self._filled()), self._pace()
        running = deque[Part]()
        while waiting or running:
            while waiting and self._begin_preview(waiting[0]):
                running.append(waiting.popleft())
            for _ in range(len(running)):
                part = running.popleft()
                seen = self.service.preview(part.id)
                if seen and not seen.is_valid:
                    raise ReconcileError(f"{part.id}: the service cannot read the list")
                if seen and seen.is_complete:
                    found.append(seen)
                else:
                    running.append(part)
            if waiting or running:
                self.options.pause(next(pace))
        return found

    def run(self) -> None:
        """Have what is not there yet validated, and take in all results.

        Raises ServiceError, NotBegun, ResultUnusable; the job can be gone on with after each.
        """
        self.keep(self.job)
        waiting = deque(part for part in self._filled() if part.id not in self._there)
        running = [part for part in self._filled() if part.id in self._there]
        total = sum(map(self._size, self._filled()))
        ended = 0
        for seconds in self._pace():
            while waiting and self._begin(waiting[0]):
                running.append(waiting.popleft())
            states = {part.id: self.service.job(part.id) for part in running}
            for part in [part for part in running if self._is_over(part, states[part.id])]:
                running.remove(part)
                ended += self._size(part)
            processed = sum(state.processed for part in running if (state := states[part.id]))
            self.progress(min(ended + processed, total), total)
            if not (waiting or running):
                break
            self.options.pause(seconds)
        self.job = replace(self.job, is_done=True)
        self.keep(self.job)

    def _filled(self) -> list[Part]:
        """Return the parts that hold anything worth sending."""
        return [part for part in self.job.parts if self._size(part)]

    def _size(self, part: Part) -> int:
        return self._sizes[part.id]

    def _pace(self) -> Iterator[float]:
        """Yield how long to wait before each look. Raises NotBegun when it has lasted too long."""
        steps = _PACE_OF_SANDBOX if self.options.sandbox else _PACE
        left = _LONGEST
        for seconds in chain(steps, repeat(steps[-1])):
            if left <= 0:
                raise NotBegun(
                    f"the service is still at it after {_LONGEST / 3600:g} hours; {_RESUME}"
                )
            left -= seconds
            yield seconds

    def _upload(self, part: Part) -> tuple[str, bytes, str]:
        return packed(address for _, address in self.ledger.spelled(part.first, part.end))

    def _begin(self, part: Part) -> bool:
        """Have a part validated; return whether it was begun, and False when it has to wait."""
        self._mark(part, is_asked_for=True)
        try:
            if not (self.job.is_preview and self._is_promoted(part)):
                self.service.submit(part.id, self._upload(part))
        except AlreadyExists:
            # Nobody else draws such an ID: it is of a run of ours whose answer was lost.
            return True
        except OutcomeUnknown as lost:
            self._look_for_lost(part, lost, self.service.job)
        except ServiceError as refusal:
            self._mark(part, is_asked_for=False)
            if not isinstance(refusal, TooManyJobs):
                raise
            return False
        return True

    def _mark(self, part: Part, *, is_asked_for: bool) -> None:
        self.job = self.job.marked(part, is_asked_for=is_asked_for)
        self.keep(self.job)

    def _is_promoted(self, part: Part) -> bool:
        try:
            self.service.promote(part.id)
        except NotFound:
            return False
        return True

    def _begin_preview(self, part: Part) -> bool:
        if self.service.preview(part.id):
            return True
        try:
            self.service.submit_preview(part.id, self._upload(part))
        except TooManyJobs:
            return False
        except AlreadyExists:
            return True
        except OutcomeUnknown as lost:
            self._look_for_lost(part, lost, self.service.preview)
        return True

    def _look_for_lost(
        self, part: Part, lost: OutcomeUnknown, look: Callable[[str], object | None]
    ) -> None:
        """Find what may have been begun; what cannot be found is not begun once more."""
        for number in range(_LOOKS_FOR_LOST):
            if number:
                self.options.pause(_PACE[0])
            if look(part.id):
                return
        self._give_up(part, lost)

    def _give_up(self, part: Part, lost: OutcomeUnknown) -> NoReturn:
        raise NotBegun(
            f"{lost} There is no job {part.id} yet, and it is not begun a second time: "
            f"{_RESUME}, if it was begun, and asks otherwise"
        ) from None

    def _is_over(self, part: Part, state: JobState | None) -> bool:
        """Take in the result of a job that is over."""
        if state is None:
            self._miss(part)
            return False
        if state.stage is Stage.RUNNING:
            return False
        if state.stage is Stage.FAILED:
            self.failed[part.id] = state.reason or state.status
            return True
        size = self._size(part)
        with tempfile.TemporaryFile() as file:
            self.service.fetch(state, file, most_bytes(size))
            file.seek(0)
            self.ledger.take(read_results(file, size))
        return True

    def _miss(self, part: Part) -> None:
        """Take in that a job is not there, which one that was just begun may be for a while."""
        self._missed[part.id] += 1
        if self._missed[part.id] > _MOST_MISSES:
            raise NotBegun(f"the service knows of no job {part.id} (any more); {_RESUME}")


def combined(previews: list[Preview]) -> Mapping[str, Mapping[str, float]]:
    """Return the percentages of all parts together, by `result` and by `risk`."""
    total = sum(each.quantity for each in previews) or 1
    sums: dict[str, dict[str, float]] = {"result": {}, "risk": {}}
    for each in previews:
        for kind, shares in (("result", each.result), ("risk", each.risk)):
            for name, share in shares.items():
                weighed = share * each.quantity / total
                sums[kind][name] = sums[kind].get(name, 0.0) + weighed
    return sums
