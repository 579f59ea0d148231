"""The past of the configuration, as Git holds it: files at a revision, in memory, and one ref.

Nothing is checked out and nothing is fetched. What is asked runs no hook, no filter and no text
converter; the program is given neither tokens nor passwords of our environment.
"""

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from reconciler.errors import RevisionError
from reconciler.files import read_below
from reconciler.source import printable, shortened

APPLIED = "refs/esp-reconcile/applied"
"""The commit whose configuration was applied last, as a whole; `apply --record-ref` moves it."""
_TIMEOUT = 60
"""Seconds: nothing here depends on a network."""
_PASSED_ON = ("PATH", "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM")
_SETTINGS = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",  # for those before 2.45, which do not know the line above
    "GIT_NO_REPLACE_OBJECTS": "1",
}
_FOLDER, _LINK, _SUBMODULE = "040000", "120000", "160000"


@dataclass(frozen=True, slots=True)
class _Blob:
    """A file at a commit: where it is in the repository, its mode, name and size in bytes."""

    path: PurePosixPath
    mode: str
    name: str
    size: int

    @property
    def is_file(self) -> bool:
        return self.mode.startswith("100")


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that holds `root`, the top of its working tree."""

    root: Path

    @classmethod
    def of(cls, path: Path) -> "Repository":
        """Return the repository that a path is in. Raises RevisionError when there is none."""
        folder = Path(os.path.realpath(path))
        while not folder.is_dir():
            folder = folder.parent
        top = _git(folder, "rev-parse", "--show-toplevel").decode().rstrip("\n")
        return cls(Path(top))

    def commit_of(self, ref: str) -> str:
        """Return the name of the commit that a ref means. Raises RevisionError."""
        if ref.startswith("-") or not ref.strip():
            named = _quoted(ref) or "an empty name"
            raise RevisionError(f"{named}: a commit, a tag or a branch is wanted")
        try:
            found = self._ask("rev-parse", "--verify", "--quiet", "--end-of-options", _peeled(ref))
        except RevisionError:
            raise RevisionError(f"{_quoted(ref)}: {self._why_unknown(ref)}") from None
        return found.decode().strip()

    def find(self, ref: str) -> str | None:
        """Return the commit that a ref means, None when there is no such ref."""
        try:
            return self.commit_of(ref)
        except RevisionError:
            return None

    def texts_at(
        self, ref: str, paths: Sequence[Path], *, recursive: bool, most: int
    ) -> dict[Path, bytes]:
        """Return the configuration files that stood at `paths` (files or folders) then.

        A folder stands for the YAML files in it, as in the working tree. A path at which nothing
        stood gives nothing. Raises RevisionError for links, submodules, and more than `most` bytes.
        """
        commit = self.commit_of(ref)
        found: dict[Path, _Blob] = {}
        for path in paths:
            for blob in self._blobs_at(commit, path, recursive=recursive):
                found[path / blob.path.relative_to(self._within(path))] = blob
        for path, blob in found.items():
            self._check(ref, path, blob, most)
        return dict(zip(found, self._contents([each.name for each in found.values()]), strict=True))

    def is_same(self, commit: str, path: Path, *, most: int) -> bool:
        """Whether a file is known to be as it was at a commit.

        It is not where either is no regular file, or has more than `most` bytes: a configuration
        may name what it likes, and no link is followed, no pipe waited for, no device read.
        """
        try:
            within = self._within(path)
            now = read_below(self.root, within, most)
        except (OSError, ValueError, RevisionError):
            return False
        then = self._entry(commit, within)
        if then is None or not then.is_file or not then.size == len(now) <= most:
            return False
        return self._contents([then.name]) == [now]

    def record(self, ref: str, commit: str) -> None:
        """Move a ref to a commit, from where it is now and from nowhere else.

        Raises RevisionError, also when somebody else moves it meanwhile.
        """
        before = self.find(ref) or "0" * len(commit)
        self._ask("update-ref", "-m", "esp-reconcile apply", ref, commit, before)

    def _blobs_at(self, commit: str, path: Path, *, recursive: bool) -> Iterator[_Blob]:
        within = self._within(path)
        entry = self._entry(commit, within)
        if entry is None:
            self._check_way(commit, within)
        elif entry.mode != _FOLDER:
            yield entry
        else:
            names = ("-r",) if recursive else ()
            prefix = f"{within}/" if within.parts else "./"
            for blob in self._tree(*names, commit, "--", prefix):
                if _is_entered(blob, blob.path.relative_to(within), recursive=recursive):
                    yield blob

    def _entry(self, commit: str, within: PurePosixPath) -> _Blob | None:
        """Return what stands at a path, be it a file, a folder, a link or a submodule."""
        if not within.parts:
            return _Blob(within, _FOLDER, "", 0)
        return next(self._tree(commit, "--", str(within)), None)

    def _check_way(self, commit: str, within: PurePosixPath) -> None:
        """Raise RevisionError when a link or a submodule stands on the way to a path."""
        for above in within.parents:
            entry = self._entry(commit, above)
            if entry and entry.mode in {_LINK, _SUBMODULE}:
                self._check(commit, Path(above), entry, 0)

    def _check(self, ref: str, path: Path, blob: _Blob, most: int) -> None:
        where = f"{printable(str(path))} at {_quoted(ref)}"
        if blob.mode == _LINK:
            raise RevisionError(f"{where}: a link, which is not followed; name what it leads to")
        if blob.mode == _SUBMODULE:
            raise RevisionError(f"{where}: a submodule, whose files are not in this repository")
        if blob.size > most:
            raise RevisionError(f"{where}: longer than {most} bytes, which no configuration is")

    def _tree(self, *arguments: str) -> Iterator[_Blob]:
        """Yield entries of `git ls-tree`: `MODE TYPE NAME SIZE<tab>PATH`."""
        listed = self._ask("ls-tree", "-z", "-l", "--full-tree", *arguments)
        for line in listed.split(b"\0")[:-1]:
            facts, _, path = line.partition(b"\t")
            mode, _, name, size = facts.decode().split()
            yield _Blob(
                PurePosixPath(os.fsdecode(path)), mode, name, int(size) if size != "-" else 0
            )

    def _contents(self, names: Sequence[str]) -> list[bytes]:
        """Return objects by name: of each Git tells `NAME TYPE SIZE`, and then its content."""
        answer = self._ask("cat-file", "--batch", feed="".join(f"{each}\n" for each in names))
        contents = []
        for name in names:
            head, _, rest = answer.partition(b"\n")
            told = head.decode().split()
            if told[:1] != [name] or told[-1] == "missing":
                raise RevisionError(f"{name[:12]}: Git does not have this object; {_DEEPER}")
            size = int(told[2])
            contents.append(rest[:size])
            answer = rest[size + 1 :]
        return contents

    def _within(self, path: Path) -> PurePosixPath:
        """Return where a path is in the repository. Raises RevisionError when it is outside."""
        absolute = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links in it
        for above in (absolute, *absolute.parents):
            if Path(os.path.realpath(above)) == self.root:
                return PurePosixPath(absolute.relative_to(above))
        where = printable(str(self.root))
        raise RevisionError(f"{printable(str(path))}: not in the repository at {where}")

    def _why_unknown(self, ref: str) -> str:
        if self._ask("rev-parse", "--is-shallow-repository").strip() == b"true":
            return f"it is not in this clone, which holds the last commits only; {_DEEPER}"
        names = self._ask("for-each-ref", "--format=%(refname:short)").decode().split("\n")
        near = get_close_matches(ref, filter(None, names), n=1)
        hint = f"; did you mean `{printable(near[0])}`?" if near else "; `git fetch` may bring it"
        return f"no commit, tag or branch of this repository{hint}"

    def _ask(self, *arguments: str, feed: str = "") -> bytes:
        return _git(self.root, *arguments, feed=feed)


_DEEPER = "fetch the whole history (`fetch-depth: 0` on GitHub, `GIT_DEPTH: 0` on GitLab)"


def _is_entered(blob: _Blob, path: PurePosixPath, *, recursive: bool) -> bool:
    """Whether what is at a path below a folder is a file, or files, that the folder stands for."""
    if any(part.startswith(".") for part in path.parts) or blob.mode == _FOLDER:
        return False
    if blob.mode == _SUBMODULE:
        return recursive
    return path.suffix in {".yaml", ".yml"} and ".sops." not in path.name


def _peeled(ref: str) -> str:
    return f"{ref}^{{commit}}"


def _quoted(ref: str) -> str:
    return printable(shortened(ref))


def _git(folder: Path, *arguments: str, feed: str = "") -> bytes:
    """Return what Git answers. Raises RevisionError."""
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    command = ["git", "-c", "core.fsmonitor=false", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments; refs stand behind --end-of-options
            command,
            input=feed.encode(),
            capture_output=True,
            timeout=_TIMEOUT,
            check=False,
            env=environment | _SETTINGS,
        )
    except FileNotFoundError:
        raise RevisionError("git: the program is not there; install it") from None
    except subprocess.TimeoutExpired:
        raise RevisionError(f"git {arguments[0]}: no answer in {_TIMEOUT} seconds") from None
    if done.returncode:
        raise RevisionError(_told(arguments[0], folder, done.stderr))
    return done.stdout


def _told(verb: str, folder: Path, stderr: bytes) -> str:
    text = stderr.decode(errors="replace").strip()
    where = printable(str(folder))
    if "not a git repository" in text:
        return f"{where}: not in a Git repository, so that it has no past"
    if "dubious ownership" in text:
        return (
            f"{where}: the repository is another user's, and Git does not trust it; "
            f"`git config --global --add safe.directory {where}` says that you do"
        )
    if "lazy fetching disabled" in text or "transport '" in text:
        return (
            f"{where}: this clone left out what stood there then; make it without `--filter` "
            "(`filter` of actions/checkout)"
        )
    return f"git {verb}: {printable(shortened(text or 'it failed and did not say why'))}"
