"""Where things stand in the YAML: a value with its place, and what is found wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_QUOTED = 80


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a file; line and column count from 1, and line 0 is the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f":{self.line}:{self.column}" if self.line else ""
        return printable(self.file) + place


def printable(text: str) -> str:
    """Return a text with line breaks, terminal codes and the like written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )


def shortened(text: str) -> str:
    """Return a text as a message can quote it."""
    return text if len(text) <= _QUOTED else text[:_QUOTED] + "..."


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong (or, as a warning, doubtful) at a place in the YAML.

    `rule` names what is broken, for programs; `suggestion` is what was probably meant.
    """

    location: Location
    message: str
    rule: str = field(default="service-rule", compare=False)
    suggestion: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        """Keep it to one line, whatever keys and values it quotes."""
        object.__setattr__(self, "message", printable(self.message))

    def __str__(self) -> str:
        return f"{self.location}: {self.message}"


_NOTHING: Mapping[Any, Any] = MappingProxyType({})


def nothing() -> Mapping[Any, Any]:
    """Return an empty mapping, always the same one: there are many of them in a large file."""
    return _NOTHING


@dataclass(frozen=True, slots=True)
class Node:
    """A YAML value: plain `data`, where it begins, and the nodes below it.

    `keys` says where each key of a mapping stands, and `taken` where one is taken away that a
    profile has. `broken` marks a value that was already found
    wrong: checks pass it over, so that one mistake is one finding.
    """

    data: Any
    location: Location
    children: Mapping[str, "Node"] = field(default_factory=nothing)
    items: tuple["Node", ...] = ()
    keys: Mapping[str, Location] = field(default_factory=nothing)
    broken: bool = False
    taken: Mapping[str, Location] = field(default_factory=nothing)

    def taken_at(self, path: Sequence[str]) -> Location | None:
        """Return where what a profile says at a path of keys, or around it, is taken away."""
        node: Node | None = self
        for key in path:
            if node is None or key in node.taken:
                return node.taken[key] if node else None
            node = node.children.get(key)
        return None

    def at(self, path: str) -> "Node | None":
        """Return the node at a dotted path of mapping keys, None where the YAML names none."""
        node: Node | None = self
        for key in path.split("."):
            node = node.children.get(key) if node else None
        return node

    def text(self, path: str) -> str | None:
        """Return the text at a dotted path; None when it is missing or not text."""
        node = self.at(path)
        return node.data if node and isinstance(node.data, str) and not node.broken else None

    def entries(self, key: str) -> Iterator[tuple[str, "Node"]]:
        """Yield the name and node of each entry of the mapping under `key`."""
        collection = self.children.get(key)
        if collection:
            yield from collection.children.items()

    def is_sound(self) -> bool:
        """Whether nothing was found wrong with this value or anything below it."""
        below = (*self.children.values(), *self.items)
        return not self.broken and all(node.is_sound() for node in below)
