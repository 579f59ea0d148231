"""What a sticky comment remembers of what was written into it, last and before."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from reconciler.forges.marker import Run

_WORD = re.compile(r"[\w.:+/-]{0,100}", re.ASCII)
_LONGEST_LINE, _MOST_BYTES = 160, 200
"""Characters, and bytes: a dozen such lines have to fit into a marker."""
_MOST_LINES = 10
_SHOWN_HEAD = 12
NO_RUN = Run(0, 0)


@dataclass(frozen=True, slots=True)
class Note:
    """What one run wrote: for which commit, what state it found, and that in one line.

    `summary` is "" for an announcement, of which nothing is kept once the run has more to say.
    `history` are lines of what was written before, the latest first. What comes back from a
    comment was in other hands: it is of these types and of a bounded length, and no more is sure.
    """

    run: Run = NO_RUN
    head: str = ""
    state: str = ""
    digest: str = ""
    summary: str = ""
    history: tuple[str, ...] = ()

    def as_line(self) -> str:
        return _line(f"{self.head[:_SHOWN_HEAD]}: {self.summary}")

    def passed_on(self) -> tuple[str, ...]:
        """Return the history that the next note has."""
        lines = (self.as_line(), *self.history) if self.summary else self.history
        return lines[:_MOST_LINES]

    def as_data(self) -> dict[str, Any]:
        return {
            "run": self.run.as_data(),
            "head": _word(self.head),
            "state": _word(self.state),
            "digest": _word(self.digest),
            "summary": _line(self.summary),
        }

    @classmethod
    def of(cls, data: Any) -> Self | None:
        """Return the note that a marker's data hold, None if they are none."""
        run = Run.of(data.get("run")) if isinstance(data, Mapping) else None
        if run is None:
            return None
        words = {key: _word(data.get(key)) for key in ("head", "state", "digest")}
        lines = data.get("history")
        history = tuple(map(_line, lines[:_MOST_LINES])) if isinstance(lines, list) else ()
        return cls(run, **words, summary=_line(data.get("summary")), history=history)


@dataclass(frozen=True, slots=True)
class Record:
    """All that a sticky comment remembers: its note, and the one that another run wrote before.

    `before` has the history; that of `note` begins with it.
    """

    note: Note = Note()
    before: Note = Note()

    def seen_by(self, run: Run) -> Note:
        """Return what a run finds there: it does not take its own announcement for news."""
        if run.number == self.note.run.number or not self.note.summary:
            return self.before
        return replace(self.note, history=self.before.passed_on())

    def as_data(self) -> dict[str, Any]:
        return {
            **self.note.as_data(),
            "before": self.before.as_data(),
            "history": [_line(each) for each in self.before.history[:_MOST_LINES]],
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self:
        """Return what a marker's data hold, an empty record for what they do not."""
        note, before = Note.of(data), Note.of(data.get("before"))
        if note is None:
            return cls()
        return cls(replace(note, history=()), replace(before or Note(), history=note.history))


def _word(value: Any) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _line(value: Any) -> str:
    """Return foreign text as one line that is short in characters and in bytes."""
    text = value[:_LONGEST_LINE] if isinstance(value, str) else ""
    plain = "".join(each if each.isprintable() else " " for each in text)
    return " ".join(plain.split()).encode()[:_MOST_BYTES].decode("utf-8", "ignore")
