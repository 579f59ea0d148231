"""The file of accepted drift: differences that are known, and left be for a while."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from reconciler.config.schema import check_schema
from reconciler.config.sources import ACCEPTED_FILE, content_of
from reconciler.config.syntax import parse
from reconciler.errors import ConfigError
from reconciler.model import Acceptance
from reconciler.source import Finding, Location, Node

__all__ = ["ACCEPTED_FILE", "load_accepted"]

_SCHEMA = "accepted-drift.schema.json"


def load_accepted(path: Path) -> tuple[Acceptance, ...]:
    """Return what a file accepts, in its order. Raises ConfigError with every finding."""
    findings: list[Finding] = []
    raw = content_of(path, findings)
    root = _checked(raw, path, findings) if raw is not None else None
    accepted = tuple(_entries(root, findings)) if root else ()
    if findings:
        raise ConfigError(findings)
    return accepted


def _checked(raw: bytes, path: Path, findings: list[Finding]) -> Node | None:
    root, found = parse(raw, str(path))
    if root is None and _is_blank(raw):
        message = "the file is empty; it needs `version: 1` and `accepted:`"
        found = [Finding(Location(str(path)), message, "missing-key")]
    findings.extend(found)
    if root is None:
        return None
    root, found = check_schema(root, _SCHEMA)
    findings.extend(found)
    return root


def _is_blank(raw: bytes) -> bool:
    """Whether a file holds nothing but comments."""
    lines = (line.strip() for line in raw.splitlines())
    return all(not line or line.startswith((b"#", b"---")) for line in lines)


def _entries(root: Node, findings: list[Finding]) -> Iterator[Acceptance]:
    """Yield the entries in which nothing was found wrong, now that days are looked at as well."""
    entries = root.children.get("accepted")
    for node in entries.items if entries else ():
        day = node.children.get("expires")
        if day is None or not node.is_sound():
            continue
        try:
            expires = date.fromisoformat(day.data)
        except ValueError:
            message = f"`expires`: there is no day {day.data}"
            findings.append(Finding(day.location, message, "wrong-value"))
            continue
        yield Acceptance(
            address=str(node.text("address")),
            field=node.text("field") or "",
            reason=str(node.text("reason")),
            expires=expires,
            location=node.location,
        )
