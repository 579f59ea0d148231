"""Our own names for what an application reads from its environment, and where its token is kept.

No framework has names for batch size, retries and tag prefix, so that these are called after the
provider: two providers of one service stand in one file side by side.
"""

import re

from reconciler.errors import UsageError
from reconciler.render.application import Application
from reconciler.source import printable

BATCH_SIZE, RETRY_ATTEMPTS, TAG_PREFIX = "BATCH_SIZE", "RETRY_ATTEMPTS", "TAG_PREFIX"
TIMEOUT_SECONDS, TIMEOUT_MS, TESTMODE = "TIMEOUT_SECONDS", "TIMEOUT_MS", "TESTMODE"
_WHERE = {
    "postmark": "Postmark → Servers → your server → API Tokens",
    "mailgun": "Mailgun → API security",
}


def prefix_of(application: Application) -> str:
    return "ESP_" + re.sub("[^A-Z0-9]", "_", application.name.upper())


def unnamed(application: Application) -> dict[str, str | int | float | bool]:
    """Return, by the end of its name, what no framework has a name for; nothing that is empty."""
    found: dict[str, str | int | float | bool] = {
        BATCH_SIZE: application.batch_size,
        RETRY_ATTEMPTS: application.retry_attempts,
        TIMEOUT_SECONDS: application.seconds,
        TIMEOUT_MS: application.milliseconds,
    }
    if application.tag_prefix:
        found[TAG_PREFIX] = application.tag_prefix
    if not application.is_postmark:
        found[TESTMODE] = application.testmode
    return found


def variables(application: Application) -> dict[str, str]:
    """Return all settings but the token, by names of ours, as an environment has them."""
    named = {
        "SERVICE": application.service,
        "API_URL": application.url,
        "REGION": application.region,
        "DOMAIN": application.domain,
        "MESSAGE_STREAM": application.stream,
        "SENDER": application.sender,
        "SENDER_NAME": application.sender_name,
    }
    said = {name: value for name, value in named.items() if value}
    return under_prefix(application, {**said, **unnamed(application)})


def under_prefix(
    application: Application, values: dict[str, str | int | float | bool]
) -> dict[str, str]:
    prefix = prefix_of(application)
    return {f"{prefix}_{name}": as_word(value) for name, value in values.items()}


def as_word(value: str | float | bool) -> str:  # noqa: FBT001 - a value, no switch
    return str(value).lower() if isinstance(value, bool) else str(value)


def check_printable(application: Application, target: str, name: str, value: str) -> None:
    """Raise UsageError for a value with control characters, for a target that cannot hold them."""
    if not value.isprintable():
        raise unsayable(application, target, name, "a line break or another control character")


def unsayable(application: Application, target: str, name: str, what: str) -> UsageError:
    return UsageError(
        f"{application.location}: {name} holds {what}, which not every reader of {target} takes; "
        "`--as json` holds any value"
    )


def heading(application: Application) -> str:
    return f"{application.name} ({application.service}), rendered by esp-reconcile"


def kept(application: Application) -> str:
    """Say on one line where the token is kept, as whoever sets the application up wants to know."""
    if application.token is None:
        where = f"the configuration does not say; see {_WHERE[application.service]}"
    else:
        where = f"kept in {printable(str(application.token))}"
    if application.is_postmark:
        return where
    return f"{where}; a domain sending key is enough for an application"
