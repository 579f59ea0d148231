"""Django's settings, with django-anymail as the backend."""

from typing import Any

from reconciler.render.application import Application
from reconciler.render.variables import (
    TIMEOUT_MS,
    TIMEOUT_SECONDS,
    heading,
    kept,
    prefix_of,
    unnamed,
)


class _Source(str):
    """An expression that stands in the settings as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def anymail(application: Application, token: str | None) -> str:
    """Return Python that a settings module includes. Anymail's timeout is in seconds."""
    read = _Source(f"os.environ[{application.token_variable!r}]")
    options: dict[str, Any] = {
        **_options(application, read if token is None else token),
        "REQUESTS_TIMEOUT": application.seconds,
    }
    settings: dict[str, Any] = {
        "EMAIL_BACKEND": f"anymail.backends.{application.service}.EmailBackend",
        "ANYMAIL": options,
        **_sender(application),
        **{
            f"{prefix_of(application)}_{name}": value
            for name, value in unnamed(application).items()
            if name not in {TIMEOUT_SECONDS, TIMEOUT_MS}
        },
    }
    lines = [f"# {heading(application)}"]
    if token is None:
        # On the second line a comment could still say how the file is encoded.
        lines += ["import os", "", f"# {application.token_variable}: {kept(application)}"]
    lines += [f"{name} = {_literal(value)}" for name, value in settings.items()]
    return "\n".join(lines) + "\n"


def _options(application: Application, token: str) -> dict[str, Any]:
    if application.is_postmark:
        return {
            "POSTMARK_SERVER_TOKEN": token,
            "POSTMARK_SEND_DEFAULTS": {"esp_extra": {"MessageStream": application.stream}},
        }
    options: dict[str, Any] = {
        "MAILGUN_API_KEY": token,
        "MAILGUN_API_URL": f"{application.url}/v3",
    }
    if application.domain:  # else Anymail takes that of the sender
        options["MAILGUN_SENDER_DOMAIN"] = application.domain
    if application.testmode:
        options["MAILGUN_SEND_DEFAULTS"] = {"esp_extra": {"o:testmode": "yes"}}
    return options


def _sender(application: Application) -> dict[str, str]:
    if not application.sender:
        return {}
    mailbox = application.mailbox()
    return {"DEFAULT_FROM_EMAIL": mailbox, "SERVER_EMAIL": mailbox}


def _literal(value: Any) -> str:
    """Return a literal of Python, in which all that is not printable is escaped."""
    if not isinstance(value, dict):
        return repr(value)
    inner = "".join(f"    {name!r}: {each!r},\n" for name, each in value.items())
    return f"{{\n{inner}}}"
