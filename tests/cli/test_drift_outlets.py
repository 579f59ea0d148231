"""`drift` tells what it saw: by one issue, messages and a heartbeat, which decide no exit code."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jobs import Actions, github_actions
from program import Run, Served, run

sys.path.append(str(Path(__file__).parents[1] / "messages"))
from receiver import Receiver, serving

CANARY = "c4n4ryPathThatNobodyMaySee"
NIGHT = {"ref": "refs/heads/main", "schedule": "17 3 * * *"}


@pytest.fixture
def actions(folder: Path) -> Iterator[Actions]:
    with github_actions(folder) as found:
        yield found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with serving(Receiver()) as found:
        yield found


@pytest.fixture
def applied(actions: Actions, box: Served) -> Actions:
    """Return a job of a repository whose configuration is applied."""
    assert run("apply", "--yes", cwd=actions.folder, env=box.env).code == 0
    return actions


def night(actions: Actions, box: Served, number: int, *more: str, **env: str) -> Run:
    job = {**actions.env(number=number, event=NIGHT), **box.env, **env}
    return run("drift", *more, cwd=actions.folder, env=job)


def change_by_hand(box: Served) -> None:
    box.postmark("PUT", "/server", {"TrackOpens": False})


def mend(box: Served) -> None:
    box.postmark("PUT", "/server", {"TrackOpens": True})


def test_an_issue_is_opened_kept_closed_and_opened_again(applied: Actions, box: Served) -> None:
    issue = ("--issue", "github")
    assert night(applied, box, 1, *issue).code == 0
    assert applied.issues == []
    change_by_hand(box)
    first = night(applied, box, 2, *issue)
    assert first.code == 2, first.err
    (found,) = applied.issues
    assert found["title"].startswith("Email accounts: drift, 1 different")
    assert "`tracking.opens`: `false` → `true`" in found["body"]
    body = found["body"]
    before = len(applied.world.requests)
    assert night(applied, box, 3, *issue).code == 2
    (found,) = applied.issues
    assert found["body"] == body
    assert not [each for each in applied.world.requests[before:] if not each.startswith("GET ")]
    mend(box)
    assert night(applied, box, 4, *issue).code == 0
    (found,) = applied.issues
    assert found["state"] == "closed"
    change_by_hand(box)
    night(applied, box, 5, *issue)
    (found,) = applied.issues
    assert found["state"] == "open"


def test_what_was_seen_in_part_closes_no_issue(applied: Actions, box: Served) -> None:
    issue = ("--issue", "github")
    change_by_hand(box)
    night(applied, box, 1, *issue)
    mend(box)
    path = "/v3/domains/mg.example.com/tracking"
    box.control(
        "mailgun_eu", "POST", "faults", {"method": "GET", "path": path, "status": 500, "times": 99}
    )
    partial = night(applied, box, 2, *issue)
    assert partial.code == 5, partial.out
    (found,) = applied.issues
    assert found["state"] == "open"
    blind = night(applied, box, 3, *issue, POSTMARK_SERVER_TOKEN="", MAILGUN_API_KEY="")
    assert blind.code == 1
    assert applied.issues[0]["state"] == "open"


def test_an_issue_that_cannot_be_written_is_a_warning_and_no_success(
    applied: Actions, box: Served
) -> None:
    applied.world.read_only = True
    change_by_hand(box)
    told = night(applied, box, 1, "--issue", "github")
    assert told.code == 2
    assert "Warning: the issue: " in told.err


def test_messages_and_heartbeats_are_sent_with_counts_and_a_link(
    applied: Actions, box: Served, receiver: Receiver
) -> None:
    change_by_hand(box)
    env = {"HOOK": f"{receiver.url}/{CANARY}", "PING": f"{receiver.url}/ping/{CANARY}"}
    told = night(applied, box, 7, "--notify", "env:HOOK", "--heartbeat", "env:PING", **env)
    assert told.code == 2
    assert CANARY not in told.out + told.err
    paths = [each.path for each in receiver.received]
    assert paths == [f"/ping/{CANARY}/start", f"/{CANARY}", f"/ping/{CANARY}"]
    message = json.loads(receiver.received[1].body)
    assert (message["state"], message["summary"]["unknown"]) == ("drift", 1)
    assert message["run_url"] == "https://github.example.com/octo/mail/actions/runs/7"


def test_a_heartbeat_fails_only_when_nothing_could_be_looked_at(
    actions: Actions, box: Served, receiver: Receiver
) -> None:
    env = {"PING": f"{receiver.url}/{CANARY}", "POSTMARK_SERVER_TOKEN": ""}
    assert night(actions, box, 1, "--heartbeat", "env:PING", **env).code == 1
    assert [each.path for each in receiver.received] == [f"/{CANARY}/start", f"/{CANARY}/fail"]


def test_a_receiver_that_refuses_changes_no_exit_code(applied: Actions, box: Served) -> None:
    with serving(Receiver(status=500)) as refusing:
        env = {"HOOK": f"{refusing.url}/{CANARY}"}
        told = night(
            applied, box, 1, "--notify", "slack=env:HOOK", "--heartbeat", "env:HOOK", **env
        )
    assert told.code == 0
    assert "Warning: slack (HOOK): it answered 500" in told.err
    assert CANARY not in told.err


@pytest.mark.parametrize(
    ("arguments", "env", "message"),
    [
        (("--notify", f"https://h.example.com/{CANARY}"), {}, "name the variable that holds it"),
        (("--notify", "env:HOOK"), {}, "HOOK: the variable is not set"),
        (("--heartbeat", "env:HOOK"), {"HOOK": f"http://h.example.com/{CANARY}"}, "HOOK: "),
    ],
)
def test_an_address_that_is_none_is_said_before_anything_is_read(
    actions: Actions, box: Served, arguments: tuple[str, str], env: dict[str, str], message: str
) -> None:
    told = night(actions, box, 1, *arguments, **env)
    assert (told.code, message in told.err, CANARY in told.err) == (64, True, False), told.err
    assert box.requests() == []
