"""What becomes of a failed read: a plan fails with it, a survey goes on and tells of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Protocol

from reconciler.errors import (
    AuthenticationFailed,
    RateLimited,
    ReadFailed,
    ReconcileError,
    Refused,
    Unavailable,
)
from reconciler.model import Address, Resource, Snapshot

_HOPELESS = 50
"""So many reads of one provider in a row without an answer, and the rest of it is not asked for:
each of them was repeated, and waited for. Fewer may be those of some things that are ill.
"""


class Failures(Protocol):
    """Decides what a failed read means for the others; called by any thread."""

    def reason_to_stop(self, address: Address) -> ReconcileError | None:
        """Return why something is not worth asking for any more, if it is not."""

    def add(self, address: Address, error: ReconcileError) -> None:
        """Take note of what was not read, and why."""

    def came(self, address: Address) -> None:
        """Take note of what was read."""

    def settle(self) -> None:
        """Raise what a batch of reads, now over, has to fail with."""


class Strict:
    """A failure anywhere fails the whole; a provider that failed is not asked again."""

    def __init__(self) -> None:
        self._first: dict[str, ReconcileError] = {}

    def reason_to_stop(self, address: Address) -> ReconcileError | None:
        return self._first.get(address.provider)

    def add(self, address: Address, error: ReconcileError) -> None:
        self._first.setdefault(address.provider, error)

    def came(self, address: Address) -> None:
        pass

    def settle(self) -> None:
        """Raise ReadFailed with the first failure of each provider, and a refusal as it is."""
        if refused := [each for each in self._first.values() if isinstance(each, Refused)]:
            raise refused[0]
        if self._first:
            raise ReadFailed([(name, self._first[name]) for name in sorted(self._first)])


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not read: all that stands at an address and below it, for one reason."""

    address: Address
    error: ReconcileError


class Lenient:
    """Goes on after a failure, and knows what was missed.

    A refused token, or a server that is not the one that is meant, says nothing good of what else
    the provider told: nothing of it counts.
    """

    def __init__(self) -> None:
        self._unread: dict[Address, ReconcileError] = {}
        self._in_a_row: Counter[str] = Counter()
        self._lock = Lock()

    def reason_to_stop(self, address: Address) -> ReconcileError | None:
        with self._lock:
            is_hopeless = self._in_a_row[address.provider] >= _HOPELESS
            if is_hopeless:
                return Unavailable(
                    str(address), f"not asked for, since {_HOPELESS} reads before had no answer"
                )
            return self._unread.get(address.root)

    def add(self, address: Address, error: ReconcileError) -> None:
        is_refused = isinstance(error, Refused | AuthenticationFailed)
        with self._lock:
            self._unread.setdefault(address.root if is_refused else address, error)
            if isinstance(error, Unavailable | RateLimited):
                self._in_a_row[address.provider] += 1

    def came(self, address: Address) -> None:
        with self._lock:
            if self._in_a_row[address.provider] < _HOPELESS:
                self._in_a_row[address.provider] = 0

    def settle(self) -> None:
        pass

    def covers(self, address: Address) -> bool:
        """Whether something is, or stands below, what was not read."""
        return any(each in self._unread for each in address.lineage())

    def readable(self, resources: Snapshot) -> dict[Address, Resource]:
        """Return the resources that do not stand in what was not read."""
        return {address: each for address, each in resources.items() if not self.covers(address)}

    def unread(self) -> Iterator[Unread]:
        """Yield what was missed, by address; what stands below another only with that."""
        for address in sorted(self._unread):
            if not any(above in self._unread for above in _above(address)):
                yield Unread(address, self._unread[address])


def _above(address: Address) -> Iterable[Address]:
    return (each for each in address.lineage() if each != address)
