"""From desired and live to a plan, one rule at a time."""

from dataclasses import replace
from typing import Any

from shelf import (
    ROOT,
    Books,
    BuiltIn,
    Fixed,
    Gone,
    Leaning,
    Pruned,
    Refusing,
    Shelves,
    Working,
    desired,
    live,
    snapshot,
)

from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.selection import Selection
from reconciler.model import Address, Delete, DnsRecord, Resource, Snapshot, Update
from reconciler.reports.text import plan_as_text

SHELVES, BOOKS, PRUNED = Shelves(), Books(), Pruned()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
BOOK = A / "books" / "one"
OTHER = Address(("q",)) / "shelves" / "a"


def decided(wanted: Snapshot, found: Snapshot, **options: Any) -> Plan:
    return build_plan(desired=wanted, live=found, **options)


def summary(plan: Plan) -> list[str]:
    return [f"{each.action} {each.subject.address}" for each in plan.changes]


def reasons(plan: Plan) -> list[str]:
    return [each.reason for each in plan.refusals]


def test_what_cannot_be_done_to_what_is_live_is_refused_and_not_planned() -> None:
    kind = Refusing()
    wanted, found = desired(kind, A, depth=2), live(kind, A, depth=1)
    plan = decided(snapshot(wanted), snapshot(found))
    assert reasons(plan) == ["it is screwed to the wall"]
    assert plan.changes == ()


def test_an_objection_keeps_that_address_from_being_changed_and_no_other() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=2), desired(SHELVES, B, depth=2))
    found = snapshot(live(SHELVES, A, depth=1), live(SHELVES, B, depth=1))
    plan = decided(wanted, found, objections=[(A, "depth", "somebody objects")])
    assert reasons(plan) == ["somebody objects"]
    assert summary(plan) == [f"update {B}"]


def twins(kind: Shelves, address: Address) -> Snapshot:
    younger = live(kind, Address(address.parts, "9"), remote_id="9", depth=1)
    return snapshot(live(kind, address, remote_id="3", depth=1), younger)


def test_twins_of_a_kind_that_cannot_be_pruned_are_refused_even_with_prune() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=2))
    for prune in (False, True):
        plan = decided(wanted, twins(SHELVES, A), prune=prune)
        assert reasons(plan) == ["there are 2 of these, with the IDs 3 and 9; delete one"]
        assert plan.changes == ()


def test_twins_of_a_kind_that_can_be_pruned_are_refused_until_the_younger_ones_are_pruned() -> None:
    shelf = ROOT / "pruned" / "a"
    wanted = snapshot(desired(PRUNED, shelf, depth=2))
    plan = decided(wanted, twins(PRUNED, shelf))
    assert reasons(plan) == [
        "there are 2 of these, with the IDs 3 and 9; --prune removes the newer"
    ]
    assert plan.changes == ()
    plan = decided(wanted, twins(PRUNED, shelf), prune=True)
    assert reasons(plan) == []
    assert summary(plan) == [f"update {shelf}", f"delete {shelf} (ID 9)"]
    assert plan.unmanaged == ()


def test_twins_that_nothing_declares_are_unmanaged_and_refuse_nothing() -> None:
    plan = decided({}, twins(SHELVES, A))
    assert reasons(plan) == []
    assert [str(each.address) for each in plan.unmanaged] == [str(A), f"{A} (ID 9)"]


def test_what_another_provider_of_the_account_declares_is_not_unmanaged() -> None:
    shelf, other = ROOT / "pruned" / "a", Address(("q",)) / "pruned" / "a"
    found = snapshot(live(PRUNED, shelf, depth=1), live(PRUNED, other, depth=1))
    plan = decided(snapshot(desired(PRUNED, shelf, depth=1)), found, prune=True)
    assert (plan.unmanaged, plan.changes) == ((), ())
    stranger = replace(found[other], remote_id="2")
    plan = decided(
        snapshot(desired(PRUNED, shelf, depth=1)), {**found, other: stranger}, prune=True
    )
    assert summary(plan) == [f"delete {other}"]


def test_what_the_service_made_by_itself_and_what_is_gone_are_not_unmanaged() -> None:
    for kind in (BuiltIn(), Gone()):
        assert decided({}, snapshot(live(kind, A))).unmanaged == ()
    assert len(decided({}, snapshot(live(SHELVES, A))).unmanaged) == 1


def test_what_is_gone_already_is_not_deleted_again() -> None:
    wanted = snapshot(desired(Gone(), A, absent=True))
    assert decided(wanted, snapshot(live(Gone(), A))).changes == ()
    assert decided(wanted, {}).changes == ()
    deletion = decided(snapshot(desired(SHELVES, A, absent=True)), snapshot(live(SHELVES, A)))
    assert [type(each) for each in deletion.changes] == [Delete]


