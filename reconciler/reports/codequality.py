"""GitLab's Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/."""

import json

from reconciler.reports.problems import Problem, problems_of
from reconciler.reports.report import Report
from reconciler.reports.rules import RULES

_SEVERITIES = {"error": "major", "warning": "minor", "note": "info"}


def report_as_codequality(report: Report) -> str:
    """Return a JSON array: empty when there is nothing to tell, and never missing.

    GitLab lets one entry without a place spoil all: what has none is told elsewhere.
    """
    told = [_entry(each) for each in problems_of(report) if each.location]
    return json.dumps(told, indent=2)


def _entry(problem: Problem) -> dict[str, object]:
    assert problem.location  # noqa: S101 - those without were left out
    return {
        "description": problem.message,
        "check_name": f"esp-reconcile/{problem.rule}",
        "content": {"body": RULES[problem.rule].help},
        "categories": ["Style"],
        "fingerprint": problem.fingerprint,
        "severity": _SEVERITIES[problem.level],
        "location": {
            "path": problem.location.file.removeprefix("./"),
            "lines": {"begin": problem.location.line},
        },
    }
