"""What is known of each address of a list, on disk: memory would not hold ten million.

It is a database without a name, which the system deletes once nobody has it open, even after a
kill. One thread uses it.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple, Self

from reconciler.lists.addresses import Address, looks_of
from reconciler.lists.buckets import Verdict
from reconciler.lists.reading import ListUnusable

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -48000;
CREATE TABLE address (row INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, spelled TEXT, looks INT);
CREATE TABLE silent (domain TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE verdict (
    row INTEGER PRIMARY KEY, result TEXT, risk TEXT, reasons TEXT, role INT, disposable INT,
    meant TEXT
);
"""
_DOMAIN = "substr(key, instr(key, '@') + 1)"
_KNOWN = f"""
    SELECT address.row, looks, {_DOMAIN} IN silent,
           verdict.row, result, risk, reasons, role, disposable, meant
    FROM address LEFT JOIN verdict ON verdict.row = address.row
"""  # noqa: S608 - of constants
_SEPARATOR = "\n"


class Known(NamedTuple):
    """What is known of an address: where it stands first, and what was said of it."""

    row: int
    looks: int
    is_without_mail: bool
    verdict: Verdict | None


class Ledger:
    """Addresses by the row in which they stand first; a key that is there is passed over."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("")
        self._database.executescript(_SCHEMA)

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Self]:
        """Yield an empty one, gone afterwards. Raises ListUnusable when the disk is full."""
        ledger = cls()
        try:
            yield ledger
        except sqlite3.OperationalError as problem:
            raise ListUnusable(
                f"what is known of the list cannot be kept on disk ({problem}); "
                "name a folder with more room in TMPDIR"
            ) from None
        finally:
            ledger._database.close()

    def add(self, addresses: Iterable[tuple[int, Address]]) -> None:
        self._database.executemany(
            "INSERT OR IGNORE INTO address VALUES (?, ?, ?, ?)",
            (
                (row, key, None if spelled == key else spelled, looks_of(key))
                for row, (spelled, key) in addresses
            ),
        )

    def count_looks(self, look: int) -> int:
        """Return how many addresses have one of the looks that `looks_of` knows."""
        query = "SELECT count(*) FROM address WHERE looks & ?"
        count: int = self._database.execute(query, (look,)).fetchone()[0]
        return count

    def count_domains(self) -> int:
        query = f"SELECT count(DISTINCT {_DOMAIN}) FROM address"  # noqa: S608
        count: int = self._database.execute(query).fetchone()[0]
        return count

    def domains(self) -> Iterator[str]:
        """Yield each domain once."""
        for (domain,) in self._database.execute(f"SELECT DISTINCT {_DOMAIN} FROM address"):  # noqa: S608
            yield domain

    def are_without_mail(self, domains: Iterable[str]) -> None:
        """Note domains that take no mail: their addresses are not worth sending."""
        self._database.executemany(
            "INSERT OR IGNORE INTO silent VALUES (?)", ((each,) for each in domains)
        )

    def count(self, first: int = 0, end: int | None = None, *, is_sendable: bool = True) -> int:
        """Return how many addresses there are in rows from `first` to before `end`."""
        count: int
        (count,) = next(self._rows("count(*)", first, end, is_sendable=is_sendable))
        return count

    def spelled(
        self, first: int = 0, end: int | None = None, *, is_sendable: bool = True
    ) -> Iterator[tuple[int, str]]:
        """Yield row and address in the order of the list."""
        return self._rows("row, coalesce(spelled, key)", first, end, is_sendable=is_sendable)

    def _rows(self, what: str, first: int, end: int | None, *, is_sendable: bool) -> Iterator[Any]:
        silent = f"AND {_DOMAIN} NOT IN silent" if is_sendable else ""
        query = f"SELECT {what} FROM address WHERE row >= ? AND row < ? {silent} ORDER BY row"  # noqa: S608
        return self._database.execute(query, (first, 2**62 if end is None else end))

    def take(self, verdicts: Iterable[tuple[str, Verdict]]) -> int:
        """Keep the first verdict on each key, and return how many were kept.

        What was never in the list is passed over.
        """
        before = self._database.total_changes
        self._database.executemany(
            "INSERT OR IGNORE INTO verdict SELECT row, ?, ?, ?, ?, ?, ? FROM address WHERE key = ?",
            (
                (
                    each.result,
                    each.risk,
                    _SEPARATOR.join(each.reasons),
                    each.is_role,
                    each.is_disposable,
                    each.did_you_mean,
                    key,
                )
                for key, each in verdicts
            ),
        )
        return self._database.total_changes - before

    def known(self) -> Iterator[Known]:
        """Yield what is known of each address, in the order of the list."""
        return map(_known, self._database.execute(f"{_KNOWN} ORDER BY address.row"))

    def find(self, key: str) -> Known | None:
        found = self._database.execute(f"{_KNOWN} WHERE key = ?", (key,)).fetchone()
        return _known(found) if found else None


def _known(found: tuple[Any, ...]) -> Known:
    row, looks, is_without_mail, judged, result, risk, reasons, role, disposable, meant = found
    if judged is None:
        return Known(row, looks, bool(is_without_mail), None)
    verdict = _verdict(result, risk, reasons, role, disposable, meant)
    return Known(row, looks, bool(is_without_mail), verdict)


@lru_cache(maxsize=2**12)
def _verdict(
    result: str, risk: str, reasons: str, role: int, disposable: int, meant: str
) -> Verdict:
    return Verdict(
        result=result,
        risk=risk,
        reasons=tuple(filter(None, reasons.split(_SEPARATOR))),
        is_role=bool(role),
        is_disposable=bool(disposable),
        did_you_mean=meant,
    )
