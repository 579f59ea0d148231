"""What the page is made of, read anew: how the providers stand, what is pending, what drifted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli.account import options_of
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.drift import accepted_differences
from reconciler.cli.options import is_recursive
from reconciler.cli.settings import Settings
from reconciler.cli.status import live_status
from reconciler.dashboard import Documents
from reconciler.engine.plandocument import plan_as_document
from reconciler.errors import ReconcileError
from reconciler.library.drifting import base_at, look_for_drift
from reconciler.library.options import do_nothing
from reconciler.library.reconciler import Planner
from reconciler.model import Config
from reconciler.reports.documents import error_as_document
from reconciler.reports.drift_document import drift_as_document


def live_documents(
    settings: Settings, config_files: Sequence[Path], state_dir: Path
) -> Callable[[], Documents]:
    """Return what reads all of it each time it is called, with a client that cannot write.

    It may be called in any thread: what the options say is known to the thread of the command.
    """
    files = tuple(config_files) or (DEFAULT_FILE,)
    context = click.get_current_context()

    def read() -> Documents:
        with context.scope(cleanup=False):
            config = read_config(files)
            status, _ = live_status(settings, config, (), files, state_dir)
            plan, drift = _beside(settings, config, files)
        return Documents(status=status, plan=plan, drift=drift)

    return read


def _beside(
    settings: Settings, config: Config, files: Sequence[Path]
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return what a plan says, and drift where the commit that was applied is recorded.

    That nothing can be planned is told on the page, beside how the providers stand.
    """
    try:
        with Planner.open(config, replace(options_of(settings), tell=do_nothing)) as planner:
            plan = plan_as_document(planner.plan())
            base = base_at(None, files, planner, recursive=is_recursive())
            accepted = accepted_differences(None, files)
            found = look_for_drift(planner, base=base, accepted=accepted) if base else None
    except ReconcileError as error:
        return error_as_document(error, "plan"), None
    return plan, drift_as_document(found) if found else None
