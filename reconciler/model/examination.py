"""What a check looks at, one thing at a time, and what each look came to."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """`UNKNOWN` is what could not be looked at with what a provider was given."""

    GOOD = "good"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """What a look came to: a fact about the service, and the way out where one is needed."""

    health: Health
    fact: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """One look at a provider: at the token `key`, the `sender`, or something else.

    `look` only reads. It raises ServiceError, of which a failed look is made.
    """

    subject: str
    look: Callable[[], Observation]
    key: str = ""
    sender: str = ""


@dataclass(frozen=True, slots=True)
class TokenKind:
    """What a token is to its service: its name, where in the dashboard it is made, and a link."""

    name: str
    where: str
    link: str
