"""Secrets: where one is kept, what holds it, and what stands for it in attributes."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any, ClassVar, NoReturn, Self

from reconciler.source import Location, Node, printable


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a secret is kept. `source` is env, file or sops; `target` the name or path there."""

    source: str
    target: str
    location: Location
    key: str = ""

    def __str__(self) -> str:
        key = f" key {self.key}" if self.key else ""
        return printable(f"{self.source} {self.target}{key}")

    @property
    def place_and_file(self) -> str:
        """How messages begin that are about the file more than about the reference."""
        if not self.location.line:  # the file is what was named, and stands in no other
            return str(self.location)
        return f"{self.location}: {printable(self.target)}"


def reference(node: Node) -> Reference:
    """Return the reference that a (valid) node such as `{env: NAME}` makes."""
    ((source, target),) = node.children.items()
    if source == "sops":
        return Reference(source, target.data["file"], node.location, target.data["key"])
    return Reference(source, target.data, node.location)


class Secret:
    """A value that cannot be read by accident: only `reveal`, said out loud, returns it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value.reveal() if isinstance(value, Withheld) else value

    def reveal(self) -> str:
        return self._value

    def is_one_line(self) -> bool:
        """Whether a reference can lead to it: to some text on one line, without blanks around."""
        value = self._value
        return bool(value) and value.isprintable() and value == value.strip()

    def sealed(self) -> Sealed:
        """Return what can be compared with other secrets of this run, and tells nothing."""
        return Sealed(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is neither copied nor pickled")


class Sealed:
    """Stands for a secret value in attributes: it can be compared within a run, and not read.

    It holds an HMAC under a key that is drawn for each run and never leaves it.
    """

    __slots__ = ("_digest",)
    _key: ClassVar[bytes] = token_bytes(32)

    def __init__(self, value: str) -> None:
        plain = value.reveal() if isinstance(value, Withheld) else value
        self._digest = hmac.digest(self._key, plain.encode("utf-8", "surrogatepass"), "sha256")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Withheld):
            other = Sealed(other)
        return isinstance(other, Sealed) and hmac.compare_digest(self._digest, other._digest)

    def __hash__(self) -> int:
        return hash(self._digest)

    def __repr__(self) -> str:
        return "(secret)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Sealed value means nothing outside its run")


class Withheld(str):
    """A text of an answer that tells a secret: whoever shows it, or part of it, shows `(secret)`.

    It is compared, and sent again, as what it is. Only what is asked of it here is answered with
    the text itself; for all else, such as `in` and regular expressions, it is `(secret)`.
    """

    __slots__ = ("_secret",)
    _secret: Secret

    def __new__(cls, value: str) -> Self:
        withheld = super().__new__(cls, "(secret)")
        withheld._secret = Secret(value)
        return withheld

    def reveal(self) -> str:
        return self._secret.reveal()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Withheld):
            return self.reveal() == other.reveal()
        return self.reveal() == other if isinstance(other, str) else NotImplemented

    def __ne__(self, other: object) -> bool:
        # That of `str` would be asked otherwise.
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __str__(self) -> str:
        return self

    def startswith(self, *where: Any) -> bool:
        # Who asks knows the beginning: that of an SPF record says what it is, and tells no secret.
        return self.reveal().startswith(*where)

    def lower(self) -> str:
        return Withheld(self.reveal().lower())

    def strip(self, chars: str | None = None, /) -> str:
        return Withheld(self.reveal().strip(chars))

    def rstrip(self, chars: str | None = None, /) -> str:
        return Withheld(self.reveal().rstrip(chars))

    def __reduce_ex__(self, _: object) -> NoReturn:
        raise TypeError("a Withheld text means nothing outside its run")


def is_sealed(value: Any) -> bool:
    """Whether a value, or anything in it, stands for a secret."""
    if isinstance(value, Mapping):
        return any(is_sealed(each) for each in value.values())
    return isinstance(value, Sealed)


def as_text(value: Any) -> str:
    """Return an attribute's value as JSON; a sealed one as what it is."""
    return json.dumps(value, ensure_ascii=False, default=str)
