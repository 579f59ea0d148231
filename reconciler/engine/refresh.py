"""Refresh and plan: read what a selection needs, and decide."""

from collections.abc import Sequence

from reconciler.engine.live import Collection, Progress, Sessions, in_silence, read_live
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.selection import EVERYTHING, Selection, check_met, named
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
    objections = [
        objection
        for provider in config.providers.values()
        for objection in provider.service.objections(provider, desired, live)
    ]
    return build_plan(
        desired=desired,
        live=live,
        config_digest=config.digest,
        selection=selection,
        prune=prune,
        remarks=_remarks(config, desired, live, sessions),
        objections=objections,
    )


def _remarks(
    config: Config, desired: Snapshot, live: Snapshot, sessions: Sessions
) -> list[tuple[Address, str]]:
    """Let each service say what no single resource knows, after a look at what it consults."""
    remarks: list[tuple[Address, str]] = []
    for provider in config.providers.values():
        consulted = provider.service.consults(provider, desired, live)
        seen = read_live({}, (Collection(provider.address, kind) for kind in consulted), sessions)
        remarks += provider.service.remarks(provider, desired, {**live, **seen})
    return remarks


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
