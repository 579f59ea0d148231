"""Environment variables as secrets: only those that the operator lets the YAML name."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from reconciler.errors import SecretError
from reconciler.model import Reference

VARIABLE = "ESP_RECONCILE_ENV_ALLOW"
ALLOWED = ("POSTMARK_*", "MAILGUN_*", "ESP_*")
_SERVICES = ("postmark", "mailgun")
_TOKENS = ("*_SERVER_TOKEN", "*_ACCOUNT_TOKEN", "*_API_KEY", "*_API_TOKEN")
_FOR_SOPS = (
    *("PATH", "HOME", "USER", "LANG", "LC_*", "TERM", "TMPDIR", "XDG_*", "SSL_*"),
    *("SOPS_*", "GNUPGHOME", "GPG_*", "SSH_*", "*_proxy", "*_PROXY"),
    *("AWS_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*", "HUAWEICLOUD_*", "VAULT_*"),
)


def allowed_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the patterns of names that a configuration may refer to."""
    said = environment.get(VARIABLE)
    return ALLOWED if said is None else tuple(said.replace(",", " ").split())


def is_called_after_another(reference: Reference, service: str) -> bool:
    """Whether a variable's name begins with that of a service other than this one."""
    prefixes = [each.upper() + "_" for each in _SERVICES if each != service]
    return reference.source == "env" and reference.target.startswith(tuple(prefixes))


def is_called_like_a_token(reference: Reference) -> bool:
    return reference.source == "env" and _matches(reference.target, _TOKENS)


def is_allowed(name: str, environment: Mapping[str, str]) -> bool:
    return _matches(name, allowed_names(environment))


def may_be_a_token(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a variable is one that a configuration could name, and so not for other programs.

    An operator may allow more than that, even `*`; what sops itself lives on is left to it.
    """
    return _matches(name, ALLOWED) or (
        is_allowed(name, environment) and not _matches(name, _FOR_SOPS)
    )


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


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
