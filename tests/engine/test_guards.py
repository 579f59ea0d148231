"""What a plan may not delete at once, and what it remembers of what it saw."""

import hashlib

import pytest
from shelf import ROOT, Shelves, desired, live

from reconciler.engine.fingerprint import fingerprint, fingerprints
from reconciler.engine.guards import check_guards, check_refusals
from reconciler.engine.plan import Plan, build_plan
from reconciler.errors import GuardExceeded, ImmutableField
from reconciler.model import Change, Create, Delete, Secret, Update


class Guarded(Shelves):
    guarded = True


PLAIN, GUARDED = Shelves(), Guarded()


def deletions(plain: int, guarded: int) -> Plan:
    return Plan(
        changes=(
            *(Delete(live(PLAIN, ROOT / "shelves" / f"p{n}")) for n in range(plain)),
            *(Delete(live(GUARDED, ROOT / "shelves" / f"g{n}")) for n in range(guarded)),
            Create(desired(GUARDED, ROOT / "shelves" / "new")),
        )
    )


@pytest.mark.parametrize(
    ("plain", "guarded", "allowed"),
    [(0, 0, 0), (9, 1, None), (10, 0, None), (9, 2, 11), (10, 1, 11), (20, 0, 20), (9, 1, 1)],
)
def test_so_many_deletions_pass(plain: int, guarded: int, allowed: int | None) -> None:
    check_guards(deletions(plain, guarded), allowed)


@pytest.mark.parametrize(
    ("plain", "guarded", "allowed", "told"),
    [
        (0, 2, None, r"would delete 2 domains or senders \(p/shelves/g0, p/shelves/g1\), and 1 is"),
        (11, 0, None, r"would delete 11 objects \(.*p/shelves/p4 and 6 more\), and 10 is"),
        (10, 1, None, "would delete 11 objects"),
        (1, 0, 0, "would delete 1 objects .*, and 0 is the limit"),
        (0, 1, 0, "would delete 1 domains or senders .*, and 0 is the limit"),
        (21, 0, 20, "would delete 21 objects .*, and 20 is the limit"),
        (3, 4, 3, "would delete 4 domains or senders .*say --allow-deletes 7"),
    ],
)
def test_so_many_deletions_do_not(plain: int, guarded: int, allowed: int | None, told: str) -> None:
    with pytest.raises(GuardExceeded, match=told):
        check_guards(deletions(plain, guarded), allowed)


def test_five_names_are_told_without_more() -> None:
    with pytest.raises(GuardExceeded) as raised:
        check_guards(deletions(0, 5))
    assert "p/shelves/g4), and 1 is the limit" in str(raised.value)


def test_refusals_are_all_told() -> None:
    objections = [(ROOT / "shelves" / name, "depth", f"no {name}") for name in ("a", "b")]
    wanted = {address: desired(PLAIN, address, depth=1) for address, _, _ in objections}
    with pytest.raises(ImmutableField) as raised:
        check_refusals(build_plan(desired=wanted, live={}, objections=objections))
    assert str(raised.value) == "p/shelves/a: no a\np/shelves/b: no b"
    check_refusals(Plan())


def test_what_was_seen_is_a_hash_by_field_without_secrets_and_of_a_creation_nothing() -> None:
    a, b = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
    sealed = Secret("a long and secret text").sealed()
    seen = live(PLAIN, a, depth=1, colour=sealed)
    changes: list[Change] = [
        Update(seen, desired(PLAIN, a, depth=2), ()),
        Create(desired(PLAIN, b, depth=1)),
    ]
    found = fingerprints(changes)
    assert found[b] == {}
    assert found[a].keys() == {"depth", "remote_id"}
    assert fingerprint(live(PLAIN, a, depth=2)) != found[a]
    assert fingerprint(live(PLAIN, a, depth=1)) == found[a]
    one, same, other = (
        fingerprint(live(PLAIN, a, depth=value))
        for value in ({"x": 1, "y": 2}, {"y": 2, "x": 1}, {"x": 1, "y": 3})
    )
    assert one == same != other


def test_a_hash_is_the_same_in_every_version_for_plan_files_hold_it() -> None:
    seen = live(PLAIN, ROOT / "shelves" / "a", depth={"b": [1, 2], "a": None}, colour="red")
    found = fingerprint(seen)
    assert found == {
        "colour": hashed('"red"'),
        "depth": hashed('{"a":null,"b":[1,2]}'),
        "remote_id": hashed('"1"'),
    }
    assert list(found) == ["colour", "depth", "remote_id"]


def test_of_a_thing_without_any_field_the_id_was_seen() -> None:
    assert list(fingerprint(live(PLAIN, ROOT / "shelves" / "a"))) == ["remote_id"]


def hashed(canonical: str) -> str:
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]
