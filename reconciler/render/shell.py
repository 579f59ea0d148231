"""Lines for a POSIX shell, to be sourced or given to `eval`."""

from shlex import quote

from reconciler.render.application import Application
from reconciler.render.variables import check_printable, heading, kept, variables


def shell(application: Application, token: str | None) -> str:
    name = application.token_variable
    values = variables(application) if token is None else {name: token, **variables(application)}
    for each, value in values.items():
        check_printable(application, "sh", each, value)
    lines = [
        f"# {heading(application)}",
        *([f"# {name}: {kept(application)}"] if token is None else []),
        *(f"export {each}={quote(value)}" for each, value in values.items()),
    ]
    return "\n".join(lines) + "\n"
