"""The one issue of ours that a repository has for a key: opened, kept up, closed, and reopened.

It is found by label, marker and author. A forge's search is an index that lags behind, by which two
runs would open two.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal, Self

from reconciler.errors import NotFound, UnexpectedAnswer, UsageError
from reconciler.forges.client import patiently
from reconciler.forges.forge import Forge, Issue
from reconciler.forges.marker import Marker, Run, normal
from reconciler.forges.note import NO_RUN
from reconciler.forges.settling import MOMENT, settle

KIND = "issue"
LABEL = "esp-reconcile-drift"
REOPENED_WITHIN = timedelta(days=14)
_LABEL = re.compile(r"[^\s,][^,\n]{0,48}[^\s,]|[^\s,]")
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an issue remembers: since when there is something to see, and when that last changed.

    It comes from an issue's body, which was in other hands.
    """

    run: Run
    first_seen: date
    last_seen: date

    def as_data(self) -> dict[str, Any]:
        days = {"first": self.first_seen.isoformat(), "last": self.last_seen.isoformat()}
        return {"run": self.run.as_data(), **days}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Self | None:
        run = Run.of(data.get("run"))
        try:
            days = (date.fromisoformat(data["first"]), date.fromisoformat(data["last"]))
        except (KeyError, TypeError, ValueError):
            return None
        return cls(run, *days) if run else None


BodyOf = Callable[[Sighting | None], str]


@dataclass(frozen=True, slots=True)
class Tracked:
    """What became of an issue; `number` is None where there is none.

    `older` means that a newer run wrote it already, `quiet` that there was nothing to close.
    """

    what: Literal["opened", "updated", "unchanged", "reopened", "closed", "older", "quiet"]
    number: int | None = None
    url: str = ""


def check_label(label: str) -> str:
    """Return a label that forges take. Raises UsageError."""
    if not (_LABEL.fullmatch(label) and label.isprintable()):
        raise UsageError("a label has 1 to 50 characters, no comma, and no blanks around it")
    return label


def track(
    forge: Forge,
    key: str,
    *,
    title: str,
    body_of: BodyOf,
    run: Run,
    today: date,
    label: str = LABEL,
    pause: Callable[[float], None] = time.sleep,
) -> Tracked:
    """Have one open issue that says what there is to see; it is written only if that changed.

    `body_of` is given what the issue remembers, None if there is none or it remembers nothing, and
    returns Markdown of `LONGEST_TEXT - LONGEST_MARKER` characters at most. It may be asked several
    times. One that was closed within 14 days is opened again.

    Raises ServiceError, UnexpectedAnswer when the forge drops the body, UsageError, NotConverged.
    """
    issues = _Issues(forge, Marker(KIND, key), check_label(label), run)
    plain = normal(" ".join(title.split())[:_LONGEST_TITLE])
    writing = _Writing(issues, plain, body_of, today, pause)
    return settle(writing.step, pause, f"the issue with the label {label}")


def resolve(forge: Forge, key: str, *, comment: str, run: Run, label: str = LABEL) -> Tracked:
    """Close the issue, and say why in a comment: for who looked at everything and saw nothing.

    Raises ServiceError and UsageError.
    """
    issues = _Issues(forge, Marker(KIND, key), check_label(label), run)
    found = issues.found("open")
    if not found:
        return Tracked("quiet")
    first = found[0].issue
    if issues.newest(found) > run:
        return Tracked("older", first.number, first.url)
    for each in found:
        # Closed first: a comment that is lost is better than one every night.
        issues.close(each.issue.number)
    patiently(lambda: forge.comment_on_issue(first.number, comment))
    return Tracked("closed", first.number, first.url)


@dataclass(frozen=True, slots=True)
class _Found:
    issue: Issue
    sighting: Sighting | None

    @property
    def run(self) -> Run:
        return self.sighting.run if self.sighting else NO_RUN


