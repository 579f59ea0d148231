"""`esp-reconcile import`"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.configuration import DEFAULT_FILE
from reconciler.cli.editing import check_unchanged, diff, write_file
from reconciler.cli.live_secrets import keep, naming, to_be_set
from reconciler.cli.new_provider import (
    SCHEMA,
    STDOUT,
    Begun,
    NewProvider,
    account_options,
    begun,
    with_servers,
)
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.engine.selection import Selection
from reconciler.library.importing import Imported, import_live
from reconciler.source import printable

_NAMED = 4
"""So many of several providers are named."""


@click.command(
    "import",
    epilog="""\b
Examples:
  esp-reconcile import --service mailgun --token env:MAILGUN_API_KEY --region eu --out esp.yaml
  esp-reconcile import --service postmark --token env:POSTMARK_SERVER_TOKEN
  esp-reconcile import --dry-run esp.yaml
""",
)
@options.files
@account_options
@click.option("--server", metavar="NAME", help="Postmark's server, instead of its own token.")
@click.option("--all-servers", is_flag=True, help="Begin a provider for each Postmark server.")
@click.option("--only", multiple=True, metavar="GLOB", help="Import only these addresses.")
@click.option(
    "-o",
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the new file here; else it is printed.",
)
@click.option(
    "--secrets",
    "store",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Put live passwords and headers into this SOPS file, and refer to them there.",
)
@click.option("--full", is_flag=True, help="Also say what equals the service's default.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, as a diff.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@click.pass_obj
def import_(
    settings: Settings,
    /,
    files: tuple[Path, ...],
    only: tuple[str, ...],
    out: Path | None,
    store: Path | None,
    all_servers: bool,  # noqa: FBT001
    full: bool,  # noqa: FBT001
    dry_run: bool,  # noqa: FBT001
    force: bool,  # noqa: FBT001
    **provider: str | None,
) -> int:
    """Read what is live and declare it in YAML. Sends nothing but GET.

    With --service a provider is begun, in FILE if one is named, else in a new file. Without it
    FILE, by default esp.yaml, gets what its providers do not declare yet. What is there stays.
    """
    new = NewProvider(**provider)
    start = begun(files if files or new.service else (DEFAULT_FILE,), out, new, force=force)
    run = options_of(settings)
    start = with_servers(start, run) if all_servers else start
    how = {"full": full, **naming(store, next(iter(start.texts)))}
    with Progress("Reading live state") as progress:
        found = import_live(
            start.texts,
            run,
            Selection(only),
            providers=start.providers,
            progress=progress.come_to,
            **how,
        )
    if dry_run:
        options.say(diff(start.originals, found.after))
    else:
        check_unchanged(start.originals)
        keep(found, store)
        _write(start.originals, found.after, force=force)
    _tell(found, start, store, dry_run=dry_run)
    return 0


def _write(originals: Mapping[Path, str], after: Mapping[Path, str], *, force: bool) -> None:
    for path, text in after.items():
        if path == STDOUT:
            options.say(text.rstrip("\n"))
        elif text != originals.get(path):
            write_file(path, text, new=not (path in originals or (force and path.exists())))


def _tell(found: Imported, start: Begun, store: Path | None, *, dry_run: bool) -> None:
    """Say what is not the YAML itself: how much there is, what it lacks, what is to be set."""
    would = "would be " if dry_run else ""
    begun = start.providers
    if len(begun) > 1 or (begun and not found.added):
        options.tell(f"{_named(begun)} {would}begun.")
    options.tell(f"{_counted(found)} {would}imported." if found.added else "Nothing to import.")
    for path in found.after:
        if path not in start.originals and path != STDOUT and not (path.parent / SCHEMA).exists():
            options.tell(f"`esp-reconcile schema --out {SCHEMA}` puts beside it what editors want.")
    for names in found.together:
        options.tell(f"{_named(names)} reach one account: what they all see is declared once.")
    for each in found.left_out:
        options.tell(f"Not declared: {printable(str(each))}.")
    if found.secrets and store:
        count = len(found.secrets)
        noun = "secret" if count == 1 else "secrets"
        options.tell(f"{count} {noun} {would}kept in {printable(str(store))}.")
        return
    for line in to_be_set(found):
        options.tell(line)


def _named(providers: Sequence[str]) -> str:
    first = [f"`{printable(each)}`" for each in providers[:_NAMED]]
    others = [f"{len(providers) - _NAMED} more"] if len(providers) > _NAMED else []
    return _listed([*first, *others])


def _counted(found: Imported) -> str:
    kinds: dict[str, int] = {}
    for address in found.added:
        kinds[address.parts[1]] = kinds.get(address.parts[1], 0) + 1
    return _listed(f"{count} {_noun(kind, count)}" for kind, count in kinds.items())


def _noun(kind: str, count: int) -> str:
    noun = kind.replace("_", " ")
    return noun.removesuffix("s") if count == 1 else noun


def _listed(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
