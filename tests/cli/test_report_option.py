"""`--report` and `report`: one run, told in as many formats as its readers want."""

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jobs import Actions, github_actions
from program import Served, run

EVERY = ("text", "json", "markdown", "sarif", "codequality", "terraform", "metrics")
BROKEN = "version: 1\nproviders:\n  m:\n    service: mailgun\n    tokn: {env: A}\n"


@pytest.fixture
def actions(folder: Path) -> Iterator[Actions]:
    with github_actions(folder) as found:
        yield found


def reports(where: str = "out") -> list[str]:
    return [part for each in EVERY for part in ("--report", f"{each}={where}.{each}")]


def test_one_plan_is_told_in_every_format(box: Served, folder: Path) -> None:
    planned = run("plan", *reports(), cwd=folder, env=box.env)
    assert planned.code == 0
    assert "Plan: 7 to create, 4 to update, 1 to delete." in planned.out
    found = {each: (folder / f"out.{each}").read_text() for each in EVERY}
    assert found["text"] == planned.out
    assert json.loads(found["json"])["run"]["exit_code"] == 0
    assert json.loads(found["terraform"]) == {"create": 7, "update": 4, "delete": 1}
    assert json.loads(found["sarif"])["runs"][0]["results"]
    assert {each["location"]["path"] for each in json.loads(found["codequality"])} == {"esp.yaml"}
    assert "esp_reconcile_last_run_exit_code" in found["metrics"]
    assert found["markdown"].startswith("### esp-reconcile plan: 7 to create")


def test_a_saved_report_is_told_the_same_without_tokens(box: Served, folder: Path) -> None:
    run("plan", *reports("one"), cwd=folder, env=box.env)
    again = run("report", "one.json", *reports("two"), cwd=folder)
    assert (again.code, again.err) == (0, "")
    for each in EVERY:
        one, two = ((folder / f"{name}.{each}").read_text() for name in ("one", "two"))
        assert one == two, each
    assert again.out == (folder / "one.text").read_text()


def test_a_plan_that_was_saved_to_be_applied_is_a_report(box: Served, folder: Path) -> None:
    planned = run("plan", "--out", "p.json", cwd=folder, env=box.env)
    assert run("report", "p.json", cwd=folder).out == planned.out


def test_an_apply_and_its_failure_are_told(box: Served, folder: Path) -> None:
    fault = {"method": "POST", "path": "/message-streams", "status": 422, "times": 9}
    box.control("postmark", "POST", "faults", fault)
    applied = run("apply", "--yes", *reports(), cwd=folder, env=box.env)
    assert applied.code == 5
    document = json.loads((folder / "out.json").read_text())
    assert (document["state"], document["run"]["exit_code"]) == ("partial", 5)
    results = json.loads((folder / "out.sarif").read_text())["runs"][0]["results"]
    assert {each["ruleId"] for each in results} >= {"failed"}
    assert "applied" not in {each["ruleId"] for each in results}
    assert "**Failed (" in (folder / "out.markdown").read_text()


def test_an_error_is_told_by_every_report(folder: Path) -> None:
    failed = run("plan", *reports(), cwd=folder)
    assert failed.code == 1
    error = json.loads((folder / "out.json").read_text())["error"]
    assert "POSTMARK_SERVER_TOKEN" in error["message"]
    sarif = json.loads((folder / "out.sarif").read_text())["runs"][0]
    assert sarif["invocations"][0]["executionSuccessful"] is False
    regions = [each["locations"][0]["physicalLocation"]["region"] for each in sarif["results"]]
    assert regions == [
        {"startLine": line, "startColumn": column} for line, column in ((7, 12), (8, 20), (25, 12))
    ]
    assert "esp_reconcile_changes" not in (folder / "out.metrics").read_text()
    found = json.loads((folder / "out.codequality").read_text())
    assert [each["location"]["lines"]["begin"] for each in found] == [7, 8, 25]


def test_findings_are_data_with_what_was_meant(folder: Path) -> None:
    (folder / "esp.yaml").write_text(BROKEN)
    told = run("validate", "--format", "json", *reports(), cwd=folder)
    assert told.code == 1
    assert told.json["findings"] == [
        {
            "severity": "error",
            "rule": "unknown-key",
            "file": "esp.yaml",
            "line": 5,
            "column": 5,
            "message": "unknown key `tokn`; did you mean `token`?",
            "suggestion": "token",
        }
    ]
    (entry,) = json.loads((folder / "out.codequality").read_text())
    assert entry["location"] == {"path": "esp.yaml", "lines": {"begin": 5}}
    good = run("validate", "--format", "json", cwd=folder.parent / folder.name)
    assert good.json["state"] == "invalid"


