"""What the schemas say of a place in a provider's YAML: to people, and of what may be left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from reconciler.config.schema_files import load_schema
from reconciler.fields import UNKNOWN
from reconciler.model import ITEM

_COMBINED = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Place:
    """One place: all that the schemas say of it, in their order."""

    schemas: tuple[dict[str, Any], ...]

    @property
    def default(self) -> Any:
        """What the service has where the YAML says nothing; UNKNOWN where that is not known."""
        return next((each["default"] for each in self.schemas if "default" in each), UNKNOWN)

    @property
    def title(self) -> str:
        return next((str(each["title"]) for each in self.schemas if "title" in each), "")

    @property
    def description(self) -> str:
        told = (each["description"] for each in self.schemas if "description" in each)
        return next(map(str, told), "")

    @property
    def values(self) -> tuple[Any, ...]:
        """The values that it can have, where they are few."""
        for each in self.schemas:
            if "enum" in each:
                return tuple(each["enum"])
            if each.get("type") == "boolean":
                return (True, False)
        return ()

    @property
    def keys(self) -> list[str]:
        """The keys that may stand there, in the order in which people write them."""
        return list(
            dict.fromkeys(key for each in self.schemas for key in each.get("properties", ()))
        )


def place_at(service: str, path: Sequence[str]) -> Place:
    """Return the place that keys lead to from the mapping of a provider of a service."""
    schemas = tuple(_spread(f"{service}.schema.json", load(f"{service}.schema.json")))
    for key in path:
        below = [found for file, each in schemas for found in _below(file, each, key)]
        schemas = tuple(below)
    return Place(tuple(each for _, each in schemas))


@cache
def load(file: str) -> dict[str, Any]:
    return load_schema(file)


_Found = tuple[str, dict[str, Any]]
"""A schema, and the file that its references are to be followed from."""


def _below(file: str, schema: dict[str, Any], key: str) -> Iterator[_Found]:
    named, others = schema.get("properties", {}).get(key), schema.get("additionalProperties")
    found = schema.get("items") if key == ITEM else named if named is not None else others
    if isinstance(found, dict):
        yield from _spread(file, found)


def _spread(file: str, schema: dict[str, Any]) -> Iterator[_Found]:
    """Yield a schema, and those that it refers to or is combined of."""
    yield file, schema
    if reference := schema.get("$ref"):
        name, _, pointer = reference.partition("#")
        target: Any = load(name or file)
        for part in filter(None, pointer.split("/")):
            target = target[part]
        yield from _spread(name or file, target)
    for word in _COMBINED:
        for each in schema.get(word, ()):
            yield from _spread(file, each)
