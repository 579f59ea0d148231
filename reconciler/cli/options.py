"""Arguments and options that several commands share, and how they print."""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

_COMMAND = re.compile(r"^([ \t]*)::|##\[", re.MULTILINE)

files = click.argument(
    "files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path), default=None
)
as_format = click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How results are written to standard output.",
)
allow_deletes = click.option(
    "--allow-deletes",
    type=click.IntRange(0),
    metavar="N",
    help="Allow up to N deletions in one apply; 0 allows none. Without it: 1 domain or sender, "
    "10 objects.",
)


def say(text: str) -> None:
    """Print a result."""
    click.echo(harmless(text), color=wants_colour(sys.stdout))


def tell(text: str) -> None:
    """Print progress, a warning or a question: what is not the result."""
    click.echo(harmless(text), err=True, color=wants_colour(sys.stderr))


def wants_colour(stream: Any) -> bool:
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def show(as_text: str, as_data: Mapping[str, Any], format_: str) -> None:
    """Print a result in the format that was asked for."""
    if format_ == "json":
        say_json(as_data)
    else:
        say(as_text)


def say_json(data: Mapping[str, Any]) -> None:
    """Print a document; `##[` inside a line is a command to GitHub, too."""
    click.echo(json.dumps(data, indent=2).replace("##[", r"#\u0023["))


def harmless(text: str) -> str:
    """Return a text no line of which is a workflow command to GitHub's runner."""

    def escaped(found: re.Match[str]) -> str:
        return found[0].replace("::", r"\x3a:").replace("#[", r"\x23[")

    return _COMMAND.sub(escaped, text)
