"""Buckets that save up next to nothing, where what comes a little early is refused at once."""

import math
from itertools import pairwise

import pytest
from limiters import HINTS, Bucket, simulate

from reconciler.providers.api.pace import Pace

JITTERS = [0.0, 0.005, 0.015]


@pytest.mark.parametrize("jitter", JITTERS)
@pytest.mark.parametrize("connections", [8, 32])
@pytest.mark.parametrize("rate", [5, 10])
@pytest.mark.parametrize("depth", [2, 3])
def test_who_is_told_when_the_next_call_is_free_keeps_to_it(
    depth: int, rate: int, connections: int, jitter: float
) -> None:
    for calls in (46, 89, 166, 276, 600):
        course = simulate(
            Bucket(rate, depth),
            HINTS["fractions"],
            calls=calls,
            connections=connections,
            jitter=jitter,
        )
        assert course.refused <= 0.03 * calls + connections
        assert course.took <= 1.2 * calls / rate + 1


@pytest.mark.parametrize("jitter", JITTERS)
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [5, 10])
@pytest.mark.parametrize(
    ("depth", "calls", "longer"),
    # Where nothing is saved up, each refusal costs a second, and so does finding the rate by one.
    [(2, 600, 1.0), (3, 600, 1.0), (2, 166, 1.15), (3, 166, 1.15), (1, 600, 1.35), (1, 166, 1.6)],
)
def test_whatever_is_told_the_rate_is_found(
    depth: int, calls: int, longer: float, rate: int, hint: str, jitter: float
) -> None:
    limit = Bucket(rate, depth)
    course = simulate(limit, HINTS[hint], calls=calls, connections=8, jitter=jitter)
    assert course.refused <= 0.03 * calls + 8
    assert course.took <= longer * (1.2 * calls / rate + 1)


def refused_at_once(told: float) -> Pace:
    """Return the pace after a first call that was taken, and a second that was refused."""
    pace = Pace()
    pace.take(0.0)
    pace.take(0.0)
    pace.good(0.02, is_fresh=True, was_held=False)
    pace.refused(0.02 + told, 0.02, resumes=0.1 + told, is_told=True)
    pace.resume()
    return pace


@pytest.mark.parametrize("told", [0.1, 0.2])
def test_a_short_wait_tells_the_time_between_two_calls(told: float) -> None:
    assert told < 1 / refused_at_once(told).rate < 1.2 * told


@pytest.mark.parametrize("told", [0.01, 1.0, 30.0])
def test_another_wait_does_not(told: float) -> None:
    assert refused_at_once(told).rate == 4.0


def test_what_goes_late_takes_nothing_from_the_time_to_the_next() -> None:
    pace, now, went = refused_at_once(0.1), 0.2, []
    for call in range(20):
        now += pace.due_in(now) + 0.03 * (call % 3)
        went.append(now)
        pace.take(now)
        pace.good(now, is_fresh=True, was_held=False)
    assert pace.rate < math.inf
    assert min(later - earlier for earlier, later in pairwise(went)) >= 0.1
