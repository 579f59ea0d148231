"""`esp-reconcile check`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.checks import check_names, check_now, exit_code_of, providers_argument
from reconciler.cli.configuration import read_config
from reconciler.cli.settings import Settings
from reconciler.reports.checks import checks_as_text


@click.command(
    epilog="""\b
Examples:
  esp-reconcile check
  esp-reconcile check marketing --format json
"""
)
@providers_argument
@options.config_files
@options.state_dir
@options.as_format
@click.pass_obj
def check(
    settings: Settings,
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    state_dir: Path,
    format_: str,
) -> int:
    """Test the connection of each PROVIDER, or of all: tokens, sender, domain. Sends only GET.

    Each token is proven by the cheapest read, and told apart from the other kind and the other
    region. It ends with 0 when all is good, and with 1 when something failed.
    """
    config = read_config(config_files)
    check_names(config, providers)
    looks, document = check_now(config, options_of(settings), providers, state_dir, "check")
    options.show(checks_as_text(looks), document, format_)
    return exit_code_of(looks)
