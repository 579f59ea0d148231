"""The files that GitHub Actions names by variables, for what a step has to say besides its log."""

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.reports.escaping import output_value

SUMMARY, OUTPUT = "GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"


def append(variable: str, text: str) -> bool:
    """Append to the file that a variable names; return whether there is one. Raises UsageError."""
    if not (file := os.environ.get(variable)):
        return False
    try:
        with Path(file).open("a", encoding="utf-8", errors="replace") as opened:
            opened.write(text)
    except OSError as problem:
        raise UsageError(f"{variable}: {problem.strerror}; it names a file to append to") from None
    return True


def step_outputs(outputs: Mapping[str, str]) -> None:
    """Set outputs of the step, where there is one. Raises UsageError."""
    append(OUTPUT, "".join(f"{name}={output_value(value)}\n" for name, value in outputs.items()))
