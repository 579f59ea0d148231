"""What is done once all changes are made: look at them once more, and ask for verification.

A change that was confirmed may be undone a moment later, by somebody else who applies as well.
"""

from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NoReturn

from reconciler.engine.attempt import Outcome, Pause, Result, difference
from reconciler.engine.crew import Crew
from reconciler.engine.live import Collection, Sessions, read_again, read_live
from reconciler.engine.moves import Where, within_provider
from reconciler.engine.patience import waits
from reconciler.engine.twins import SoleMaker, several
from reconciler.errors import Overtaken, ReconcileError
from reconciler.model import Address, Create, Delete, Resource, Update


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Ends an apply, with the sessions that it was made with.

    Two providers for whose things `where` tells the same see the same things.
    """

    sessions: Sessions
    pause: Pause
    connections: int = 8
    where: Where = within_provider

    def of(self, results: Iterable[Result]) -> list[Result]:
        """Return the results as a last look at everything finds them."""
        done: list[Result] = []
        by_provider: dict[str, list[Result]] = {}
        for result in results:
            provider = result.change.subject.address.provider
            by_provider.setdefault(provider, []).append(result)
        for group in by_provider.values():
            done += self._looked_at(group)
        return self._verified(done)

    def _looked_at(self, results: Sequence[Result]) -> list[Result]:
        applied = [each for each in results if each.outcome is Outcome.APPLIED]
        others = [each for each in results if each.outcome is not Outcome.APPLIED]
        try:
            gone = {_known(each).address for each in applied if isinstance(each.change, Delete)}
            live = self._read([_known(each) for each in applied], gone)
        except ReconcileError as error:
            fact = f"it could not be looked at again: {error}"
            return [*others, *(_remarked(each, fact) for each in applied)]
        meant = {_known(each).remote_id for each in results}
        return [*others, *(self._held(each, live, meant) for each in applied)]

    def _read(
        self, touched: Sequence[Resource], gone: set[Address]
    ) -> Mapping[Address, list[Resource]]:
        """Read what was changed, by one list a collection where that tells all.

        Returns what stands at each address, the oldest first.
        """
        alone = [each for each in touched if each.kind.parent or not each.kind.lists_in_full]
        by_list = [each for each in touched if not each.kind.parent and each.kind.lists_in_full]
        collections = {Collection(each.address.root, each.kind) for each in by_list}
        ways: Any = {"connections": self.connections, "pause": self.pause}
        read = read_again(alone, self.sessions, missing=gone, **ways)
        listed = read_live({}, collections, self.sessions, **ways)
        found: dict[Address, list[Resource]] = {}
        for address, resource in [*listed.items(), *read.items()]:
            found.setdefault(address.oldest, []).append(resource)
        return found

    def _held(
        self,
        result: Result,
        live: Mapping[Address, list[Resource]],
        meant: Container[str | None],
    ) -> Result:
        """Return a result as what is live now leaves it; `meant` are the IDs of all results."""
        known = _known(result)
        there = live.get(known.address.oldest, [])
        if result.maker:
            return self._sole(result, result.maker, there)
        found = next((each for each in there if _is_meant(known, each)), None)
        if result.change.subject.absent:
            # Whoever made it again gave it another ID.
            found = next((each for each in there if each.remote_id not in meant), found)
        if fact := difference(result.change, found):
            reason = f"changed by another writer since: {fact}"
            return replace(result, outcome=Outcome.OVERTAKEN, reason=reason)
        result = replace(result, live=found if result.live else None)
        is_doubled = isinstance(result.change, Update) and len(there) > 1
        return (
            _remarked(result, several(each.remote_id for each in there)) if is_doubled else result
        )

    def _sole(self, result: Result, maker: SoleMaker, there: list[Resource]) -> Result:
        """Look for twins once more: a request that was thought lost may have taken effect."""
        try:
            if maker.is_answer_lost and len(there) == 1:
                there = maker.look_again(waits(result.change.subject.kind.settling))
            live = maker.settle(there, _overtaken)
        except ReconcileError as error:
            return replace(result, outcome=Outcome.OVERTAKEN, reason=str(error))
        return replace(result, reason=maker.remark, live=live)

    def _verified(self, results: Iterable[Result]) -> list[Result]:
        """Ask for verification once for each thing whose DNS records were changed."""
        ordered = sorted(results, key=lambda result: result.change.subject.address)
        asked: dict[Hashable, int] = {}
        for index, result in enumerate(ordered):
            if _asks_for_dns(result):
                asked.setdefault(self._verified_by(result), index)
        jobs = [
            (ordered[index].change.subject.address.provider, partial(self._verify, ordered[index]))
            for index in asked.values()
        ]
        with Crew(self.connections) as crew:
            for index, result in zip(asked.values(), crew.all(jobs), strict=True):
                ordered[index] = result
        return ordered

    def _verified_by(self, result: Result) -> Hashable:
        """Return what is verified: a domain with its parts, and once for all that declare it."""
        subject = result.change.subject
        verified = subject.parent or subject.address
        return self.where(subject), verified.within

    def _verify(self, result: Result) -> Result:
        """Ask for it; that it cannot be asked for does not undo the change."""
        live = result.live
        if live is None:
            return result
        try:
            session = self.sessions[live.address.provider]
            return replace(result, live=live.kind.verify(session, live))
        except ReconcileError as error:
            return _remarked(result, f"verification could not be asked for: {error}")


def _known(result: Result) -> Resource:
    """Return a changed thing as it is known, by its ID if possible."""
    if result.live:
        return result.live
    change = result.change
    return change.live if isinstance(change, Delete) else change.subject


def _is_meant(known: Resource, found: Resource) -> bool:
    """Whether what is found is what was known; which of several twins the address means changes."""
    if known.kind.has_twins:
        return known.remote_id == found.remote_id
    return known.address == found.address


def _overtaken(left: Update) -> NoReturn:
    raise Overtaken(f"changed by another writer since: {difference(left, left.live)}")


def _remarked(result: Result, remark: str) -> Result:
    return replace(result, reason="; ".join(filter(None, (result.reason, remark))))


def _asks_for_dns(result: Result) -> bool:
    """Whether a change was made that asks for other DNS records than before."""
    if result.outcome is not Outcome.APPLIED or isinstance(result.change, Delete):
        return False
    changed = {each.name for each in result.change.fields}
    return isinstance(result.change, Create) or bool(
        changed & result.change.subject.kind.dns_fields
    )
