"""Sends a sample mail, and finds out what became of it (postmark.md §9).

What bounces on demand, the black hole and servers for trying out: postmark.md §9.4.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from reconciler.errors import (
    InvalidRequest,
    OutcomeUnknown,
    ServiceError,
    UnexpectedAnswer,
    UsageError,
)
from reconciler.model import (
    SAMPLE_TAG,
    Fate,
    MailOutcome,
    Provider,
    SampleMail,
    Sent,
    seconds_between,
)
from reconciler.providers.api import Query, Reader, Writer, safe_text
from reconciler.providers.postmark.advice import advice
from reconciler.providers.postmark.refused_mail import REFUSED_RECIPIENT, explained
from reconciler.providers.postmark.session import OnServer, PostmarkSession

DEFAULT_STREAM = "outbound"
BOUNCING_DOMAIN = "bounce-testing.postmarkapp.com"
BLACK_HOLE = "blackhole.postmarkapp.com"
HARD_BOUNCE = "HardBounce"
_OWN = "esp-reconcile-"
_TYPES = (
    "HardBounce", "SoftBounce", "Transient", "Unsubscribe", "Subscribe", "AutoResponder",
    "AddressChange", "DnsError", "SpamNotification", "OpenRelayTest", "Unknown",
    "VirusNotification", "ChallengeVerification", "BadEmailAddress", "ManuallyDeactivated",
    "Unconfirmed", "Blocked",
)  # fmt: skip
BOUNCES: Mapping[str, str] = {
    "bounce": HARD_BOUNCE,
    **{re.sub(r"(?<!^)(?=[A-Z])", "-", each).lower(): each for each in _TYPES},
}
_NOT_FOUND = 701
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_SENDING = "POST /email"
_LISTED = 50
Event = Mapping[str, Any]


def prepare(provider: Provider, mail: SampleMail) -> SampleMail:
    """Name the stream, and where a mail bounces that is to. Raises UsageError.

    An unknown local part is a hard bounce: one of its own keeps the suppression that an earlier one
    left from refusing this mail.
    """
    if not {"token", "server"} & set(provider.node.children):
        raise UsageError(
            f"{provider.address}: an account token sends no mail; add `token`, or `server`"
        )
    if mail.domain:
        raise UsageError("--domain: Postmark sends from the domain of --from; leave it out")
    if len(mail.tags) > 1:
        raise UsageError("--tag: a mail of Postmark's has one tag")
    to = mail.to
    if mail.bounce and not to:
        local = f"{_OWN}{mail.run}" if mail.bounce == HARD_BOUNCE else mail.bounce
        to = f"{local}@{BOUNCING_DOMAIN}"
    if mail.bounce and not to.lower().endswith(f"@{BOUNCING_DOMAIN}"):
        raise UsageError(f"--simulate: only addresses at {BOUNCING_DOMAIN} bounce; leave --to out")
    stream = mail.stream or provider.node.text("advanced.message_stream") or DEFAULT_STREAM
    return replace(mail, to=to, stream=stream)


def send(session: PostmarkSession[Writer], mail: SampleMail) -> Sent:
    """Raises ServiceError, with the way out of a refusal."""
    client = session.server
    try:
        answer = client.post("/email", json=_content(mail))
    except ServiceError as error:
        raise explained(error, client, mail) from None
    if answer.get("ErrorCode") not in (0, None):
        raise explained(_refusal(answer), client, mail)
    if "inactive addresses" in str(answer.get("Message")):
        # Accepted for others; of a mail to one it should not happen (postmark.md §9.3).
        raise explained(_refusal({**answer, "ErrorCode": REFUSED_RECIPIENT}), client, mail)
    message_id = answer.get("MessageID")
    if not _is_id(message_id):
        raise OutcomeUnknown(_SENDING, "the answer holds no MessageID")
    at = _moment(answer.get("SubmittedAt")) or datetime.now(UTC)
    words = safe_text(str(answer.get("Message", "")))
    return Sent(mail=mail, message_id=str(message_id), accepted_at=at, words=words)


def _refusal(answer: Mapping[str, Any]) -> InvalidRequest:
    """Return the error that stands in an answer of status 200."""
    code, text = answer["ErrorCode"], safe_text(str(answer.get("Message", "")))
    number = code if isinstance(code, int) else None
    fact = f'error code {safe_text(str(code))}: "{text}"'
    return InvalidRequest(_SENDING, fact, advice=advice(number, 200), status=200, code=number)


def _content(mail: SampleMail) -> dict[str, Any]:
    """There is room for one tag; links and opens of a sample are nobody's business."""
    bounce = [{"Name": "X-PM-Bounce-Type", "Value": mail.bounce}] if mail.bounce else []
    return {
        "From": mail.sender,
        "To": mail.to,
        "Subject": mail.subject,
        "TextBody": mail.text,
        "MessageStream": mail.stream,
        "Tag": next(iter(mail.tags), SAMPLE_TAG),
        "Metadata": {"run": mail.run},
        "TrackOpens": False,
        "TrackLinks": "None",
        **({"Headers": bounce} if bounce else {}),
    }


