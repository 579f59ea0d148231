"""Laravel's `.env`, with the names of its skeleton."""

from collections.abc import Iterator

from reconciler.render.application import Application
from reconciler.render.dotenv import assignments, token_lines
from reconciler.render.variables import (
    TAG_PREFIX,
    TIMEOUT_MS,
    heading,
    prefix_of,
    under_prefix,
    unnamed,
    unsayable,
)

_MEANT_OTHERWISE = frozenset(
    f"{before}{word}{after}"
    for word in ("true", "false", "null", "empty")
    for before, after in (("", ""), ("(", ")"))
)
"""What `env()` takes for something else than a text."""
_POSTMARK = (
    "# Older applications call POSTMARK_API_KEY POSTMARK_TOKEN: config/services.php says which.",
    "# The stream is commented out in config/mail.php: `message_stream_id`.",
)
_MAILGUN = (
    "# config/services.php needs `mailgun` with domain, secret and endpoint, which new ones lack.",
)


def laravel(application: Application, token: str | None) -> str:
    texts, token_name = _named(application)
    own = unnamed(application)
    own.pop(TIMEOUT_MS)
    prefix = {f"{prefix_of(application)}_{TAG_PREFIX}": application.tag_prefix}
    for name, value in {**texts, **prefix}.items():
        _check(application, name, value)
    values = {**texts, **under_prefix(application, own)}
    lines = [
        f"# {heading(application)}",
        *_notes(application),
        *token_lines(application, token_name, token),
        *assignments(application, "Laravel's .env", values),
    ]
    return "\n".join(lines) + "\n"


def _named(application: Application) -> tuple[dict[str, str], str]:
    """Return what Laravel has names for, and its name for the token."""
    sender = {
        "MAIL_FROM_ADDRESS": application.sender,
        "MAIL_FROM_NAME": application.sender_name,
    }
    said = {name: value for name, value in sender.items() if value}
    if application.is_postmark:
        stream = {"POSTMARK_MESSAGE_STREAM_ID": application.stream}
        return {"MAIL_MAILER": "postmark", **said, **stream}, "POSTMARK_API_KEY"
    site = {
        "MAILGUN_DOMAIN": application.sending_domain("Laravel"),
        "MAILGUN_ENDPOINT": application.host,
    }
    return {"MAIL_MAILER": "mailgun", **said, **site}, "MAILGUN_SECRET"


def _notes(application: Application) -> Iterator[str]:
    yield from _POSTMARK if application.is_postmark else _MAILGUN
    if application.testmode:
        yield "# Laravel has no setting for test mode: the application asks for it itself."


def _check(application: Application, name: str, value: str) -> None:
    """Raise UsageError for a text that Laravel's `env()` would return another value for."""
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if is_quoted or value.lower() in _MEANT_OTHERWISE:
        what = "quotes around it" if is_quoted else f"the word {value.lower()}"
        raise unsayable(application, "Laravel's .env", name, what)
