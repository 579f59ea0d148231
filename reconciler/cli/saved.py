"""A saved report, as a file or standard input hold it."""

import json
import sys
from pathlib import Path
from typing import Any

from reconciler.errors import InvalidReport
from reconciler.files import read_plainly
from reconciler.reports.reading import Where, report_from
from reconciler.reports.report import Report

MAX_BYTES = 64 * 1024 * 1024


def read_report(file: Path, where: Where = str) -> tuple[dict[str, Any], Report]:
    """Return a saved report as data, and as what it says. Raises InvalidReport."""
    name = "standard input" if file == Path("-") else str(file)
    try:
        raw = _raw(file)
    except OSError as problem:
        raise InvalidReport(f"{name}: {problem.strerror}; `--report json=FILE` saves one") from None
    if len(raw) > MAX_BYTES:
        raise InvalidReport(f"{name}: longer than {MAX_BYTES >> 20} MiB; no report is")
    report = report_from(raw, name, where)
    document: dict[str, Any] = json.loads(raw)
    return document, report


def _raw(file: Path) -> bytes:
    if file == Path("-"):
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    return read_plainly(file, MAX_BYTES)
