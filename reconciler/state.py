"""What a run remembers for later ones: when something was tested, and what was begun and paid for.

It lies in a file of its own, holds no secret, and may be lost at any time: nothing is wrong without
it, only unknown. So one that is damaged is as good as none.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from reconciler.errors import ReconcileError
from reconciler.folder import Folder

_FORMAT = 1
_TESTS, _JOBS = "tests", "jobs"
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
Document = dict[str, Any]


class StateUnusable(ReconcileError):
    """The state cannot be kept where it was said to be."""


class Busy(ReconcileError):
    """Another run does this already, and once is enough."""


@dataclass(frozen=True, slots=True)
class LastTest:
    """That a provider was tested: when (UTC), by which command, and whether all was good."""

    at: datetime
    by: str
    passed: bool


@dataclass(frozen=True, slots=True)
class State:
    """The state in a folder. Several runs may read and write it at once."""

    path: Path
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def tested(self, provider: str) -> LastTest | None:
        """Return when a provider was tested last, if that is known."""
        return _tested_of(_section(self._read(), _TESTS).get(provider))

    def note_test(self, provider: str, tested: LastTest) -> None:
        """Raises StateUnusable."""
        entry = {"at": tested.at.isoformat(), "by": tested.by, "passed": tested.passed}
        with self._changing() as document:
            _section(document, _TESTS)[provider] = entry

    def job(self, key: str) -> Mapping[str, Any] | None:
        """Return what was kept of a job, if that is known."""
        found = _section(self._read(), _JOBS).get(key)
        return found if isinstance(found, dict) else None

    def keep_job(self, key: str, job: Mapping[str, Any]) -> None:
        """Keep plain data of a job until it is forgotten. Raises StateUnusable."""
        with self._changing() as document:
            _section(document, _JOBS)[key] = dict(job)

    def forget_job(self, key: str) -> None:
        """Raises StateUnusable."""
        with self._changing() as document:
            _section(document, _JOBS).pop(key, None)

    @contextmanager
    def alone(self, key: str) -> Iterator[None]:
        """Keep other runs from the job of a key, until the block ends, or the process by any means.

        Raises Busy when another run is at it, and StateUnusable.
        """
        folder = Folder(self.path)
        try:
            folder.make()
            name = f"{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()[:16]}.lock"
            descriptor = os.open(self.path / name, _LOCK, 0o600)
        except OSError as problem:
            raise _unusable(folder, problem) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise Busy("another run is at the same thing just now; wait for its end") from None
        try:
            yield
        finally:
            os.close(descriptor)

    def _read(self) -> Document:
        try:
            document = json.loads(Folder(self.path).read())
        except (OSError, ValueError, RecursionError):
            return {}
        is_ours = isinstance(document, dict) and document.get("format") == _FORMAT
        return document if is_ours else {}

    @contextmanager
    def _changing(self) -> Iterator[Document]:
        """Hold the state, by all threads and processes, while a block changes it."""
        folder = Folder(self.path)
        try:
            with self._lock:
                folder.make()
                with _held(self.path):
                    document = self._read()
                    yield document
                    content = json.dumps({**document, "format": _FORMAT}, indent=2)
                    folder.write(content.encode() + b"\n")
        except OSError as problem:
            raise _unusable(folder, problem) from None


def _unusable(folder: Folder, problem: OSError) -> StateUnusable:
    return StateUnusable(
        f"the state cannot be kept in {folder.file}: {problem.strerror}; "
        "name another folder with --state"
    )


def _section(document: Document, name: str) -> Document:
    found = document.get(name)
    if not isinstance(found, dict):
        found = document[name] = {}
    return found


def _tested_of(entry: Any) -> LastTest | None:
    try:
        at, by, passed = datetime.fromisoformat(entry["at"]), entry["by"], entry["passed"]
    except (TypeError, KeyError, ValueError):
        return None
    is_whole = at.tzinfo is not None and isinstance(by, str) and isinstance(passed, bool)
    return LastTest(at, by, passed) if is_whole else None


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
