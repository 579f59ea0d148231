"""A saved report, as a file or standard input hold it."""

import json
import os
import posixpath
import sys
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.errors import InvalidReport
from reconciler.files import read_plainly
from reconciler.forges import Site
from reconciler.reports.reading import Where, report_from, report_of
from reconciler.reports.report import Report
from reconciler.source import printable

MAX_BYTES = 64 * 1024 * 1024


def read_report(file: Path, where: Where = str) -> tuple[dict[str, Any], Report]:
    """Return a saved report as data, and as what it says. Raises InvalidReport."""
    name, raw = _named(file)
    report = report_from(raw, name, where)
    document: dict[str, Any] = json.loads(raw)
    return document, report


def read_document(file: Path) -> dict[str, Any]:
    """Return saved JSON as data; what it says is for others to judge. Raises InvalidReport."""
    name, raw = _named(file)
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        raise InvalidReport(f"{name}: not JSON; `--format json` prints what belongs here") from None
    if not isinstance(document, dict):
        raise InvalidReport(f"{name}: not the JSON of a run of esp-reconcile")
    return document


def read_report_for(file: Path, site: Site) -> Report:
    """Return a saved report with its files as the repository of a CI job names them.

    Raises InvalidReport, also for the report of another repository.
    """
    document, report = read_report(file)
    if report.run.repository and report.run.repository != site.repository:
        raise InvalidReport(
            f"{file}: it is of {printable(report.run.repository)}, and this is {site.repository}"
        )
    return report_of(document, partial(_placed, report.run.folder, site.workspace))


def _placed(folder: str, workspace: Path, file: str) -> str:
    """Return a file, named from the folder where a run was, as its repository names it."""
    if file.startswith("/"):
        return os.path.relpath(file, workspace) if Path(file).is_relative_to(workspace) else file
    return posixpath.normpath(posixpath.join(folder, file))


def _named(file: Path) -> tuple[str, bytes]:
    """Return what to call a file in messages, and what it holds. Raises InvalidReport."""
    name = "standard input" if file == Path("-") else printable(str(file))
    try:
        raw = _raw(file)
    except OSError as problem:
        raise InvalidReport(f"{name}: {problem.strerror}; `--report json=FILE` saves one") from None
    if len(raw) > MAX_BYTES:
        raise InvalidReport(f"{name}: longer than {MAX_BYTES >> 20} MiB; no report is")
    return name, raw


def _raw(file: Path) -> bytes:
    if file == Path("-"):
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    return read_plainly(file, MAX_BYTES)
