"""Sends a sample mail, and finds out what became of it (mailgun.md §11).

The logs are asked first, and the deprecated events where an account has no logs yet. Of the logs'
attributes only those are used that are documented; a mail is known by its id or by its run.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from reconciler.errors import (
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
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
from reconciler.providers.api import Writer, safe_text
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.answers import path_of
from reconciler.providers.mailgun.refused_mail import explained
from reconciler.providers.mailgun.session import Writing

_LOGS = "/v1/analytics/logs"
_TOLD = ("accepted", "delivered", "failed", "rejected")
_PAGE = 100
_MOST_PAGES = 5
_MOST_TAGS = 2
"""Of the three that a mail may have, the first is always the same."""
_EARLIER = timedelta(minutes=2)
"""How far their clock may be behind ours."""
_ID = re.compile(r"[!-;=?-~]{1,255}")
Event = Mapping[str, Any]


def prepare(provider: Provider, mail: SampleMail) -> SampleMail:
    """Name domain, mode and tags as the YAML does. Raises UsageError."""
    if mail.stream:
        raise UsageError("--stream: Mailgun has no message streams; --domain names the domain")
    if mail.bounce:
        raise UsageError(
            "--simulate: Mailgun bounces nothing on demand; write to an address that does not "
            "exist, at a domain of your own"
        )
    if len(mail.tags) > _MOST_TAGS:
        raise UsageError(f"--tag: a mail of Mailgun's has room for {_MOST_TAGS} besides ours")
    node = provider.node
    domain = mail.domain or node.text("domain") or mail.sender.rpartition("@")[2].rstrip(">")
    mode, prefix = node.at("advanced.testmode"), node.text("advanced.tag_prefix") or ""
    return replace(
        mail,
        domain=host_name(domain),
        is_test_mode=bool(mode and mode.data is True),
        tags=tuple(f"{prefix}{each}" for each in mail.tags),
    )


def send(session: Writing, mail: SampleMail) -> Sent:
    """Raises ServiceError, with the way out of a refusal."""
    path = path_of("/v3/{}/messages", mail.domain)
    try:
        answer = session.client.post(path, form=_content(mail))
    except ServiceError as error:
        raise explained(error, mail) from None
    message_id = str(answer.get("id", "")).strip().removeprefix("<").removesuffix(">")
    if not _ID.fullmatch(message_id):
        raise OutcomeUnknown(f"POST {path}", "the answer holds no id")
    words = safe_text(str(answer.get("message", "")))
    return Sent(mail=mail, message_id=message_id, accepted_at=datetime.now(UTC), words=words)


def _content(mail: SampleMail) -> dict[str, Any]:
    form: dict[str, Any] = {
        "from": mail.sender,
        "to": mail.to,
        "subject": mail.subject,
        "text": mail.text,
        "o:tag": [SAMPLE_TAG, *mail.tags],
        "o:tracking": "no",
        "v:run": mail.run,
    }
    return form | ({"o:testmode": "yes"} if mail.is_test_mode else {})


def find(session: Writing, mail: SampleMail) -> Sent | None:
    """Seek a mail by its variable, which its events repeat."""
    for each in _events(session.client, mail, datetime.now(UTC), _is_run(mail.run)):
        message_id = _message_id(each)
        if _ID.fullmatch(message_id):
            at = _moment(each) or datetime.now(UTC)
            return Sent(mail=mail, message_id=message_id, accepted_at=at, words="")
    return None


def fate_of(session: Writing, sent: Sent) -> Fate | None:
    """Look once. That it was accepted is known already, and no fate."""
    mine = list(_events(session.client, sent.mail, sent.accepted_at, _is_message(sent.message_id)))
    taken = next((_moment(each) for each in mine if each.get("event") == "accepted"), None)
    found = {each.outcome: each for each in _fates(mine, sent, taken or sent.accepted_at)}
    return next((found[each] for each in _ORDER if each in found), None)


_ORDER = (
    MailOutcome.FAILED,
    MailOutcome.BOUNCED,
    MailOutcome.NOT_REALLY,
    MailOutcome.DELIVERED,
    MailOutcome.NO_EVENT,
)


def _fates(events: Iterable[Event], sent: Sent, accepted: datetime) -> Iterator[Fate]:
    for each in events:
        outcome, detail = _told(each, is_test_mode=sent.mail.is_test_mode)
        if outcome:
            at = _moment(each)
            seconds = seconds_between(accepted, at) if at else None
            yield Fate(outcome=outcome, at=at, seconds=seconds, detail=detail)


def _told(event: Event, *, is_test_mode: bool) -> tuple[MailOutcome | None, str]:
    """Read an event; a temporary failure is not the end."""
    match event.get("event"):
        case "delivered":
            if is_test_mode or _section(event, "flags").get("is-test-mode") is True:
                return MailOutcome.NOT_REALLY, "test mode: Mailgun delivers nothing, and bills it"
            return MailOutcome.DELIVERED, _words(event)
        case "failed" if event.get("severity") == "temporary":
            return MailOutcome.NO_EVENT, f"put off, and tried again: {_words(event)}"
        case "failed":
            return _failed(event)
        case "rejected":
            reason = safe_text(str(_section(event, "reject").get("reason", "")))
            return MailOutcome.FAILED, f"rejected: {reason}"
    return None, ""


def _failed(event: Event) -> tuple[MailOutcome, str]:
    reason = safe_text(str(event.get("reason", "")))
    if reason.startswith("suppress-"):
        which = reason.removeprefix("suppress-")
        return MailOutcome.FAILED, (
            f"suppressed ({which}): the domain's own suppression list keeps it back, not the "
            "recipient's server; take the address off under Mailgun → Send → Suppressions"
        )
    outcome = MailOutcome.BOUNCED if reason == "bounce" else MailOutcome.FAILED
    return outcome, safe_text(f"{reason}: {_words(event)}" if reason else _words(event))


def _words(event: Event) -> str:
    """Return what the recipient's server said, with its code and name."""
    status = _section(event, "delivery-status")
    code, server = status.get("code"), status.get("mx-host")
    said = status.get("message") or status.get("description") or ""
    text = f"{code if isinstance(code, int) else ''} {said}".strip()
    return safe_text(text + (f" ({server})" if server else ""))


