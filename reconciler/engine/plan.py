"""Decide: desired against live, as changes in an order that is safe to make. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from reconciler.engine.diff import diff_attributes, indistinct, unreported
from reconciler.engine.fingerprint import fingerprints
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.model import (
    Address,
    Change,
    Create,
    Delete,
    FieldChange,
    Resource,
    Snapshot,
    Update,
    as_text,
)
from reconciler.source import Location


@dataclass(frozen=True, slots=True)
class Refusal:
    """A declaration that cannot be applied: a fixed field differs, or one is missing to create."""

    address: Address
    name: str
    reason: str
    location: Location | None

    def __str__(self) -> str:
        place = f"{self.location}: " if self.location else ""
        return f"{place}{self.address}: {self.reason}"


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """A fact worth reading beside the plan; never a change."""

    address: Address
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shown is what is applied: one value, the same for the same input.

    `seen` fingerprints each field of each live object that a change touches.
    """

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    notes: tuple[Note, ...] = ()
    config_digest: str = ""
    seen: Mapping[Address, Mapping[str, str]] = dataclass_field(default_factory=dict)

    def count(self, action: str) -> int:
        return sum(change.action == action for change in self.changes)


def build_plan(
    *,
    desired: Snapshot,
    live: Snapshot,
    config_digest: str = "",
    selection: Selection = EVERYTHING,
    prune: bool = False,
    remarks: Iterable[tuple[Address, str]] = (),
    objections: Iterable[tuple[Address, str, str]] = (),
) -> Plan:
    """Return what has to be done so that live becomes desired.

    `remarks` and `objections` are what the services yield under these names.
    """
    decided = [decide(resource, live.get(address)) for address, resource in desired.items()]
    changes = [change for change, _ in decided if change]
    refusals = [refusal for _, refused in decided for refusal in refused]
    refusals += _conflicts(desired, live)
    refusals += [
        Refusal(address, name, reason, desired[address].location(name))
        for address, name, reason in objections
    ]
    refused = {refusal.address for refusal in refusals}
    changes = [change for change in changes if change.subject.address not in refused]
    unmanaged = [each for each in _unmanaged(desired, live) if each.address in selection]
    changes += [Delete(live, replaced_by=new) for live, new in _replaced(changes, unmanaged)]
    replaced = {change.subject.address for change in changes}
    unmanaged = [each for each in unmanaged if each.address not in replaced]
    if prune:
        changes += [Delete(each) for each in unmanaged if each.kind.prunable]
        unmanaged = [each for each in unmanaged if not each.kind.prunable]
    changes = _selected(changes, selection)
    notes = {*_notes(desired, live, selection), *(Note(*remark) for remark in remarks)}
    return Plan(
        changes=tuple(sorted(changes, key=_safe_order)),
        refusals=tuple(
            sorted(
                (refusal for refusal in refusals if refusal.address in selection),
                key=lambda refusal: (refusal.address, refusal.name),
            )
        ),
        unmanaged=tuple(sorted(unmanaged, key=lambda resource: resource.address)),
        notes=tuple(sorted(notes)),
        config_digest=config_digest,
        seen=fingerprints(changes),
    )


def decide(desired: Resource, live: Resource | None) -> tuple[Change | None, list[Refusal]]:
    """Return the change that one declaration asks for, if any, and what of it is refused."""
    gone = live is None or live.kind.is_gone(live)
    if desired.absent:
        return (None if live is None or gone else Delete(live, desired)), []
    if live is None:
        missing = list(_missing(desired))
        return (None if missing else Create(desired)), missing
    desired = desired.kind.meet(desired, live)
    fields = diff_attributes(desired, live)
    refused = [*_fixed(desired, fields), *_impossible(desired, live)]
    return (Update(live, desired, fields) if fields and not refused else None), refused


def _missing(desired: Resource) -> Iterator[Refusal]:
    for field in desired.kind.fields:
        if field.needed and field.ours not in desired.attributes:
            reason = f"it does not exist yet, and cannot be created without `{field.ours}`"
            yield Refusal(desired.address, field.ours, reason, desired.location())


