"""What a bug of ours leaves behind: where it happened, and nothing of what it happened with."""

import os
import sys
import tempfile
import traceback
from platform import python_version

from reconciler import __version__


def write_crash_report(bug: BaseException) -> str:
    """Write a report that holds no variables and no messages; return what to do with it."""
    try:
        descriptor, path = tempfile.mkstemp(prefix="esp-reconcile-crash-", suffix=".txt")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(_lines(bug)) + "\n")
    except OSError as problem:
        return f"a report could not be written: {problem.strerror}"
    return f"please report it with {path}, which holds no values"


def _lines(bug: BaseException) -> list[str]:
    return [
        f"esp-reconcile {__version__}, Python {python_version()}, {sys.platform}",
        *(line for each in _chain(bug) for line in _told(each)),
    ]


def _chain(bug: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while bug and bug not in chain:
        chain.append(bug)
        bug = bug.__cause__ or bug.__context__
    return chain


def _told(bug: BaseException) -> list[str]:
    """Tell an exception by its type and places: its message may quote anything."""
    frames = traceback.extract_tb(bug.__traceback__)
    return [
        "",
        f"{type(bug).__module__}.{type(bug).__qualname__}",
        *(f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames),
    ]
