"""Data to YAML as a person writes it: short things in one line, quotes only where they must be."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from reconciler.config.description import place_at
from reconciler.config.syntax import is_plain
from reconciler.model import ITEM
from reconciler.source import printable

WIDTH = 100
_STEP = 2
_PLAIN = re.compile(r"[A-Za-z0-9/._](?:[A-Za-z0-9 /@._+%=?&~:#-]*[A-Za-z0-9/@._+%=-])?")
Path = tuple[str, ...]
Notes = Mapping[Path, str]


class Writer:
    """Writes what is added to a provider of a service; `notes` become comments, by path."""

    def __init__(self, service: str, notes: Notes) -> None:
        self._service = service
        self._notes = notes

    def entries(self, tree: Mapping[str, Any], indent: int, path: Path = ()) -> Iterator[str]:
        """Yield the lines of a mapping's entries."""
        for key in self._in_order(tree, path):
            yield from self._entry(key, tree[key], indent, (*path, key))

    def items(self, items: Sequence[Any], indent: int, path: Path) -> Iterator[str]:
        """Yield the lines of a list's items."""
        for number, item in enumerate(items):
            line = f"{' ' * indent}- {self.in_line(item, (*path, ITEM))}"
            lines = [line]
            if len(line) > WIDTH and isinstance(item, Mapping):
                lines = [*self.entries(item, indent + _STEP, (*path, ITEM))]
                lines[0] = f"{' ' * indent}- {lines[0].lstrip()}"
            yield from self._noted(lines, (*path, str(number)))

    def in_line(self, value: Any, path: Path) -> str:
        """Return a value in YAML's flow style."""
        if isinstance(value, Mapping):
            inner = (
                f"{scalar(key)}: {self.in_line(value[key], (*path, key))}"
                for key in self._in_order(value, path)
            )
            return f"{{{', '.join(inner)}}}"
        if isinstance(value, list):
            return f"[{', '.join(self.in_line(each, (*path, ITEM)) for each in value)}]"
        return scalar(value)

    def _entry(self, key: str, value: Any, indent: int, path: Path) -> Iterator[str]:
        head = f"{' ' * indent}{scalar(key)}:"
        lines = [f"{head} {self.in_line(value, path)}"]
        if self._is_in_lines(value, path) or len(lines[0]) > WIDTH:
            if value and isinstance(value, Mapping):
                lines = [head, *self.entries(value, indent + _STEP, path)]
            elif value and isinstance(value, list):
                lines = [head, *self.items(value, indent + _STEP, path)]
        yield from self._noted(lines, path)

    def _is_in_lines(self, value: Any, path: Path) -> bool:
        """Whether a value is a collection of things, each of which gets a line of its own."""
        if isinstance(value, list):
            return any(isinstance(each, Mapping) for each in value)
        is_top = len(path) == 1
        return is_top and isinstance(value, Mapping) and not place_at(self._service, path).keys

    def _noted(self, lines: Sequence[str], path: Path) -> Iterator[str]:
        """Yield lines with the note of what they say: beside the first, or above it if too long."""
        first, *others = lines
        note = self._notes.get(path)
        if note and len(noted := f"{first}  # {printable(note)}") <= WIDTH:
            first = noted
        elif note:
            yield f"{' ' * (len(first) - len(first.lstrip()))}# {printable(note)}"
        yield first
        yield from others

    def _in_order(self, tree: Mapping[str, Any], path: Path) -> list[str]:
        """Return the keys as people write them; names of their own are sorted."""
        known = place_at(self._service, path).keys
        rank = {key: number for number, key in enumerate(known)}

        def place(key: str) -> tuple[bool, int, str]:
            # What holds for all things stands above the things, of which there may be hundreds.
            is_late = not path and self._is_in_lines(tree[key], (key,))
            return is_late, rank.get(key, len(rank)), key

        return sorted(tree, key=place)


def scalar(value: Any) -> str:
    """Return a scalar as YAML, in quotes unless it is read as it stands."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    if is_plain(value) and _PLAIN.fullmatch(value) and ": " not in value and " #" not in value:
        return value
    if value.replace("\n", "").replace("\t", "").isprintable():
        return json.dumps(value, ensure_ascii=False)
    quoted: str = yaml.dump(value, default_style='"', allow_unicode=True, width=float("inf"))
    return "".join(each if each.isprintable() else _escaped(each) for each in quoted.rstrip("\n"))


def _escaped(sign: str) -> str:
    """Return, as YAML's escape, what nobody sees or what turns around what is beside it."""
    return f"\\U{ord(sign):08X}"