def find(session: OnServer[Reader], mail: SampleMail) -> Sent | None:
    """Seek a mail by recipient, and know it by its run, which stands in its subject, too.

    A search by metadata is not documented.
    """
    query: Query = {"count": _LISTED, "offset": 0, "recipient": mail.to}
    found = session.server.get("/messages/outbound", query).get("Messages")
    for each in found if isinstance(found, list) else ():
        if isinstance(each, dict) and mail.run in f"{each.get('Subject')} {each.get('Metadata')}":
            at = _moment(each.get("ReceivedAt")) or datetime.now(UTC)
            if _is_id(each.get("MessageID")):
                return Sent(mail=mail, message_id=each["MessageID"], accepted_at=at, words="")
    return None


def fate_of(session: PostmarkSession[Writer], sent: Sent) -> Fate | None:
    """Look once. A hard bounce that was asked for is taken off the stream's suppression list."""
    if not _is_id(sent.message_id):
        raise UnexpectedAnswer("GET /messages/outbound", "the ID of the message is none")
    told = _details(session.server, sent.message_id)
    if told is None:
        return None
    if sent.mail.to.lower().endswith(f"@{BLACK_HOLE}"):
        return _not_really(sent, "the black hole takes every mail and drops it")
    accepted = _moment(told.get("ReceivedAt")) or sent.accepted_at
    fate = _told(_events(told), accepted, is_to_bounce=bool(sent.mail.bounce))
    if fate is None or fate.outcome is MailOutcome.NO_EVENT:
        return fate
    if told.get("Sandboxed") is True or _is_sandbox(session):
        return _not_really(sent, "a Sandbox server delivers nothing, although it says so")
    if sent.mail.bounce == HARD_BOUNCE and fate.outcome is MailOutcome.BOUNCED:
        _let_in_again(session.server, sent.mail)
    return fate


def _details(client: Reader, message_id: str) -> dict[str, Any] | None:
    """Return what is told of a message; None in the moments before it is found (§9)."""
    try:
        return client.get(f"/messages/outbound/{message_id}/details")
    except ServiceError as error:
        if error.code == _NOT_FOUND:
            return None
        raise


def _not_really(sent: Sent, why: str) -> Fate:
    return Fate(outcome=MailOutcome.NOT_REALLY, at=sent.accepted_at, detail=why)


def _events(told: Mapping[str, Any]) -> Iterator[Event]:
    found = told.get("MessageEvents")
    yield from (each for each in found if isinstance(each, dict)) if isinstance(found, list) else ()


def _told(events: Iterator[Event], accepted: datetime, *, is_to_bounce: bool) -> Fate | None:
    """Return the end that is told; else, if it was put off, that it was. Opens say nothing.

    To be put off is what some of the bounces are that can be asked for.
    """
    found: dict[MailOutcome, Fate] = {}
    for each in events:
        outcome = _OUTCOMES.get(str(each.get("Type")))
        if outcome is MailOutcome.NO_EVENT and is_to_bounce:
            outcome = MailOutcome.BOUNCED
        if outcome:
            found.setdefault(outcome, _fate(each, outcome, accepted))
    return next((found[each] for each in _ORDER if each in found), None)


_OUTCOMES = {
    "Delivered": MailOutcome.DELIVERED,
    "Bounced": MailOutcome.BOUNCED,
    "Transient": MailOutcome.NO_EVENT,
}
_ORDER = (MailOutcome.BOUNCED, MailOutcome.DELIVERED, MailOutcome.NO_EVENT)


def _fate(event: Event, outcome: MailOutcome, accepted: datetime) -> Fate:
    at = _moment(event.get("ReceivedAt"))
    seconds = seconds_between(accepted, at) if at else None
    return Fate(outcome=outcome, at=at, seconds=seconds, detail=_detail(event))


def _detail(event: Event) -> str:
    details = event.get("Details")
    told = details if isinstance(details, dict) else {}
    said = told.get("DeliveryMessage") or told.get("Summary") or ""
    server = f" ({told['DestinationServer']})" if told.get("DestinationServer") else ""
    return safe_text(f"{said}{server}")


def _is_sandbox(session: PostmarkSession[Writer]) -> bool:
    """Ask the server: whether details say it is not established."""
    return session.own_server().get("DeliveryType") == "Sandbox"


def _let_in_again(client: Writer, mail: SampleMail) -> None:
    """Undo what a hard bounce does to its made-up address. One that stays does no harm."""
    if not mail.to.lower().startswith(_OWN):
        return
    try:
        path = f"/message-streams/{mail.stream}/suppressions/delete"
        client.post(path, json={"Suppressions": [{"EmailAddress": mail.to}]})
    except ServiceError:
        pass


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and bool(_ID.fullmatch(value))


def _moment(text: Any) -> datetime | None:
    """Read a time; seven digits of seconds are one too many for most readers, not for this one."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
