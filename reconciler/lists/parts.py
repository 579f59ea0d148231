"""How a list is cut to what the service takes at once, and packed."""

import csv
import gzip
import io
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from reconciler.lists.reading import COLUMNS

MOST_BYTES = 25 * 10**6
"""Of one upload (mailgun.md §12.2). Whether compressed or not is not said: not is assumed."""
_HEADER = f"{COLUMNS[0]}\r\n"
_QUOTES_AND_END = 4
_PACKED_FROM = 2**16
"""Bytes from which on a part is worth compressing."""


class Upload(NamedTuple):
    name: str
    content: bytes
    media_type: str


def first_rows(addresses: Iterable[tuple[int, str]], most: int = MOST_BYTES) -> Iterator[int]:
    """Yield the row that each part begins with, given row numbers and addresses in their order."""
    size = most
    for row, address in addresses:
        taken = len(address.encode()) + _QUOTES_AND_END
        if size + taken > most:
            yield row
            size = len(_HEADER)
        size += taken


def packed(addresses: Iterable[str]) -> Upload:
    """Return a part as it is uploaded: one column, compressed if it is long."""
    plain = io.BytesIO()
    with gzip.GzipFile(fileobj=plain, mode="wb", mtime=0) as zipped:
        size = _write(addresses, zipped)
    content = plain.getvalue()
    if size < _PACKED_FROM:
        return Upload("list.csv", gzip.decompress(content), "text/csv")
    return Upload("list.csv.gz", content, "application/gzip")


def _write(addresses: Iterable[str], file: gzip.GzipFile) -> int:
    text = io.TextIOWrapper(file, "utf-8", newline="")
    text.write(_HEADER)
    csv.writer(text).writerows((each,) for each in addresses)
    text.flush()
    size = file.tell()
    text.detach()
    return size
