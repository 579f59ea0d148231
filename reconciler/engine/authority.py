"""What a plan file authorises: never more than what the configuration and live things lead to.

A file cannot instruct: what is applied is computed again, and must be what the file says. Whatever
it names is looked at under the name that the service gives it, not under the one in the file.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from reconciler.engine.fingerprint import fingerprint
from reconciler.engine.live import Collection
from reconciler.engine.moves import Where, successors, within_provider
from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.plandocument import change_as_document
from reconciler.engine.planfile import SavedPlan, address_of
from reconciler.engine.pruning import identity
from reconciler.engine.selection import Selection, closed, may_share
from reconciler.errors import GuardExceeded, ImmutableField, InvalidPlanFile, StalePlan
from reconciler.model import Account, Address, Config, Kind, Resource, Snapshot

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Authority:
    """A saved plan beside the `whole` configuration, which must be the one that was planned.

    `prune` is the operator's word that what the plan prunes may be pruned.
    """

    saved: SavedPlan
    whole: Config
    prune: bool = False

    def check(self) -> None:
        """Raise StalePlan for another configuration, GuardExceeded for prunes without `prune`.

        Raises ImmutableField for a plan that was refused as a whole.
        """
        if self.saved.document.get("refused") or self.saved.document.get("state") == "refused":
            raise ImmutableField(
                f"{self.saved.name}: it was refused when it was made, and nothing of it is "
                "applied; `plan` tells why"
            )
        if self.saved.document["config"] != self.whole.digest:
            raise StalePlan(
                f"{self.saved.name}: the configuration is not the one that was planned; plan again"
            )
        pruned = [str(address_of(change)) for change in self.saved.prunes]
        if pruned and not self.prune:
            more = f" and {len(pruned) - _NAMED} more" if len(pruned) > _NAMED else ""
            raise GuardExceeded(
                f"{self.saved.name}: it was made with --prune and removes what nothing declares "
                f"({', '.join(pruned[:_NAMED])}{more}); nothing was changed. If that is meant, say "
                "--prune here as well"
            )

    @property
    def config(self) -> Config:
        """The part of the configuration that is needed: no other's secrets are asked for.

        What is pruned may be declared by another provider of the same account, so that all of the
        service are looked at.
        """
        pruning = {self._provider(change).service.name for change in self.saved.prunes}
        awaited = self._awaited()
        touched = {change["path"][0] for change in self.saved.changes}
        touched |= {address.provider for address in awaited}
        declared = self.whole.desired
        planned = [address_of(change) for change in self.saved.changes]
        return replace(
            self.whole,
            providers={
                name: provider
                for name, provider in self.whole.providers.items()
                if name in touched or provider.service.name in pruning
            },
            desired=closed(
                declared[address] for address in [*planned, *awaited] if address in declared
            ),
        )

    def _awaited(self) -> list[Address]:
        """Return what is declared to do the job of what goes, and is not in the plan itself.

        It is looked at all the same: a file that says nothing of it does not make it dispensable.
        """
        planned = {address_of(change) for change in self.saved.changes}
        goes = [self._planned(each) for each in self.saved.changes if each["action"] == "delete"]
        akin = partial(may_share, self.whole.providers)
        awaited = successors(self.whole.desired.values(), goes, akin)
        return [each for each in awaited if each not in planned]

    def touched(self) -> list[Resource]:
        """Return what has to be read by itself: each declared object, as far as it is known."""
        return [self._known(each) for each in self.saved.changes if not each["pruned"]]

    def made(self) -> set[Address]:
        """Return what is to be created, and so is not there."""
        return {address_of(each) for each in self.saved.changes if each["action"] == "create"}

    def contested(self) -> list[Collection]:
        """Return what has to be listed to know whether two providers make or move one thing."""
        rivals: dict[Hashable, set[Collection]] = {}
        for change in self.saved.changes:
            resource = self._planned(change)
            collection = Collection(resource.address.root, resource.kind)
            for same in _made_or_moved(change, resource) if resource.kind.parent is None else ():
                rivals.setdefault((resource.kind, same), set()).add(collection)
        return [each for several in rivals.values() if len(several) > 1 for each in several]

    def collections(self) -> list[Collection]:
        """Return what has to be listed.

        It tells whether what is pruned is declared anywhere, whether what goes has moved elsewhere,
        and that nothing else has the address of what is touched.
        """
        kinds = {self._pruned_kind(change) for change in self.saved.prunes}
        pruned = [
            Collection(provider.address, kind)
            for provider in self.config.providers.values()
            for kind in provider.service.kinds
            if kind in kinds and self._is_named(provider, kind)
        ]
        awaited = (self.whole.desired[address] for address in self._awaited())
        doubled = (each for each in self.touched() if each.kind.has_twins)
        beside = (Collection(each.address.root, each.kind) for each in [*awaited, *doubled])
        return list(dict.fromkeys([*pruned, *beside]))

    def confirm(
        self,
        desired: Snapshot,
        live: Snapshot,
        listed: Snapshot,
        where: Where = within_provider,
    ) -> Plan:
        """Return the plan to apply, which is the saved one.

        `desired` is that of `config`, its secrets sealed, `live` is what `touched` names, read
        again, `listed` what stands in `collections`, and `where` tells accounts apart. Raises
        StalePlan when one of these objects changed, InvalidPlanFile when the file does not follow
        from configuration and objects.
        """
        moved = {each: listed[each] for each in self._awaited() if each in listed}
        found = {**live, **moved, **dict(self._pruned(listed))}
        for change in self.saved.changes:
            self._check_unchanged(change, found.get(address_of(change)))
        self._check_alone(live, listed)
        plan = build_plan(
            desired=desired,
            live=found,
            config_digest=self.whole.digest,
            selection=Selection(tuple(self.saved.document["only"])),
            prune=self.prune,
            where=where,
        )
        planned = [_substance(change) for change in self.saved.changes]
        if planned != [_substance(change_as_document(change)) for change in plan.changes]:
            raise self._forged("it does not follow from what is there")
        return replace(plan, compared=bool(planned))

    def _pruned(self, listed: Snapshot) -> Iterator[tuple[Address, Resource]]:
        """Yield what is to be pruned, as far as it is there and nothing declares it."""
        managed = {identity(listed[each]) for each in self.whole.desired if each in listed}
        for change in self.saved.prunes:
            address = address_of(change)
            if address not in listed:
                continue
            if identity(listed[address]) in managed:
                raise self._forged(f"{address} is declared, and cannot be pruned")
            yield address, listed[address]

    def _known(self, change: Mapping[str, Any]) -> Resource:
        address = address_of(change)
        desired = self.whole.desired.get(address)
        if desired is None:
            raise self._forged(f"{address} is not in the configuration")
        return Resource(
            address=address,
            kind=desired.kind,
            remote_id=change["remote_id"],
            parent=desired.parent,
        )

    def _planned(self, change: Mapping[str, Any]) -> Resource:
        if not change["pruned"]:
            return self._known(change)
        return Resource(address=address_of(change), kind=self._pruned_kind(change))

    def _pruned_kind(self, change: Mapping[str, Any]) -> Kind[Any, Any]:
        provider = self._provider(change)
        for kind in provider.service.kinds:
            if kind.name == change["kind"] and kind.prunable and self._is_named(provider, kind):
                return kind
        raise self._forged(f"{address_of(change)} is nothing that could be pruned")

    def _provider(self, change: Mapping[str, Any]) -> Account:
        provider = self.whole.providers.get(change["path"][0])
        if provider is None:
            raise self._forged(f"{address_of(change)} is not in the configuration")
        return provider

    def _is_named(self, provider: Account, kind: Kind[Any, Any]) -> bool:
        """Whether the YAML names a collection: what it does not name is never listed."""
        return kind.name in provider.node.children or any(
            each.kind is kind and address.provider == provider.name
            for address, each in self.whole.desired.items()
        )

    def _check_unchanged(self, change: Mapping[str, Any], live: Resource | None) -> None:
        address, name = address_of(change), self.saved.name
        if change["action"] == "create":
            if live is not None:
                raise StalePlan(f"{name}: {address} exists by now; plan again")
            return
        if live is None:
            raise StalePlan(f"{name}: {address} is gone by now; plan again")
        if live.address != address:
            raise StalePlan(
                f"{name}: what has the ID {live.remote_id} is {live.address}, and not {address}; "
                "plan again"
            )
        now, seen = fingerprint(live), change["seen"]
        for field in sorted(seen.keys() | _to_be_seen(change, now)):
            if now.get(field) != seen.get(field):
                raise StalePlan(
                    f"{name}: `{field}` of {address} changed since it was planned; plan again"
                )

    def _check_alone(self, live: Snapshot, listed: Snapshot) -> None:
        """Raise StalePlan where the file could choose between several with one address.

        What is declared is the oldest; with `prune` that may have younger twins.
        """
        declared = {address_of(each) for each in self.saved.changes if not each["pruned"]}
        twins = {address.oldest for address in listed if address.twin and not self.prune}
        for address in sorted(declared):
            known, oldest = live.get(address), listed.get(address)
            is_another = known and oldest and known.remote_id != oldest.remote_id
            if address in twins or is_another:
                fact = f"{address} is there more than once by now"
                raise StalePlan(f"{self.saved.name}: {fact}; plan again")

    def _forged(self, fact: str) -> InvalidPlanFile:
        return InvalidPlanFile(f"{self.saved.name}: {fact}; plan again")


def _made_or_moved(change: Mapping[str, Any], resource: Resource) -> Iterator[Hashable]:
    """Yield what is equal for two changes that make one thing, or of which one moves it."""
    if change["action"] == "create":
        yield resource.address.within
    if job := resource.kind.job(resource):
        yield job


def _to_be_seen(change: Mapping[str, Any], now: Mapping[str, str]) -> set[str]:
    """Return the fields that a plan must have seen: what it changes, and all of what it deletes.

    Of what is updated a list may have left out the rest.
    """
    if change["action"] == "delete":
        return set(now)
    return now.keys() & {str(field.get("name")) for field in change["fields"]}


def _substance(change: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a change does, without what was seen and where in the YAML it stands."""
    fields = [
        {key: value for key, value in field.items() if key != "location"}
        for field in change["fields"]
    ]
    kept = {key: value for key, value in change.items() if key not in {"seen", "location"}}
    return kept | {"fields": fields}
