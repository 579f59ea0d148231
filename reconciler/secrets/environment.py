"""Environment variables as secrets: only those that the operator lets the YAML name.

Two lists, since who reads a secret decides over it: a token goes to its own service, while content,
such as a webhook's header, goes wherever the YAML says.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import NamedTuple

from reconciler.errors import SecretError, UsageError
from reconciler.model import Reference

RETIRED = "ESP_RECONCILE_ENV_ALLOW"
_SERVICES = ("postmark", "mailgun")
_OURS = "ESP_RECONCILE_*"
_FOR_SOPS = (
    *("PATH", "HOME", "USER", "LANG", "LC_*", "TERM", "TMPDIR", "XDG_*", "SSL_*"),
    *("SOPS_*", "GNUPGHOME", "GPG_*", "SSH_*", "*_proxy", "*_PROXY"),
    *("AWS_*", "AZURE_*", "GOOGLE_*", "CLOUDSDK_*", "HUAWEICLOUD_*", "VAULT_*"),
)


class Use(NamedTuple):
    """What a secret is for, and who says by which variable what may be that."""

    name: str
    variable: str
    by_default: tuple[str, ...]

    def patterns(self, environment: Mapping[str, str]) -> tuple[str, ...]:
        said = environment.get(self.variable)
        return self.by_default if said is None else tuple(said.replace(",", " ").split())

    def allows(self, name: str, environment: Mapping[str, str]) -> bool:
        return _matches(name, self.patterns(environment))


TOKEN = Use("a token", "ESP_RECONCILE_TOKEN_ALLOW", ("POSTMARK_*", "MAILGUN_*"))
CONTENT = Use("content", "ESP_RECONCILE_CONTENT_ALLOW", ("ESP_*",))


def is_called_after_another(reference: Reference, service: str) -> bool:
    """Whether a variable's name begins with that of a service other than this one."""
    prefixes = [each.upper() + "_" for each in _SERVICES if each != service]
    return reference.source == "env" and reference.target.startswith(tuple(prefixes))


def may_be_a_secret(name: str, environment: Mapping[str, str]) -> bool:
    """Whether a variable is one that a configuration could name, and so not for other programs.

    An operator may allow more than that, even `*`; what sops itself lives on is left to it.
    """
    return _matches(name, (*TOKEN.by_default, *CONTENT.by_default)) or (
        any(use.allows(name, environment) for use in (TOKEN, CONTENT))
        and not _matches(name, _FOR_SOPS)
    )


def from_environment(reference: Reference, use: Use, environment: Mapping[str, str]) -> str:
    """Return a variable's value.

    Raises SecretError when it is not set, or not for this use, and UsageError when the operator
    still says it by one list.
    """
    if RETIRED in environment:
        raise UsageError(
            f"{RETIRED} is not read any more: say by {TOKEN.variable} which variables may be "
            f"tokens, by {CONTENT.variable} which may be sent as content, and unset it"
        )
    name, shown = reference.target, f"{reference.location}: the environment variable"
    if _matches(name, (_OURS,)):
        raise SecretError(f"{shown} {name} is the operator's own setting, and no secret")
    if not use.allows(name, environment):
        names = ", ".join(use.patterns(environment)) or "none"
        raise SecretError(
            f"{shown} {name} is not among those that the configuration may name as {use.name} "
            f"({names}); rename it, or allow it by {use.variable}"
        )
    if all(each.allows(name, environment) for each in (TOKEN, CONTENT)):
        raise SecretError(
            f"{shown} {name} is allowed by {TOKEN.variable} and by {CONTENT.variable}, so it is "
            "neither; take it off one of the two"
        )
    if name not in environment:
        raise SecretError(f"{shown} {name} is not set")
    return environment[name]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
