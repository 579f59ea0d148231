"""What became of a sample mail, as text and as data."""

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from reconciler.model import Fate, MailOutcome, SampleMail, Sent
from reconciler.reports.changes import coloured
from reconciler.reports.table import table
from reconciler.source import printable

_WORDS = {
    MailOutcome.DELIVERED: "delivered",
    MailOutcome.FAILED: "failed",
    MailOutcome.BOUNCED: "bounced",
    MailOutcome.NO_EVENT: "accepted, no event yet",
    MailOutcome.NOT_REALLY: "accepted, and not really delivered",
}
_COLOURS = {
    MailOutcome.DELIVERED: "done",
    MailOutcome.NOT_REALLY: "done",
    MailOutcome.NO_EVENT: "skipped",
}


def is_as_wanted(sent: Sent, fate: Fate) -> bool:
    """Whether a mail did what it was sent for: to arrive, or to bounce where that was asked for."""
    if sent.mail.bounce:
        return fate.outcome in (MailOutcome.BOUNCED, MailOutcome.NOT_REALLY)
    return fate.outcome in (MailOutcome.DELIVERED, MailOutcome.NOT_REALLY)


def sample_as_text(sent: Sent, fate: Fate) -> str:
    rows = [(name, printable(text)) for name, text in _rows(sent)]
    return f"{table(rows)}\n{_verdict(sent, fate)}"


def _rows(sent: Sent) -> Iterator[tuple[str, str]]:
    words = f" ({sent.words})" if sent.words else ""
    yield "message", sent.message_id
    yield from described(sent.mail)
    yield "accepted", f"{sent.accepted_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC{words}"


def described(mail: SampleMail) -> Iterator[tuple[str, str]]:
    """Yield what a mail is, by name."""
    yield "from", mail.sender
    yield "to", mail.to
    if mail.stream:
        yield "stream", mail.stream
    if mail.domain:
        yield "domain", mail.domain
    if mail.tags:
        yield "tags", ", ".join(mail.tags)
    if mail.is_test_mode:
        yield "mode", "test mode: billed, not delivered"
    if mail.bounce:
        yield "simulates", mail.bounce


def _verdict(sent: Sent, fate: Fate) -> str:
    as_wanted = is_as_wanted(sent, fate)
    word = _WORDS[fate.outcome]
    asked = ", as was asked for" if fate.outcome is MailOutcome.BOUNCED and as_wanted else ""
    colour = "done" if as_wanted else _COLOURS.get(fate.outcome, "failed")
    detail = f": {printable(fate.detail)}" if fate.detail else ""
    return f"Result: {coloured(word, colour)}{_after(fate)}{asked}{detail}"


def _after(fate: Fate) -> str:
    """Say how long it took, as exactly as services tell it."""
    if fate.seconds is None or fate.outcome is MailOutcome.NO_EVENT:
        return ""
    if fate.seconds < 1:
        return " within a second"
    return f" after {fate.seconds:.0f} s"


def sample_as_document(provider: str, service: str, sent: Sent, fate: Fate) -> dict[str, Any]:
    """Return it as data; times are in ISO 8601, and `seconds` may be null."""
    mail = sent.mail
    return {
        "format_version": "1",
        "command": "send-test",
        "provider": provider,
        "service": service,
        "outcome": str(fate.outcome),
        "as_wanted": is_as_wanted(sent, fate),
        "message_id": sent.message_id,
        "from": mail.sender,
        "to": mail.to,
        "stream": mail.stream or None,
        "domain": mail.domain or None,
        "tags": list(mail.tags),
        "test_mode": mail.is_test_mode,
        "simulates": mail.bounce or None,
        "run": mail.run,
        "words": sent.words,
        "accepted_at": sent.accepted_at.astimezone(UTC).isoformat(),
        "event_at": fate.at.astimezone(UTC).isoformat() if fate.at else None,
        "seconds": fate.seconds,
        "detail": fate.detail,
    }
