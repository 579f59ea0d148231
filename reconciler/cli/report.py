"""`esp-reconcile report`"""

from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.reporting import Reporting, reported
from reconciler.cli.saved import read_report
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.reports.text import report_as_text


@click.command(
    epilog="""\b
Examples:
  esp-reconcile report plan.json --report github
  esp-reconcile report result.json --report markdown --report sarif=esp.sarif
"""
)
@click.argument(
    "document", metavar="PLAN_OR_RESULT", type=click.Path(path_type=Path, allow_dash=True)
)
@options.as_format
@no_fold
@all_notes
@reported("report")
def report(document: Path, format_: str, reporting: Reporting, **how: Any) -> int:
    """Render the saved JSON of a run again: no token, no network, no configuration.

    It is what `--report json=FILE`, `--format json` or `plan --out` wrote.
    """
    saved, read = read_report(document)
    reporting.show_saved(report_as_text(read, view(**how)), saved, format_)
    return 0
