"""A plan reads what its selection needs, and says what the services have to say."""

from collections.abc import Callable, Collection, Hashable, Iterable
from dataclasses import replace
from threading import Barrier, BrokenBarrierError
from typing import Any, ClassVar

import pytest
from library import Deed, Keeper, Library, configuration, failing, made, node
from shelf import ROOT, Books, Full, Pruned, Room, Shelves, desired, live, snapshot

from reconciler.engine.plan import Note
from reconciler.engine.refresh import make_plan
from reconciler.engine.selection import Selection
from reconciler.errors import ReadFailed, Unavailable, UsageError
from reconciler.model import Address, Config, Kind, Provider, Resource, Snapshot


class Silver(Full):
    name: ClassVar[str] = "silver"


SHELVES, BOOKS, PRUNED, SILVER = Full(), Books(), Pruned(), Silver()
Q = Address(("q",))
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
OTHER = Q / "shelves" / "a"
DOWN = Unavailable("GET /token", "HTTP 503", status=503)
IDLE = "nothing is declared here, and so nothing was compared"


class Talking(Library):
    """Says what it is given to say, and looks at its silver for that."""

    said: ClassVar[tuple[tuple[Address, str], ...]] = ()
    found_out: ClassVar[tuple[tuple[Address, str, str], ...]] = ()
    objected: ClassVar[tuple[tuple[Address, str, str], ...]] = ()
    consulted: ClassVar[tuple[Kind[Any, Any], ...]] = ()

    def __init__(self, *kinds: Kind[Any, Any], proof: Deed | None = None, **told: Any) -> None:
        super().__init__(*kinds)
        self.__dict__.update(told)
        self.proof = proof
        self.proved: list[tuple[str, Any, list[Kind[Any, Any]]]] = []
        self.saw: dict[str, tuple[Snapshot, Snapshot]] = {}

    def consults(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[Kind[Any, Any]]:
        self.saw[f"consults {provider.name}"] = desired, live
        return self.consulted

    def remarks(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str]]:
        self.saw[f"remarks {provider.name}"] = desired, live
        return self.said

    def objections(
        self, provider: Provider, desired: Snapshot, live: Snapshot
    ) -> Iterable[tuple[Address, str, str]]:
        self.saw[f"objections {provider.name}"] = desired, live
        return self.objected

    def noticed(self, provider: Provider, session: Any) -> Iterable[tuple[Address, str, str]]:
        return self.found_out if session.name == provider.name else ()

    def proofs(
        self, provider: Provider, session: Any, listed: Collection[Kind[Any, Any]]
    ) -> Iterable[Callable[[], object]]:
        self.proved.append((provider.name, session.name, [*listed]))
        return [self.proof] if self.proof else []

    def reach(self, kind: Kind[Any, Any], session: Any) -> Hashable:  # noqa: ARG002
        account: int = session.account
        return account


class Named(Keeper):
    def __init__(self, name: str, *there: Resource, account: int | None = None) -> None:
        super().__init__(*there)
        self.name, self.account = name, account or id(self)


def shelf(address: Address = A, depth: int = 2) -> Resource:
    return desired(SHELVES, address, depth=depth)


def there(address: Address = A, depth: int = 1) -> Resource:
    return made(SHELVES, address, depth=depth)


def config(
    *declared: Resource, service: Library | None = None, names: Iterable[str] = ("shelves",)
) -> Config:
    return configuration(service or Talking(SHELVES), {"p": names}, *declared)


def rooms(*found: Resource) -> dict[str, Named]:
    return {
        name: Named(name, *(each for each in found if each.address.provider == name))
        for name in "pq"
    }


def asked(sessions: dict[str, Named]) -> list[str]:
    return sorted(request for each in sessions.values() for request in each.asked)


def test_a_plan_is_of_what_is_declared_and_live() -> None:
    sessions = rooms(there())
    plan = make_plan(config(shelf(), shelf(B)), sessions)
    assert [f"{each.action} {each.subject.address}" for each in plan.changes] == [
        f"update {A}",
        f"create {B}",
    ]
    assert (plan.config_digest, plan.prune, plan.only, plan.compared) == (
        "sha256:of the configuration",
        False,
        (),
        True,
    )
    assert asked(sessions) == ["list p/shelves"]


