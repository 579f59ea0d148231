"""A run as every report tells it: what was found, planned, done or seen, as plain values.

It is made from the run's JSON and from nothing else, so that a saved one is told as a fresh one is.
The values are tuples, which take a third of the time to load that other classes of values take.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reconciler.fields import UNKNOWN
from reconciler.model import DnsRecord
from reconciler.source import Finding, Location

ACTIONS = ("create", "update", "delete")
OUTCOMES = ("applied", "overtaken", "failed", "skipped")
CAUSES = ("conflict", "drift", "unknown", "pending")
"""Why live differs from what is declared, the gravest first."""


class Field(NamedTuple):
    """A field that differs: `before` is live, `after` is declared.

    Of two mappings `keys` are those that differ. `cause` is one of CAUSES where drift was looked
    for; `applied` is what was declared when the configuration was last applied, or UNKNOWN.
    """

    name: str
    before: Any
    after: Any
    location: Location | None = None
    keys: frozenset[str] | None = None
    cause: str = ""
    applied: Any = UNKNOWN


class Entry(NamedTuple):
    """One change, wanted, made or needed; `path` is its address in parts.

    `outcome` is one of OUTCOMES once it was tried; `removal` says what a deletion does.
    """

    action: str
    address: str
    path: tuple[str, ...]
    twin: str = ""
    kind: str = ""
    location: Location | None = None
    fields: tuple[Field, ...] = ()
    pruned: bool = False
    removal: str = ""
    waits_for: tuple[str, ...] = ()
    outcome: str = ""
    reason: str = ""
    cause: str = ""

    @property
    def provider(self) -> str:
        return self.path[0]

    @property
    def within(self) -> str:
        """The address as seen from its provider."""
        return "/".join(self.path[1:]) + (f" (ID {self.twin})" if self.twin else "")


class Refused(NamedTuple):
    """A declaration that cannot be applied, and why."""

    address: str
    name: str
    reason: str
    location: Location | None = None

    def as_text(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.address}: {self.reason}"


class Unmanaged(NamedTuple):
    """A live thing that nothing declares; one of several at a path is told by its ID."""

    address: str
    kind: str
    remote_id: str | None
    path: tuple[str, ...] = ()
    twin: str = ""


class Said(NamedTuple):
    """A fact about an address, or a field `name` of it: a note, or what could not be read."""

    address: str
    text: str
    name: str = ""


class Accepted(NamedTuple):
    """A difference that is accepted `until` a date, by the entry for a `pattern` at a place."""

    address: str
    pattern: str
    name: str
    reason: str
    until: str
    location: Location | None = None


class Found(NamedTuple):
    """A finding in the YAML; `severity` is error or warning."""

    severity: str
    finding: Finding


class Failure(NamedTuple):
    """Why a run knows nothing: the class of the error, its message, and the exit code."""

    name: str
    message: str
    exit_code: int


@dataclass(frozen=True, slots=True)
class Run:
    """The run that a report is of; times in seconds, `ended` since 1970. What is not known is "".

    `repository` and `head` are those of the CI job that made it; `folder` is where in the
    repository it ran.
    """

    version: str = ""
    exit_code: int | None = None
    ended: float | None = None
    seconds: float | None = None
    repository: str = ""
    head: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What a run of one command came to.

    `state` is one word: valid, invalid; in-sync, changes, refused; applied, partial, failed;
    in-sync, drift, pending, partial; or error. `counts` are totals, by what they count.
    """

    command: str
    state: str
    entries: tuple[Entry, ...] = ()
    refused: tuple[Refused, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    notes: tuple[Said, ...] = ()
    unread: tuple[Said, ...] = ()
    accepted: tuple[Accepted, ...] = ()
    findings: tuple[Found, ...] = ()
    records: tuple[tuple[str, DnsRecord], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    coverage: Mapping[str, float] = field(default_factory=dict)
    compared: bool = True
    since: str = ""
    dropped: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    base: str = ""
    config: str = ""
    digest: str = ""
    failure: Failure | None = None
    run: Run = field(default_factory=Run)

    @property
    def uncompared(self) -> int:
        """How many declared fields could not be compared with what is live."""
        return sum(bool(note.name) for note in self.notes)

    def count(self, action: str) -> int:
        return sum(entry.action == action for entry in self.entries)
