"""`esp-reconcile validate`"""

from pathlib import Path

import click

from reconciler.cli import options
from reconciler.cli.configuration import read_config
from reconciler.errors import ConfigError


@click.command(
    epilog="""\b
Example:
  esp-reconcile validate examples/esp.yaml
"""
)
@options.files
def validate(files: tuple[Path, ...]) -> int:
    """Check syntax, schema and cross-references of the YAML; no key, no network.

    FILE is a file or a folder of YAML files; esp.yaml by default. Several are merged by provider.
    """
    try:
        config = read_config(files)
    except ConfigError as error:
        for finding in error.findings:
            options.say(str(finding))
        count = len(error.findings)
        options.tell(f"{count} error{'s' if count != 1 else ''} found.")
        if error.advice:
            options.tell(error.advice)
        return error.exit_code
    options.say(
        f"Valid: {_counted(len(config.providers), 'provider')}, "
        f"{_counted(len(config.desired), 'resource')}."
    )
    return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
