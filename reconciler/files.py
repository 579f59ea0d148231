"""Reading files that a stranger may have put there: no pipe, no device, no link that leads away.

Whatever a path is checked for may be something else when it is opened. So a folder is entered step
by step, each step from the one before it that is held open, and what was opened is what is judged.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath
from secrets import token_hex

_HANDED_OVER = (Path("/dev/fd"), Path("/proc/self/fd"))
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# Without O_NONBLOCK the opening of a pipe waits for somebody to write to it.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class LeadsOut(OSError):
    """A path that does not stay below the folder that it has to stay in."""


def read_plainly(path: Path, most: int) -> bytes:
    """Return a regular file's content, cut after `most` bytes and one. Raises OSError.

    Links are followed as far as they stay in the file's folder or below it, else LeadsOut. A pipe
    is read if the shell handed it over, as `<(command)` does: no repository holds those.
    """
    if path.parent in _HANDED_OVER:
        with path.open("rb") as pipe:
            return pipe.read(most + 1)
    try:
        folder, real = path.parent.resolve(), path.resolve()
    except RuntimeError:  # how Python before 3.13 tells a link to itself
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP)) from None
    if not real.is_relative_to(folder):
        raise LeadsOut(errno.EACCES, "a link that leads out of its folder")
    # Whoever puts a link there meanwhile has one that is not followed.
    return read_below(folder, real.relative_to(folder), most)


def read_below(root: Path, path: PurePath, most: int) -> bytes:
    """Return a regular file's content, cut after `most` bytes and one; no link is followed.

    `root` itself may be reached by links. Raises LeadsOut, OSError, and ValueError for what is no
    path.
    """
    with _entered(root, path) as folder:
        descriptor = _step(path.name, _FILE, folder)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(most + 1)
    finally:
        os.close(descriptor)


def write_below(
    root: Path, path: PurePath, content: bytes, *, new: bool, mode: int | None = None
) -> None:
    """Make a file, or put another one in the place of one, in one step; no link is followed.

    Without a `mode` another one has that of the one before it. Raises FileExistsError when it is
    there and should be `new`, and as `read_below` does.
    """
    with _entered(root, path) as folder:
        name = path.name if new else f".{path.name}.{token_hex(4)}"
        if mode is None:
            mode = (
                0o666 if new else os.stat(path.name, dir_fd=folder, follow_symlinks=False).st_mode
            )
        descriptor = os.open(name, _NEW, stat.S_IMODE(mode), dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if not new:  # whatever is masked for new ones
                    os.fchmod(descriptor, stat.S_IMODE(mode))
                file.write(content)
            if not new:
                os.replace(name, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            os.unlink(name, dir_fd=folder)
            raise


def make_own_folder(root: Path, path: PurePath) -> None:
    """Make a folder below `root` for its owner only, or make one that is there such a one.

    No link is followed. Raises as `read_below` does.
    """
    for steps in range(1, len(path.parts) + 1):
        step = PurePath(*path.parts[:steps])
        with _entered(root, step) as folder, suppress(FileExistsError):
            os.mkdir(step.name, 0o700, dir_fd=folder)
    with _entered(root, path / "x") as folder:
        os.fchmod(folder, 0o700)


@contextmanager
def _entered(root: Path, path: PurePath) -> Iterator[int]:
    """Open the folder that a path below `root` ends in."""
    if path.is_absolute() or ".." in path.parts:
        raise LeadsOut(errno.EACCES, "a path that leads out of its folder")
    folder = os.open(root, _FOLDER)
    try:
        for step in path.parts[:-1]:
            below = _step(step, _FOLDER, folder)
            os.close(folder)
            folder = below
        yield folder
    finally:
        os.close(folder)


def _step(name: str, how: int, folder: int) -> int:
    try:
        return os.open(name or ".", how | os.O_NOFOLLOW, dir_fd=folder)
    except OSError:
        if _is_link(name, folder):
            raise LeadsOut(errno.ELOOP, "a link, which is not followed here") from None
        raise


def _is_link(name: str, folder: int) -> bool:
    try:
        return stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    except OSError:
        return False
