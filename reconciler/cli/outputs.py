"""Files that a command writes because it was told to: looked at before, written in one step."""

import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from typing import TextIO

from reconciler.errors import UsageError
from reconciler.files import write_below

YAML_SUFFIXES = frozenset({".yaml", ".yml"})
_OWNER_ONLY = 0o600


def check_output(
    option: str, file: Path, sources: Iterable[Path] = (), *, may_be_yaml: bool = False
) -> None:
    """Raise UsageError for where nothing can be written, before anything is read for it.

    `sources` are files of the configuration, which are not written over.
    """
    if file.resolve() in {each.resolve() for each in sources}:
        raise UsageError(f"{option}: this is the configuration; name another file")
    if file.suffix in YAML_SUFFIXES and not may_be_yaml:
        raise UsageError(f"{option}: a configuration may be called so; name another file")
    if file.is_dir():
        raise UsageError(f"{option}: this is a folder; name a file in it")
    folder = file.parent
    if not _is_special(file) and not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"{option}: its folder is not there, or not yours to write to")


def write_output(option: str, file: Path, text: str) -> None:
    """Write a file in one step, so that nobody reads half of it. Raises UsageError.

    What is no regular file, such as a pipe, is written to.
    """
    try:
        if _is_special(file):
            file.write_text(text, encoding="utf-8", errors="replace")
        else:
            _replace(file, text)
    except OSError as problem:
        raise UsageError(f"{option}: {problem.strerror}") from None


def write_secret_output(option: str, file: Path, text: str) -> None:
    """Write a file for its owner only, in one step; no link is followed. Raises UsageError.

    What is no regular file is not written to: a secret belongs on no terminal and into no pipe.
    """
    # A relative path may be a stranger's from its first step on: a repository holds links.
    is_plain = not file.is_absolute() and ".." not in file.parts
    root, path = (Path(), PurePath(file)) if is_plain else (file.parent, PurePath(file.name))
    try:
        if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
            raise UsageError(f"{option}: not a regular file; a secret is written into those only")
        write_below(root, path, text.encode(), new=False, mode=_OWNER_ONLY)
    except OSError as problem:
        raise UsageError(f"{option}: {problem.strerror}") from None


@contextmanager
def opened_output(option: str, file: Path) -> Iterator[TextIO]:
    """Yield a file to write to, for its owner only; it is there in one step once all is written.

    Raises UsageError.
    """
    try:
        if _is_special(file):
            with file.open("w", encoding="utf-8", newline="") as opened:
                yield opened
        else:
            with _draft_of(file) as opened:
                yield opened
    except OSError as problem:
        raise UsageError(f"{option}: {problem.strerror}") from None


@contextmanager
def _draft_of(file: Path, *, newline: str | None = "", errors: str = "strict") -> Iterator[TextIO]:
    """Yield a file for its owner only, which takes the place of another once all is written."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline=newline, errors=errors) as opened:
            yield opened
        Path(draft).replace(file)
    except BaseException:
        with suppress(OSError):
            Path(draft).unlink()
        raise


def _is_special(file: Path) -> bool:
    try:
        return not stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False


def _replace(file: Path, text: str) -> None:
    with _draft_of(file, newline=None, errors="replace") as opened:
        opened.write(text)
        os.fchmod(opened.fileno(), 0o666 & ~_masked())


def _masked() -> int:
    """Return the umask, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
