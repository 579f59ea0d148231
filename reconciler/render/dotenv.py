"""`.env` files. Their readers have no grammar in common, so that only what all of them agree on
is written: a bare word, or single quotes around what has neither quote nor backslash. `${` is
expanded by python-dotenv (1.2) inside single quotes, too.
"""

import re
from collections.abc import Iterator, Mapping

from reconciler.render.application import Application
from reconciler.render.variables import (
    check_printable,
    heading,
    kept,
    unsayable,
    variables,
)

_BARE = re.compile(r"[A-Za-z0-9_./:@%+,=-]*")
_READ_DIFFERENTLY = ("'", "\\", "${")


def dotenv(application: Application, token: str | None) -> str:
    name = application.token_variable
    lines = [
        f"# {heading(application)}",
        *token_lines(application, name, token),
        *assignments(application, "dotenv", variables(application)),
    ]
    return "\n".join(lines) + "\n"


def token_lines(application: Application, name: str, token: str | None) -> Iterator[str]:
    """Yield the token, or a comment: an empty value would take the place of the one that is set."""
    if token is None:
        yield f"# {name}= ({kept(application)})"
    else:
        yield from assignments(application, "dotenv", {name: token})


def assignments(application: Application, target: str, values: Mapping[str, str]) -> Iterator[str]:
    """Yield a line for each value. Raises UsageError, which does not tell the value."""
    for name, value in values.items():
        yield f"{name}={_quoted(application, target, name, value)}"


def _quoted(application: Application, target: str, name: str, value: str) -> str:
    if _BARE.fullmatch(value):
        return value
    check_printable(application, target, name, value)
    if any(each in value for each in _READ_DIFFERENTLY):
        raise unsayable(application, target, name, "a single quote, a backslash or `${`")
    return f"'{value}'"
