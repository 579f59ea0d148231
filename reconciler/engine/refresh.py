"""Refresh and plan: read what a selection needs, and decide."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from reconciler.engine.failures import Failures
from reconciler.engine.live import (
    AGAIN,
    Collection,
    Pause,
    Progress,
    Proof,
    Sessions,
    in_silence,
    read_live,
)
from reconciler.engine.plan import Note, Plan, build_plan
from reconciler.engine.pruning import NOTHING, Unselected
from reconciler.engine.selection import EVERYTHING, Selection, check_met, concerned, named
from reconciler.engine.sharing import accounts, made_once, unborn, whose
from reconciler.model import Address, Config, Kind, Provider, Snapshot


def make_plan(
    config: Config, sessions: Sessions, selection: Selection = EVERYTHING, **options: Any
) -> Plan:
    """Return the plan of `look_and_plan`, which takes these options."""
    return look_and_plan(config, sessions, selection, **options)[0]


def look_and_plan(
    config: Config,
    sessions: Sessions,
    selection: Selection = EVERYTHING,
    *,
    whole: Config | None = None,
    prune: bool = False,
    connections: int = 8,
    progress: Progress = in_silence,
    pause: Pause = time.sleep,
) -> tuple[Plan, Snapshot]:
    """Read what the selection of the `whole` configuration, of which this may be a part, needs.

    Returns the plan and what was read for it. Raises ReadFailed, UsageError.
    """
    whole, config = whole or config, concerned(config, selection)
    desired, listed = config.desired, collections_of(config, selection)
    live = read_live(
        desired,
        listed,
        sessions,
        proofs=proofs_of(config, listed, sessions),
        connections=connections,
        progress=progress,
        pause=pause,
    )
    check_met(selection, live, named(whole))
    if not prune:
        live = _after_passing_twins(live, desired, sessions, connections, pause)
    unselected = Unselected.of(whole, desired)
    plan = plan_on(
        config, sessions, selection, live=live, listed=listed, prune=prune, unselected=unselected
    )
    return plan, live


def _after_passing_twins(
    live: Snapshot, desired: Snapshot, sessions: Sessions, connections: int, pause: Pause
) -> Snapshot:
    """Look again where a declared thing is there twice: another apply may be taking one back."""
    for wait in AGAIN:
        doubled = {
            Collection(address.root, each.kind)
            for address, each in live.items()
            if address.twin and address.oldest in desired
        }
        if not doubled:
            break
        pause(wait)
        others = {
            address: each
            for address, each in live.items()
            if Collection(address.root, each.kind) not in doubled
        }
        anew = read_live(desired, doubled, sessions, connections=connections, pause=pause)
        live = {**others, **anew}
    return live


def plan_on(
    config: Config,
    sessions: Sessions,
    selection: Selection,
    *,
    live: Snapshot,
    listed: Sequence[Collection],
    prune: bool = False,
    failures: Failures | None = None,
    unselected: Unselected = NOTHING,
) -> Plan:
    """Return the plan for what was read of the `listed` collections and below them.

    Raises ReadFailed when what a service wants to see besides cannot be read, unless other
    `failures` decide otherwise.
    """
    desired = config.desired
    seen = {**live, **_consulted(config, live, sessions, failures)}
    where = accounts(config, sessions, live)
    tell = whose(where)
    plan = build_plan(
        desired=desired,
        live=live,
        config_digest=config.digest,
        selection=selection,
        prune=prune,
        remarks=[*_idle(config, listed), *_remarks(config, seen, sessions)],
        objections=_objections(config, seen),
        unborn=unborn(desired, live, tell),
        where=where,
        unselected=unselected,
    )
    return replace(
        made_once(plan, tell),
        compared=bool(desired or listed),
        providers=tuple(sorted(config.providers)),
    )


def _remarks(config: Config, seen: Snapshot, sessions: Sessions) -> Iterator[Note]:
    """Let each service say what no single resource knows, and what its session came to know."""
    for name, provider in config.providers.items():
        for each in provider.service.remarks(provider, config.desired, seen):
            yield Note(*each)
        for address, *told in provider.service.noticed(provider, sessions[name]):
            if address in config.desired:
                yield Note(address, *told)


def _objections(config: Config, seen: Snapshot) -> Iterator[tuple[Address, str, str]]:
    for provider in config.providers.values():
        yield from provider.service.objections(provider, config.desired, seen)


def _idle(config: Config, listed: Iterable[Collection]) -> Iterator[Note]:
    """Yield a remark on each provider of which nothing was looked at but its tokens."""
    busy = {address.provider for address in config.desired} | {
        each.under.provider for each in listed
    }
    for name in config.providers.keys() - busy:
        yield Note(Address((name,)), "nothing is declared here, and so nothing was compared")


def _names(provider: Provider, kind: Kind[Any, Any]) -> bool:
    """Whether the YAML names a collection; Postmark's `server` may be there as a mere name."""
    node = provider.node.at(kind.name)
    return node is not None and not isinstance(node.data, str)


def proofs_of(
    config: Config, listed: Iterable[Collection], sessions: Sessions
) -> Iterator[tuple[str, Proof]]:
    """Yield what proves each token that no list is sent with, by provider."""
    listed = list(listed)
    for name, provider in config.providers.items():
        kinds = [each.kind for each in listed if each.under.provider == name]
        for proof in provider.service.proofs(provider, sessions[name], kinds):
            yield name, proof


def _consulted(
    config: Config, live: Snapshot, sessions: Sessions, failures: Failures | None
) -> Snapshot:
    """Read what a service wants to see, beside the plan, to say what no single resource knows."""
    collections = [
        Collection(provider.address, kind)
        for provider in config.providers.values()
        for kind in provider.service.consults(provider, config.desired, live)
    ]
    return read_live({}, collections, sessions, failures=failures)


def collections_of(config: Config, selection: Selection) -> list[Collection]:
    """Return what has to be listed: the collections that the YAML names and the selection meets."""
    wanted = {(each.address.provider, type(each.kind)) for each in config.desired.values()}
    return [
        Collection(provider.address, kind)
        for provider in config.providers.values()
        for kind in provider.service.kinds
        if kind.parent is None
        and (
            (provider.name, type(kind)) in wanted
            or (_names(provider, kind) and selection.reaches(provider.address / kind.name))
        )
    ]
