"""`esp-reconcile import`"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.configuration import DEFAULT_FILE
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.config import read_texts
from reconciler.config.writing import scalar
from reconciler.credentials import resolver
from reconciler.engine.selection import Selection
from reconciler.errors import UsageError
from reconciler.files import write_below
from reconciler.importing import Imported, import_live
from reconciler.model import Reference
from reconciler.providers import SERVICES
from reconciler.source import Location, printable

_HEAD = "# yaml-language-server: $schema=esp.schema.json\nversion: 1\n\nproviders:\n"
_STDOUT = Path("standard output")
"""What messages call the file that is only printed."""


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
@click.option("--service", type=click.Choice(sorted(SERVICES)), help="Begin a new file for one.")
@click.option("--token", metavar="REFERENCE", help="env:NAME, file:PATH or sops:FILE#KEY.")
@click.option("--account-token", metavar="REFERENCE", help="Postmark's, for domains and senders.")
@click.option("--server", metavar="NAME", help="Postmark's server, instead of its own token.")
@click.option("--region", type=click.Choice(["us", "eu"]), help="Mailgun's.")
@click.option("--provider", metavar="NAME", help="What to call it; else the service's name.")
@click.option("--only", multiple=True, metavar="GLOB", help="Import only these addresses.")
@click.option(
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
    full: bool,  # noqa: FBT001
    dry_run: bool,  # noqa: FBT001
    force: bool,  # noqa: FBT001
    **new: str | None,
) -> int:
    """Read what is live and declare it in YAML. Sends nothing but GET.

    With --service a new file is begun. Without it FILE, by default esp.yaml, is added to: what its
    providers do not declare yet. What is there stays as it is.
    """
    texts = _texts(files, out, new, force=force)
    refer = _Store(store, next(iter(texts))).refer if store else _from_environment
    with Progress("Reading live state") as progress:
        found = import_live(
            texts,
            options_of(settings),
            Selection(only),
            full=full,
            refer=refer,
            progress=progress.come_to,
        )
    if dry_run:
        options.say(_diff(found))
    else:
        if store:
            _keep(found, store, next(iter(texts)))
        _write(found, out, is_new=bool(new["service"]))
    _tell(found, store, dry_run=dry_run)
    return 0


def _texts(
    files: tuple[Path, ...], out: Path | None, new: Mapping[str, str | None], *, force: bool
) -> dict[Path, str]:
    """Return the files to add to: those that are there, or the beginning of a new one."""
    if not new["service"]:
        given = [f"--{name.replace('_', '-')}" for name, value in new.items() if value]
        if given or out or force:
            option = (given or ["--out" if out else "--force"])[0]
            raise UsageError(f"{option} is for a new file, which --service begins")
        return read_texts(files or [DEFAULT_FILE])
    if files:
        raise UsageError(
            f"--service begins a new file, and {files[0]} is one; leave one of them out"
        )
    if out and (out.exists() or out.is_symlink()) and not force:
        raise UsageError(
            f"--out {out}: it is there; `import {out}` adds to it, --force replaces it"
        )
    return {out or _STDOUT: _HEAD + "".join(f"{line}\n" for line in _provider(new))}


def _provider(new: Mapping[str, str | None]) -> Iterator[str]:
    """Yield the lines of a provider that holds no more than how to reach it."""
    service = str(new["service"])
    yield f"  {scalar(new['provider'] or service)}:"
    yield f"    service: {service}"
    for option in ("token", "account_token"):
        if said := new[option]:
            yield f"    {option}: {_reference(option, said)}"
    for option in ("server", "region"):
        if said := new[option]:
            yield f"    {option}: {scalar(said)}"


def _reference(option: str, said: str) -> str:
    """Return a reference as the YAML says it. Raises UsageError."""
    source, _, target = said.partition(":")
    path, _, key = target.partition("#")
    if source in {"env", "file"} and target:
        return f"{{{source}: {scalar(target)}}}"
    if source == "sops" and path and key:
        return f"{{sops: {{file: {scalar(path)}, key: {scalar(key)}}}}}"
    # What was given may be the token itself.
    raise UsageError(
        f"--{option.replace('_', '-')}: say where it is kept, as env:NAME, file:PATH or "
        "sops:FILE#KEY, and never the value"
    )


def _from_environment(name: str) -> Mapping[str, Any]:
    return {"env": name}


class _Store:
    """Refers to secrets in an encrypted file, by its path as seen from the YAML."""

    def __init__(self, store: Path, beside: Path) -> None:
        self._file = _seen_from(beside, store)

    def refer(self, name: str) -> Mapping[str, Any]:
        return {"sops": {"file": self._file, "key": name}}


def _seen_from(beside: Path, store: Path) -> str:
    folder = Path() if beside == _STDOUT else beside.parent
    try:
        return str(store.absolute().relative_to(folder.absolute()))
    except ValueError:
        raise UsageError(
            f"--secrets {store}: it has to be beside the YAML, or in a folder below it"
        ) from None


def _keep(found: Imported, store: Path, beside: Path) -> None:
    """Put the secrets into the encrypted file. Raises SecretError."""
    _seen_from(beside, store)
    for name, secret in sorted(found.secrets.items()):
        resolver().sops.set(Reference("sops", store.name, Location(str(store)), name), secret)


def _write(found: Imported, out: Path | None, *, is_new: bool) -> None:
    if is_new and out is None:
        options.say(found.after[_STDOUT].rstrip("\n"))
        return
    for path, text in found.after.items():
        if is_new or text != found.before[path]:
            _put(path, text, is_there=path.exists())


def _put(path: Path, text: str, *, is_there: bool) -> None:
    try:
        write_below(path.parent.resolve(), PurePath(path.name), text.encode(), new=not is_there)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}; nothing was written there") from None


def _diff(found: Imported) -> str:
    lines: list[str] = []
    for path, after in found.after.items():
        before = "" if path == _STDOUT else found.before[path]
        lines += difflib.unified_diff(
            before.splitlines(), after.splitlines(), str(path), str(path), lineterm=""
        )
    return "\n".join(lines) or "No changes."


def _tell(found: Imported, store: Path | None, *, dry_run: bool) -> None:
    """Say what is not the YAML itself: how much there is, what it lacks, what is to be set."""
    would = "would be " if dry_run else ""
    options.tell(f"{_counted(found)} {would}imported." if found.added else "Nothing to import.")
    for each in found.left_out:
        options.tell(f"Not declared: {printable(str(each))}.")
    if found.secrets and store:
        options.tell(f"{len(found.secrets)} secrets {would}kept in {printable(str(store))}.")
    elif found.secrets:
        options.tell("To be set before the next plan, to what is live:")
        for name in sorted(found.secrets):
            options.tell(f"  {name}")


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