def _impossible(desired: Resource, live: Resource) -> Iterator[Refusal]:
    for name, reason in desired.kind.impossible(desired, live):
        yield Refusal(desired.address, name, reason, desired.location(name))


def _fixed(desired: Resource, changes: Iterable[FieldChange]) -> Iterator[Refusal]:
    for change in changes:
        if why := desired.kind.fields[change.name].immutable:
            values = f"{as_text(change.before)} to {as_text(change.after)}"
            reason = f"`{change.name}` cannot be changed from {values}: {why}"
            yield Refusal(desired.address, change.name, reason, change.location)


def _replaced(
    changes: Iterable[Change], unmanaged: Iterable[Resource]
) -> Iterator[tuple[Resource, Address]]:
    """Yield what is undeclared because it was declared otherwise before, with its successor."""
    new = [change.desired for change in changes if isinstance(change, Create)]
    for live in unmanaged:
        for desired in new:
            is_peer = (
                desired.kind is live.kind and desired.address.provider == live.address.provider
            )
            if is_peer and live.kind.replaces(desired, live):
                yield live, desired.address
                break


def _unmanaged(desired: Snapshot, live: Snapshot) -> Iterator[Resource]:
    # Two providers may share an account: what one declares is managed for the other as well.
    managed = {_identity(live[address]) for address in desired if address in live}
    return (
        resource
        for address, resource in live.items()
        if address not in desired
        and _identity(resource) not in managed
        and not resource.kind.is_gone(resource)
        and not resource.kind.is_built_in(resource)
    )


def _conflicts(desired: Snapshot, live: Snapshot) -> Iterator[Refusal]:
    """Yield what two providers declare differently of one thing: the plan would never be empty."""
    first: dict[object, Resource] = {}
    for address in sorted(desired.keys() & live.keys()):
        one, other = first.setdefault(_identity(live[address]), desired[address]), desired[address]
        differing = [name for name in one.attributes if _differs(name, one, other)]
        for name in ["ensure"] if one.absent != other.absent else sorted(differing):
            reason = f"`{name}` is declared otherwise at {one.location(name)}; keep one of the two"
            yield Refusal(address, name, reason, other.location(name))


def _differs(name: str, one: Resource, other: Resource) -> bool:
    return name in other.attributes and not one.kind.fields.same(
        name, one.attributes[name], other.attributes[name]
    )


def _identity(live: Resource) -> object:
    return live.kind, live.remote_id, live.address.within


def _selected(changes: Iterable[Change], selection: Selection) -> list[Change]:
    """Keep what is selected, and the creations that it stands on."""
    changes = list(changes)
    kept = {change.subject.address for change in changes if change.subject.address in selection}
    needed = {above for address in kept for above in address.lineage()} - kept
    return [
        change
        for change in changes
        if (address := change.subject.address) in kept
        or (isinstance(change, Create) and address in needed)
    ]


def _safe_order(change: Change) -> tuple[bool, int, int, Address]:
    """Creations and updates come outside-in, and after them deletions inside-out.

    Of one depth, what needs more of the others stands further in.
    """
    subject, is_deletion = change.subject, isinstance(change, Delete)
    sign = -1 if is_deletion else 1
    return (
        is_deletion,
        sign * len(subject.address.parts),
        sign * len(subject.needs),
        subject.address,
    )


def _notes(desired: Snapshot, live: Snapshot, selection: Selection) -> Iterator[Note]:
    for address, wanted in desired.items():
        found = live.get(address)
        if found is None or wanted.absent or address not in selection:
            continue
        yield from (Note(address, text) for text in found.notes)
        for name in unreported(wanted, found):
            yield Note(address, f"`{name}` is not reported by the service and was not compared")
        for name in indistinct(wanted, found):
            if doubt := wanted.kind.fields[name].codec.doubt:
                yield Note(address, f"`{name}`: {doubt}")
