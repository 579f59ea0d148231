"""How plans are shown: as wide as the terminal, and what is alike once."""

import shutil
import sys

import click

from reconciler.reports.changes import View

_NARROWEST = 40

no_fold = click.option(
    "--no-fold",
    "is_folded",
    flag_value=False,
    default=True,
    help="Show each of the changes that are alike, and not one for all.",
)


all_notes = click.option(
    "--notes",
    "has_all_notes",
    is_flag=True,
    help="Show each of the notes that are alike, and not one for all.",
)


def view(*, is_folded: bool, has_all_notes: bool) -> View:
    """Return how results are shown: on a terminal as wide as that is."""
    return View(terminal_width(), is_folded, has_all_notes)


def terminal_width() -> int | None:
    """Return how many signs fit on a line, if there is a terminal."""
    if not sys.stdout.isatty():
        return None
    return max(shutil.get_terminal_size().columns, _NARROWEST)
