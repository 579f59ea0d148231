"""`esp-reconcile plan`"""

import os
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import patterns
from reconciler.cli.configuration import read_config
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.engine.guards import check_guards
from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.engine.planfile import save_plan
from reconciler.engine.selection import Selection
from reconciler.errors import GuardExceeded, ImmutableField, UsageError
from reconciler.library.reconciler import Planner
from reconciler.model import Config
from reconciler.reports.changes import View
from reconciler.reports.text import declared_as_text, plan_as_text

CHANGES_EXIT = 2


@click.command(
    epilog="""\b
Examples:
  esp-reconcile plan
  esp-reconcile plan --only 'marketing/domains/*' --out plan.json conf/
"""
)
@options.files
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PLAN",
    help="Save the plan, for `apply --plan`.",
)
@options.as_format
@no_fold
@all_notes
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 2 when there are changes.")
@click.option(
    "--only",
    multiple=True,
    shell_complete=patterns,
    metavar="GLOB",
    help="Plan for these addresses and what is below them; may be given several times.",
)
@click.option("--prune", is_flag=True, help="Delete unmanaged webhooks, archive unmanaged streams.")
@click.pass_obj
def plan(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    out: Path | None,
    format_: str,
    detailed_exitcode: bool,  # noqa: FBT001
    only: tuple[str, ...],
    prune: bool,  # noqa: FBT001
    **how: bool,
) -> int:
    """Read the live state and show what would change. Sends nothing but GET.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    selection = Selection(only)
    config = read_config(files)
    if out:
        check_out(config, out)
    if settings.untrusted and not settings.sandbox and format_ == "text":
        options.say(declared_as_text(selection.of(config.desired)))
    with (
        Planner.open(config, options_of(settings), selection) as planner,
        Progress("Reading live state") as progress,
    ):
        found = planner.plan(prune=prune, progress=progress.come_to)
    digest = save(found, out) if out and not found.refusals else None
    show(found, view(**how), format_)
    if digest:
        options.tell(f"Digest of {out}: {digest}")
    if found.refusals:
        return ImmutableField.exit_code
    return CHANGES_EXIT if found.changes and detailed_exitcode else 0


def check_out(config: Config, out: Path) -> None:
    """Raise UsageError for where no plan can be saved, before anything is read for it."""
    sources = {Path(each.location.file).resolve() for each in config.providers.values()}
    if out.resolve() in sources:
        raise UsageError(f"--out {out}: this is the configuration; name another file")
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise UsageError(f"--out {out}: not a regular file; name another one")
    if not os.access(out.parent, os.W_OK | os.X_OK):
        raise UsageError(f"--out {out}: its folder is not there, or not yours to write to")


def save(found: Plan, out: Path) -> str:
    """Save the plan and return its digest. Raises UsageError."""
    try:
        return save_plan(found, out)
    except OSError as problem:
        raise UsageError(f"--out {out}: {problem.strerror}") from None


def show(found: Plan, how: View, format_: str) -> None:
    options.show(plan_as_text(found, how), plan_as_document(found), format_)
    try:
        check_guards(found)
    except GuardExceeded as error:
        options.tell(f"Warning: apply will refuse this plan: {error}")
