"""Files as secrets: plain ones, small, below a folder that is there for them."""

from collections.abc import Mapping
from pathlib import Path, PurePath

from reconciler.errors import SecretError
from reconciler.files import LeadsOut, read_below
from reconciler.model import Reference

MAX_BYTES = 64 * 1024
FOLDER = "secrets"
VARIABLE = "ESP_RECONCILE_FILE_ROOT"
_BESIDE = f"the folder `{FOLDER}` beside the configuration"


def from_file(reference: Reference, environment: Mapping[str, str]) -> str:
    """Return a file's text. Raises SecretError, which holds none of it."""
    if named := environment.get(VARIABLE):
        content = _from_named_folder(reference, Path(named).absolute())
    else:
        path = PurePath(reference.target)
        if path.parts[:1] != (FOLDER,):
            raise _outside(reference, _BESIDE)
        # `secrets` is a step like any other: the stranger's folder may hold a link of that name.
        content = content_of(reference, folder_of(reference), path, where=_BESIDE)
    # Whatever is not text becomes a character that the resolver refuses, and no exception that
    # would carry the content along.
    return content.decode("utf-8-sig", errors="replace")


def _from_named_folder(reference: Reference, root: Path) -> bytes:
    """Read below the operator's folder: from it on, unless the path names it itself."""
    path = folder_of(reference).absolute() / reference.target
    below = path.relative_to(root) if path.is_relative_to(root) else PurePath(reference.target)
    return content_of(reference, root, below, where=f"{root} ({VARIABLE})")


def folder_of(reference: Reference) -> Path:
    """Return the folder of the YAML that a reference stands in."""
    return Path(reference.location.file).parent


def content_of(
    reference: Reference,
    root: Path,
    path: PurePath,
    *,
    most: int = MAX_BYTES,
    where: str = "the folder of the configuration",
) -> bytes:
    """Return a regular file's content, reached from `root` on by no link.

    Raises SecretError for any other, and for a big one.
    """
    shown = f"{reference.location}: {reference}"
    try:
        content = read_below(root, path, most)
    except LeadsOut:
        raise _outside(reference, where) from None
    except OSError as problem:
        raise SecretError(f"{shown}: {problem.strerror}") from None
    except ValueError:
        raise SecretError(f"{shown} is not a path") from None
    if len(content) > most:
        raise SecretError(f"{shown} is larger than {most // 1024} KiB")
    return content


def _outside(reference: Reference, where: str) -> SecretError:
    return SecretError(
        f"{reference.location}: {reference} lies outside {where}, or is reached through a link; "
        "put the file itself there, or use {env: NAME}"
    )
