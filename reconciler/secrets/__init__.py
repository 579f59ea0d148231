"""References resolved in memory: the value goes into a `Secret` and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import SecretError
from reconciler.model import Reference, Sealed, Secret
from reconciler.secrets.environment import (
    CONTENT,
    TOKEN,
    Use,
    from_environment,
    is_called_after_another,
    may_be_a_secret,
)
from reconciler.secrets.files import MAX_BYTES, from_file
from reconciler.secrets.sops import Sops
from reconciler.secrets.trees import key_names

__all__ = ["MAX_BYTES", "Resolver", "key_names", "may_be_a_secret"]

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass
class Resolver:
    """Resolves the references of one run; a file that sops decrypts is decrypted once."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sops: Sops = field(init=False)
    _tokens: set[Sealed] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.sops = Sops(self.environment)

    def resolve(self, reference: Reference) -> Secret:
        """Return what a reference points at: one line of text, sent as content.

        Raises SecretError, which never holds the value. A token is refused: whoever could have it
        sent as content, to be passed on to a webhook, would learn it.
        """
        secret = self._line(reference, CONTENT)
        if self.is_token(secret):
            raise SecretError(
                f"{reference.location}: {reference} is a token, which is sent to its service to "
                "authenticate and never as content; name another secret"
            )
        return secret

    def resolve_token(self, reference: Reference, service: str) -> Secret:
        """Return the token of a service, which has no blanks. Raises SecretError."""
        if is_called_after_another(reference, service):
            raise SecretError(
                f"{reference.location}: {reference} is called after another service, so it is not "
                f"sent to {service}; rename it if it is meant"
            )
        token = self._line(reference, TOKEN)
        if not token.reveal().isascii() or " " in token.reveal():
            raise SecretError(
                f"{reference.location}: {reference} holds blanks or other characters that no "
                "token has"
            )
        self._tokens.add(token.sealed())
        return token

    def is_token(self, secret: Secret) -> bool:
        """Whether it was resolved as a token, and so is never sent as content."""
        return secret.sealed() in self._tokens

    def _line(self, reference: Reference, use: Use) -> Secret:
        value = self._value(reference, use)
        if not value:
            raise SecretError(f"{reference.location}: {reference} is empty")
        if not value.isprintable() or _UNREADABLE in value:
            raise SecretError(f"{reference.location}: {reference} is not one line of text")
        return Secret(value)

    def _value(self, reference: Reference, use: Use) -> str:
        match reference.source:
            case "env":
                return from_environment(reference, use, self.environment).strip()
            case "file":
                return from_file(reference, self.environment).strip()
            case _:
                return self.sops.lookup(reference).reveal().strip()
