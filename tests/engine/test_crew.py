"""Who works when: hands are shared fairly, and whoever waits keeps none of them."""

import threading
from collections import Counter
from functools import partial
from threading import Event

import pytest
from account import Account, yaml

from reconciler.engine.crew import Crew, resting
from reconciler.engine.refresh import make_plan
from reconciler.providers.api import Connector, Reader

PATIENCE = 30.0
"""Seconds after which a test fails that would wait for ever."""


def wait(event: Event) -> None:
    assert event.wait(PATIENCE)


def test_results_come_in_the_order_of_the_jobs() -> None:
    first_may_end = Event()

    def first() -> int:
        wait(first_may_end)
        return 1

    def second() -> int:
        first_may_end.set()
        return 2

    with Crew(2) as crew:
        assert crew.all([("a", first), ("a", second)]) == [1, 2]
        assert crew.all([]) == []


def test_what_a_job_raises_is_raised_where_it_is_waited_for() -> None:
    def broken() -> None:
        raise LookupError("bug")

    with Crew() as crew, pytest.raises(LookupError, match="bug"):
        crew.all([("a", broken)])


@pytest.mark.parametrize("hands", [1, 3, 8])
def test_no_more_work_at_once_than_there_are_hands(hands: int) -> None:
    lock, working, most = threading.Lock(), 0, 0

    def count(step: int) -> None:
        nonlocal working, most
        with lock:
            working += step
            most = max(most, working)

    rest = resting(lambda _: None)

    def job() -> None:
        for _ in range(3):
            count(1)
            count(-1)
            rest(0)

    with Crew(hands) as crew:
        crew.all((f"lane {number % 5}", job) for number in range(200))
    assert most <= hands


def test_a_lane_that_waits_keeps_no_other_from_its_work() -> None:
    may_go_on, done = Event(), Counter[str]()
    rest = resting(lambda _: wait(may_go_on))

    def paced() -> None:
        rest(1)
        done["paced"] += 1

    def free() -> None:
        assert done["paced"] == 0
        done["free"] += 1
        if done["free"] == 20:
            may_go_on.set()

    with Crew(2) as crew:
        crew.all([("paced", paced)] * 40 + [("free", free)] * 20)
    assert done == {"paced": 40, "free": 20}


def test_hands_that_only_contend_for_the_interpreter_are_too_many() -> None:
    begun, may_end = threading.Semaphore(0), Event()

    def job() -> None:
        begun.release()
        wait(may_end)

    with Crew(8) as crew:
        for _ in range(20):
            crew._adapt(busy=1.1)  # noqa: SLF001
        for number in range(30):
            crew.submit(f"lane {number % 3}", job)
        now = [crew._working]  # noqa: SLF001
        for busy in (0.9, 0.5, 0.5, 0.5, 0.5):
            crew._adapt(busy=busy)  # noqa: SLF001
            now.append(crew._working)  # noqa: SLF001
        for _ in range(8):
            assert begun.acquire(timeout=PATIENCE)
        may_end.set()
    assert now == [1, 1, 2, 4, 8, 8]


def test_who_waits_for_something_else_is_not_taken_for_busy() -> None:
    """The one useful hand waits for what the next job does."""
    first_may_end = Event()
    with Crew(8) as crew:
        for _ in range(20):
            crew._adapt(busy=1.1)  # noqa: SLF001
        crew.all((("a", lambda: wait(first_may_end)), ("a", first_may_end.set)))


def test_lanes_take_turns() -> None:
    order: list[str] = []
    with Crew(1) as crew:
        started = Event()

        def blocker() -> None:
            wait(started)

        crew.submit("x", blocker)
        for lane in ("a", "a", "a", "b", "b", "c"):
            crew.submit(lane, partial(order.append, lane))
        last = Event()
        crew.submit("d", last.set)
        started.set()
        wait(last)
    assert order[:3] == ["a", "b", "c"]


def test_a_lane_has_no_more_threads_than_there_are_hands() -> None:
    resting_now, may_go_on = threading.Semaphore(0), Event()
    most = 0

    def pause(_: float) -> None:
        resting_now.release()
        wait(may_go_on)

    rest = resting(pause)
    with Crew(4) as crew:
        for _ in range(50):
            crew.submit("a", lambda: rest(1))
        for _ in range(4):
            assert resting_now.acquire(timeout=PATIENCE)
        most = crew._threads["a"]  # noqa: SLF001
        may_go_on.set()
    assert most == 4


def test_an_interrupt_leaves_at_once_whatever_hangs() -> None:
    crew, may_end = Crew(), Event()
    crew.submit("a", lambda: wait(may_end))
    crew.__exit__(KeyboardInterrupt)
    may_end.set()


@pytest.mark.parametrize("reason", [None, LookupError, GeneratorExit])
def test_any_other_end_waits_for_what_is_under_way_and_drops_the_rest(
    reason: type[BaseException] | None,
) -> None:
    crew, begun, all_submitted, done = Crew(1), Event(), Event(), list[int]()

    def job() -> None:
        begun.set()
        wait(all_submitted)
        while crew._lanes:  # noqa: SLF001
            pass
        done.append(1)

    for _ in range(10):
        crew.submit("a", job)
    all_submitted.set()
    wait(begun)
    crew.__exit__(reason)
    assert done == [1]


def test_outside_of_a_crew_a_rest_is_a_pause() -> None:
    waited: list[float] = []
    resting(waited.append)(3.0)
    assert waited == [3.0]


def test_a_provider_that_is_held_back_does_not_hold_back_another() -> None:
    """While a Mailgun that refused waits, its one hand lists a whole Postmark."""
    config = yaml(
        "m: {service: mailgun, token: {env: A}, domains: "
        f"{{{', '.join(f'd{number}.example.com: {{}}' for number in range(20))}}}}}\n"
        "p: {service: postmark, token: {env: B}, account_token: {env: C}, domains: {}, "
        "senders: {}, streams: {}, webhooks: []}\n"
    )
    account = Account()
    account.control("mailgun_us", "POST", "faults", {"path": "*", "status": 429, "times": 1})
    seen: list[list[str]] = []

    def pause(seconds: float) -> None:
        # Postmark is listed while Mailgun waits: nobody else has the one hand.
        while len(account.requests("postmark")) < 4:
            pass
        seen.append(account.requests("mailgun_us"))
        account.clock.pause(seconds)

    with Connector(
        Reader, transport=account.transport, pause=resting(pause), clock=account.clock
    ) as connector:
        sessions = {
            name: each.service.connect(each, account._tokens(each.service.name, name), connector)  # noqa: SLF001
            for name, each in config.providers.items()
        }
        plan = make_plan(config, sessions, connections=1)
    assert seen[0] == ["GET /v4/domains"]
    assert plan.count("create") == 20
