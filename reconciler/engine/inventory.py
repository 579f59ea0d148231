"""Take stock: read all that there is behind the providers' tokens, declared or not."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.engine.live import (
    Collection,
    Pause,
    Progress,
    Sessions,
    in_silence,
    read_wanted,
)
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.model import Account, Config, Resource, Snapshot


def take_stock(
    config: Config,
    sessions: Sessions,
    selection: Selection = EVERYTHING,
    *,
    connections: int = 8,
    progress: Progress = in_silence,
    pause: Pause = time.sleep,
) -> Snapshot:
    """Return whole what is live in the configuration's providers, as far as it is selected.

    Left out is what the services made by themselves and what counts as deleted. Raises ReadFailed.
    """
    accounts = config.providers.values()
    found = read_wanted(
        _Everything(config, selection),
        [
            Collection(account.address, kind)
            for account in accounts
            for kind in account.service.readable(account)
            if kind.parent is None
        ],
        sessions,
        connections=connections,
        progress=progress,
        pause=pause,
    )
    return {address: each for address, each in found.items() if _is_wanted(each, selection)}


@dataclass(frozen=True, slots=True)
class _Everything:
    """Wants all of what is selected, down to the last field."""

    config: Config
    selection: Selection

    def is_incomplete(self, live: Resource) -> bool:
        return not live.kind.lists_in_full and _is_wanted(live, self.selection)

    def below(self, parents: Iterable[Resource]) -> Iterator[Collection]:
        for parent in parents:
            account = self.config.providers[parent.address.provider]
            if _is_wanted(parent, self.selection):
                yield from _below(account, parent)


def _below(account: Account, parent: Resource) -> Iterator[Collection]:
    for kind in account.service.readable(account):
        if kind.parent is type(parent.kind) and not kind.is_implied:
            yield Collection(parent.address, kind)


def _is_wanted(live: Resource, selection: Selection) -> bool:
    kind, reached = live.kind, live.parent or live.address
    return reached in selection and not kind.is_built_in(live) and not kind.is_gone(live)
