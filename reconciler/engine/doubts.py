"""What no plan can compare: said beside the field with a way out, and set by who asks for that."""

from typing import Any

from reconciler.engine.diff import unreported
from reconciler.errors import ReconcileError
from reconciler.model import FieldChange, Performed, Resource, Update

SET_UNTOLD = "set-untold"
"""The action that sets what a plan cannot compare, as the YAML says."""


def doubts_about(desired: Resource, live: Resource) -> dict[str, str]:
    """Return by field what to say of each whose value is not known to be as desired."""
    doubts = {name: _untold(name, desired) for name in unreported(desired, live)}
    return doubts | {name: f"`{name}`: {why}" for name, why in _by_kind(desired, live)}


def set_untold(session: Any, desired: Resource, live: Resource) -> Performed:
    """Set what of a live resource cannot be compared or told apart.

    Raises ReconcileError when there is nothing of it that could be set.
    """
    change = change_of_untold(desired, live)
    if change is None:
        raise ReconcileError(f"{desired.address}: nothing to set; a plan compares all of it")
    live.kind.update(session, change)
    names = ", ".join(f"`{name}`" for name in change.names)
    return Performed(live.kind.read(session, live) or live, f"{names} set as the YAML says")


def change_of_untold(desired: Resource, live: Resource) -> Update | None:
    """Return the change that sets what cannot be compared or told apart, if anything can be set."""
    wanted = desired.kind.meet(desired, live)
    doubted = {name for name, _ in _by_kind(desired, live)}
    # Of what is not even reported, the kind knows whether it could be set at all.
    names = (doubted & set(live.attributes)) | (set(unreported(desired, live)) - doubted)
    fields = tuple(
        FieldChange(name, live.attributes.get(name), wanted.attributes[name], wanted.location(name))
        for name in sorted(names & set(wanted.attributes))
        if not wanted.kind.fields[name].immutable and not wanted.kind.fields[name].write_only
    )
    return Update(live, wanted, fields) if fields else None


def _by_kind(desired: Resource, live: Resource) -> list[tuple[str, str]]:
    return list(desired.kind.doubts(desired, live))


def _untold(name: str, desired: Resource) -> str:
    is_fixed = bool(desired.kind.fields[name].immutable)
    way_out = "" if is_fixed else f"set it by `run {SET_UNTOLD} {desired.address}`, "
    return (
        f"`{name}` is not reported by the service and was not compared; {way_out}look it up in the "
        "service's web console, or leave it out of the YAML"
    )
