"""How a sending domain stands: what its service says of it, and of each of its DNS records."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.record import TO_PUBLISH, DnsRecord


class DomainState(StrEnum):
    """`MISSING` is declared and not live; `UNKNOWN` is what could not be read."""

    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    DISABLED = "disabled"
    MISSING = "missing"
    UNKNOWN = "unknown"


NONE = "none"
"""The state of a check for which a domain has no record."""


@dataclass(frozen=True, slots=True)
class Checks:
    """What a service looks for in DNS: the column's name, and the records' purpose, in order."""

    purposes: Mapping[str, str]

    def of(self, records: tuple[DnsRecord, ...]) -> dict[str, str]:
        """Return, by column, whether all records of its purpose are found."""
        return {
            name: _state([each.state for each in records if each.purpose == purpose])
            for name, purpose in self.purposes.items()
        }


def _state(states: list[str]) -> str:
    if not states:
        return NONE
    is_missing = TO_PUBLISH in states
    return str(DomainState.UNVERIFIED if is_missing else DomainState.VERIFIED)