def test_a_selection_takes_the_creations_above_it_and_no_update_or_deletion_above_it() -> None:
    only = Selection((str(BOOK),))
    wanted = snapshot(desired(SHELVES, A, depth=2), desired(BOOKS, BOOK, depth=2))
    plan = decided({**wanted, B: desired(SHELVES, B)}, {}, selection=only)
    assert summary(plan) == [f"create {A}", f"create {BOOK}"]
    found = snapshot(live(SHELVES, A, depth=1), live(BOOKS, BOOK, depth=1))
    plan = decided(wanted, found, selection=only)
    assert summary(plan) == [f"update {BOOK}"]
    assert [type(each) for each in plan.changes] == [Update]
    absent = snapshot(desired(SHELVES, A, absent=True), desired(BOOKS, BOOK, depth=2))
    assert summary(decided(absent, found, selection=only)) == [f"update {BOOK}"]


def test_what_is_not_selected_is_neither_refused_nor_told_as_unmanaged() -> None:
    kind = Refusing()
    wanted, found = snapshot(desired(kind, A, depth=2)), snapshot(live(kind, A, depth=1))
    plan = decided(wanted, {**found, B: live(kind, B)}, selection=Selection(("p/elsewhere/*",)))
    assert (plan.refusals, plan.unmanaged) == ((), ())


def test_two_providers_that_declare_one_thing_differently_are_refused_by_field() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=1), desired(SHELVES, OTHER, depth=2))
    found = snapshot(live(SHELVES, A, depth=1), live(SHELVES, OTHER, depth=1))
    (refusal,) = decided(wanted, found).refusals
    assert (refusal.address, refusal.name) == (OTHER, "depth")
    alike = snapshot(desired(SHELVES, A, depth=1), desired(SHELVES, OTHER, colour="red", depth=1))
    assert decided(alike, found).refusals == ()
    strangers = {**found, OTHER: live(SHELVES, OTHER, remote_id="2", depth=1)}
    assert decided(wanted, strangers).refusals == ()


def test_two_providers_of_which_one_wants_a_thing_gone_are_refused() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=1), desired(SHELVES, OTHER, absent=True))
    found = snapshot(live(SHELVES, A, depth=1), live(SHELVES, OTHER, depth=1))
    (refusal,) = decided(wanted, found).refusals
    assert refusal.name == "ensure"


def test_what_is_not_there_yet_is_told_apart_by_what_its_provider_reaches() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=1), desired(SHELVES, OTHER, depth=2))
    assert len(decided(wanted, {}, unborn={A: "same", OTHER: "same"}).refusals) == 1
    assert decided(wanted, {}, unborn={A: "one", OTHER: "two"}).refusals == ()


def test_deletions_come_last_and_from_the_inside_out() -> None:
    wanted = snapshot(
        desired(SHELVES, A, absent=True),
        desired(BOOKS, BOOK, absent=True),
        desired(SHELVES, B, depth=1),
    )
    found = snapshot(live(SHELVES, A), live(BOOKS, BOOK))
    assert summary(decided(wanted, found)) == [f"create {B}", f"delete {BOOK}", f"delete {A}"]


def test_a_declared_field_that_is_not_reported_is_a_note_unless_it_is_changed() -> None:
    wanted = snapshot(desired(SHELVES, A, depth=1, colour="red"))
    plan = decided(wanted, snapshot(live(SHELVES, A, depth=1)))
    assert [(each.field, plan.uncompared) for each in plan.notes] == [("colour", 1)]
    assert decided(wanted, snapshot(live(SHELVES, A, depth=1, colour="red"))).uncompared == 0


def test_a_fixed_field_that_differs_is_refused_with_why_and_from_what_to_what() -> None:
    wanted = snapshot(desired(Fixed(), A, depth=2, colour="red"))
    plan = decided(wanted, snapshot(live(Fixed(), A, depth=1, colour="blue")))
    assert reasons(plan) == ["`depth` cannot be changed from 1 to 2: it is glued"]
    assert plan.changes == ()
    assert "p/shelves/a: `depth`" in str(plan.refusals[0])


def test_what_is_needed_to_create_one_and_not_declared_is_refused() -> None:
    kind = Fixed()
    plan = decided(snapshot(desired(kind, A, depth=2)), {})
    assert reasons(plan) == ["it does not exist yet, and cannot be created without `colour`"]
    assert plan.changes == ()
    assert summary(decided(snapshot(desired(kind, A, colour="red")), {})) == [f"create {A}"]
    live_one = snapshot(live(kind, A, depth=2, colour="red"))
    assert decided(snapshot(desired(kind, A, depth=2)), live_one).refusals == ()


