"""What two providers of one account both declare is made by the first, and waited for."""

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from library import Library, configuration, made
from shelf import ROOT, Pruned, Shelves, desired, live, snapshot

from reconciler.engine.plan import Note, Plan, build_plan
from reconciler.engine.sharing import accounts, made_once, unborn, whose
from reconciler.model import Address, Create, Kind, Resource

SHELVES, PRUNED = Shelves(), Pruned()
P, Q, R = ROOT, Address(("q",)), Address(("r",))


class Reached(Library):
    """Of which a session is the number of the account that its token reaches."""

    def reach(self, kind: Kind[Any, Any], session: Any) -> Hashable:  # noqa: ARG002
        account: int = session
        return account


CONFIG = configuration(Reached(SHELVES, PRUNED), {"p": (), "q": (), "r": ()})


def shelf(provider: Address, name: str = "a", kind: Shelves = SHELVES) -> Resource:
    return desired(kind, provider / kind.name / name, depth=1)


def seen(provider: Address, remote_id: str, name: str = "x", kind: Shelves = SHELVES) -> Resource:
    return live(kind, provider / kind.name / name, remote_id)


def are_one(
    first: Resource, second: Resource, *there: Resource, p: int = 1, q: int = 2, r: int = 3
) -> bool:
    tell = whose(accounts(CONFIG, {"p": p, "q": q, "r": r}, snapshot(*there)))
    return tell(first) == tell(second)


def test_declarations_of_one_token_are_one_if_kind_and_name_are() -> None:
    assert are_one(shelf(P), shelf(Q), q=1)
    assert not are_one(shelf(P), shelf(Q), q=2)
    assert not are_one(shelf(P), shelf(Q, "b"), q=1)
    assert not are_one(shelf(P), replace(shelf(Q), kind=PRUNED), q=1)


def test_tokens_that_see_one_thing_are_of_one_account() -> None:
    assert are_one(shelf(P), shelf(Q), seen(P, "7"), seen(Q, "7"))
    assert are_one(shelf(Q), shelf(R), seen(Q, "7"), seen(R, "7"))
    assert are_one(shelf(P), shelf(R), seen(P, "7"), seen(Q, "7"), seen(R, "7"))


def test_tokens_that_see_several_things_are_of_one_account_in_whatever_order() -> None:
    there = (seen(P, "7"), seen(Q, "7"), seen(Q, "8", "y"), seen(P, "8", "y"))
    assert are_one(shelf(P), shelf(Q), *there)
    assert are_one(shelf(P), shelf(Q), *reversed(there))


def test_who_shares_an_account_with_one_shares_it_with_all_that_do() -> None:
    chain = (seen(P, "7"), seen(Q, "7"), seen(Q, "8", "y"), seen(R, "8", "y"))
    assert are_one(shelf(P), shelf(R), *chain)
    fork = (seen(P, "7"), seen(R, "7"), seen(Q, "8", "a"), seen(R, "8", "a"))
    assert are_one(shelf(P), shelf(Q), *fork)
    assert are_one(shelf(Q), shelf(R), *fork)


def test_tokens_that_see_different_things_are_not() -> None:
    assert not are_one(shelf(P), shelf(Q), seen(P, "7"), seen(Q, "8"))
    assert not are_one(shelf(P), shelf(Q), seen(P, "7"), seen(Q, "7", "y"))
    assert not are_one(shelf(P), shelf(Q), seen(P, "7"), seen(P, "7", "y"), seen(R, "7"))


def test_what_is_seen_of_one_kind_says_nothing_of_another() -> None:
    there = (seen(P, "7", kind=PRUNED), seen(Q, "7", kind=PRUNED))
    assert not are_one(shelf(P), shelf(Q), *there)
    assert are_one(shelf(P, kind=PRUNED), shelf(Q, kind=PRUNED), *there)
    mixed = (seen(P, "7"), replace(seen(Q, "7"), kind=PRUNED))
    assert not are_one(shelf(P), shelf(Q), *mixed)


def test_what_is_not_there_yet_is_told_apart_and_nothing_else() -> None:
    there, missing = shelf(P), shelf(P, "b")
    found = unborn(snapshot(there, missing), snapshot(made(SHELVES, there.address)), lambda _: "it")
    assert found == {missing.address: "it"}


def planned(*wanted: Resource, there: tuple[Resource, ...] = ()) -> Plan:
    plan = build_plan(desired=snapshot(*wanted), live=snapshot(*there))
    return made_once(plan, lambda each: each.address.name)


def needs(plan: Plan) -> dict[str, list[str]]:
    return {
        str(each.subject.address): [str(need) for need in each.subject.needs]
        for each in plan.changes
    }


def test_the_first_makes_it_and_the_others_wait_for_that_and_say_so() -> None:
    wanted = [shelf(R), shelf(P), replace(shelf(Q), needs=(P / "shelves" / "b",))]
    plan = planned(*wanted, shelf(P, "b"))
    assert needs(plan) == {
        "p/shelves/a": [],
        "p/shelves/b": [],
        "r/shelves/a": ["p/shelves/a"],
        "q/shelves/a": ["p/shelves/b", "p/shelves/a"],
    }
    text = "p/shelves/a declares the same thing, and is the one that creates it"
    assert plan.notes == (Note(Q / "shelves" / "a", text), Note(R / "shelves" / "a", text))
    assert {type(each) for each in plan.changes} == {Create}


def test_the_notes_of_the_plan_are_kept_and_told_in_order() -> None:
    earlier, later = Note(P / "shelves" / "a", "a note"), Note(Address(("z",)), "last")
    plan = build_plan(desired=snapshot(shelf(P), shelf(Q)), live={}, remarks=[later, earlier])
    notes = made_once(plan, lambda _: "one").notes
    assert [str(each.address) for each in notes] == ["p/shelves/a", "q/shelves/a", "z"]


def test_what_is_made_once_needs_nobody_and_is_not_told() -> None:
    wanted = snapshot(shelf(P), shelf(Q, "b"))
    plan = build_plan(desired=wanted, live={})
    assert made_once(plan, lambda each: each.address.name) == plan


def test_what_is_there_already_makes_nobody_wait() -> None:
    there = live(SHELVES, P / "shelves" / "a", "1", depth=2)
    plan = planned(shelf(P), shelf(Q), there=(there,))
    assert needs(plan) == {"p/shelves/a": [], "q/shelves/a": []}
    assert [each.action for each in plan.changes] == ["update", "create"]
    assert plan.notes == ()
