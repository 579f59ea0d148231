"""`esp-reconcile explain`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import targets
from reconciler.cli.configuration import read_config
from reconciler.cli.settings import Settings
from reconciler.cli.views import terminal_width
from reconciler.library.explaining import explain as explained
from reconciler.library.explaining import is_of_a_kind
from reconciler.reports.explanation import (
    WIDEST,
    explanation_as_document,
    explanation_as_text,
)


@click.command(
    epilog="""\b
Examples:
  esp-reconcile explain marketing/domains/mg.example.com/tracking.clicks
  esp-reconcile explain --offline transactional/server
  esp-reconcile explain mailgun.domains
"""
)
@click.argument("target", shell_complete=targets)
@options.files
@options.as_format
@click.option("--offline", is_flag=True, help="Read nothing; tell what YAML and schema say.")
@click.pass_obj
def explain(
    settings: Settings,
    target: str,
    files: tuple[Path, ...],
    format_: str,
    offline: bool,  # noqa: FBT001
) -> int:
    """Tell what is wanted at an address, by whom, what is live, and what a plan would do.

    TARGET is an address, or an address and a field (`.clicks`), or a kind such as mailgun.domains,
    for which no YAML is needed.
    """
    config = None if is_of_a_kind(target) else read_config(files)
    found = explained(target, config, None if offline else options_of(settings))
    text = explanation_as_text(found, terminal_width() or WIDEST)
    options.show(text, explanation_as_document(found), format_)
    return 0
