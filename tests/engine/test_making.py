"""One change is made and confirmed: it counts as made when a read shows it."""

from dataclasses import replace
from typing import Any, ClassVar

import pytest
from library import Keeper, Kept, failing, made, nothing
from one_change import (
    KEPT,
    OTHER,
    PAIRED,
    A,
    B,
    carried_out,
    creation,
    of,
    prepared,
    there_before,
    update,
)
from shelf import Shelves, desired

from reconciler.engine.attempt import Attempt, Outcome, Result, difference, left_to_do
from reconciler.errors import (
    AppliedInPart,
    ImmutableField,
    OutcomeUnknown,
    PermissionDenied,
    ReconcileError,
    Unavailable,
)
from reconciler.model import UNSETTLED, Address, Change, Create, Delete, Resource, Update


class Forgetful(Kept):
    """Says yes to a change and keeps things as they were."""

    def update(self, session: Keeper, change: Update) -> None:
        session.write("update", change.desired, nothing)

    def delete(self, session: Keeper, live: Resource) -> None:
        session.write("delete", live, nothing)


class Patient(Forgetful):
    settling: ClassVar[float] = 0.1
    deletion_takes: ClassVar[float] = 1.0


class Archived(Kept):
    """Can still be read when it is deleted."""

    def delete(self, session: Keeper, live: Resource) -> None:
        buried = replace(live, facts={"gone": True})
        session.write("delete", live, lambda: session.put(buried))

    def is_gone(self, live: Resource) -> bool:
        return "gone" in live.facts


def test_an_outcome_says_whether_anything_was_written() -> None:
    """What was overtaken was written before that, whatever else is known of it."""
    made_by = {str(each): Result(creation(), each).is_made for each in Outcome}
    assert made_by == {"applied": True, "overtaken": True, "failed": False, "skipped": False}
    assert Result(creation(), Outcome.FAILED, in_part=True).is_made
    bare = Result(creation(), Outcome.FAILED)
    assert (bare.reason, bare.live, bare.maker, bare.in_part) == ("", None, None, False)


def test_a_result_is_shown_without_what_made_it() -> None:
    result, _ = carried_out(creation(PAIRED), Keeper())
    assert result.maker is not None
    assert "maker" not in repr(result)


def test_a_change_that_a_read_shows_is_made_and_told_with_what_is_live() -> None:
    change = update()
    session = there_before(change)
    result, waited = carried_out(change, session)
    assert (result.change, result.outcome, result.is_made) == (change, Outcome.APPLIED, True)
    assert (result.reason, result.maker) == ("", None)
    assert result.live == made(KEPT, A, depth=2, colour="red")
    assert (session.asked, waited) == ([f"update {A}", f"read {A}"], [])


def test_a_creation_and_a_deletion_are_read_again_as_well() -> None:
    session = Keeper()
    result, _ = carried_out(creation(), session)
    assert result.live is not None
    assert (result.outcome, result.live.remote_id) == (Outcome.APPLIED, f"of {A}")
    assert session.asked == [f"create {A}", f"read {A}"]
    deletion = Delete(made(KEPT, A))
    session = there_before(deletion)
    result, _ = carried_out(deletion, session)
    assert (result.outcome, result.live) == (Outcome.APPLIED, None)
    assert session.asked == [f"delete {A}", f"read {A}"]


@pytest.mark.parametrize(("fields", "is_made"), [((), False), (("colour",), True)])
def test_what_was_written_in_part_counts_as_made_if_anything_was(
    fields: tuple[str, ...],
    is_made: bool,  # noqa: FBT001
) -> None:
    change, session = prepared("update")
    error = AppliedInPart(fields, {"depth": ReconcileError("too deep")})
    session.before = [failing(error)]
    result, _ = carried_out(change, session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, is_made)
    done = "; applied: `colour`" if fields else ""
    assert result.reason == f"`depth`: too deep{done}"


