"""Making a thing of which there is to be one: whose are the others, and which of them goes."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from shelf import ROOT, Shelves, desired, live

from reconciler.engine.twins import SoleMaker, told_apart
from reconciler.errors import AlreadyExists, NotConverged, OutcomeUnknown
from reconciler.model import Address, Resource, Update

A = ROOT / "shelves" / "a"


class Stock:
    """What is live, and what happens while somebody makes one more."""

    def __init__(self, *there: Resource) -> None:
        self.there = list(there)
        self.answers: list[Any] = []
        self.made: list[str] = []
        self.deleted: list[str] = []


class Stocked(Shelves):
    def list(self, session: Stock, under: Address) -> Iterable[Resource]:  # noqa: ARG002
        return list(session.there)

    def create(self, session: Stock, desired: Resource) -> Resource:
        answer = session.answers.pop(0)
        session.made.append(str(answer))
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(session, desired)  # type: ignore[no-any-return]
        made = live(self, desired.address, remote_id=answer, **desired.attributes)
        session.there.append(made)
        return made

    def delete(self, session: Stock, live: Resource) -> None:
        session.deleted.append(str(live.remote_id))
        session.there.remove(live)


KIND = Stocked()
LOST = OutcomeUnknown("POST /shelves", "no answer")


def one(remote_id: str, **fields: Any) -> Resource:
    return live(KIND, A, remote_id=remote_id, **(fields or {"depth": 1}))


def maker(stock: Stock, repeats: int = 2) -> SoleMaker:
    return SoleMaker(desired(KIND, A, depth=1), stock, repeats, lambda _: None)


def unchanged(left: Update) -> Resource | None:
    raise AssertionError(f"nothing is left to do, and not {left.names}")


def test_what_is_there_already_is_not_made_again() -> None:
    stock = Stock(one("3"))
    found = maker(stock).make(unchanged)
    assert found == one("3")
    assert stock.made == []


def test_what_is_there_otherwise_is_left_to_who_can_change_it() -> None:
    stock, left = Stock(one("3", depth=2)), list[Update]()

    def otherwise(update: Update) -> None:
        left.append(update)

    assert maker(stock).make(otherwise) is None
    assert [each.names for each in left] == [("depth",)]


def test_what_stands_elsewhere_is_not_taken_for_it() -> None:
    stock = Stock(live(KIND, ROOT / "shelves" / "b", remote_id="1", depth=1))
    stock.answers = ["5"]
    found = maker(stock).make(unchanged)
    assert found is not None
    assert found.remote_id == "5"


def first_comes_another(session: Stock, wanted: Resource) -> Resource:
    session.there += [one("9"), one("10")]
    return one("10", **wanted.attributes)


def test_of_two_made_at_once_the_older_stays_and_ours_goes() -> None:
    stock = Stock()
    stock.answers = [first_comes_another]
    sole = maker(stock)
    found = sole.make(unchanged)
    assert (found, stock.deleted) == (one("9"), ["10"])
    assert sole.remark == (
        "it was made twice at the same time: the first one (ID 9) stays, ours (ID 10) was removed"
    )


def test_the_younger_one_of_somebody_else_is_left_and_told_with_both_ids() -> None:
    stock = Stock(one("4"), one("5"))
    sole = maker(stock)
    assert sole.make(unchanged) == one("4")
    assert stock.deleted == []
    assert sole.remark == "it is there more than once (IDs 4, 5); --prune removes the newer"


def lost_with(*effects: Resource) -> Any:
    def effect(session: Stock, _: Resource) -> Resource:
        session.there += effects
        raise LOST

    return effect


def test_after_a_lost_answer_a_new_one_that_is_as_sent_is_ours() -> None:
    stock = Stock()
    stock.answers = [lost_with(one("7"), one("8"))]
    assert maker(stock).make(unchanged) == one("7")
    assert stock.deleted == ["8"]


@pytest.mark.parametrize("fields", [{"depth": 2}, {"depth": 1, "colour": "red"}])
def test_after_a_lost_answer_one_that_is_not_as_sent_is_somebody_elses(
    fields: dict[str, Any],
) -> None:
    stock = Stock()
    stock.answers = [lost_with(one("7"), one("8", **fields))]
    sole = maker(stock)
    assert sole.make(unchanged) == one("7")
    assert stock.deleted == []
    assert "IDs 7, 8" in sole.remark


def test_one_that_was_there_before_is_never_ours_whatever_was_lost() -> None:
    stock = Stock(one("7"), one("8"))
    sole = maker(stock)
    sole.make(unchanged)
    sole.is_answer_lost = True
    assert sole.settle(list(stock.there), unchanged) == one("7")
    assert stock.deleted == []


def test_without_a_lost_answer_a_twin_as_sent_is_somebody_elses() -> None:
    stock = Stock()
    stock.answers = ["7"]
    sole = maker(stock)
    sole.make(unchanged)
    stock.there.append(one("8"))
    assert sole.settle(list(stock.there), unchanged) == one("7")
    assert stock.deleted == []


def test_a_request_that_was_lost_without_effect_is_sent_again_as_often_as_is_allowed() -> None:
    stock = Stock()
    stock.answers = [LOST, LOST, "7"]
    assert maker(stock).make(unchanged) == one("7")
    stock = Stock()
    stock.answers = [LOST, LOST, "7"]
    with pytest.raises(OutcomeUnknown):
        maker(stock, repeats=1).make(unchanged)
    assert len(stock.made) == 2


def test_who_hears_that_it_exists_takes_what_is_there_or_tells_what_was_said() -> None:
    exists = AlreadyExists("POST /shelves", "taken", status=422)

    def by_another(session: Stock, _: Resource) -> Resource:
        session.there.append(one("7"))
        raise exists

    stock = Stock()
    stock.answers = [by_another]
    assert maker(stock).make(unchanged) == one("7")
    stock = Stock()
    stock.answers = [exists]
    with pytest.raises(AlreadyExists):
        maker(stock).make(unchanged)


def test_what_was_made_and_is_not_there_in_the_end_has_not_converged() -> None:
    stock = Stock()
    stock.answers = [lambda _session, wanted: one("7", **wanted.attributes)]
    with pytest.raises(NotConverged, match="read again after the change, it is not there"):
        maker(stock).make(unchanged)


def test_the_last_look_waits_for_a_late_effect_only_if_an_answer_was_lost() -> None:
    stock, waited = Stock(one("7")), list[float]()
    sole = replace(maker(stock), pause=waited.append)
    assert sole.look_again(iter([1.0, 2.0])) == [one("7")]
    assert waited == []

    def late(_: float) -> None:
        waited.append(1.0)
        stock.there.append(one("8"))

    sole = replace(maker(stock), pause=late, is_answer_lost=True)
    assert len(sole.look_again(iter([1.0, 2.0]))) == 2
    assert waited == [1.0]


def test_the_oldest_is_told_by_its_id_as_a_number_and_keeps_the_address() -> None:
    ids = [(each.remote_id, each.address.twin) for each in told_apart([one("10"), one("9")])]
    assert ids == [("9", ""), ("10", "10")]
    elsewhere = live(KIND, ROOT / "shelves" / "b", remote_id="1")
    assert told_apart([one("10"), elsewhere]) == [one("10"), elsewhere]


@pytest.mark.parametrize("is_lost", [True, False])
def test_what_was_asked_for_is_waited_for_and_not_asked_for_again(is_lost: bool) -> None:  # noqa: FBT001
    stock, waited = Stock(), list[float]()
    stock.answers = [LOST if is_lost else lambda *_: one("7")]

    def pause(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 2:
            stock.there.append(one("7"))

    assert replace(maker(stock), pause=pause).make(unchanged) == one("7")
    assert (len(stock.made), len(waited)) == (1, 2)


def test_ours_is_waited_for_although_another_is_there_and_nothing_is_once_it_is() -> None:
    stock, waited = Stock(), list[float]()

    def first_another(session: Stock, _: Resource) -> Resource:
        session.there.append(one("6"))
        return one("7")

    def pause(seconds: float) -> None:
        waited.append(seconds)
        stock.there.append(one("7"))

    stock.answers = [first_another]
    assert replace(maker(stock), pause=pause).make(unchanged) == one("6")
    assert (stock.deleted, len(waited)) == (["7"], 1)
    stock = Stock()
    stock.answers = ["8"]
    replace(maker(stock), pause=pause).make(unchanged)
    assert len(waited) == 1