def _events(
    client: Writer, mail: SampleMail, since: datetime, is_mine: Callable[[Event], bool]
) -> Iterator[Event]:
    """Yield the events of a mail: from the logs, or where there are none, as it was done before."""
    try:
        found = list(_logged(client, mail, since))
    except (NotFound, PermissionDenied, UnexpectedAnswer):
        found = list(_listed(client, mail))
    yield from filter(is_mine, found)


def _logged(client: Writer, mail: SampleMail, since: datetime) -> Iterator[Event]:
    """Page forwards from when it was sent: the mail is among the first, however many follow."""
    value = {"label": mail.domain, "value": mail.domain}
    query = {
        "start": format_datetime(since - _EARLIER),
        "events": list(_TOLD),
        "filter": {"AND": [{"attribute": "domain", "comparator": "=", "values": [value]}]},
    }
    token = ""
    for _ in range(_MOST_PAGES):
        paging = {"sort": "timestamp:asc", "limit": _PAGE, **({"token": token} if token else {})}
        answer = client.post(_LOGS, json={**query, "pagination": paging})
        yield from _items(answer, f"POST {_LOGS}")
        token = _section(answer, "pagination").get("next", "")
        if not token or not answer["items"] or not isinstance(token, str):
            return


def _listed(client: Writer, mail: SampleMail) -> Iterator[Event]:
    path = path_of("/v3/{}/events", mail.domain)
    answer = client.get(path, {"recipient": mail.to, "limit": _PAGE})
    yield from _items(answer, f"GET {path}")


def _items(answer: Mapping[str, Any], request: str) -> list[Event]:
    items = answer.get("items")
    if not isinstance(items, list):
        raise UnexpectedAnswer(request, "the answer holds no list of items")
    return [each for each in items if isinstance(each, dict)]


def _is_message(message_id: str) -> Callable[[Event], bool]:
    return lambda event: _message_id(event) == message_id


def _is_run(run: str) -> Callable[[Event], bool]:
    """The logs tell the variables as one text, the events as an object."""
    return lambda event: run in json.dumps(event.get("user-variables"))


def _message_id(event: Event) -> str:
    headers = _section(event, "message").get("headers")
    return str(headers.get("message-id", "")).strip("<>") if isinstance(headers, dict) else ""


def _section(event: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def _moment(event: Event) -> datetime | None:
    """Read when it happened: a text in the logs, seconds in the events."""
    text, seconds = event.get("@timestamp"), event.get("timestamp")
    try:
        if isinstance(text, str):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if isinstance(seconds, int | float) and math.isfinite(seconds):
            return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None