def test_what_was_written_is_told_although_it_could_not_be_looked_at() -> None:
    change, session = prepared("update")
    lost = OutcomeUnknown("PUT /shelves", "no answer")
    session.before = [failing(AppliedInPart(("colour",), {"depth": lost}))]
    session.reading = [failing(Unavailable("GET /shelves", "no answer"))]
    result, _ = carried_out(change, session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason.endswith("; applied: `colour`")


def test_what_does_not_show_in_time_has_not_converged_and_counts_as_made() -> None:
    change = update(Forgetful(), depth=2, colour="blue")
    result, waited = carried_out(change, there_before(change))
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason == (
        f'{A}: read again after the change, `colour` is "red" and should be "blue"; '
        "`depth` is 1 and should be 2"
    )
    assert 15 <= sum(waited) < 20


def test_each_kind_has_its_patience_with_changes_and_with_deletions() -> None:
    kind = Patient()
    for change, least, most in ((update(kind), 0.1, 0.3), (Delete(made(kind, A)), 1.0, 2.0)):
        result, waited = carried_out(change, there_before(change))
        assert result.outcome is Outcome.FAILED
        assert least <= sum(waited) < most
    assert result.reason == f"{A}: read again after the change, it is still there"


def test_what_cannot_be_found_after_a_change_has_not_converged() -> None:
    change, session = prepared("update")
    session.after = [lambda: session.take(made(KEPT, A))]
    result, _ = carried_out(change, session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason == f"{A}: read again after the change, it cannot be found"


def test_what_shows_late_is_made() -> None:
    change, session = prepared("update")
    waited: list[float] = []
    late = made(KEPT, A, depth=2)

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 3:
            session.put(late)

    session.after = [lambda: session.put(made(KEPT, A, depth=1))]
    result = Attempt(session, 0, pause).carry_out(change)
    assert (result.outcome, result.live, len(waited)) == (Outcome.APPLIED, late, 3)


def overtaking(change: Change, **fields: Any) -> tuple[Result, list[float]]:
    session = Keeper() if isinstance(change, Create) else there_before(change)
    session.after = [lambda: session.put(made(KEPT, A, **fields))]
    return carried_out(change, session)


def test_what_another_writer_changes_right_after_us_is_overtaken_at_once() -> None:
    result, waited = overtaking(update(), depth=3)
    assert (result.outcome, result.in_part, waited) == (Outcome.OVERTAKEN, True, [])
    assert result.reason == "changed by another writer since: `depth` is 3 and should be 2"


def test_a_field_that_was_not_written_overtakes_nothing() -> None:
    result, waited = overtaking(update(depth=2, colour="red"), depth=2, colour="blue")
    assert (result.outcome, bool(waited)) == (Outcome.FAILED, True)
    result, waited = overtaking(creation(), depth=3)
    assert (result.outcome, bool(waited)) == (Outcome.FAILED, True)


def test_a_field_whose_value_before_was_not_known_is_not_overtaken() -> None:
    result, waited = overtaking(update(before=UNSETTLED), depth=3)
    assert (result.outcome, bool(waited)) == (Outcome.FAILED, True)


def test_one_field_that_is_neither_as_before_nor_as_it_should_be_is_enough() -> None:
    result, waited = overtaking(update(depth=2, colour="blue"), depth=1, colour="green")
    assert (result.outcome, waited) == (Outcome.OVERTAKEN, [])


def test_what_has_another_address_by_now_is_not_the_one_that_was_meant() -> None:
    change, session = prepared("update")
    session.after = [lambda: session.put(replace(made(KEPT, B, depth=2), remote_id=f"of {A}"))]
    result, _ = carried_out(change, session)
    assert "it cannot be found" in result.reason


def test_a_twin_is_the_one_that_was_meant_whatever_place_it_has_by_now() -> None:
    twin = replace(made(KEPT, A, depth=1), address=Address(A.parts, "9"))
    change = Update(twin, desired(KEPT, A, depth=2), update().fields)
    session = Keeper(twin)
    session.after = [lambda: session.put(made(KEPT, A, depth=2))]
    result, _ = carried_out(change, session)
    assert result.outcome is Outcome.APPLIED


def test_who_creates_after_another_provider_looks_first() -> None:
    waiting = Create(replace(desired(KEPT, A, depth=2), needs=(OTHER,)))
    session = Keeper(made(KEPT, A, depth=2))
    result, _ = carried_out(waiting, session)
    assert (result.outcome, session.writes) == (Outcome.APPLIED, [])
    assert result.live == made(KEPT, A, depth=2)
    session = Keeper(made(KEPT, A, depth=1))
    result, _ = carried_out(waiting, session)
    assert (result.outcome, session.writes) == (Outcome.APPLIED, [f"update {A}"])
    session = Keeper()
    result, _ = carried_out(waiting, session)
    assert (result.outcome, session.writes) == (Outcome.APPLIED, [f"create {A}"])


@pytest.mark.parametrize("needs", [(), (B,), (A,)])
def test_who_creates_after_something_else_does_not_look_first(needs: tuple[Address, ...]) -> None:
    session = Keeper(made(KEPT, A, depth=2))
    carried_out(Create(replace(desired(KEPT, A, depth=2), needs=needs)), session)
    assert session.asked[0] == f"create {A}"


def test_who_changes_what_another_provider_declares_too_does_not_look_first() -> None:
    change = update()
    waiting = replace(change, desired=replace(change.desired, needs=(OTHER,)))
    session = there_before(change)
    carried_out(waiting, session)
    assert session.asked[0] == f"update {A}"


def test_what_can_still_be_read_and_counts_as_deleted_is_gone() -> None:
    deletion = Delete(made(Archived(), A))
    session = there_before(deletion)
    session.after = [failing(of(OutcomeUnknown))]
    result, waited = carried_out(deletion, session)
    assert (result.outcome, waited) == (Outcome.APPLIED, [])
    assert session.writes == [f"delete {A}"]


def test_of_a_deletion_what_is_live_by_now_is_left_to_do() -> None:
    wanted, now = desired(KEPT, A, absent=True), made(KEPT, A, depth=3)
    assert left_to_do(Delete(made(KEPT, A), wanted), now) == Delete(now, wanted)
    assert left_to_do(Delete(made(KEPT, A), wanted), None) is None


def test_of_what_is_missing_all_is_left_to_do_and_of_what_is_as_desired_nothing() -> None:
    change = update()
    assert left_to_do(change, None) is change
    assert left_to_do(change, made(KEPT, A, depth=2)) is None


def test_all_that_cannot_be_done_is_told() -> None:
    class Stuck(Shelves):
        refused = (("depth", "it is screwed on"), ("colour", "no brush"))

    change = Create(desired(Stuck(), A, depth=2))
    with pytest.raises(ImmutableField) as raised:
        left_to_do(change, made(Stuck(), A, depth=1))
    assert str(raised.value) == f"{A}: it is screwed on; {A}: no brush"


def test_a_difference_is_judged_by_what_is_desired_in_view_of_what_is_live() -> None:
    class Bending(Shelves):
        def meet(self, desired: Resource, live: Resource) -> Resource:
            return replace(desired, attributes=live.attributes)

    assert difference(creation(Bending()), made(Bending(), A, depth=7)) is None
    assert difference(creation(), made(KEPT, A, depth=7)) == "`depth` is 7 and should be 2"


def test_a_thing_of_which_there_is_to_be_one_is_looked_for_and_told_with_its_maker() -> None:
    session = Keeper()
    result, _ = carried_out(creation(PAIRED), session)
    assert session.asked == ["list p/shelves", f"create {A}", "list p/shelves"]
    assert (result.outcome, result.reason, bool(result.maker)) == (Outcome.APPLIED, "", True)
    assert result.live is not None
    change = update(PAIRED)
    session = there_before(change)
    result, _ = carried_out(change, session)
    assert (result.maker, session.asked[0]) == (None, f"update {A}")


def test_what_there_was_besides_is_told_of_what_is_to_be_there_once() -> None:
    twins = [replace(made(PAIRED, A, depth=2), remote_id=each) for each in "34"]
    result, _ = carried_out(creation(PAIRED), Keeper(*twins))
    assert result.reason == "it is there more than once (IDs 3, 4); --prune removes the newer"


def test_what_is_there_otherwise_and_was_to_be_made_once_is_changed() -> None:
    session = Keeper(made(PAIRED, A, depth=1))
    result, _ = carried_out(creation(PAIRED), session)
    assert (result.outcome, session.writes) == (Outcome.APPLIED, [f"update {A}"])
    assert result.live == made(PAIRED, A, depth=2)


def test_what_fails_after_a_thing_was_made_once_counts_as_made() -> None:
    session = Keeper()
    session.reading = [nothing, failing(of(PermissionDenied))]
    result, _ = carried_out(creation(PAIRED), session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    session = Keeper()
    session.before = [failing(of(PermissionDenied))]
    result, _ = carried_out(creation(PAIRED), session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, False)


def test_the_patience_and_the_repetitions_are_those_of_the_attempt() -> None:
    session = Keeper()
    session.before = [failing(of(OutcomeUnknown))] * 9
    result, waited = carried_out(creation(PAIRED), session, repeats=1)
    assert (result.outcome, len(session.writes), bool(waited)) == (Outcome.FAILED, 2, True)
