"""`esp-reconcile domains records`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.domains.choosing import chosen, read_domains
from reconciler.cli.settings import Settings
from reconciler.model import TO_PUBLISH
from reconciler.reports.domains import Records, records_as_document, records_as_text


@click.command(
    epilog="""\b
Examples:
  esp-reconcile domains records mg.example.com
"""
)
@chosen
@click.option("--missing", "is_missing", is_flag=True, help="Only what a service does not find.")
@options.as_format
@click.pass_obj
def records(
    settings: Settings,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    is_all: bool,  # noqa: FBT001
    is_missing: bool,  # noqa: FBT001
    format_: str,
) -> int:
    """Show the DNS records that each DOMAIN asks for, or all that are declared."""
    _, domains = read_domains(settings, names, providers, config_files, is_all=is_all)
    found: Records = [
        (each.address, [it for it in each.records if not is_missing or it.state == TO_PUBLISH])
        for each in domains
    ]
    options.show(records_as_text(found), records_as_document(found), format_)
    return 0
