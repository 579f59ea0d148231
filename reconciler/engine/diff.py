"""Compare one resource's live attributes with its desired ones."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model import FieldChange, Resource, is_sealed


def diff_attributes(desired: Resource, live: Resource) -> tuple[FieldChange, ...]:
    """Return the fields that the YAML names and that differ, by name.

    A field that the service does not report cannot be compared: see `unreported`.
    """
    named = {name: desired.attributes[name] for name in _comparable(desired, live)}
    found = {name: live.attributes[name] for name in named}
    if named == found:
        return ()
    changed = {name for name in named if is_sealed(named[name]) and named[name] != found[name]}
    changed |= _changed(
        {name: value for name, value in found.items() if not is_sealed(named[name])},
        {name: value for name, value in named.items() if not is_sealed(value)},
    )
    return tuple(
        FieldChange(name, found[name], named[name], desired.location(name))
        for name in sorted(changed)
        if not desired.kind.fields.same(name, named[name], found[name])
    )


def _changed(found: Mapping[str, Any], named: Mapping[str, Any]) -> set[str]:
    if named == found:  # but for what is sealed
        return set()
    from deepdiff import DeepDiff  # noqa: PLC0415 - to load it takes as long as to plan

    # The tree view gives paths, and threshold 0 keeps two dicts that share little from being
    # reported as one changed root.
    tree = DeepDiff(found, named, view="tree", threshold_to_diff_deeper=0)
    return {level.path(output_format="list")[0] for levels in tree.values() for level in levels}


def unreported(desired: Resource, live: Resource) -> tuple[str, ...]:
    """Return the fields that the YAML names and that the live resource does not hold."""
    return tuple(
        name
        for name in sorted(desired.attributes)
        if name not in live.attributes and not desired.kind.fields[name].write_only
    )


def _comparable(desired: Resource, live: Resource) -> Iterator[str]:
    return (name for name in desired.attributes if name in live.attributes)
