"""How many calls are refused, and how long all of them take, behind limits of many kinds."""

import math
from itertools import pairwise

import httpx
import pytest
from clock import Clock
from hypothesis import given, settings
from hypothesis import strategies as st
from limiters import HINTS, Bucket, Fixed, Limiter, Sliding, simulate
from scripted import MAILGUN_KEY, SERVER_TOKEN, Script, connected

from reconciler.providers.api import Connector, Reader
from reconciler.providers.api.governor import MINUTE, Governor, Start, Turn
from reconciler.providers.api.waits import LONGEST_WAIT, Allowance
from reconciler.providers.mailgun.session import START

PATH = "/v4/domains"


def limiter(name: str, rate: int) -> Limiter:
    limiters: dict[str, Limiter] = {
        "bucket": Bucket(rate, rate),
        "deep bucket": Bucket(rate, 2 * rate),
        "minutes": Fixed(60 * rate, 60.0),
        "any minute": Sliding(60 * rate, 60.0),
        "seconds": Fixed(rate, 1.0),
        "any second": Sliding(rate, 1.0),
    }
    return limiters[name]


@pytest.mark.parametrize("start", [None, START], ids=["postmark", "mailgun"])
@pytest.mark.parametrize("connections", [8, 32])
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [5, 10])
@pytest.mark.parametrize("name", ["bucket", "deep bucket", "minutes", "any minute"])
def test_hardly_a_call_is_refused_and_hardly_a_second_lost(
    name: str, rate: int, hint: str, connections: int, start: Start | None
) -> None:
    for calls in (100, 1000):
        limit = limiter(name, rate)
        course = simulate(
            limit, HINTS[hint], calls=calls, connections=connections, start=start, latency=0.02
        )
        assert course.sent == calls + course.refused
        assert course.refused <= 0.03 * calls + connections
        assert course.took <= 1.2 * calls / rate + limit.window


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [5, 10])
@pytest.mark.parametrize("left", [0.0, 0.2, 0.4, 0.6, 0.8])
def test_what_another_run_used_up_just_before_is_not_taken_for_all_there_is(
    left: float, rate: int, hint: str
) -> None:
    for calls in (100, 300, 1000):
        limit = Bucket(rate, rate, level=left * rate)
        course = simulate(limit, HINTS[hint], calls=calls, connections=8, latency=0.02)
        assert course.refused <= 0.03 * calls + 8
        assert course.took <= 1.2 * calls / rate + limit.window


@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [5, 10])
@pytest.mark.parametrize("name", ["seconds", "any second"])
def test_a_window_that_forgets_what_was_not_used_is_learnt_as_well(
    name: str, rate: int, hint: str
) -> None:
    calls = 1000
    course = simulate(limiter(name, rate), HINTS[hint], calls=calls, connections=8)
    assert course.refused <= 0.03 * calls + 8
    assert course.took <= 1.2 * calls / rate + 1


@pytest.mark.parametrize("latency", [0.01, 0.05])
@pytest.mark.parametrize("calls", [150, 276, 600])
@pytest.mark.parametrize("hint", HINTS)
@pytest.mark.parametrize("rate", [5, 10])
def test_it_does_not_matter_when_in_a_window_the_first_call_comes(
    rate: int, hint: str, calls: int, latency: float
) -> None:
    for tenth in range(10):
        limit = Fixed(rate, 1.0, tenth / 10)
        course = simulate(limit, HINTS[hint], calls=calls, connections=8, latency=latency)
        assert course.refused <= 0.03 * calls + 8
        assert course.took <= 1.2 * calls / rate + 1


