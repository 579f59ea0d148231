"""`esp-reconcile apply`"""

import re
import sys
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.completing import patterns
from reconciler.cli.configuration import read_config
from reconciler.cli.interrupts import INTERRUPTED_EXIT, interrupted_by
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.cli.streams import interject
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.engine.apply import Stop
from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.authority import Authority
from reconciler.engine.guards import check_guards, check_refusals
from reconciler.engine.plan import Plan
from reconciler.engine.planfile import Claim, claimed, load_plan
from reconciler.engine.selection import Selection
from reconciler.errors import UsageError
from reconciler.library.options import Options, do_nothing
from reconciler.library.reconciler import Reconciler
from reconciler.reports.changes import View
from reconciler.reports.documents import results_as_document
from reconciler.reports.text import plan_as_text, results_as_text

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
FAILED_EXIT = 1
PARTLY_EXIT = 5
CANCELLED_EXIT = 1


@click.command(
    epilog="""\b
Examples:
  esp-reconcile apply
  esp-reconcile apply --plan plan.json --yes
"""
)
@options.files
@click.option(
    "--plan",
    "plan_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PLAN",
    help="Apply exactly this saved plan.",
)
@click.option(
    "--digest",
    metavar="SHA256",
    help="Refuse any other plan than the one with this digest, which `plan` tells.",
)
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@options.as_format
@no_fold
@all_notes
@click.option(
    "--only",
    multiple=True,
    shell_complete=patterns,
    metavar="GLOB",
    help="Apply to these addresses and what is below them; may be given several times.",
)
@click.option("--prune", is_flag=True, help="Delete unmanaged webhooks, archive unmanaged streams.")
@options.allow_deletes
@click.pass_obj
def apply(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    plan_file: Path | None,
    digest: str | None,
    yes: bool,  # noqa: FBT001
    format_: str,
    only: tuple[str, ...],
    prune: bool,  # noqa: FBT001
    allow_deletes: int | None,
    **how: bool,
) -> int:
    """Plan and make the changes, or make exactly those of a saved plan.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    _check_usage(plan_file, digest, only, yes=yes)
    saved = load_plan(plan_file, digest) if plan_file else None
    config = read_config(files)
    authority = Authority(saved, config, prune) if saved else None
    if authority:
        authority.check()
        config = authority.config
    stop = Stop(threading.Event())
    with (
        claimed(saved) if saved else nullcontext() as claim,
        Reconciler.open(config, _how(settings, stop, claim), Selection(only)) as reconciler,
    ):
        found = _confirmed(reconciler, authority) if authority else _planned(reconciler, prune)
        if format_ == "text":
            _show_plan(found, view(**how), is_asked=not yes)
        check_refusals(found)
        check_guards(found, allow_deletes)
        if found.changes and not yes and not _is_wanted():
            return CANCELLED_EXIT
        with _stopping(stop):
            results = _carry_out(reconciler, found, stop)
    _show(results, found, format_)
    return exit_code_of(results)


def _check_usage(
    plan_file: Path | None, digest: str | None, only: tuple[str, ...], *, yes: bool
) -> None:
    if plan_file and only:
        raise UsageError("--plan says what to apply; --only belongs to `plan`")
    if digest is not None and not plan_file:
        raise UsageError("--digest says which plan --plan must name; name it")
    if digest is not None and not _DIGEST.fullmatch(digest):
        raise UsageError(
            "--digest: sha256: and 64 digits (0-9, a-f) are wanted, as `plan` tells it"
        )
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; say --yes to apply without a question")


def _how(settings: Settings, stop: Stop, claim: Claim | None) -> Options:
    before_write = claim.spend if claim else do_nothing
    return replace(options_of(settings), pause=stop.pause, before_write=before_write)


def _planned(reconciler: Reconciler, prune: bool) -> Plan:  # noqa: FBT001
    with Progress("Reading live state") as progress:
        return reconciler.plan(prune=prune, progress=progress.come_to)


def _confirmed(reconciler: Reconciler, authority: Authority) -> Plan:
    with Progress("Reading the planned objects"):
        return reconciler.confirm(authority)


def _show_plan(found: Plan, view: View, *, is_asked: bool) -> None:
    """Show what a question will be about; what was said yes to is made even if nobody reads it."""
    with nullcontext() if is_asked else options.even_unread():
        options.say(plan_as_text(found, view))


def _is_wanted() -> bool:
    if click.confirm("Apply?", err=True):
        return True
    options.tell("Nothing was changed.")
    return False


def _carry_out(reconciler: Reconciler, found: Plan, stop: Stop) -> list[Result]:
    with Progress("Applying", len(found.changes)) as progress:
        return reconciler.apply(
            found, stop=stop.event.is_set, begun=progress.begun, came=progress.came
        )


def exit_code_of(results: Iterable[Result]) -> int:
    """Return what the results of an apply come to: in part needs a part that was written."""
    results = list(results)
    outcomes = {each.outcome for each in results}
    if outcomes <= {Outcome.APPLIED}:
        return 0
    if any(each.is_made for each in results):
        return PARTLY_EXIT
    return INTERRUPTED_EXIT if outcomes == {Outcome.SKIPPED} else FAILED_EXIT


def _show(results: list[Result], found: Plan, format_: str) -> None:
    text = results_as_text(results, found.records)
    if format_ == "text" and not text:
        return
    with options.even_unread():
        options.show("\n" + text, results_as_document(results, found.records), format_)


def _stopping(stop: Stop) -> AbstractContextManager[None]:
    """Make Ctrl-C finish the writes in flight and skip the rest."""

    def interrupt() -> None:
        stop.event.set()
        interject("Interrupted: finishing the writes in flight, skipping the rest.")

    return interrupted_by(interrupt)
