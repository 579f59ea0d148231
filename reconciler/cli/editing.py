"""Files of a configuration, changed: shown as a diff, and written only if they are as they were."""

import difflib
from collections.abc import Mapping
from pathlib import Path, PurePath

from reconciler.config import read_texts
from reconciler.errors import UsageError
from reconciler.files import write_below


def diff(before: Mapping[Path, str], after: Mapping[Path, str]) -> str:
    lines: list[str] = []
    for path, text in after.items():
        name, old = str(path), before.get(path, "").splitlines()
        lines += difflib.unified_diff(old, text.splitlines(), name, name, lineterm="")
    return "\n".join(lines) or "No changes."


def check_unchanged(originals: Mapping[Path, str]) -> None:
    """Raise UsageError if somebody changed a file since it was read."""
    for path, text in originals.items():
        now = read_texts([path]).get(path) if path.exists() else None
        if now != text:
            raise UsageError(f"{path}: it was changed meanwhile; nothing was written, run again")


def write_file(path: Path, text: str, *, new: bool = False) -> None:
    """Write a file in one step. Raises UsageError."""
    real = path.resolve()
    try:
        write_below(real.parent, PurePath(real.name), text.encode(), new=new)
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}; nothing was written there") from None