def test_a_plan_that_prunes_is_made_and_told_as_one() -> None:
    kind = Pruned()
    stray = live(kind, ROOT / "pruned" / "a")
    found = config(service=Talking(kind), names=["pruned"])
    assert make_plan(found, rooms(stray)).unmanaged == (stray,)
    plan = make_plan(found, rooms(stray), prune=True)
    assert ([each.action for each in plan.changes], plan.prune) == (["delete"], True)


def two_collections(*, names: Iterable[str]) -> Config:
    return config(service=Talking(SHELVES, SILVER), names=names)


def test_what_the_yaml_names_is_listed_and_nothing_else() -> None:
    for names in (["shelves"], ["silver"], ["shelves", "silver"], []):
        sessions = rooms()
        plan = make_plan(two_collections(names=names), sessions)
        assert asked(sessions) == [f"list p/{each}" for each in sorted(names)]
        assert plan.compared is bool(names)


def test_a_kind_that_something_is_declared_of_is_listed_although_no_collection_is_named() -> None:
    sessions = rooms()
    make_plan(config(shelf(), names=[], service=Talking(SHELVES, SILVER)), sessions)
    assert asked(sessions) == ["list p/shelves"]
    both = configuration(Talking(SHELVES), {"p": (), "q": ()}, shelf())
    make_plan(both, sessions)
    assert asked(sessions) == ["list p/shelves"] * 2


def test_a_collection_that_is_there_as_a_mere_name_is_not_listed() -> None:
    found, sessions = two_collections(names=["silver"]), rooms()
    named = replace(found.providers["p"], node=node(shelves=node("a name"), silver=node([])))
    make_plan(replace(found, providers={"p": named}), sessions)
    assert asked(sessions) == ["list p/silver"]


def test_what_stands_below_another_is_listed_only_below_what_is_there() -> None:
    sessions = rooms(there())
    found = config(service=Talking(SHELVES, BOOKS), names=["shelves", "books"])
    make_plan(found, sessions)
    assert asked(sessions) == ["list p/shelves"]
    below = desired(BOOKS, A / "books" / "one")
    make_plan(config(below, service=Talking(SHELVES, BOOKS), names=[]), sessions)
    assert asked(sessions) == ["list p/shelves"]


def test_what_is_selected_is_read_and_nothing_else() -> None:
    found = configuration(
        Talking(SHELVES, SILVER), {"p": ("shelves", "silver"), "q": ("shelves",)}, shelf()
    )
    for pattern, requests in (
        (str(A), ["list p/shelves"]),
        ("p/silver/*", ["list p/silver"]),
        ("p", ["list p/shelves", "list p/silver"]),
        ("q/shelves/*", ["list q/shelves"]),
    ):
        sessions = rooms()
        plan = make_plan(found, sessions, Selection((pattern,)))
        assert (asked(sessions), plan.only) == (requests, (pattern,))


def test_a_pattern_that_met_nothing_is_told() -> None:
    only = Selection(("p/shelves/x",))
    with pytest.raises(UsageError, match="--only p/shelves/x: no address matches"):
        make_plan(config(shelf()), rooms(), only)
    make_plan(config(shelf()), rooms(there(ROOT / "shelves" / "x")), only)
    whole = config(shelf(), desired(SHELVES, ROOT / "shelves" / "x"))
    make_plan(config(shelf()), rooms(), only, whole=whole)
    make_plan(config(shelf()), rooms(), Selection((str(A),)))


def test_what_a_service_and_its_session_have_to_say_is_noted() -> None:
    service = Talking(
        SHELVES,
        said=[(A, "a remark"), (ROOT, "of the account")],
        found_out=[(A, "it is elsewhere", "depth"), (B, "nobody asked for this", "")],
    )
    plan = make_plan(config(shelf(), service=service), rooms(there(depth=2)))
    assert plan.notes == (
        Note(ROOT, "of the account"),
        Note(A, "a remark"),
        Note(A, "it is elsewhere", "depth"),
    )
    assert plan.uncompared == 1


def test_what_a_service_objects_to_is_refused() -> None:
    service = Talking(SHELVES, objected=[(A, "depth", "too many")])
    plan = make_plan(config(shelf(), service=service), rooms(there()))
    assert [(each.name, each.reason) for each in plan.refusals] == [("depth", "too many")]
    assert plan.changes == ()


