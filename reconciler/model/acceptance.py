"""A difference that people know of and leave be for a while."""

from dataclasses import dataclass
from datetime import date

from reconciler.source import Location


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Says which difference is accepted, why, and up to and including which day.

    `address` and `field` are patterns, in which `*` also crosses slashes; without a `field` all of
    a thing is accepted, also that it is there or is not.
    """

    address: str
    field: str
    reason: str
    expires: date
    location: Location
