"""`esp-reconcile validate`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.configuration import read_config
from reconciler.cli.reporting import Reporting, reported
from reconciler.errors import ConfigError
from reconciler.reports.documents import checked_as_document, findings_as_document
from reconciler.reports.reading import report_of
from reconciler.reports.text import counted, report_as_text


@click.command(
    epilog="""\b
Examples:
  esp-reconcile validate examples/esp.yaml
  esp-reconcile --untrusted validate --report github --report sarif=esp.sarif
"""
)
@options.files
@options.as_format
@reported("validate")
def validate(files: tuple[Path, ...], format_: str, reporting: Reporting) -> int:
    """Check syntax, schema and cross-references of the YAML; no key, no network.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    try:
        document, code, told = checked_as_document(read_config(files)), 0, []
    except ConfigError as error:
        document, code = findings_as_document(error), error.exit_code
        told = [f"{counted(len(error.findings), 'error')} found.", error.advice]
    reporting.show(report_as_text(report_of(document)), document, format_, code)
    for line in filter(None, told):
        options.tell(line)
    return code
