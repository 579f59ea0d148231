"""Files as secrets: plain ones, small, in the folder of the YAML that names them or below it."""

import os
import stat
from pathlib import Path

from reconciler.errors import SecretError
from reconciler.model import Reference

MAX_BYTES = 64 * 1024


def from_file(reference: Reference) -> str:
    """Return a file's text. Raises SecretError, which holds none of it."""
    content = read_plainly(confined(reference), reference)
    # Whatever is not text becomes a character that the resolver refuses, and no exception that
    # would carry the content along.
    return content.decode("utf-8-sig", errors="replace")


def confined(reference: Reference) -> Path:
    """Return the file's real path, all links followed. Raises SecretError when it leads out."""
    folder = Path(reference.location.file).parent
    try:
        home = folder.resolve()
        path = (home / reference.target).resolve()
    except (OSError, RuntimeError, ValueError):
        raise SecretError(f"{reference.location}: {reference} is not a path") from None
    if not path.is_relative_to(home):
        raise SecretError(
            f"{reference.location}: {reference} lies outside the folder of the configuration; "
            "move it there, or use {env: NAME}"
        )
    return path


def read_plainly(path: Path, reference: Reference, most: int = MAX_BYTES) -> bytes:
    """Return a regular file's content. Raises SecretError for any other, and for a big one."""
    shown = f"{reference.location}: {reference}"
    try:
        # Without O_NONBLOCK the opening of a pipe waits for somebody to write to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SecretError(f"{shown} is not a regular file")
            content = file.read(most + 1)
    except OSError as problem:
        raise SecretError(f"{shown}: {problem.strerror}") from None
    except ValueError:
        raise SecretError(f"{shown} is not a path") from None
    if len(content) > most:
        raise SecretError(f"{shown} is larger than {most // 1024} KiB")
    return content
