"""The sticky comment of one run after the other, among what other people write."""

from dataclasses import replace

import pytest
from at_a_forge import (
    BOT,
    PULL,
    REPOSITORY,
    SERVICES,
    Service,
    at,
    bodies,
    forge_of,
    note_of,
    served,
)
from double_world import Refusal, World

from reconciler.errors import NotFound, PermissionDenied
from reconciler.forges import LONGEST_MARKER, LONGEST_TEXT, Forge, Note, Posted, Run, post, read
from reconciler.forges.marker import Marker

KEY = "esp.yaml"
MARKER = Marker("comment", KEY)


def post_of(forge: Forge, run: int, text: str | None, *, key: str = KEY) -> Posted:
    return post(forge, PULL, key, note_of(run), lambda _: text, pause=lambda _: None)


def seen_by(forge: Forge, note: Note) -> list[Note | None]:
    """Post, and return what the body could be made of."""
    seen = list[Note | None]()

    def body_of(previous: Note | None) -> str:
        seen.append(previous)
        return "text"

    post(forge, PULL, KEY, note, body_of, pause=lambda _: None)
    return seen


def texts(world: World, service: Service = "github") -> list[str]:
    return [MARKER.text(body) for body in bodies(world, service)]


@pytest.mark.parametrize("service", SERVICES)
def test_a_comment_is_made_then_kept_up_and_never_a_second_one(service: Service) -> None:
    world = World()
    with forge_of(world, service) as forge:
        assert [post_of(forge, run, f"run {run}").what for run in (1, 2, 2, 3)] == [
            "created",
            "updated",
            "unchanged",
            "updated",
        ]
    assert texts(world, service) == ["run 3"]


@pytest.mark.parametrize("service", SERVICES)
def test_a_comment_is_found_behind_300_others(service: Service) -> None:
    world = World()
    name = REPOSITORY[service]
    with forge_of(world, service) as forge:
        for number in range(150):
            world.add_comment(name, PULL, "reviewer", f"remark {number}", system=False)
        post_of(forge, 1, "first")
        for number in range(150):
            world.add_comment(name, PULL, "reviewer", f"remark {number}")
        world.requests.clear()
        assert post_of(forge, 2, "second").what == "updated"
        assert len(forge.comments(PULL)) == 301
    assert texts(world, service) == ["second"]
    assert len([each for each in world.requests if each.startswith("GET")]) == 4 * 4


def test_the_same_body_is_not_written_again() -> None:
    world = World()
    with forge_of(world) as forge:
        post_of(forge, 1, "text")
        world.comments(REPOSITORY["github"], PULL)[0]["body"] += "\r\n"
        world.requests.clear()
        assert post_of(forge, 1, "text").what == "unchanged"
    assert {each.split()[0] for each in world.requests} == {"GET"}


@pytest.mark.parametrize(("run", "attempt", "what"), [(2, 2, "updated"), (2, 1, "older")])
def test_an_attempt_counts_within_its_run(run: int, attempt: int, what: str) -> None:
    world = World()
    later = Note(Run(2, 1 if what == "updated" else 2), summary="x")
    with forge_of(world) as forge:
        post(forge, PULL, KEY, later, lambda _: "stands", pause=lambda _: None)
        note = note_of(run, attempt)
        posted = post(forge, PULL, KEY, note, lambda _: "new", pause=lambda _: None)
    assert posted.what == what
    assert texts(world) == ["new" if what == "updated" else "stands"]


def test_an_older_run_is_told_which_one_is_newer() -> None:
    world = World()
    with forge_of(world) as forge:
        post_of(forge, 10, "newer")
        posted = post_of(forge, 9, "older")
    assert (posted.what, posted.note.run) == ("older", Run(10))
    assert texts(world) == ["newer"]


def test_nothing_is_written_where_there_is_nothing_to_say() -> None:
    world = World()
    with forge_of(world) as forge:
        assert post_of(forge, 1, None).what == "quiet"
    assert bodies(world) == []
    assert {each.split()[0] for each in world.requests} == {"GET"}


def test_a_body_is_given_what_other_runs_wrote() -> None:
    with forge_of(World()) as forge:
        assert seen_by(forge, note_of(1))[0] is None
        assert seen_by(forge, note_of(2))[0] == note_of(1)
        found = seen_by(forge, note_of(3))[0]
    assert found == replace(note_of(2), history=(note_of(1).as_line(),))


def test_an_announcement_is_no_news_to_its_own_run_nor_to_another() -> None:
    with forge_of(World()) as forge:
        seen_by(forge, note_of(1))
        seen_by(forge, note_of(2, summary=""))
        assert read(forge, PULL, KEY) == note_of(1)
        assert seen_by(forge, note_of(2))[0] == note_of(1)
        seen_by(forge, note_of(3, summary=""))
        assert seen_by(forge, note_of(4))[0] == replace(note_of(2), history=(note_of(1).as_line(),))


def test_the_history_keeps_the_last_ten_and_fits() -> None:
    with forge_of(World()) as forge:
        for run in range(1, 30):
            seen_by(forge, note_of(run, summary=f"{run} \U0001f600\x00\\" * 99))
        found = seen_by(forge, note_of(30))[0]
    assert found
    assert found.run.number == 29
    assert len(found.history) == 10
    assert found.history[0].startswith("1234567890ab: 28")


def test_comments_for_two_keys_stand_side_by_side() -> None:
    world = World()
    with forge_of(world) as forge:
        post_of(forge, 1, "production")
        post_of(forge, 1, "staging", key="staging --> <!--")
        post_of(forge, 2, "staging anew", key="staging --> <!--")
    assert len(bodies(world)) == 2
    assert sum(body.startswith("staging anew") for body in bodies(world)) == 1