def test_a_deletion_waits_for_what_is_made_to_do_the_same_job_and_for_nothing_else() -> None:
    kind, c, elsewhere = Working(), ROOT / "shelves" / "c", OTHER
    wanted = snapshot(
        desired(kind, A, absent=True),
        desired(kind, B, colour="red"),
        desired(kind, c, colour="blue"),
        desired(kind, elsewhere, colour="red"),
    )
    plan = decided(wanted, snapshot(live(kind, A, colour="red")))
    (deletion,) = [each for each in plan.changes if isinstance(each, Delete)]
    assert deletion.after == (B,)
    both = snapshot(desired(kind, A, absent=True), desired(kind, c, absent=True))
    there = snapshot(live(kind, A, colour="red"), live(kind, c, colour="red"))
    assert [each.after for each in decided(both, there).changes if isinstance(each, Delete)] == [
        (),
        (),
    ]
    idle = snapshot(desired(SHELVES, A, absent=True), desired(SHELVES, B, colour="red"))
    (alone,) = [
        each
        for each in decided(idle, snapshot(live(SHELVES, A, colour="red"))).changes
        if isinstance(each, Delete)
    ]
    assert alone.after == ()


def test_records_to_publish_are_told_of_what_is_declared_selected_and_stays() -> None:
    missing, found = (
        DnsRecord("DKIM", "TXT", "k.example.com", "v", state)
        for state in ("to publish", "verified")
    )
    there = snapshot(replace(live(SHELVES, A), records=(missing, found), notes=("a note",)))
    plan = decided(snapshot(desired(SHELVES, A)), there)
    assert plan.records == ((A, missing),)
    assert [each.text for each in plan.notes] == ["a note"]
    for wanted, only in ((desired(SHELVES, A, absent=True), ()), (desired(SHELVES, A), ("p/x/*",))):
        plan = decided(snapshot(wanted), there, selection=Selection(only))
        assert (plan.records, plan.notes) == ((), ())


def test_what_other_changes_bring_forth_is_planned_together_with_them() -> None:
    leaning, beside = Leaning(), ROOT / "shelves" / "a" / "books" / "two"
    books = replace(desired(leaning, BOOK, depth=2), parent=A)
    wanted = snapshot(desired(SHELVES, A, depth=2), books)
    found = snapshot(live(SHELVES, A, depth=1), live(leaning, BOOK, depth=2))
    assert summary(decided(wanted, found)) == [f"update {A}", f"update {BOOK}"]
    calm = snapshot(live(SHELVES, A, depth=2), live(leaning, BOOK, depth=2))
    assert summary(decided(wanted, calm)) == []
    # Nothing is foreseen of a change that is not made, or of what is not there.
    assert summary(decided(wanted, found, selection=Selection((str(BOOK),)))) == []
    assert summary(decided(wanted, snapshot(found[A]))) == [f"update {A}", f"create {BOOK}"]
    neighbour = replace(desired(SHELVES, beside, depth=2), parent=A)
    around = snapshot(desired(SHELVES, A, depth=2), books, neighbour)
    live_ones = {**calm, beside: live(SHELVES, beside, depth=1)}
    assert summary(decided(around, live_ones)) == [f"update {BOOK}", f"update {beside}"]


def test_a_field_that_is_set_anyway_is_no_doubt() -> None:
    class Doubting(Shelves):
        def doubts(self, desired: Resource, live: Resource) -> list[tuple[str, str]]:  # noqa: ARG002
            return [("depth", "nobody knows")]

    kind = Doubting()
    wanted = snapshot(desired(kind, A, depth=2))
    assert decided(wanted, snapshot(live(kind, A, depth=2))).uncompared == 1
    assert decided(wanted, snapshot(live(kind, A, depth=1))).uncompared == 0


def test_what_a_plan_says_of_many_alike_is_told_once_with_their_number() -> None:
    def told(shelves: int) -> list[str]:
        names = [ROOT / "shelves" / str(number) for number in range(shelves)]
        wanted = snapshot(*(desired(SHELVES, each, depth=1) for each in names))
        text = plan_as_text(decided(wanted, snapshot(*(live(SHELVES, each) for each in names))))
        return [line for line in text.splitlines() if "`depth`" in line]

    assert [line.partition(":")[0] for line in told(2)] == ["  p/shelves/0", "  p/shelves/1"]
    assert len(told(5)) == 5
    (line,) = told(6)
    alike = "  p/shelves/0 and 5 more (--notes shows them): `depth` is not reported by the service"
    assert line.startswith(alike)
    assert "set it by `run set-untold p/shelves/0`" in line
