"""`esp-reconcile domains list`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.domains.choosing import chosen, read_domains
from reconciler.cli.settings import Settings
from reconciler.reports.domains import domains_as_document, domains_as_text


@click.command(
    "list",
    short_help="List domains and what their services say of each record.",
    epilog="""\b
Examples:
  esp-reconcile domains list
  esp-reconcile domains list --provider marketing --format json
""",
)
@chosen
@options.as_format
@click.pass_obj
def list_(
    settings: Settings,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    is_all: bool,  # noqa: FBT001
    format_: str,
) -> int:
    """List domains, declared and unmanaged, with what their services say of each DNS record."""
    _, domains = read_domains(settings, names, providers, config_files, is_all=is_all or not names)
    found = [(each.overview, each.address) for each in domains]
    options.show(domains_as_text(found), domains_as_document(found), format_)
    return 0
