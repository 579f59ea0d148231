"""The field tables of all kinds: both directions, the whitelist, and when two values are equal."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config import load_schema
from reconciler.fields import FLAG, HOST, TEXT, UNKNOWN, Codec, Field, FieldTable, words
from reconciler.model import Address, Kind, Resource
from reconciler.providers import SERVICES
from reconciler.providers.mailgun.domain_fields import SECONDS, WORD
from reconciler.providers.mailgun.tracking import CLICKS, FOOTER, Tracking

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
HOSTS = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
FORMATS: Mapping[str, st.SearchStrategy[str]] = {
    "hostname": HOSTS,
    "hostname-or-empty": st.just("") | HOSTS,
    # One with a query is shown otherwise than it is sent.
    "uri": HOSTS.map(lambda host: f"https://{host}/a"),
    "uri-or-empty": st.just("") | HOSTS.map(lambda host: f"https://{host}/a"),
}


def resolved(file: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of a schema with its reference replaced by what it refers to."""
    if "$ref" not in schema:
        return schema
    where, _, path = schema["$ref"].partition("#/$defs/")
    home = load_schema(where) if where else file
    return resolved(home, home["$defs"][path])


def values(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return all values that a leaf of the schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = schema.get("type", "string")
    if "boolean" in kinds:
        return st.booleans()
    if kinds == "integer":
        return st.integers(schema["minimum"], schema.get("maximum"))
    return texts(schema)


def texts(schema: Mapping[str, Any]) -> st.SearchStrategy[str]:
    if "format" in schema:
        return FORMATS[schema["format"]]
    if "pattern" in schema and schema["pattern"].startswith("^"):
        return st.from_regex(schema["pattern"].removesuffix("$"), fullmatch=True)
    least, most = schema.get("minLength", 0), min(200, schema.get("maxLength", 200))
    text = st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=most)
    return text.filter(str.strip) if "pattern" in schema else text


HOMES = {
    ("postmark", "server"): "",
    ("postmark", "domains"): "domain",
    ("postmark", "streams"): "stream",
    ("mailgun", "domains"): "domain",
    ("mailgun", "tracking"): "tracking",
}
"""Where a kind's fields stand in its service's schema."""


def leaf(service: str, kind: str, path: str) -> Mapping[str, Any]:
    """Return the schema of a field. Raises KeyError when there is none."""
    file = load_schema(f"{service}.schema.json")
    home = HOMES[service, kind]
    found: Mapping[str, Any] = file["$defs"][home] if home else file
    for key in path.split("."):
        found = resolved(file, found["properties"][key])
    return found


def has_leaf(service: str, kind: str, path: str) -> bool:
    try:
        return bool(leaf(service, kind, path))
    except KeyError:
        return False


ALL = [
    (service.name, kind, field)
    for service in SERVICES.values()
    for kind in service.kinds
    for field in kind.fields
]
NAMED = [
    (service, kind, field)
    for service, kind, field in ALL
    if (service, kind.name) in HOMES and not (field.implied or field.write_only)
]
IN_SCHEMA = [each for each in NAMED if has_leaf(each[0], each[1].name, each[2].ours)]
EVERY = pytest.mark.parametrize(
    ("service", "kind", "field"), IN_SCHEMA, ids=[f"{s}-{k.name}-{f.ours}" for s, k, f in IN_SCHEMA]
)


def answer(field: Field, value: Any) -> dict[str, Any]:
    """Return an answer that holds a value where the field is told."""
    found: Any = value
    for key in reversed(field.theirs.split(".")):
        found = {key: found}
    return dict(found)


@EVERY
@given(data=st.data())
def test_what_is_sent_reads_back_as_it_was(
    service: str, kind: Kind[Any, Any], field: Field, data: st.DataObject
) -> None:
    value = data.draw(values(leaf(service, kind.name, field.ours)))
    sent = kind.fields.encode({field.ours: value})
    # Under its own name it reads back as it was sent; under another one, from where it is told.
    told = answer(field, sent[field.sent_as]) if field.sent_as else sent
    assert kind.fields.decode(told)[field.ours] == value