def test_what_a_service_consults_is_listed_and_seen_and_not_planned() -> None:
    service = Talking(SHELVES, consulted=[SILVER])
    spoon = live(SILVER, ROOT / "silver" / "spoon", "9")
    sessions = rooms(there(), spoon)
    plan = make_plan(config(shelf(), service=service), sessions)
    assert asked(sessions) == ["list p/shelves", "list p/silver"]
    assert (plan.unmanaged, len(plan.changes)) == ((), 1)
    wanted, found = snapshot(shelf()), snapshot(there())
    assert service.saw == {
        "consults p": (wanted, found),
        "remarks p": (wanted, {**found, **snapshot(spoon)}),
        "objections p": (wanted, {**found, **snapshot(spoon)}),
    }


def test_a_provider_of_which_nothing_was_looked_at_says_so() -> None:
    service = Talking(SHELVES)
    found = configuration(service, {"p": (), "q": (), "r": ("shelves",)}, shelf())
    sessions = {**rooms(there(depth=2)), "r": Named("r")}
    plan = make_plan(found, sessions)
    assert plan.notes == (Note(Q, IDLE),)
    assert plan.compared is True
    nothing = make_plan(configuration(service, {"q": ()}), sessions)
    assert (nothing.notes, nothing.compared) == ((Note(Q, IDLE),), False)


def test_something_declared_below_what_is_not_listed_was_compared_all_the_same() -> None:
    below = desired(BOOKS, A / "books" / "one")
    plan = make_plan(config(below, service=Talking(BOOKS), names=[]), rooms())
    assert plan.compared is True
    assert plan.notes == ()


def test_each_token_is_proved_beside_what_is_listed_of_its_provider() -> None:
    service = Talking(SHELVES, SILVER)
    found = configuration(service, {"p": ("shelves", "silver"), "q": ("silver",)})
    make_plan(found, rooms())
    assert service.proved == [("p", "p", [SHELVES, SILVER]), ("q", "q", [SILVER])]
    refusing = Talking(SHELVES, proof=failing(DOWN))
    with pytest.raises(ReadFailed, match="p: GET /token: HTTP 503"):
        make_plan(config(service=refusing, names=[]), rooms())


def test_two_providers_of_one_account_make_one_thing_once() -> None:
    found = configuration(Talking(SHELVES), {"p": (), "q": ()}, shelf(), shelf(OTHER))
    one_account = {name: Named(name, account=1) for name in "pq"}
    plan = make_plan(found, one_account)
    assert [each.subject.needs for each in plan.changes] == [(), (A,)]
    plan = make_plan(found, rooms())
    assert [each.subject.needs for each in plan.changes] == [(), ()]


def test_two_providers_of_one_account_that_disagree_on_what_is_to_be_made_are_refused() -> None:
    found = configuration(Talking(SHELVES), {"p": (), "q": ()}, shelf(), shelf(OTHER, depth=3))
    one_account = {name: Named(name, account=1) for name in "pq"}
    (refusal,) = make_plan(found, one_account).refusals
    assert (refusal.address, refusal.name) == (OTHER, "depth")
    assert make_plan(found, rooms()).refusals == ()


def test_a_plan_counts_its_reads_and_waits_as_it_is_told() -> None:
    kind, told, waited = Shelves(), list[tuple[int, int]](), list[float]()
    room = Room({ROOT: [live(kind, A)]}, {A: [None, live(kind, A, depth=2)]})
    found = config(desired(kind, A, depth=2), service=Library(kind))
    plan = make_plan(
        found,
        {"p": room},
        progress=lambda done, known: told.append((done, known)),
        pause=waited.append,
    )
    assert (plan.changes, waited) == ((), [0.5])
    assert told == [(0, 1), (1, 1), (1, 2), (2, 2)]


def listed_at_once(number: int, patience: float, **options: Any) -> None:
    """List of so many providers, each of which waits so long for the others, or raises."""
    all_began = Barrier(number, timeout=patience)
    sessions = {str(each): Named(str(each)) for each in range(number)}

    def meet() -> None:
        all_began.wait()

    for each in sessions.values():
        each.reading = [meet]
    names = dict.fromkeys(sessions, ("shelves",))
    make_plan(configuration(Talking(SHELVES), names), sessions, **options)


def test_no_more_lists_are_asked_for_at_once_than_there_are_connections() -> None:
    listed_at_once(2, 30, connections=2)
    with pytest.raises(BrokenBarrierError):
        listed_at_once(2, 0.02, connections=1)


def test_unless_it_is_told_otherwise_a_plan_has_eight_connections() -> None:
    listed_at_once(8, 30)
    with pytest.raises(BrokenBarrierError):
        listed_at_once(9, 0.05)
