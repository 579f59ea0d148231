"""Once all is made, all is looked at once more, and verification asked for once a domain."""

from dataclasses import replace
from threading import Barrier, BrokenBarrierError
from typing import Any, ClassVar

import pytest
from library import Deed, Keeper, Kept, KeptBooks, failing, made, nothing
from shelf import ROOT, Shelves, desired

from reconciler.engine.attempt import Outcome, Result
from reconciler.engine.conclusion import Conclusion
from reconciler.engine.twins import SoleMaker
from reconciler.errors import OutcomeUnknown, PermissionDenied, Unavailable
from reconciler.model import Address, Create, Delete, FieldChange, Resource, Update


class Full(Kept):
    lists_in_full = True


class FullBooks(KeptBooks):
    lists_in_full = True


class Signed(Kept):
    """Stands in the DNS with its colour."""

    dns_fields: ClassVar[frozenset[str]] = frozenset({"colour"})

    def verify(self, session: Keeper, live: Resource) -> Resource:
        checked = replace(live, notes=("verified",))
        session.write("verify", live, lambda: session.put(checked))
        return checked


class SignedBooks(Signed):
    name: ClassVar[str] = "books"
    parent = Signed


class Paired(Full):
    has_twins: ClassVar[bool] = True


KEPT, FULL, SIGNED, PAIRED = Kept(), Full(), Signed(), Paired()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
BOOK = A / "books" / "one"
ELSEWHERE = Address(("q",)) / "shelves" / "a"
DENIED = PermissionDenied("PUT /shelves", "said no")


def created(kind: Shelves, address: Address) -> Result:
    change = Create(desired(kind, address, depth=2))
    return Result(change, Outcome.APPLIED, live=made(kind, address, depth=2))


def updated(kind: Shelves, address: Address, name: str = "depth") -> Result:
    fields = (FieldChange(name, 1, 2),)
    now: dict[str, Any] = {name: 2}
    change = Update(made(kind, address, **{name: 1}), desired(kind, address, **now), fields)
    return Result(change, Outcome.APPLIED, live=made(kind, address, **now))


def deleted(kind: Shelves, address: Address) -> Result:
    return Result(Delete(made(kind, address, depth=1)), Outcome.APPLIED)


def concluded(session: Keeper, *results: Result, **options: Any) -> list[Result]:
    options = {"pause": lambda _: None, **options}
    return Conclusion({"p": session, "q": session}, **options).of(results)


def keeper(*results: Result) -> Keeper:
    """Return a session in which everything is as it was when it was made."""
    return Keeper(*(each.live for each in results if each.live))


def test_what_is_as_it_was_made_stays_made_and_is_told_as_it_is_now() -> None:
    for result in (created(KEPT, A), updated(KEPT, A)):
        session = keeper(result)
        now = made(KEPT, A, depth=2, colour="noted since")
        session.put(now)
        assert concluded(session, result) == [replace(result, live=now)]
        assert session.asked == [f"read {A}"]


def test_what_stays_deleted_has_nothing_live() -> None:
    session = Keeper()
    assert concluded(session, deleted(KEPT, A)) == [deleted(KEPT, A)]
    assert session.asked == [f"read {A}"]


def test_what_is_told_without_a_live_one_stays_without() -> None:
    unknown = replace(created(KEPT, A), live=None)
    assert concluded(Keeper(made(KEPT, A, depth=2)), unknown) == [unknown]


def test_results_come_in_the_order_of_their_addresses() -> None:
    results = [created(KEPT, each) for each in (B, ELSEWHERE, A)]
    failed = replace(created(KEPT, ROOT / "shelves" / "ab"), outcome=Outcome.FAILED)
    found = concluded(keeper(*results), *results, failed)
    assert [str(each.change.subject.address) for each in found] == [
        str(A),
        "p/shelves/ab",
        str(B),
        str(ELSEWHERE),
    ]


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.APPLIED])
def test_what_was_not_made_is_not_looked_at_and_told_as_it_was(outcome: Outcome) -> None:
    result = replace(created(SIGNED, A), outcome=outcome, reason="a reason")
    session = Keeper()
    assert concluded(session, result) == [result]
    assert session.asked == []


