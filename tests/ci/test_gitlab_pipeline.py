"""The pipeline of the example does what it promises, from a merge request to the night after."""

import json
from pathlib import Path

import pytest
from changes import ABSENT, THREE, name_of_the_stream, rename_the_stream
from gitlab_runs import TOKEN, Project
from program import Served
from repository import Repository
from required import needs


@pytest.fixture(autouse=True)
def wanted() -> None:
    """Look for the tool before anything is begun."""
    needs("gitlab-ci-local")


@pytest.fixture
def project(tmp_path: Path, box: Served, forge: str, repository: Repository) -> Project:
    return Project(tmp_path, box, forge, repository)


def deletions(project: Project) -> list[str]:
    return [each for each in project.box.requests() if each.startswith("DELETE")]


def test_a_merge_request_is_planned_and_merged_and_looked_after(project: Project) -> None:
    project.variables = TOKEN
    project.repository.change("three", *THREE)
    planned = project.merge_request("three")
    assert planned.jobs == dict.fromkeys(("esp-validate", "esp-plan", "esp-note"), "PASS")
    (note,) = project.remembered("comments")
    assert "3 to update" in note["body"]

    applied = project.merge("three")
    assert applied.jobs == {"esp-apply": "PASS"}
    assert name_of_the_stream(project.box) == "News"

    assert project.night().jobs == {"esp-drift": "PASS"}
    rename_the_stream(project.box, "By hand")
    night = project.night()
    assert night.jobs == {"esp-drift": "WARN"}
    assert "esp_reconcile_changes{" in night.written("esp-drift", "esp.prom")
    (issue,) = project.remembered("issues")
    assert "transactional/streams/newsletter" in issue["body"]


def test_nothing_is_deleted_unless_somebody_starts_the_job_for_it(project: Project) -> None:
    project.repository.change("absent", ABSENT)
    before = deletions(project)
    assert project.merge("absent").jobs == {"esp-apply": "FAIL"}
    assert deletions(project) == before
    again = project.merge("absent", "esp-apply-deletions")
    assert again.jobs["esp-apply-deletions"] == "PASS"
    assert deletions(project)[len(before) :] == ["DELETE /v3/domains/promo.example.com"]


def test_without_a_token_there_are_the_widgets_and_no_note(project: Project) -> None:
    project.repository.change("three", *THREE)
    planned = project.merge_request("three")
    assert planned.jobs == dict.fromkeys(("esp-validate", "esp-plan"), "PASS")
    widget = json.loads(planned.written("esp-plan", "terraform.json"))
    assert widget == {"create": 0, "update": 3, "delete": 0}
    assert len(json.loads(planned.written("esp-plan", "codequality.json"))) >= 3
    assert project.remembered("comments") == []


def test_a_merge_request_of_a_fork_is_only_validated(project: Project) -> None:
    project.variables = TOKEN
    project.repository.change("three", *THREE)
    before = project.box.requests()
    assert project.merge_request("three", project="8").jobs == {"esp-validate": "PASS"}
    assert project.box.requests() == before
    assert project.remembered("comments") == []
