"""`esp-reconcile validate`"""

from pathlib import Path
from typing import Any

import click

from reconciler.cli import options
from reconciler.cli.account import options_of
from reconciler.cli.configuration import read_config
from reconciler.cli.reporting import Reporting, reported
from reconciler.cli.settings import Settings
from reconciler.errors import ConfigError
from reconciler.model import Config
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
@click.option(
    "--online",
    is_flag=True,
    help="Also test the connection of each provider, as `check` does. Sends only GET.",
)
@options.state_dir
@reported("validate")
@click.pass_obj
def validate(
    settings: Settings,
    files: tuple[Path, ...],
    format_: str,
    reporting: Reporting,
    state_dir: Path,
    online: bool,  # noqa: FBT001
) -> int:
    """Check syntax, schema and cross-references of the YAML; no key, no network.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    checks = ""
    try:
        config = read_config(files)
        document, code, told = checked_as_document(config), 0, []
        if online:
            checks, document["check"], code = _checked(settings, config, state_dir)
    except ConfigError as error:
        document, code = findings_as_document(error), error.exit_code
        told = [f"{counted(len(error.findings), 'error')} found.", error.advice]
    text = report_as_text(report_of(document))
    reporting.show(f"{text}\n\n{checks}" if checks else text, document, format_, code)
    for line in filter(None, told):
        options.tell(line)
    return code


def _checked(
    settings: Settings, config: Config, state_dir: Path
) -> tuple[str, dict[str, Any], int]:
    """Test all connections. Returns what came of it as text and as data, and the exit code."""
    # Who only validates does not wait for what talks to services.
    from reconciler.cli.checks import check_now, exit_code_of  # noqa: PLC0415
    from reconciler.reports.checks import checks_as_text  # noqa: PLC0415

    how = options_of(settings)
    looks, document = check_now(config, how, (), state_dir, "validate --online")
    return checks_as_text(looks), document, exit_code_of(looks)
