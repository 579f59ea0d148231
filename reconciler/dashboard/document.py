"""What a reading of the providers says, as plain values; `schemas/status.schema.json` has its JSON.

Every text in it may be foreign. It is written with escapes in place of what does not print.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reconciler.model import TO_PUBLISH, DnsRecord

Scalar = str | int | float | bool | None
Value = Any
"""A scalar, or a list or mapping of such values."""


@dataclass(frozen=True, slots=True)
class Tested:
    """When a provider was tested last, by which command, and whether all was good."""

    at: datetime
    by: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Connection:
    """`state` is connected, failed or unknown; `milliseconds` is how long the answer took."""

    state: str
    fact: str
    milliseconds: float | None
    tested: Tested | None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as the YAML names it, never its value; `state` is accepted, refused or unknown.

    `where` says in the service's words where to get a right one, `link` leads there.
    """

    key: str
    kind: str
    reference: str
    state: str
    fact: str
    where: str
    link: str


@dataclass(frozen=True, slots=True)
class Sender:
    address: str
    state: str
    fact: str


@dataclass(frozen=True, slots=True)
class Flag:
    """A tracking flag; None is what is not declared, or what the service does not report.

    A change of it is one of the field `path` at `address`.
    """

    field: str
    declared: Scalar
    live: Scalar
    address: str
    path: str


@dataclass(frozen=True, slots=True)
class Stream:
    name: str
    type: str
    managed: str
    state: str


@dataclass(frozen=True, slots=True)
class Domain:
    """`checks` are what the service says of DNS, by DKIM, Return-Path, SPF or CNAME."""

    name: str
    managed: str
    state: str
    checks: Mapping[str, str]
    records: tuple[DnsRecord, ...]
    notes: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        return self.state == "verified" and "unverified" not in self.checks.values()

    @property
    def unpublished(self) -> int:
        """How many records the service does not find."""
        return sum(each.state == TO_PUBLISH for each in self.records)

    @property
    def further_notes(self) -> tuple[str, ...]:
        """The notes that say more than to publish one of the records."""
        told = [(each.host, each.value) for each in self.records]
        return tuple(
            note
            for note in self.notes
            if not any(host in note and value in note for host, value in told)
        )


@dataclass(frozen=True, slots=True)
class Webhook:
    name: str
    managed: str
    state: str
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Setting:
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider; `errors` is why no more is known of it, if that is so."""

    name: str
    service: str
    connection: Connection
    tokens: tuple[Token, ...]
    sender: Sender | None
    region: str | None
    default_domain: str | None
    tracking: tuple[Flag, ...]
    streams: tuple[Stream, ...]
    domains: tuple[Domain, ...]
    webhooks: tuple[Webhook, ...]
    advanced: tuple[Setting, ...]
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What was read `at` a time (UTC), declared by the YAML of a `commit` where that is known."""

    at: datetime
    commit: str | None
    providers: tuple[Provider, ...]
