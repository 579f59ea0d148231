"""Files as secrets: plain ones, small, in the folder of the YAML that names them or below it."""

from pathlib import Path

from reconciler.errors import SecretError
from reconciler.files import read_plainly, stays_in
from reconciler.model import Reference

MAX_BYTES = 64 * 1024


def from_file(reference: Reference) -> str:
    """Return a file's text. Raises SecretError, which holds none of it."""
    content = content_of(confined(reference), reference)
    # Whatever is not text becomes a character that the resolver refuses, and no exception that
    # would carry the content along.
    return content.decode("utf-8-sig", errors="replace")


def confined(reference: Reference) -> Path:
    """Return the file's real path, all links followed. Raises SecretError when it leads out."""
    folder = Path(reference.location.file).parent
    try:
        path = folder / reference.target
        if stays_in(path, folder):
            return path.resolve()
    except (OSError, RuntimeError, ValueError):
        raise SecretError(f"{reference.location}: {reference} is not a path") from None
    raise SecretError(
        f"{reference.location}: {reference} lies outside the folder of the configuration; "
        "move it there, or use {env: NAME}"
    )


def content_of(path: Path, reference: Reference, most: int = MAX_BYTES) -> bytes:
    """Return a regular file's content. Raises SecretError for any other, and for a big one."""
    shown = f"{reference.location}: {reference}"
    try:
        content = read_plainly(path, most)
    except OSError as problem:
        raise SecretError(f"{shown}: {problem.strerror}") from None
    except ValueError:
        raise SecretError(f"{shown} is not a path") from None
    if len(content) > most:
        raise SecretError(f"{shown} is larger than {most // 1024} KiB")
    return content
