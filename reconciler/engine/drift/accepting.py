"""Sort out the differences that people know of and accept, each for a while."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase

from reconciler.engine.drift.causes import Difference
from reconciler.model import Acceptance, Address, Resource
from reconciler.source import Finding


@dataclass(frozen=True, slots=True)
class Accepted:
    """A difference, as far as it is accepted, or an unmanaged thing; and by what."""

    what: Difference | Resource
    by: Acceptance

    @property
    def address(self) -> Address:
        return self.what.address


@dataclass
class Acceptances:
    """The entries of an accepted-drift file on one day; those that expired cover nothing."""

    entries: Sequence[Acceptance]
    today: date
    accepted: list[Accepted] = field(default_factory=list)
    _met: set[Acceptance] = field(default_factory=set)

    def left(self, found: Iterable[Difference]) -> Iterator[Difference]:
        """Yield the differences that are not accepted, without the fields that are."""
        for each in found:
            if by := self._covering(each.address):
                self.accepted.append(Accepted(each, by))
            else:
                yield from self._fields_left(each)

    def unmanaged_left(self, found: Iterable[Resource]) -> Iterator[Resource]:
        for each in found:
            if by := self._covering(each.address):
                self.accepted.append(Accepted(each, by))
            else:
                yield each

    def findings(self, *, is_complete: bool) -> list[Finding]:
        """Return what is wrong with the entries, now that all differences were looked at.

        What matches nothing is known only after everything `is_complete`ly was.
        """
        return sorted([*self._expired(), *(self._unmatched() if is_complete else ())])

    def _fields_left(self, difference: Difference) -> Iterator[Difference]:
        """Yield what is left of a difference. Whether a thing is there is no matter of a field."""
        covered: dict[Acceptance, set[str]] = {}
        for each in difference.fields:
            by = self._covering(difference.address, each.name)
            if by and not difference.whole:
                covered.setdefault(by, set()).add(each.name)
        for by, names in covered.items():
            fields = tuple(each for each in difference.fields if each.name in names)
            self.accepted.append(Accepted(replace(difference, fields=fields), by))
        names = {name for some in covered.values() for name in some}
        fields = tuple(each for each in difference.fields if each.name not in names)
        if fields or difference.whole:
            yield replace(difference, fields=fields)

    def _covering(self, address: Address, name: str = "") -> Acceptance | None:
        """Return the first entry that covers a thing as a whole, or one field of it."""
        matching = [each for each in self.entries if _matches(each, address, name)]
        self._met.update(matching)
        return next((each for each in matching if each.expires >= self.today), None)

    def _expired(self) -> Iterator[Finding]:
        for each in self.entries:
            if each.expires < self.today:
                yield Finding(
                    each.location,
                    f"{_named(each)}: this expired on {each.expires} and accepts nothing any more; "
                    "look at it again, then remove it or give it a later day",
                    "expired-acceptance",
                )

    def _unmatched(self) -> Iterator[Finding]:
        for each in self.entries:
            if each not in self._met and each.expires >= self.today:
                yield Finding(
                    each.location,
                    f"{_named(each)}: nothing differs there; remove it, or correct the pattern",
                    "unmatched-acceptance",
                )


def _matches(entry: Acceptance, address: Address, name: str) -> bool:
    """Whether an entry is about an address, and, if it names one, about this field of it."""
    text = str(address)
    is_there = text == entry.address or fnmatchcase(text, entry.address)
    if not is_there or not entry.field:
        return is_there and not name
    return bool(name) and fnmatchcase(name, entry.field)


def _named(entry: Acceptance) -> str:
    return f"`{entry.address}`" + (f", field `{entry.field}`" if entry.field else "")
