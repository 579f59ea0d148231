"""How fast to call a service that does not say: learnt from refusals, as TCP learns a line's width.

Until the first refusal nothing is slowed down. At each refusal the rate that the service bore is
measured; the pace falls below it, stays a little below it and then looks for more, along the curve
of CUBIC (RFC 9438 §4.2) over the number of calls. The longer the measured rate proves
right, the longer it stays, so that in the long run hardly a call is refused. All times are seconds
of one clock, all rates calls a second.
"""

import math
from collections import deque
from dataclasses import dataclass

_SECOND, _ABOUT_A_SECOND = 1.0, 2.2
"""Services count by the second or longer: what came in a shorter time is a second's worth. So is
what came before a wait that seems to end in the next second but one: it may have been rounded up.
"""

_PATIENCE, _MOST_PATIENCE = 50, 120
"""Calls from a refusal to the middle of the curve; twice as many each time that it proves right."""

_MIDDLE, _DIP, _RISE, _MOST = 0.95, 0.05, 0.06, 2.0
"""Of the measured rate: the middle, how far below it a refusal leads, how far above it leads as
many calls after it, and the most. Just below the limit a call that comes a little early is taken.
"""

_TELLING, _FEW, _FIRST_GUESS = 5, 4, 4.0
"""Good answers that a rate is measured by, the number below which a first guess is none, and the
least that is guessed, in calls a second.
"""

_STEP, _NOT_SAVED_UP = 0.4, 0.65
"""Calls a second that a good answer adds to a rate that is a guess: it doubles within two. And how
much of what was borne in the last second may be believed then: the rest was saved up before.
"""

_BELIEVED = 0.55
"""How far to go from there to the pace at which a guess was refused, where little seems to be saved
up: too high a pace costs little if it was saved up after all, too low a one much if not.
"""

_LEFT, _LEFT_WHERE_SHALLOW = 0.5, 0.6
"""Of the known rate: the least that a refusal leaves of it."""

_SHORTEST_GAP, _LONGEST_GAP = 0.04, 0.35
"""Seconds. A first wait between these, told where little is saved up, is that for one more call."""

_NARROWLY = 1.2
"""Of the time between two calls: a longer wait than this is not that for one more call."""

_LATE, _LATE_WHERE_SHALLOW = 1.0, 0.1
"""Of the time between two calls: what one that goes late may leave less to the next. A shallow
bucket has not saved up what the late one left.
"""

_LOOK, _TELLING_LOOK = 5.0, 1.5
"""Seconds of paced calls that a rate is read off, and how many of them leave no doubt."""

_SLOWEST = 1 / 30
"""The pace never falls below two calls a minute."""

_HEAD_START = 0.2
"""Seconds that the first call after a refusal has before the others follow."""

_SHORTEST = 0.05
_ALIKE, _BETTER = 0.2, 0.08


@dataclass(slots=True)
class _Refusal:
    """What was known when a refusal came, and until when it holds everybody back."""

    rate: float
    known: float
    patience: int
    was_guessing: bool
    was_believed: bool
    """Whether it is the first since more was believed of a guess than what was surely borne."""
    lately: float
    look: float
    last_second: float
    came: float
    ends: float
    told: float
    """The longest wait that the service told, in seconds, and 0 when it told none."""
    is_longer: bool = False
    """Whether calls were refused again, for longer than a second can explain, and without having
    been told how long to wait. Within a second the time that was told was rounded down.
    """

    @property
    def is_in_doubt(self) -> bool:
        """Whether there was too little time to tell a short window from a shallow bucket."""
        return self.lately > 0.0 and self.look < _TELLING_LOOK


