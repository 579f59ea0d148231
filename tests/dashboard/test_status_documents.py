"""A status document, as it may come from anybody: accepted by the reader as by the schema."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import jsonschema
import pytest
from dashboard_pages import REPOSITORY, example

from reconciler.dashboard.reading import status_of
from reconciler.errors import InvalidReport

SCHEMA = json.loads((REPOSITORY / "schemas" / "status.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TOO_DEEP = json.loads("[" * 11 + "]" * 11)
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 10**16, "", "x", "x" * 4096, "x" * 4097, "2026-11-27T22:50:00Z",
    [], ["x"], TOO_DEEP, {}, {"x": 1}, {"x": {"y": [{"z": None}]}}, [[]] * 1001,
)  # fmt: skip


def places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the path of every value; of a list only its first."""
    yield path
    if isinstance(value, list):
        value = dict(enumerate(value[:1]))
    if isinstance(value, dict):
        for key, each in value.items():
            yield from places(each, (*path, key))


def small() -> Any:
    """Return the example with one of each thing that it has."""
    document = example()
    one = document["providers"][0]
    one["domains"].reverse()
    for name, value in one.items():
        one[name] = value[:1] if isinstance(value, list) else value
    return document | {"providers": [one]}


def may_be_deep(path: tuple[str | int, ...]) -> bool:
    return (path[-3:-2], path[-1]) == (("advanced",), "value") or "fields" in path[:-1]


def changed(path: tuple[str | int, ...], change: Callable[[Any, Any], None]) -> Any:
    document = deepcopy(SMALL)
    holder = document
    for key in path[:-1]:
        holder = holder[key]
    change(holder, path[-1])
    return document


def is_accepted(document: Any) -> bool:
    try:
        status_of(document)
    except InvalidReport:
        return False
    return True


SMALL = small()
PLACES = [each for each in places(SMALL) if each]


def test_the_schema_is_valid_and_takes_the_example() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    VALIDATOR.validate(example())
    assert is_accepted(example())


@pytest.mark.parametrize("odd", ODD, ids=lambda each: repr(each)[:20])
def test_the_reader_takes_what_the_schema_takes_and_nothing_else(odd: Any) -> None:
    told = {}
    for path in PLACES:
        document = changed(path, lambda holder, key: holder.__setitem__(key, odd))
        told[path] = (is_accepted(document), VALIDATOR.is_valid(document))
    differing = {path for path, (ours, theirs) in told.items() if ours != theirs}
    # The schema has no word for how deep a value may be.
    assert differing == {path for path in PLACES if odd == TOO_DEEP and may_be_deep(path)}


def test_a_missing_or_an_unknown_key_is_refused_wherever_it_is() -> None:
    for path in PLACES:
        if isinstance(path[-1], str) and path[-2:-1] not in [("checks",), ("fields",)]:
            without = changed(path, lambda holder, key: holder.pop(key))
            assert not is_accepted(without), path
        beside = changed(
            path, lambda holder, _: holder.update(x=1) if isinstance(holder, dict) else None
        )
        is_open = isinstance(path[-1], int) or path[-2:-1] == ("fields",)
        assert is_accepted(beside) == is_open == VALIDATOR.is_valid(beside), path


REFUSED: dict[str, list[Any]] = {
    "not a status document": [None, [], "x", 1, {}, {"command": "plan", "format_version": "1"}],
    "not of format 1": [{"command": "status"}, {"command": "status", "format_version": 1}],
    "`at` is missing": [{"command": "status", "format_version": "1"}],
}


@pytest.mark.parametrize(
    ("message", "document"), [(text, each) for text, all_ in REFUSED.items() for each in all_]
)
def test_what_is_foreign_is_called_so(message: str, document: Any) -> None:
    with pytest.raises(InvalidReport, match=message):
        status_of(document)


def test_a_message_names_the_place_and_quotes_nothing_that_a_terminal_obeys() -> None:
    document = example()
    document["providers"][1]["domains"][1]["state"] = "\x1b[31mfine"
    with pytest.raises(InvalidReport) as caught:
        status_of(document)
    assert str(caught.value) == (
        "`providers[1].domains[1].state` is none of "
        "verified, unverified, unknown, disabled, missing"
    )
    document["\x1b[31m" + "k" * 500] = 1
    with pytest.raises(InvalidReport) as caught:
        status_of(document)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_two_providers_of_one_name_are_refused() -> None:
    document = example()
    document["providers"][1]["name"] = document["providers"][0]["name"]
    with pytest.raises(InvalidReport, match="names transactional twice"):
        status_of(document)


@pytest.mark.parametrize("at", ["2026-13-27T22:50:00Z", "2026-11-27T22:50:00+02:00", "0000", "x"])
def test_a_time_is_one_in_utc(at: str) -> None:
    with pytest.raises(InvalidReport, match="`at` is no time in UTC"):
        status_of(example() | {"at": at})


def test_of_an_endless_error_the_first_lines_are_told() -> None:
    document = example()
    document["providers"][0]["error"] = "\n".join(f"domain {each}: refused" for each in range(5000))
    errors = status_of(document).providers[0].errors
    assert len(errors) == 21
    assert errors[-1] == "and 4,980 more"
