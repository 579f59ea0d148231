"""`esp-reconcile secrets`"""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.commands import Commands
from reconciler.cli.configuration import read_config
from reconciler.cli.settings import Settings
from reconciler.errors import SecretError, Untrusted, UsageError
from reconciler.library.credentials import Need, check_trust, needs, resolver
from reconciler.model import Reference, Secret
from reconciler.secrets import key_names
from reconciler.source import Location, printable

secrets_file = click.option(
    "--file",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="SECRETS",
    help="The encrypted file; else the one that the YAML refers to.",
)


@click.group(
    cls=Commands,
    epilog="""\b
Example:
  esp-reconcile secrets check
""",
)
@click.pass_obj
def secrets(settings: Settings) -> None:
    """Check, set, list or reveal the secrets that the YAML refers to."""
    if settings.untrusted:
        raise Untrusted("this needs secrets, and --untrusted resolves none")


@secrets.command(
    epilog="""\b
Example:
  esp-reconcile secrets check conf/
"""
)
@options.files
@options.as_format
@click.pass_obj
def check(settings: Settings, files: tuple[Path, ...], format_: str) -> int:
    """Resolve every reference of the YAML, and show none of them.

    FILE is a file or a folder of YAML files; esp.yaml by default.
    """
    config = read_config(files)
    check_trust(config, options_of(settings))
    found = [(need, _problem(need)) for need in needs(config)]
    lines = (
        f"{'-' if why else 'ok':4}{printable(f'{need.name}  {need.reference}')}"
        for need, why in found
    )
    rows = [
        {
            "address": need.name,
            "reference": str(need.reference),
            "location": str(need.reference.location),
            "problem": why,
        }
        for need, why in found
    ]
    options.show("\n".join(lines), {"format_version": "1", "references": rows}, format_)
    problems = dict.fromkeys(why for _, why in found if why)
    for why in problems:
        options.tell(f"Error: {why}")
    return SecretError.exit_code if problems else 0


def _problem(need: Need) -> str | None:
    try:
        need.resolve()
    except SecretError as error:
        return str(error)
    return None


@secrets.command(
    "set",
    epilog="""\b
Examples:
  esp-reconcile secrets set mailgun.api_key
  pass show mailgun | esp-reconcile secrets set mailgun.api_key --file secrets.sops.yaml
""",
)
@click.argument("key")
@options.files
@secrets_file
def set_(key: str, files: tuple[Path, ...], file: Path | None) -> int:
    """Write a secret into the encrypted file, at the dotted path KEY.

    The value is asked for, or read from standard input; it is never an argument.
    """
    reference = _in_file(file, files, key)
    resolver().sops.set(reference, _typed_in(key))
    options.tell(f"`{printable(key)}` is set in {printable(reference.target)}.")
    return 0


def _typed_in(key: str) -> Secret:
    if sys.stdin.isatty():
        value = click.prompt(
            f"Value of {printable(key)}", hide_input=True, confirmation_prompt=True, err=True
        )
    else:
        value = sys.stdin.read().removesuffix("\n").removesuffix("\r")
    if not value or not value.isprintable():
        raise UsageError("a secret is one line of text; nothing was written")
    return Secret(value)


@secrets.command(
    "list",
    epilog="""\b
Example:
  esp-reconcile secrets list --file secrets.sops.yaml
""",
)
@options.files
@secrets_file
@options.as_format
def list_(files: tuple[Path, ...], file: Path | None, format_: str) -> int:
    """Show the keys of the encrypted file, and no value."""
    reference = _in_file(file, files)
    keys = list(key_names(resolver().sops.tree(reference)))
    document = {"format_version": "1", "file": reference.target, "keys": keys}
    options.show("\n".join(map(printable, keys)), document, format_)
    return 0


@secrets.command(
    short_help="Show one secret, on a terminal only.",
    epilog="""\b
Example:
  esp-reconcile secrets reveal mailgun.api_key
""",
)
@click.argument("key")
@options.files
@secrets_file
def reveal(key: str, files: tuple[Path, ...], file: Path | None) -> int:
    """Show one secret of the encrypted file: on a terminal only, and after a question."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("a secret is shown on a terminal only")
    reference = _in_file(file, files, key)
    if not click.confirm(f"Show {printable(key)} on this screen?", err=True):
        options.tell("Nothing was shown.")
        return 1
    click.echo(printable(resolver().sops.lookup(reference).reveal()))
    return 0


def _in_file(file: Path | None, files: tuple[Path, ...], key: str = "") -> Reference:
    """Return a reference into the encrypted file that is meant. Raises UsageError."""
    if file:
        return Reference("sops", file.name, Location(str(file)), key)
    known = {_place(each): each for each in _encrypted(files)}
    if len(known) != 1:
        names = ", ".join(sorted({each.target for each in known.values()})) or "none"
        raise UsageError(f"--file says which encrypted file is meant; the YAML names {names}")
    (reference,) = known.values()
    return replace(reference, key=key)


def _encrypted(files: tuple[Path, ...]) -> Iterator[Reference]:
    return (need.reference for need in needs(read_config(files)) if need.reference.source == "sops")


def _place(reference: Reference) -> Path:
    return Path(reference.location.file).parent / reference.target