def test_github_is_told_by_annotations_summary_and_outputs(actions: Actions, box: Served) -> None:
    planned = actions.saved("plan", "--report", "github", env=box.env)
    assert planned.code == 0
    lines = [line for line in planned.err.splitlines() if line.startswith("::")]
    assert any(line.startswith("::warning file=esp.yaml,line=16,col=") for line in lines)
    assert all(re.match(r"::(error|warning|notice) ", line) for line in lines)
    assert "### esp-reconcile plan: 7 to create" in actions.summary
    outputs = actions.outputs
    assert (outputs["exit-code"], outputs["state"], outputs["delete"]) == ("0", "changes", "1")
    assert json.loads(outputs["counts"])["create"] == 7
    assert outputs["digest"].startswith("sha256:")


def test_a_file_below_the_top_of_the_repository_is_told_from_there(
    actions: Actions, box: Served
) -> None:
    below = actions.folder / "mail" / "conf"
    below.mkdir(parents=True)
    (actions.folder / "esp.yaml").rename(below / "esp.yaml")
    env = {**actions.env(), **box.env}
    planned = run("plan", "conf", "--report", "github", *reports(), cwd=below.parent, env=env)
    assert planned.code == 0
    assert "file=mail/conf/esp.yaml,line=16" in planned.err
    results = json.loads((below.parent / "out.sarif").read_text())["runs"][0]["results"]
    uris = {each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in results}
    assert uris == {"mail/conf/esp.yaml"}
    actions.world.repository("octo/mail")
    (below.parent / "out.json").rename(actions.folder / "report.json")
    assert actions.run("comment", "report.json").code == 0
    assert "/mail/conf/esp.yaml#L16)" in actions.comments[0]


def test_a_report_without_a_file_takes_standard_output(box: Served, folder: Path) -> None:
    planned = run("plan", "--report", "terraform", cwd=folder, env=box.env)
    assert json.loads(planned.out) == {"create": 7, "update": 4, "delete": 1}
    applied = run("apply", "--yes", "--report", "json", cwd=folder, env=box.env)
    assert applied.json["state"] == "applied"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--report", "xml"], "'xml' is not one of text, json, markdown"),
        (["--report", "json="], "name the file: json=FILE"),
        (["--report", "github=x"], "the files that GitHub's variables name"),
        (["--report", "json", "--report", "sarif"], "only one report can go to standard output"),
        (["--report", "sarif", "--format", "json"], "only one report can go to standard output"),
        (["--report", "json=no/such/folder/x"], "its folder is not there"),
        (["--report", "json=."], "this is a folder"),
        (["--report", "json=esp.yaml"], "a configuration may be called so"),
    ],
)
def test_what_cannot_be_written_is_said_before_anything_is_read(
    box: Served, folder: Path, arguments: list[str], told: str
) -> None:
    refused = run("plan", *arguments, cwd=folder, env=box.env)
    assert (refused.code, told in refused.err) == (64, True), refused.err
    assert box.requests() == []


def test_a_report_that_cannot_be_written_any_more_stops_no_apply(box: Served, folder: Path) -> None:
    applied = run("apply", "--yes", "--report", "json=/dev/full", cwd=folder, env=box.env)
    assert applied.code == 0
    assert "Warning: --report json=/dev/full: No space left on device" in applied.err


def test_a_report_is_replaced_in_one_step_and_is_for_everybody(box: Served, folder: Path) -> None:
    (folder / "out.json").write_text("old")
    before = (folder / "out.json").stat().st_ino
    run("plan", "--report", "json=out.json", cwd=folder, env=box.env)
    after = (folder / "out.json").stat()
    assert after.st_ino != before
    mask = os.umask(0o022)
    os.umask(mask)
    assert stat.S_IMODE(after.st_mode) == 0o666 & ~mask
    assert sorted(each.name for each in folder.iterdir()) == ["esp.yaml", "out.json"]


def forged(document: Any) -> str:
    return json.dumps({"format_version": "1", "command": "plan", **document})


@pytest.mark.parametrize(
    "text", ["", "{", "[]", forged({}), forged({"state": "changes", "changes": [{"action": "rm"}]})]
)
def test_what_is_no_report_is_refused(folder: Path, text: str) -> None:
    (folder / "x.json").write_text(text)
    refused = run("report", "x.json", *reports(), cwd=folder)
    assert refused.code == 1
    assert refused.err.startswith("Error: x.json: ")
    assert json.loads((folder / "out.json").read_text())["error"]["message"].startswith("x.json: ")


def test_a_report_can_come_through_a_pipe_and_a_missing_one_is_said(folder: Path) -> None:
    missing = run("report", "none.json", cwd=folder)
    assert (missing.code, missing.err) == (
        1,
        "Error: none.json: No such file or directory; `--report json=FILE` saves one\n",
    )
    assert run("report", "-", cwd=folder).code == 1
