"""What a plan would change and where live has drifted, sorted to what it is about."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from reconciler.dashboard.wording import value_text
from reconciler.reports.report import CAUSES, Entry, Report
from reconciler.source import printable

MANY_DIFFERENCES = 200
_LONGEST = 200
_SAYS = {"create": "to be created", "update": "to be changed", "delete": "to be removed"}
_WORDS = {
    "conflict": "changed live, and declared otherwise meanwhile",
    "drift": "changed live since it was applied",
    "unknown": "cause unknown",
    "pending": "declared, and not applied yet",
}


@dataclass(slots=True)
class Change:
    """A field that differs, or with `name` "" a whole thing; the values are as people write them.

    `is_pending` if a plan holds it; `cause` is one of CAUSES if a look for drift found it.
    """

    name: str
    live: str
    declared: str
    is_pending: bool = False
    cause: str = ""

    @property
    def is_drift(self) -> bool:
        """Whether live left what was applied, as far as anybody knows."""
        return self.cause not in {"", "pending"}

    @property
    def words(self) -> str:
        return _WORDS.get(self.cause, "")


@dataclass(slots=True)
class Difference:
    """All that differs of the thing at an address, told by a plan, by a look for drift, or both."""

    address: str
    within: str
    says: str
    has_values: bool
    changes: dict[str, Change] = field(default_factory=dict)

    @property
    def is_pending(self) -> bool:
        return any(each.is_pending for each in self.changes.values())

    @property
    def words(self) -> str:
        """What the gravest cause is, if drift was looked for."""
        told = [each for each in self.changes.values() if each.cause]
        return min(told, key=lambda each: CAUSES.index(each.cause)).words if told else ""

    @property
    def is_drift(self) -> bool:
        return any(each.is_drift for each in self.changes.values())


@dataclass(slots=True)
class Beside:
    """The differences of one provider. Who asks for some takes them; `rest` nobody asked for."""

    name: str
    _all: dict[str, Difference] = field(default_factory=dict)
    _things: dict[tuple[str, str], list[Difference]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _taken: set[tuple[str, str]] = field(default_factory=set)

    def add(self, entry: Entry, *, is_planned: bool) -> None:
        address = printable(entry.address)
        found = self._all.get(address) or self._begin(address, entry)
        if not entry.fields:
            found.changes.setdefault("", Change("", "", ""))
        for each in entry.fields:
            name = printable(each.name)
            found.changes.setdefault(name, Change(name, _short(each.before), _short(each.after)))
        for change in found.changes.values():
            if is_planned:
                change.is_pending = True
            else:
                causes = {printable(each.name): each.cause for each in entry.fields}
                change.cause = causes.get(change.name) or entry.cause
        self._all[address] = found

    @property
    def is_long(self) -> bool:
        """Whether there is more than anybody would read value by value."""
        return len(self._all) > MANY_DIFFERENCES

    @property
    def pending(self) -> int:
        """How many things a plan would change."""
        return sum(each.is_pending for each in self._all.values())

    @property
    def drifted(self) -> int:
        """How many things have drifted."""
        return sum(each.is_drift for each in self._all.values())

    def field(self, address: str, name: str) -> Change | None:
        """Take what differs in a field."""
        found = self._all.get(address)
        change = found.changes.get(name) if found else None
        if change:
            self._taken.add((address, name))
        return change

    def thing(self, kind: str, name: str) -> Sequence[Difference]:
        """Take what differs in a thing and in all that is below it."""
        found = self._things.get((kind, name), [])
        self._taken.update((each.address, change) for each in found for change in each.changes)
        return found

    def rest(self) -> list[Difference]:
        return [
            each
            for each in self._all.values()
            if any((each.address, name) not in self._taken for name in each.changes)
        ]

    def _begin(self, address: str, entry: Entry) -> Difference:
        within = printable(entry.within)
        found = Difference(address, within, _SAYS[entry.action], entry.action == "update")
        kind, *names = [printable(each) for each in entry.path[1:]] or [""]
        for name in {"/".join(names), *names[:1]}:
            self._things[kind, name].append(found)
        return found


def are_alike(them: Sequence[Difference]) -> bool:
    """Whether the same was told of all, so that it need be said once only."""
    return len({(each.is_pending, each.is_drift, each.words) for each in them}) == 1


def sorted_to(providers: Iterable[str], plan: Report, drift: Report) -> dict[str, Beside]:
    """Return the differences by provider; those that only a report knows come last."""
    found = {name: Beside(name) for name in providers}
    for entry, is_planned in chain(
        ((each, True) for each in plan.entries), ((each, False) for each in drift.entries)
    ):
        name = printable(entry.provider)
        found.setdefault(name, Beside(name)).add(entry, is_planned=is_planned)
    return found


def _short(value: object) -> str:
    text = printable(value_text(value))
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
