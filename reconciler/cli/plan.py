"""`esp-reconcile plan`"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import patterns
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.outputs import check_output
from reconciler.cli.progress import Progress
from reconciler.cli.reporting import Reporting, reported
from reconciler.cli.settings import Settings
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.engine.guards import check_guards
from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.engine.planfile import save_plan
from reconciler.engine.selection import Selection
from reconciler.errors import GuardExceeded, ImmutableField, UsageError
from reconciler.library.reconciler import Planner
from reconciler.library.revisions import Since, changed_since, revision_at
from reconciler.model import Config
from reconciler.reports.changes import View
from reconciler.reports.reading import report_of
from reconciler.reports.text import declared_as_text, report_as_text

CHANGES_EXIT = 2
_NOTHING = Since(frozenset(), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options of a plan say."""

    out: Path | None
    detailed_exitcode: bool
    only: tuple[str, ...]
    since: str | None
    prune: bool
    estimate: bool
    max_calls: int | None
    is_folded: bool
    has_all_notes: bool

    @property
    def view(self) -> View:
        return view(is_folded=self.is_folded, has_all_notes=self.has_all_notes)


@click.command(
    epilog="""\b
Examples:
  esp-reconcile plan
  esp-reconcile plan --only 'marketing/domains/*' --out plan.json conf/
  esp-reconcile plan --changed-since origin/main --report github
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
@click.option(
    "--changed-since",
    "since",
    metavar="REF",
    help="Plan only for what is declared otherwise than at this commit, tag or branch.",
)
@click.option("--prune", is_flag=True, help="Delete unmanaged webhooks, archive unmanaged streams.")
@click.option(
    "--estimate",
    is_flag=True,
    help="Tell how many calls a plan takes, and how long at the pace of the services; make none.",
)
@click.option(
    "--max-calls",
    type=click.IntRange(1),
    metavar="N",
    help="Make no more than N calls: stop before the next, with 4.",
)
@reported("plan")
@click.pass_obj
def plan(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    format_: str,
    reporting: Reporting,
    **said: Any,
) -> int:
    """Read the live state and show what would change. Sends nothing but GET.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    asked = _Asked(**said)
    config = read_config(files)
    changes = _NOTHING if asked.since is None else _changed_since(asked.since, files, config)
    selection = Selection(asked.only, None if asked.since is None else changes.touched)
    if asked.estimate:
        return _estimate(config, selection, settings, format_)
    if asked.out:
        check_out(config, asked.out)
    if settings.untrusted and not settings.sandbox and format_ == "text":
        options.say(declared_as_text(selection.of(config.desired)))
    limits = replace(options_of(settings), max_calls=asked.max_calls)
    with (
        Planner.open(config, limits, selection) as planner,
        Progress("Reading live state") as progress,
    ):
        found = planner.plan(prune=asked.prune, progress=progress.come_to)
    found = replace(found, since=asked.since or "", dropped=changes.dropped)
    digest = save(found, asked.out) if asked.out and not found.refusals else None
    code = _code_of(found, detailed_exitcode=asked.detailed_exitcode)
    _show(found, asked.view, format_, reporting, code)
    if digest:
        options.tell(f"Digest of {asked.out}: {digest}")
    return code


def _code_of(found: Plan, *, detailed_exitcode: bool) -> int:
    if found.refusals:
        return ImmutableField.exit_code
    return CHANGES_EXIT if found.changes and detailed_exitcode else 0


def _changed_since(ref: str, files: tuple[Path, ...], config: Config) -> Since:
    then = revision_at(ref, files or (DEFAULT_FILE,), recursive=options.is_recursive())
    return changed_since(then, config)


def _estimate(config: Config, selection: Selection, settings: Settings, format_: str) -> int:
    # Only who wants no plan wants these.
    from reconciler.engine.estimate import estimates  # noqa: PLC0415
    from reconciler.reports.estimates import (  # noqa: PLC0415
        estimates_as_document,
        estimates_as_text,
    )

    found = estimates(config, selection, rate=settings.rate)
    options.show(estimates_as_text(found), estimates_as_document(found), format_)
    return 0


def check_out(config: Config, out: Path) -> None:
    """Raise UsageError for where no plan can be saved, before anything is read for it."""
    sources = [Path(each.location.file) for each in config.providers.values()]
    check_output(f"--out {out}", out, sources)
    if out.is_symlink() or (out.exists() and not out.is_file()):
        raise UsageError(f"--out {out}: not a regular file; name another one")


def save(found: Plan, out: Path) -> str:
    """Save the plan and return its digest. Raises UsageError."""
    try:
        return save_plan(found, out)
    except OSError as problem:
        raise UsageError(f"--out {out}: {problem.strerror}") from None


def _show(found: Plan, how: View, format_: str, reporting: Reporting, code: int) -> None:
    document = plan_as_document(found)
    reporting.show(report_as_text(report_of(document), how), document, format_, code)
    try:
        check_guards(found)
    except GuardExceeded as error:
        options.tell(f"Warning: apply will refuse this plan: {error}")
