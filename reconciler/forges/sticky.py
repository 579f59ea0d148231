"""The one comment of ours that a pull request has for a key, whoever else writes at once.

Ours is what has the marker and our author: anybody can paste a marker, and with the right to write
a bot may edit other people's comments. An older run never overwrites what a newer one wrote. Of
several the oldest stays.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from reconciler.errors import NotFound
from reconciler.forges.forge import Comment, Forge
from reconciler.forges.marker import Marker, normal
from reconciler.forges.note import NO_RUN, Note, Record
from reconciler.forges.settling import MOMENT, settle

KIND = "comment"
BodyOf = Callable[[Note | None], str | None]


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of a comment, and where it is.

    `older` means that a newer run, that of `note`, wrote it already; `quiet` that there was
    nothing to write.
    """

    what: Literal["created", "updated", "unchanged", "older", "quiet"]
    note: Note
    url: str = ""


def post(
    forge: Forge,
    number: int,
    key: str,
    note: Note,
    body_of: BodyOf,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Posted:
    """Write the comment that a pull request has for a key.

    `body_of` is given what another run wrote there before, None if there is no comment, and
    returns Markdown of `LONGEST_TEXT - LONGEST_MARKER` characters at most, or None to write
    nothing. It may be asked several times. `note` says what is written, without its history.

    Raises ServiceError, PermissionDenied where a fork's token may only read, and NotConverged.
    """
    writing = _Writing(forge, number, Marker(KIND, key), note, body_of, pause)
    return settle(writing.step, pause, f"the comment of pull request {number}")


def read(forge: Forge, number: int, key: str) -> Note | None:
    """Return what was written last into the comment for a key, None if nothing was.

    An announcement does not count. Raises ServiceError.
    """
    records = [each.record for each in _found(forge, number, Marker(KIND, key))]
    record = max(records, key=_run_of, default=Record())
    note = record.seen_by(NO_RUN)
    return note if note.run > NO_RUN else None


@dataclass(frozen=True, slots=True)
class _Found:
    comment: Comment
    record: Record


def _found(forge: Forge, number: int, marker: Marker) -> list[_Found]:
    """Return the comments that are ours, the oldest first."""
    me = forge.me()
    return [
        _Found(each, Record.of(marker.data(each.body)))
        for each in forge.comments(number)
        if each.author == me and marker.is_on(each.body)
    ]


@dataclass(slots=True)
class _Writing:
    """One run's writing of the comment, step by step."""

    forge: Forge
    number: int
    marker: Marker
    note: Note
    body_of: BodyOf
    pause: Callable[[float], None]
    did: Literal["created", "updated", "unchanged"] = "unchanged"
    unseen: set[int] = field(default_factory=set)

    def step(self) -> Posted | None:
        found = _found(self.forge, self.number, self.marker)
        if self._is_late(found):
            return None
        newest = max((each.record for each in found), key=_run_of, default=None)
        if newest and newest.note.run > self.note.run:
            if found[0].record.note.run == newest.note.run and self._delete(found[1:]):
                return None
            return Posted("older", newest.note, found[0].comment.url)
        text = self.body_of(newest.seen_by(self.note.run) if newest else None)
        if text is None:
            return Posted("quiet", self.note)
        before = newest.seen_by(self.note.run) if newest else Note()
        body = self.marker.on(text, Record(self.note, before).as_data())
        if self._write(found, body) or self._delete(found[1:]):
            return None
        return Posted(self.did, self.note, found[0].comment.url)

    def _is_late(self, found: Sequence[_Found]) -> bool:
        """Give a forge a moment to list what it has taken, once for each comment."""
        missing = self.unseen - {each.comment.id for each in found}
        self.unseen.clear()
        if missing:
            self.pause(MOMENT)
        return bool(missing)

    def _write(self, found: Sequence[_Found], body: str) -> bool:
        """Write a body unless it is there; return whether there was something to write."""
        if not found:
            comment = self.forge.add_comment(self.number, body)
            self.unseen.add(comment.id)
            self.did = "created"
            return True
        kept = found[0].comment
        # Two jobs of one run that say different things would go on for ever.
        is_done = self.did != "unchanged" and found[0].record.note.run == self.note.run
        if is_done or normal(kept.body) == normal(body):
            return False
        # What somebody deleted meanwhile is made again after the next look.
        with suppress(NotFound):
            self.forge.edit_comment(self.number, kept.id, body)
            self.did = "updated" if self.did == "unchanged" else self.did
        return True

    def _delete(self, twins: Sequence[_Found]) -> bool:
        for each in twins:
            with suppress(NotFound):
                self.forge.delete_comment(self.number, each.comment.id)
        return bool(twins)


def _run_of(record: Record) -> tuple[int, int]:
    return record.note.run.number, record.note.run.attempt
