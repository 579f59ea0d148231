"""The part of the world that a plan is about."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import partial

from reconciler.engine.moves import Akin, of_one_provider, successors
from reconciler.engine.rivals import rivals
from reconciler.errors import UsageError
from reconciler.model import Account, Address, Config, Resource, Snapshot
from reconciler.source import printable


@dataclass(frozen=True, slots=True)
class Selection:
    """The part of the world that a plan is about: `only` these address patterns, or all.

    Of those no others than `exactly` these, if any are said.
    """

    only: tuple[str, ...] = ()
    exactly: frozenset[Address] | None = None

    def __contains__(self, address: Address) -> bool:
        """Whether the address, or one above it, matches a pattern (`*` also crosses slashes)."""
        if self.exactly is not None and address.oldest not in self.exactly:
            return False
        return not self.only or any(
            fnmatchcase(str(each), pattern) for each in address.lineage() for pattern in self.only
        )

    def reaches(self, collection: Address) -> bool:
        """Whether things in a collection that nothing declares may be selected."""
        if self.exactly is not None:
            return False
        return collection in self or any(
            pattern.startswith(f"{collection}/") for pattern in self.only
        )

    @property
    def is_all(self) -> bool:
        return not self.only and self.exactly is None

    def awaited(self, desired: Snapshot, akin: Akin = of_one_provider) -> set[Address]:
        """Return what is to do the job of what is selected to go: that waits until it is there.

        `akin` tells whether two things may stand in one account.
        """
        if self.is_all:
            return set()
        chosen = [each for each in desired.values() if each.absent and each.address in self]
        return set(successors(desired.values(), chosen, akin))

    def of(self, desired: Snapshot, akin: Akin = of_one_provider) -> Snapshot:
        """Return the selected resources, and what they stand on, need, or move to."""
        if self.is_all:
            return desired
        chosen = {address for address in desired if address in self} | self.awaited(desired, akin)
        kept = underlying(chosen, desired)
        return closed(each for address, each in desired.items() if address in kept)


EVERYTHING = Selection()


def underlying(addresses: Iterable[Address], desired: Snapshot) -> set[Address]:
    """Return the addresses, with those that they stand below and what is needed for all of these.

    Who is to go needs nothing.
    """
    found, left = set[Address](), list(addresses)
    while left:
        address = left.pop()
        if address in found:
            continue
        found.add(address)
        wanted = desired.get(address)
        left += address.lineage()
        left += wanted.needs if wanted and not wanted.absent else ()
    return found


def closed(resources: Iterable[Resource]) -> Snapshot:
    """Return a part of what is desired, in which nothing follows what is not a part of it."""
    part = {each.address: each for each in resources}
    return {
        address: each
        if all(other in part for other in each.follows)
        else replace(each, follows=tuple(other for other in each.follows if other in part))
        for address, each in part.items()
    }


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return, as the end of a message, what is known and nearest to a word; "" if nothing is."""
    near = get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f"; did you mean `{printable(near[0])}`?" if near else ""


def check_patterns(config: Config, selection: Selection) -> None:
    """Raise UsageError for a pattern that can meet nothing, declared or live: it was meant to."""
    for pattern in selection.only:
        one = Selection((pattern,))
        is_met = any(each in one for each in named(config))
        if not is_met and not any(map(one.reaches, _collections(config))):
            raise _unmet(pattern, named(config))


def named(config: Config) -> list[Address]:
    """Return what a pattern may be about: providers, their collections, and what is declared."""
    providers = (provider.address for provider in config.providers.values())
    return [*providers, *_collections(config), *config.desired]


def _collections(config: Config) -> Iterator[Address]:
    for provider in config.providers.values():
        for kind in provider.service.kinds:
            if kind.parent is None and kind.name in provider.node.children:
                yield provider.address / kind.name


def check_met(selection: Selection, live: Iterable[Address], known: Iterable[Address]) -> None:
    """Raise UsageError for a pattern that met nothing; all of a collection may be nothing."""
    found = [*known, *live] if selection.only else []
    for pattern in selection.only:
        if not pattern.endswith("/*") and not any(each in Selection((pattern,)) for each in found):
            raise _unmet(pattern, found)


def _unmet(pattern: str, known: Sequence[Address]) -> UsageError:
    hint = did_you_mean(pattern, map(str, known))
    providers = ", ".join(sorted({printable(each.provider) for each in known})) or "none"
    hint = hint or f"; the providers are: {providers}"
    return UsageError(f"--only {printable(pattern)}: no address matches{hint}")


def may_share(providers: Mapping[str, Account], one: Resource, other: Resource) -> bool:
    """Whether two things may stand in one account: nothing in the YAML says that they do not."""
    mine, theirs = (providers[each.address.provider] for each in (one, other))
    said = ((mine.node.at(key), theirs.node.at(key)) for key in ("token", "server"))
    is_said_apart = any(a and b and a.data != b.data for a, b in said)
    is_one_service = mine.service.name == theirs.service.name
    is_one_region = mine.service.region(mine) == theirs.service.region(theirs)
    return is_one_service and is_one_region and not is_said_apart


def concerned(config: Config, selection: Selection) -> Config:
    """Return the configuration with the providers that a selection meets: others need no token.

    What contradicts the selected is a part of it, so that the plan can refuse.
    """
    akin = partial(may_share, config.providers)
    desired = selection.of(config.desired, akin)
    if not selection.is_all:
        others = (each for address, each in config.desired.items() if address not in desired)
        beside = rivals(desired, others, akin)
        desired = {**desired, **{address: config.desired[address] for address in beside}}
    met = {address.provider for address in desired}
    chosen = {
        name: provider
        for name, provider in config.providers.items()
        if name in met or selection.reaches(provider.address)
    }
    return replace(config, providers=chosen, desired=desired)
