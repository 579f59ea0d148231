"""Two providers of one account that declare the same thing: before it exists, no ID says so."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace

from reconciler.engine.live import Sessions
from reconciler.engine.moves import Where
from reconciler.engine.plan import Note, Plan, are_of_one_provider
from reconciler.engine.pruning import identity
from reconciler.model import Address, Config, Create, Resource, Snapshot

Whose = Callable[[Resource], Hashable]
"""Of a thing that does not exist yet: equal for two declarations of one and the same."""


def accounts(config: Config, sessions: Sessions, live: Snapshot) -> Where:
    """Tell accounts apart by what their providers' tokens reach.

    Two tokens of one account are known for that when both see one thing.
    """
    peers = _peers(live)

    def where(resource: Resource) -> Hashable:
        own = resource.address.provider
        peer = peers.get((resource.kind, own), own)
        service = config.providers[peer].service
        return service.name, service.reach(resource.kind, sessions[peer])

    return where


def whose(where: Where) -> Whose:
    """Tell things apart by the accounts in which they are to be."""

    def tell(desired: Resource) -> Hashable:
        return desired.kind, where(desired), desired.address.within

    return tell


def _peers(live: Snapshot) -> Mapping[tuple[object, str], str]:
    """Return by kind and provider the first one, if another, that sees the same things."""
    if are_of_one_provider(live):
        return {}
    first: dict[object, str] = {}
    peers: dict[tuple[object, str], str] = {}

    def foremost(kind: object, name: str) -> str:
        while (kind, name) in peers:
            name = peers[kind, name]
        return name

    for address in sorted(live):
        kind = live[address].kind
        known = first.setdefault(identity(live[address]), address.provider)
        one, other = sorted((foremost(kind, known), foremost(kind, address.provider)))
        if one != other:
            peers[kind, other] = one
    return {(kind, name): foremost(kind, name) for kind, name in peers}


def unborn(desired: Snapshot, live: Snapshot, tell: Whose) -> dict[Address, Hashable]:
    """Return, by address, what tells each desired thing that is not there yet."""
    return {address: tell(each) for address, each in desired.items() if address not in live}


def made_once(plan: Plan, tell: Whose) -> Plan:
    """Let the first of several creations of one thing make it, and the others wait for that.

    Who waits looks first, and then has nothing to create.
    """
    first: dict[Hashable, Address] = {}
    makers = {
        change.subject.address: first.setdefault(tell(change.desired), change.subject.address)
        for change in plan.changes
        if isinstance(change, Create)
    }
    waiting = {address: maker for address, maker in makers.items() if maker != address}
    if not waiting:
        return plan
    return replace(
        plan,
        changes=tuple(
            Create(replace(each.desired, needs=(*each.desired.needs, maker)))
            if isinstance(each, Create) and (maker := waiting.get(each.subject.address))
            else each
            for each in plan.changes
        ),
        notes=tuple(sorted({*plan.notes, *_notes(waiting)})),
    )


def _notes(waiting: Mapping[Address, Address]) -> Iterable[Note]:
    for address, maker in waiting.items():
        yield Note(address, f"{maker} declares the same thing, and is the one that creates it")
