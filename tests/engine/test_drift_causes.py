"""Why live differs: by what was applied, what is declared now, and what is live."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shelf import ROOT, Books, Fixed, Gone, Shelves, desired, live, snapshot

from reconciler.engine.drift.causes import ABSENT, Base, Cause, Difference, differences
from reconciler.engine.plan import Refusal, build_plan
from reconciler.fields import UNKNOWN
from reconciler.model import Resource, Secret

SHELVES = Shelves()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
SILENT = object()
VALUES = st.sampled_from([1, 2, 3])


def found(
    declared: Resource | None, there: Resource | None, applied: Resource | Base | None = None
) -> list[Difference]:
    base = applied
    if isinstance(applied, Resource):
        base = Base(snapshot(applied))
    assert base is None or isinstance(base, Base)
    wanted = snapshot(declared) if declared else {}
    return list(differences(wanted, snapshot(there) if there else {}, base))


def only(
    declared: Resource, there: Resource | None, applied: Resource | Base | None = None
) -> Difference:
    (difference,) = found(declared, there, applied)
    return difference


def shelf(kind: Shelves = SHELVES, **fields: Any) -> Resource:
    return desired(kind, A, **fields)


NOTHING_APPLIED = Base({})
GONE_FROM_THE_YAML = desired(SHELVES, A, absent=True)


@given(head=VALUES, now=VALUES, base=VALUES | st.just(SILENT), is_base_known=st.booleans())
def test_a_field_has_the_cause_that_its_three_values_say(
    *, head: int, now: int, base: Any, is_base_known: bool
) -> None:
    applied = shelf() if base is SILENT else shelf(depth=base)
    there = live(SHELVES, A, depth=now)
    differing = found(shelf(depth=head), there, applied if is_base_known else None)
    if head == now:
        assert differing == []
        return
    (field,) = differing[0].fields
    expected: tuple[Cause, Any]
    if not is_base_known:
        expected = (Cause.UNKNOWN, UNKNOWN)
    elif base is SILENT:
        expected = (Cause.PENDING, UNKNOWN)
    elif base == head:
        expected = (Cause.DRIFT, base)
    else:
        expected = (Cause.PENDING if base == now else Cause.CONFLICT, base)
    assert (field.cause, field.applied) == expected
    assert (field.name, field.live, field.declared) == ("depth", now, head)
    assert differing[0].cause is field.cause
    assert differing[0].action == "update"


@given(st.dictionaries(st.sampled_from(["depth", "colour"]), VALUES), VALUES, VALUES)
def test_what_differs_is_exactly_what_a_plan_would_change(
    declared: dict[str, Any], depth: int, colour: int
) -> None:
    wanted = snapshot(desired(SHELVES, A, **declared))
    there = snapshot(live(SHELVES, A, depth=depth, colour=colour))
    plan = build_plan(desired=wanted, live=there)
    planned = [(each.action, [f.name for f in each.fields]) for each in plan.changes]
    differing = differences(wanted, there, None)
    assert [(each.action, [f.name for f in each.fields]) for each in differing] == planned


def test_the_cause_of_a_thing_is_the_gravest_of_its_fields() -> None:
    both = only(
        shelf(depth=1, colour="red"),
        live(SHELVES, A, depth=2, colour="blue"),
        shelf(depth=1, colour="blue"),
    )
    assert [each.cause for each in both.fields] == [Cause.PENDING, Cause.DRIFT]
    assert both.cause is Cause.DRIFT


@pytest.mark.parametrize(
    ("applied", "cause"),
    [
        (None, Cause.UNKNOWN),
        (NOTHING_APPLIED, Cause.PENDING),
        (GONE_FROM_THE_YAML, Cause.PENDING),
        (shelf(depth=1), Cause.DRIFT),
        (shelf(depth=1, colour="red"), Cause.DRIFT),
        (shelf(depth=2), Cause.CONFLICT),
        (shelf(), Cause.CONFLICT),
    ],
)
def test_what_is_missing_was_deleted_or_is_still_to_be_made(applied: Any, cause: Cause) -> None:
    missing = only(shelf(depth=1), None, applied)
    assert (missing.action, missing.cause) == ("create", cause)
    assert [each.live for each in missing.fields] == [None]


def test_what_is_missing_and_has_no_fields_has_a_cause_all_the_same() -> None:
    assert only(shelf(), None, shelf()).cause is Cause.DRIFT
    assert only(shelf(), None, NOTHING_APPLIED).cause is Cause.PENDING


@pytest.mark.parametrize(
    ("applied", "cause"),
    [
        (None, Cause.UNKNOWN),
        (NOTHING_APPLIED, Cause.PENDING),
        (GONE_FROM_THE_YAML, Cause.DRIFT),
        (shelf(depth=5), Cause.PENDING),
        (shelf(depth=6), Cause.CONFLICT),
        (shelf(), Cause.PENDING),
    ],
)
def test_what_is_there_and_should_not_be_came_back_or_is_still_to_go(
    applied: Any, cause: Cause
) -> None:
    surplus = only(GONE_FROM_THE_YAML, live(SHELVES, A, depth=5), applied)
    assert (surplus.action, surplus.cause, surplus.fields) == ("delete", cause, ())


def test_what_counts_as_deleted_is_no_difference_where_it_should_be_absent() -> None:
    gone = Gone()
    assert found(desired(gone, A, absent=True), live(gone, A, depth=1)) == []


def test_what_came_back_before_it_was_declared_again_is_a_conflict() -> None:
    back = only(shelf(depth=1), live(SHELVES, A, depth=2), GONE_FROM_THE_YAML)
    assert back.cause is Cause.CONFLICT
    assert back.fields[0].applied == ABSENT


def test_what_is_no_longer_declared_is_no_difference() -> None:
    assert found(None, live(SHELVES, A, depth=2), shelf(depth=1)) == []
    assert found(shelf(), live(SHELVES, A, depth=2), shelf(depth=1)) == []


def test_a_fixed_field_that_differs_is_a_difference_with_a_cause() -> None:
    fixed = Fixed()
    there = live(fixed, A, depth=2)
    assert only(shelf(fixed, depth=1), there, shelf(fixed, depth=1)).cause is Cause.DRIFT
    assert only(shelf(fixed, depth=1), there, shelf(fixed, depth=2)).cause is Cause.PENDING


def test_what_is_there_twice_is_a_difference_although_no_field_is() -> None:
    twice = Refusal(A, "", "there are 2 of these", None)
    wanted, there = snapshot(shelf(depth=1)), snapshot(live(SHELVES, A, depth=1))

    def cause(base: Base | None) -> Cause:
        (difference,) = differences(wanted, there, base, [twice])
        assert difference.reason == "there are 2 of these"
        return difference.cause

    assert cause(None) is Cause.UNKNOWN
    assert cause(NOTHING_APPLIED) is Cause.PENDING
    assert cause(Base(wanted)) is Cause.DRIFT
    assert cause(Base(snapshot(GONE_FROM_THE_YAML))) is Cause.CONFLICT


def test_of_a_kind_that_was_another_at_the_base_nothing_was_applied() -> None:
    other = desired(Books(), A, depth=1)
    assert only(shelf(depth=1), live(SHELVES, A, depth=2), other).cause is Cause.PENDING


def test_a_secret_that_nobody_knows_any_more_leaves_the_cause_unknown() -> None:
    then, now, there = (Secret(each).sealed() for each in ("one", "one", "two"))
    base = Base(snapshot(shelf(colour=then)), unsure={A: {"colour"}})
    difference = only(shelf(colour=now), live(SHELVES, A, colour=there), base)
    assert (difference.cause, difference.fields[0].applied) == (Cause.UNKNOWN, UNKNOWN)
    sure = Base(base.desired)
    assert only(shelf(colour=now), live(SHELVES, A, colour=there), sure).cause is Cause.DRIFT


def test_a_deletion_of_which_only_an_unsure_field_differs_is_of_unknown_cause() -> None:
    base = Base(snapshot(shelf(depth=1)), unsure={A: {"depth"}})
    assert only(GONE_FROM_THE_YAML, live(SHELVES, A, depth=2), base).cause is Cause.UNKNOWN
    assert only(GONE_FROM_THE_YAML, live(SHELVES, A, depth=1), base).cause is Cause.PENDING


def test_differences_come_by_address() -> None:
    wanted = snapshot(desired(SHELVES, B, depth=1), desired(SHELVES, A, depth=1))
    assert [each.address for each in differences(wanted, {}, None)] == [A, B]
