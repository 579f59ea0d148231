"""Survey: read what can be read, and plan for that much."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.engine.failures import Lenient, Unread
from reconciler.engine.live import Collection, Pause, Progress, Sessions, in_silence, read_live
from reconciler.engine.plan import Plan
from reconciler.engine.pruning import Unselected
from reconciler.engine.refresh import collections_of, plan_on, proofs_of
from reconciler.engine.selection import EVERYTHING, Selection, check_met, concerned, named
from reconciler.model import Config, Resource, Snapshot


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found of what the YAML names.

    `plan` is about `desired` and `live`, which were read; `missed` is declared and could not be,
    for the reasons in `unread`. `is_blind` says that nothing at all could be read.
    """

    plan: Plan
    desired: Snapshot
    live: Snapshot
    missed: Snapshot
    unread: tuple[Unread, ...]
    is_blind: bool


def survey(
    config: Config,
    sessions: Sessions,
    selection: Selection = EVERYTHING,
    *,
    whole: Config | None = None,
    connections: int = 8,
    progress: Progress = in_silence,
    pause: Pause = time.sleep,
) -> Survey:
    """Read as `look_and_plan` does, and go on after a read that failed.

    Raises UsageError for a selection that met nothing, if all could be read.
    """
    whole, config = whole or config, concerned(config, selection)
    listed, failures = collections_of(config, selection), Lenient()
    found = read_live(
        config.desired,
        listed,
        sessions,
        proofs=proofs_of(config, listed, sessions),
        connections=connections,
        progress=progress,
        pause=pause,
        failures=failures,
    )
    if not any(failures.unread()):
        check_met(selection, found, named(whole))
    unselected = Unselected.of(whole, config.desired)
    return _of_what_was_read(config, sessions, selection, found, listed, failures, unselected)


def _of_what_was_read(
    config: Config,
    sessions: Sessions,
    selection: Selection,
    found: Snapshot,
    listed: Sequence[Collection],
    failures: Lenient,
    unselected: Unselected,
) -> Survey:
    """Plan for what was read; what is read beside that may fail as well, and leave less of it."""
    while True:
        live, readable = failures.readable(found), _readable(config, failures)
        plan = plan_on(
            readable,
            sessions,
            selection,
            live=live,
            listed=listed,
            failures=failures,
            unselected=unselected,
        )
        if all(not failures.covers(each) for each in readable.desired):
            break
    missed = {address: each for address, each in config.desired.items() if failures.covers(address)}
    unread = tuple(failures.unread())
    return Survey(
        plan=replace(plan, unmanaged=_surely_unmanaged(plan.unmanaged, missed)),
        desired=readable.desired,
        live=live,
        missed=missed,
        unread=unread,
        is_blind=bool(unread) and all(failures.covers(each.address) for each in listed),
    )


def _readable(config: Config, failures: Lenient) -> Config:
    providers = {
        name: each for name, each in config.providers.items() if not failures.covers(each.address)
    }
    return replace(config, providers=providers, desired=failures.readable(config.desired))


def _surely_unmanaged(unmanaged: Sequence[Resource], missed: Snapshot) -> tuple[Resource, ...]:
    """Leave out what may be declared by another provider of the account, which was not read."""
    declared = {(each.kind, address.within) for address, each in missed.items()}
    return tuple(each for each in unmanaged if (each.kind, each.address.within) not in declared)
