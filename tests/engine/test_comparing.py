"""What differs between a declaration and a live thing, field by field."""

from dataclasses import replace
from typing import Any

import pytest
from shelf import ROOT, Shelves, desired, live

from reconciler.engine.diff import diff_attributes, unreported
from reconciler.fields import HOST, Field, FieldTable
from reconciler.model import FieldChange, Resource, Secret
from reconciler.source import Location


class Labelled(Shelves):
    fields = FieldTable(
        Field("colour", "colour"),
        Field("depth", "depth"),
        Field("host", "host", HOST),
        Field("key", "key", write_only=True),
    )


KIND = Labelled()
A = ROOT / "shelves" / "a"


def changed(wanted: dict[str, Any], found: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    changes = diff_attributes(desired(KIND, A, **wanted), live(KIND, A, **found))
    return [(each.name, each.before, each.after) for each in changes]


def test_what_is_equal_is_no_change() -> None:
    assert changed({}, {}) == []
    assert changed({"depth": 1, "colour": ["red"]}, {"depth": 1, "colour": ["red"]}) == []


def test_what_differs_is_told_from_what_to_what_by_name() -> None:
    found = changed({"depth": 2, "colour": "blue"}, {"depth": 1, "colour": "red"})
    assert found == [("colour", "red", "blue"), ("depth", 1, 2)]
    assert changed({"depth": 1, "colour": "blue"}, {"depth": 1, "colour": "red"}) == [
        ("colour", "red", "blue")
    ]


def test_many_changes_are_told_by_name_as_well() -> None:
    class Lettered(Shelves):
        fields = FieldTable(*(Field(letter, letter) for letter in "hgfedcba"))

    kind = Lettered()
    wanted, found = (dict.fromkeys("hgfedcba", value) for value in (2, 1))
    changes = diff_attributes(
        Resource(address=A, kind=kind, attributes=wanted),
        Resource(address=A, kind=kind, attributes=found),
    )
    assert "".join(each.name for each in changes) == "abcdefgh"


def test_what_only_one_of_both_names_is_no_change() -> None:
    assert changed({"depth": 1}, {"depth": 1, "colour": "red"}) == []
    assert changed({"depth": 1, "colour": "red"}, {"depth": 1}) == []
    assert changed({"depth": 2, "colour": "red"}, {"depth": 1}) == [("depth", 1, 2)]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}),
        ({"a": 1}, {"b": 1, "c": 2, "d": 3}),
        ({}, {"a": 1}),
        ([1, 2], [2, 1]),
        ([{"a": 1}], [{"a": 2}]),
        ("1", 1),
        (None, ""),
    ],
)
def test_what_differs_anywhere_within_a_field_is_one_change_of_it(wanted: Any, found: Any) -> None:
    assert changed({"depth": wanted}, {"depth": found}) == [("depth", found, wanted)]


def test_all_fields_may_differ_at_once() -> None:
    """Two mappings that share nothing are still told apart by field."""
    wanted, found = ({"colour": a, "depth": b, "host": c} for a, b, c in ("abc", "xyz"))
    assert [each[0] for each in changed(wanted, found)] == ["colour", "depth", "host"]


def test_what_the_service_takes_for_the_same_is_no_change() -> None:
    assert changed({"host": "A.example.com"}, {"host": "a.example.com."}) == []
    assert changed({"host": "b.example.com"}, {"host": "a.example.com"}) != []


def sealed(text: str) -> Any:
    return Secret(text).sealed()


def test_secrets_are_compared_sealed() -> None:
    assert changed({"colour": sealed("a")}, {"colour": sealed("a")}) == []
    assert changed({"colour": sealed("b")}, {"colour": sealed("a")}) == [
        ("colour", sealed("a"), sealed("b"))
    ]
    assert changed({"colour": {"x": sealed("b")}}, {"colour": {"x": sealed("a")}}) == [
        ("colour", {"x": sealed("a")}, {"x": sealed("b")})
    ]


def test_a_secret_beside_other_fields_hides_and_adds_no_change() -> None:
    for secret, others in (("a", 0), ("b", 1)):
        wanted = {"colour": sealed(secret), "depth": 2}
        assert len(changed(wanted, {"colour": sealed("a"), "depth": 2})) == others
        assert len(changed(wanted, {"colour": sealed("a"), "depth": 1})) == others + 1


def test_a_change_says_where_it_is_declared() -> None:
    place, own = Location("esp.yaml", 3), Location("esp.yaml", 4)
    wanted = replace(desired(KIND, A, depth=2, colour="blue"), locations={"": place, "depth": own})
    assert diff_attributes(wanted, live(KIND, A, depth=1, colour="red")) == (
        FieldChange("colour", "red", "blue", place),
        FieldChange("depth", 1, 2, own),
    )


def test_declared_fields_that_are_not_told_are_unreported_unless_they_never_are() -> None:
    wanted = desired(KIND, A, host="h", depth=1, colour="red", key="k")
    assert unreported(wanted, live(KIND, A, depth=2)) == ("colour", "host")
    assert unreported(desired(KIND, A), live(KIND, A, depth=2)) == ()
