"""Refresh and plan: read what a selection needs, and decide."""

from collections.abc import Sequence

from reconciler.engine.live import Collection, Progress, Sessions, in_silence, read_live
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.selection import EVERYTHING, Selection, check_met, named
from reconciler.engine.sharing import made_once, unborn, whose
from reconciler.model import Address, Config, Snapshot


def make_plan(
    config: Config,
    sessions: Sessions,
    selection: Selection = EVERYTHING,
    *,
    known: Sequence[Address] = (),
    prune: bool = False,
    connections: int = 8,
    progress: Progress = in_silence,
) -> Plan:
    """Read what the selection needs and plan.

    `known` are all addresses that a pattern may have meant. Raises ReadFailed, UsageError.
    """
    desired = selection.of(config.desired)
    listed = _collections(config, desired, selection)
    live = read_live(desired, listed, sessions, connections=connections, progress=progress)
    check_met(selection, live, known or named(config))
    seen = {**live, **_consulted(config, desired, live, sessions)}
    services = [(provider, provider.service) for provider in config.providers.values()]
    tell = whose(config, sessions, live)
    plan = build_plan(
        desired=desired,
        live=live,
        config_digest=config.digest,
        selection=selection,
        prune=prune,
        remarks=[each for at, service in services for each in service.remarks(at, desired, seen)],
        objections=[
            each for at, service in services for each in service.objections(at, desired, seen)
        ],
        unborn=unborn(desired, live, tell),
    )
    return made_once(plan, tell)


def _consulted(config: Config, desired: Snapshot, live: Snapshot, sessions: Sessions) -> Snapshot:
    """Read what a service wants to see, beside the plan, to say what no single resource knows."""
    collections = [
        Collection(provider.address, kind)
        for provider in config.providers.values()
        for kind in provider.service.consults(provider, desired, live)
    ]
    return read_live({}, collections, sessions)


def _collections(config: Config, desired: Snapshot, selection: Selection) -> list[Collection]:
    """Return what has to be listed: the collections that the YAML names and the selection meets."""
    wanted = {(resource.address.provider, type(resource.kind)) for resource in desired.values()}
    return [
        Collection(provider.address, kind)
        for provider in config.providers.values()
        for kind in provider.service.kinds
        if kind.parent is None
        and (
            (provider.name, type(kind)) in wanted
            or (
                kind.name in provider.node.children
                and selection.reaches(provider.address / kind.name)
            )
        )
    ]
