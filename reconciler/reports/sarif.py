"""SARIF 2.1.0, as GitHub's code scanning takes it."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from reconciler.reports.problems import Problem, problems_of
from reconciler.reports.report import Report
from reconciler.reports.rules import RULES, Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST = 5_000
"""Results of one run that GitHub keeps."""


def report_as_sarif(report: Report) -> str:
    """Return a log of one run: each finding, refusal and change at its place.

    The gravest are kept when there are too many, and what is left out is told by a notification, as
    is what has no place at all.
    """
    problems = problems_of(report)
    placed = [each for each in problems if each.location]
    run = {
        "tool": {"driver": _driver(report)},
        "automationDetails": {"id": f"esp-reconcile/{report.command or 'run'}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, problems, placed)],
        "results": [_result(each) for each in placed[:_MOST]],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _driver(report: Report) -> dict[str, Any]:
    return {
        "name": "esp-reconcile",
        "version": report.run.version or "0",
        "rules": [_rule(name, rule) for name, rule in RULES.items()],
    }


def _rule(name: str, rule: Rule) -> dict[str, Any]:
    return {
        "id": name,
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": rule.full},
        "help": {"text": rule.help, "markdown": rule.help},
    }


def _invocation(
    report: Report, problems: Sequence[Problem], placed: Sequence[Problem]
) -> dict[str, Any]:
    told = [_notification(each.level, each.message) for each in problems if not each.location]
    if len(placed) > _MOST:
        text = f"{_MOST} of {len(placed)} results are told here, the gravest first."
        told.append(_notification("warning", text))
    return {
        "executionSuccessful": report.failure is None,
        "toolExecutionNotifications": told[:_MOST],
    }


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": text}}


def _result(problem: Problem) -> dict[str, Any]:
    assert problem.location  # noqa: S101 - those without were left out
    line, column = problem.location.line, max(1, problem.location.column)
    return {
        "ruleId": problem.rule,
        "ruleIndex": list(RULES).index(problem.rule),
        "level": problem.level,
        "message": {"text": problem.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(problem.location.file)},
                    "region": {"startLine": line, "startColumn": column},
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{problem.fingerprint[:16]}:1"},
    }


def _uri(file: str) -> str:
    return quote(file.removeprefix("./"), safe="/")
