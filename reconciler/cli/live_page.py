"""What the page shows, read live: how providers stand, what is pending, and what has drifted."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.drift import accepted_differences
from reconciler.cli.settings import Settings
from reconciler.cli.status import live_status
from reconciler.dashboard import Documents
from reconciler.engine.plandocument import plan_as_document
from reconciler.errors import ReconcileError
from reconciler.library.drifting import base_at, look_for_drift
from reconciler.library.reconciler import Planner
from reconciler.reports.documents import error_as_document
from reconciler.reports.drift_document import drift_as_document


def read_live(settings: Settings, config_files: tuple[Path, ...], state_dir: Path) -> Documents:
    """Read all providers; sends only GET. Raises ReconcileError for a configuration that is wrong.

    A plan that cannot be made is told on the page, beside what else is known.
    """
    config = read_config(config_files)
    status, _ = live_status(settings, config, (), config_files, state_dir)
    files = config_files or (DEFAULT_FILE,)
    try:
        with Planner.open(config, options_of(settings)) as planner:
            return Documents(status, _plan(planner), _drift(planner, files))
    except ReconcileError as error:
        return Documents(status, error_as_document(error, "plan"))


def _plan(planner: Planner) -> Mapping[str, Any]:
    try:
        return plan_as_document(planner.plan())
    except ReconcileError as error:
        return error_as_document(error, "plan")


def _drift(planner: Planner, files: tuple[Path, ...]) -> Mapping[str, Any]:
    base = base_at(None, files, planner, recursive=options.is_recursive())
    return drift_as_document(
        look_for_drift(planner, base=base, accepted=accepted_differences(None, files))
    )
