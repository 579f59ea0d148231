"""Arguments and options that several commands share, and how they print."""

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from reconciler.cli.colour import COLOUR
from reconciler.cli.statusline import STATUS
from reconciler.cli.streams import give_up
from reconciler.source import printable

_OWN_COLOUR = re.compile(r"(\x1b\[(?:0|3[123])m)")
# A terminal drops colours, so that what stands around one is read as one.
_COMMAND = re.compile(
    r"^\s*::|#(?:\x1b\[\d+m)*#(?:\x1b\[\d+m)*(?:\[|vso\[|teamcity\[)", re.MULTILINE
)

RECURSIVE = "recursive"
"""Under this name a command's context tells whether folders are entered."""


def _keep(context: click.Context, option: click.Parameter, value: Any) -> None:
    context.meta[f"{__name__}.{option.name}"] = value


def is_recursive() -> bool:
    """Whether the command that runs was asked to enter folders."""
    return bool(click.get_current_context().meta.get(f"{__name__}.{RECURSIVE}"))


def files(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command take files and folders; `-` is standard input."""
    paths = click.Path(path_type=Path, allow_dash=True)
    argument = click.argument("files", metavar="[FILE]...", nargs=-1, type=paths, default=None)
    option = click.option(
        f"--{RECURSIVE}",
        is_flag=True,
        expose_value=False,
        callback=_keep,
        help="Enter the folders in folders, too.",
    )
    return argument(option(command))


config_files = click.option(
    "-c",
    "--config",
    "config_files",
    multiple=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="A file or a folder of YAML files, esp.yaml by default; may be given several times.",
)
state_dir = click.option(
    "--state",
    "state_dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=".esp-reconcile",
    show_default=True,
    envvar="ESP_RECONCILE_STATE",
    metavar="DIR",
    help="Where it is remembered what was tested and begun; no secret is, and it may be lost.",
)
as_format = click.option(
    "-f",
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
    click.echo(harmless(text), color=COLOUR.is_wanted(sys.stdout))


def tell(text: str) -> None:
    """Print progress or a warning: what is not the result. Who cannot be told is not told."""
    with STATUS.aside():
        try:
            click.echo(harmless(text), err=True, color=COLOUR.is_wanted(sys.stderr))
        except OSError:
            give_up(sys.stderr)


@contextmanager
def even_unread() -> Iterator[None]:
    """Print what was done, and go on if it cannot be: what was done is done.

    One line says so, and standard output leads nowhere from then on.
    """
    try:
        yield
    except OSError as problem:
        tell(f"Warning: standard output: {problem.strerror}; the exit code says what was done")
        give_up(sys.stdout)


def show(as_text: str, as_data: Mapping[str, Any], format_: str) -> None:
    """Print a result in the format that was asked for."""
    if format_ == "json":
        say_json(as_data)
    else:
        say(as_text)


def say_json(data: Mapping[str, Any]) -> None:
    """Print a document; `##[` inside a line is a command to some CI services, too."""
    say_json_text(json.dumps(data, indent=2))


def say_json_text(text: str) -> None:
    """Print JSON as `say_json` does."""
    click.echo(text.replace("##", r"#\u0023"))


def harmless(text: str) -> str:
    """Return a text that tells people something, and terminals and CI services nothing.

    What is foreign was printed with escapes already: this is the net below that.
    """
    parts = _OWN_COLOUR.split(text)
    plain = "".join(each if number % 2 else _printable(each) for number, each in enumerate(parts))
    return _COMMAND.sub(_escaped, plain)


def _printable(text: str) -> str:
    return re.sub(r"[^\n\t]+", lambda found: printable(found[0]), text)


def _escaped(command: re.Match[str]) -> str:
    return command[0].replace("::", r"\x3a:").replace("#", r"\x23")
