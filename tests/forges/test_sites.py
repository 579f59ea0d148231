"""Where a job runs, told by its variables: in each form that is allowed, and in no other."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from at_a_forge import HEAD, TOKEN

from reconciler.errors import UsageError
from reconciler.forges import Run, Site, detect, site_from

OTHER = "abcdef0123456789" * 2 + "abcdef01"
GITLAB = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
    "CI_PROJECT_ID": "77",
    "CI_PROJECT_URL": "https://gitlab.example.com/group/mail",
    "CI_PROJECT_DIR": "/builds/group/mail",
    "CI_MERGE_REQUEST_IID": "12",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
    "CI_COMMIT_SHA": OTHER,
    "CI_PIPELINE_ID": "900",
    "CI_PIPELINE_URL": "https://gitlab.example.com/group/mail/-/pipelines/900",
    "ESP_RECONCILE_GITLAB_TOKEN": TOKEN,
}


@pytest.fixture
def event(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    path.write_text(json.dumps({"pull_request": {"number": 5, "head": {"sha": HEAD}}}))
    return path


def github(event: Path, **changed: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://api.github.com",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "octo/mail",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REF": "refs/pull/5/merge",
        "GITHUB_SHA": OTHER,
        "GITHUB_RUN_ID": "1234567890",
        "GITHUB_RUN_ATTEMPT": "2",
        "GITHUB_WORKSPACE": "/home/runner/work/mail/mail",
        "GITHUB_TOKEN": TOKEN,
        **changed,
    }


def site_of(event: Path, payload: Any, pull_request: int | None = None, **changed: str) -> Site:
    event.write_text(json.dumps(payload))
    return site_from(github(event, **changed), "github", pull_request=pull_request)


def test_a_pull_request_on_github_is_told_by_its_head_and_not_by_the_merge(event: Path) -> None:
    site = site_from(github(event), "github")
    assert site.token.reveal() == TOKEN
    assert TOKEN not in repr(site)
    assert (site.pull_request, site.head, site.run) == (5, HEAD, Run(1234567890, 2))
    assert site.repository == "octo/mail"
    assert site.run_url == "https://github.com/octo/mail/actions/runs/1234567890/attempts/2"
    assert site.commit_url == f"https://github.com/octo/mail/commit/{HEAD}"
    assert site.blob_url == f"https://github.com/octo/mail/blob/{HEAD}/"
    assert site.workspace == Path("/home/runner/work/mail/mail")


def test_a_merge_request_on_gitlab_is_told_by_its_branch() -> None:
    site = site_from(GITLAB, "gitlab")
    assert (site.pull_request, site.head, site.run) == (12, HEAD, Run(900, 1))
    assert site.repository == "77"
    assert site.api_url == "https://gitlab.example.com/api/v4"
    assert site.run_url == GITLAB["CI_PIPELINE_URL"]
    assert site.commit_url == f"https://gitlab.example.com/group/mail/-/commit/{HEAD}"
    assert site.blob_url == f"https://gitlab.example.com/group/mail/-/blob/{HEAD}/"


def test_a_branch_on_gitlab_leaves_it_to_the_commit() -> None:
    branch = {**GITLAB, "CI_MERGE_REQUEST_IID": "", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": ""}
    site = site_from(branch, "gitlab")
    assert (site.pull_request, site.head) == (None, OTHER)
    assert site_from(branch, "gitlab", pull_request=3).pull_request == 3


@pytest.mark.parametrize(
    ("payload", "ref", "asked", "number", "head"),
    [
        ({"pull_request": {"number": 5, "head": {"sha": HEAD}}}, "", None, 5, HEAD),
        ({"pull_request": {"number": 5, "head": {"sha": HEAD}}}, "", 5, 5, HEAD),
        ({"pull_request": {"number": 5, "head": {"sha": HEAD}}}, "", 6, 6, OTHER),
        ({"issue": {"number": 8, "pull_request": {}}}, "", None, 8, OTHER),
        ({"issue": {"number": 8}}, "refs/heads/main", None, None, OTHER),
        ({}, "refs/pull/9/merge", None, 9, OTHER),
        ({}, "refs/pull/09/merge", None, None, OTHER),
        ({}, "refs/heads/refs/pull/9/merge", None, None, OTHER),
        ({}, "refs/heads/main", None, None, OTHER),
        ({}, "refs/heads/main", 4, 4, OTHER),
        ({"workflow_run": {"head_sha": HEAD, "pull_requests": []}}, "", None, None, HEAD),
        ({"pull_request": None, "issue": None}, "refs/pull/9/head", None, 9, OTHER),
    ],
)
def test_the_pull_request_is_found_by_what_is_said_then_the_event_then_the_ref(
    event: Path, payload: Any, ref: str, asked: int | None, number: int | None, head: str
) -> None:
    site = site_of(event, payload, asked, GITHUB_REF=ref)
    assert (site.pull_request, site.head) == (number, head)


REQUIRED = [
    "GITHUB_API_URL",
    "GITHUB_SERVER_URL",
    "GITHUB_REPOSITORY",
    "GITHUB_EVENT_PATH",
    "GITHUB_SHA",
    "GITHUB_RUN_ID",
    "GITHUB_WORKSPACE",
    "GITHUB_TOKEN",
]


@pytest.mark.parametrize("missing", REQUIRED)
@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_missing_on_github_is_named(
    event: Path, missing: str, value: str | None
) -> None:
    event.write_text("{}")
    variables = {**github(event), missing: value or ""}
    if value is None:
        del variables[missing]
    with pytest.raises(UsageError, match=f"{missing}: the variable is not set") as caught:
        site_from(variables, "github")
    assert "; " in str(caught.value)


@pytest.mark.parametrize(
    "missing",
    sorted({*GITLAB} - {"GITLAB_CI", "CI_MERGE_REQUEST_IID", "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA"}),
)
def test_a_variable_that_is_missing_on_gitlab_is_named(missing: str) -> None:
    variables = {**GITLAB, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "", missing: ""}
    with pytest.raises(UsageError, match=f"{missing}: the variable is not set"):
        site_from(variables, "gitlab")


def test_a_job_token_on_gitlab_is_said_to_be_of_no_use() -> None:
    variables = {**GITLAB, "CI_JOB_TOKEN": TOKEN, "ESP_RECONCILE_GITLAB_TOKEN": ""}
    with pytest.raises(UsageError, match="CI_JOB_TOKEN cannot write notes; put a project or group"):
        site_from(variables, "gitlab")


def test_a_token_on_github_is_said_how_to_be_given(event: Path) -> None:
    with pytest.raises(UsageError, match=r"env: GITHUB_TOKEN: \$\{\{ github.token \}\}"):
        site_from(github(event, GITHUB_TOKEN=""), "github")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_API_URL", "http://api.github.com"),
        ("GITHUB_API_URL", "https://user:pass@api.github.com"),
        ("GITHUB_API_URL", "https://api.github.com?x=1"),
        ("GITHUB_API_URL", "https://api.github.com#x"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "https://api.github.com\n"),
        ("GITHUB_SERVER_URL", "javascript:alert(1)"),
        ("GITHUB_REPOSITORY", "octo"),
        ("GITHUB_REPOSITORY", "octo/mail/issues"),
        ("GITHUB_REPOSITORY", "octo/.."),
        ("GITHUB_REPOSITORY", "../user"),
        ("GITHUB_REPOSITORY", "octo/mail?x"),
        ("GITHUB_REPOSITORY", "octo/mail\n"),
        ("GITHUB_RUN_ID", "0"),
        ("GITHUB_RUN_ID", "-1"),
        ("GITHUB_RUN_ID", "1e9"),
        ("GITHUB_RUN_ID", "9" * 5000),
        ("GITHUB_RUN_ID", "٣"),
        ("GITHUB_RUN_ATTEMPT", "x"),
        ("GITHUB_SHA", "main"),
        ("GITHUB_SHA", HEAD[:12]),
        ("GITHUB_SHA", f"{HEAD}/../x"),
        ("GITHUB_TOKEN", f"{TOKEN}\nX-Evil: 1"),
        ("GITHUB_TOKEN", f" {TOKEN}"),
        ("GITHUB_TOKEN", "tökën"),
        ("GITHUB_EVENT_PATH", "/dev/null/none"),
        ("GITHUB_EVENT_PATH", "/dev/zero"),
        ("GITHUB_EVENT_PATH", "a\0b"),
    ],
)
def test_a_variable_of_a_wrong_form_is_named_and_not_quoted(
    event: Path, name: str, value: str
) -> None:
    event.write_text("{}")
    with pytest.raises(UsageError, match=f"^{name}: ") as caught:
        site_from(github(event, **{name: value}), "github")
    assert str(caught.value).isprintable()
    assert TOKEN not in str(caught.value)
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe\x00",
        b"[" * 200_000,
        b'{"pull_request": []}',
        b'{"pull_request": {}}',
        b'{"pull_request": {"number": "5"}}',
        b'{"pull_request": {"number": true}}',
        b'{"pull_request": {"number": 0}}',
        b'{"pull_request": {"number": -5}}',
        b'{"pull_request": {"number": 1e999}}',
        b'{"pull_request": {"number": 5}}',
        b'{"pull_request": {"number": 5, "head": "x"}}',
        b'{"pull_request": {"number": 5, "head": {"sha": "HEAD"}}}',
        b'{"pull_request": {"number": 5, "head": {"sha": ["x"]}}}',
        b'{"issue": {"number": "x", "pull_request": {}}}',
        b'{"issue": "pull_request"}',
        b'{"issue": 5}',
        b'{"workflow_run": {"head_sha": "x"}}',
        b'{"workflow_run": 5}',
    ],
)
def test_a_broken_payload_is_told_by_its_variable(event: Path, content: bytes) -> None:
    event.write_bytes(content)
    with pytest.raises(UsageError, match=r"^GITHUB_EVENT_PATH: the (file|payload)") as caught:
        site_from(github(event), "github")
    assert "no step before" in str(caught.value)


def test_a_huge_payload_is_not_read_whole(event: Path) -> None:
    with event.open("wb") as file:
        file.truncate(2**36)
    with pytest.raises(UsageError, match="longer than 32 MiB"):
        site_from(github(event), "github")


def test_an_attempt_that_is_not_told_is_the_first(event: Path) -> None:
    assert site_from(github(event, GITHUB_RUN_ATTEMPT=""), "github").run == Run(1234567890, 1)


def test_http_is_for_loopback_only(event: Path) -> None:
    site = site_from(github(event, GITHUB_API_URL="http://127.0.0.1:8040/"), "github")
    assert site.api_url == "http://127.0.0.1:8040"
    with pytest.raises(UsageError, match="CI_API_V4_URL: an https URL"):
        site_from({**GITLAB, "CI_API_V4_URL": "http://gitlab.example.com/api/v4"}, "gitlab")


@pytest.mark.parametrize(
    ("environ", "service"),
    [
        ({"GITHUB_ACTIONS": "true", "CI": "true"}, "github"),
        ({"GITLAB_CI": "true", "CI": "true"}, "gitlab"),
        ({"CI": "true"}, None),
        ({}, None),
    ],
)
def test_the_service_is_detected(environ: Mapping[str, str], service: str | None) -> None:
    assert detect(environ) == service


def test_runs_are_in_the_order_of_their_numbers_and_attempts() -> None:
    assert Run(9, 3) < Run(10, 1) < Run(10, 2)