def overtaken(result: Result, *there: Resource) -> str:
    (found,) = concluded(Keeper(*there), result)
    assert (found.outcome, found.change) == (Outcome.OVERTAKEN, result.change)
    return found.reason


def test_what_another_writer_changed_since_is_overtaken() -> None:
    changed = made(KEPT, A, depth=3)
    assert overtaken(updated(KEPT, A), changed) == (
        "changed by another writer since: `depth` is 3 and should be 2"
    )
    assert overtaken(created(KEPT, A)) == ("changed by another writer since: it cannot be found")
    assert overtaken(deleted(KEPT, A), made(KEPT, A)) == (
        "changed by another writer since: it is still there"
    )


def test_what_stands_elsewhere_is_not_taken_for_it() -> None:
    reason = "changed by another writer since: it cannot be found"
    assert overtaken(created(FULL, A), made(FULL, B, depth=2)) == reason
    only_a_twin = replace(made(FULL, A, depth=2), address=Address(A.parts, "9"))
    assert overtaken(created(FULL, A), only_a_twin) == reason


def test_a_deletion_of_a_twin_is_not_undone_by_those_that_stay() -> None:
    twin = Address(A.parts, "9")
    result = Result(Delete(replace(made(FULL, twin), remote_id="9")), Outcome.APPLIED)
    oldest = replace(made(FULL, A), remote_id="3")
    for left in ([oldest], [oldest, replace(oldest, remote_id="4")]):
        assert concluded(Keeper(*left), result) == [result]
    (found,) = concluded(Keeper(oldest, replace(oldest, remote_id="9")), result)
    assert found.reason == "changed by another writer since: it is still there"


def test_a_thing_that_is_read_by_itself_is_looked_at_by_its_id() -> None:
    """Another one may have the same name by now."""
    older = replace(made(KEPT, A, depth=1), remote_id="of another")
    deletion = Delete(made(KEPT, A, depth=1), desired(KEPT, A, absent=True))
    for result in (Result(deletion, Outcome.APPLIED), updated(KEPT, A)):
        session = Keeper(older, *([result.live] if result.live else []))
        assert concluded(session, result) == [result]


def test_what_is_listed_in_full_is_listed_once_a_collection_and_all_else_is_read() -> None:
    results = [created(FULL, each) for each in (A, B, ELSEWHERE)]
    results += [created(FullBooks(), BOOK), created(KEPT, ROOT / "shelves" / "c")]
    session = keeper(*results)
    found = concluded(session, *results)
    assert {each.outcome for each in found} == {Outcome.APPLIED}
    assert sorted(session.asked) == [
        "list p/shelves",
        "list q/shelves",
        "read p/shelves/a/books/one",
        "read p/shelves/c",
    ]


def test_what_cannot_be_looked_at_again_stays_made_and_says_so() -> None:
    remarked = replace(created(FULL, A), reason="a remark")
    others = [created(FULL, B), created(KEPT, ELSEWHERE)]
    failed = replace(created(FULL, ROOT / "shelves" / "c"), outcome=Outcome.FAILED, reason="no")
    session, other = keeper(remarked, others[0]), keeper(others[1])
    session.reading = [failing(Unavailable("GET /shelves", "HTTP 503", status=503))]
    found = Conclusion({"p": session, "q": other}, lambda _: None).of([remarked, *others, failed])
    fact = "it could not be looked at again: p: GET /shelves: HTTP 503"
    assert [(str(each.outcome), each.reason) for each in found] == [
        ("applied", f"a remark; {fact}"),
        ("applied", fact),
        ("failed", "no"),
        ("applied", ""),
    ]
    assert found[0].live == remarked.live