@dataclass(frozen=True, slots=True)
class _Issues:
    """The issues of ours for a key, as one run sees them."""

    forge: Forge
    marker: Marker
    label: str
    run: Run

    def found(self, state: Literal["open", "all"]) -> list[_Found]:
        """Return those that are ours, the oldest first."""
        me = self.forge.me()
        return [
            _Found(each, Sighting.of(self.marker.data(each.body)))
            for each in self.forge.issues(self.label, state)
            if each.author == me and self.marker.is_on(each.body)
        ]

    def newest(self, found: Sequence[_Found]) -> Run:
        return max((each.run for each in found), default=NO_RUN)

    def close(self, number: int) -> None:
        with suppress(NotFound):
            patiently(lambda: self.forge.edit_issue(number, is_open=False))


@dataclass(slots=True)
class _Writing:
    """One run's writing of the issue, step by step."""

    issues: _Issues
    title: str
    body_of: BodyOf
    today: date
    pause: Callable[[float], None]
    did: Literal["opened", "updated", "unchanged", "reopened"] = "unchanged"
    unseen: set[int] = field(default_factory=set)

    def step(self) -> Tracked | None:
        found = self.issues.found("all")
        if self._is_late(found):
            return None
        open_ = [each for each in found if each.issue.is_open]
        kept = next(iter(open_ or filter(self._is_recent, found)), None)
        if kept is None:
            self._open()
            return None
        newest = self.issues.newest([*open_, kept])
        if newest > self.issues.run:
            if kept.run == newest and self._close(open_[1:]):
                return None
            return Tracked("older", kept.issue.number, kept.issue.url)
        latest = max([*open_, kept], key=lambda each: each.run)
        if self._update(kept, latest) or self._close(open_[1:]):
            return None
        return Tracked(self.did, kept.issue.number, kept.issue.url)

    def _is_late(self, found: Sequence[_Found]) -> bool:
        """Give a forge a moment to list what it has taken, once for each issue."""
        missing = self.unseen - {each.issue.number for each in found}
        self.unseen.clear()
        if missing:
            self.pause(MOMENT)
        return bool(missing)

    def _is_recent(self, found: _Found) -> bool:
        closed = found.issue.closed_on
        return closed is not None and self.today - closed <= REOPENED_WITHIN

    def _open(self) -> None:
        text = self.body_of(None)
        body = self._marked(text, Sighting(self.issues.run, self.today, self.today))
        issue = self.issues.forge.open_issue(self.title, body, [self.issues.label])
        self.unseen.add(issue.number)
        self.did = "opened"
        self._check(issue, body)

    def _update(self, kept: _Found, newest: _Found) -> bool:
        """Write what is not as it should be; return whether there was any of it."""
        issue, marker = kept.issue, self.issues.marker
        text = self.body_of(newest.sighting)
        is_same = issue.title == self.title and marker.text(issue.body) == normal(text)
        # Two jobs of one run that say different things would go on for ever.
        is_done = self.did != "unchanged" and kept.run == self.issues.run
        if issue.is_open and (is_same or is_done):
            return False
        first = newest.sighting.first_seen if newest.sighting else self.today
        body = self._marked(text, Sighting(self.issues.run, first, self.today))
        with suppress(NotFound):
            written = self.issues.forge.edit_issue(
                issue.number, title=self.title, body=body, is_open=True
            )
            if self.did == "unchanged":
                self.did = "updated" if issue.is_open else "reopened"
            self._check(written, body)
        return True

    def _marked(self, text: str, sighting: Sighting) -> str:
        return self.issues.marker.on(text, sighting.as_data())

    def _check(self, written: Issue, body: str) -> None:
        """Compare what the forge has now: GitHub answers 200 and drops a body that is too long."""
        if normal(written.body) != normal(body):
            raise UnexpectedAnswer(
                f"issue {written.number}",
                f"the forge did not take its body of {len(body)} characters, and did not say so",
                advice="The issue says what it said before; look at the report of the run.",
            )

    def _close(self, twins: Sequence[_Found]) -> bool:
        for each in twins:
            self.issues.close(each.issue.number)
        return bool(twins)
