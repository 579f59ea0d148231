"""What GitHub Actions shows of a run besides its log: annotations, and the outputs of a step."""

import json
from collections.abc import Iterator, Sequence

from reconciler.reports.escaping import command_message, command_property
from reconciler.reports.problems import LEVELS, Problem, problems_of
from reconciler.reports.report import ACTIONS, CAUSES, Report
from reconciler.reports.rules import RULES
from reconciler.source import printable

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}
_MOST = 10
"""Annotations of a level that a step may have; GitHub drops the others without a word."""
_LONGEST = 4_000
"""Signs of a message: GitHub cuts after 4,096."""


def annotations(report: Report) -> list[str]:
    """Return workflow commands, for standard error: of each level the gravest, and how many more.

    They do what they say when they are printed: nothing of the report can add another.
    """
    problems = problems_of(report)
    return [
        line
        for level in LEVELS
        for line in _of_level(level, [each for each in problems if each.level == level])
    ]


def _of_level(level: str, problems: Sequence[Problem]) -> Iterator[str]:
    shown = problems if len(problems) <= _MOST else problems[: _MOST - 1]
    yield from map(_annotation, shown)
    if more := len(problems) - len(shown):
        text = f"{more} more are in the summary of the step."
        yield f"::{_COMMANDS[level]} title=esp-reconcile::{text}"


def _annotation(problem: Problem) -> str:
    properties = {}
    if problem.location:
        properties["file"] = printable(problem.location.file.removeprefix("./"))
        properties["line"] = str(problem.location.line)
        if problem.location.column:
            properties["col"] = str(problem.location.column)
    properties["title"] = RULES[problem.rule].short
    told = ",".join(f"{key}={command_property(value)}" for key, value in properties.items())
    return f"::{_COMMANDS[problem.level]} {told}::{command_message(_shortened(problem.message))}"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… (cut; the summary has more)"


def outputs(report: Report) -> dict[str, str]:
    """Return the outputs of a step by their names; what is not known is left out."""
    counts = {action: report.count(action) for action in ACTIONS}
    counts |= {"refused": len(report.refused), "unmanaged": len(report.unmanaged)}
    if report.command == "drift":
        counts |= {each: sum(e.cause == each for e in report.entries) for each in CAUSES}
        counts["unread"] = len(report.unread)
    told = {
        "exit-code": "" if report.run.exit_code is None else str(report.run.exit_code),
        "command": report.command,
        "state": report.state,
        **{name: str(count) for name, count in counts.items()},
        "counts": json.dumps(counts),
        "digest": report.digest,
    }
    return {name: value for name, value in told.items() if value}
