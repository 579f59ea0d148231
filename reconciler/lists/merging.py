"""Each row of a list with what became of it: as a table that spreadsheets can open without harm."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TextIO

from reconciler.lists.addresses import DISPOSABLE, ROLE, Fault, parsed
from reconciler.lists.buckets import NOT_ANSWERED, Bucket, Judgement, Verdict, judge
from reconciler.lists.ledger import Known, Ledger
from reconciler.lists.reading import AddressList

OURS = ("bucket", "bucket_reason", "flags", "result", "risk", "reason", "did_you_mean")
"""The columns that are added: the first three are our words, the others the service's own."""
_FORMULA = frozenset("=+-@\t\r\n")
_MOST_REASONS = 1_000
"""Kinds of reasons that are counted one by one: the service may invent as many as it likes."""
_OTHERS = "other reasons"
_ALIKE = 2**12
"""Outcomes that are kept to be found again: they are few, and rows are many."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What became of a row. `words` are the cells that it gets, and `reason` why it is so."""

    judgement: Judgement
    flags: tuple[str, ...]
    words: tuple[str, ...]
    reason: str


@dataclass(slots=True)
class Tally:
    """How many addresses are in each bucket, and for which reasons; duplicates count once."""

    rows: int = 0
    duplicates: int = 0
    unanswered: int = 0
    buckets: Counter[Bucket] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    reasons: Mapping[Bucket, Counter[str]] = field(
        default_factory=lambda: {each: Counter() for each in Bucket}
    )

    def add(self, outcome: Outcome, times: int) -> None:
        """Count an outcome of so many rows."""
        self.rows += times
        if "duplicate" in outcome.flags:
            self.duplicates += times
            return
        judgement = outcome.judgement
        self.unanswered += times * (judgement is NOT_ANSWERED)
        self.buckets[judgement.bucket] += times
        for flag in outcome.flags:
            self.flags[flag] += times
        reasons = self.reasons[judgement.bucket]
        is_known = outcome.reason in reasons or len(reasons) < _MOST_REASONS
        reasons[outcome.reason if is_known else _OTHERS] += times


class _Counting:
    """Counts rows that are alike at once: it takes a tenth of the time, and as little memory."""

    def __init__(self) -> None:
        self.tally = Tally()
        self._seen: Counter[Outcome] = Counter()

    def count(self, outcome: Outcome) -> None:
        self._seen[outcome] += 1
        if len(self._seen) > _ALIKE:
            self.total()

    def total(self) -> Tally:
        for outcome, times in self._seen.items():
            self.tally.add(outcome, times)
        self._seen.clear()
        return self.tally


def outcomes(file: AddressList, ledger: Ledger) -> Iterator[tuple[list[str], Outcome]]:
    """Yield the cells of each row, and what became of it. Raises ListUnusable."""
    known = ledger.known()
    ahead = next(known, None)
    for number, cells in file.rows():
        if ahead and ahead.row == number:
            yield cells, _outcome_of(ahead)
            ahead = next(known, None)
        else:
            yield cells, _elsewhere(file.address_in(cells), ledger)


def _elsewhere(text: str, ledger: Ledger) -> Outcome:
    """Return what becomes of a row whose address is none, or stands in an earlier one."""
    address = parsed(text)
    if isinstance(address, Fault):
        return _settled(fault=address)
    first = ledger.find(address.key)
    return _outcome_of(first, is_first=False) if first else _settled()


def _outcome_of(known: Known, *, is_first: bool = True) -> Outcome:
    fault = Fault.NO_MAIL if known.is_without_mail else None
    return _settled(known.verdict, known.looks, fault, is_first)


@lru_cache(maxsize=_ALIKE)
def _settled(
    verdict: Verdict | None = None,
    looks: int = 0,
    fault: Fault | None = None,
    is_first: bool = True,  # noqa: FBT001, FBT002 - by place, which the cache is quicker with
) -> Outcome:
    """Return what becomes of all rows that are alike in this."""
    marks = {
        "duplicate": not is_first,
        "role": bool(looks & ROLE or (verdict and verdict.is_role)),
        "disposable": bool(looks & DISPOSABLE or (verdict and verdict.is_disposable)),
    }
    flags = tuple(flag for flag, is_set in marks.items() if is_set)
    judgement = _judged(verdict, fault)
    if judgement.bucket is Bucket.VALID and marks["disposable"]:
        judgement = Judgement(Bucket.RISKY, "disposable")
    reasons = ", ".join(verdict.reasons) if verdict else ""
    theirs = (verdict.result, verdict.risk, reasons, verdict.did_you_mean) if verdict else ("",) * 4
    return Outcome(
        judgement,
        flags,
        tuple(_harmless((str(judgement.bucket), judgement.reason, ", ".join(flags), *theirs))),
        f"{judgement.reason} ({reasons})" if reasons else judgement.reason,
    )


def _judged(verdict: Verdict | None, fault: Fault | None) -> Judgement:
    if fault:
        return Judgement(Bucket.INVALID, str(fault))
    return judge(verdict) if verdict else NOT_ANSWERED


def merge(file: AddressList, ledger: Ledger, width: int, out: TextIO | None = None) -> Tally:
    """Count what became of a list, and write it to a file, if one is given.

    `width` is the most cells of any of its rows.
    """
    counting, writer = _Counting(), csv.writer(out) if out else None
    names = [*file.header, *[""] * (width - len(file.header))]
    if writer:
        writer.writerow(_harmless([*_unlike_ours(names), *OURS]))
    for cells, outcome in outcomes(file, ledger):
        counting.count(outcome)
        if writer:
            padding = [""] * (width - len(cells))
            writer.writerow((*_harmless(cells), *padding, *outcome.words))
    return counting.total()


def _unlike_ours(names: Iterable[str]) -> Iterator[str]:
    """Yield names of columns; one that an earlier result gave is told from ours."""
    for name in names:
        yield f"input_{name}" if name.strip().lower() in OURS else name


def _harmless(cells: Iterable[str]) -> list[str]:
    """Return cells that no spreadsheet takes for a formula."""
    return [f"'{cell}" if cell[:1] in _FORMULA else cell for cell in cells]