def meeting(patience: float) -> Deed:
    """Return what waits so long until two do it at once, or raises."""
    both = Barrier(2, timeout=patience)

    def meet() -> None:
        both.wait()

    return meet


@pytest.mark.parametrize(("kind", "other"), [(KEPT, KEPT), (FULL, PAIRED), (SIGNED, SIGNED)])
def test_so_much_is_asked_for_at_once_as_there_are_connections(
    kind: Shelves, other: Shelves
) -> None:
    """Of the last two it is the verification that is."""
    results = [created(kind, A), created(other, B)]
    for connections, patience in ((2, 30), (1, 0.02)):
        session = keeper(*results)
        (session.before if kind == SIGNED else session.reading)[:] = [meeting(patience)] * 2
        if connections == 2:
            assert len(concluded(session, *results, connections=2)) == 2
        else:
            with pytest.raises(BrokenBarrierError):
                concluded(session, *results, connections=1)


def test_unless_it_is_told_otherwise_it_has_eight_connections() -> None:
    assert Conclusion({}, lambda _: None).connections == 8


def sole(session: Keeper, **state: Any) -> Result:
    """Return the creation of what is to be there once, as the maker with this state left it."""
    result = created(PAIRED, A)
    maker = SoleMaker(result.change.subject, session, 0, lambda _: None, **state)
    return replace(result, maker=maker, reason="what it said before")


def paired(remote_id: str, twin: str = "", **fields: Any) -> Resource:
    found = made(PAIRED, Address(A.parts, twin), **(fields or {"depth": 2}))
    return replace(found, remote_id=remote_id)


def test_a_thing_that_is_there_once_is_told_as_it_is_now() -> None:
    session = Keeper(paired("3"))
    (found,) = concluded(session, sole(session, made={"3"}))
    assert (found.outcome, found.reason, found.live) == (Outcome.APPLIED, "", paired("3"))
    assert session.asked == ["list p/shelves"]


def test_a_twin_of_ours_that_shows_only_now_goes_and_is_told() -> None:
    session = Keeper(paired("3"), paired("9"))
    (found,) = concluded(session, sole(session, made={"9"}))
    assert (found.outcome, found.live) == (Outcome.APPLIED, paired("3"))
    assert found.reason == (
        "it was made twice at the same time: the first one (ID 3) stays, ours (ID 9) was removed"
    )
    assert [each.split()[0] for each in session.writes] == ["delete"]


def test_a_late_effect_is_waited_for_as_long_as_the_kind_takes_if_an_answer_was_lost() -> None:
    for is_lost, seconds in ((True, 15), (False, 0)):
        session, waited = Keeper(paired("3")), list[float]()
        result = sole(session, is_answer_lost=is_lost)
        assert result.maker is not None
        concluded(session, replace(result, maker=replace(result.maker, pause=waited.append)))
        assert seconds <= sum(waited) < seconds + 5
        assert len(session.asked) == 1 + is_lost + len(waited)


def test_where_there_are_two_already_no_late_effect_is_waited_for() -> None:
    session = Keeper(paired("3"), paired("9"))
    concluded(session, sole(session, is_answer_lost=True))
    assert session.asked.count("list p/shelves") == 1


def test_a_late_effect_of_a_lost_request_is_ours_and_goes() -> None:
    session = Keeper(paired("3"))
    session.reading = [nothing, nothing, lambda: session.put(paired("9"))]
    result = sole(session, is_answer_lost=True)
    (found,) = concluded(session, result)
    assert (found.outcome, found.live) == (Outcome.APPLIED, paired("3"))
    assert [str(each.remote_id) for each in session.there] == ["3"]


def test_a_thing_that_is_to_be_there_once_and_was_changed_or_taken_since_is_overtaken() -> None:
    session = Keeper(paired("3", depth=7))
    (found,) = concluded(session, sole(session))
    assert (found.outcome, found.reason) == (
        Outcome.OVERTAKEN,
        "changed by another writer since: `depth` is 7 and should be 2",
    )
    session = Keeper(paired("3"))
    session.take(paired("3"))
    (found,) = concluded(session, sole(session))
    assert (found.outcome, found.reason) == (
        Outcome.OVERTAKEN,
        f"{A}: read again after the change, it is not there",
    )


