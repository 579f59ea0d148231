"""Parts: no longer than the service takes, and nothing lost between them."""

import csv
import gzip
import io
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reconciler.lists.parts import MOST_BYTES, first_rows, packed


def plain(addresses: list[str]) -> bytes:
    upload = packed(addresses)
    is_zipped = upload.name.endswith(".gz")
    return gzip.decompress(upload.content) if is_zipped else upload.content


@given(
    addresses=st.lists(st.text("aé',", min_size=1, max_size=12), max_size=40),
    most=st.integers(60, 200),
)
def test_each_part_fits_and_all_together_are_the_list(addresses: list[str], most: int) -> None:
    rows = list(enumerate(addresses, 1))
    borders = [*first_rows(rows, most), len(rows) + 1]
    parts = [addresses[a - 1 : b - 1] for a, b in pairwise(borders)]
    assert [each for part in parts for each in part] == addresses
    for part in parts:
        assert len(plain(part)) <= most
        read = list(csv.reader(io.StringIO(plain(part).decode(), newline="")))
        assert read == [["email"], *([each] for each in part)]


def test_a_part_is_as_long_as_the_service_takes_before_it_is_compressed() -> None:
    addresses = [f"user{number:07d}@example.com" for number in range(1_000_000)]
    borders = list(first_rows(enumerate(addresses, 1)))
    assert len(borders) == 2
    first = addresses[: borders[1] - 1]
    assert 0.8 * MOST_BYTES < len(plain(first)) <= MOST_BYTES


def test_a_short_list_goes_as_it_is_and_a_long_one_compressed() -> None:
    assert packed(["ann@example.com"]) == ("list.csv", b"email\r\nann@example.com\r\n", "text/csv")
    long = packed(["ann@example.com"] * 10_000)
    assert (long.name, long.media_type) == ("list.csv.gz", "application/gzip")
    assert len(long.content) < 2_000
