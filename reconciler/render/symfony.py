"""Symfony: `config/packages/mailer.yaml`, with the DSN of the service's bridge."""

from typing import Any
from urllib.parse import quote

from reconciler.errors import UsageError
from reconciler.render.application import Application
from reconciler.render.quoting import Quoted, as_yaml
from reconciler.render.variables import heading, kept, prefix_of, unnamed

_SHORN = " '\""
"""What Symfony takes off the ends of a sender's name."""


def symfony(application: Application, token: str | None) -> str:
    """Return YAML in which `%env(NAME)%` is the token, and every other `%` stands for itself."""
    variable = application.token_variable
    held = f"%env({variable})%" if token is None else _plain(_percent(token))
    mailer: dict[str, Any] = {"dsn": Quoted(_dsn(application, held))}
    if headers := _headers(application):
        mailer["headers"] = {name: Quoted(_plain(value)) for name, value in headers.items()}
    place = prefix_of(application).lower().replace("esp_", "esp.", 1)
    own = {
        f"{place}.{name.lower()}": Quoted(_plain(value)) if isinstance(value, str) else value
        for name, value in unnamed(application).items()
    }
    note = "" if token else f"# {variable}: {kept(application)}\n"
    content = as_yaml({"parameters": own, "framework": {"mailer": mailer}})
    return (
        f"# {heading(application)}: config/packages/mailer.yaml\n"
        f"# The DSN stands in the place of %env(MAILER_DSN)%.\n{note}{content}"
    )


def _dsn(application: Application, token: str) -> str:
    if application.is_postmark:
        stream = _plain(_percent(application.stream))
        return f"postmark+api://{token}@default?message_stream={stream}"
    domain = _plain(_percent(application.sending_domain("Symfony")))
    return f"mailgun+api://{token}:{domain}@default?region={application.region}"


def _headers(application: Application) -> dict[str, str]:
    """Return what stands in every mail: the sender, and Mailgun's test mode."""
    sender = {"From": _sender(application)} if application.sender else {}
    return {**sender, **({"o:testmode": "yes"} if application.testmode else {})}


def _sender(application: Application) -> str:
    """Return the sender as `Address::create` reads it, which undoes no quoting."""
    name = application.sender_name
    application.mailbox()
    if "<" in name or name != name.strip(_SHORN):
        raise UsageError(
            f"{application.location}: the name of the sender {application.sender} holds `<`, or "
            "begins or ends with a quote or a blank, which Symfony reads as something else; "
            "`--as json` holds any value"
        )
    return f"{name} <{application.sender}>" if name else application.sender


def _percent(text: str) -> str:
    return quote(text, safe="")


def _plain(text: str) -> str:
    """Return a text in which the container finds no parameter."""
    return text.replace("%", "%%")
