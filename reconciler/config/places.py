"""The way back from a place in a file to the keys that lead there."""

from collections.abc import Iterator, Mapping, Sequence

from reconciler.config.syntax import parse
from reconciler.source import Node

Keys = tuple[str | int, ...]


def keys_by_place(raw: bytes) -> Mapping[tuple[int, int], Sequence[Keys]]:
    """Return by line and column what stands in a file that our reader accepts.

    Several things may begin at one place, as a mapping and its first key do: outermost first.
    """
    root, _ = parse(raw, "")
    found: dict[tuple[int, int], list[Keys]] = {}
    for place, keys in _places(root, ()) if root else ():
        found.setdefault(place, []).append(keys)
    return found


def _places(node: Node, keys: Keys) -> Iterator[tuple[tuple[int, int], Keys]]:
    yield (node.location.line, node.location.column), keys
    for name, child in node.children.items():
        place = node.keys[name]
        yield (place.line, place.column), (*keys, name)
        yield from _places(child, (*keys, name))
    for index, item in enumerate(node.items):
        yield from _places(item, (*keys, index))
