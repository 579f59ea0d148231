"""The YAML that a command was given, with its warnings told."""

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.cli.options import is_recursive, tell
from reconciler.config import MAX_BYTES, load_config
from reconciler.errors import ConfigError
from reconciler.model import Config
from reconciler.providers import SERVICES
from reconciler.source import Finding

DEFAULT_FILE = Path("esp.yaml")
STDIN = Path("-")
EXAMPLE_FILE = Path("examples", "esp.yaml")
BEGINNING = """\
  For example:
    version: 1
    providers:
      transactional: {service: postmark, token: {env: POSTMARK_SERVER_TOKEN}, streams: {}}"""


def read_config(files: Sequence[Path]) -> Config:
    """Load the configuration and tell its warnings. Raises ConfigError."""
    paths = files or [DEFAULT_FILE]
    texts = {STDIN: sys.stdin.buffer.read(MAX_BYTES + 1)} if STDIN in paths else {}
    try:
        config = load_config(paths, SERVICES, texts, recursive=is_recursive())
    except ConfigError as error:
        _tell(error.warnings)
        if files or os.path.lexists(DEFAULT_FILE):
            raise
        raise ConfigError(error.findings, error.warnings, advice=_beginning()) from None
    _tell(config.warnings)
    return config


def _beginning() -> str:
    """Return what to start from, where no configuration is there at all."""
    if EXAMPLE_FILE.is_file():
        return f"  {EXAMPLE_FILE} is one to start from."
    return BEGINNING


def _tell(warnings: Iterable[Finding]) -> None:
    for warning in warnings:
        tell(f"Warning: {warning}")
