"""A mail to try a service out with, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SAMPLE_TAG = "esp-reconcile-test"
"""The tag of every sample: a tag of its own for each would count against an account's limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleMail:
    """A mail as it is to be sent; `run` identifies it where an answer was lost.

    With a `bounce`, one of its service's `bounces`, it goes to an address that bounces so, and `to`
    is what the service makes up.
    """

    sender: str
    to: str
    subject: str
    text: str
    run: str
    stream: str = ""
    domain: str = ""
    tags: Sequence[str] = ()
    is_test_mode: bool = False
    bounce: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A mail that the service took, in its `words`; that it was delivered is not said by this."""

    mail: SampleMail
    message_id: str
    accepted_at: datetime
    words: str


class MailOutcome(StrEnum):
    """`NO_EVENT` is what is not known yet.

    `NOT_REALLY` was accepted, and proves nothing about the recipient: the service delivers nothing
    of a server or a mode that is for trying out, though it tells of a delivery.
    """

    DELIVERED = "delivered"
    FAILED = "failed"
    BOUNCED = "bounced"
    NO_EVENT = "no-event"
    NOT_REALLY = "not-really"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What the service tells of a mail, as it stands: `seconds` after it was accepted, 0 or more.

    `detail` is on one line, and may be shown.
    """

    outcome: MailOutcome
    at: datetime | None = None
    seconds: float | None = None
    detail: str = ""


def seconds_between(accepted: datetime, happened: datetime) -> float:
    """Return how long after the one the other was, 0 where it reads as earlier.

    Services tell of events in whole seconds, or by another clock than they take mails.
    """
    return max(0.0, (happened - accepted).total_seconds())
