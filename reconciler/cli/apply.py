"""`esp-reconcile apply`"""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import concerned, open_sessions, seal_secrets
from reconciler.cli.configuration import read_config
from reconciler.cli.plan import make_plan
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.engine.apply import Outcome, Result, Stop, apply_plan
from reconciler.engine.live import Sessions, read_again
from reconciler.engine.plan import Plan, Selection, check_guards, check_refusals
from reconciler.engine.planfile import SavedPlan, load_plan, mark_as_applied
from reconciler.errors import UsageError
from reconciler.model import Config
from reconciler.providers.api import Writer
from reconciler.reports.documents import results_as_document
from reconciler.reports.text import plan_as_text, plan_summary, results_as_text

PARTLY_EXIT = 5
CANCELLED_EXIT = 1
INTERRUPTED_EXIT = 130


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
@click.option("--yes", is_flag=True, help="Do not ask; needed where there is no terminal.")
@options.as_format
@click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="Apply to these addresses and what is below them; may be given several times.",
)
@click.option("--prune", is_flag=True, help="Delete unmanaged webhooks, archive unmanaged streams.")
@options.allow_deletes
@click.pass_obj
def apply(
    settings: Settings,
    files: tuple[Path, ...],
    plan_file: Path | None,
    yes: bool,  # noqa: FBT001
    format_: str,
    only: tuple[str, ...],
    prune: bool,  # noqa: FBT001
    allow_deletes: int | None,
) -> int:
    """Plan and make the changes, or make exactly those of a saved plan.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    _check_usage(yes=yes, mixed=bool(plan_file and (only or prune)))
    selection = Selection(only)
    saved = load_plan(plan_file) if plan_file else None
    config = read_config(files)
    if saved:
        saved.check_configuration(config)
        selection = Selection(saved.providers)
    config = concerned(config, selection)
    if saved:
        config = replace(config, desired=saved.of(config.desired))
    config = seal_secrets(config, settings)
    stop = Stop(threading.Event())
    with open_sessions(config, settings, Writer, pause=stop.pause) as sessions:
        if saved:
            found = _confirmed(saved, config, sessions, settings)
        else:
            found = make_plan(config, sessions, settings, selection, prune=prune)
        if format_ == "text":
            options.say(plan_as_text(found))
        check_refusals(found)
        check_guards(found, allow_deletes)
        if found.changes and not yes and not _is_wanted(found):
            return CANCELLED_EXIT
        if plan_file:
            mark_as_applied(plan_file)
        with _stopping(stop):
            results = _carry_out(found, config, sessions, settings, stop)
    _show(results, format_)
    outcomes = {each.outcome for each in results}
    if outcomes == {Outcome.SKIPPED}:
        return INTERRUPTED_EXIT
    return 0 if outcomes <= {Outcome.APPLIED} else PARTLY_EXIT


def _check_usage(*, yes: bool, mixed: bool) -> None:
    if mixed:
        raise UsageError("--plan says what to apply; --only and --prune belong to `plan`")
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on; say --yes to apply without a question")


def _confirmed(saved: SavedPlan, config: Config, sessions: Sessions, settings: Settings) -> Plan:
    touched = saved.touched(config)
    with Progress("Reading the planned objects"):
        live = read_again(touched, sessions, connections=settings.connections)
    return saved.confirm(config, live)


def _is_wanted(found: Plan) -> bool:
    if click.confirm(f"{plan_summary(found)} Apply?", err=True):
        return True
    options.tell("Nothing was changed.")
    return False


def _carry_out(
    found: Plan, config: Config, sessions: Sessions, settings: Settings, stop: Stop
) -> list[Result]:
    results: list[Result] = []
    with Progress("Applying") as progress:
        for result in apply_plan(
            found,
            sessions,
            repeats={name: each.retry_attempts for name, each in config.providers.items()},
            pause=stop.pause,
            stop=stop.event.is_set,
            connections=settings.connections,
        ):
            progress.step()
            results.append(result)
    return results


def _show(results: list[Result], format_: str) -> None:
    if format_ == "text" and not results:
        return
    options.show("\n" + results_as_text(results), results_as_document(results), format_)


@contextmanager
def _stopping(stop: Stop) -> Iterator[None]:
    """Make Ctrl-C (or SIGTERM) finish the writes in flight and skip the rest."""

    def interrupt(*_: object) -> None:
        stop.event.set()
        options.tell("Interrupted: finishing the writes in flight, skipping the rest.")

    before = {each: signal.signal(each, interrupt) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
