"""Decide: desired against live, as changes in an order that is safe to make. Pure."""

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import NamedTuple

from reconciler.engine.diff import diff_attributes
from reconciler.engine.doubts import doubts_about
from reconciler.engine.fingerprint import fingerprints
from reconciler.engine.moves import Where, in_turn, left_behind, within_provider
from reconciler.engine.pruning import NOTHING, Parted, Unselected, identity, parted, unmanaged
from reconciler.engine.rivals import contradicted
from reconciler.engine.selection import EVERYTHING, Selection, underlying
from reconciler.model import (
    TO_PUBLISH,
    Address,
    Change,
    Create,
    Delete,
    DnsRecord,
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


class Note(NamedTuple):
    """A fact worth reading beside the plan; never a change.

    One about a `field` says that its value could not be compared, or not be told from another one.
    It is a tuple because there may be one for each resource, and they are put in order.
    """

    address: Address
    text: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is shown is what is applied: one value, the same for the same input.

    `only` and `prune` say how it was made; `seen` fingerprints each field of each live object that
    a change touches.
    `compared` is False when nothing was declared or listed that could have been compared;
    `uncompared` counts declared fields whose live values are not known, or cannot be told from the
    declared ones. `providers` are those that were looked at. With `since` it is about what is
    declared otherwise than at that revision, and `dropped` is what was declared there and is no
    longer. `records` are those of DNS that what is declared and live asks to be published.
    """

    changes: tuple[Change, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unmanaged: tuple[Resource, ...] = ()
    notes: tuple[Note, ...] = ()
    config_digest: str = ""
    only: tuple[str, ...] = ()
    prune: bool = False
    seen: Mapping[Address, Mapping[str, str]] = dataclass_field(default_factory=dict)
    compared: bool = True
    uncompared: int = 0
    providers: tuple[str, ...] = ()
    since: str = ""
    dropped: tuple[Address, ...] = ()
    records: tuple[tuple[Address, DnsRecord], ...] = ()

    def count(self, action: str) -> int:
        return sum(change.action == action for change in self.changes)


def build_plan(
    *,
    desired: Snapshot,
    live: Snapshot,
    config_digest: str = "",
    selection: Selection = EVERYTHING,
    prune: bool = False,
    remarks: Iterable[Note] = (),
    objections: Iterable[tuple[Address, str, str]] = (),
    unborn: Mapping[Address, Hashable] | None = None,
    where: Where = within_provider,
    unselected: Unselected = NOTHING,
) -> Plan:
    """Return what has to be done so that live becomes desired.

    `remarks` and `objections` are what the services yield under these names; `unborn` tells what
    does not exist yet apart, and two declarations of one thing not; `where` tells accounts apart.
    `unselected` is declared and not `desired`: it is managed, and what moves there not pruned.
    """
    decided, foreseen = _decided_together(desired, live, selection)
    refusals = _refusals(desired, live, objections, unborn or {}, decided, selection, prune=prune)
    wanted = _not_refused(decided, refusals)
    undeclared = unmanaged(desired, live, unselected)
    pruned = parted(undeclared, live, selection, unselected, prune=prune)
    changes = _ordered([*wanted, *map(Delete, pruned.goes)], desired, selection, where)
    compared = list(_pairs(desired, live, selection))
    found = {*_notes(compared), *_doubts(compared, foreseen, changes)}
    notes = {*found, *_moved(desired, pruned, where), *remarks}
    return Plan(
        changes=tuple(changes),
        refusals=_concerning(refusals, desired, selection, where),
        unmanaged=_selected_of(pruned.stays, selection),
        notes=tuple(sorted(notes)),
        config_digest=config_digest,
        only=selection.only,
        prune=prune,
        seen=fingerprints(changes),
        uncompared=sum(bool(note.field) for note in notes),
        records=tuple(sorted(_records(compared))),
    )


Decision = tuple[Change | None, list[Refusal]]
"""The change that one declaration asks for, if any, and what of it is refused."""
Pair = tuple[Resource, Resource]
"""What is declared of a thing, and what is live."""


def decide(desired: Resource, live: Resource | None, foreseen: Resource | None = None) -> Decision:
    """Decide on one declaration; `foreseen` is what is live in view of changes that touch it."""
    gone = live is None or live.kind.is_gone(live)
    if desired.absent:
        return (None if live is None or gone else Delete(live, desired)), []
    if live is None:
        missing = list(_missing(desired))
        return (None if missing else Create(desired)), missing
    seen = foreseen or live
    desired = desired.kind.meet(desired, seen)
    fields = diff_attributes(desired, seen)
    refused = [*_fixed(desired, fields), *_impossible(desired, seen)]
    return (Update(live, desired, fields) if fields and not refused else None), refused


def _decided_together(
    desired: Snapshot, live: Snapshot, selection: Selection
) -> tuple[list[Decision], Snapshot]:
    """Decide on each, and anew on what the changes around it leave otherwise than it is now.

    A change that is planned for that reason may itself touch others: there are few of them.
    Returns the decisions, and what is foreseen of those that others touch.
    """
    decided = {address: decide(each, live.get(address)) for address, each in desired.items()}
    while True:
        foreseen = dict(_foreseen(desired, live, decided, selection))
        anew = {
            address: decide(desired[address], live[address], each)
            for address, each in foreseen.items()
        }
        if all(decided[address] == decision for address, decision in anew.items()):
            return list(decided.values()), foreseen
        decided |= anew


def _foreseen(
    desired: Snapshot,
    live: Snapshot,
    decided: Mapping[Address, Decision],
    selection: Selection,
) -> Iterator[tuple[Address, Resource]]:
    planned: dict[Address, Create | Update] = {}
    around: dict[Address, list[Create | Update]] = {}
    for address, (change, _) in decided.items():
        if not isinstance(change, Create | Update) or address not in selection:
            continue
        planned[address] = change
        if isinstance(change, Update):
            around.setdefault(change.desired.parent or address, []).append(change)
    for address, wanted in desired.items():
        changes = [planned[each] for each in wanted.follows if each in planned]
        changes += around.get(wanted.parent, ()) if wanted.parent else ()
        if changes and (found := live.get(address)):
            yield address, wanted.kind.foreseen(wanted, found, changes)


def _refusals(
    desired: Snapshot,
    live: Snapshot,
    objections: Iterable[tuple[Address, str, str]],
    unborn: Mapping[Address, Hashable],
    decided: Iterable[Decision],
    selection: Selection,
    *,
    prune: bool,
) -> list[Refusal]:
    return [
        *(refusal for _, refused in decided for refusal in refused),
        *_conflicts(desired, live, unborn, selection),
        *_with_twins(desired, live, prune=prune),
        *(
            Refusal(address, name, reason, desired[address].location(name))
            for address, name, reason in objections
        ),
    ]


def _concerning(
    refusals: Iterable[Refusal], desired: Snapshot, selection: Selection, where: Where
) -> tuple[Refusal, ...]:
    """Return those of what is selected, and of what a selected deletion would wait for."""
    awaited = selection.awaited(desired, lambda one, other: where(one) == where(other))
    found = [each for each in refusals if each.address in selection or each.address in awaited]
    return tuple(sorted(found, key=lambda each: (each.address, each.name)))


def _selected_of(resources: Iterable[Resource], selection: Selection) -> tuple[Resource, ...]:
    selected = (each for each in resources if each.address in selection)
    return tuple(sorted(selected, key=lambda each: each.address))


def _not_refused(decided: Iterable[Decision], refusals: Iterable[Refusal]) -> list[Change]:
    refused = {each.address for each in refusals}
    return [each for each, _ in decided if each and each.subject.address not in refused]


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


def _with_twins(desired: Snapshot, live: Snapshot, *, prune: bool) -> Iterator[Refusal]:
    """Yield what is declared once and live more than once, unless the younger ones are pruned."""
    twins: dict[Address, list[str]] = {}
    for address in live:
        if address.twin:
            twins.setdefault(address.oldest, []).append(address.twin)
    for address, others in twins.items():
        if address not in desired or (prune and live[address].kind.prunable):
            continue
        first, *rest = [str(live[address].remote_id), *sorted(others)]
        way_out = "--prune removes the newer" if live[address].kind.prunable else "delete one"
        reason = f"there are {len(rest) + 1} of these, with the IDs {first} and {', '.join(rest)}"
        yield Refusal(address, "", f"{reason}; {way_out}", desired[address].location())


def _ordered(
    changes: Iterable[Change], desired: Snapshot, selection: Selection, where: Where
) -> list[Change]:
    """Return those that are selected, in an order that is safe to make."""
    return sorted(_selected(in_turn(changes, where), desired, selection), key=_safe_order)


def _conflicts(
    desired: Snapshot,
    live: Snapshot,
    unborn: Mapping[Address, Hashable],
    selection: Selection,
) -> Iterator[Refusal]:
    """Yield what two providers declare differently of one thing: the plan would never be empty."""
    if are_of_one_provider(desired):
        return
    declarations: dict[Hashable, list[Resource]] = {}
    known = desired.keys() & (live.keys() | unborn.keys())
    # What is selected is refused for the sake of what is not, and not the other way round.
    for address in sorted(known, key=lambda each: (each in selection, each)):
        other = desired[address]
        thing = identity(live[address]) if address in live else unborn[address]
        earlier = declarations.setdefault(thing, [])
        for name, one in contradicted(other, earlier).items():
            reason = f"`{name}` is declared otherwise at {one.location(name)}; keep one of the two"
            yield Refusal(address, name, reason, other.location(name))
        earlier.append(other)


def are_of_one_provider(addresses: Iterable[Address]) -> bool:
    """Whether none of them can be another sight of what another is: of one provider none is."""
    return len({address.provider for address in addresses}) == 1


def _selected(changes: Iterable[Change], desired: Snapshot, selection: Selection) -> list[Change]:
    """Keep what is selected, and what brings about what that stands on or waits for."""
    changes = list(changes)
    chosen = [change for change in changes if change.subject.address in selection]
    kept = {change.subject.address for change in chosen}
    waited_for = {each for change in chosen if isinstance(change, Delete) for each in change.after}
    needed = underlying(kept | waited_for, desired)
    return [
        change
        for change in changes
        if (address := change.subject.address) in kept
        or (_brings_about(change) and address in needed)
    ]


def _brings_about(change: Change) -> bool:
    """Whether what was not there, or there and put away, is so afterwards."""
    if isinstance(change, Update):
        return change.live.kind.is_gone(change.live)
    return isinstance(change, Create)


def _safe_order(change: Change) -> tuple[bool, int, int, Address]:
    """Creations and updates come outside-in, and after them deletions inside-out.

    Of one depth, what needs or follows more of the others stands further in.
    """
    subject, is_deletion = change.subject, isinstance(change, Delete)
    sign, depth = -1 if is_deletion else 1, len(subject.address.parts)
    followed = sum(len(each.parts) == depth for each in subject.follows)
    return is_deletion, sign * depth, sign * (len(subject.needs) + followed), subject.address


def _moved(desired: Snapshot, pruned: Parted, where: Where) -> Iterator[Note]:
    """Say of what moves why the old one stays."""
    yield from (Note(*each) for each in left_behind(desired.values(), pruned.stays, where))
    for address, place in pruned.held_back.items():
        fact = f"it is not pruned before {place} is there, which is declared for the same job"
        yield Note(address, f"{fact} and not selected")


def _notes(compared: Iterable[Pair]) -> Iterator[Note]:
    for wanted, found in compared:
        yield from (Note(wanted.address, text) for text in found.notes)


def _records(compared: Iterable[Pair]) -> Iterator[tuple[Address, DnsRecord]]:
    for wanted, found in compared:
        yield from ((wanted.address, each) for each in found.records if each.state == TO_PUBLISH)


def _doubts(
    compared: Iterable[Pair], foreseen: Snapshot, changes: Iterable[Change]
) -> Iterator[Note]:
    """Yield each field that could not be compared, and so is not said to match."""
    changed = {(each.subject.address, field.name) for each in changes for field in each.fields}
    for wanted, found in compared:
        for name, text in doubts_about(wanted, foreseen.get(wanted.address, found)).items():
            if (wanted.address, name) not in changed:
                yield Note(wanted.address, text, name)


def _pairs(desired: Snapshot, live: Snapshot, selection: Selection) -> Iterator[Pair]:
    for address, wanted in desired.items():
        if address in live and not wanted.absent and address in selection:
            yield wanted, live[address]
