"""`esp-reconcile drift`"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import patterns
from reconciler.cli.configuration import DEFAULT_FILE, STDIN, read_config
from reconciler.cli.outlets import Outlets, outlet_options
from reconciler.cli.progress import Progress
from reconciler.cli.reporting import Reporting, reported
from reconciler.cli.settings import Settings
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.config.accepted import ACCEPTED_FILE, load_accepted
from reconciler.engine.drift.verdict import Drift, ExitPolicy, State, Unmanaged, exit_code_of
from reconciler.engine.selection import Selection
from reconciler.errors import ReconcileError, UsageError
from reconciler.forges.site import ServiceName
from reconciler.library.drifting import base_at, look_for_drift
from reconciler.library.reconciler import Planner
from reconciler.model import Acceptance
from reconciler.reports.changes import View
from reconciler.reports.documents import error_as_document
from reconciler.reports.drift_document import drift_as_document
from reconciler.reports.reading import report_of
from reconciler.reports.text import report_as_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options of a look for drift say."""

    base: str | None
    no_base: bool
    unmanaged: str
    accepted_file: Path | None
    policy: str
    only: tuple[str, ...]
    issue: ServiceName | None
    notify: tuple[str, ...]
    heartbeat: str | None
    is_folded: bool
    has_all_notes: bool

    @property
    def view(self) -> View:
        return view(is_folded=self.is_folded, has_all_notes=self.has_all_notes)


@click.command(
    epilog="""\b
Exit codes, by the gravest of what was found:
  0  in sync: live is as declared
  1  nothing is known: an error, or nothing could be read
  2  drift: live left what was applied, or differs and nobody knows why
  5  partial: what was read is in sync or pending, and some of it could not be read
  3  pending: declared and not applied yet, and no more than that

\b
Examples:
  esp-reconcile drift
  esp-reconcile drift --base v1.2 --unmanaged fail --format json conf/
"""
)
@options.files
@click.option(
    "--base",
    metavar="REF",
    help="What was applied: a commit, tag or branch. Each difference is then drift, pending, or "
    "both. By default what `apply --record-ref` recorded, if it did.",
)
@click.option("--no-base", is_flag=True, help="Ask for no cause: every difference is unknown.")
@click.option(
    "--unmanaged",
    type=click.Choice([str(each) for each in Unmanaged]),
    default=str(Unmanaged.WARN),
    show_default=True,
    help="What live things that nothing declares are: drift, told, or left out.",
)
@click.option(
    "--accepted",
    "accepted_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Which differences are accepted, and until when; {ACCEPTED_FILE} beside the "
    "configuration by default, if it is there.",
)
@click.option(
    "--exit-code",
    "policy",
    type=click.Choice([str(each) for each in ExitPolicy]),
    default=str(ExitPolicy.ANY),
    show_default=True,
    help="For which states to exit with other than 0; that nothing is known is always 1.",
)
@click.option(
    "--only",
    multiple=True,
    shell_complete=patterns,
    metavar="GLOB",
    help="Look at these addresses and what is below them; may be given several times.",
)
@options.as_format
@no_fold
@all_notes
@outlet_options
@reported("drift")
@click.pass_obj
def drift(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    format_: str,
    reporting: Reporting,
    **said: Any,
) -> int:
    """Tell where live left what was applied: by contract this sends nothing but GET, ever.

    One thing that cannot be read does not hide the others. FILE is a file or a folder of YAML
    files; esp.yaml by default.
    """
    asked = _Asked(**said)
    if asked.base is not None and asked.no_base:
        raise UsageError("--base names what was applied, and --no-base says not to ask; say one")
    outlets = Outlets.of(asked.issue, asked.notify, asked.heartbeat)
    outlets.begin()
    try:
        document = drift_as_document(_looked(settings, files, asked))
    except ReconcileError as error:
        outlets.end(report_of(error_as_document(error, "drift")))
        raise
    report = report_of(document)
    code = exit_code_of(State(report.state), ExitPolicy(asked.policy))
    reporting.show(report_as_text(report, asked.view), document, format_, code)
    is_told = outlets.end(report)
    return code if is_told else code or ReconcileError.exit_code


def _looked(settings: Settings, files: tuple[Path, ...], asked: _Asked) -> Drift:
    config = read_config(files)
    accepted = accepted_differences(asked.accepted_file, files or (DEFAULT_FILE,))
    selection = Selection(asked.only)
    with Planner.open(config, options_of(settings), selection) as planner:
        paths, recursive = files or (DEFAULT_FILE,), options.is_recursive()
        then = None if asked.no_base else base_at(asked.base, paths, planner, recursive=recursive)
        with Progress("Reading live state") as progress:
            return look_for_drift(
                planner,
                base=then,
                accepted=accepted,
                unmanaged=Unmanaged(asked.unmanaged),
                progress=progress.come_to,
            )


def accepted_differences(named: Path | None, files: Sequence[Path]) -> tuple[Acceptance, ...]:
    """Load the file that was named, or those that stand beside the configuration."""
    if named:
        return load_accepted(named)
    folders = dict.fromkeys(
        path if path.is_dir() else path.parent for path in files if path != STDIN
    )
    beside = [folder / ACCEPTED_FILE for folder in folders]
    return tuple(each for path in beside if os.path.lexists(path) for each in load_accepted(path))
