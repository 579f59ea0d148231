"""`esp-reconcile domains diagnose`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.domains.choosing import chosen, read_domains
from reconciler.cli.progress import Progress
from reconciler.cli.settings import Settings
from reconciler.dns import Network
from reconciler.library.diagnosing import diagnosed
from reconciler.reports.diagnosis import diagnoses_as_document, diagnoses_as_text


@click.command(
    short_help="Say what is wrong in DNS, and what to do.",
    epilog="""\b
Examples:
  esp-reconcile domains diagnose mg.example.com
  esp-reconcile domains diagnose --all --resolver 192.0.2.53 --format json
""",
)
@chosen
@click.option(
    "--resolver",
    metavar="HOST[:PORT]",
    help="Ask this resolver instead of the system's.",
)
@click.option(
    "--authority",
    metavar="HOST[:PORT]",
    help="Ask this name server as the authority of every zone: for split DNS.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.05, 60),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for one answer of one name server.",
)
@options.as_format
@click.pass_obj
def diagnose(
    settings: Settings,
    names: tuple[str, ...],
    providers: tuple[str, ...],
    config_files: tuple[Path, ...],
    is_all: bool,  # noqa: FBT001
    resolver: str | None,
    authority: str | None,
    timeout: float,
    format_: str,
) -> int:
    """Say what is wrong in DNS with the records that each DOMAIN asks for, and what to do.

    Those who hold the zone and the resolver are asked, and both are held against what the service
    wants and says. Without a name it is about all that are declared. It ends with 1 if something is
    wrong, or could not be asked.
    """
    network = Network(resolver, authority, timeout, 3 * timeout)
    _, domains = read_domains(settings, names, providers, config_files, is_all=is_all)
    with Progress("Asking name servers"):
        found = diagnosed(domains, network)
    options.show(diagnoses_as_text(found), diagnoses_as_document(found), format_)
    return 0 if all(each.is_healthy for each in found) else 1
