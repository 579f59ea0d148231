"""A saved report may be written by anybody: it is read as what it is, or refused in a sentence."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import ROOT, Shelves, desired, live, snapshot

from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.plandocument import as_json, digest_of, plan_as_document
from reconciler.errors import ConfigError, InvalidReport, ReadFailed, ReconcileError
from reconciler.reports.documents import error_as_document, findings_as_document
from reconciler.reports.reading import report_from, report_of
from reconciler.reports.text import plan_as_text, report_as_text
from reconciler.source import Finding, Location

SHELVES = Shelves()
A, B, C = (ROOT / "shelves" / name for name in "abc")

Document = dict[str, Any]


def planned() -> Plan:
    wanted = (desired(SHELVES, A, depth=2), desired(SHELVES, B, depth=3))
    alive = (live(SHELVES, A, "1", depth=1), live(SHELVES, C, "3", depth=1))
    return build_plan(desired=snapshot(*wanted), live=snapshot(*alive), config_digest="sha256:x")


def anew(document: Document) -> Document:
    """Return a forged plan with a digest that is right."""
    content = {key: value for key, value in document.items() if key != "digest"}
    return content | {"digest": digest_of(content)}


def test_a_saved_plan_is_told_as_the_fresh_one_is() -> None:
    plan = planned()
    saved = report_from(as_json(plan_as_document(plan)), "plan.json")
    assert report_as_text(saved) == plan_as_text(plan)
    assert (saved.state, saved.count("create"), saved.count("update")) == ("changes", 1, 1)


def test_places_are_told_as_they_are_asked_for() -> None:
    error = ConfigError([Finding(Location("esp.yaml", 3, 5), "no", "unknown-key", "yes")])
    report = report_of(findings_as_document(error), lambda file: f"conf/{file}")
    (found,) = report.findings
    assert found.finding.location == Location("conf/esp.yaml", 3, 5)
    assert (found.finding.rule, found.finding.suggestion) == ("unknown-key", "yes")


def test_an_error_is_a_report_too() -> None:
    error = ReadFailed([("marketing", ReconcileError("no answer"))])
    report = report_of(error_as_document(error, "plan"))
    assert report.failure is not None
    assert (report.command, report.state) == ("plan", "error")
    assert report_as_text(report) == "marketing: no answer"


def test_an_error_in_the_yaml_keeps_its_findings() -> None:
    error = ConfigError([Finding(Location("esp.yaml", 3, 5), "no")])
    report = report_of(error_as_document(error, "plan"))
    assert report_as_text(report) == "esp.yaml:3:5: no"


def test_what_a_run_adds_is_no_part_of_the_plan() -> None:
    document = plan_as_document(planned()) | {"run": {"version": "1", "exit_code": 2, "ended": 9.5}}
    report = report_of(document)
    assert (report.run.exit_code, report.run.ended, report.run.head) == (2, 9.5, "")


def test_an_edited_plan_is_refused() -> None:
    document = plan_as_document(planned())
    document["summary"]["create"] = 0
    with pytest.raises(InvalidReport, match=r"^p\.json: edited or damaged since it was written"):
        report_from(as_json(document), "p.json")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "3",
        '"plan"',
        "{}",
        '{"format_version": "2"}',
        '{"format_version": "1"}',
        '{"format_version": "1", "command": "rm", "state": "in-sync"}',
        '{"format_version": "1", "command": "plan", "state": "lost"}',
        '{"format_version": "1", "command": "plan", "state": "changes", "changes": {}}',
        '{"format_version": "1", "command": "plan", "state": "changes", "changes": [3]}',
        '{"format_version": "1", "error": null}',
        '{"format_version": "1", "command": "plan", "state": "in-sync", "coverage": {"a": 1e999}}',
        '{"format_version": "1", "command": "plan", "state": "in-sync", "coverage": {"a": NaN}}',
        '{"format_version": "1", "command": "plan", "state": "in-sync", "summary": {"a": 1'
        + "0" * 400
        + "}}",
        '{"format_version": "1", "error": {"type": "X", "message": 3}}',
        "[" * 100_000,
        '{"a":' * 10_000 + "1" + "}" * 10_000,
        '{"format_version": "1", "command": "plan", "state": "in-sync", "notes": '
        + "[" * 500
        + "]" * 500
        + "}",
    ],
)
def test_what_is_no_report_is_refused_by_name(text: str) -> None:
    with pytest.raises(InvalidReport, match=r"^saved\.json: "):
        report_from(text, "saved.json")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(InvalidReport, match=r"^saved\.json: "):
        report_from(b"\xff\xfe{}", "saved.json")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below),
    max_leaves=5,
)


@given(data=st.data(), value=VALUES)
def test_a_forged_value_anywhere_is_read_or_refused(data: st.DataObject, value: Any) -> None:
    document: Document = json.loads(as_json(plan_as_document(planned())))
    place: Any = document
    while True:
        key = data.draw(
            st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))
        )
        below = place[key]
        if not isinstance(below, dict | list) or not below or data.draw(st.booleans()):
            place[key] = value
            break
        place = below
    try:
        report = report_from(as_json(anew(document)), "forged.json")
    except InvalidReport:
        return
    report_as_text(report)