class Pace:
    """Spaces calls evenly, at a rate that refusals lower and good answers raise."""

    def __init__(self) -> None:
        self.rate = math.inf
        self._next = -math.inf
        self._known = 0.0
        self._patience = _PATIENCE
        self._calls = 0
        self._is_guessing = False
        self._is_believed = False
        self._seems_shallow = False
        """Whether so little was taken at first as if next to nothing were ever saved up."""
        self._raised = -math.inf
        self._good = 0
        self._recent: deque[float] = deque()
        self._marks: deque[tuple[float, int]] = deque(maxlen=8)
        """When holding back ended, and how many good answers there had been by then."""
        self._refusal: _Refusal | None = None

    def due_in(self, now: float, ahead: int = 0) -> float:
        """Return the seconds until a call may go that has so many others ahead of it."""
        return max(0.0, self._next + ahead / self.rate - now)

    def take(self, now: float) -> None:
        """Let a call go. One that goes a little late does not delay those behind it."""
        if not self._marks:
            self._marks.append((now, 0))
        if self.rate < math.inf:
            # After a refusal one call goes ahead, to see whether the service takes it.
            gap = max(1 / self.rate, _HEAD_START if self._refusal else 0.0)
            late = gap * (_LATE_WHERE_SHALLOW if self._seems_shallow else _LATE)
            self._next = (self._next if now - self._next < late else now) + gap

    def good(self, now: float, *, is_fresh: bool, was_held: bool) -> None:
        """Note a good answer.

        `is_fresh` when its call went after the last refusal; `was_held` when it had to wait for
        its turn: who does not use the pace learns nothing of it.
        """
        if self._refusal and is_fresh:
            self._marks.append((self._refusal.ends, self._good))
            self._refusal, self._calls, self._raised = None, 0, now
            self._next = min(self._next, now + 1 / self.rate)
        self._good += 1
        self._recent.append(now)
        self._forget(now)
        if self._refusal is None and was_held and self.rate < math.inf:
            self._rise(now)

    def refused(self, ends: float, now: float, *, resumes: float, is_told: bool) -> None:
        """Note that calls are refused until `ends`, and that nobody calls before `resumes`.

        `is_told` when the service said so.
        """
        told = ends - now if is_told else 0.0
        if self._refusal is None:
            since = self._marks[-1][0] if self._marks else now
            look = min(_LOOK, now - since)
            is_second = look > _SECOND and _SECOND / 2 < ends - now < _ABOUT_A_SECOND
            self._refusal = _Refusal(
                self.rate,
                self._known,
                self._patience,
                self._is_guessing,
                self._is_believed,
                lately=self._seen(now, look) if is_second else 0.0,
                look=look,
                last_second=self._seen(now, 1.0),
                came=now,
                ends=ends,
                told=told,
            )
        else:
            self._refusal.ends = max(ends, self._refusal.ends)
            self._refusal.told = max(told, self._refusal.told)
            is_longer = resumes - self._refusal.came > _ABOUT_A_SECOND
            self._refusal.is_longer |= is_longer and not is_told
        self._next = max(self._next, resumes)

    def resume(self) -> None:
        """Set the pace at which to go on after a refusal. May be called again."""
        if refusal := self._refusal:
            measured, answers = self._measured(refusal)
            if refusal.rate == math.inf:
                self._begin(refusal, measured, answers)
            else:
                self._adjust(refusal, measured)

    def _begin(self, refusal: _Refusal, measured: float, answers: int) -> None:
        """Take what came for the rate, or for a guess: others may have called just before."""
        is_short = not self._marks or refusal.ends - self._marks[0][0] < _ABOUT_A_SECOND
        # What takes not even one was emptied by others.
        self._seems_shallow = 0 < answers < _FEW
        if self._seems_shallow and _SHORTEST_GAP < refusal.told < _LONGEST_GAP:
            self._is_guessing = False
            self._know(1 / refusal.told, share=_MIDDLE - _DIP)
            return
        self._is_guessing = answers < _FEW or is_short
        self._know(max(measured, _FIRST_GUESS), share=1.0 if self._is_guessing else _MIDDLE - _DIP)

    def _adjust(self, refusal: _Refusal, measured: float) -> None:
        if refusal.was_guessing:
            known = self._outcome_of_guess(refusal, measured)
        else:
            # What a service with a window of a second has left while all wait is lost.
            least = refusal.known * (_LEFT_WHERE_SHALLOW if self._seems_shallow else _LEFT)
            known = min(refusal.rate, max(_between(measured, refusal), least))
        if self._seems_shallow and 0 < refusal.told * refusal.rate < _NARROWLY:
            # A call that had come so much later would have been taken.
            known = max(known, 1 / (1 / refusal.rate + refusal.told))
        if refusal.is_longer:
            known = min(known, max(measured, known / 2))
        if not refusal.was_guessing:
            self._patience = _patience(refusal, known)
        self._is_guessing = False
        self._is_believed = refusal.was_guessing and self._seems_shallow
        self._know(max(known, _SLOWEST), share=_MIDDLE - _DIP)

    def _outcome_of_guess(self, refusal: _Refusal, measured: float) -> float:
        """Return a rate between what was surely borne and what was refused.

        A shallow bucket refuses at its rate, while from what others had emptied comes, after a
        wait, as much as that saved up: the next refusal tells them apart.
        """
        last_good = max(1.0, refusal.rate - _STEP)
        first = min(refusal.known, refusal.last_second)
        known = min(last_good, max(_NOT_SAVED_UP * refusal.last_second, measured, first))
        return known + _BELIEVED * (last_good - known) if self._seems_shallow else known

    def _know(self, rate: float, share: float) -> None:
        self._known, self._calls = rate, 0
        self.rate = rate * share

    def _rise(self, now: float) -> None:
        self._calls += 1
        if self._is_guessing:
            self.rate += _STEP
            return
        way = (self._calls - self._patience) / self._patience
        share = _MIDDLE + (_DIP if way < 0 else _RISE) * way**3
        self.rate = self._known * min(_MOST, share)
        if share >= _MOST and now - self._raised > _LOOK:
            self._look_for_more(now)

    def _look_for_more(self, now: float) -> None:
        """Take for known what was borne for some seconds at the highest rate."""
        seen = self._seen(now, _LOOK)
        if seen > (1 + _ALIKE) * self._known:
            self._known, self._calls, self._raised = seen, self._patience, now

    def _measured(self, refusal: _Refusal) -> tuple[float, int]:
        """Return the rate of good answers from one end of holding back to another, and how many.

        What a service saves up while all wait is in it at both ends, and so falls out.
        """
        since, before = next(
            (mark for mark in reversed(self._marks) if self._good - mark[1] >= _TELLING),
            self._marks[0] if self._marks else (refusal.ends, 0),
        )
        span = refusal.ends - since
        if refusal.rate == math.inf and span < _ABOUT_A_SECOND:
            span = _SECOND
        return (self._good - before) / max(span, _SHORTEST), self._good - before

    def _seen(self, now: float, look: float) -> float:
        return sum(each >= now - look for each in self._recent) / look

    def _forget(self, now: float) -> None:
        while self._recent[0] < now - _LOOK:
            self._recent.popleft()


def _between(measured: float, refusal: _Refusal) -> float:
    """Return the rate to believe in: what a window of a second has left while all wait is lost.

    So is what a shallow bucket would have saved up.
    """
    best = max(measured, refusal.lately)
    return (measured + best) / 2 if refusal.is_in_doubt or refusal.was_believed else best


def _patience(refusal: _Refusal, known: float) -> int:
    if known > (1 + _BETTER) * refusal.known:
        return max(_PATIENCE, refusal.patience // 2)
    if known < (1 - _ALIKE) * refusal.known:
        return refusal.patience // 2 if refusal.is_in_doubt else refusal.patience
    return min(_MOST_PATIENCE, 2 * refusal.patience)
