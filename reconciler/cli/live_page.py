"""What the page is made of, read anew: how the providers stand, what is pending, what drifted."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from reconciler.cli.account import options_of
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.options import is_recursive, tell
from reconciler.cli.settings import Settings
from reconciler.cli.status import live_status
from reconciler.dashboard import Documents
from reconciler.engine.plandocument import plan_as_document
from reconciler.errors import ReconcileError
from reconciler.library.drifting import base_at, look_for_drift
from reconciler.library.options import do_nothing
from reconciler.library.reconciler import Planner
from reconciler.model import Config
from reconciler.reports.drift_document import drift_as_document


def live_documents(
    settings: Settings, config_files: Sequence[Path], state_dir: Path
) -> Callable[[], Documents]:
    """Return what reads all of it each time it is called, with a client that cannot write."""
    files = tuple(config_files) or (DEFAULT_FILE,)
    recursive = is_recursive()

    def read() -> Documents:
        config = read_config(files)
        status, _ = live_status(settings, config, (), files, state_dir)
        plan, drift = _beside(settings, config, files, recursive=recursive)
        return Documents(status=status, plan=plan, drift=drift)

    return read


def _beside(
    settings: Settings, config: Config, files: Sequence[Path], *, recursive: bool
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return what a plan says, and drift where the commit that was applied is recorded.

    What cannot be planned is left out of the page: how the providers stand says why.
    """
    try:
        with Planner.open(config, replace(options_of(settings), tell=do_nothing)) as planner:
            plan = plan_as_document(planner.plan())
            base = base_at(None, files, planner, recursive=recursive)
            found = look_for_drift(planner, base=base) if base else None
    except ReconcileError as error:
        tell(f"Warning: what is pending is not shown: {error}")
        return None, None
    return plan, drift_as_document(found) if found else None