@pytest.mark.parametrize("begun", [0.0, 2.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("calls", [150, 276, 700])
@pytest.mark.parametrize("rate", [5, 10])
def test_windows_of_ten_seconds_that_nobody_tells_cost_no_more_than_one_of_them(
    rate: int, calls: int, begun: float
) -> None:
    for limit in (Fixed(10 * rate, 10.0, begun), Sliding(10 * rate, 10.0)):
        course = simulate(limit, HINTS["nothing"], calls=calls, connections=8, latency=0.02)
        assert course.took <= 1.2 * calls / rate + limit.window


@settings(deadline=None)
@given(
    st.floats(0.5, 50),
    st.floats(1, 100),
    st.sampled_from(list(HINTS)),
    st.integers(1, 32),
    st.data(),
)
def test_whatever_the_limit_all_calls_come_through(
    rate: float, capacity: float, hint: str, connections: int, data: st.DataObject
) -> None:
    course = simulate(
        Bucket(rate, capacity),
        HINTS[hint],
        calls=60,
        connections=connections,
        seed=data.draw(st.integers(0, 99)),
    )
    assert course.sent == 60 + course.refused
    assert course.refused < 60 + connections


class Callers:
    """A governor on a virtual clock, and calls through it."""

    def __init__(self, start: Start | None = None) -> None:
        self.clock = Clock()
        self.governor = Governor(start, self.clock, lambda low, _: low)

    def go(self, path: str = PATH) -> Turn:
        """Wait until a call may go."""
        turn = Turn()
        while seconds := self.governor.delay(turn, path):
            assert seconds < math.inf
            self.clock.pause(seconds)
        return turn

    def call(self, path: str = PATH, allowance: Allowance | None = None) -> float:
        """Make a call that is answered well at once; return the time at which it went."""
        self.governor.served(self.go(path), path, allowance)
        return self.clock.now - 1000


def test_in_the_first_minute_no_more_go_than_the_start_says_and_those_at_once() -> None:
    callers = Callers(Start(300))
    went = [callers.call() for _ in range(1000)]
    assert went[:300] == [0.0] * 300
    assert went[300:900] == [MINUTE] * 600
    assert went[900] == 2 * MINUTE


@pytest.mark.parametrize("service", ["postmark", "mailgun"])
@pytest.mark.parametrize("path", ["/v4/domains", "/v1/dkim/keys"])
def test_the_operator_says_how_many_go_at_first(service: str, path: str) -> None:
    clock, script = Clock(), Script([httpx.Response(200, json={})])
    tokens = {"token": SERVER_TOKEN if service == "postmark" else MAILGUN_KEY}
    with Connector(Reader, transport=script, pause=clock.pause, clock=clock, rate=400) as connector:
        session = connected(connector, service, tokens)
        client = session.server if service == "postmark" else session.client
        for _ in range(401):
            client.get(path)
    assert clock.pauses == [MINUTE]


def test_a_credential_has_one_governor_and_another_has_its_own() -> None:
    clock = Clock()
    answers = [httpx.Response(429, headers={"Retry-After": "9"}), httpx.Response(200, json={})]
    script = Script(answers)
    with Connector(Reader, transport=script, pause=clock.pause, clock=clock) as connector:
        one, same = (connected(connector, "mailgun", {"token": MAILGUN_KEY}) for _ in range(2))
        other = connected(connector, "mailgun", {"token": MAILGUN_KEY[::-1]})
        one.client.get(PATH)
        held = sum(clock.pauses)
        assert held == pytest.approx(9, abs=0.2)
        other.client.get(PATH)
        assert sum(clock.pauses) == held
        same.client.get(PATH)
        assert sum(clock.pauses) > held


def test_what_is_used_evenly_does_not_wait() -> None:
    callers = Callers(Start(60))
    for _ in range(500):
        callers.call()
        callers.clock.now += 1.02
    assert callers.clock.pauses == []


def test_paths_that_no_limit_counts_do_not_wait_for_a_start_but_for_a_refusal() -> None:
    callers = Callers(Start(1, ("/v4/domains",)))
    callers.call()
    callers.call("/v1/dkim/keys")
    assert callers.clock.pauses == []
    callers.governor.refused(callers.go("/v1/dkim/keys"), 7.0)
    callers.call("/v1/dkim/keys")
    assert sum(callers.clock.pauses) == pytest.approx(7.05)


def test_a_refusal_holds_everybody_back_for_as_long_as_it_says() -> None:
    callers = Callers()
    first, second = callers.go(), callers.go()
    callers.governor.refused(first, 3.0)
    assert callers.governor.delay(Turn(), PATH) == pytest.approx(3.05)
    callers.governor.refused(second, 5.0)
    assert callers.governor.delay(Turn(), PATH) == pytest.approx(5.05)


def test_a_later_refusal_of_what_was_on_its_way_does_not_shorten_the_wait() -> None:
    callers = Callers()
    first, second = callers.go(), callers.go()
    callers.governor.refused(first, 5.0)
    callers.governor.refused(second, 1.0)
    callers.governor.refused(second, None)
    assert callers.governor.delay(Turn(), PATH) == pytest.approx(5.05)


def test_after_a_refusal_calls_go_one_by_one_and_good_answers_bring_them_nearer() -> None:
    callers = Callers()
    for _ in range(10):
        callers.call()
    callers.governor.refused(callers.go(), 1.0)
    went = [callers.call() for _ in range(88)]
    gaps = [later - earlier for earlier, later in pairwise(went)]
    assert went[0] == pytest.approx(1.05)
    assert gaps[0] == pytest.approx(1 / 10, rel=0.01)  # ten in a second
    assert all(later <= earlier + 1e-9 for earlier, later in pairwise(gaps))
    assert gaps[-1] < 0.06


def test_a_wait_of_nothing_that_does_not_help_grows() -> None:
    callers = Callers()
    waits = []
    for _ in range(6):
        before = callers.clock.now
        callers.governor.refused(callers.go(), 0.0)
        callers.go()
        waits.append(callers.clock.now - before)
    assert waits == sorted(waits)
    assert waits[0] == pytest.approx(1.0)
    assert waits[-1] >= 4


@pytest.mark.parametrize("asked", [None, 0.0, 1.0, 30.0, LONGEST_WAIT])
def test_who_only_ever_refuses_is_left_after_the_longest_wait(asked: float | None) -> None:
    callers = Callers()
    for _ in range(200):
        turn = Turn()
        while seconds := callers.governor.delay(turn, PATH):
            if seconds == math.inf:
                break
            callers.clock.pause(seconds)
        if seconds == math.inf:
            break
        callers.governor.refused(turn, asked)
    assert callers.governor.delay(Turn(), PATH) == math.inf
    assert callers.clock.now - 1000 <= LONGEST_WAIT + 1


def test_refusals_among_good_answers_never_end_it() -> None:
    callers = Callers()
    for _ in range(100):
        callers.governor.refused(callers.go(), 60.0)
        callers.call()
    assert callers.clock.now - 1000 > 100 * 60


def test_an_answer_that_says_that_nothing_is_left_is_heeded_before_a_refusal() -> None:
    callers = Callers()
    callers.call(allowance=Allowance(0, 20.0, is_own=False))
    assert callers.call() == 20.0


def test_what_is_left_of_one_path_holds_no_other_back() -> None:
    callers = Callers()
    callers.call("/v4/domains/a/verify", Allowance(0, 20.0, is_own=True))
    assert callers.call() == 0.0
    assert callers.call("/v4/domains/b/verify") == 20.0


def test_an_answer_that_says_what_is_left_counts_more_than_the_start() -> None:
    callers = Callers(Start(10))
    went = [
        callers.call(allowance=Allowance(599 - each, 60.0, is_own=False)) for each in range(600)
    ]
    assert went == [0.0] * 600
    assert callers.call() == 60.0


def test_who_leaves_the_queue_delays_nobody() -> None:
    callers = Callers()
    callers.governor.refused(callers.go(), 1.0)
    callers.call()
    leaving = [Turn() for _ in range(50)]
    for turn in leaving:
        callers.governor.delay(turn, PATH)
    for turn in leaving:
        callers.governor.left(turn)
    waits = Turn()
    assert callers.governor.delay(waits, PATH) <= callers.governor.delay(Turn(), PATH)
