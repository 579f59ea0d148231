"""Which domains a command is about."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.checks import check_names
from reconciler.cli.configuration import read_config
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from reconciler.library.domains import Choice, Domain, domains_of
from reconciler.model import Config
from reconciler.providers.desired import host_name
from reconciler.source import printable

NEEDS_NAMES = "name a domain, or say --all"


def chosen(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command be about named domains, or all, of some providers or all."""
    argument = click.argument("names", metavar="[DOMAIN]...", nargs=-1)
    provider = click.option(
        "--provider",
        "providers",
        multiple=True,
        metavar="PROVIDER",
        help="Only the domains of this provider; may be given several times.",
    )
    every = click.option(
        "--all", "is_all", is_flag=True, help="All domains, also those that are not declared."
    )
    return argument(provider(every(options.config_files(command))))


def read_domains(
    settings: Settings,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    *,
    is_all: bool,
) -> tuple[Config, list[Domain]]:
    """Read the domains that a command is about: those named, or all that are declared, or all.

    Raises UsageError and ReconcileError as `domains_of`.
    """
    if names and is_all:
        raise UsageError("--all means every domain; name none beside it")
    config = read_config(config_files)
    check_names(config, providers)
    _check_reach(config, providers)
    choice = Choice(tuple(map(host_name, names)), providers)
    with Progress("Reading domains") as progress:
        found = domains_of(config, options_of(settings), choice, progress=progress.come_to)
    if not (names or is_all):
        found = [each for each in found if each.overview.is_declared(each.address)]
    return config, found


def _check_reach(config: Config, providers: tuple[str, ...]) -> None:
    for name in providers:
        account = config.providers[name]
        if all(each.name != "domains" for each in account.service.readable(account)):
            raise UsageError(
                f"{printable(name)}: its domains stand on the account; give it an `account_token`"
            )
