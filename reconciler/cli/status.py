"""`esp-reconcile status`"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.checks import check_names, exit_code_of, providers_argument
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.engine.overview import Look, Scope
from reconciler.library.looking import look
from reconciler.library.revisions import head_of
from reconciler.model import Config
from reconciler.reports.status_document import status_as_document
from reconciler.reports.status_text import status_as_text
from reconciler.state import State


@click.command(
    epilog="""\b
Examples:
  esp-reconcile status
  esp-reconcile status --format json > status.json
"""
)
@providers_argument
@options.config_files
@options.state_dir
@options.as_format
@click.pass_obj
def status(
    settings: Settings,
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    state_dir: Path,
    format_: str,
) -> int:
    """Show how each PROVIDER stands, or all: connection, tokens, sender, tracking, domains.

    Sends only GET. `check` is what tests a connection; when it did so last is told here. JSON has
    all that was read, as `dashboard build --from` takes it. It ends with 1 when something could not
    be read, or a token was refused.
    """
    config = read_config(config_files)
    check_names(config, providers)
    document, looks = live_status(settings, config, providers, config_files, state_dir)
    options.show(status_as_text(document), document, format_)
    return exit_code(looks)


def live_status(
    settings: Settings,
    config: Config,
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    state_dir: Path,
) -> tuple[dict[str, Any], list[Look]]:
    """Read how providers stand; domains with their records."""
    with Progress("Looking at the providers") as progress:
        looks = look(
            config,
            options_of(settings),
            Scope(in_full=True),
            providers,
            progress=progress.come_to,
        )
    now, state = datetime.now(UTC), State(state_dir)
    return status_as_document(
        looks, now, state.tested, head_of(config_files or (DEFAULT_FILE,))
    ), looks


def exit_code(looks: list[Look]) -> int:
    """Return 1 for what could not be read; that a sender is not verified is only told."""
    is_missed = any(each.overview is None or each.overview.unread for each in looks)
    tokens = [each for one in looks for each in one.checks if each.key]
    return 1 if is_missed else exit_code_of(tokens)