@EVERY
@given(data=st.data())
def test_a_value_is_the_same_as_itself_and_as_what_reads_back(
    service: str, kind: Kind[Any, Any], field: Field, data: st.DataObject
) -> None:
    schema = leaf(service, kind.name, field.ours)
    value, other = data.draw(values(schema)), data.draw(values(schema))
    assert kind.fields.same(field.ours, value, value)
    if kind.fields.same(field.ours, value, other):
        assert value == other or field.ours == "clicks" or _is_layout(value, other)


def _is_layout(value: Any, other: Any) -> bool:
    """Whether two texts differ in nothing that a service keeps: letter case of hosts, margins."""
    return str(value).strip().lower().rstrip(".") == str(other).strip().lower().rstrip(".")


@pytest.mark.parametrize(
    ("service", "kind"),
    [(service, kind) for service in SERVICES.values() for kind in service.kinds],
)
def test_no_two_fields_of_a_kind_are_read_from_one_place(service: Any, kind: Any) -> None:
    theirs = [field.theirs for field in kind.fields]
    assert len(theirs) == len(set(theirs)), service.name
    assert len({field.ours for field in kind.fields}) == len(theirs)


SECRET = "0b7c3f0e-5a0b-4f3a-9a53-6a5f5cbe3d11"


@given(st.dictionaries(st.text(max_size=8), st.just(SECRET) | st.just([SECRET]), max_size=5))
def test_what_the_table_does_not_name_never_gets_in(unknown: dict[str, Any]) -> None:
    for _, kind, _ in ALL:
        known = {field.theirs.split(".")[0] for field in kind.fields}
        body = {key: value for key, value in unknown.items() if key not in known}
        body |= {"ApiTokens": [SECRET], "smtp_password": SECRET, "Password": SECRET}
        assert SECRET not in str(kind.fields.decode(body))


@pytest.mark.parametrize(("service", "kind", "field"), ALL)
def test_a_field_reads_only_its_own_leaf(service: str, kind: Any, field: Field) -> None:
    neighbours = answer(field, UNKNOWN) | {"ApiTokens": [SECRET]}
    parts = field.theirs.split(".")
    if len(parts) > 1:
        neighbours[parts[0]] = {"secret": SECRET}
    assert SECRET not in str(kind.fields.decode(neighbours)), service


ODD: list[Any] = [
    *(None, True, False, 0, 1, -1, 1.5, float("inf"), float("nan"), 10**400),
    *("", "no such word", [], [1], {}, {"a": 1}, "9" * 5000, "\ud800"),
]


@pytest.mark.parametrize(("service", "kind", "field"), ALL)
@pytest.mark.parametrize("value", ODD, ids=lambda value: str(value)[:12].encode("ascii", "replace"))
def test_an_odd_value_is_of_the_right_type_or_not_reported(
    service: str, kind: Any, field: Field, value: Any
) -> None:
    found = kind.fields.decode(answer(field, value))
    if field.ours not in found or (service, kind, field) not in IN_SCHEMA:
        return
    read = found[field.ours]
    assert type(read) in types_of(leaf(service, kind.name, field.ours))
    if value is None:
        assert not read, "null is at most the empty value, never a word"


def types_of(schema: Mapping[str, Any]) -> set[type]:
    if "enum" in schema:
        # A word that the service has and the schema does not (yet) know is shown as it is.
        return {type(value) for value in schema["enum"]}
    names = {"boolean": bool, "integer": int, "string": str}
    kinds = schema.get("type", "string")
    return {names[each] for each in ([kinds] if isinstance(kinds, str) else kinds) if each in names}


@pytest.mark.parametrize("parent", [None, 5, "x", [], True])
def test_a_section_of_another_shape_is_not_reported(parent: Any) -> None:
    assert Tracking.fields.decode({"open": parent, "click": parent, "unsubscribe": parent}) == {}


