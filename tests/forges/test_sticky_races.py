"""One comment remains, of the newest run, whoever writes at once and in whatever order."""

import threading

import pytest
from at_a_forge import (
    BOT,
    PULL,
    REPOSITORY,
    SERVICES,
    Pause,
    Service,
    at,
    at_once,
    bodies,
    forge_of,
    jitter,
    note_of,
    served,
)
from double_world import Refusal, World

from reconciler.errors import NotConverged, OutcomeUnknown
from reconciler.forges import Forge, Note, Posted, post, read

KEY = "esp.yaml"


def said(run: int) -> str:
    return f"### Plan of run {run}"


def post_as(url: str, service: Service, run: int, pause: Pause = lambda _: None) -> Posted:
    with at(url, service) as forge:
        return post_by(run, forge, pause)


def post_by(run: int, forge: Forge, pause: Pause) -> Posted:
    return post(forge, PULL, KEY, note_of(run), lambda _: said(run), pause=pause)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("service", SERVICES)
def test_20_runs_at_once_leave_one_comment_of_the_newest(service: Service, seed: int) -> None:
    world = World(latency=jitter(seed))
    with served(world, service) as url:
        at_once(url, service, 20, post_by)
        with at(url, service) as forge:
            left = read(forge, PULL, KEY)
    assert len(bodies(world, service)) == 1
    assert bodies(world, service)[0].startswith(said(20))
    assert left
    assert left.run.number == 20


@pytest.mark.parametrize("seed", range(3))
def test_20_runs_at_once_leave_one_comment_where_several_were(seed: int) -> None:
    world = World()
    with served(world, "github") as url:
        for run in (31, 30):  # as two jobs left it that were ended in the midst
            post_as(url, "github", run)
            world.comments(REPOSITORY["github"], PULL)[-1]["author"] = "elsewhere"
        for comment in world.comments(REPOSITORY["github"], PULL):
            comment["author"] = BOT["github"]
        assert len(bodies(world)) == 2
        world.latency = jitter(seed)
        at_once(url, "github", 20, lambda job, *how: post_by(31 + job, *how))
    assert [body.startswith(said(51)) for body in bodies(world)] == [True]


def test_a_write_of_an_older_run_that_comes_late_is_written_over() -> None:
    world, is_held, may_go = World(), threading.Event(), threading.Event()
    with served(world, "github") as url:
        post_as(url, "github", 1)

        def hold(moment: str) -> None:
            if moment == "write" and not is_held.is_set():
                is_held.set()
                may_go.wait(20)

        world.latency = hold
        late = threading.Thread(target=post_as, args=(url, "github", 2))
        late.start()
        is_held.wait(20)

        def let_it_go(_: float) -> None:
            may_go.set()
            late.join()

        posted = post_as(url, "github", 3, let_it_go)
        may_go.set()
        late.join()
    assert posted.what == "updated"
    assert [body.startswith(said(3)) for body in bodies(world)] == [True]


def test_a_comment_that_is_deleted_under_a_write_is_made_again() -> None:
    world = World()
    with served(world, "github") as url:
        post_as(url, "github", 1)

        def delete_once(moment: str) -> None:
            if moment == "write":
                world.repository(REPOSITORY["github"])["comments"].clear()
                world.latency = lambda _: None

        world.latency = delete_once
        assert post_as(url, "github", 2).what == "created"
    assert [body.startswith(said(2)) for body in bodies(world)] == [True]


@pytest.mark.parametrize("is_late", [True, False])
def test_a_write_of_which_nobody_knows_whether_it_was_made_is_made_once(*, is_late: bool) -> None:
    world = World()
    world.refusals.append(Refusal(502, "Bad Gateway", methods=["POST"], is_late=is_late))
    with served(world, "github") as url:
        post_as(url, "github", 1)
    assert len(bodies(world)) == 1


def test_writes_that_always_fail_end_in_an_error() -> None:
    world = World()
    world.refusals.extend(Refusal(502, "Bad Gateway", methods=["POST"]) for _ in range(9))
    with served(world, "github") as url, pytest.raises(OutcomeUnknown, match="HTTP 502"):
        post_as(url, "github", 1)
    assert bodies(world) == []


def test_a_limit_between_look_and_write_has_it_look_again() -> None:
    world, waited = World(), list[float]()
    limit = Refusal(403, "API rate limit exceeded", {"Retry-After": "7"}, methods=["PATCH"])
    with served(world, "github") as url:
        post_as(url, "github", 1)
        world.refusals.append(limit)

        def meanwhile(seconds: float) -> None:
            waited.append(seconds)
            post_as(url, "github", 9)

        with at(url, "github", pause=meanwhile) as forge:
            posted = post(forge, PULL, KEY, note_of(2), lambda _: said(2), pause=waited.append)
    assert posted.what == "older"
    assert waited[0] == 7
    assert [body.startswith(said(9)) for body in bodies(world)] == [True]


def test_two_jobs_of_one_run_that_say_different_things_come_to_an_end() -> None:
    world = World(latency=jitter(1))
    with served(world, "github") as url:

        def job(number: int, forge: Forge, pause: Pause) -> None:
            post(forge, PULL, KEY, note_of(1), lambda _: f"job {number}", pause=pause)

        at_once(url, "github", 2, job)
    assert len(bodies(world)) == 1


def test_a_comment_that_never_stays_as_it_was_written_is_an_error() -> None:
    world = World()
    with forge_of(world) as forge:
        post(forge, PULL, KEY, note_of(1), lambda _: said(1), pause=lambda _: None)
        world.latency = lambda _: world.repository(REPOSITORY["github"])["comments"].clear()
        with pytest.raises(NotConverged, match=r"pull request 5.*concurrency"):
            post(forge, PULL, KEY, note_of(2), lambda _: said(2), pause=lambda _: None)


def test_a_comment_that_the_forge_lists_a_moment_later_is_not_made_twice() -> None:
    world, hidden = World(), list[dict[str, object]]()
    comments = world.repository(REPOSITORY["github"])["comments"]

    def lag(moment: str) -> None:
        if moment == "written" and comments:
            hidden.extend(comments)
            comments.clear()

    def appear(_: float) -> None:
        comments.extend(hidden)
        hidden.clear()

    world.latency = lag
    with forge_of(world) as forge:
        posted = post(forge, PULL, KEY, note_of(1), lambda _: said(1), pause=appear)
    assert posted.what == "created"
    assert len(bodies(world)) == 1


def test_what_an_overtaken_run_found_is_not_lost_from_the_history() -> None:
    world = World()
    with served(world, "github") as url:
        for run in (1, 2, 3):
            post_as(url, "github", run)
        with at(url, "github") as forge:
            seen = list[Note | None]()

            def body_of(note: Note | None) -> str:
                seen.append(note)
                return "text"

            post(forge, PULL, KEY, note_of(4), body_of, pause=lambda _: None)
    assert seen[0]
    assert seen[0].summary == "what run 3 found"
    assert [line.split(": ")[1] for line in seen[0].history] == [
        "what run 2 found",
        "what run 1 found",
    ]
