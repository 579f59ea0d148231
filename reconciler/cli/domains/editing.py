"""`esp-reconcile domains add` and `domains remove`: the first step, in the YAML, of a change."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.checks import check_names
from reconciler.cli.configuration import DEFAULT_FILE, read_config
from reconciler.cli.editing import check_unchanged, diff, write_file
from reconciler.config import read_texts
from reconciler.errors import UsageError
from reconciler.library.editing import Edit, declare_domain, loaded, retire_domain
from reconciler.model import Config
from reconciler.providers.desired import host_name
from reconciler.source import printable

_Edits = Callable[[Config, dict[Path, str], str, str], Edit]

names_argument = click.argument("names", metavar="DOMAIN...", nargs=-1, required=True)
provider_option = click.option(
    "--provider", metavar="PROVIDER", help="Whose domain it is; needed where several could be."
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Show what would be written, as a diff."
)


@click.command(
    short_help="Declare domains in the YAML.",
    epilog="""\b
Example:
  esp-reconcile domains add news.example.com --provider marketing
""",
)
@names_argument
@provider_option
@options.config_files
@dry_run_option
def add(
    names: tuple[str, ...],
    provider: str | None,
    config_files: tuple[Path, ...],
    dry_run: bool,  # noqa: FBT001
) -> int:
    """Declare each DOMAIN in the YAML; what it says already stays as it is, comments too.

    Nothing is sent: what comes next is told.
    """
    files = config_files or (DEFAULT_FILE,)
    config = read_config(files)
    owner = provider or _only(config)
    check_names(config, [owner])
    _edit(files, [(name, owner) for name in names], declare_domain, dry_run=dry_run)
    shown = " ".join(printable(each) for each in names)
    _tell_steps(
        dry_run,
        "esp-reconcile plan",
        "esp-reconcile apply",
        f"esp-reconcile domains records {shown}    # publish these",
        f"esp-reconcile domains verify {shown} --wait 30m",
    )
    return 0


@click.command(
    short_help="Say `ensure: absent` of domains in the YAML.",
    epilog="""\b
Example:
  esp-reconcile domains remove old.example.com
""",
)
@names_argument
@provider_option
@options.config_files
@dry_run_option
def remove(
    names: tuple[str, ...],
    provider: str | None,
    config_files: tuple[Path, ...],
    dry_run: bool,  # noqa: FBT001
) -> int:
    """Say `ensure: absent` of each DOMAIN in the YAML: the next apply deletes it.

    To leave a line out of the YAML deletes nothing. Nothing is sent: what comes next is told.
    """
    files = config_files or (DEFAULT_FILE,)
    config = read_config(files)
    pairs = [(name, provider or _owner(config, name)) for name in names]
    check_names(config, [owner for _, owner in pairs])
    _edit(files, pairs, retire_domain, dry_run=dry_run)
    _tell_steps(dry_run, "esp-reconcile plan", "esp-reconcile apply    # deletes, and asks before")
    return 0


def _edit(
    files: Sequence[Path], pairs: Sequence[tuple[str, str]], edit: _Edits, *, dry_run: bool
) -> None:
    """Make one edit after the other, and write what comes of all; or show that as a diff."""
    originals = read_texts(files, recursive=options.is_recursive())
    texts = dict(originals)
    for name, provider in pairs:
        made = edit(loaded(texts), texts, provider, name)
        texts[made.path] = made.after
    changed = {path: text for path, text in texts.items() if text != originals[path]}
    if dry_run:
        options.say(diff(originals, changed))
        return
    check_unchanged(originals)
    for path, text in changed.items():
        write_file(path, text)
        options.tell(f"{printable(str(path))} is written.")


def _only(config: Config) -> str:
    if len(config.providers) == 1:
        return next(iter(config.providers))
    known = ", ".join(map(printable, config.providers))
    raise UsageError(f"say with --provider whose domain it is: {known}")


def _owner(config: Config, domain: str) -> str:
    """Return the provider that declares a domain. Raises UsageError for none, and for several."""
    name = host_name(domain)
    owners = [
        address.provider for address in config.desired if address.parts[1:] == ("domains", name)
    ]
    if len(owners) == 1:
        return owners[0]
    fact = "several providers declare it" if owners else "no provider declares it"
    raise UsageError(f"{printable(domain)}: {fact}; say with --provider whose domain it is")


def _tell_steps(dry_run: bool, *steps: str) -> None:  # noqa: FBT001
    """Say what comes next, as lines to copy."""
    if not dry_run:
        options.tell("Next:")
        for step in steps:
            options.tell(f"  {step}")
