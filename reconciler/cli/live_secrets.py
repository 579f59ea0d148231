"""Where an import puts the passwords and headers it finds, and how the YAML refers to them."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from reconciler.cli.new_provider import STDOUT
from reconciler.errors import UsageError
from reconciler.library.credentials import resolver
from reconciler.library.importing import Imported
from reconciler.model import Reference, Sealed
from reconciler.secrets.trees import leaves
from reconciler.source import Location


def naming(store: Path | None, beside: Path) -> dict[str, Any]:
    """Return how secrets are referred to, and which names lead to something already.

    Without an encrypted file they are variables. Raises SecretError where one cannot be opened.
    """
    if store is None:
        return {"refer": _in_environment}
    taken = _kept_in(store) if store.exists() else {}
    return {"refer": partial(_in_store, store, beside), "taken": taken}


def keep(found: Imported, store: Path | None) -> None:
    """Put the secrets into the encrypted file, if there is one. Raises SecretError."""
    if store is None:
        return
    for name, secret in sorted(found.secrets.items()):
        resolver().sops.set(Reference("sops", store.name, Location(str(store)), name), secret)


def to_be_set(found: Imported) -> Iterator[str]:
    """Yield the lines that name the variables which nothing holds yet."""
    if found.secrets:
        yield "To be set before the next plan, to what is live:"
        yield from (f"  {name}" for name in sorted(found.secrets))


def _in_environment(name: str) -> Mapping[str, Any]:
    return {"env": name}


def _in_store(store: Path, beside: Path, name: str) -> Mapping[str, Any]:
    """Refer to an encrypted file, by its path as seen from the YAML. Raises UsageError."""
    folder = Path() if beside == STDOUT else beside.parent
    try:
        path = store.absolute().relative_to(folder.absolute())
    except ValueError:
        raise UsageError(
            f"--secrets {store}: it has to be beside the YAML, or in a folder below it"
        ) from None
    return {"sops": {"file": str(path), "key": name}}


def _kept_in(store: Path) -> dict[str, Sealed]:
    tree = resolver().sops.tree(Reference("sops", store.name, Location(str(store))))
    return {name: sealed for name, sealed in leaves(tree) if sealed}
