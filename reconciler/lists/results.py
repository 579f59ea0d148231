"""A result as it is downloaded: an archive with one table, which may hold anything.

Its columns are documented nowhere (mailgun.md §12.2), so they are found by their names; no file is
ever unpacked under a name of the archive's own.
"""

import csv
import io
import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import PurePosixPath
from typing import IO, Any

from reconciler.errors import ReconcileError
from reconciler.lists.addresses import Address, parsed
from reconciler.lists.buckets import Verdict

_ROW, _ROOM = 2_000, 2**20
"""Bytes that one address may take in a result, and that any result may have besides."""
_CHUNK = 2**16
_LONGEST_WORDS = 200
_MOST_REASONS = 12
_MOST_MEMBERS = 16
_ADDRESS = ("address", "email", "email_address")
_REASONS = ("reason", "reasons")
_YES = {"true", "yes", "1"}
_ENCRYPTED = 1
_AGAIN = "--resume asks for it again without paying"


class ResultUnusable(ReconcileError):
    """What was downloaded is no result, or more than a result can be."""


def most_bytes(addresses: int) -> int:
    """Return how long a result for so many addresses may be, unpacked."""
    return addresses * _ROW + _ROOM


def read_results(archive: IO[bytes], addresses: int) -> Iterator[tuple[str, Verdict]]:
    """Yield the key of each address in an archive, and the verdict on it.

    Raises ResultUnusable for all that is not one table of at most `addresses` rows, or so.
    """
    with _broken_is_unusable(), zipfile.ZipFile(archive) as opened:
        member = _only_table(opened, most_bytes(addresses))
        with opened.open(member) as content:
            limited = io.BufferedReader(_Limited(content, most_bytes(addresses)), _CHUNK)
            text = io.TextIOWrapper(limited, "utf-8-sig", "replace", newline="")
            is_json = member.filename.lower().endswith(".json")
            rows = _from_json(text) if is_json else _from_csv(text)
            for row in rows:
                yield _key_of(row), _verdict_of(row)


@contextmanager
def _broken_is_unusable() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError) as problem:
        raise ResultUnusable(
            f"the result is no archive that can be read ({problem}); {_AGAIN}"
        ) from None
    except (csv.Error, ValueError, RecursionError):
        raise ResultUnusable(f"the table in the result cannot be read; {_AGAIN}") from None


def _only_table(archive: zipfile.ZipFile, most: int) -> zipfile.ZipInfo:
    members = [each for each in archive.infolist() if not each.is_dir()]
    if len(members) > _MOST_MEMBERS or any(map(_leads_out, members)):
        raise ResultUnusable(f"the result holds other files than a table; {_AGAIN}")
    tables = [each for each in members if each.filename.lower().endswith((".csv", ".json"))]
    if len(tables) != 1:
        raise ResultUnusable(f"the result holds {len(tables)} tables, and one is wanted; {_AGAIN}")
    table = tables[0]
    if table.flag_bits & _ENCRYPTED:
        raise ResultUnusable(f"the table in the result is encrypted; {_AGAIN}")
    if table.file_size > most:
        raise _too_long()
    return table


def _leads_out(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or path.suffix.lower() == ".zip"


def _too_long() -> ResultUnusable:
    return ResultUnusable(f"the result is longer than one for this list can be; {_AGAIN}")


class _Limited(io.RawIOBase):
    """Passes a content on up to its greatest length, whatever was said of it."""

    def __init__(self, content: IO[bytes], most: int) -> None:
        self._content, self._left = content, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._content.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            raise _too_long()
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _from_csv(text: io.TextIOWrapper) -> Iterator[Mapping[str, Any]]:
    reader = csv.reader(text, strict=True)
    header = [name.strip().lower() for name in next(reader, [])]
    _check_columns(header)
    for cells in reader:
        yield dict(zip(header, cells, strict=False))


def _from_json(text: io.TextIOWrapper) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of an array, or of lines, one by one: all at once would fill the memory."""
    decoder, left = json.JSONDecoder(), ""
    is_first = True
    while chunk := text.read(_CHUNK):
        left += chunk
        while start := _object_in(left):
            left = start
            try:
                row, end = decoder.raw_decode(left)
            except json.JSONDecodeError:
                break
            left = left[end:]
            if is_first:
                _check_columns(row)
                is_first = False
            yield row
        if len(left) > _ROOM:
            raise _too_long()
    if left.strip(" \t\r\n,[]"):
        raise ResultUnusable(f"the table in the result ends early; {_AGAIN}")


def _object_in(text: str) -> str:
    """Return what begins with an object, after what stands between two; "" if there is none."""
    text = text.lstrip(" \t\r\n,[]")
    if text and not text.startswith("{"):
        raise ValueError("no object")
    return text


def _check_columns(names: Iterable[str]) -> None:
    found = set(names)
    missing = [
        wanted
        for wanted, spellings in (("address", _ADDRESS), ("result", ("result",)))
        if not found.intersection(spellings)
    ]
    if missing:
        raise ResultUnusable(
            f"the table in the result has no column `{'` and no `'.join(missing)}`; {_AGAIN}"
        )


def _key_of(row: Mapping[str, Any]) -> str:
    text = str(_first(row, _ADDRESS) or "")
    address = parsed(text)
    return address.key if isinstance(address, Address) else text.strip().lower()


def _verdict_of(row: Mapping[str, Any]) -> Verdict:
    return Verdict(
        result=_words(row.get("result")),
        risk=_words(row.get("risk")),
        reasons=_reasons(_first(row, _REASONS)),
        is_role=_flag(row.get("is_role_address")),
        is_disposable=_flag(row.get("is_disposable_address")),
        did_you_mean=_words(row.get("did_you_mean")),
    )


def _first(row: Mapping[str, Any], names: Iterable[str]) -> Any:
    return next((row[name] for name in names if name in row), None)


def _reasons(value: Any) -> tuple[str, ...]:
    """Return reasons, which are a list, or a text of one: as JSON, or between commas."""
    if isinstance(value, str) and value.startswith("["):
        try:
            value = json.loads(value)
        except ValueError:
            value = value.strip("[]").replace("'", "")
    items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(filter(None, map(_words, items[:_MOST_REASONS])))


def _words(value: Any) -> str:
    """Return foreign words on one line, of a length that can be shown."""
    return "" if value is None or isinstance(value, dict | list) else _on_one_line(str(value))


@lru_cache(maxsize=2**10)
def _on_one_line(text: str) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text[:_LONGEST_WORDS])
    return " ".join(plain.split())


def _flag(value: Any) -> bool:
    return value is True or str(value).strip().lower() in _YES
