"""Lists as people have them: alphabets, headers, quotes, and files that are none."""

import codecs
import gzip
import os
from pathlib import Path

import pytest

from reconciler.lists.reading import ListUnusable, read_list


def written(folder: Path, content: bytes) -> Path:
    path = folder / "list.csv"
    path.write_bytes(content)
    return path


def addresses(path: Path) -> list[str]:
    found = read_list(path)
    return [found.address_in(cells) for _, cells in found.rows()]


@pytest.mark.parametrize("header", ["email", "Email", " EMAIL ", "email_address", '"email"'])
def test_the_column_is_found_by_its_name(tmp_path: Path, header: str) -> None:
    path = written(tmp_path, f"name,{header}\nAnn,ann@example.com\n".encode())
    assert addresses(path) == ["ann@example.com"]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_of_spreadsheets_are_understood(tmp_path: Path, delimiter: str) -> None:
    text = f"name{delimiter}email\nAnn, B.{delimiter}ann@example.com\n"
    assert addresses(written(tmp_path, text.encode())) == ["ann@example.com"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_quoted_commas_and_line_breaks_stay_in_their_cell(tmp_path: Path, end: str) -> None:
    text = f'name,email{end}"Lane, ""A""{end}Street 1",ann@example.com{end}{end} , {end}'
    found = read_list(written(tmp_path, text.encode()))
    assert list(found.rows()) == [(1, [f'Lane, "A"{end}Street 1', "ann@example.com"])]


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = written(tmp_path, codecs.BOM_UTF8 + b"email\nann@example.com\n")
    assert addresses(path) == ["ann@example.com"]
    assert not read_list(path).is_latin


@pytest.mark.parametrize("filler", [0, 2**20 - 30, 2**20 - 16])
def test_what_is_no_utf_8_anywhere_is_read_as_latin_1(tmp_path: Path, filler: int) -> None:
    text = "email,name\n" + "x\n" * (filler // 2) + "ann@example.com,Jörg\n"
    found = read_list(written(tmp_path, text.encode("latin-1")))
    assert found.is_latin
    assert [cells for _, cells in found.rows()][-1] == ["ann@example.com", "Jörg"]
    as_utf_8 = read_list(written(tmp_path, text.encode()))
    assert not as_utf_8.is_latin
    assert [cells for _, cells in as_utf_8.rows()][-1] == ["ann@example.com", "Jörg"]


def test_rows_may_be_short_and_long(tmp_path: Path) -> None:
    path = written(tmp_path, b"name,email\nAnn\nBob,bob@example.com,more\n")
    assert addresses(path) == ["", "bob@example.com"]


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", "it is empty"),
        (b"\n\n", "it is empty"),
        (b"ann@example.com\nbob@example.com\n", "no header: its first line holds an address"),
        (
            b"name,mail\nAnn,ann@example.com\n",
            "its header has no column called email or email_address; it has: name, mail",
        ),
        (b'email\n"ann@example.com\nbob@example.com\n', "is no CSV"),
        (b'email\n"ann"x@example.com\n', "line 2 is no CSV"),
        (b"email\n" + b"a" * 200_000 + b"\n", "field larger than"),
        (b"email\nann@example.com\0\n", "zero bytes"),
        (codecs.BOM_UTF16_LE + "email\n".encode("utf-16-le"), "UTF-16; save it as UTF-8"),
        (gzip.compress(b"email\n", mtime=0), "compressed (gzip); unpack it first"),
        (b"PK\x03\x04workbook", "save the sheet as CSV"),
    ],
)
def test_what_is_no_list_is_refused_with_a_way_out(
    tmp_path: Path, content: bytes, fact: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ListUnusable) as refusal:
        addresses(path)
    assert fact in str(refusal.value)
    assert "@" not in str(refusal.value)


def test_a_list_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"email\nann@example.com\n")
    found = read_list(path)
    path.write_bytes(b"email\nbob@example.com\n")
    with pytest.raises(ListUnusable, match="changed while it was read"):
        list(found.rows())


def test_what_can_be_read_only_once_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDWR)
    try:
        with pytest.raises(ListUnusable, match="a regular file is wanted"):
            read_list(tmp_path / "pipe")
    finally:
        os.close(reading)
    with pytest.raises(ListUnusable, match="No such file"):
        read_list(tmp_path / "none.csv")
    with pytest.raises(ListUnusable, match="Is a directory"):
        read_list(tmp_path)
