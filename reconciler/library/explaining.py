"""Explain one address or kind: what the YAML wants and why, what is live, what a plan would do."""

import glob
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.config.description import place_at
from reconciler.engine.explanation import Explanation, FieldFacts
from reconciler.engine.plan import Plan
from reconciler.engine.selection import Selection, did_you_mean
from reconciler.errors import UsageError
from reconciler.fields import UNKNOWN, Field
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.model import (
    Address,
    Config,
    FieldChange,
    Kind,
    Resource,
    Secret,
    Service,
    as_text,
)
from reconciler.providers import SERVICES
from reconciler.source import Location


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be explained: of a declared thing, or of a kind, all fields or one."""

    service: Service
    kind: Kind[Any, Any]
    desired: Resource | None = None
    field: str = ""

    @property
    def address(self) -> Address:
        """The thing's, or that of any thing of its kind."""
        if self.desired:
            return self.desired.address
        name, above = self.kind.name, self.kind.parent
        return Address(("*", above.name, "*", name) if above else ("*", name, "*"))

    def fields(self) -> Iterator[Field]:
        for each in self.kind.fields:
            is_meant = not self.field or f"{each.ours}.".startswith(f"{self.field}.")
            if is_meant and not each.implied:
                yield each


def is_of_a_kind(words: str) -> bool:
    """Whether words name a kind, for which no configuration is needed."""
    service, _, _ = words.partition(".")
    return service in SERVICES


def kinds() -> dict[str, Target]:
    """Return, by `SERVICE.KIND`, the kinds that can be explained."""
    return {
        f"{service.name}.{kind.name}": Target(service, kind)
        for service in SERVICES.values()
        for kind in service.kinds
        if not kind.is_implied
    }


def target_of(words: str, config: Config | None = None) -> Target:
    """Find what `ADDRESS`, `SERVICE.KIND`, or one of them and `.FIELD`, means.

    Raises UsageError, with the nearest name, for what is none of these.
    """
    targets = kinds()
    for address, desired in config.desired.items() if config else ():
        if config and not desired.kind.is_implied:
            service = config.providers[address.provider].service
            targets[str(address)] = Target(service, desired.kind, desired)
    for name in sorted(targets, key=len, reverse=True):
        if words == name:
            return targets[name]
        if words.startswith(f"{name}."):
            return _with_field(targets[name], words.removeprefix(f"{name}."), words)
    raise UsageError(
        f"{words}: neither a declared address nor a kind{_what_there_is(words, targets)}"
    )


def _what_there_is(words: str, targets: Mapping[str, Target]) -> str:
    """Return the nearest name, or else the kinds, those of one service if it is named."""
    service, _, kind = words.partition(".")
    own = [each.kind.name for each in kinds().values() if each.service.name == service]
    if not own:
        return did_you_mean(words, targets) or f"; the kinds are {', '.join(kinds())}"
    near = did_you_mean(kind, own).replace("`", f"`{service}.", 1)
    return near or f"; the kinds of {service} are {', '.join(own)}"


def _with_field(target: Target, field: str, words: str) -> Target:
    found = replace(target, field=field)
    if not any(found.fields()):
        names = [each.ours for each in target.fields()]
        hint = did_you_mean(field, names) or f"; there are {', '.join(names)}"
        raise UsageError(f"{words}: there is no field `{field}`{hint}")
    return found


def explain(
    words: str, config: Config | None = None, options: Options | None = None
) -> Explanation:
    """Return what is known of an address, a kind or one of their fields.

    Without `options` nothing is read. Raises UsageError for what is none of these, and else what a
    plan of the address raises.
    """
    target = target_of(words, config)
    address, service = target.address, target.service.name
    facts = [_said(target, each, config) for each in target.fields()]
    found = Explanation(
        str(address) if target.desired else f"{service}.{target.kind.name}",
        place_at(service, target.kind.keys(address, "")[:-1]).description,
        tuple(facts),
    )
    if not (target.desired and config and options):
        return found
    plan, live, calls = _looked(config, address, options)
    return replace(
        found,
        fields=tuple(_found(each, plan, address, live) for each in facts),
        would=_would(plan, address),
        notes=tuple(each.text for each in plan.notes if each.address == address and not each.field),
        calls=calls,
    )


def _said(target: Target, field: Field, config: Config | None) -> FieldFacts:
    """Return what the schema and the YAML say of a field."""
    place = place_at(target.service.name, target.kind.keys(target.address, field.ours))
    facts = FieldFacts(
        field.ours,
        place.title,
        place.description,
        place.values,
        place.default,
        field.immutable,
    )
    desired = target.desired
    if config is None or desired is None:
        return facts
    location = desired.locations.get(field.ours)
    if location is None:
        return replace(facts, taken=_taken(target, field, config))
    said = desired.attributes.get(field.ours, desired.references.get(field.ours, UNKNOWN))
    # As the YAML says it: what stands in the attributes waits for its secrets.
    secrets: Mapping[str, Any] = {**desired.secrets, **desired.references}
    within = f"{field.ours}."
    if below := {key: secrets[key] for key in sorted(secrets) if key.startswith(within)}:
        said = {
            key.removeprefix(within): each.sealed() if isinstance(each, Secret) else str(each)
            for key, each in below.items()
        }
    profile = config.profiles.get(location, "")
    return replace(facts, wanted=said, location=location, profile=profile)


def _taken(target: Target, field: Field, config: Config) -> Location | None:
    """Return where what a profile says of a field, there or for all entries, is taken away."""
    node = config.providers[target.address.provider].node
    keys = target.kind.keys(target.address, field.ours)
    return node.taken_at(keys) or node.taken_at(keys[2:])


def _looked(
    config: Config, address: Address, options: Options
) -> tuple[Plan, Resource | None, int]:
    """Plan for one address; return the plan, what is live there, and how many calls that took."""
    asked: list[str] = []

    def watch(line: str) -> None:
        asked.append(line)
        if options.watch:
            options.watch(line)

    # The address itself, and not the pattern that its letters may make.
    selection = Selection((glob.escape(str(address)),))
    with Planner.open(config, replace(options, watch=watch), selection) as planner:
        plan, live = planner.look()
    return plan, live.get(address), len(asked)


def _found(facts: FieldFacts, plan: Plan, address: Address, live: Resource | None) -> FieldFacts:
    """Return what a plan found out about a field, besides what is said of it."""
    doubts = [
        each.text for each in plan.notes if (each.address, each.field) == (address, facts.name)
    ]
    changes = [
        _change(field)
        for change in plan.changes
        if change.subject.address == address
        for field in change.fields
        if field.name == facts.name
    ]
    refusals = [
        f"refuse it: {each.reason}"
        for each in plan.refusals
        if (each.address, each.name) == (address, facts.name)
    ]
    return replace(
        facts,
        live=live.attributes.get(facts.name, UNKNOWN) if live else UNKNOWN,
        doubt="; ".join(doubts),
        would="; ".join([*refusals, *changes]),
    )


def _change(field: FieldChange) -> str:
    if field.before is None:
        return f"set it to {as_text(field.after)}"
    return f"change it from {as_text(field.before)} to {as_text(field.after)}"


def _would(plan: Plan, address: Address) -> str:
    actions = [each.action for each in plan.changes if each.subject.address == address]
    refused = [f"refuse it: {each.reason}" for each in plan.refusals if each.address == address]
    return "; ".join([*refused, *(f"{each} it" for each in actions)]) or "do nothing"
