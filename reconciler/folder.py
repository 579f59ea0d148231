"""Where what is kept between runs lies: for its owner only, out of Git, never behind a link."""

from contextlib import suppress
from pathlib import Path, PurePath

from reconciler.files import make_own_folder, read_below, write_below

_MOST = 2**30
_IGNORE = PurePath(".gitignore")


class Folder:
    """A folder with one file of state, `name`.

    Raises OSError for whatever cannot be read or written, or is a link.
    """

    def __init__(self, path: Path, name: str = "state.json") -> None:
        self.file = path / name
        # A relative path may be a stranger's from its first step on: a repository holds links.
        is_plain = not path.is_absolute() and ".." not in path.parts
        self._root = Path() if is_plain else path.parent
        self._path = PurePath(path) if is_plain else PurePath(path.name)

    def read(self) -> bytes:
        return read_below(self._root, self._path / self.file.name, _MOST)

    def write(self, content: bytes) -> None:
        if not self.file.parent.is_dir():
            self.make()
        write_below(self._root, self._path / self.file.name, content, new=False, mode=0o600)

    def make(self) -> None:
        """Make it, unless it is there and is a repository, whose mode and rules are not ours."""
        if (self.file.parent / ".git").exists():
            return
        self._root.mkdir(parents=True, exist_ok=True)
        make_own_folder(self._root, self._path)
        with suppress(FileExistsError):
            write_below(self._root, self._path / _IGNORE, b"*\n", new=True, mode=0o600)
