"""Uploaded lists of addresses, the same for bulk validations and previews (mailgun.md §12.2)."""

import csv
import gzip
import io
import zlib
from typing import Any

from reconciler.sandbox.mailgun.account import Visit
from reconciler.sandbox.mailgun.answers import bad_request

MOST_BYTES = 25 * 1024 * 1024
# No limit is told for what a compressed list unpacks to; this one is for our memory's sake.
MOST_UNPACKED = 10 * MOST_BYTES
COLUMNS = ("email", "email_address")

# The rules are documented; the words in which a list is refused are ours.


def read_addresses(visit: Visit) -> list[str]:
    """Return the column of addresses, with its duplicates."""
    rows = read_rows(_upload(visit))
    header = [name.strip().lower() for name in rows[0]] if rows else []
    column = next((header.index(name) for name in COLUMNS if name in header), None)
    if column is None:
        raise bad_request("The file must have a column named 'email' or 'email_address'")
    return [row[column].strip() for row in rows[1:] if len(row) > column and row[column].strip()]


def _upload(visit: Visit) -> bytes:
    if not visit.fields.is_file("file"):
        raise bad_request("Missing parameter 'file'")
    content = visit.fields.content("file") or b""
    if len(content) > MOST_BYTES:
        raise bad_request("The file must not be larger than 25 MB")
    return content


def read_rows(content: bytes) -> list[list[str]]:
    """Return the rows of a CSV file, which may be compressed; the first one is the header."""
    try:
        return list(csv.reader(io.StringIO(_text(content), newline="")))
    except csv.Error:
        raise bad_request("The file is not csv") from None


def _text(content: bytes) -> str:
    try:
        raw = _unpacked(content) if content.startswith(b"\x1f\x8b") else content
        return raw.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError):
        raise bad_request("The file must be csv or gzip, in UTF-8 or ASCII") from None


def _unpacked(content: bytes) -> bytes:
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
        raw = file.read(MOST_UNPACKED + 1)
    if len(raw) > MOST_UNPACKED:
        raise bad_request("The file unpacks to too much")
    return raw


def new_name(visit: Visit, taken: dict[str, Any]) -> str:
    """Return the name that the caller chose: unique, and without `@`."""
    name = visit.call.params["list_id"]
    if "@" in name:
        raise bad_request("The name of a list must not contain '@'")
    if name in taken:
        raise bad_request(f"A list named '{name}' already exists")
    return name
