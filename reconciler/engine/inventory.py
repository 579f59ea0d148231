"""Take stock: read all that there is behind the providers' tokens, declared or not."""

import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.engine.live import (
    Collection,
    Pause,
    Progress,
    Sessions,
    in_silence,
    read_wanted,
)
from reconciler.engine.pruning import identity
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.model import Account, Address, Config, Kind, Resource, Snapshot


@dataclass(frozen=True, slots=True)
class Stock:
    """What is live; `together` are providers, by name, that see the same things."""

    live: Snapshot
    together: Sequence[Sequence[str]]


def take_stock(
    config: Config,
    sessions: Sessions,
    selection: Selection = EVERYTHING,
    *,
    connections: int = 8,
    progress: Progress = in_silence,
    pause: Pause = time.sleep,
) -> Stock:
    """Return whole what is live in the configuration's providers, as far as it is selected.

    Left out is what the services made by themselves and what counts as deleted. Of what several
    providers see one has it: who declares it, else the first. Raises ReadFailed.
    """
    wanted = _Everything(config, sessions, selection)
    found = read_wanted(
        wanted,
        wanted.collections(),
        sessions,
        connections=connections,
        progress=progress,
        pause=pause,
    )
    owners = _owners(config, found)
    live = {
        address: each
        for address, each in found.items()
        if wanted.is_wanted(each) and owners.get(each.parent or address) == address.provider
    }
    groups = wanted.together()
    pairs = {
        tuple(name for name in config.providers if name in {owner, address.provider})
        for address, owner in owners.items()
        if not any({owner, address.provider} <= {*group} for group in [*groups, (owner,)])
    }
    return Stock(live, [*groups, *sorted(pairs)])


def _owners(config: Config, found: Snapshot) -> dict[Address, str]:
    """Return, by address, the provider that has what stands there."""
    rank = {name: number for number, name in enumerate(config.providers)}
    by_right = sorted(found, key=lambda each: (each not in config.desired, rank[each.provider]))
    first: dict[Hashable, str] = {}
    return {
        address: first.setdefault(identity(found[address]), address.provider)
        if found[address].remote_id
        else address.provider
        for address in by_right
    }


@dataclass
class _Everything:
    """Wants all of what is selected, down to the last field.

    What several providers of one account see is wanted once, and not if one of them declares it.
    """

    config: Config
    sessions: Sessions
    selection: Selection
    _declared: set[Hashable] = field(init=False)

    def __post_init__(self) -> None:
        desired = self.config.desired.values()
        self._declared = {self._identity(each) for each in desired}

    def collections(self) -> Iterator[Collection]:
        """Yield what stands at the top; of what is shared the first provider's."""
        seen: set[Hashable] = set()
        for account in self.config.providers.values():
            for kind in account.service.readable(account):
                whose = self._whose(account, kind)
                is_new = kind.parent is None and (kind, whose) not in seen
                if is_new and self._may_be_selected(account.address / kind.name):
                    yield Collection(account.address, kind)
                seen.add((kind, whose))

    def together(self) -> list[tuple[str, ...]]:
        """Return the names of providers that reach the same collection, group by group."""
        groups: dict[Hashable, list[str]] = {}
        for account in self.config.providers.values():
            for kind in account.service.readable(account):
                if kind.parent is None:
                    groups.setdefault((kind, self._whose(account, kind)), []).append(account.name)
        return list(dict.fromkeys(tuple(names) for names in groups.values() if len(names) > 1))

    def _may_be_selected(self, collection: Address) -> bool:
        """Whether it can hold what is selected: who may not list it need not be able to."""
        begin_anywhere = any(pattern[:1] in "*?[" for pattern in self.selection.only)
        return begin_anywhere or self.selection.reaches(collection)

    def is_incomplete(self, live: Resource) -> bool:
        return not live.kind.lists_in_full and self.is_wanted(live)

    def below(self, parents: Iterable[Resource]) -> Iterator[Collection]:
        for parent in parents:
            account = self.config.providers[parent.address.provider]
            for kind in account.service.readable(account) if self.is_wanted(parent) else ():
                if kind.parent is type(parent.kind) and not kind.is_implied:
                    yield Collection(parent.address, kind)

    def is_wanted(self, live: Resource) -> bool:
        kind = live.kind
        if kind.is_built_in(live) or kind.is_gone(live):
            return False
        # What stands below a thing goes with that.
        is_declared = not live.parent and self._identity(live) in self._declared
        return (live.parent or live.address) in self.selection and not is_declared

    def _identity(self, resource: Resource) -> Hashable:
        account = self.config.providers[resource.address.provider]
        return resource.kind, self._whose(account, resource.kind), resource.address.within

    def _whose(self, account: Account, kind: Kind[Any, Any]) -> Hashable:
        if not account.service.is_shared(kind):
            return account.name
        return account.service.reach(kind, self.sessions[account.name])
