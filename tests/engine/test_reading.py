"""Reading live state: what came short, contradicts itself or fails never becomes a snapshot."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from shelf import ROOT, Books, Full, Room, Shelves, Silent, desired, live, snapshot

from reconciler.engine.live import Collection, read_again, read_live
from reconciler.errors import NotFound, ReadFailed, Refused, StalePlan, Unavailable
from reconciler.model import Snapshot

SHELVES, BOOKS = Shelves(), Books()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
BOOK = A / "books" / "one"
TOP = [Collection(ROOT, SHELVES)]


def read(room: Room, wanted: Snapshot, **options: Any) -> tuple[Snapshot, list[float]]:
    waited: list[float] = []
    return read_live(wanted, TOP, {"p": room}, pause=waited.append, **options), waited


def test_what_a_list_left_out_is_read_and_nothing_else_is() -> None:
    room = Room(
        {ROOT: [live(SHELVES, A, colour="red"), live(SHELVES, B, colour="red")]},
        {A: [live(SHELVES, A, colour="red", depth=3)]},
    )
    found, waited = read(room, snapshot(desired(SHELVES, A, depth=3), desired(SHELVES, B)))
    assert found[A].attributes == {"colour": "red", "depth": 3}
    assert room.asked == ["list p/shelves", f"read {A}"]
    assert waited == []


def test_what_nothing_declares_is_not_read() -> None:
    room = Room({ROOT: [live(SHELVES, A), live(SHELVES, B)]})
    read(room, snapshot(desired(SHELVES, A)))
    assert room.asked == ["list p/shelves"]


def test_what_a_list_tells_in_full_is_never_read() -> None:
    full = Full()
    room = Room({ROOT: [live(full, A)]})
    read_live(snapshot(desired(full, A, depth=3)), [Collection(ROOT, full)], {"p": room})
    assert room.asked == ["list p/shelves"]


def test_what_a_list_does_not_tell_all_of_is_read_although_no_field_is_left_out() -> None:
    silent = Silent()
    room = Room({ROOT: [live(silent, A, depth=3)]}, {A: [live(silent, A, depth=3)]})
    read_live(snapshot(desired(silent, A, depth=3)), [Collection(ROOT, silent)], {"p": room})
    assert room.asked == ["list p/shelves", f"read {A}"]


def test_below_a_thing_only_the_kinds_that_belong_there_are_listed() -> None:
    room, crooked = Room({ROOT: [live(SHELVES, A)]}), replace(desired(SHELVES, BOOK), parent=A)
    read(room, snapshot(desired(SHELVES, A), crooked))
    assert room.asked == ["list p/shelves"]


def test_what_is_to_be_deleted_is_read_in_full() -> None:
    room = Room({ROOT: [live(SHELVES, A)]}, {A: [live(SHELVES, A, depth=3)]})
    found, _ = read(room, snapshot(desired(SHELVES, A, absent=True)))
    assert found[A].attributes == {"depth": 3}


def test_what_was_listed_and_answers_as_another_is_a_contradiction() -> None:
    room = Room({ROOT: [live(SHELVES, A)]}, {A: [live(SHELVES, B, depth=3)]})
    with pytest.raises(ReadFailed, match="p/shelves/a: it was in the list and then could not be"):
        read(room, snapshot(desired(SHELVES, A, depth=3)))


def test_what_was_listed_and_is_missing_for_a_moment_is_looked_for_again() -> None:
    room = Room({ROOT: [live(SHELVES, A)]}, {A: [None, None, live(SHELVES, A, depth=3)]})
    found, waited = read(room, snapshot(desired(SHELVES, A, depth=3)))
    assert found[A].attributes == {"depth": 3}
    assert waited == [0.5, 1.0]
    assert room.asked.count(f"read {A}") == 3


def test_what_was_listed_and_stays_missing_fails_the_whole() -> None:
    room = Room({ROOT: [live(SHELVES, A)]}, {A: [None]})
    with pytest.raises(ReadFailed, match="it was in the list and then could not be found"):
        read(room, snapshot(desired(SHELVES, A, depth=3)))
    assert room.asked.count(f"read {A}") == 4


def test_each_failed_read_has_its_way_out() -> None:
    gone = Room({ROOT: [live(SHELVES, A)]}, {A: [None]})
    with pytest.raises(ReadFailed, match="If it is being deleted just now, run again in a while"):
        read(gone, snapshot(desired(SHELVES, A, depth=3)))
    with pytest.raises(ReadFailed, match="Check the base URL, and the proxy or gateway"):
        read(Room(missing={ROOT: 1}), {})


def test_what_stands_below_a_thing_may_be_missing_for_a_moment() -> None:
    room = Room({ROOT: [live(SHELVES, A)], A: [live(BOOKS, BOOK)]}, missing={A: 2})
    found, waited = read(room, snapshot(desired(SHELVES, A), desired(BOOKS, BOOK)))
    assert found.keys() == {A, BOOK}
    assert waited == [0.5, 1.0]


def test_what_stands_below_a_thing_and_stays_missing_names_that_thing() -> None:
    room = Room({ROOT: [live(SHELVES, A)]}, missing={A: 99})
    with pytest.raises(ReadFailed, match=r"p/shelves/a: .*it was in the list and then"):
        read(room, snapshot(desired(SHELVES, A), desired(BOOKS, BOOK)))


def test_what_an_account_always_has_is_not_waited_for_when_it_is_missing() -> None:
    room = Room(missing={ROOT: 1})
    with pytest.raises(ReadFailed, match="it is not the service that answers"):
        read(room, snapshot(desired(SHELVES, A)))
    assert room.asked == ["list p/shelves"]


def test_what_stands_below_a_thing_that_nothing_is_declared_below_is_not_read() -> None:
    room = Room({ROOT: [live(SHELVES, A), live(SHELVES, B)]})
    read(room, snapshot(desired(SHELVES, A), desired(SHELVES, B), desired(BOOKS, BOOK)))
    assert sorted(room.asked) == ["list p/shelves", f"list {A}/books"]


def failing(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


DOWN = Unavailable("GET x", "HTTP 503", status=503)


def test_a_provider_that_failed_is_not_asked_again_and_others_are() -> None:
    down, up = Room(failing=failing(DOWN)), Room()
    collections = [Collection(ROOT / f"{n}", SHELVES) for n in range(5)]
    other = type(ROOT)(("q",))
    with pytest.raises(ReadFailed, match="HTTP 503"):
        read_live(
            {},
            [*collections, Collection(other, SHELVES)],
            {"p": down, "q": up},
            connections=1,
        )
    assert len(down.asked) == 1
    assert len(up.asked) == 1


def test_a_refusal_to_go_on_is_told_as_it_is() -> None:
    room = Room(failing=failing(StalePlan("something")))
    with pytest.raises(Refused, match="something"):
        read(room, {})


def test_a_proof_that_fails_fails_the_whole_and_one_without_an_answer_too() -> None:
    def not_there() -> None:
        raise NotFound("GET /server", "not there", status=404)

    with pytest.raises(ReadFailed, match="HTTP 503"):
        read_live({}, [], {}, proofs=[("p", failing(DOWN))])
    with pytest.raises(ReadFailed, match="HTTP 503"):
        read(Room(), {}, proofs=[("p", failing(DOWN))])
    with pytest.raises(ReadFailed, match="it is not the service that answers"):
        read(Room(), {}, proofs=[("p", not_there)])


def test_progress_counts_each_read_once_and_ends_with_all_done() -> None:
    told: list[tuple[int, int]] = []
    room = Room(
        {ROOT: [live(SHELVES, A)], A: [live(BOOKS, BOOK)]},
        {A: [live(SHELVES, A, depth=1)]},
    )
    read(
        room,
        snapshot(desired(SHELVES, A, depth=1), desired(BOOKS, BOOK)),
        progress=lambda done, known: told.append((done, known)),
    )
    assert told == [(0, 1), (1, 1), (1, 3), (2, 3), (3, 3)]


def test_who_reads_again_leaves_out_what_is_gone_and_keeps_the_address_it_was_known_by() -> None:
    room = Room(items={A: [None], B: [live(SHELVES, A, remote_id="7")]})
    found = read_again([live(SHELVES, A), live(SHELVES, B)], {"p": room})
    assert found.keys() == {B}
    assert found[B].address == A
