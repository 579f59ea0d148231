"""The checks that cost nothing, over a whole list."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from reconciler.lists.addresses import DISPOSABLE, ROLE, Address, Fault, parsed
from reconciler.lists.ledger import Ledger
from reconciler.lists.mail_hosts import HasMail, without_mail
from reconciler.lists.reading import AddressList

Progress = Callable[[int, int], None]
_TOLD_EVERY = 1_000


@dataclass(slots=True)
class Survey:
    """What free checks found. `distinct` addresses are well-formed; `sendable` are worth paying.

    `width` is the most cells of any row.
    """

    rows: int = 0
    width: int = 0
    faults: Counter[Fault] = field(default_factory=Counter)
    distinct: int = 0
    duplicates: int = 0
    role: int = 0
    disposable: int = 0
    sendable: int = 0

    @property
    def without_mail(self) -> int:
        return self.distinct - self.sendable


def survey(
    file: AddressList, ledger: Ledger, has_mail: HasMail | None, progress: Progress
) -> Survey:
    """Read a list into a ledger, and ask once a domain whether it takes mail.

    Without `has_mail` nobody is asked. `progress` is told how many domains were, of those that are
    known so far. Raises ListUnusable.
    """
    found = Survey(width=len(file.header))
    ledger.add(_well_formed(file, found))
    found.distinct = ledger.count(is_sendable=False)
    found.duplicates = found.rows - found.faults.total() - found.distinct
    found.role, found.disposable = ledger.count_looks(ROLE), ledger.count_looks(DISPOSABLE)
    if has_mail:
        ledger.are_without_mail(_silent(ledger, has_mail, progress))
    found.sendable = ledger.count()
    return found


def _well_formed(file: AddressList, found: Survey) -> Iterator[tuple[int, Address]]:
    for number, cells in file.rows():
        found.rows = number
        found.width = max(found.width, len(cells))
        address = parsed(file.address_in(cells))
        if isinstance(address, Fault):
            found.faults[address] += 1
        else:
            yield number, address


def _silent(ledger: Ledger, has_mail: HasMail, progress: Progress) -> Iterator[str]:
    total = ledger.count_domains()
    answers = without_mail(ledger.domains(), has_mail)
    for done, (domain, is_silent) in enumerate(answers, 1):
        if done % _TOLD_EVERY == 0 or done == total:
            progress(done, total)
        if is_silent:
            yield domain
