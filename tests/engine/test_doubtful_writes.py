"""A write is tried again when it may have had no effect, and never when it was refused."""

from dataclasses import replace

import pytest
from library import Keeper, Kept, failing, made
from one_change import DOUBTFUL, KEPT, A, carried_out, changes, creation, of, prepared, update

from reconciler.engine.attempt import Outcome
from reconciler.errors import (
    AlreadyExists,
    InvalidRequest,
    OutcomeUnknown,
    PermissionDenied,
    ServiceError,
)
from reconciler.fields import Field, FieldTable


class Glued(Kept):
    fields = FieldTable(Field("depth", "depth", immutable="it is glued"), Field("colour", "colour"))


@pytest.mark.parametrize("error", DOUBTFUL)
@pytest.mark.parametrize("verb", changes())
def test_a_doubtful_write_that_took_effect_is_not_sent_again(
    verb: str, error: type[ServiceError]
) -> None:
    change, session = prepared(verb)
    session.after = [failing(of(error))]
    result, waited = carried_out(change, session)
    assert (result.outcome, waited) == (Outcome.APPLIED, [])
    assert session.writes == [f"{verb} {A}"]
    assert (result.live is None) is (verb == "delete")


def test_after_a_doubtful_write_a_thing_is_confirmed_by_its_id() -> None:
    """Another one may have the same name."""
    change = update()
    session = Keeper(replace(change.live, remote_id="of an older one"), change.live)
    session.after = [failing(of(OutcomeUnknown))]
    result, waited = carried_out(change, session)
    assert (result.outcome, waited) == (Outcome.APPLIED, [])
    assert result.live == made(KEPT, A, depth=2, colour="red")


@pytest.mark.parametrize("error", DOUBTFUL)
@pytest.mark.parametrize("verb", changes())
def test_a_doubtful_write_without_effect_is_sent_again_after_a_growing_while(
    verb: str, error: type[ServiceError]
) -> None:
    change, session = prepared(verb)
    session.before = [failing(of(error))] * 2
    result, waited = carried_out(change, session)
    assert (result.outcome, waited) == (Outcome.APPLIED, [0.5, 1.0])
    assert session.writes == [f"{verb} {A}"] * 3


@pytest.mark.parametrize("error", DOUBTFUL)
@pytest.mark.parametrize("verb", changes())
def test_a_doubtful_write_is_given_up_after_its_repetitions(
    verb: str, error: type[ServiceError]
) -> None:
    change, session = prepared(verb)
    session.before = [failing(of(error))] * 9
    result, waited = carried_out(change, session, repeats=6)
    assert (result.outcome, result.is_made, result.live) == (Outcome.FAILED, False, None)
    assert result.reason == "POST /shelves: said no"
    assert waited == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert len(session.writes) == 7


def test_what_certainly_had_no_effect_is_not_sent_or_read_again() -> None:
    for verb in changes():
        change, session = prepared(verb)
        session.before = [failing(of(PermissionDenied))]
        result, waited = carried_out(change, session)
        assert (result.outcome, result.is_made, waited) == (Outcome.FAILED, False, [])
        assert session.asked == [f"{verb} {A}"]


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_refused_change_of_what_is_there_is_neither_sent_nor_read_again(verb: str) -> None:
    change, session = prepared(verb)
    session.before = [failing(of(InvalidRequest))]
    result, waited = carried_out(change, session)
    assert (result.outcome, result.is_made, waited) == (Outcome.FAILED, False, [])
    assert session.asked == [f"{verb} {A}"]


def test_a_refused_creation_is_looked_for_once_and_not_sent_again() -> None:
    session = Keeper()
    session.before = [failing(of(InvalidRequest))]
    result, waited = carried_out(creation(), session)
    assert (result.outcome, result.is_made, waited) == (Outcome.FAILED, False, [])
    assert session.asked == [f"create {A}", f"read {A}"]


def test_a_refused_creation_that_took_effect_in_part_is_completed() -> None:
    session = Keeper()

    def halve() -> None:
        session.put(made(KEPT, A, depth=1))
        raise of(InvalidRequest)

    session.after = [halve]
    result, waited = carried_out(creation(), session)
    assert (result.outcome, waited) == (Outcome.APPLIED, [0.5])
    assert session.writes == [f"create {A}", f"update {A}"]
    assert result.live == made(KEPT, A, depth=2)


def test_what_was_made_otherwise_meanwhile_and_cannot_be_changed_is_told() -> None:
    session, kind = Keeper(), Glued()

    def another() -> None:
        session.put(made(kind, A, depth=1))
        raise of(AlreadyExists)

    session.before = [another]
    result, _ = carried_out(creation(kind), session)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, False)
    assert result.reason == f"{A}: `depth` cannot be changed from 1 to 2: it is glued"
    assert session.writes == [f"create {A}"]


def test_what_a_bug_raises_is_no_outcome() -> None:
    change, session = prepared("update")
    session.before = [failing(LookupError("bug"))]
    with pytest.raises(LookupError):
        carried_out(change, session)
