"""Say what is live: from resources to the shortest mapping that declares them. Pure.

The kinds state all that is so (`Kind.stated`); here it is decided what of that is worth saying, and
where: what most entries share stands once at the provider, what goes without saying nowhere.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.engine.adopt.once import Unsaid, said_once, shared_path
from reconciler.engine.adopt.references import Refer, References
from reconciler.engine.adopt.said import Barred, LeftOut, Said, grouped, sifted
from reconciler.model import Account, Address, Resource, Snapshot
from reconciler.model.statement import Path

_TAKEN = "the YAML takes away, with `null`, what a profile says there"

__all__ = ["Author", "Barred", "Draft", "LeftOut", "Refer", "References", "Unsaid"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be added to a provider's mapping.

    `notes` are remarks by path; the last key of an item's path is its place among the added ones.
    `addresses` are those of the entries and items that `tree` adds; `places` says, by path as in
    `notes`, which statements it was made of, each by address and field.
    """

    tree: Mapping[str, Any]
    notes: Mapping[Path, str] = field(default_factory=dict)
    left_out: tuple[LeftOut, ...] = ()
    addresses: tuple[Address, ...] = ()
    places: Mapping[Path, Sequence[tuple[Address, str]]] = field(default_factory=dict)

    def statements_at(self, path: Path) -> list[tuple[Address, str]]:
        """Return what made what stands at a path: just there, else below it, else around it."""
        if path in self.places:
            return list(self.places[path])
        below = [
            each
            for known in self.places
            if known[: len(path)] == path
            for each in self.places[known]
        ]
        around = [known for known in self.places if path[: len(known)] == known]
        return below or (list(self.places[max(around, key=len)]) if around else [])


@dataclass(frozen=True, slots=True)
class Author:
    """Writes drafts; with `full`, also what goes without saying is said."""

    unsaid: Callable[[str], Unsaid]
    """By a service's name."""
    references: References
    full: bool = False

    def draft(
        self, account: Account, live: Snapshot, desired: Snapshot, barred: Barred | None = None
    ) -> Draft:
        """Return what of the live things of an account its YAML does not declare yet."""
        unsaid = self.unsaid(account.service.name)
        new = [live[each] for each in sorted(live) if _is_new(live[each], account, desired)]
        said = [Said(each, one) for one in new for each in one.kind.stated(one)]

        def obstacle(each: Said) -> str:
            words = [*each.path, each.statement.value]
            return _TAKEN if account.node.taken_at(each.path) else self.references.obstacle(words)

        possible, left_out = sifted(said, barred or {}, obstacle)
        shared = said_once(account, possible, unsaid, full=self.full)
        tree: dict[str, Any] = {}
        for path, value in shared.items():
            _put(tree, path, value)
        worth = [each for each in possible if self._is_worth_saying(account, each, shared, unsaid)]
        for each in worth:
            _put(tree, each.path, self.references.spelt(each), is_item=each.statement.is_item)
        return Draft(
            account.service.shortened(tree),
            dict(_notes(worth, left_out)),
            tuple(left_out),
            tuple(each.resource.address for each in worth if each.is_existence),
            _places(account, worth, possible, shared),
        )

    def _is_worth_saying(
        self, account: Account, said: Said, shared: Mapping[Path, Any], unsaid: Unsaid
    ) -> bool:
        if said.is_existence:
            return True
        if said.statement.fits_all or (said.statement.is_incidental and not self.full):
            return False
        above = shared_path(account, said.path)
        if above and above in shared:
            return not said.is_same(shared[above])
        # What the provider says of it, in whatever words, an entry that is added has to answer.
        is_answer = above and account.node.at(".".join(above[:2]))
        return self.full or bool(is_answer) or not said.is_same(unsaid(said.path))


def _is_new(live: Resource, account: Account, desired: Snapshot) -> bool:
    """Whether nothing declares it; a part of what is declared is left to who declared that."""
    is_declared = live.address in desired or live.parent in desired
    return live.address.provider == account.name and not is_declared


def _put(tree: dict[str, Any], path: Path, value: Any, *, is_item: bool = False) -> None:
    *above, key = path
    for each in above:
        tree = tree.setdefault(each, {})
    if is_item:
        tree.setdefault(key, []).append(value)
    elif isinstance(value, dict) and not value:
        tree.setdefault(key, {})
    else:
        tree[key] = value


def _placed(said: Iterable[Said]) -> Iterator[tuple[Path, Said]]:
    """Yield statements with their paths; the last key of an item's is its place among the items."""
    counted: dict[Path, int] = defaultdict(int)
    for each in said:
        if each.statement.is_item:
            yield (*each.path, str(counted[each.path])), each
            counted[each.path] += 1
        else:
            yield each.path, each


def _places(
    account: Account, worth: Iterable[Said], possible: Iterable[Said], shared: Mapping[Path, Any]
) -> Mapping[Path, Sequence[tuple[Address, str]]]:
    places: dict[Path, list[tuple[Address, str]]] = defaultdict(list)
    for path, each in _placed(worth):
        places[path].append((each.resource.address, each.statement.field))
    for each in possible:
        above = shared_path(account, each.path)
        if above and above in shared:
            places[above].append((each.resource.address, each.statement.field))
    return places


def _notes(said: Iterable[Said], left_out: Iterable[LeftOut]) -> Iterator[tuple[Path, str]]:
    """Yield what stands beside an entry: what people should know of it, and what it leaves out."""
    missing: dict[Address, list[str]] = defaultdict(list)
    for lost in grouped(each for each in left_out if each.fields):
        names = ", ".join(f"`{each}`" for each in lost.fields)
        missing[Address(lost.address.parts[:3])].append(f"without {names}: {lost.reason}")
    for path, each in _placed(said):
        if each.is_existence:
            told = [each.resource.kind.remark(each.resource), *missing[each.resource.address]]
            if note := "; ".join(filter(None, told)):
                yield path, note
