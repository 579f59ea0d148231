"""Rails: the part of `config/environments/production.rb` that is about mail."""

from collections.abc import Iterator

from reconciler.render.application import Application
from reconciler.render.variables import (
    RETRY_ATTEMPTS,
    TIMEOUT_MS,
    TIMEOUT_SECONDS,
    as_word,
    heading,
    kept,
    prefix_of,
    unnamed,
)


def rails(application: Application, token: str | None) -> str:
    """Return Ruby for postmark-rails or mailgun-ruby, whose time-outs are in seconds."""
    read = f"ENV.fetch({_literal(application.token_variable)})"
    options = _options(application, read if token is None else _literal(token))
    settings = "".join(f"    {name}: {value},\n" for name, value in options.items())
    mailer = f"config.action_mailer.{application.service}_settings"
    lines = [
        f"# {heading(application)}",
        "Rails.application.configure do",
        *([f"  # {application.token_variable}: {kept(application)}"] if token is None else []),
        f"  config.action_mailer.delivery_method = :{application.service}",
        f"  {mailer} = {{\n{settings}  }}",
        *_defaults(application),
        *_own(application, options),
        "end",
    ]
    return "\n".join(lines) + "\n"


def _options(application: Application, token: str) -> dict[str, str]:
    if application.is_postmark:
        return {
            "api_token": token,
            "http_open_timeout": str(application.seconds),
            "http_read_timeout": str(application.seconds),
            "max_retries": str(application.retry_attempts),
        }
    return {
        "api_key": token,
        "domain": _literal(application.sending_domain("Rails")),
        "api_host": _literal(application.host),
        "timeout": str(application.seconds),
    }


def _defaults(application: Application) -> Iterator[str]:
    """Yield what every mail says that does not say otherwise."""
    said = {
        "from": application.sender and application.mailbox(),
        "message_stream": application.stream,
    }
    pairs = ", ".join(f"{name}: {_literal(value)}" for name, value in said.items() if value)
    if pairs:
        yield f"  config.action_mailer.default_options = {{ {pairs} }}"


def _own(application: Application, options: dict[str, str]) -> Iterator[str]:
    """Yield our own settings, which stand under `config.x`."""
    known = {TIMEOUT_SECONDS, TIMEOUT_MS} | (
        {RETRY_ATTEMPTS} if "max_retries" in options else set()
    )
    place = f"config.x.{prefix_of(application).lower()}"
    for name, value in unnamed(application).items():
        if name not in known:
            literal = _literal(value) if isinstance(value, str) else as_word(value)
            yield f"  {place}.{name.lower()} = {literal}"
    if application.testmode:
        yield "  # mailgun-ruby has no setting for test mode: the application asks for it itself."


def _literal(text: str) -> str:
    """Return a text as Ruby has it, in which nothing is interpolated."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in '"\\#':
        return f"\\{character}"
    return character if character.isprintable() else f"\\u{{{ord(character):x}}}"
