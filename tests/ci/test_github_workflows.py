"""The workflows of the examples do what they promise, from a pull request to the night after."""

from pathlib import Path

import pytest
from changes import ABSENT, BROKEN, THREE, TWO_ABSENT, name_of_the_stream, rename_the_stream
from github_runs import NAME, Hub
from program import Served
from repository import Repository
from required import needs


@pytest.fixture(autouse=True)
def wanted() -> None:
    """Look for the tool before anything is begun."""
    needs("act")


@pytest.fixture
def hub(tmp_path: Path, box: Served, forge: str, repository: Repository) -> Hub:
    return Hub(tmp_path, box, forge, repository)


def deletions(hub: Hub) -> list[str]:
    return [each for each in hub.box.requests() if each.startswith("DELETE")]


def test_what_is_reviewed_is_applied_and_what_is_changed_by_hand_is_found(hub: Hub) -> None:
    hub.repository.change("three", *THREE)
    planned = hub.pull_request(1, "three")
    assert planned.code == 0, planned.log
    digest = planned.report("esp-plan")["digest"]
    (comment,) = hub.comments()
    assert "3 to update" in comment["body"]
    assert digest in comment["body"]

    applied = hub.merge(1, "three")
    assert applied.code == 0, applied.log
    assert "planned and applied anew" not in applied.log
    assert applied.report("esp-applied")["plan"] == digest
    assert name_of_the_stream(hub.box) == "News"
    assert hub.repository.applied() == hub.repository.commit_of("main")
    (comment,) = hub.comments()
    assert "Applied is the plan that was reviewed here." in comment["body"]

    assert hub.night().code == 0
    rename_the_stream(hub.box, "By hand")
    night = hub.night()
    assert night.code == 1
    assert "esp_reconcile_changes{" in night.text("esp-metrics", "esp.prom")
    (issue,) = hub.issues()
    assert issue["state"] == "open"
    assert "transactional/streams/newsletter" in issue["body"]

    rename_the_stream(hub.box, "News")
    assert hub.night().code == 0
    (issue,) = hub.issues()
    assert issue["state"] == "closed"


def test_a_plan_that_became_stale_is_made_anew_with_a_word(hub: Hub) -> None:
    hub.repository.change("three", *THREE)
    hub.pull_request(1, "three")
    rename_the_stream(hub.box, "By hand")
    applied = hub.merge(1, "three")
    assert applied.code == 0, applied.log
    assert "The reviewed plan was refused: see above. It is planned and applied anew" in applied.log
    assert name_of_the_stream(hub.box) == "News"
    assert hub.repository.applied() == hub.repository.commit_of("main")
    (comment,) = hub.comments()
    assert "Applied is another plan than was reviewed here" in comment["body"]


def test_as_many_deletions_are_made_as_were_reviewed(hub: Hub) -> None:
    hub.repository.change("absent", *TWO_ABSENT)
    before = deletions(hub)
    hub.pull_request(1, "absent")
    applied = hub.merge(1, "absent")
    assert applied.code == 0, applied.log
    assert applied.report("esp-applied")["summary"]["applied"] == 2
    assert len(deletions(hub)) - len(before) == 2


def test_what_nobody_reviewed_deletes_nothing(hub: Hub) -> None:
    hub.repository.change("absent", ABSENT)
    before = deletions(hub)
    applied = hub.merge(1, "absent")
    assert applied.code == 1
    assert "There is no reviewed plan with changes. It is planned and applied anew" in applied.log
    assert applied.jobs["Apply"] == "failed"
    assert "Record what is applied" not in applied.jobs
    assert deletions(hub) == before
    (comment,) = hub.comments()
    assert "this would delete 1 domains or senders" in comment["body"]

    night = hub.night()
    assert night.jobs == {"Look for drift": "failed"}
    assert "Nothing is recorded as applied yet" in night.log


def test_what_is_not_merged_is_not_applied_by_hand_either(hub: Hub) -> None:
    hub.repository.change("three", *THREE)
    hub.pull_request(1, "three")
    assert hub.apply_by_hand("three").jobs == {}
    assert name_of_the_stream(hub.box) == "Newsletter"
    assert hub.apply_by_hand("main").jobs["Apply"] == "succeeded"


@pytest.mark.parametrize(
    ("whose", "author"), [("somebody/mail", "somebody"), (NAME, "dependabot[bot]")]
)
def test_what_comes_from_a_stranger_is_only_validated(hub: Hub, whose: str, author: str) -> None:
    hub.repository.change("three", *THREE)
    before = hub.box.requests()
    ran = hub.pull_request(1, "three", whose=whose, author=author)
    assert ran.jobs == {"Validate": "succeeded"}
    assert hub.box.requests() == before
    assert hub.comments() == []


def test_a_pull_request_that_cannot_be_planned_is_told_so(hub: Hub) -> None:
    hub.repository.change("three", *THREE)
    hub.pull_request(1, "three")
    hub.repository.change("three", BROKEN)
    ran = hub.pull_request(1, "three")
    assert ran.jobs["Validate"] == ran.jobs["Plan"] == "failed"
    assert ran.jobs["Comment"] == "succeeded"
    (comment,) = hub.comments()
    assert "Could not plan" in comment["body"]
    assert "one of postmark, mailgun is wanted" in comment["body"]
