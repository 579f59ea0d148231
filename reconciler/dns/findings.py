"""What is wanted in DNS, and what was found instead."""

from dataclasses import dataclass, fields
from enum import StrEnum

from reconciler.dns.answers import canonical
from reconciler.model import Withheld
from reconciler.source import printable


class Verdict(StrEnum):
    OK = "ok"
    MISSING = "missing"
    MISMATCH = "mismatch"
    NOT_PROPAGATED = "not-propagated"
    DOUBLED_NAME = "doubled-name"
    CNAME_CONFLICT = "cname-conflict"
    PROXIED = "proxied"
    MERGE_SPF = "merge-spf"
    TOO_MANY_LOOKUPS = "too-many-lookups"
    BROKEN_KEY = "broken-key"
    TWO_KEYS = "two-keys"
    OTHER_MX = "other-mx"
    STALE = "stale"
    UNVERIFIED = "unverified"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Wanted:
    """A record that a service asks for; the texts are those of `model.DnsRecord`.

    `is_verified` is what the service says of it, None where it says nothing. An optional record may
    be left out. `may_be_proxied` is for Mailgun's HTTPS tracking, where a proxy is one way to have
    a certificate.
    """

    domain: str
    purpose: str
    type: str
    host: str
    value: str
    priority: str = ""
    is_verified: bool | None = None
    is_optional: bool = False
    may_be_proxied: bool = False

    @property
    def name(self) -> str:
        return canonical(self.host)

    @property
    def kind(self) -> str:
        return self.type.upper()

    @property
    def is_withheld(self) -> bool:
        """Whether it repeats a secret of the run: then it can be neither shown nor looked up."""
        return any(isinstance(each, Withheld) for each in (self.host, self.value, self.priority))

    @property
    def expected(self) -> str:
        """The value as it is shown and published: an MX value has its preference before it."""
        return f"{self.priority} {self.value}".strip() if self.kind == "MX" else self.value


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a wanted record: all texts can be shown as they are.

    `authority` and `resolver` are the values that these have of the type at the host, or behind
    its CNAMEs; None where they could not be asked. `fact` is a sentence, `advice` others, or
    empty. `is_fault` is false where nothing need be done, whatever the verdict says: an optional
    record may be missing, a tracking domain proxied.
    """

    domain: str
    purpose: str
    type: str
    host: str
    expected: str
    authority: tuple[str, ...] | None
    resolver: tuple[str, ...] | None
    verdict: Verdict
    fact: str
    advice: str = ""
    is_fault: bool = True

    def __post_init__(self) -> None:
        """Write line breaks and terminal codes as escapes: most of this was told by strangers."""
        for each in fields(self):
            value = getattr(self, each.name)
            if isinstance(value, tuple):
                object.__setattr__(self, each.name, tuple(map(printable, value)))
            elif isinstance(value, str) and not isinstance(value, Verdict):
                object.__setattr__(self, each.name, printable(value))


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, why it is so, and what to do about it, as parts of sentences."""

    verdict: Verdict
    fact: str
    advice: str = ""
    is_fault: bool = True

    @property
    def is_ok(self) -> bool:
        return self.verdict is Verdict.OK
