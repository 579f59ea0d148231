"""Tell the cause of each difference: a hand at the service's controls, a merge, or both."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from reconciler.engine.diff import diff_attributes
from reconciler.engine.plan import Refusal
from reconciler.fields import UNKNOWN
from reconciler.model import Address, Create, FieldChange, Kind, Resource, Snapshot
from reconciler.source import Location, nothing

ABSENT = "(absent)"
"""Stands for an applied value where `ensure: absent` was applied."""


class Cause(StrEnum):
    """Why live is not as declared; the gravest first.

    A conflict is drift of what was also declared otherwise meanwhile. Without knowing what was
    applied the cause is unknown.
    """

    CONFLICT = "conflict"
    DRIFT = "drift"
    UNKNOWN = "unknown"
    PENDING = "pending"


_GRAVITY = {cause: number for number, cause in enumerate(Cause)}


@dataclass(frozen=True, slots=True)
class Base:
    """What was declared at the commit that was last applied, its secrets sealed.

    `unsure` are fields whose value at that time nobody knows now, such as that of a secret in a
    file that changed since.
    """

    desired: Snapshot
    commit: str = ""
    unsure: Mapping[Address, Collection[str]] = field(default_factory=nothing)


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field: `live` is None where the thing is not there, `applied` is UNKNOWN if it is."""

    name: str
    live: Any
    declared: Any
    cause: Cause
    applied: Any = UNKNOWN
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What is live at an address, and should be created, updated or deleted.

    `whole` is the cause of what concerns the thing as a whole: that it is there, is not, or is
    there twice. `reason` is in words what its fields cannot say.
    """

    address: Address
    kind: Kind[Any, Any]
    action: str
    fields: tuple[FieldDifference, ...] = ()
    whole: Cause | None = None
    location: Location | None = None
    reason: str = ""

    @property
    def cause(self) -> Cause:
        """The gravest cause of all."""
        causes = [each.cause for each in self.fields]
        return min([*causes, *([self.whole] if self.whole else [])], key=_GRAVITY.__getitem__)


def differences(
    desired: Snapshot, live: Snapshot, base: Base | None, refusals: Iterable[Refusal] = ()
) -> Iterator[Difference]:
    """Yield, by address, how live differs from what is desired, and why.

    Of the `refusals` of a plan those of a thing as a whole are differences as well. What base
    declared and nothing declares any more is none: absence deletes nothing.
    """
    refused = {each.address: each.reason for each in refusals if not each.name}
    for address in sorted(desired):
        then = _Then.of(desired[address], live.get(address), base)
        found = then.difference()
        if found is None and address in refused:
            found = then.refused(refused[address])
        if found:
            yield found


@dataclass(frozen=True, slots=True)
class _Then:
    """One declaration beside what is live, and beside what was applied there as far as is known.

    `left` are the fields in which live is not as applied.
    """

    wanted: Resource
    live: Resource | None
    base: Base | None
    applied: Resource | None
    left: frozenset[str]

    @classmethod
    def of(cls, wanted: Resource, live: Resource | None, base: Base | None) -> "_Then":
        applied = base.desired.get(wanted.address) if base else None
        if applied and type(applied.kind) is not type(wanted.kind):
            applied = None
        left = frozenset[str]()
        if live:
            wanted = wanted.kind.meet(wanted, live)
        if live and applied and not applied.absent:
            applied = applied.kind.meet(applied, live)
            left = frozenset(each.name for each in diff_attributes(applied, live))
        return cls(wanted, live, base, applied, left)

    @property
    def _is_gone(self) -> bool:
        return self.live is None or self.live.kind.is_gone(self.live)

    def difference(self) -> Difference | None:
        if self.wanted.absent:
            return None if self._is_gone else self._whole("delete", self._cause_of_deletion())
        if self.live is None:
            fields = tuple(map(self._field, Create(self.wanted).fields))
            return self._whole("create", self._cause_of_creation(), fields)
        fields = tuple(map(self._field, diff_attributes(self.wanted, self.live)))
        return self._whole("update", None, fields) if fields else None

    def refused(self, reason: str) -> Difference:
        """Return what a plan refuses although no field differs: it is there twice."""
        otherwise = Cause.CONFLICT if self.applied and self.applied.absent else Cause.DRIFT
        return self._whole("update", self._unless_silent(otherwise), reason=reason)

    def _whole(
        self,
        action: str,
        cause: Cause | None,
        fields: tuple[FieldDifference, ...] = (),
        reason: str = "",
    ) -> Difference:
        wanted = self.wanted
        return Difference(
            wanted.address, wanted.kind, action, fields, cause, wanted.location(), reason
        )

    def _cause_of_creation(self) -> Cause:
        is_new = self.applied is not None and self.applied.absent
        return self._unless_silent(Cause.PENDING if is_new else Cause.DRIFT)

    def _cause_of_deletion(self) -> Cause:
        if self.applied and self.applied.absent:
            return Cause.DRIFT
        unsure = self.left & self._unsure()
        if self.left - unsure:
            return self._unless_silent(Cause.CONFLICT)
        return self._unless_silent(Cause.UNKNOWN if unsure else Cause.PENDING)

    def _unless_silent(self, cause: Cause) -> Cause:
        """Return a cause, unless nobody knows what was applied, or nothing was."""
        if self.base is None:
            return Cause.UNKNOWN
        return cause if self.applied else Cause.PENDING

    def _field(self, change: FieldChange) -> FieldDifference:
        cause, applied = self._cause_of_field(change.name, change.after)
        return FieldDifference(
            change.name, change.before, change.after, cause, applied, change.location
        )

    def _cause_of_field(self, name: str, declared: Any) -> tuple[Cause, Any]:
        """Return the cause, and what was applied if that is known."""
        if self.applied and self.applied.absent:
            return (Cause.PENDING if self._is_gone else Cause.CONFLICT), ABSENT
        if not self.applied or name not in self.applied.attributes:
            return self._cause_of_new_field(), UNKNOWN
        if name in self._unsure():
            return Cause.UNKNOWN, UNKNOWN
        applied = self.applied.attributes[name]
        if self.wanted.kind.fields.same(name, declared, applied):
            return Cause.DRIFT, applied
        is_as_applied = self.live is not None and name not in self.left
        return (Cause.PENDING if is_as_applied else Cause.CONFLICT), applied

    def _cause_of_new_field(self) -> Cause:
        """Of a thing that went, and of which more is declared by now, both sides changed."""
        is_lost = self.applied is not None and self.live is None
        return self._unless_silent(Cause.CONFLICT if is_lost else Cause.PENDING)

    def _unsure(self) -> frozenset[str]:
        return frozenset(self.base.unsure.get(self.wanted.address, ()) if self.base else ())
