"""Plans in files: saved, read back whole or not at all, held while they are applied, used once."""

import contextlib
import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import UnionType
from typing import Any, BinaryIO

from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import FORMAT_VERSION, as_json, digest_of, plan_as_document
from reconciler.errors import InvalidPlanFile, StalePlan
from reconciler.model import Address

MAX_BYTES = 64 * 1024 * 1024
_Shape = Mapping[str, type | UnionType]
_WHOLE: _Shape = {
    "format_version": str,
    "command": str,
    "state": str,
    "config": str,
    "only": list,
    "prune": bool,
    "compared": bool,
    "providers": list,
    "summary": dict,
    "changes": list,
    "refused": list,
    "unmanaged": list,
    "notes": list,
    "records": list,
}
_OF_A_REVISION: _Shape = {"since": str, "dropped": list}
"""What only a plan of what changed since a revision has."""
_CHANGE: _Shape = {
    "action": str,
    "address": str,
    "path": list,
    "twin": str,
    "kind": str,
    "remote_id": str | None,
    "pruned": bool,
    "removal": str,
    "waits_for": list,
    "location": dict | None,
    "fields": list,
    "seen": dict,
}
_FIELD: _Shape = {
    "name": str,
    "before": object,
    "after": object,
    "keys": list | None,
    "location": dict | None,
}


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan file as it was read; `name` is what to call it in messages."""

    path: Path
    raw: bytes
    document: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.path)

    @property
    def changes(self) -> list[Mapping[str, Any]]:
        changes: list[Mapping[str, Any]] = self.document["changes"]
        return changes

    @property
    def prunes(self) -> list[Mapping[str, Any]]:
        """The changes that no declaration asks for."""
        return [change for change in self.changes if change["pruned"]]


def address_of(change: Mapping[str, Any]) -> Address:
    """Return the address of a change in a plan file."""
    return Address(tuple(change["path"]), change["twin"])


def save_plan(plan: Plan, path: Path) -> str:
    """Write the plan in one step, for its owner only. Returns its digest; raises OSError."""
    document = plan_as_document(plan)
    _write(document, path)
    return str(document["digest"])


def _as_file(document: Mapping[str, Any]) -> str:
    return as_json(document) + "\n"


def _write(document: Mapping[str, Any], path: Path) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_as_file(document))
        Path(draft).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(draft).unlink()
        raise


@dataclass
class Claim:
    """A plan file that is held: nobody else applies it meanwhile."""

    saved: SavedPlan
    _is_spent: bool = False
    _lock: Lock = field(default_factory=Lock)

    def spend(self) -> None:
        """Note in the file, as far as it can be written, that it was used: then it is refused."""
        with self._lock:
            if not self._is_spent:
                self._is_spent = True
                with contextlib.suppress(OSError):
                    _write({**self.saved.document, "applied": True}, self.saved.path)


@contextmanager
def claimed(saved: SavedPlan) -> Iterator[Claim]:
    """Hold a plan file. Raises StalePlan when somebody else does, or when it is no longer as read.

    The lock goes with the process, however that ends: a plan that wrote nothing can be tried again.
    """
    try:
        opened = _opened(saved.path)
    except OSError as problem:
        raise StalePlan(f"{saved.name}: {problem.strerror}; plan again") from None
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StalePlan(f"{saved.name}: somebody else applies it just now") from None
        if not _is_at(file.fileno(), saved.path) or file.read(MAX_BYTES) != saved.raw:
            raise StalePlan(f"{saved.name}: it changed, or was applied, just now; plan again")
        yield Claim(saved)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether an open file still is the one at its path: one that is written anew is another."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), path.stat())
    return False


def load_plan(path: Path, digest: str | None = None) -> SavedPlan:
    """Read a plan file. Raises InvalidPlanFile unless it is whole, ours and of this format.

    With a `digest` it must be that very plan.
    """
    raw = _read(path)
    try:
        document = _decode(path, raw)
        _check_once(path, document)
        _check_as_written(path, raw, document)
    except RecursionError:
        raise InvalidPlanFile(f"{path}: not a whole plan file; plan again") from None
    if not _is_whole(document):
        raise InvalidPlanFile(f"{path}: not a whole plan file; plan again")
    if digest is not None and digest != document["digest"]:
        raise InvalidPlanFile(
            f"{path}: its digest is {document['digest']}, and {digest} was asked for: it is not "
            "the plan that was reviewed"
        )
    return SavedPlan(path, raw, document)


def _opened(path: Path) -> BinaryIO:
    """Open a file; should it be a pipe, nobody is waited for. Raises OSError."""

    def at_once(name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NONBLOCK)

    return open(path, "rb", opener=at_once)


def _read(path: Path) -> bytes:
    try:
        with _opened(path) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InvalidPlanFile(f"{path}: not a regular file")
            return file.read(MAX_BYTES)
    except OSError as problem:
        raise InvalidPlanFile(f"{path}: {problem.strerror}; `plan --out` saves one") from None


def _decode(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        raise InvalidPlanFile(f"{path}: not a whole plan file; plan again") from None
    if not isinstance(document, dict) or "format_version" not in document:
        raise InvalidPlanFile(f"{path}: not a plan file")
    if document["format_version"] != FORMAT_VERSION:
        raise InvalidPlanFile(
            f"{path}: plan format {document['format_version']!r} is not {FORMAT_VERSION!r}, which "
            "this version reads; plan again"
        )
    return document


def _check_once(path: Path, document: Mapping[str, Any]) -> None:
    """Raise InvalidPlanFile when a thing is changed twice: that is told before all else is read."""
    changes = document.get("changes")
    seen: set[str] = set()
    for change in changes if isinstance(changes, list) else ():
        if not isinstance(change, dict):
            continue
        # A text of them: whether the parts are texts is not known yet.
        where = f"{change.get('path')!r} {change.get('twin')!r}"
        if where in seen:
            raise InvalidPlanFile(f"{path}: {change.get('address')} stands in it twice; plan again")
        seen.add(where)


def _check_as_written(path: Path, raw: bytes, document: Mapping[str, Any]) -> None:
    """Raise StalePlan for what was used, InvalidPlanFile for what is not ours to the byte."""
    if document.get("applied") is True:
        raise StalePlan(f"{path}: it was applied before; plan again")
    content = {key: value for key, value in document.items() if key != "digest"}
    if document.get("digest") != digest_of(content) or raw != _as_file(document).encode():
        raise InvalidPlanFile(f"{path}: edited or damaged since it was written; plan again")


def _is_whole(document: Mapping[str, Any]) -> bool:
    """Whether all that a plan is saved with is there, and of the right type."""
    is_of_a_revision = not _OF_A_REVISION.keys().isdisjoint(document)
    return (
        _has(document, _WHOLE)
        and (not is_of_a_revision or _has(document, _OF_A_REVISION))
        and all(isinstance(pattern, str) for pattern in document["only"])
        and all(_is_change(change) for change in document["changes"])
    )


def _is_change(change: Any) -> bool:
    """Whether an entry is one; who changes a thing has seen it, and who makes one has seen none."""
    return (
        _has(change, _CHANGE)
        and change["path"] != []
        and all(isinstance(part, str) for part in change["path"])
        and all(_has(field, _FIELD) for field in change["fields"])
        and bool(change["seen"]) == (change["action"] != "create")
    )


def _has(thing: Any, shape: _Shape) -> bool:
    """Whether a thing of a document has all keys of a shape, each with a value of its type."""
    return isinstance(thing, dict) and all(
        key in thing and isinstance(thing[key], kind) for key, kind in shape.items()
    )
