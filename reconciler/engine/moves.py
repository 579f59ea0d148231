"""What moves is made at its new place before it is deleted at the old one.

A service that cannot change where a thing stands has two of them meanwhile, with one job.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import replace

from reconciler.model import Address, Change, Delete, Resource

Where = Callable[[Resource], Hashable]
"""Equal for two things of one kind that stand in one account."""


def within_provider(resource: Resource) -> Hashable:
    """Take each provider for an account of its own."""
    return resource.address.provider


Akin = Callable[[Resource, Resource], bool]
"""Whether two things of one kind may stand in one account, as far as is known."""


def of_one_provider(one: Resource, other: Resource) -> bool:
    return one.address.provider == other.address.provider


def in_turn(changes: Iterable[Change], where: Where) -> Iterator[Change]:
    """Let each deletion wait for what is made to do the same job."""
    changes = list(changes)
    makers: dict[Hashable, list[Address]] = {}
    for change in changes:
        job = None if isinstance(change, Delete) else _job(change.subject, where)
        if job is not None:
            makers.setdefault(job, []).append(change.subject.address)
    for change in changes:
        if isinstance(change, Delete) and (before := makers.get(_job(change.live, where))):
            yield replace(change, after=tuple(before))
        else:
            yield change


def successors(
    desired: Iterable[Resource], leaving: Iterable[Resource], akin: Akin
) -> Iterator[Address]:
    """Yield what is declared to do the job of what is to go, and may stand in its account."""
    jobs: dict[Hashable, list[Resource]] = {}
    for each in leaving:
        if (job := each.kind.job(each)) is not None:
            jobs.setdefault((each.kind.name, job), []).append(each)
    for wanted in desired if jobs else ():
        old = jobs.get((wanted.kind.name, wanted.kind.job(wanted)), ())
        if not wanted.absent and any(akin(wanted, each) for each in old):
            yield wanted.address


def left_behind(
    desired: Iterable[Resource], staying: Iterable[Resource], where: Where
) -> Iterator[tuple[Address, str]]:
    """Yield each declared thing that has the job of one that nothing declares, and that stays."""
    others: dict[Hashable, list[Resource]] = {}
    for each in staying:
        job = _job(each, where)
        if job is not None:
            others.setdefault(job, []).append(each)
    for wanted in desired if others else ():
        if not wanted.absent:
            for other in others.get(_job(wanted, where), ()):
                if other.address.oldest.within == wanted.address.within:
                    continue  # its twin
                yield wanted.address, wanted.kind.tell_of_other(other)


def _job(resource: Resource, where: Where) -> Hashable | None:
    """Return what is equal for two things that are there for the same; None if nothing else is."""
    job = resource.kind.job(resource)
    return None if job is None else (where(resource), resource.kind.name, job)
