"""A plan file cannot instruct: what does not follow from what is there is refused."""

from copy import deepcopy
from dataclasses import replace

import pytest
from authorised import (
    CONFIG,
    DECLARED,
    KEPT,
    LIBRARY,
    LIVE,
    NAMES,
    NOT_FOLLOWING,
    PRUNED,
    STRAY,
    A,
    B,
    C,
    Document,
    Q,
    authority,
    confirmed,
    entry,
    planned,
    pruning,
    refused_as_forged,
    summary,
)
from library import configuration
from shelf import desired, live, snapshot

from reconciler.errors import InvalidPlanFile, StalePlan
from reconciler.model import Address
from reconciler.source import Location


@pytest.mark.parametrize(
    ("address", "edit"),
    [
        (A, {"action": "create", "seen": {}}),
        (A, {"action": "delete"}),
        (A, {"address": "p/shelves/harmless"}),
        (A, {"kind": "pruned"}),
        (A, {"remote_id": "7"}),
        (A, {"remote_id": None}),
        (A, {"fields": []}),
        (A, {"more": 1}),
        (B, {"kind": "pruned"}),
        (B, {"remote_id": "7"}),
        (B, {"fields": []}),
        (C, {"action": "update"}),
        (C, {"address": "p/shelves/harmless"}),
        (C, {"remote_id": "7"}),
        (C, {"fields": [{"name": "depth"}]}),
    ],
)
def test_an_entry_that_does_not_follow_is_refused(address: Address, edit: Document) -> None:
    document = planned()
    entry(document, address).update(edit)
    with pytest.raises((InvalidPlanFile, StalePlan)):
        confirmed(document)
    if "action" not in edit:
        assert refused_as_forged(document) == NOT_FOLLOWING


@pytest.mark.parametrize(
    "edit", [{"name": "colour"}, {"name": ["depth"]}, {"before": 7}, {"after": 7}, {"more": 1}]
)
def test_a_field_that_does_not_follow_is_refused(edit: Document) -> None:
    document = planned()
    entry(document, A)["fields"][0].update(edit)
    assert refused_as_forged(document) == NOT_FOLLOWING


def test_the_places_in_the_yaml_may_be_others() -> None:
    document = planned()
    for each in (entry(document, A), *entry(document, A)["fields"]):
        each["location"] = {"file": "elsewhere.yaml", "line": 7, "column": 1}
    assert summary(confirmed(document)) == [f"update {A}", f"create {B}", f"delete {C}"]
    places = {"": Location("esp.yaml", 3), "depth": Location("esp.yaml", 4)}
    moved = {each.address: replace(each, locations=places) for each in DECLARED}
    assert len(confirmed(planned(), replace(CONFIG, desired=moved)).changes) == 3


def test_the_order_is_part_of_the_plan() -> None:
    document = planned()
    document["changes"].reverse()
    assert refused_as_forged(document) == NOT_FOLLOWING


def test_what_was_left_out_of_the_selection_cannot_be_added() -> None:
    document = planned()
    document["only"] = [str(B)]
    assert refused_as_forged(document) == NOT_FOLLOWING


def test_what_is_as_declared_cannot_be_changed() -> None:
    document = planned()
    document["changes"].append(
        {**deepcopy(entry(document, A)), "path": list((Q / "shelves" / "a").parts)}
    )
    with pytest.raises((InvalidPlanFile, StalePlan)):
        confirmed(document)


def test_a_prune_must_be_of_what_nothing_declares() -> None:
    document = planned()
    document["changes"].append(pruning(KEPT, remote_id="4"))
    assert (
        refused_as_forged(document, prune=True) == "p/pruned/kept is declared, and cannot be pruned"
    )


def test_what_another_provider_of_the_account_declares_is_not_pruned() -> None:
    seen_by_both = live(PRUNED, Q / "pruned" / "kept", "4", depth=1)
    document = planned()
    document["changes"].append(pruning(seen_by_both.address, remote_id="4"))
    fact = refused_as_forged(document, there=[*LIVE, seen_by_both], prune=True)
    assert fact == "q/pruned/kept is declared, and cannot be pruned"


def test_a_declaration_cannot_be_called_a_prune() -> None:
    document = planned()
    entry(document, C)["pruned"] = True
    fact = refused_as_forged(document, prune=True)
    assert fact == "p/shelves/c is nothing that could be pruned"
    config = configuration(LIBRARY, NAMES, desired(PRUNED, KEPT, absent=True))
    document = planned(config)
    entry(document, KEPT)["pruned"] = True
    fact = refused_as_forged(document, config=config, prune=True)
    assert fact == "p/pruned/kept is declared, and cannot be pruned"


def test_a_prune_cannot_be_called_a_declaration() -> None:
    document = planned(prune=True)
    entry(document, STRAY)["pruned"] = False
    assert refused_as_forged(document) == "p/pruned/stray is not in the configuration"


def test_a_prune_without_the_word_is_refused_even_where_nobody_checked_before() -> None:
    word = authority(planned(prune=True))
    found = snapshot(*LIVE)
    touched = {each.address: found[each.address] for each in LIVE if each.address in {A, C}}
    with pytest.raises(InvalidPlanFile, match=NOT_FOLLOWING):
        word.confirm(word.config.desired, touched, found)
