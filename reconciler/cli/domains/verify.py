"""`esp-reconcile domains verify`"""

from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.domains.choosing import NEEDS_NAMES, chosen, read_domains
from reconciler.cli.duration import as_seconds
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError
from reconciler.library.domains import Verification
from reconciler.library.domains import verify as verified
from reconciler.reports.domains import verifications_as_document, verifications_as_text


@click.command(
    short_help="Have services look at DNS now.",
    epilog="""\b
Examples:
  esp-reconcile domains verify mg.example.com
  esp-reconcile domains verify --all --wait 30m
""",
)
@chosen
@click.option(
    "--wait",
    callback=as_seconds,
    default="0",
    metavar="TIME",
    help="Ask again until all are verified, or so long has passed, such as 30m.",
)
@options.as_format
@click.pass_obj
def verify(
    settings: Settings,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    is_all: bool,  # noqa: FBT001
    wait: float,
    format_: str,
) -> int:
    """Have services look at DNS now. It ends with 0 only when each DOMAIN is verified."""
    if not names and not is_all:
        raise UsageError(NEEDS_NAMES)
    config, domains = read_domains(settings, names, providers, config_files, is_all=is_all)
    how = options_of(settings)
    done = verified(config, how, domains, wait=wait, clock=how.clock, came=_tell)
    options.show(verifications_as_text(done), verifications_as_document(done), format_)
    return 0 if all(each.is_verified for each in done) else 1


def _tell(known: Sequence[Verification], next_in: float) -> None:
    """Say how far it is, before each further round."""
    if next_in:
        count = sum(each.is_verified for each in known)
        options.tell(f"{count} of {len(known)} verified; asking again in {next_in:.0f} s")
