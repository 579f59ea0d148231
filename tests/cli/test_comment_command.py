"""`comment`: one for a pull request, of the newest run, with the plan that it is for."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from jobs import HEAD, MERGE, OTHER_HEAD, PULL, TOKEN, Actions, github_actions
from program import Run, Served, run

COMMENT = ("comment", "report.json", "--to", "github")


@pytest.fixture
def actions(folder: Path) -> Iterator[Actions]:
    with github_actions(folder) as found:
        yield found


@pytest.fixture
def planned(actions: Actions, box: Served) -> Actions:
    """Return a job whose plan of the example is saved, with changes of every kind."""
    assert actions.saved("plan", env=box.env).code == 0
    return actions


def plan_with_other_head(actions: Actions, box: Served) -> None:
    actions.world.add_pull("octo/mail", PULL, head=OTHER_HEAD)
    assert actions.saved("plan", head=OTHER_HEAD, number=2, env=box.env).code == 0


def test_a_plan_is_commented_once_and_brought_up_to_date(planned: Actions, box: Served) -> None:
    first = planned.run(*COMMENT)
    assert (first.code, first.out.split(".")[0]) == (0, "Comment of pull request 5: made")
    (body,) = planned.comments
    assert "### esp-reconcile plan: 7 to create, 4 to update, 1 to delete" in body
    assert f"[`{HEAD[:12]}`](https://github.example.com/octo/mail/commit/{HEAD})" in body
    assert f"(https://github.example.com/octo/mail/blob/{HEAD}/esp.yaml#L16)" in body
    assert "Plan digest: `sha256:" in body
    assert "DNS records still to be published after the apply" in body
    again = planned.run(*COMMENT)
    assert "left as it is: it says this already" in again.out
    plan_with_other_head(planned, box)
    assert planned.run(*COMMENT, number=2, head=OTHER_HEAD).code == 0
    (body,) = planned.comments
    assert f"for [`{OTHER_HEAD[:12]}`]" in body
    assert f"- {HEAD[:12]}: plan: 7 create, 4 update, 1 delete" in body


def test_an_older_run_overwrites_nothing(planned: Actions) -> None:
    planned.run(*COMMENT, number=9)
    before = planned.comments
    late = planned.run(*COMMENT, number=8)
    assert "a newer run wrote it" in late.out
    assert planned.comments == before


def test_a_plan_in_the_making_is_announced_in_a_comment_that_is_there(planned: Actions) -> None:
    assert planned.run("comment", "--planning", number=1).code == 0
    assert planned.comments == []
    planned.run(*COMMENT, number=1)
    assert planned.run("comment", "--planning", number=2, head=OTHER_HEAD).code == 0
    (body,) = planned.comments
    assert f"### esp-reconcile: planning `{OTHER_HEAD[:12]}`" in body
    assert f"What stood here was for `{HEAD[:12]}`: plan: 7 create, 4 update, 1 delete" in body


def test_a_plan_that_failed_says_so_and_what_stood_there(planned: Actions) -> None:
    planned.run(*COMMENT, number=1)
    failed = planned.saved("plan", number=2, head=OTHER_HEAD)
    assert failed.code == 1
    assert planned.run(*COMMENT, number=2, head=OTHER_HEAD).code == 0
    (body,) = planned.comments
    assert f"Could not plan for `{OTHER_HEAD[:12]}`." in body
    assert f"What stood here was for `{HEAD[:12]}`" in body
    assert r"POSTMARK\_SERVER\_TOKEN is not set ([esp.yaml:7](" in body


def test_a_job_that_ended_early_leaves_no_comment_of_before(planned: Actions) -> None:
    planned.run(*COMMENT, number=1)
    assert planned.run("comment", "--failed", number=2, head=OTHER_HEAD).code == 0
    (body,) = planned.comments
    assert f"Could not plan for `{OTHER_HEAD[:12]}`." in body
    assert "The job ended before it had a plan" in body
    assert f"What stood here was for `{HEAD[:12]}`" in body


def test_nothing_to_change_makes_no_comment_and_shortens_one(planned: Actions, box: Served) -> None:
    planned.run(*COMMENT, number=1)
    run("apply", "--yes", cwd=planned.folder, env=box.env)
    planned.saved("plan", number=2, env=box.env)
    planned.run(*COMMENT, number=2)
    (body,) = planned.comments
    assert "### esp-reconcile plan: No changes" in body
    assert "**" not in body
    planned.world.repository("octo/mail")["comments"].clear()
    assert "there is nothing to say" in planned.run(*COMMENT, number=3).out
    assert planned.comments == []


def test_what_was_applied_stands_in_the_same_comment(planned: Actions, box: Served) -> None:
    run("plan", "--out", "p.json", cwd=planned.folder, env=box.env)
    planned.run(*COMMENT, number=1)
    applied = planned.saved("apply", "--plan", "p.json", "--yes", number=2, env=box.env)
    assert applied.code == 0
    planned.world.add_pull("octo/mail", PULL, head=HEAD, state="closed", merged_as=MERGE)
    done = planned.run(*COMMENT, number=2, event={"ref": "refs/heads/main"})
    assert done.code == 0, done
    (body,) = planned.comments
    assert "### esp-reconcile apply: 12 applied, 0 failed, 0 skipped" in body
    assert "Applied is the plan that was reviewed here." in body
    assert "DNS records still to be published" in body


def test_another_plan_than_was_reviewed_is_named(planned: Actions, box: Served) -> None:
    planned.run(*COMMENT, number=1)
    only = ("--only", "marketing")
    assert planned.saved("apply", "--yes", *only, number=2, env=box.env).code == 0
    planned.run(*COMMENT, number=2)
    assert "Applied is another plan than was reviewed here" in planned.comments[0]


def test_the_plan_that_was_reviewed_is_told_after_the_merge(planned: Actions) -> None:
    planned.run(*COMMENT, number=41)
    planned.world.add_pull("octo/mail", PULL, head=HEAD, state="closed", merged_as=MERGE)
    event = {"ref": "refs/heads/main"}
    told = planned.run("comment", "--reviewed", event=event, number=42)
    digest = json.loads((planned.folder / "report.json").read_text())["digest"]
    assert (told.code, told.json["digest"], told.json["run-id"]) == (0, digest, "41")
    assert planned.outputs == planned.outputs | {"digest": digest, "run-id": "41", "head": HEAD}
    planned.world.add_pull("octo/mail", PULL, head=OTHER_HEAD, state="closed", merged_as=MERGE)
    late = planned.run("comment", "--reviewed", event=event, number=43)
    assert late.code == 1
    assert f"is for {HEAD[:12]}, and not for {OTHER_HEAD[:12]}, which was merged" in late.err


def test_without_a_plan_nothing_was_reviewed(actions: Actions) -> None:
    told = actions.run("comment", "--reviewed")
    assert told.code == 1
    assert "no comment shows a plan with changes" in told.err


def test_a_token_of_a_fork_leaves_it_to_the_summary_with_exit_code_0(planned: Actions) -> None:
    planned.world.read_only = True
    (planned.folder / "summary").unlink(missing_ok=True)
    done = planned.run(*COMMENT)
    assert done.code == 0
    assert "may only read" in done.err
    assert "### esp-reconcile plan: 7 to create" in planned.summary
    assert planned.comments == []


def test_a_report_of_another_repository_is_refused(planned: Actions) -> None:
    env = planned.env() | {"GITHUB_REPOSITORY": "octo/other"}
    done = run(*COMMENT, cwd=planned.folder, env=env)
    assert done.code == 1
    assert "report.json: it is of octo/mail, and this is octo/other" in done.err
    assert planned.comments == []


def test_runs_at_once_leave_the_comment_of_the_newest(planned: Actions) -> None:
    done: list[Run] = []
    threads = [
        Thread(target=lambda number=number: done.append(planned.run(*COMMENT, number=number)))
        for number in range(1, 5)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.code for each in done] == [0] * 4
    (body,) = planned.comments
    assert re.findall(r"/actions/runs/(\d+)", body) == ["4"], [each.out for each in done]


def test_the_token_is_nowhere(planned: Actions) -> None:
    done = planned.run(*COMMENT)
    told = done.out + done.err + "".join(planned.comments)
    assert TOKEN not in told + (planned.folder / "report.json").read_text()


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        ("GITHUB_TOKEN", "GITHUB_TOKEN: the variable is not set"),
        ("GITHUB_RUN_ID", "GITHUB_RUN_ID: the variable is not set"),
        ("GITHUB_API_URL", "GITHUB_API_URL: the variable is not set"),
    ],
)
def test_a_variable_that_is_missing_is_named(planned: Actions, missing: str, told: str) -> None:
    env = {name: value for name, value in planned.env().items() if name != missing}
    done = run(*COMMENT, cwd=planned.folder, env=env)
    assert (done.code, told in done.err) == (64, True), done.err
    assert planned.comments == []


def test_outside_of_ci_the_forge_has_to_be_named(folder: Path) -> None:
    done = run("comment", "--planning", cwd=folder)
    assert done.code == 64
    assert "this runs in nobody's CI" in done.err


@pytest.mark.parametrize("arguments", [(), ("x.json", "--planning"), ("--planning", "--reviewed")])
def test_one_thing_is_commented_at_a_time(folder: Path, arguments: tuple[str, ...]) -> None:
    assert run("comment", *arguments, cwd=folder).code == 64
