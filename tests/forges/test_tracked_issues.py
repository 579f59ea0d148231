"""The one issue for a key: opened, kept up only if something changed, closed, and reopened."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from at_a_forge import (
    BOT,
    REPOSITORY,
    SERVICES,
    Pause,
    Service,
    at,
    at_once,
    forge_of,
    jitter,
    served,
)
from double_world import Item, Refusal, World

from reconciler.errors import PermissionDenied, UnexpectedAnswer, UsageError
from reconciler.forges import LABEL, Forge, Run, Sighting, Tracked, resolve, track
from reconciler.forges.marker import Marker

KEY = "esp.yaml"
TITLE = "esp-reconcile: drift"
MARKER = Marker("issue", KEY)
TODAY = datetime.now(UTC).date()
GONE = "gone since run 9"


def track_as(
    forge: Forge,
    run: int,
    text: str = "2 drifted",
    *,
    today: date = TODAY,
    title: str = TITLE,
    key: str = KEY,
    pause: Pause = lambda _: None,
) -> Tracked:
    return track(
        forge, key, title=title, body_of=lambda _: text, run=Run(run), today=today, pause=pause
    )


def issues(world: World, service: Service = "github") -> list[Item]:
    issues: list[Item] = world.repository(REPOSITORY[service])["issues"]
    return issues


def states(world: World, service: Service = "github") -> list[tuple[str, str]]:
    return [(each["state"], MARKER.text(each["body"])) for each in issues(world, service)]


@pytest.mark.parametrize("service", SERVICES)
def test_an_issue_is_opened_kept_closed_and_reopened(service: Service) -> None:
    world = World()
    with forge_of(world, service) as forge:
        done = [
            track_as(forge, 1).what,
            track_as(forge, 2).what,
            track_as(forge, 3, "3 drifted").what,
            resolve(forge, KEY, comment=GONE, run=Run(4)).what,
            resolve(forge, KEY, comment=GONE, run=Run(5)).what,
            track_as(forge, 6, "1 drifted").what,
        ]
    assert done == ["opened", "unchanged", "updated", "closed", "quiet", "reopened"]
    assert states(world, service) == [("open", "1 drifted")]
    number = issues(world, service)[0]["number"]
    told = world.comments(REPOSITORY[service], number)
    assert [each["body"] for each in told] == [GONE]
    assert issues(world, service)[0]["labels"] == [LABEL]


def test_the_issue_of_an_app_is_found_and_closed_by_later_jobs() -> None:
    world = World(app="mail-bot")
    with served(world, "github") as url:
        for run in (1, 2):
            with at(url, "github") as forge:
                track_as(forge, run)
        with at(url, "github") as forge:
            assert resolve(forge, KEY, comment=GONE, run=Run(3)).what == "closed"
    assert states(world) == [("closed", "2 drifted")]


def test_what_has_not_changed_is_not_written() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 1)
        issues(world)[0]["body"] = issues(world)[0]["body"].replace("\n", "\r\n")
        world.requests.clear()
        assert track_as(forge, 2, today=TODAY + timedelta(1)).what == "unchanged"
    assert {each.split()[0] for each in world.requests} == {"GET"}


def test_another_title_is_written() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 1)
        assert track_as(forge, 2, title="drift,\n  2 objects").what == "updated"
    assert issues(world)[0]["title"] == "drift, 2 objects"


@pytest.mark.parametrize(("days", "what"), [(0, "reopened"), (14, "reopened"), (15, "opened")])
def test_one_that_was_closed_within_14_days_is_opened_again(days: int, what: str) -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 1)
        resolve(forge, KEY, comment=GONE, run=Run(2))
        closed = TODAY - timedelta(days)
        issues(world)[0]["closed_at"] = f"{closed.isoformat()}T23:59:59Z"
        assert track_as(forge, 3).what == what
    assert len([state for state, _ in states(world) if state == "open"]) == 1


def test_a_body_is_given_since_when_there_is_something_to_see() -> None:
    seen = list[Sighting | None]()

    def body_of(sighting: Sighting | None) -> str:
        seen.append(sighting)
        return f"text {len(seen)}"

    with forge_of(World()) as forge:
        for run in (1, 2, 3):
            today = TODAY + timedelta(run)
            track(
                forge,
                KEY,
                title=TITLE,
                body_of=body_of,
                run=Run(run),
                today=today,
                pause=lambda _: None,
            )
    first = TODAY + timedelta(1)
    assert seen[0] is None
    assert Sighting(Run(1), first, first) in seen
    assert seen[-1] == Sighting(Run(3), first, TODAY + timedelta(3))


def test_a_body_that_the_forge_drops_in_silence_is_an_error() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 1, "short")
        world.most_bytes = 4_000
        with pytest.raises(UnexpectedAnswer, match=r"did not take its body of 5\d+ characters"):
            track_as(forge, 2, "x" * 5_000)
    assert states(world) == [("open", "short")]


def test_text_that_is_no_unicode_is_written_once() -> None:
    world, odd = World(), "a\udcff.yaml"
    with forge_of(world) as forge:
        assert track_as(forge, 1, odd, title=odd).what == "opened"
        assert track_as(forge, 2, odd, title=odd).what == "unchanged"
    assert states(world) == [("open", "a?.yaml")]
    assert issues(world)[0]["title"] == "a?.yaml"


def test_an_older_run_neither_writes_nor_closes() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 5, "newer")
        assert track_as(forge, 4, "older").what == "older"
        assert resolve(forge, KEY, comment=GONE, run=Run(4)).what == "older"
    assert states(world) == [("open", "newer")]


def test_twins_are_merged_into_the_oldest() -> None:
    world = World()
    with forge_of(world) as forge:
        for run in (3, 7, 5):
            track_as(forge, run, key=f"{run}")
            day = (TODAY - timedelta(run)).isoformat()
            data = {"run": [run, 1], "first": day, "last": day}
            issues(world)[-1]["body"] = MARKER.on(f"run {run}", data)
        assert track_as(forge, 8, "merged").what == "updated"
    assert states(world) == [("open", "merged"), ("closed", "run 7"), ("closed", "run 5")]
    assert MARKER.data(issues(world)[0]["body"])["first"] == (TODAY - timedelta(7)).isoformat()


def test_all_twins_are_closed_and_one_says_why() -> None:
    world = World()
    with forge_of(world) as forge:
        for run in (3, 7):
            track_as(forge, run, key=f"{run}")
            issues(world)[-1]["body"] = MARKER.on("x", {"run": [run, 1]})
        resolve(forge, KEY, comment=GONE, run=Run(8))
    assert [state for state, _ in states(world)] == ["closed", "closed"]
    assert len(world.repository(REPOSITORY["github"])["comments"]) == 1


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("seed", range(2))
def test_10_runs_at_once_leave_one_open_issue_of_the_newest(service: Service, seed: int) -> None:
    world = World(latency=jitter(seed))

    def job(run: int, forge: Forge, pause: Pause) -> None:
        track_as(forge, run, f"run {run}", pause=pause)

    with served(world, service) as url:
        at_once(url, service, 10, job)
    assert [text for state, text in states(world, service) if state == "open"] == ["run 10"]


def _as_pull(world: World, body: str) -> None:
    world.add_pull(REPOSITORY["github"], 5, author=BOT["github"], body=body, labels=[LABEL])


def _by_mallory(world: World, body: str) -> None:
    content = {"title": TITLE, "body": body, "labels": [LABEL]}
    world.add_issue(REPOSITORY["github"], "mallory", content)


def _without_label(world: World, body: str) -> None:
    world.add_issue(REPOSITORY["github"], BOT["github"], {"title": TITLE, "body": body})


def _without_marker(world: World, _: str) -> None:
    content = {"title": TITLE, "body": "by hand", "labels": [LABEL]}
    world.add_issue(REPOSITORY["github"], BOT["github"], content)


@pytest.mark.parametrize("add", [_as_pull, _by_mallory, _without_label, _without_marker])
def test_what_lacks_label_marker_or_author_is_not_ours(add: Callable[[World, str], None]) -> None:
    world = World()
    with forge_of(world) as forge:
        add(world, MARKER.on("forged", {"run": [10**9, 1]}))
        before = len(issues(world))
        assert resolve(forge, KEY, comment=GONE, run=Run(1)).what == "quiet"
        assert track_as(forge, 1).what == "opened"
        assert track_as(forge, 2, "more").what == "updated"
    assert len(issues(world)) == before + 1


def test_an_issue_is_found_behind_250_others_with_its_label() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 1)
        for number in range(250):
            content = {"title": f"{number}", "labels": [LABEL]}
            world.add_issue(REPOSITORY["github"], "somebody", content)
        assert track_as(forge, 2).what == "unchanged"
    assert not any("search" in each for each in world.requests)


def test_an_edited_marker_still_marks_and_remembers_nothing() -> None:
    world = World()
    with forge_of(world) as forge:
        track_as(forge, 9)
        for edited in (f"{MARKER.beginning} -->", MARKER.on("", {"run": [1, 1], "first": "x"})):
            issues(world)[0]["body"] = f"spoilt\n{edited}"
            assert track_as(forge, 1).what == "updated"
    assert states(world) == [("open", "2 drifted")]


def test_an_opening_of_which_nobody_knows_is_made_once() -> None:
    world = World()
    world.refusals.append(Refusal(502, "x", methods=["POST"], is_late=True))
    with forge_of(world) as forge:
        track_as(forge, 1)
    assert len(issues(world)) == 1


def test_a_limit_is_waited_for_when_an_issue_is_closed() -> None:
    world, waited = World(), list[float]()
    limit = [Refusal(429, "x", {"retry-after": "3"}, methods=["PATCH", "POST"])]
    with forge_of(world, pause=waited.append) as forge:
        track_as(forge, 1)
        world.refusals.extend(limit * 2)
        assert resolve(forge, KEY, comment=GONE, run=Run(2)).what == "closed"
    assert waited == [3, 3]


def test_a_token_that_may_not_write_issues_is_told() -> None:
    with forge_of(World(read_only=True)) as forge, pytest.raises(PermissionDenied, match="issues"):
        track_as(forge, 1)


@pytest.mark.parametrize("label", ["", "a,b", "x" * 51, " x", "a\nb", "a\x1bb"])
def test_a_label_that_no_forge_takes_is_refused(label: str) -> None:
    with forge_of(World()) as forge, pytest.raises(UsageError, match="1 to 50 characters"):
        track(
            forge,
            KEY,
            title=TITLE,
            body_of=lambda _: "",
            run=Run(1),
            today=TODAY,
            label=label,
        )
