"""Fields as data: one table a kind says how our field names and values map to the service's.

The table is also the whitelist: what it does not name is neither read into a resource nor sent.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Any = _Unknown()
"""Stands for a value that nobody told us: never compared, never a change, never left unsaid."""


@dataclass(frozen=True, slots=True)
class Codec:
    """How a value is read from an answer, written in a request, and compared.

    `words` are the service's own for it, if it has a few for all values.
    `read` may raise TypeError, ValueError, KeyError, AttributeError or OverflowError on a value of
    a shape that it does not know: then the field counts as not reported.
    """

    read: Callable[[Any], Any] = lambda value: value
    write: Callable[[Any], Any] = lambda value: value
    same: Callable[[Any, Any], bool] = lambda desired, live: bool(desired == live)
    words: frozenset[str] = frozenset()


def text(value: Any) -> str:
    """Return a text as it is. Raises TypeError for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"not a text: {type(value).__name__}")
    return value


def text_or_nothing(value: Any) -> str:
    """Return a text as it is, and null as an empty one. Raises TypeError for anything else."""
    return "" if value is None else text(value)


def words(**theirs_by_ours: str) -> Codec:
    """Return a codec for an enumeration; the service's words are read in any letter case."""
    ours = {theirs.lower(): our for our, theirs in theirs_by_ours.items()}

    def read(value: Any) -> str:
        # The word for nothing is often `None`, which Python's null must not turn into.
        word = text(value)
        return ours.get(word.lower(), word)

    return Codec(read, theirs_by_ours.__getitem__, words=frozenset(theirs_by_ours.values()))


def _read_flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return {"true": True, "yes": True, "false": False, "no": False}[str(value).lower()]


def _read_number(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError("not a number: bool")
    return int(value)


SAME = Codec()
NUMBER = Codec(_read_number)
FLAG = Codec(_read_flag)
TEXT = Codec(text_or_nothing)
HOST = Codec(
    lambda value: text_or_nothing(value).rstrip("."),
    same=lambda desired, live: bool(desired.lower().rstrip(".") == live.lower().rstrip(".")),
)


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf. `ours` is its dotted path in the YAML, `theirs` the dotted path in an answer.

    `sent_as` is its name in requests where that differs; `immutable` is why it cannot be changed
    after creation and what to do instead; `needed` says that nothing can be created without it;
    `implied` says that the YAML has no word for it, and that it is shown only when it differs;
    `write_only` says that it is sent and never read, so that it is never a difference;
    `absent_means` is what a missing key in an answer says.
    """

    ours: str
    theirs: str
    codec: Codec = SAME
    sent_as: str = ""
    immutable: str = ""
    needed: bool = False
    implied: bool = False
    write_only: bool = False
    absent_means: Any = UNKNOWN


class FieldTable:
    def __init__(self, *fields: Field) -> None:
        self._fields = {field.ours: field for field in fields}
        # Taken apart once: answers come by the thousand.
        self._paths = [(field, tuple(field.theirs.split("."))) for field in fields]

    def __iter__(self) -> Iterator[Field]:
        return iter(self._fields.values())

    def __getitem__(self, ours: str) -> Field:
        return self._fields[ours]

    def decode(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Return our attributes of an answer; fields that it does not hold are left out."""
        found = {field.ours: _read(field, path, answer) for field, path in self._paths}
        return {name: value for name, value in found.items() if value is not UNKNOWN}

    def encode(
        self, attributes: Mapping[str, Any], only: Iterable[str] | None = None
    ) -> dict[str, Any]:
        """Return attributes (or `only` the named ones) under the names and values of a request.

        A name with dots becomes objects within objects.
        """
        chosen = attributes if only is None else {name: attributes[name] for name in only}
        content: dict[str, Any] = {}
        for name, value in chosen.items():
            *path, leaf = (self[name].sent_as or self[name].theirs).split(".")
            inner = content
            for key in path:
                inner = inner.setdefault(key, {})
            inner[leaf] = self[name].codec.write(value)
        return content

    def same(self, name: str, desired: Any, live: Any) -> bool:
        return self[name].codec.same(desired, live)


def _read(field: Field, path: Iterable[str], answer: dict[str, Any]) -> Any:
    value: Any = answer
    for key in path:
        # JSON has no other mappings, and `Mapping` takes ten times as long to ask for.
        if not isinstance(value, dict) or key not in value:
            return field.absent_means
        value = value[key]
    try:
        return field.codec.read(value)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return UNKNOWN
