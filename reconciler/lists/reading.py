"""A list as a CSV file: which alphabet, which columns, and its rows one by one."""

import codecs
import csv
import hashlib
import io
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from reconciler.errors import ReconcileError
from reconciler.source import printable, shortened

COLUMNS = ("email", "email_address")
"""What the service calls the column of addresses (mailgun.md §12.2); the first is preferred."""
_DELIMITERS = (",", ";", "\t")
_CHUNK = 2**20
_NOT_TEXT = {
    b"\x1f\x8b": "it is compressed (gzip); unpack it first",
    b"PK\x03\x04": "it is a workbook or an archive; save the sheet as CSV",
    codecs.BOM_UTF16_LE: "it is UTF-16; save it as UTF-8",
    codecs.BOM_UTF16_BE: "it is UTF-16; save it as UTF-8",
}
_NAMED = 8
Row = tuple[int, list[str]]


class ListUnusable(ReconcileError):
    """A list cannot be read as one, or is not the one any more that it was."""


@dataclass(frozen=True, slots=True)
class AddressList:
    """A list whose header was read. `digest` identifies its content."""

    path: Path
    digest: str
    encoding: str
    delimiter: str
    header: tuple[str, ...]
    column: int

    @property
    def is_latin(self) -> bool:
        """Whether it was taken for Latin-1, because it is no UTF-8."""
        return self.encoding == "latin-1"

    def rows(self) -> Iterator[Row]:
        """Yield the number, from 1 on, and the cells of each row; a blank line is none.

        Raises ListUnusable, also when the content is not what it was.
        """
        with _opened(self.path) as file:
            digest = hashlib.sha256()
            cells = _cells(self.path, _Hashed(file, digest), self.encoding, self.delimiter)
            next(cells)
            yield from enumerate(cells, 1)
        if digest.hexdigest() != self.digest:
            raise ListUnusable(
                f"{printable(str(self.path))}: it was changed while it was read; "
                "put it back as it was, or begin again when nobody writes to it"
            )

    def address_in(self, cells: list[str]) -> str:
        return cells[self.column] if self.column < len(cells) else ""


def read_list(path: Path) -> AddressList:
    """Look a file through once. Raises ListUnusable for what is no list with a header."""
    with _opened(path) as file:
        digest, encoding = _scanned(path, file)
    for delimiter in _DELIMITERS:
        with _opened(path) as file:
            header = next(_cells(path, file, encoding, delimiter), [])
        names = [name.strip().lower() for name in header]
        if column := next((name for name in COLUMNS if name in names), None):
            return AddressList(
                path, digest, encoding, delimiter, tuple(header), names.index(column)
            )
    with _opened(path) as file:
        raise _without_header(path, next(_cells(path, file, encoding, ","), []))


def _opened(path: Path) -> BinaryIO:
    try:
        file = path.open("rb")
    except OSError as problem:
        raise _unusable(path, str(problem.strerror)) from None
    if not stat.S_ISREG(path.stat().st_mode):
        file.close()
        raise _unusable(path, "a regular file is wanted, because it is read more than once")
    return file


def _scanned(path: Path, file: BinaryIO) -> tuple[str, str]:
    """Return a content's digest and encoding: UTF-8 if it is that to its end."""
    digest, decoder = hashlib.sha256(), codecs.getincrementaldecoder("utf-8")()
    start, encoding = b"", "utf-8"
    while chunk := file.read(_CHUNK):
        if not start:
            start = chunk[:4]
            if fact := next((_NOT_TEXT[each] for each in _NOT_TEXT if start.startswith(each)), ""):
                raise _unusable(path, fact)
        if b"\0" in chunk:
            raise _unusable(path, "it holds zero bytes, and so is no text; save it as CSV")
        digest.update(chunk)
        encoding = encoding if _decodes(decoder, chunk) else "latin-1"
    if not _decodes(decoder, b"", is_last=True):
        encoding = "latin-1"
    if encoding == "utf-8" and start.startswith(codecs.BOM_UTF8):
        encoding = "utf-8-sig"
    return digest.hexdigest(), encoding


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, is_last: bool = False) -> bool:
    try:
        decoder.decode(chunk, is_last)
    except UnicodeDecodeError:
        decoder.reset()
        return False
    return True


class _Hashed(io.RawIOBase):
    """Passes a file on, and takes a digest of what goes through."""

    def __init__(self, file: BinaryIO, digest: Any) -> None:
        self._file, self._digest = file, digest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._digest.update(chunk)
        return len(chunk)


def _cells(path: Path, file: Any, encoding: str, delimiter: str) -> Iterator[list[str]]:
    buffered = io.BufferedReader(file, _CHUNK) if isinstance(file, io.RawIOBase) else file
    with io.TextIOWrapper(buffered, encoding, newline="") as text:
        # A quote that nobody closes would otherwise swallow the addresses behind it.
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                if any(map(str.strip, cells)):
                    yield cells
        except csv.Error as problem:
            fact = f"line {reader.line_num} is no CSV ({problem}); look for an open quote"
            raise _unusable(path, fact) from None
        except UnicodeDecodeError:
            raise _unusable(path, "it was changed while it was read; begin again") from None


def _without_header(path: Path, first: list[str]) -> ListUnusable:
    """Say what is missing, and quote no address."""
    wanted = f"a column called {' or '.join(COLUMNS)}"
    if not first:
        return _unusable(path, f"it is empty; {wanted} is wanted, and addresses below it")
    if any("@" in cell for cell in first):
        return _unusable(
            path, f"it has no header: its first line holds an address; put {COLUMNS[0]} above it"
        )
    more = f" and {len(first) - _NAMED} more" if len(first) > _NAMED else ""
    names = ", ".join(printable(shortened(cell.strip())) for cell in first[:_NAMED])
    return _unusable(path, f"its header has no {wanted[2:]}; it has: {names}{more}")


def _unusable(path: Path, fact: str) -> ListUnusable:
    return ListUnusable(f"{printable(str(path))}: {fact}")
