"""Several live things with one address, for services that make a second one when asked to.

Two applies at once, or an answer that was lost, would lead to two of a thing. What is to be there
once is looked for right before it is made, and again afterwards: the oldest stays, ours goes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.engine.diff import diff_attributes
from reconciler.engine.patience import before_repeating, waits
from reconciler.errors import (
    AlreadyExists,
    NotConverged,
    NotFound,
    OutcomeUnknown,
    UnexpectedAnswer,
)
from reconciler.model import Address, Resource, Update


def told_apart(found: Iterable[Resource]) -> list[Resource]:
    """Return the resources of one collection, each with an address of its own.

    Of several with one address the oldest keeps it; the others become its twins.
    """
    groups: dict[Address, list[Resource]] = {}
    for resource in found:
        groups.setdefault(resource.address, []).append(resource)
    return [each for group in groups.values() for each in _one_and_its_twins(group)]


def several(ids: Iterable[str | None]) -> str:
    """Say that one thing is there under several IDs, the oldest first."""
    return f"it is there more than once (IDs {', '.join(map(str, ids))}); --prune removes the newer"


def _one_and_its_twins(group: list[Resource]) -> list[Resource]:
    oldest, *younger = sorted(group, key=_age) if len(group) > 1 else group
    return [oldest, *(_as_twin(each) for each in younger)]


def _as_twin(resource: Resource) -> Resource:
    return replace(resource, address=Address(resource.address.parts, str(resource.remote_id)))


def _age(resource: Resource) -> tuple[float, int, str]:
    """Sort the oldest first: by when it was made, if that is told, and by ID.

    IDs are numbers, or hexadecimal and of one length.
    """
    remote_id = resource.remote_id or ""
    return resource.facts.get("made_at", 0.0), len(remote_id), remote_id


@dataclass
class SoleMaker:
    """Makes a thing of which there is to be one, with one session.

    `made` are the IDs that our own answers named. An answer that was lost leaves a thing that is
    ours without a name: it counts as ours if it was not there before and holds exactly what was
    sent.
    """

    desired: Resource
    session: Any
    repeats: int
    pause: Callable[[float], None]
    made: set[str] = field(default_factory=set)
    is_answer_lost: bool = False
    _before: set[str] = field(default_factory=set)
    _removed: dict[str, None] = field(default_factory=dict)
    _left: tuple[str, ...] = ()

    def make(self, otherwise: Callable[[Update], Resource | None]) -> Resource | None:
        """Make it, unless it is there by now: what is left to do then is done by `otherwise`."""
        there = self._list()
        self._before = {str(each.remote_id) for each in there}
        if not there:
            there = self._create()
        return self.settle(there, otherwise)

    def settle(
        self, there: list[Resource], otherwise: Callable[[Update], Resource | None]
    ) -> Resource | None:
        """Let the oldest stay and ours go. Returns what stays, as desired."""
        if not there:
            raise NotConverged(
                f"{self.desired.address}: read again after the change, it is not there"
            )
        oldest, *younger = there
        left = [str(each.remote_id) for each in younger if not self._is_ours(each)]
        for each in younger:
            if self._is_ours(each):
                self._remove(each, oldest)
        self._left = (str(oldest.remote_id), *left) if left else ()
        fields = diff_attributes(oldest.kind.meet(self.desired, oldest), oldest)
        return otherwise(Update(oldest, self.desired, fields)) if fields else oldest

    def look_again(self, patience: Iterator[float]) -> list[Resource]:
        """List what is there now; a late effect of a lost request is waited for."""
        there = self._list()
        for wait in patience if self.is_answer_lost else ():
            if len(there) > 1:
                break
            self.pause(wait)
            there = self._list()
        return there

    def _create(self) -> list[Resource]:
        """Ask for it until it is there. An unanswered request is given time to take effect."""
        for attempt in range(self.repeats + 1):
            try:
                self.made.add(str(self.desired.kind.create(self.session, self.desired).remote_id))
            except AlreadyExists:
                if there := self._list():
                    return there
                raise
            except (OutcomeUnknown, UnexpectedAnswer):
                self.is_answer_lost = True
                if there := self._await():
                    return there
                if attempt == self.repeats:
                    raise
            else:
                return self._await()
        raise AssertionError("the loop above returns or raises")

    def _await(self) -> list[Resource]:
        """List until ours is there, as long as a read may lag behind a write."""
        there = self._list()
        for wait in waits(self.desired.kind.settling):
            if there and self.made <= {each.remote_id for each in there}:
                break
            self.pause(wait)
            there = self._list()
        return there

    @property
    def remark(self) -> str:
        """What there was besides, in a sentence; nothing if there was nothing."""
        return "; ".join([*self._removed, *([several(self._left)] if self._left else [])])

    def _remove(self, surplus: Resource, oldest: Resource) -> None:
        """Delete it; after a doubtful answer a list tells. Raises NotConverged when it stays."""
        fact = "it was made twice at the same time"
        for attempt in range(self.repeats + 1):
            if attempt:
                self.pause(before_repeating(attempt - 1))
            if self._is_gone(surplus):
                self._removed[
                    f"{fact}: the first one (ID {oldest.remote_id}) stays, "
                    f"ours (ID {surplus.remote_id}) was removed"
                ] = None
                return
        raise NotConverged(
            f"{fact}: besides the first one (ID {oldest.remote_id}) ours (ID {surplus.remote_id}) "
            "is there as well, and could not be removed; --prune removes it"
        )

    def _is_gone(self, surplus: Resource) -> bool:
        """Whether it is gone, once its deletion was asked for."""
        try:
            surplus.kind.delete(self.session, surplus)
        except OutcomeUnknown:
            return surplus.remote_id not in {each.remote_id for each in self._list()}
        except NotFound:
            pass
        return True

    def _list(self) -> list[Resource]:
        """Return all that stand at the address, the oldest first."""
        address = self.desired.address
        listed = self.desired.kind.list(self.session, address.root)
        return sorted((each for each in listed if each.address == address), key=_age)

    def _is_ours(self, resource: Resource) -> bool:
        if resource.remote_id in self.made:
            return True
        is_new = resource.remote_id not in self._before
        return self.is_answer_lost and is_new and _holds_exactly(resource, self.desired)


def _holds_exactly(live: Resource, desired: Resource) -> bool:
    """Whether a resource is as it was asked for, and holds nothing that was not."""
    unasked = (each for name, each in live.attributes.items() if name not in desired.attributes)
    return not diff_attributes(desired, live) and not any(unasked)
