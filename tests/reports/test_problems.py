"""What a report tells at a place: how grave it is, in which words, and where."""

import json
from dataclasses import replace

import pytest

from reconciler.reports.codequality import report_as_codequality
from reconciler.reports.github import annotations
from reconciler.reports.problems import LEVELS, Problem, problems_of
from reconciler.reports.report import (
    ACTIONS,
    CAUSES,
    Entry,
    Failure,
    Field,
    Found,
    Refused,
    Report,
    Said,
    Unmanaged,
)
from reconciler.reports.rules import RULES, known
from reconciler.reports.sarif import report_as_sarif
from reconciler.source import Finding, Location

HERE = Location("esp.yaml", 3, 5)


def entry(action: str = "update", *, name: str = "a", place: Location | None = HERE) -> Entry:
    address = f"m/domains/{name}.example.com"
    changed = (Field("tracking.opens", before=False, after=True, location=place),)
    fields = changed if action == "update" else ()
    return Entry(action, address, tuple(address.split("/")), location=place, fields=fields)


def told(*entries: Entry, command: str = "plan") -> list[Problem]:
    return problems_of(Report(command, "changes", entries))


def found(rule: str, message: str, place: Location = HERE, severity: str = "error") -> Report:
    finding = Finding(place, message, rule=rule)
    return Report("validate", "invalid", findings=(Found(severity, finding),))


def test_a_field_is_told_with_both_values_where_it_stands() -> None:
    (problem,) = told(entry())
    assert problem.message == "update m/domains/a.example.com: tracking.opens false -> true"
    assert (problem.rule, problem.level, problem.location) == ("update", "note", HERE)


def test_each_field_of_an_update_is_a_problem_of_its_own() -> None:
    other = Field("name", "a", "b", Location("esp.yaml", 7, 1))
    two = entry()._replace(fields=(*entry().fields, other))
    assert [each.location and each.location.line for each in told(two)] == [3, 7]


def test_a_very_long_value_is_shortened_with_a_sign_of_it() -> None:
    long = entry()._replace(fields=(Field("html", None, "x" * 10_000),))
    (problem,) = told(long)
    assert len(problem.message) < 300
    assert problem.message.endswith("…")


@pytest.mark.parametrize(
    ("outcome", "level"),
    [("failed", "error"), ("skipped", "warning"), ("overtaken", "warning"), ("applied", None)],
)
def test_what_became_of_a_change_decides_how_grave_it_is(outcome: str, level: str | None) -> None:
    for action in ACTIONS:
        problems = told(entry(action)._replace(outcome=outcome, reason="why"), command="apply")
        assert [each.level for each in problems] == ([level] if level else [])
        assert all(each.message.endswith(": why") for each in problems)


@pytest.mark.parametrize("cause", CAUSES)
def test_only_what_is_pending_is_no_warning_and_no_deletion_is_less_than_one(cause: str) -> None:
    (update,) = told(entry()._replace(cause=cause), command="drift")
    (deletion,) = told(entry("delete")._replace(cause=cause), command="drift")
    assert update.level == ("note" if cause == "pending" else "warning")
    assert deletion.level == "warning"
    assert update.rule == deletion.rule == {"unknown": "unknown-difference"}.get(cause, cause)


def test_the_gravest_stands_first_and_the_others_as_they_came() -> None:
    report = Report(
        "drift",
        "partial",
        entries=(entry(name="b"), entry("delete"), entry(name="a")),
        refused=(Refused("m/x", "name", "cannot be changed", HERE),),
        unread=(Said("m/y", "no answer"),),
        unmanaged=(Unmanaged("m/z", "domains", None, ("m", "z")),),
    )
    problems = problems_of(report)
    assert [each.rule for each in problems] == [
        *("refused", "unread", "delete", "update", "update", "unmanaged")
    ]
    ranks = [LEVELS.index(each.level) for each in problems]
    assert ranks == sorted(ranks)
    assert [each.message[17:18] for each in problems if each.rule == "update"] == ["b", "a"]


def test_unmanaged_things_are_told_by_drift_only() -> None:
    one = Unmanaged("m/z", "domains", None, ("m", "z"))
    assert problems_of(Report("plan", "in-sync", unmanaged=(one,))) == []
    (problem,) = problems_of(Report("drift", "in-sync", unmanaged=(one,)))
    assert (problem.rule, problem.level) == ("unmanaged", "note")


def test_an_error_and_its_findings_are_not_told_twice() -> None:
    report = replace(found("unknown-key", "no"), failure=Failure("ConfigError", "esp.yaml: no", 1))
    (problem,) = problems_of(report)
    assert problem.rule == "unknown-key"


def test_a_rule_that_nobody_knows_is_told_under_the_services() -> None:
    (problem,) = problems_of(found("rule-of-next-year", "no"))
    assert problem.rule == known("rule-of-next-year") == "service-rule"


def test_what_stands_nowhere_is_told_in_the_first_line_of_the_configuration() -> None:
    pruned = entry("delete", name="gone", place=None)
    problems = told(pruned, entry())
    assert problems[0].location == Location("esp.yaml", 1, 1)
    assert told(pruned)[0].location is None


@pytest.mark.parametrize("place", [Location("esp.yaml"), Location("esp.yaml", 0, 7)])
def test_a_file_as_a_whole_is_told_in_its_first_line(place: Location) -> None:
    (problem,) = problems_of(found("unreadable-file", "no", place))
    assert problem.location == Location("esp.yaml", 1, 1)


def test_a_place_without_a_file_is_none() -> None:
    report = found("wrong-value", "no", Location("", 9, 9))
    assert problems_of(report)[0].location is None
    run = json.loads(report_as_sarif(report))["runs"][0]
    assert run["results"] == []
    assert [each["level"] for each in run["invocations"][0]["toolExecutionNotifications"]] == [
        "error"
    ]
    assert json.loads(report_as_codequality(report)) == []
    assert annotations(report)[0].startswith("::error title=")


@pytest.mark.parametrize("message", ["", " ", "   "])
def test_a_message_without_a_word_is_told_by_its_rule(message: str) -> None:
    for report in (
        found("unknown-key", message),
        Report("plan", "error", failure=Failure("Error", message, 1)),
    ):
        (problem,) = problems_of(report)
        assert problem.message == RULES[problem.rule].short


def test_a_problem_is_the_same_wherever_it_stands_and_another_in_another_file() -> None:
    reports = [
        found("wrong-value", "no", Location(file, line, 1))
        for file, line in [("a.yaml", 3), ("a.yaml", 300), ("b.yaml", 3)]
    ]
    here, moved, elsewhere = (problems_of(each)[0].fingerprint for each in reports)
    assert here == moved != elsewhere
    assert len(here) == 64


def test_a_field_and_its_neighbour_have_two_fingerprints_whatever_their_values() -> None:
    def named(name: str, value: int) -> str:
        (problem,) = told(entry()._replace(fields=(Field(name, 0, value),)))
        return problem.fingerprint

    assert named("a", 1) == named("a", 2) != named("b", 1)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_what_it_is_about_and_the_way_out_within_githubs_bounds(rule: str) -> None:
    texts = [RULES[rule].short, RULES[rule].full, RULES[rule].help]
    assert all(0 < len(text) <= 1_024 for text in texts)
    assert all(text[0].isupper() and "\n" not in text for text in texts)
    assert RULES[rule].help.endswith(".")
