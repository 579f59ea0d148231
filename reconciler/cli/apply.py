"""`esp-reconcile apply`"""

import re
import sys
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.applied import Recording, record_ref, recording_of
from reconciler.cli.checks import check_touched
from reconciler.cli.completing import patterns
from reconciler.cli.configuration import read_config
from reconciler.cli.interrupts import INTERRUPTED_EXIT, interrupted_by
from reconciler.cli.progress import Progress
from reconciler.cli.reporting import Reporting, reported
from reconciler.cli.settings import Settings
from reconciler.cli.streams import interject
from reconciler.cli.views import all_notes, no_fold, view
from reconciler.engine.apply import Stop
from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.authority import Authority
from reconciler.engine.guards import check_guards, check_refusals
from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.engine.planfile import Claim, SavedPlan, claimed, load_plan
from reconciler.engine.selection import Selection
from reconciler.errors import UsageError
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.reports.documents import results_as_document
from reconciler.reports.reading import report_of
from reconciler.reports.text import plan_as_text, report_as_text

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NOTHING_SAVED = "No changes: the plan has none, and so nothing was compared with what is live."
FAILED_EXIT = 1
PARTLY_EXIT = 5
CANCELLED_EXIT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What the options of an apply say."""

    plan_file: Path | None
    digest: str | None
    yes: bool
    only: tuple[str, ...]
    prune: bool
    allow_deletes: int | None
    record_ref: bool
    has_check: bool
    state_dir: Path
    is_folded: bool
    has_all_notes: bool

    def check(self) -> None:
        """Raise UsageError for what does not go together, or is no digest."""
        if self.plan_file and self.only:
            raise UsageError("--plan says what to apply; --only belongs to `plan`")
        if self.digest is not None and not self.plan_file:
            raise UsageError("--digest says which plan --plan must name; name it")
        if self.digest is not None and not _DIGEST.fullmatch(self.digest):
            raise UsageError(
                "--digest: sha256: and 64 digits (0-9, a-f) are wanted, as `plan` tells it"
            )
        if not self.yes and not sys.stdin.isatty():
            raise UsageError(
                "there is no terminal to ask on; say --yes to apply without a question"
            )


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
@record_ref
@click.option(
    "--no-check",
    "has_check",
    flag_value=False,
    default=True,
    help="Do not test the connection of what was applied to at the end.",
)
@options.state_dir
@reported("apply")
@click.pass_obj
def apply(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    format_: str,
    reporting: Reporting,
    **said: Any,
) -> int:
    """Plan and make the changes, or make exactly those of a saved plan.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    asked = _Asked(**said)
    asked.check()
    saved = load_plan(asked.plan_file, asked.digest) if asked.plan_file else None
    config = read_config(files)
    recording = recording_of(files, config, asked.only, saved) if asked.record_ref else None
    authority = _checked(Authority(saved, config, asked.prune)) if saved else None
    config = authority.config if authority else config
    stop = Stop(threading.Event())
    with (
        claimed(saved) if saved else nullcontext() as claim,
        Reconciler.open(config, _how(settings, stop, claim), Selection(asked.only)) as reconciler,
    ):
        found = _confirmed(reconciler, authority) if authority else _planned(reconciler, asked)
        if format_ == "text" and not reporting.is_aloud:
            _show_plan(found, asked)
        check_refusals(found)
        check_guards(found, asked.allow_deletes)
        if found.changes and not asked.yes and not _is_wanted():
            return CANCELLED_EXIT
        with _stopping(stop):
            results = _carry_out(reconciler, found, stop)
    code = exit_code_of(results)
    _show(results, found, format_, reporting, code, saved)
    code = _recorded(code, recording)
    if asked.has_check and not stop.event.is_set():
        check_touched(results, config, options_of(settings), asked.state_dir)
    return code


def _checked(authority: Authority) -> Authority:
    """Raises StalePlan, GuardExceeded."""
    authority.check()
    return authority


def _recorded(code: int, recording: Recording | None) -> int:
    """Record the commit if all of it was applied."""
    if recording and code == 0:
        recording.record()
    return code


def _how(settings: Settings, stop: Stop, claim: Claim | None) -> Options:
    def before_write() -> None:
        stop.before_write()
        if claim:
            claim.spend()

    return replace(options_of(settings), pause=stop.pause, before_write=before_write)


def _planned(reconciler: Reconciler, asked: _Asked) -> Plan:
    with Progress("Reading live state") as progress:
        return reconciler.plan(prune=asked.prune, progress=progress.come_to)


def _confirmed(reconciler: Reconciler, authority: Authority) -> Plan:
    with Progress("Reading the planned objects"):
        return reconciler.confirm(authority)


def _show_plan(found: Plan, asked: _Asked) -> None:
    """Show what a question will be about; what was said yes to is made even if nobody reads it."""
    how = view(is_folded=asked.is_folded, has_all_notes=asked.has_all_notes)
    is_empty = asked.plan_file and not found.changes
    with options.even_unread() if asked.yes else nullcontext():
        options.say(_NOTHING_SAVED if is_empty else plan_as_text(found, how))


def _is_wanted() -> bool:
    if click.confirm("Apply?", err=True):
        return True
    options.tell("Nothing was changed.")
    return False


def _carry_out(reconciler: Reconciler, found: Plan, stop: Stop) -> list[Result]:
    with Progress("Applying", len(found.changes)) as progress:
        return reconciler.apply(found, stop=stop, begun=progress.begun, came=progress.came)


def exit_code_of(results: Iterable[Result]) -> int:
    """Return what the results of an apply come to: in part needs a part that was written."""
    results = list(results)
    outcomes = {each.outcome for each in results}
    if outcomes <= {Outcome.APPLIED}:
        return 0
    if any(each.is_made for each in results):
        return PARTLY_EXIT
    return INTERRUPTED_EXIT if outcomes == {Outcome.SKIPPED} else FAILED_EXIT


def _show(
    results: list[Result],
    found: Plan,
    format_: str,
    reporting: Reporting,
    code: int,
    saved: SavedPlan | None,
) -> None:
    digest = saved.document["digest"] if saved else plan_as_document(found)["digest"]
    document = results_as_document(
        results, found.records, digest, found.providers, compared=found.compared
    )
    text = report_as_text(report_of(document))
    reporting.show(f"\n{text}" if text else "", document, format_, code, is_made=True)


def _stopping(stop: Stop) -> AbstractContextManager[None]:
    """Make Ctrl-C finish the writes in flight and skip the rest."""

    def interrupt() -> None:
        stop.event.set()
        interject("Interrupted: finishing the writes in flight, skipping the rest.")

    return interrupted_by(interrupt)
