"""SARIF 2.1.0, as GitHub's code scanning takes it."""

import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from reconciler.reports.problems import Problem, problems_of
from reconciler.reports.report import Report
from reconciler.reports.rules import RULES, Rule

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_MOST = 5_000
"""Results of one run that GitHub keeps."""
_MARK = "\u200b"
"""A space of no width."""


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
    cut = [*_left_out("results", len(placed)), *_left_out("notifications", len(told))]
    return {
        "executionSuccessful": report.failure is None,
        "toolExecutionNotifications": told[:_MOST] + cut,
    }


def _left_out(what: str, number: int) -> Iterator[dict[str, Any]]:
    if number > _MOST:
        text = f"{_MOST} of {number} {what} are told here, the gravest first."
        yield _notification("warning", text)


def _notification(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": _without_links(text)}}


def _result(problem: Problem) -> dict[str, Any]:
    assert problem.location  # noqa: S101 - those without were left out
    line, column = problem.location.line, max(1, problem.location.column)
    return {
        "ruleId": problem.rule,
        "ruleIndex": list(RULES).index(problem.rule),
        "level": problem.level,
        "message": {"text": _without_links(problem.message)},
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


def _without_links(text: str) -> str:
    """Return a message in which no `[text](target)` is left, which SARIF has for links."""
    return text.replace("](", f"]{_MARK}(")


def _uri(file: str) -> str:
    """Return a relative URI, or for an absolute path that of the file."""
    scheme = "file://" if file.startswith("/") else ""
    return scheme + quote(file.removeprefix("./"), safe="/", errors="surrogatepass")
