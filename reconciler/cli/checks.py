"""How commands check connections, tell what came of it, and remember that it was done."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from reconciler.cli.options import tell
from reconciler.cli.progress import Progress
from reconciler.engine.attempt import Result
from reconciler.engine.examining import Checked, passed
from reconciler.engine.selection import did_you_mean
from reconciler.errors import ReconcileError, UsageError
from reconciler.library.checking import check
from reconciler.library.options import Options, do_nothing
from reconciler.model import Config
from reconciler.reports.checks import checks_as_document, checks_as_text
from reconciler.source import printable
from reconciler.state import LastTest, State, StateUnusable

FAILED_EXIT = 1

providers_argument = click.argument("providers", metavar="[PROVIDER]...", nargs=-1)


def check_names(config: Config, providers: Collection[str]) -> None:
    """Raise UsageError, with the nearest name, for a provider that is not declared."""
    for name in providers:
        if name not in config.providers:
            known = ", ".join(map(printable, config.providers))
            hint = did_you_mean(name, config.providers) or f"; the providers are: {known}"
            raise UsageError(f"no provider is called `{printable(name)}`{hint}")


def note(verdicts: Iterable[tuple[str, bool]], folder: Path, command: str) -> None:
    """Remember when providers were tested, and whether all was good, by name.

    Where that cannot be kept, a warning says so.
    """
    state, now = State(folder), datetime.now(UTC)
    try:
        for name, is_good in verdicts:
            state.note_test(name, LastTest(now, command, is_good))
    except StateUnusable as error:
        tell(f"Warning: {error}")


def exit_code_of(looks: Sequence[Checked]) -> int:
    return FAILED_EXIT if any(each.has_failed for each in looks) else 0


def check_now(
    config: Config,
    how: Options,
    providers: Collection[str],
    folder: Path,
    command: str,
    *,
    send: bool = False,
) -> tuple[list[Checked], dict[str, Any]]:
    """Check providers, or all, and remember it. Returns the looks, and the same as a document."""
    with Progress("Checking connections"):
        looks = check(config, how, providers, send=send)
    note(passed(looks), folder, command)
    return looks, checks_as_document(looks, datetime.now(UTC))


def check_touched(results: Iterable[Result], config: Config, how: Options, folder: Path) -> None:
    """Check the providers of which something was written, and tell what came of it.

    What it finds changes nothing of what was applied, and no exit code: a new domain is not
    verified yet. An interrupt ends the check alone.
    """
    touched = {each.change.subject.address.provider for each in results if each.is_made}
    if not touched:
        return
    try:
        looks, _ = check_now(config, replace(how, tell=do_nothing), touched, folder, "apply")
    except KeyboardInterrupt:
        tell("Interrupted: the connections were not checked; what was applied is applied.")
    except ReconcileError as error:
        tell(f"Warning: the connections were not checked: {error}")
    else:
        tell(f"\n{checks_as_text(looks)}")
