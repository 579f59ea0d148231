"""What is known of one address or kind, as data."""

from dataclasses import dataclass
from typing import Any

from reconciler.fields import UNKNOWN
from reconciler.source import Location


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """What is known of a field; a value that is not known is UNKNOWN.

    `values` are those that it can have, if they are few. `location` is where the YAML says it,
    `profile` in which profile that is, and `taken` where it takes away what one says. `fixed` is
    why it cannot be changed, `doubt` why it cannot be compared, and `would` what a plan would do
    about it.
    """

    name: str
    title: str = ""
    description: str = ""
    values: tuple[Any, ...] = ()
    default: Any = UNKNOWN
    fixed: str = ""
    wanted: Any = UNKNOWN
    location: Location | None = None
    profile: str = ""
    taken: Location | None = None
    live: Any = UNKNOWN
    doubt: str = ""
    would: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`would` is what a plan would do, "" where none was made, which took `calls` calls to read."""

    subject: str
    description: str
    fields: tuple[FieldFacts, ...]
    would: str = ""
    notes: tuple[str, ...] = ()
    calls: int = 0