def test_a_marker_that_somebody_pasted_is_nobody_of_ours() -> None:
    world = World()
    with forge_of(world) as forge:
        forged = MARKER.on("gone", {"run": [10**15, 1], "summary": "all is well"})
        for author in ("mallory", "github-actions", "", "GITHUB-ACTIONS[BOT]"):
            world.add_comment(REPOSITORY["github"], PULL, author, forged)
        assert read(forge, PULL, KEY) is None
        assert post_of(forge, 1, "ours").what == "created"
        assert post_of(forge, 2, "ours anew").what == "updated"
    assert texts(world) == ["ours anew"]
    assert bodies(world, author="mallory") == [forged]


def test_another_bot_that_writes_as_we_do_is_left_alone() -> None:
    world = World()
    with forge_of(world) as forge:
        world.add_comment(REPOSITORY["github"], PULL, BOT["github"], "lint: all is well")
        post_of(forge, 1, "ours")
        post_of(forge, 2, "ours anew")
    assert bodies(world)[0] == "lint: all is well"
    assert len(bodies(world)) == 2


@pytest.mark.parametrize(
    "edited",
    [
        f"{MARKER.beginning} -->",
        f"{MARKER.beginning} data=!!! -->",
        f"{MARKER.beginning} data=bm90IEpTT04= -->",
        f"{MARKER.beginning} data=WzFd -->",
        f"{MARKER.beginning} data=AAAA",
        MARKER.on("", {"run": "x", "history": 5}).strip(),
        MARKER.on("", {"run": [True, 1]}).strip(),
        MARKER.on("", {"run": [-1, 2**70]}).strip(),
        MARKER.on("", {"run": [1], "summary": ["x"]}).strip(),
    ],
)
def test_an_edited_marker_still_marks_and_tells_nothing(edited: str) -> None:
    world = World()
    with forge_of(world) as forge:
        post_of(forge, 9, "ours")
        world.comments(REPOSITORY["github"], PULL)[0]["body"] = f"spoilt\n\n{edited}\n\nmore"
        assert read(forge, PULL, KEY) is None
        assert seen_by(forge, note_of(1))[0] == Note()
    assert texts(world) == ["text"]


def test_twins_are_merged_into_the_oldest_with_what_the_newest_says() -> None:
    world = World()
    with forge_of(world) as forge:
        for run in (3, 7, 5):
            post_of(forge, run, f"run {run}", key=f"twin {run}")
            own = world.comments(REPOSITORY["github"], PULL)[-1]
            own["body"] = MARKER.on("twin", note_of(run).as_data())
        oldest = world.comments(REPOSITORY["github"], PULL)[0]["id"]
        assert seen_by(forge, note_of(8))[0] == note_of(7)
    (left,) = world.comments(REPOSITORY["github"], PULL)
    assert left["id"] == oldest


def test_a_token_of_another_app_is_told_its_author() -> None:
    world = World(app="mail-bot")
    with served(world, "github") as url:
        for run in (1, 2):
            with at(url, "github") as forge:
                post_of(forge, run, f"run {run}")
        with at(url, "github") as forge:
            assert read(forge, PULL, KEY) == replace(note_of(2), history=(note_of(1).as_line(),))
    (left,) = world.comments(REPOSITORY["github"], PULL)
    assert left["author"] == "mail-bot[bot]"
    assert len([each for each in world.requests if each.startswith("POST")]) == 1


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_who_is_not_told_its_author_learns_it_by_what_it_wrote(status: int) -> None:
    world = World(app="mail-bot")
    world.refusals.extend(Refusal(status, "no", methods=["QUERY"]) for _ in range(2))
    with served(world, "github") as url:
        for run in (1, 2):
            with at(url, "github") as forge:
                post_of(forge, run, f"run {run}")
    (left,) = world.comments(REPOSITORY["github"], PULL)
    assert left["id"] == 1001
    assert MARKER.text(left["body"]) == "run 2"


def test_a_person_token_writes_as_that_person() -> None:
    world = World(users={"ghp_mine": "octocat"})
    with forge_of(world, token="ghp_mine") as forge:
        post_of(forge, 1, "first")
        post_of(forge, 2, "second")
    assert [MARKER.text(body) for body in bodies(world, author="octocat")] == ["second"]


@pytest.mark.parametrize("service", SERVICES)
def test_the_token_of_a_fork_may_not_write_and_that_can_be_told(service: Service) -> None:
    world = World(read_only=True)
    with forge_of(world, service) as forge, pytest.raises(PermissionDenied, match="fork"):
        post_of(forge, 1, "text")
    assert bodies(world, service) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_pull_request_that_is_not_there_is_an_error(service: Service) -> None:
    with forge_of(World(), service) as forge, pytest.raises(NotFound, match="Check the number"):
        post(forge, 404, KEY, note_of(1), lambda _: "x", pause=lambda _: None)


def test_a_body_fits_with_its_marker_or_it_is_an_error_of_ours() -> None:
    world = World()
    with forge_of(world) as forge:
        most = "\U0001f600" * (LONGEST_TEXT - LONGEST_MARKER)
        assert post_of(forge, 1, most).what == "created"
        with pytest.raises(AssertionError, match="please report"):
            post_of(forge, 2, "x" * (LONGEST_TEXT + 1))
    assert len(bodies(world)[0].encode()) <= world.most_bytes


def test_a_limit_before_the_first_write_is_waited_for() -> None:
    world, waited = World(), list[float]()
    headers = {"x-ratelimit-remaining": "0", "retry-after": "5"}
    world.refusals.append(Refusal(429, "slow down", headers, methods=["POST"]))
    with forge_of(world, pause=waited.append) as forge:
        assert post_of(forge, 1, "text").what == "created"
    assert waited == [5]
    assert len(bodies(world)) == 1
