"""References resolved in memory: the value goes into a `Secret` and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import SecretError
from reconciler.model import Reference, Secret
from reconciler.secrets.environment import from_environment
from reconciler.secrets.files import MAX_BYTES, from_file
from reconciler.secrets.sops import Sops, key_names

__all__ = ["MAX_BYTES", "Resolver", "key_names"]

_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


@dataclass
class Resolver:
    """Resolves the references of one run; a file that sops decrypts is decrypted once."""

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    sops: Sops = field(init=False)

    def __post_init__(self) -> None:
        self.sops = Sops(self.environment)

    def resolve(self, reference: Reference) -> Secret:
        """Return what a reference points at: one line of text.

        Raises SecretError, which never holds the value.
        """
        value = self._value(reference)
        if not value:
            raise SecretError(f"{reference.location}: {reference} is empty")
        if not value.isprintable() or _UNREADABLE in value:
            raise SecretError(f"{reference.location}: {reference} is not one line of text")
        return Secret(value)

    def resolve_token(self, reference: Reference) -> Secret:
        """Return the token that a reference points at, which has no blanks. Raises SecretError."""
        token = self.resolve(reference)
        if not token.reveal().isascii() or " " in token.reveal():
            raise SecretError(
                f"{reference.location}: {reference} holds blanks or other characters that no "
                "token has"
            )
        return token

    def _value(self, reference: Reference) -> str:
        match reference.source:
            case "env":
                return from_environment(reference, self.environment).strip()
            case "file":
                return from_file(reference).strip()
            case _:
                return self.sops.lookup(reference).reveal().strip()
