"""What is in a decrypted file: mappings and lists, down to secrets, found by path."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model import Sealed, Secret

Tree = Mapping[str, Any]
"""Mappings and lists, down to `Secret`s; what is no text in the file is None here."""
MISSING = object()
_INDEX = re.compile(r"\[(\d+)\]")


def as_secrets(value: Any) -> Any:
    """Return decoded JSON with each text as a secret."""
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {name: as_secrets(each) for name, each in value.items()}
    return [as_secrets(each) for each in value] if isinstance(value, list) else None


def steps(key: str) -> list[str]:
    """Split `a.list.0`, or `a.list[0]`, into its steps."""
    return _INDEX.sub(r".\1", key).split(".")


def find(tree: Any, path: list[str]) -> Any:
    """Return what stands at a path, `MISSING` if nothing does; a key's name may hold dots."""
    if not path:
        return tree
    if isinstance(tree, list):
        is_there = path[0].isdecimal() and int(path[0]) < len(tree)
        return find(tree[int(path[0])], path[1:]) if is_there else MISSING
    for length in range(1, len(path) + 1) if isinstance(tree, Mapping) else ():
        below = tree.get(".".join(path[:length]), MISSING)
        if below is not MISSING and (found := find(below, path[length:])) is not MISSING:
            return found
    return MISSING


def leaves(tree: Any, prefix: str = "") -> Iterator[tuple[str, Sealed | None]]:
    """Yield the path of everything at the ends of a file; what is no text as None."""
    if isinstance(tree, Mapping | list):
        below = tree.items() if isinstance(tree, Mapping) else enumerate(tree)
        for step, each in below:
            yield from leaves(each, f"{prefix}.{step}" if prefix else str(step))
    else:
        yield prefix, tree.sealed() if isinstance(tree, Secret) else None


def key_names(tree: Any) -> Iterator[str]:
    """Yield the path of every text in a decrypted file, and no value."""
    return (name for name, sealed in leaves(tree) if sealed)
