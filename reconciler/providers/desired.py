"""From YAML nodes to desired resources, by a kind's field table."""

from collections.abc import Callable, Mapping
from typing import Any

from reconciler.fields import Field
from reconciler.model import Address, Kind, Resource
from reconciler.source import Location, Node, nothing


def located(
    kind: Kind[Any, Any],
    address: Address,
    node: Node,
    place: Location,
    *,
    parent: Address | None = None,
    needs: tuple[Address, ...] = (),
    follows: tuple[Address, ...] = (),
    facts: Mapping[str, Any] = nothing(),
    value: Callable[[Field, Node], Any] = lambda _, found: found.data,
) -> Resource:
    """Return the resource that a node declares: every field that it names, with its place.

    `place` is where the resource itself stands. Fields are found at their dotted path below `node`.
    """
    # Most say nothing but that they are there: there may be thousands of them.
    fields = kind.fields if node.children else ()
    named = {field.ours: found for field in fields if (found := node.at(field.ours))}
    absent = node.text("ensure") == "absent"
    return Resource(
        address=address,
        kind=kind,
        attributes={}
        if absent
        else {name: value(kind.fields[name], found) for name, found in named.items()},
        parent=parent,
        locations={"": place} | {name: found.location for name, found in named.items()},
        absent=absent,
        needs=needs,
        follows=follows,
        facts=facts,
    )


def host_name(name: str) -> str:
    """Return a domain name as both services compare it: lower case, without a final dot."""
    return name.lower().rstrip(".")
