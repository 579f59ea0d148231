"""`esp-reconcile dashboard`"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import options
from reconciler.cli.commands import Commands
from reconciler.cli.outputs import check_output, write_output
from reconciler.cli.saved import read_document
from reconciler.cli.settings import Settings
from reconciler.errors import InvalidReport, UsageError

if TYPE_CHECKING:
    from reconciler.dashboard import Documents

_COMMANDS = ("status", "plan", "drift")
_saved = click.argument(
    "files",
    metavar="[FILE]...",
    nargs=-1,
    type=click.Path(path_type=Path, allow_dash=True),
)
_from = click.option(
    "--from",
    "first",
    multiple=True,
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Saved JSON of `status`, and of `plan` and `drift` if wanted, instead of a live reading: "
    "no token, no network. More files may follow it.",
)


def _takes_documents(command: Callable[..., Any]) -> Callable[..., Any]:
    return _saved(_from(options.config_files(options.state_dir(command))))


@click.group(
    cls=Commands,
    epilog="""\b
Examples:
  esp-reconcile dashboard build --out report.html --from status.json plan.json
  esp-reconcile dashboard serve --from status.json
""",
)
def dashboard() -> None:
    """Show how the providers stand, as a page to look at."""


@dashboard.command(
    short_help="Write the page as one HTML file.",
    epilog="""\b
Examples:
  esp-reconcile dashboard build --out report.html
  esp-reconcile dashboard build --out report.html --from status.json plan.json drift.json
""",
)
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path, allow_dash=True),
    metavar="FILE",
    help="Where to write it; `-` prints it.",
)
@click.option("--for-print", is_flag=True, help="Open what is folded: paper cannot be clicked.")
@_takes_documents
@click.pass_obj
def build(settings: Settings, /, out: Path, *, for_print: bool, **sources: Any) -> int:
    """Write the page as one self-contained HTML file, which runs nothing and loads nothing."""
    is_printed = out == Path("-")
    read = _reader(settings, **sources)
    if not is_printed:
        check_output("--out", out, (*sources["first"], *sources["files"]))
    page = read().page(for_print=for_print)
    if is_printed:
        click.echo(page, nl=False)
        return 0
    write_output("--out", out, page)
    options.tell(f"{out} is written.")
    return 0


@dashboard.command(
    short_help="Serve the page on this machine.",
    epilog="""\b
Example:
  esp-reconcile dashboard serve --port 8026 --every 300
""",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    metavar="N",
    help="The port of 127.0.0.1; 0 picks a free one.",
)
@click.option(
    "--every",
    type=click.IntRange(1, 86_400),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Who looks at an older reading gets a new one.",
)
@_takes_documents
@click.pass_obj
def serve(settings: Settings, /, port: int, every: int, **sources: Any) -> None:
    """Serve the page to this machine until interrupted. It shows, and changes nothing."""
    # Who only builds the page needs no server.
    from reconciler.dashboard.serving import serve as serve_page  # noqa: PLC0415

    read = _reader(settings, **sources)
    if Path("-") in (*sources["first"], *sources["files"]):
        raise UsageError("standard input is read once only; name a file to serve")
    serve_page(read, port, every, lambda url: options.tell(f"The dashboard is at {url}"))


def _reader(
    settings: Settings,
    first: Sequence[Path],
    files: Sequence[Path],
    config_files: Sequence[Path],
    state_dir: Path,
) -> "Callable[[], Documents]":
    """Return what reads anew each time it is called, from files or live. Raises UsageError."""
    saved = (*first, *files)
    if not saved:
        # Who renders saved JSON needs no client.
        from reconciler.cli.live_page import live_documents  # noqa: PLC0415

        return live_documents(settings, config_files, state_dir)
    if not first:
        raise UsageError("saved JSON stands after --from, and configuration after --config")
    if config_files:
        raise UsageError("--from tells of a reading that was made: leave --config out")
    return lambda: _documents_of(saved)


def _documents_of(files: Sequence[Path]) -> "Documents":
    """Return what saved files hold, by the command that each is of. Raises InvalidReport."""
    from reconciler.dashboard import Documents  # noqa: PLC0415

    found: dict[str, Mapping[str, Any]] = {}
    for file in files:
        document = read_document(file)
        command = document.get("command")
        if command not in _COMMANDS:
            raise InvalidReport(f"{file}: not the JSON of {', '.join(_COMMANDS)}")
        if command in found:
            raise InvalidReport(f"{file}: another `{command}` was given before")
        found[command] = document
    if "status" not in found:
        raise UsageError("--from: one of the files is to be what `status --format json` prints")
    return Documents(**found)