def test_null_is_not_the_word_none() -> None:
    links = words(none="None", html_only="HtmlOnly")
    table = FieldTable(Field("links", "TrackLinks", links))
    assert table.decode({"TrackLinks": None}) == {}
    assert table.decode({"TrackLinks": "None"}) == {"links": "none"}
    assert table.decode({"TrackLinks": "hTMLoNLY"}) == {"links": "html_only"}
    assert table.decode({"TrackLinks": "SomethingNew"}) == {"links": "SomethingNew"}


@pytest.mark.parametrize(
    ("codec", "theirs", "ours"),
    [
        (FLAG, "yes", True),
        (FLAG, "NO", False),
        (FLAG, "True", True),
        (TEXT, None, ""),
        (HOST, None, ""),
        (HOST, "pm.example.com.", "pm.example.com"),
        (WORD, "Tag", "tag"),
        (SECONDS, "86400", 86400),
        (SECONDS, 86400.0, 86400),
        (CLICKS, "htmlonly", "html_only"),
        (CLICKS, "HtmlOnly", "html_only"),
        (CLICKS, "yes", True),
        (FOOTER, None, ""),
    ],
)
def test_each_way_of_saying_a_value_is_understood(codec: Codec, theirs: Any, ours: Any) -> None:
    assert codec.read(theirs) == ours


@given(st.text(), st.text(" \t\r\n", max_size=4), st.text(" \n", max_size=4))
def test_footers_are_compared_without_their_margins(text: str, before: str, after: str) -> None:
    assert FOOTER.same(text, before + text + after)
    assert FOOTER.same(before + text + after, text)
    assert not FOOTER.same(text, text + "x")


@pytest.mark.parametrize(
    ("desired", "live", "same"),
    [
        ("html_only", True, True),
        ("html_only", "html_only", True),
        ("html_only", False, False),
        (True, "html_only", False),
        (True, True, True),
        (True, False, False),
        (False, True, False),
        (False, "html_only", False),
    ],
)
def test_html_only_cannot_be_told_from_true_and_says_so(
    desired: Any,
    live: Any,
    same: bool,  # noqa: FBT001
) -> None:
    assert CLICKS.same(desired, live) is same
    kind = Tracking()
    address = Address(("m", "domains", "d.example.com", "tracking"))
    one, other = (
        Resource(address=address, kind=kind, attributes={"clicks": each})
        for each in (desired, live)
    )
    doubts = dict(kind.doubts(one, other))
    assert bool(doubts) is (bool(desired) and live is True)
    assert all(
        "`run set-untold m/domains/d.example.com/tracking` sets it" in text
        for text in doubts.values()
    )


@given(HOSTS)
def test_hosts_are_compared_without_letter_case_and_final_dot(host: str) -> None:
    for one in (host, host.upper(), f"{host}."):
        for other in (host, host.upper(), f"{host}."):
            assert HOST.same(one, other)
    assert not HOST.same(host, f"x{host}")


def test_only_the_named_fields_are_sent() -> None:
    table = FieldTable(Field("a", "A"), Field("b", "B", sent_as="b"), Field("c", "C"))
    attributes = {"a": 1, "b": 2, "c": 3}
    assert table.encode(attributes, ["b"]) == {"b": 2}
    assert table.encode({"c": 3}) == {"C": 3}
    with pytest.raises(KeyError):
        table.encode({"d": 4})


def test_a_missing_key_says_what_the_table_says_it_does() -> None:
    table = FieldTable(Field("a", "A"), Field("b", "B", absent_means=0))
    assert table.decode({}) == {"b": 0}


def test_every_field_has_a_word_in_the_schema_or_is_implied() -> None:
    nameless = [f"{kind.name}: {field.ours}" for _, kind, field in set(NAMED) - set(IN_SCHEMA)]
    assert nameless == []
