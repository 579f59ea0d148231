"""Which streams a server was made with: no answer says so outright (postmark.md §7.3).

A new server has `outbound`, `inbound`, and one Broadcasts stream. The first two IDs are documented;
that of the third is not, and so it is told by what the service says of all Broadcasts streams:
nobody can make one before the server has its own. In doubt a stream counts as possibly a default.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

DOCUMENTED = frozenset({"outbound", "inbound"})
USUAL = frozenset({"broadcast", "broadcasts"})
"""IDs of the default broadcast stream: one is in the vendor's suites, the other in its examples."""
DEFAULTS = DOCUMENTED | USUAL
"""What may be there although nobody declares it, as far as the YAML alone can tell."""
_SECONDS_WITH_THE_SERVER = 60.0


class Origin(StrEnum):
    """Whether a stream came with its server."""

    DEFAULT = "default"
    DOUBTFUL = "doubtful"
    MADE = "made"


def origins(streams: Iterable[Mapping[str, Any]]) -> dict[str, Origin]:
    """Return by ID the origin of each stream of one server; archived ones must be among them."""
    known = {str(each["ID"]): each for each in streams}
    broadcasts = {
        name: _created(each)
        for name, each in known.items()
        if str(each.get("MessageStreamType", "")).lower() == "broadcasts"
    }
    first = _may_be_first(broadcasts)
    with_server = [date for name in DOCUMENTED & known.keys() if (date := _created(known[name]))]
    found = dict.fromkeys(known, Origin.MADE)
    found |= dict.fromkeys({*first, *(USUAL & known.keys())}, Origin.DOUBTFUL)
    if len(first) == 1 and _is_certain(first[0], broadcasts[first[0]], with_server):
        found[first[0]] = Origin.DEFAULT
    return found | dict.fromkeys(DOCUMENTED & known.keys(), Origin.DEFAULT)


def _may_be_first(created: Mapping[str, datetime | None]) -> list[str]:
    """Return those that may be the oldest: one without a date, and of one date, may be any."""
    oldest = min((date for date in created.values() if date), default=None)
    first = [name for name, date in created.items() if date is None or date == oldest]
    usual = [name for name in first if name in USUAL]
    return usual if len(usual) == 1 else first


def _is_certain(name: str, created: datetime | None, with_server: list[datetime]) -> bool:
    """Whether the oldest is the default, and not one that outlived it (archived, then purged)."""
    return name in USUAL or any(
        created and abs((created - other).total_seconds()) <= _SECONDS_WITH_THE_SERVER
        for other in with_server
    )


def _created(stream: Mapping[str, Any]) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(stream.get("CreatedAt")))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
