"""A configuration and live things that a plan file is about, and what it authorises there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from library import Library, configuration
from shelf import ROOT, Pruned, Shelves, desired, live, snapshot

from reconciler.engine.authority import Authority
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.plandocument import plan_as_document
from reconciler.engine.planfile import SavedPlan
from reconciler.errors import InvalidPlanFile, StalePlan
from reconciler.model import Address, Config, Resource


class Boxes(Pruned):
    name = "boxes"


class Museum(Library):
    name = "museum"


SHELVES, PRUNED, BOXES = Shelves(), Pruned(), Boxes()
LIBRARY, MUSEUM = Library(SHELVES, PRUNED, BOXES), Museum(SHELVES, PRUNED)
Q = Address(("q",))
A, B, C = (ROOT / "shelves" / name for name in "abc")
KEPT, STRAY = ROOT / "pruned" / "kept", ROOT / "pruned" / "stray"
NAMES = {"p": ("shelves", "pruned"), "q": ("shelves", "pruned"), "r": ("shelves",)}
DECLARED = (
    desired(SHELVES, A, depth=2),
    desired(SHELVES, B, depth=2),
    desired(SHELVES, C, absent=True),
    desired(PRUNED, KEPT, depth=1),
    desired(SHELVES, Q / "shelves" / "a", depth=1),
)
CONFIG = configuration(LIBRARY, NAMES, *DECLARED)
LIVE = (
    live(SHELVES, A, "1", depth=1, colour="red"),
    live(SHELVES, C, "3", depth=1, colour="red"),
    live(PRUNED, KEPT, "4", depth=1),
    live(PRUNED, STRAY, "5", depth=1, colour="red"),
    live(SHELVES, Q / "shelves" / "a", "6", depth=1),
)
Document = dict[str, Any]


def planned(config: Config = CONFIG, there: Iterable[Resource] = LIVE, **options: Any) -> Document:
    plan = build_plan(
        desired=config.desired, live=snapshot(*there), config_digest=config.digest, **options
    )
    return plan_as_document(plan)


def entry(document: Document, address: Address) -> Document:
    (found,) = (each for each in document["changes"] if each["address"] == str(address))
    change: Document = found
    return change


def authority(document: Document, config: Config = CONFIG, **word: bool) -> Authority:
    return Authority(SavedPlan(Path("p.json"), b"", document), config, **word)


def confirmed(
    document: Document,
    config: Config = CONFIG,
    there: Iterable[Resource] = LIVE,
    *,
    prune: bool = False,
) -> Plan:
    """Confirm a plan as it is done: with what it touches, and what stands where it prunes."""
    found, word = snapshot(*there), authority(document, config, prune=prune)
    word.check()
    read = {each.address: found[each.address] for each in word.touched() if each.address in found}
    collections = word.collections()
    where = [
        each
        for each in there
        if any(each.address.root == at.under and each.kind is at.kind for at in collections)
    ]
    return word.confirm(word.config.desired, read, snapshot(*where))


def summary(plan: Plan) -> list[str]:
    return [f"{each.action} {each.subject.address}" for each in plan.changes]


def pruning(address: Address, kind: str = "pruned", **other: Any) -> Document:
    """Return an entry as a plan with --prune has it."""
    return {
        "action": "delete",
        "address": str(address),
        "path": list(address.parts),
        "twin": address.twin,
        "kind": kind,
        "remote_id": "5",
        "pruned": True,
        "location": None,
        "fields": [],
        "seen": {"depth": "0" * 32},
        **other,
    }


def refused_as_forged(document: Document, **options: Any) -> str:
    with pytest.raises(InvalidPlanFile) as refused:
        confirmed(document, **options)
    return str(refused.value).removeprefix("p.json: ").removesuffix("; plan again")


NOT_FOLLOWING = "it does not follow from what is there"


def stale(document: Document, there: Iterable[Resource], **options: Any) -> str:
    with pytest.raises(StalePlan) as refused:
        confirmed(document, there=there, **options)
    return str(refused.value).removeprefix("p.json: ").removesuffix("; plan again")
