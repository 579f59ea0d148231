"""What all that was found comes to: a word, an exit code, and how much was looked at."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from library import Keeper, Kept, KeptBooks, Library, configuration, made
from shelf import ROOT, desired

from reconciler.engine.drift.causes import Base, Cause
from reconciler.engine.drift.verdict import (
    Drift,
    ExitPolicy,
    State,
    Unmanaged,
    exit_code_of,
    find_drift,
)
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.engine.survey import Survey, survey
from reconciler.errors import (
    AuthenticationFailed,
    ReconcileError,
    Unavailable,
    UsageError,
    WrongServer,
)
from reconciler.model import Acceptance, Address, Config, Resource
from reconciler.source import Location

KEPT, BOOKS = Kept(), KeptBooks()
A, B, C = (ROOT / "shelves" / name for name in "abc")
TODAY = date(2026, 11, 27)
DOWN = Unavailable("GET /shelves", "HTTP 503", status=503)
OTHER = Address(("q",))


class Closed(Keeper):
    """A session to which some addresses do not answer, collections and things alike."""

    def __init__(self, closed: dict[Address, ReconcileError], *there: Resource) -> None:
        super().__init__(*there)
        self._closed = closed
        self.refused = 0

    def listed(self, kind: Any, under: Address) -> list[Resource]:
        self._answer(under / kind.name)
        return [each for each in super().listed(kind, under.root) if _is_below(each, under)]

    def read(self, known: Resource) -> Resource | None:
        self._answer(known.address)
        return super().read(known)

    def _answer(self, address: Address) -> None:
        if error := self._closed.get(address):
            self.refused += 1
            raise error


def _is_below(each: Resource, under: Address) -> bool:
    return each.address.parts[:-2] == under.parts


class Terse(Kept):
    """Its list tells less than what is declared."""

    def list(self, session: Any, under: Address) -> Any:
        return [replace(each, attributes={}) for each in session.listed(self, under)]


def config_of(*declared: Resource, kinds: Any = (KEPT,), names: Any = None) -> Config:
    return configuration(Library(*kinds), names or {"p": ["shelves"]}, *declared)


def look(
    config: Config,
    *there: Resource,
    closed: dict[Address, ReconcileError] | None = None,
    selection: Selection = EVERYTHING,
    **sessions: Keeper,
) -> Survey:
    opened = {"p": Closed(closed or {}, *there), **sessions}
    return survey(config, opened, selection, pause=lambda _: None)


def verdict(found: Survey, **options: Any) -> Drift:
    return find_drift(found, **{"today": TODAY} | options)


def state_of(*, drifted: bool, unread: bool, pending: bool, unmanaged: bool) -> State:
    declared, there = [desired(KEPT, A, depth=1)], [made(KEPT, A, depth=1)]
    applied = [desired(KEPT, A, depth=1)]
    closed: dict[Address, ReconcileError] = {}
    if drifted:
        declared.append(desired(KEPT, B, depth=1))
        applied.append(desired(KEPT, B, depth=1))
        there.append(made(KEPT, B, depth=2))
    if pending:
        declared.append(desired(KEPT, C, depth=1))
        there.append(made(KEPT, C, depth=2))
    if unmanaged:
        there.append(made(KEPT, ROOT / "shelves" / "stranger"))
    if unread:
        declared.append(desired(BOOKS, A / "books" / "one"))
        declared[-1] = replace(declared[-1], parent=A)
        closed[A / "books"] = DOWN
    config = config_of(*declared, kinds=(KEPT, BOOKS))
    found = look(config, *there, closed=closed)
    base = Base({each.address: each for each in applied})
    return verdict(found, base=base, unmanaged=Unmanaged.FAIL).state


@pytest.mark.parametrize(
    ("drifted", "unread", "pending", "unmanaged"), list(product([False, True], repeat=4))
)
def test_drift_comes_before_what_was_not_read_and_that_before_what_is_pending(
    *, drifted: bool, unread: bool, pending: bool, unmanaged: bool
) -> None:
    state = state_of(drifted=drifted, unread=unread, pending=pending, unmanaged=unmanaged)
    if drifted or unmanaged:
        assert state is State.DRIFT
    elif unread:
        assert state is State.PARTIAL
    else:
        assert state is (State.PENDING if pending else State.IN_SYNC)


@pytest.mark.parametrize(
    ("state", "codes"),
    [
        (State.IN_SYNC, (0, 0, 0)),
        (State.ERROR, (1, 1, 1)),
        (State.DRIFT, (0, 2, 2)),
        (State.PENDING, (0, 0, 3)),
        (State.PARTIAL, (0, 5, 5)),
    ],
)
def test_each_state_has_its_exit_code(state: State, codes: tuple[int, ...]) -> None:
    policies = (ExitPolicy.NEVER, ExitPolicy.DRIFT, ExitPolicy.ANY)
    assert tuple(exit_code_of(state, each) for each in policies) == codes


@pytest.mark.parametrize(
    ("unmanaged", "state", "told"),
    [
        (Unmanaged.FAIL, State.DRIFT, 1),
        (Unmanaged.WARN, State.IN_SYNC, 1),
        (Unmanaged.IGNORE, State.IN_SYNC, 0),
    ],
)
def test_what_nothing_declares_counts_as_it_was_asked_for(
    unmanaged: Unmanaged, state: State, told: int
) -> None:
    found = verdict(look(config_of(), made(KEPT, A)), unmanaged=unmanaged)
    assert (found.state, len(found.unmanaged)) == (state, told)
    assert found.coverage.objects.unmanaged == told


def test_one_of_a_thousand_that_cannot_be_read_hides_none_of_the_others() -> None:
    terse = Terse()
    names = [ROOT / "shelves" / f"s{number}" for number in range(1000)]
    config = config_of(*(desired(terse, each, depth=1) for each in names), kinds=(terse,))
    there = [made(terse, each, depth=1) for each in names]
    there[7] = made(terse, names[7], depth=2)
    closed: dict[Address, ReconcileError] = {names[500]: DOWN}
    found = verdict(look(config, *there, closed=closed))
    assert found.coverage.objects.managed == 999
    assert (found.coverage.fields.compared, found.coverage.fields.unread) == (999, 1)
    assert [each.address for each in found.unread] == [names[500]]
    assert [each.address for each in found.differences] == [names[7]]
    assert found.state is State.DRIFT
    there[7] = made(terse, names[7], depth=1)
    assert verdict(look(config, *there, closed=closed)).state is State.PARTIAL


def test_where_nothing_can_be_read_nothing_is_known() -> None:
    config = config_of(desired(KEPT, A, depth=1))
    found = verdict(look(config, closed={ROOT / "shelves": DOWN}))
    assert found.state is State.ERROR
    assert found.differences == ()
    assert found.coverage.ratio == 0.0


def test_what_stands_below_something_unread_is_left_out_and_beside_it_is_not() -> None:
    book = replace(desired(BOOKS, A / "books" / "one", depth=1), parent=A)
    config = config_of(desired(KEPT, A), desired(KEPT, B, depth=1), book, kinds=(KEPT, BOOKS))
    found = verdict(look(config, made(KEPT, A), made(KEPT, B), closed={A / "books": DOWN}))
    assert [each.address for each in found.unread] == [A / "books"]
    assert found.differences == ()
    assert [note.address for note in found.notes] == [B]
    assert found.coverage.objects.unreadable == 1


@pytest.mark.parametrize(
    "error",
    [
        AuthenticationFailed("GET /shelves", "HTTP 401", status=401),
        WrongServer("the token reaches another server"),
    ],
)
def test_a_provider_whose_token_is_refused_is_unread_as_a_whole(error: ReconcileError) -> None:
    names = {"p": ["shelves"], "q": ["shelves"]}
    mine, theirs = desired(KEPT, A, depth=1), desired(KEPT, OTHER / "shelves" / "x", depth=1)
    config = config_of(mine, theirs, names=names)
    found = verdict(
        look(config, closed={ROOT / "shelves": error}, q=Keeper(made(KEPT, theirs.address)))
    )
    assert [each.address for each in found.unread] == [ROOT]
    assert found.state is State.PARTIAL


def test_a_provider_that_answers_no_more_is_not_waited_for_a_thousand_times() -> None:
    terse = Terse()
    names = [ROOT / "shelves" / f"s{number:03}" for number in range(300)]
    config = config_of(*(desired(terse, each, depth=1) for each in names), kinds=(terse,))
    closed: dict[Address, ReconcileError] = dict.fromkeys(names, DOWN)
    session = Closed(closed, *(made(terse, each) for each in names))
    found = survey(config, {"p": session}, connections=1, pause=lambda _: None)
    assert len(found.unread) == 300
    assert session.refused == 50
    assert sum("not asked for" in str(each.error) for each in found.unread) == 250


def test_many_that_cannot_be_read_side_by_side_hide_none_of_the_others() -> None:
    terse = Terse()
    names = [ROOT / "shelves" / f"s{number:03}" for number in range(300)]
    config = config_of(*(desired(terse, each, depth=1) for each in names), kinds=(terse,))
    closed: dict[Address, ReconcileError] = dict.fromkeys(names[100:140], DOWN)
    found = verdict(look(config, *(made(terse, each, depth=1) for each in names), closed=closed))
    assert [each.address for each in found.unread] == names[100:140]
    assert found.coverage.objects.managed == 260


def test_what_a_provider_may_declare_that_could_not_be_read_is_not_called_unmanaged() -> None:
    names = {"p": ["shelves"], "q": ["shelves"]}
    config = config_of(desired(KEPT, A, depth=1), names=names)
    there = Keeper(made(KEPT, OTHER / "shelves" / "a"), made(KEPT, OTHER / "shelves" / "stranger"))
    found = verdict(look(config, closed={ROOT / "shelves": DOWN}, q=there))
    assert [str(each.address) for each in found.unmanaged] == ["q/shelves/stranger"]


def test_a_proof_that_fails_makes_the_provider_unread() -> None:
    class Proved(Library):
        def proofs(self, provider: Any, session: Any, listed: Any) -> list[Callable[[], object]]:  # noqa: ARG002
            def fail() -> None:
                raise DOWN

            return [fail]

    config = configuration(Proved(KEPT), {"p": ["shelves"]}, desired(KEPT, A, depth=1))
    assert verdict(look(config, made(KEPT, A, depth=2))).state is State.ERROR


def test_a_selection_that_met_nothing_is_told_unless_something_was_not_read() -> None:
    config, selection = config_of(desired(KEPT, A)), Selection(("p/shelves/zz",))
    with pytest.raises(UsageError, match="no address matches"):
        look(config, selection=selection)
    assert look(config, closed={ROOT / "shelves": DOWN}, selection=selection).is_blind


def test_only_what_was_selected_is_told_and_counted() -> None:
    config = config_of(desired(KEPT, A, depth=1), desired(KEPT, B, depth=1))
    selection = Selection((str(B),))
    found = look(config, made(KEPT, A), made(KEPT, B, depth=3), selection=selection)
    told = verdict(found, selection=selection)
    assert [each.address for each in told.differences] == [B]
    assert told.coverage.objects.managed == 1


def test_coverage_of_nothing_is_whole() -> None:
    coverage = verdict(look(config_of())).coverage
    assert coverage.ratio == 1.0


def test_coverage_counts_what_is_not_told_by_the_service() -> None:
    config = config_of(desired(KEPT, A, depth=1, colour="red"))
    coverage = verdict(look(config, made(KEPT, A, depth=1), made(KEPT, B))).coverage
    assert (coverage.fields.compared, coverage.fields.uncompared) == (1, 1)
    assert coverage.ratio == pytest.approx(2 / 4)


# What is accepted.


def acceptance(address: str, field: str = "", expires: date = TODAY, line: int = 1) -> Acceptance:
    return Acceptance(address, field, "known", expires, Location("accepted-drift.yaml", line, 5))


def accepting(*entries: Acceptance, **options: Any) -> Drift:
    config = config_of(desired(KEPT, A, depth=1, colour="red"), desired(KEPT, C, depth=1))
    there = (made(KEPT, A, depth=2, colour="blue"), made(KEPT, B))
    return verdict(look(config, *there, **options), accepted=entries, unmanaged=Unmanaged.FAIL)


def left(found: Drift) -> list[str]:
    told = [
        f"{each.address}: {each.action} {','.join(field.name for field in each.fields)}"
        for each in found.differences
    ]
    return told + [str(each.address) for each in found.unmanaged]


ALL = [f"{A}: update colour,depth", f"{C}: create depth", str(B)]


def test_without_an_acceptance_all_is_told() -> None:
    assert left(accepting()) == ALL


def test_what_is_accepted_as_a_whole_is_listed_and_not_counted() -> None:
    found = accepting(acceptance("p/shelves/*"))
    assert left(found) == []
    assert (found.state, found.findings) == (State.IN_SYNC, ())
    assert [each.address for each in found.accepted] == [A, B, C]
    assert found.coverage.objects.unmanaged == 1


def test_a_field_that_is_accepted_leaves_the_others() -> None:
    found = accepting(acceptance(str(A), "col*"))
    assert left(found) == [f"{A}: update depth", *ALL[1:]]
    assert [each.what.address for each in found.accepted] == [A]
    assert left(accepting(acceptance(str(A), "*"))) == ALL[1:]


def test_a_field_that_is_accepted_does_not_accept_that_the_thing_is_missing() -> None:
    found = accepting(acceptance(str(C), "depth"))
    assert left(found) == ALL
    assert found.findings == ()


def test_what_is_accepted_up_to_yesterday_counts_again_and_is_a_finding() -> None:
    yesterday = date(2026, 11, 26)
    found = accepting(acceptance("p/*", expires=yesterday))
    assert left(found) == ALL
    (finding,) = found.findings
    assert str(finding).startswith("accepted-drift.yaml:1:5: `p/*`: this expired on 2026-11-26")


def test_what_is_accepted_up_to_today_is_accepted_today() -> None:
    assert left(accepting(acceptance("p/*", expires=TODAY))) == []


def test_an_acceptance_that_matches_nothing_is_a_finding_after_all_was_read() -> None:
    entry = acceptance("p/shelves/zz", line=4)
    (finding,) = accepting(entry).findings
    assert (finding.location.line, finding.rule) == (4, "unmatched-acceptance")
    assert accepting(entry, closed={ROOT / "shelves": DOWN}).findings == ()
    in_part = Selection((str(A),))
    found = look(config_of(desired(KEPT, A)), made(KEPT, A), selection=in_part)
    assert verdict(found, accepted=[entry], selection=in_part).findings == ()


def test_a_pattern_does_not_mean_what_stands_below() -> None:
    assert left(accepting(acceptance("p"), acceptance("p/shelves"))) == ALL


def test_two_acceptances_of_one_difference_are_both_of_use() -> None:
    assert accepting(acceptance("p/*"), acceptance("*/shelves/*", line=2)).findings == ()


def test_an_address_that_looks_like_a_pattern_means_itself() -> None:
    odd = ROOT / "shelves" / "https://x/?a=[1]"
    found = verdict(look(config_of(), made(KEPT, odd)), accepted=[acceptance(str(odd))])
    assert (found.unmanaged, found.findings) == ((), ())


def test_counts_are_of_each_cause() -> None:
    assert accepting().causes == {
        Cause.CONFLICT: 0,
        Cause.DRIFT: 0,
        Cause.UNKNOWN: 2,
        Cause.PENDING: 0,
    }
