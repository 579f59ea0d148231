"""What the tests of the configuration share: a text in, its findings out."""

import shutil
import tempfile
from pathlib import Path

from reconciler.config import load_config
from reconciler.errors import ConfigError
from reconciler.model import Config
from reconciler.providers import SERVICES
from reconciler.source import Finding

EXAMPLE = Path(__file__).parents[2] / "examples" / "esp.yaml"

POSTMARK = """\
version: 1
providers:
  p:
    service: postmark
    token: {env: SERVER}
    account_token: {env: ACCOUNT}
"""
"""A provider that is complete; what a test adds begins in line 7, indented by four."""

MAILGUN = """\
version: 1
providers:
  m:
    service: mailgun
    token: {env: KEY}
    region: eu
"""
"""The same for the other service."""


def load(content: str | bytes) -> Config:
    """Load a file with this content. Raises ConfigError."""
    folder = Path(tempfile.mkdtemp())
    try:
        path = folder / "esp.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_config([path], SERVICES)
    finally:
        shutil.rmtree(folder)


def findings(content: str | bytes) -> tuple[Finding, ...]:
    """Return what is found wrong in a file with this content; nothing when it is valid."""
    try:
        load(content)
    except ConfigError as error:
        return error.findings
    return ()


def places(content: str | bytes) -> list[tuple[int, int]]:
    return [(each.location.line, each.location.column) for each in findings(content)]


def only(content: str | bytes) -> Finding:
    """Return the one finding that there must be."""
    found = findings(content)
    assert len(found) == 1, [str(each) for each in found]
    return found[0]


def said(content: str | bytes) -> tuple[int, int, str]:
    """Return line, column and message of the one finding that there must be."""
    finding = only(content)
    return finding.location.line, finding.location.column, finding.message


def place_of(content: str, marked: str) -> tuple[int, int]:
    """Return line and column at which the only occurrence of a text begins."""
    assert content.count(marked) == 1, marked
    before = content[: content.index(marked)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")