def verified(*results: Result, session: Keeper | None = None) -> list[str]:
    session = session or keeper(*results)
    concluded(session, *results)
    return sorted(session.writes)


def test_who_creates_or_changes_what_stands_in_the_dns_has_it_verified() -> None:
    assert verified(created(SIGNED, A)) == [f"verify {A}"]
    assert verified(updated(SIGNED, A, "colour")) == [f"verify {A}"]
    assert verified(updated(SIGNED, A, "depth")) == []
    assert verified(deleted(SIGNED, A)) == []


def test_what_was_overtaken_or_is_not_known_is_not_verified() -> None:
    assert verified(created(SIGNED, A), session=Keeper()) == []
    unknown = replace(created(SIGNED, A), live=None)
    assert verified(unknown, session=Keeper(made(SIGNED, A, depth=2))) == []


def test_the_result_is_told_as_the_verification_leaves_it() -> None:
    result = created(SIGNED, A)
    (found,) = concluded(keeper(result), result)
    assert found.live is not None
    assert (found.outcome, found.live.notes) == (Outcome.APPLIED, ("verified",))


def test_what_changed_in_several_parts_is_verified_once_and_each_provider_by_itself() -> None:
    books = SignedBooks()
    one, two = created(books, BOOK), created(books, A / "books" / "two")
    assert verified(one, two) == [f"verify {BOOK}"]
    assert verified(created(SIGNED, A), two, one) == [f"verify {A}"]
    assert verified(created(SIGNED, ELSEWHERE), created(SIGNED, A), created(SIGNED, B)) == [
        f"verify {A}",
        f"verify {B}",
        f"verify {ELSEWHERE}",
    ]


def test_each_result_keeps_its_own_verification() -> None:
    results = [created(SIGNED, A), created(KEPT, ROOT / "shelves" / "ab"), created(SIGNED, B)]
    found = concluded(keeper(*results), *results)
    assert [(each.live and each.live.notes) for each in found] == [
        ("verified",),
        (),
        ("verified",),
    ]
    assert [each.change for each in found] == [each.change for each in results]


def test_what_cannot_be_verified_stays_made_and_says_so() -> None:
    result = replace(created(SIGNED, A), reason="a remark")
    session = keeper(result)
    session.before = [failing(DENIED)]
    (found,) = concluded(session, result)
    assert (found.outcome, found.live) == (Outcome.APPLIED, result.live)
    assert found.reason == ("a remark; verification could not be asked for: PUT /shelves: said no")


@pytest.mark.parametrize("reading", [True, False])
def test_a_bug_is_no_outcome(reading: bool) -> None:  # noqa: FBT001
    result = created(SIGNED, A)
    session = keeper(result)
    bugs: list[Deed] = [failing(LookupError("bug"))]
    session.reading, session.before = (bugs, []) if reading else ([], bugs)
    with pytest.raises(LookupError):
        concluded(session, result)


@pytest.mark.parametrize("took_effect", [True, False])
def test_a_surplus_one_whose_deletion_is_doubtful_is_told_as_it_is(took_effect: bool) -> None:  # noqa: FBT001
    session = Keeper(paired("3"), paired("9"))
    lost = [failing(OutcomeUnknown("DELETE /shelves", "no answer"))]
    session.before, session.after = ([], lost) if took_effect else (lost, [])
    (found,) = concluded(session, sole(session, made={"9"}))
    if took_effect:
        assert (found.outcome, found.live) == (Outcome.APPLIED, paired("3"))
        assert "ours (ID 9) was removed" in found.reason
    else:
        assert found.outcome is Outcome.OVERTAKEN
        assert "ours (ID 9) is there as well, and could not be removed" in found.reason
