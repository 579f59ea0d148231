"""What of live things is worth saying, and where: with the smallest service."""

from collections.abc import Iterable
from typing import Any

import pytest
from shelf import ROOT, Shelves, live, snapshot

from reconciler.engine.adopt import Author, Draft, References
from reconciler.fields import UNKNOWN, Field, FieldTable
from reconciler.model import Account, Address, Resource, Secret, Service, Statement
from reconciler.source import Location, Node

SHELVES = ROOT / "shelves"


class Plates(Shelves):
    """What it says of a colour the provider may say once."""

    fields = FieldTable(Field("look.colour", "colour"), Field("depth", "depth"))


class Library(Service):
    name = "library"
    kinds = (Plates(),)
    token_keys = ()
    said_once = {"shelves": ("look",)}  # noqa: RUF012

    def check(self, provider: Any) -> Any: ...
    def proofs(self, provider: Any, session: Any, listed: Any) -> Any: ...
    def prepare_sample(self, provider: Any, mail: Any) -> Any: ...
    def send_sample(self, provider: Any, session: Any, mail: Any) -> Any: ...
    def find_sample(self, provider: Any, session: Any, mail: Any) -> Any: ...
    def fate_of(self, provider: Any, session: Any, sent: Any) -> Any: ...
    def reach(self, kind: Any, session: Any) -> Any: ...
    def connect(self, provider: Any, tokens: Any, connector: Any) -> Any: ...


def unsaid(path: tuple[str, ...]) -> Any:
    return {"colour": "white", "depth": 30}.get(path[-1], UNKNOWN)


def drafted(
    things: Iterable[Resource], *, full: bool = False, said: Node | None = None, **options: Any
) -> Draft:
    place = Location("esp.yaml", 1, 1)
    account = Account("p", said or Node({}, place), place, Library())
    author = Author(lambda _: unsaid, References(lambda name: {"env": name}), full=full)
    return author.draft(
        account, snapshot(*things), options.get("desired", {}), options.get("barred")
    )


def plates(*colours: str, depth: int = 30) -> list[Resource]:
    return [plate(SHELVES / f"s{number}", colour, depth) for number, colour in enumerate(colours)]


def plate(address: Address, colour: str, depth: int = 30) -> Resource:
    fields: dict[str, Any] = {"look.colour": colour, "depth": depth}
    return live(Plates(), address, **fields)


def test_what_goes_without_saying_is_not_said() -> None:
    assert drafted(plates("white", "white")).tree == {"shelves": {"s0": {}, "s1": {}}}


def test_what_does_not_is_said_at_each_thing() -> None:
    assert drafted(plates("white", depth=40)).tree == {"shelves": {"s0": {"depth": 40}}}


def test_what_most_share_is_said_once_and_the_others_are_exceptions() -> None:
    assert drafted(plates("red", "red", "red", "white")).tree == {
        "look": {"colour": "red"},
        "shelves": {"s0": {}, "s1": {}, "s2": {}, "s3": {"look": {"colour": "white"}}},
    }


def test_nothing_is_said_once_that_makes_nothing_shorter() -> None:
    assert "look" not in drafted(plates("red")).tree
    assert "look" not in drafted(plates("red", "blue")).tree
    assert "look" not in drafted(plates("red", "red", "white")).tree


def test_nothing_is_shared_by_one_of_which_it_cannot_be_said() -> None:
    things = plates("red", "red", "red", "red")
    barred = {(things[3].address, "look.colour"): "it glows"}
    found = drafted(things, barred=barred)
    assert "look" not in found.tree
    assert [str(each) for each in found.left_out] == ["`look.colour` of p/shelves/s3: it glows"]
    assert found.notes == {("shelves", "s3"): "without `look.colour`: it glows"}


def test_where_things_are_declared_already_nothing_new_is_said_for_all_of_them() -> None:
    place = Location("esp.yaml", 1, 1)
    entry = Node({}, place)
    collection = Node({"s9": {}}, place, children={"s9": entry}, keys={"s9": place})
    said = Node({}, place, children={"shelves": collection})
    found = drafted(plates("red", "red", "red"), said=said)
    assert found.tree["shelves"]["s0"] == {"look": {"colour": "red"}}


def test_what_the_provider_says_already_is_answered_by_what_is_added() -> None:
    place = Location("esp.yaml", 1, 1)
    colour = Node("red", place)
    look = Node({"colour": "red"}, place, children={"colour": colour})
    found = drafted(plates("white"), said=Node({}, place, children={"look": look}))
    assert found.tree["shelves"]["s0"] == {"look": {"colour": "white"}}


def test_in_full_all_is_said_that_is_known() -> None:
    assert drafted(plates("white"), full=True).tree == {
        "shelves": {"s0": {"look": {"colour": "white"}, "depth": 30}}
    }


def test_what_is_declared_is_not_said_again() -> None:
    one, other = plates("red", "blue")
    found = drafted([one, other], desired={one.address: one})
    assert list(found.tree["shelves"]) == ["s1"]
    assert found.addresses == (other.address,)


def test_a_thing_that_cannot_be_declared_takes_all_that_is_said_of_it_along() -> None:
    things = plates("red")
    found = drafted(things, barred={(things[0].address, ""): "its name is too long"})
    assert found.tree == {}
    assert [str(each) for each in found.left_out] == ["p/shelves/s0: its name is too long"]


def test_of_twins_none_is_declared() -> None:
    (one,) = plates("red")
    twin = plate(Address(one.address.parts, "2"), "red")
    assert [each.address for each in drafted([one, twin]).left_out] == [twin.address]


class Hooks(Shelves):
    fields = FieldTable(Field("password", "password"))

    def stated(self, live: Resource) -> Iterable[Statement]:
        value = {"url": live.address.name, "auth": {"password": live.secrets["password"]}}
        yield Statement(("shelves",), value, is_item=True)


@pytest.mark.parametrize(
    ("one", "other", "names"),
    [
        ("a", "b", ["ESP_HOOK_X_EXAMPLE_COM_PASSWORD", "ESP_HOOK_X_EXAMPLE_COM_PASSWORD_2"]),
        ("a", "a", ["ESP_HOOK_X_EXAMPLE_COM_PASSWORD"]),
    ],
)
def test_each_secret_has_a_name_and_the_same_has_the_same(
    one: str, other: str, names: list[str]
) -> None:
    things = [
        Resource(
            address=SHELVES / f"https://x.example.com/{path}",
            kind=Hooks(),
            secrets={"password": Secret(value)},
        )
        for path, value in (("1", one), ("2", other))
    ]
    references = References(lambda name: {"env": name})
    place = Location("esp.yaml", 1, 1)
    account = Account("p", Node({}, place), place, Library())
    found = Author(lambda _: unsaid, references).draft(account, snapshot(*things), {})
    assert list(references.secrets) == names
    assert [each["auth"]["password"]["env"] for each in found.tree["shelves"]] == [
        names[0],
        names[-1],
    ]
