"""What the YAML would say of a live thing: the way back, from a resource to what people write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Path = tuple[str, ...]
ITEM = "[]"
"""Stands in a path for any item of a list."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A value, and the keys that lead to it from the provider's own mapping.

    `field` is its name in the kind's table, "" for what says that the thing is there at all. In a
    `value` a `Secret` stands for what the YAML may only refer to. An `is_item` is added to the list
    at its path. `is_incidental` is what the service chose by itself, such as a key's selector;
    `fits_all` is what has no value of its own, so that it agrees with whatever others say; and an
    `obstacle` is why the YAML cannot say it.
    """

    path: Path
    value: Any
    field: str = ""
    is_item: bool = False
    is_incidental: bool = False
    fits_all: bool = False
    obstacle: str = ""
