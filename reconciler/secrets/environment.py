"""Environment variables as secrets: only those that the operator lets the YAML name."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from reconciler.errors import SecretError
from reconciler.model import Reference

VARIABLE = "ESP_RECONCILE_ENV_ALLOW"
ALLOWED = ("POSTMARK_*", "MAILGUN_*", "ESP_*")


def allowed_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns of names that a configuration may refer to."""
    said = environment.get(VARIABLE)
    return ALLOWED if said is None else tuple(said.replace(",", " ").split())


def is_allowed(name: str, environment: Mapping[str, str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in allowed_names(environment))


def from_environment(reference: Reference, environment: Mapping[str, str]) -> str:
    """Return a variable's value. Raises SecretError when it is not set, or not for the YAML."""
    name = reference.target
    if not is_allowed(name, environment):
        names = ", ".join(allowed_names(environment)) or "none"
        raise SecretError(
            f"{reference.location}: the environment variable {name} is not among those that the "
            f"configuration may name ({names}); rename it, or allow it by {VARIABLE}"
        )
    if name not in environment:
        raise SecretError(f"{reference.location}: the environment variable {name} is not set")
    return environment[name]
