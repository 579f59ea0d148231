"""References resolved in memory: the value goes into a `Secret` and nowhere else."""

import os
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import SecretError
from reconciler.model import Reference, Secret

MAX_BYTES = 64 * 1024
_UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def resolve(reference: Reference, environment: Mapping[str, str] = os.environ) -> Secret:
    """Return what a reference points at: one line of text.

    Raises SecretError, which never holds the value.
    """
    if reference.source == "sops":
        raise SecretError(
            f"{reference.location}: SOPS references cannot be resolved by this version; "
            "use {env: NAME} or {file: PATH}"
        )
    value = (
        _from_env(reference, environment) if reference.source == "env" else _from_file(reference)
    )
    if not value:
        raise SecretError(f"{reference.location}: {reference} is empty")
    if not value.isprintable() or _UNREADABLE in value:
        raise SecretError(f"{reference.location}: {reference} is not one line of text")
    return Secret(value)


def resolve_token(reference: Reference, environment: Mapping[str, str] = os.environ) -> Secret:
    """Return the token that a reference points at, which has no blanks. Raises SecretError."""
    token = resolve(reference, environment)
    if not token.reveal().isascii() or " " in token.reveal():
        raise SecretError(
            f"{reference.location}: {reference} holds blanks or other characters that no token has"
        )
    return token


def _from_env(reference: Reference, environment: Mapping[str, str]) -> str:
    if reference.target not in environment:
        raise SecretError(
            f"{reference.location}: the environment variable {reference.target} is not set"
        )
    return environment[reference.target].strip()


def _from_file(reference: Reference) -> str:
    path = Path(reference.location.file).parent / reference.target
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as problem:
        raise SecretError(f"{reference.location}: {path}: {problem.strerror}") from None
    except ValueError:
        raise SecretError(f"{reference.location}: {reference} is not a path") from None
    if len(content) > MAX_BYTES:
        raise SecretError(f"{reference.location}: {path} is larger than 64 KiB")
    # Whatever is not text becomes a character that `resolve` refuses, and no exception that
    # would carry the content along.
    return content.decode("utf-8-sig", errors="replace").strip()
