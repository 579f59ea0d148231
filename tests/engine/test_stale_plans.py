"""A plan file is stale when what it touches is not as it was seen, or was not seen at all."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from authorised import (
    KEPT,
    LIBRARY,
    LIVE,
    NAMES,
    NOT_FOLLOWING,
    PRUNED,
    SHELVES,
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
    refused_as_forged,
    stale,
    summary,
)
from library import configuration
from shelf import desired, live, snapshot

from reconciler.errors import StalePlan
from reconciler.model import Address, Resource, Secret, Snapshot


def without(address: Address) -> list[Resource]:
    return [each for each in LIVE if each.address != address]


@pytest.mark.parametrize(
    ("there", "fact"),
    [
        ([*LIVE, live(SHELVES, B, "7", depth=2)], "p/shelves/b exists by now"),
        (without(A), "p/shelves/a is gone by now"),
        (without(C), "p/shelves/c is gone by now"),
        (without(STRAY), "p/pruned/stray is gone by now"),
    ],
)
def test_what_exists_or_is_gone_by_now_makes_a_plan_stale(there: list[Resource], fact: str) -> None:
    assert stale(planned(prune=True), there, prune=True) == fact


def test_what_has_the_id_and_is_another_makes_a_plan_stale() -> None:
    word, found = authority(planned()), snapshot(*LIVE)
    read: Snapshot = {A: replace(found[A], address=Q / "shelves" / "z"), C: found[C]}
    with pytest.raises(StalePlan) as refused:
        word.confirm(word.config.desired, read, {})
    assert str(refused.value) == (
        "p.json: what has the ID 1 is q/shelves/z, and not p/shelves/a; plan again"
    )


def changed(address: Address, **fields: Any) -> list[Resource]:
    return [
        replace(each, attributes={**each.attributes, **fields}) if each.address == address else each
        for each in LIVE
    ]


@pytest.mark.parametrize("address", [A, C, STRAY])
@pytest.mark.parametrize("field", ["depth", "colour"])
def test_a_field_that_changed_since_makes_a_plan_stale(address: Address, field: str) -> None:
    fact = stale(planned(prune=True), changed(address, **{field: "new"}), prune=True)
    assert fact == f"`{field}` of {address} changed since it was planned"


def test_of_several_fields_that_changed_the_first_by_name_is_told() -> None:
    there = changed(A, depth=7, colour="blue")
    assert stale(planned(), there) == f"`colour` of {A} changed since it was planned"


def forgetting(document: Document, address: Address, *fields: str) -> Document:
    for field in fields:
        del entry(document, address)["seen"][field]
    return document


@pytest.mark.parametrize("address", [C, STRAY])
@pytest.mark.parametrize("field", ["depth", "colour"])
def test_who_deletes_a_thing_must_have_seen_all_of_it(address: Address, field: str) -> None:
    document = forgetting(planned(prune=True), address, field)
    fact = stale(document, LIVE, prune=True)
    assert fact == f"`{field}` of {address} changed since it was planned"


def test_who_changes_a_field_must_have_seen_it_and_no_other() -> None:
    document = forgetting(planned(), A, "depth")
    assert stale(document, LIVE) == f"`depth` of {A} changed since it was planned"
    assert len(confirmed(forgetting(planned(), A, "colour")).changes) == 3


def test_what_was_seen_and_is_no_longer_told_makes_a_plan_stale() -> None:
    document = planned()
    entry(document, A)["seen"]["never"] = "0" * 32
    assert stale(document, LIVE) == f"`never` of {A} changed since it was planned"


def test_a_field_that_is_secret_or_not_told_need_not_have_been_seen() -> None:
    sealed = Secret("a long and secret text").sealed()
    config = configuration(LIBRARY, NAMES, desired(SHELVES, A, colour=sealed))
    there = [live(SHELVES, A, "1", colour=Secret("another text").sealed(), depth=1)]
    document = planned(config, there)
    assert "colour" not in entry(document, A)["seen"]
    assert summary(confirmed(document, config, there)) == [f"update {A}"]


def test_a_twin_is_pruned_and_only_as_the_twin_that_it_is() -> None:
    twin = live(PRUNED, Address(KEPT.parts, "9"), "9", depth=1)
    there = [*LIVE, twin]
    document = planned(there=there, prune=True)
    assert f"delete {twin.address}" in summary(confirmed(document, there=there, prune=True))
    of_the_oldest = deepcopy(document)
    entry(of_the_oldest, twin.address)["twin"] = "4"
    assert stale(of_the_oldest, there, prune=True) == "p/pruned/kept (ID 4) is gone by now"
    entry(document, twin.address)["remote_id"] = "4"
    assert refused_as_forged(document, there=there, prune=True) == NOT_FOLLOWING
