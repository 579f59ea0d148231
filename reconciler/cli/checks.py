"""How commands check connections, tell what came of it, and remember that it was done."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from reconciler.cli.options import tell
from reconciler.engine.examining import Checked, passed
from reconciler.engine.selection import did_you_mean
from reconciler.errors import UsageError
from reconciler.model import Config
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


def note(looks: Sequence[Checked], folder: Path, command: str) -> None:
    """Remember when each provider was tested; where that cannot be kept, a warning says so."""
    state, now = State(folder), datetime.now(UTC)
    try:
        for name, is_good in passed(looks):
            state.note_test(name, LastTest(now, command, is_good))
    except StateUnusable as error:
        tell(f"Warning: {error}")


def exit_code_of(looks: Sequence[Checked]) -> int:
    return FAILED_EXIT if any(each.has_failed for each in looks) else 0
