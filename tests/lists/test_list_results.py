"""Results as a service, or who stands in between, may send them."""

import csv
import io
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

from reconciler.lists.buckets import Verdict
from reconciler.lists.results import ResultUnusable, read_results

ROWS: list[dict[str, Any]] = [
    {"address": "Ann@example.com", "result": "deliverable", "risk": "low", "reason": []},
    {
        "address": "info@example.com",
        "result": "do_not_send",
        "risk": "high",
        "reason": ["mailbox_is_role_address", "tld_risk"],
        "is_role_address": True,
        "is_disposable_address": False,
        "did_you_mean": "info@example.org",
    },
]
FOUND = [
    ("ann@example.com", Verdict("deliverable", "low")),
    (
        "info@example.com",
        Verdict(
            "do_not_send",
            "high",
            ("mailbox_is_role_address", "tld_risk"),
            is_role=True,
            did_you_mean="info@example.org",
        ),
    ),
]


def archive(**members: str | bytes) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in members.items():
            opened.writestr(name.replace("__", "."), content)
    buffer.seek(0)
    return buffer


def as_csv(rows: list[dict[str, Any]], *names: str) -> str:
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, names or sorted(rows[1]), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def joined(rows: list[dict[str, Any]], sign: str) -> list[dict[str, Any]]:
    return [{**row, "reason": sign.join(row["reason"])} for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        as_csv(joined(ROWS, ", ")),
        as_csv(joined(ROWS, ","), *sorted(ROWS[1], reverse=True)),
        "\ufeff" + as_csv([{**row, "reason": json.dumps(row["reason"])} for row in ROWS]),
        as_csv([{**row, "reason": str(row["reason"])} for row in ROWS]),
    ],
    ids=["commas", "other order", "json", "python"],
)
def test_columns_are_found_by_name_and_reasons_in_any_form(content: str) -> None:
    assert list(read_results(archive(results__csv=content), 2)) == FOUND


@pytest.mark.parametrize(
    "content",
    [json.dumps(ROWS), json.dumps(ROWS, indent=2), "\n".join(map(json.dumps, ROWS)) + "\n"],
    ids=["array", "indented", "lines"],
)
def test_a_result_may_be_json(content: str) -> None:
    assert list(read_results(archive(results__json=content), 2)) == FOUND


def test_long_json_is_read_piece_by_piece() -> None:
    rows = [{"address": f"u{number}@example.com", "result": "unknown"} for number in range(20_000)]
    found = list(read_results(archive(results__json=json.dumps(rows)), 20_000))
    assert [key for key, _ in found] == [row["address"] for row in rows]


@pytest.mark.parametrize(
    ("members", "fact"),
    [
        ({"x__csv": "email,verdict\na@b.com,good\n"}, "no column `result`"),
        ({"x__csv": ""}, "no column `address` and no `result`"),
        ({"x__json": '[{"mail": 1}]'}, "no column `address`"),
        ({"x__json": '[{"address": "a@b.com", "result": "unk'}, "ends early"),
        ({"x__json": '["a"]'}, "cannot be read"),
        ({"x__json": "[" * 100_000 + '{"address": 1}'}, "no column `result`"),
        ({"x__csv": 'address,result\n"a'}, "cannot be read"),
        ({"../x__csv": "address,result\n"}, "other files than a table"),
        ({"/etc/x__csv": "address,result\n"}, "other files than a table"),
        ({"a\\..\\x__csv": "address,result\n"}, "other files than a table"),
        ({"x__csv": "address,result\n", "y__zip": b"PK"}, "other files than a table"),
        ({"x__csv": "address,result\n", "y__csv": "a"}, "2 tables"),
        ({"readme__txt": "hello"}, "0 tables"),
        ({f"{number}__txt": "x" for number in range(50)}, "other files than a table"),
    ],
)
def test_what_is_no_result_is_refused(members: dict[str, str | bytes], fact: str) -> None:
    with pytest.raises(ResultUnusable) as refusal:
        list(read_results(archive(**members), 2))
    assert fact in str(refusal.value)
    assert "--resume asks for it again without paying" in str(refusal.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"<html>no</html>", b"\0" * 4096])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(ResultUnusable, match="no archive"):
        list(read_results(io.BytesIO(content), 2))


@pytest.mark.parametrize("cut", range(1, 400, 37))
def test_an_archive_that_was_cut_is_refused(cut: int) -> None:
    whole = archive(results__csv=as_csv(joined(ROWS, ","))).getvalue()
    with pytest.raises(ResultUnusable):
        list(read_results(io.BytesIO(whole[:-cut]), 2))


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = archive(results__csv=b"address,result\n" + b"\n" * 50_000_000)
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(ResultUnusable, match="longer than one for this list"):
        list(read_results(bomb, 2))


def test_a_bomb_that_lies_about_its_size_is_refused(tmp_path: Path) -> None:
    content = bytearray(archive(results__csv=b"address,result\n" + b"a" * 50_000_000).getvalue())
    for at in (22, content.rindex(b"PK\x01\x02") + 24):
        struct.pack_into("<I", content, at, 100)
    with pytest.raises(ResultUnusable):
        list(read_results(io.BytesIO(bytes(content)), 2))
    assert list(tmp_path.iterdir()) == []


def test_an_encrypted_table_is_refused() -> None:
    content = bytearray(archive(results__csv="address,result\n").getvalue())
    for at in (6, content.rindex(b"PK\x01\x02") + 8):
        struct.pack_into("<H", content, at, 1)
    with pytest.raises(ResultUnusable, match="encrypted"):
        list(read_results(io.BytesIO(bytes(content)), 2))


def test_foreign_words_are_cut_and_stay_on_one_line() -> None:
    row = {"address": "a@example.com", "result": "x\x1b[31m\n" + "y" * 1000, "reason": ["z"] * 99}
    ((_, verdict),) = read_results(archive(results__json=json.dumps([row])), 1)
    assert verdict.result.isprintable()
    assert len(verdict.result) <= 200
    assert len(verdict.reasons) == 12


def test_an_address_that_is_none_is_passed_on_as_it_is() -> None:
    content = "address,result\nnot one,undeliverable\n,unknown\n"
    assert [key for key, _ in read_results(archive(x__csv=content), 2)] == ["not one", ""]
