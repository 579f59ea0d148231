"""What a plan file authorises: what follows from the configuration and live things, and no more."""

from dataclasses import replace

import pytest
from authorised import (
    CONFIG,
    DECLARED,
    LIBRARY,
    MUSEUM,
    NAMES,
    PRUNED,
    SHELVES,
    STRAY,
    A,
    B,
    C,
    Q,
    authority,
    confirmed,
    entry,
    planned,
    pruning,
    summary,
)
from library import configuration
from shelf import ROOT, desired, live

from reconciler.engine.live import Collection
from reconciler.engine.selection import Selection
from reconciler.errors import GuardExceeded, InvalidPlanFile, StalePlan
from reconciler.model import Address, Delete, Resource


def test_a_plan_that_nobody_touched_is_the_plan_to_apply() -> None:
    plan = confirmed(planned())
    assert summary(plan) == [f"update {A}", f"create {B}", f"delete {C}"]
    assert (plan.config_digest, plan.prune, plan.only) == (CONFIG.digest, False, ())


def test_a_plan_that_prunes_is_applied_with_the_operators_word() -> None:
    plan = confirmed(planned(prune=True), prune=True)
    assert summary(plan)[2:] == [f"delete {STRAY}", f"delete {C}"]
    assert plan.prune is True
    assert [each.desired for each in plan.changes if isinstance(each, Delete)] == [
        None,
        CONFIG.desired[C],
    ]


def test_a_plan_without_prunes_is_applied_with_that_word_as_well() -> None:
    assert f"delete {STRAY}" not in summary(confirmed(planned(), prune=True))


def test_a_selection_of_the_file_is_that_of_the_plan() -> None:
    document = planned(selection=Selection((str(B),)))
    plan = confirmed(document)
    assert (summary(plan), plan.only) == ([f"create {B}"], (str(B),))


def test_a_plan_of_another_configuration_is_stale() -> None:
    with pytest.raises(StalePlan) as refused:
        authority(planned(), replace(CONFIG, digest="sha256:other")).check()
    assert str(refused.value) == (
        "p.json: the configuration is not the one that was planned; plan again"
    )


def strays(number: int) -> list[Resource]:
    return [live(PRUNED, ROOT / "pruned" / f"s{n}", f"9{n}", depth=1) for n in range(number)]


def test_prunes_want_the_operators_word_at_the_time_of_the_apply() -> None:
    authority(planned(prune=True), prune=True).check()
    with pytest.raises(GuardExceeded) as refused:
        authority(planned(prune=True)).check()
    assert str(refused.value) == (
        "p.json: it was made with --prune and removes what nothing declares (p/pruned/stray); "
        "nothing was changed. If that is meant, say --prune here as well"
    )


@pytest.mark.parametrize(("number", "more"), [(5, ""), (6, " and 1 more"), (7, " and 2 more")])
def test_the_first_of_many_prunes_are_named_and_the_rest_is_counted(number: int, more: str) -> None:
    document = planned(there=strays(number), prune=True)
    named = ", ".join(f"p/pruned/s{n}" for n in range(5))
    with pytest.raises(GuardExceeded) as refused:
        authority(document).check()
    assert f"({named}{more});" in str(refused.value)


def test_what_is_shown_of_a_prune_is_its_path_and_not_the_text_beside_it() -> None:
    document = planned(prune=True)
    entry(document, STRAY)["address"] = "p/pruned/harmless"
    with pytest.raises(GuardExceeded, match=r"\(p/pruned/stray\)"):
        authority(document).check()


def test_only_the_providers_and_declarations_that_are_touched_are_needed() -> None:
    config = authority(planned()).config
    assert config.providers.keys() == {"p"}
    assert config.desired.keys() == {A, B, C}
    assert config.digest == CONFIG.digest


def test_who_prunes_needs_all_providers_of_the_service_and_of_no_other() -> None:
    config = configuration(LIBRARY, NAMES, *DECLARED)
    other = {"m": replace(config.providers["q"], name="m", service=MUSEUM)}
    config = replace(config, providers={**config.providers, **other})
    assert authority(planned(prune=True), config, prune=True).config.providers.keys() == {
        "p",
        "q",
        "r",
    }


def test_what_is_declared_is_read_by_the_id_of_the_file_and_the_kind_of_the_configuration() -> None:
    document = planned(prune=True)
    entry(document, A)["kind"] = "pruned"
    touched = authority(document, prune=True).touched()
    assert touched == [
        Resource(address=A, kind=SHELVES, remote_id="1"),
        Resource(address=B, kind=SHELVES, remote_id=None),
        Resource(address=C, kind=SHELVES, remote_id="3"),
    ]


def test_what_stands_below_another_is_read_as_that() -> None:
    book = A / "books" / "one"
    config = configuration(LIBRARY, NAMES, desired(SHELVES, book, depth=2))
    document = planned(config, [live(SHELVES, book, "7", depth=1)])
    assert [each.parent for each in authority(document, config).touched()] == [A]


def test_an_address_that_nothing_declares_is_not_read() -> None:
    document = planned()
    entry(document, C)["path"][-1] = "elsewhere"
    with pytest.raises(InvalidPlanFile) as refused:
        authority(document).touched()
    assert str(refused.value) == (
        "p.json: p/shelves/elsewhere is not in the configuration; plan again"
    )


def test_where_something_is_pruned_the_collection_is_listed_with_every_provider() -> None:
    assert authority(planned()).collections() == []
    assert authority(planned(prune=True), prune=True).collections() == [
        Collection(ROOT, PRUNED),
        Collection(Q, PRUNED),
    ]


def test_a_collection_that_only_a_declaration_names_is_listed_too() -> None:
    names = {"p": ("shelves",), "q": ("shelves",), "r": ("shelves",)}
    config = configuration(LIBRARY, names, *DECLARED)
    found = authority(planned(config, prune=True), config, prune=True).collections()
    assert found == [Collection(ROOT, PRUNED)]


@pytest.mark.parametrize(
    ("address", "kind", "fact"),
    [
        (C, "shelves", "p/shelves/c is nothing that could be pruned"),
        (STRAY, "shelves", "p/pruned/stray is nothing that could be pruned"),
        (ROOT / "boxes" / "a", "boxes", "p/boxes/a is nothing that could be pruned"),
        (Address(("r", "pruned", "a")), "pruned", "r/pruned/a is nothing that could be pruned"),
        (Address(("x", "pruned", "a")), "pruned", "x/pruned/a is not in the configuration"),
        (Address(("x", "pruned", "a"), "9"), "pruned", "x/pruned/a (ID 9) is not in the configur"),
    ],
)
def test_what_cannot_be_pruned_is_not_even_looked_for(
    address: Address, kind: str, fact: str
) -> None:
    document = planned()
    document["changes"].append(pruning(address, kind))
    with pytest.raises(InvalidPlanFile) as refused:
        authority(document, prune=True).collections()
    assert str(refused.value).startswith(f"p.json: {fact}")
