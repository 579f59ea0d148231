"""How much of the accounts a look at them covered, in numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.engine.survey import Survey
from reconciler.model import Resource, Snapshot


@dataclass(frozen=True, slots=True)
class Objects:
    """Things: declared and read, live and not declared, and not readable.

    A collection that could not be read, and of which nothing is declared, is one of the last.
    """

    managed: int = 0
    unmanaged: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class Fields:
    """Declared fields of things: compared, not told by the service, and of what is unreadable.

    What is only sent and never read, such as a password at creation, is none of them.
    """

    compared: int = 0
    uncompared: int = 0
    unread: int = 0


@dataclass(frozen=True, slots=True)
class Coverage:
    objects: Objects
    fields: Fields

    @property
    def ratio(self) -> float:
        """The share, from 0 to 1, of what there is that is managed and was compared.

        It is the managed things and the compared fields, divided by all things and all fields that
        are counted here. Where there is nothing at all nothing was missed: it is 1.
        """
        known = self.objects.managed + self.fields.compared
        rest = self.objects.unmanaged + self.objects.unreadable
        rest += self.fields.uncompared + self.fields.unread
        return known / (known + rest) if known + rest else 1.0


def coverage_of(found: Survey, declared: Snapshot, *, unmanaged: int) -> Coverage:
    """Count what a survey covered of the `declared` things that it was asked about."""
    missed = [each for address, each in declared.items() if address in found.missed]
    read = [each for address, each in declared.items() if address in found.desired]
    untold = {(note.address, note.field) for note in found.plan.notes if note.field}
    names = [(each.address, name) for each in read for name in _comparable(each)]
    uncompared = sum(each in untold for each in names)
    covering = {above for each in missed for above in each.address.lineage()}
    blank = sum(each.address not in covering for each in found.unread)
    return Coverage(
        Objects(len(read), unmanaged, len(missed) + blank),
        Fields(len(names) - uncompared, uncompared, sum(len([*_comparable(e)]) for e in missed)),
    )


def _comparable(declared: Resource) -> Iterator[str]:
    for name in declared.attributes:
        field = declared.kind.fields[name]
        if not (field.implied or field.write_only):
            yield name
