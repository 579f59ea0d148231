"""What the laws of both services share."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from reconciler.engine.plandocument import plan_as_document

Json = dict[str, Any]
# A law that is broken takes minutes to be broken by the smallest example.
PATIENCE = pytest.mark.timeout(400)
LAW = settings(
    derandomize=True,
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

PRESENT = st.just("present")


@st.composite
def each_of(draw: st.DrawFn, things: Mapping[Any, st.SearchStrategy[Any]]) -> dict[Any, Any]:
    """Draw most of the things: Hypothesis by itself would leave nearly all of them out."""
    return {name: draw(thing) for name, thing in things.items() if draw(st.integers(0, 2))}


def with_all(
    needed: Mapping[str, st.SearchStrategy[Any]], others: Mapping[str, st.SearchStrategy[Any]]
) -> st.SearchStrategy[Json]:
    return st.tuples(st.fixed_dictionaries(dict(needed)), each_of(others)).map(
        lambda found: found[0] | found[1]
    )


@st.composite
def or_absent(draw: st.DrawFn, declaration: st.SearchStrategy[Json]) -> Json:
    return draw(declaration) if draw(st.integers(0, 3)) else {"ensure": "absent"}


def is_kept(declaration: Json) -> bool:
    return declaration.get("ensure") != "absent"


def reordered(value: Any) -> Any:
    """Turn mappings around, which says the same; a list says its order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    return value


def located_as(plan: Any, other: Any) -> Json:
    """Return the document of a plan with the places of another, which are its text's own."""
    document, places = plan_as_document(plan), plan_as_document(other)

    def moved(one: Any, two: Any, key: str = "") -> Any:
        if key in {"location", "config_digest", "digest"}:
            return two
        if isinstance(one, dict) and isinstance(two, dict):
            return {name: moved(one[name], two.get(name), name) for name in one}
        if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
            return [moved(a, b) for a, b in zip(one, two, strict=True)]
        return one

    moved_document: Json = moved(document, places)
    return moved_document
