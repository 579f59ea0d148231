"""Changes in turn: what depends on what was not made is left, and all else is made."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from threading import Barrier, BrokenBarrierError, Event
from typing import Any, ClassVar

import pytest
from library import Keeper, Kept, KeptBooks, failing, made, nothing
from shelf import ROOT, Shelves, desired

from reconciler.engine.apply import Stop, apply_plan, subtrees
from reconciler.engine.attempt import Result
from reconciler.engine.plan import Plan
from reconciler.errors import AppliedInPart, Interrupted, OutcomeUnknown, PermissionDenied
from reconciler.model import Address, Change, Create, Delete, FieldChange, Update

KEPT, BOOKS = Kept(), KeptBooks()
A, B, C = (ROOT / "shelves" / name for name in "abc")
BOOK, LEAF = A / "books" / "one", A / "books" / "one" / "leaves" / "first"
ELSEWHERE = Address(("q",)) / "shelves" / "a"
DENIED = PermissionDenied("PUT /shelves", "said no")


class Given(Kept):
    """Is there as soon as its parent is."""

    comes_with_parent: ClassVar[bool] = True


def creation(address: Address, *needs: Address, kind: Shelves = KEPT) -> Create:
    return Create(replace(desired(kind, address, depth=2), needs=needs))


def update(address: Address) -> Update:
    fields = (FieldChange("depth", 1, 2),)
    return Update(made(KEPT, address, depth=1), desired(KEPT, address, depth=2), fields)


def deletion(address: Address, *after: Address) -> Delete:
    return Delete(made(KEPT, address), after=after)


def keeper(*changes: Change, failed: Mapping[int, Exception] | None = None) -> Keeper:
    """Return a session with what is live before the changes, of which some writes fail."""
    session = Keeper(*(each.live for each in changes if not isinstance(each, Create)))
    errors = failed or {}
    session.before = [
        failing(errors[number]) if number in errors else nothing for number in range(len(changes))
    ]
    return session


def applied(*changes: Change, session: Keeper, **options: Any) -> list[Result]:
    options = {"repeats": {"p": 0}, "pause": lambda _: None, **options}
    return list(apply_plan(Plan(changes=changes), {"p": session}, **options))


def told(results: Iterable[Result]) -> list[tuple[str, str]]:
    return [(str(each.outcome), each.reason) for each in results]


MADE = ("applied", "")
FAILED = ("failed", str(DENIED))


def depends_on(address: Address) -> tuple[str, str]:
    return "skipped", f"depends on {address}"


def first_fails(*changes: Change) -> list[tuple[str, str]]:
    return told(applied(*changes, session=keeper(*changes, failed={0: DENIED})))


def test_all_changes_are_made_in_the_order_of_the_plan() -> None:
    changes = (creation(A), creation(BOOK), update(LEAF))
    session = keeper(*changes)
    results = applied(*changes, session=session)
    assert [each.change for each in results] == [*changes]
    assert told(results) == [MADE, MADE, MADE]
    assert session.writes == [f"create {A}", f"create {BOOK}", f"update {LEAF}"]


def test_a_deletion_is_made_once_what_it_waits_for_is() -> None:
    for changes in (
        (deletion(LEAF), deletion(BOOK), deletion(A)),
        (creation(B), deletion(A, B)),
        (update(B), deletion(A, B)),
    ):
        assert told(applied(*changes, session=keeper(*changes))) == [MADE] * len(changes)


def test_nothing_is_made_on_what_is_missing_at_whatever_depth() -> None:
    assert first_fails(creation(A), creation(BOOK), update(LEAF)) == [
        FAILED,
        depends_on(A),
        depends_on(BOOK),
    ]
    assert first_fails(creation(A), update(LEAF)) == [FAILED, depends_on(A)]


def test_what_failed_to_change_is_there_and_bears_what_stands_on_it() -> None:
    assert first_fails(update(A), creation(BOOK), update(LEAF)) == [FAILED, MADE, MADE]


def test_a_deletion_waits_for_no_setting_of_what_it_stands_below() -> None:
    assert first_fails(update(A), deletion(BOOK)) == [FAILED, MADE]
    assert first_fails(update(A), deletion(B, A)) == [FAILED, depends_on(A)]


def test_what_comes_with_its_parent_is_there_although_its_creation_failed() -> None:
    given = creation(A, kind=Given())
    assert first_fails(given, creation(BOOK)) == [FAILED, MADE]


def test_what_was_made_in_part_bears_what_stands_on_it() -> None:
    changes = (creation(A), creation(BOOK))
    session = keeper(*changes, failed={0: AppliedInPart(("depth",), {"colour": DENIED})})
    assert [each[0] for each in told(applied(*changes, session=session))] == ["failed", "applied"]


def test_what_is_needed_and_missing_keeps_from_being_made() -> None:
    assert first_fails(creation(A), creation(B, A)) == [FAILED, depends_on(A)]
    assert first_fails(creation(A), creation(B, C)) == [FAILED, MADE]
    assert first_fails(update(A), creation(B, A)) == [FAILED, MADE]


def test_what_still_bears_something_is_not_deleted() -> None:
    assert first_fails(deletion(BOOK), deletion(A)) == [FAILED, depends_on(BOOK)]
    assert first_fails(deletion(LEAF), deletion(BOOK), deletion(A)) == [
        FAILED,
        depends_on(LEAF),
        depends_on(BOOK),
    ]
    assert first_fails(creation(B, A), deletion(A)) == [FAILED, depends_on(B)]


def test_what_others_are_made_for_stays_until_they_are() -> None:
    assert first_fails(creation(B), deletion(A, B)) == [FAILED, depends_on(B)]
    assert first_fails(update(B), deletion(A, B)) == [FAILED, depends_on(B)]
    assert first_fails(creation(C), deletion(A, B)) == [FAILED, MADE]


def test_what_fails_keeps_nothing_beside_it_from_being_made() -> None:
    assert first_fails(creation(A), creation(B)) == [FAILED, MADE]
    assert first_fails(deletion(A), deletion(B)) == [FAILED, MADE]


def test_what_was_skipped_is_as_good_as_missing() -> None:
    assert first_fails(creation(A), creation(B, A), creation(C, B)) == [
        FAILED,
        depends_on(A),
        depends_on(B),
    ]


def test_who_asks_to_stop_has_the_rest_skipped() -> None:
    changes = (update(A), creation(BOOK), deletion(B))
    session, begun, stop = keeper(*changes), list[Change](), Stop()

    def begin(change: Change) -> None:
        begun.append(change)
        stop.event.set()

    results = applied(*changes, session=session, stop=stop, begun=begin, connections=1)
    assert told(results) == [MADE, ("skipped", "interrupted"), ("skipped", "interrupted")]
    assert begun == [changes[0]]
    assert session.writes == [f"update {A}"]


def test_what_depends_on_what_failed_says_so_although_somebody_asked_to_stop() -> None:
    changes = (creation(A), creation(BOOK))
    session, stop = keeper(*changes, failed={0: DENIED}), Stop()
    results = applied(*changes, session=session, stop=stop, begun=lambda _: stop.event.set())
    assert told(results) == [FAILED, depends_on(A)]


def test_each_change_is_told_before_it_is_begun_and_no_other() -> None:
    changes = (creation(A), creation(BOOK))
    session, told_with = keeper(*changes, failed={0: DENIED}), list[tuple[Change, int]]()
    applied(
        *changes, session=session, begun=lambda each: told_with.append((each, len(session.asked)))
    )
    assert told_with == [(changes[0], 0)]


def test_a_bug_is_raised_where_results_are_waited_for() -> None:
    session = keeper(update(A), failed={0: LookupError("bug")})
    with pytest.raises(LookupError, match="bug"):
        applied(update(A), session=session)


def test_each_provider_has_its_own_session_repetitions_and_pause() -> None:
    lost = OutcomeUnknown("PUT /shelves", "no answer")
    changes, waited = (update(A), update(ELSEWHERE)), list[float]()
    rooms = {each.subject.address.provider: keeper(each) for each in changes}
    for session in rooms.values():
        session.before = [failing(lost)] * 9
    results = apply_plan(
        Plan(changes=changes), rooms, repeats={"p": 1, "q": 3}, pause=waited.append
    )
    assert [str(each.outcome) for each in results] == ["failed", "failed"]
    assert {name: len(each.writes) for name, each in rooms.items()} == {"p": 2, "q": 4}
    assert sorted(waited) == [0.5, 0.5, 1.0, 2.0]


def meeting(number: int, patience: float) -> Callable[[Change], None]:
    """Return what waits so long until so many changes are under way at once, or raises."""
    all_began = Barrier(number, timeout=patience)

    def meet(_: Change) -> None:
        all_began.wait()

    return meet


def test_what_does_not_depend_on_each_other_is_made_side_by_side() -> None:
    changes = (update(A), update(B))
    results = applied(*changes, session=keeper(*changes), begun=meeting(2, 30))
    assert told(results) == [MADE, MADE]


def test_no_more_is_made_at_once_than_there_are_connections() -> None:
    changes = (update(A), update(B))
    with pytest.raises(BrokenBarrierError):
        applied(*changes, session=keeper(*changes), begun=meeting(2, 0.02), connections=1)


def test_unless_it_is_told_otherwise_eight_changes_are_made_at_once() -> None:
    for number, patience in ((8, 30), (9, 0.05)):
        changes = [update(ROOT / "shelves" / str(each)) for each in range(number)]
        session, meet = keeper(*changes), meeting(number, patience)
        if number == 8:
            assert told(applied(*changes, session=session, begun=meet)) == [MADE] * 8
        else:
            with pytest.raises(BrokenBarrierError):
                applied(*changes, session=session, begun=meet)


def grouped(*changes: Change) -> list[list[str]]:
    return [[str(each.subject.address) for each in group] for group in subtrees(iter(changes))]


def test_what_stands_on_each_other_is_one_group_in_the_order_of_the_plan() -> None:
    assert subtrees(()) == []
    assert grouped(update(A), update(B)) == [[str(A)], [str(B)]]
    assert grouped(creation(A), creation(B), creation(BOOK)) == [[str(A), str(BOOK)], [str(B)]]
    assert grouped(update(A), update(LEAF)) == [[str(A), str(LEAF)]]
    assert grouped(creation(A), creation(B, A), creation(C, B)) == [[str(A), str(B), str(C)]]
    assert grouped(creation(B), deletion(A, B)) == [[str(B), str(A)]]
    assert grouped(creation(A, C), creation(B, C)) == [[str(A)], [str(B)]]


def test_two_groups_become_one_when_something_stands_on_both() -> None:
    assert grouped(creation(A), creation(B), creation(C, A, B)) == [[str(A), str(B), str(C)]]
    both = (creation(A), creation(B, A), creation(C), creation(BOOK, B, C))
    assert grouped(*both) == [[str(A), str(B), str(C), str(BOOK)]]


def test_a_stop_waits_as_it_is_told_and_ends_at_once_when_it_is_asked_for() -> None:
    class Watched(Event):
        waited: ClassVar[list[float | None]] = []

        def wait(self, timeout: float | None = None) -> bool:
            self.waited.append(timeout)
            return self.is_set()

    event = Watched()
    Stop(event).pause(3.0)
    event.set()
    with pytest.raises(Interrupted, match=r"^interrupted while waiting to try again$"):
        Stop(event).pause(4.0)
    assert event.waited == [3.0, 4.0]
