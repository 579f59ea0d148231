"""What is remembered of a validation, so that nothing is paid twice: before it is asked for.

It holds no address: the parts of a list are told by the row that each begins with.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from secrets import token_hex
from typing import Any, Self

_ID = re.compile(r"esp-reconcile-[0-9a-f]{16}-\d{1,4}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LAST_ROW = 2**62


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a list: its job's ID, and the rows from `first` to before `end`.

    `is_asked_for` says that its validation may have been asked for, and so paid.
    """

    id: str
    first: int
    end: int
    is_asked_for: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """The validation of a list: `digest` is its content's; `is_preview` if estimates come first."""

    digest: str
    at: datetime
    parts: tuple[Part, ...]
    is_preview: bool = False
    is_done: bool = False

    @classmethod
    def begun(cls, digest: str, first_rows: Sequence[int], *, is_preview: bool) -> Self:
        """Return a new one, whose IDs nobody has drawn before."""
        run = token_hex(8)
        borders = [*first_rows, _LAST_ROW]
        parts = tuple(
            Part(f"esp-reconcile-{run}-{number}", first, end)
            for number, (first, end) in enumerate(pairwise(borders), 1)
        )
        return cls(digest, datetime.now(UTC), parts, is_preview)

    @property
    def may_be_paid(self) -> bool:
        return any(part.is_asked_for for part in self.parts)

    def marked(self, part: Part, *, is_asked_for: bool) -> Self:
        """Return it with a part marked as asked for, or as surely not."""
        parts = (
            replace(each, is_asked_for=is_asked_for) if each.id == part.id else each
            for each in self.parts
        )
        return replace(self, parts=tuple(parts))

    def as_data(self) -> Mapping[str, Any]:
        return {
            "digest": self.digest,
            "at": self.at.isoformat(),
            "preview": self.is_preview,
            "done": self.is_done,
            "parts": [[each.id, each.first, each.is_asked_for] for each in self.parts],
        }

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Self | None:
        """Return what was remembered; None for what is not of ours, as if it had been lost."""
        try:
            return cls._read(data or {})
        except (TypeError, KeyError, ValueError):
            return None

    @classmethod
    def _read(cls, data: Mapping[str, Any]) -> Self:
        found = [(str(id_), int(first), bool(asked)) for id_, first, asked in data["parts"]]
        firsts = [first for _, first, _ in found]
        is_sound = (
            found
            and firsts == sorted(set(firsts))
            and all(_ID.fullmatch(id_) for id_, _, _ in found)
            and _DIGEST.fullmatch(data["digest"])
        )
        at = datetime.fromisoformat(data["at"])
        if not is_sound or at.tzinfo is None:
            raise ValueError
        ends = [*firsts[1:], _LAST_ROW]
        parts = tuple(
            Part(id_, first, end, asked)
            for (id_, first, asked), end in zip(found, ends, strict=True)
        )
        return cls(data["digest"], at, parts, data["preview"] is True, data["done"] is True)
