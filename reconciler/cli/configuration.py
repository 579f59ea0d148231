"""The YAML that a command was given, with its warnings told."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from reconciler.cli.options import tell
from reconciler.config import load_config
from reconciler.errors import ConfigError
from reconciler.model import Config
from reconciler.providers import SERVICES
from reconciler.source import Finding

DEFAULT_FILE = Path("esp.yaml")


def read_config(files: Sequence[Path]) -> Config:
    """Load the configuration and tell its warnings. Raises ConfigError."""
    try:
        config = load_config(files or [DEFAULT_FILE], SERVICES)
    except ConfigError as error:
        _tell(error.warnings)
        raise
    _tell(config.warnings)
    return config


def _tell(warnings: Iterable[Finding]) -> None:
    for warning in warnings:
        tell(f"Warning: {warning}")
