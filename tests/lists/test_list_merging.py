"""A list, checked for free and put together with what a service said of it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.lists.addresses import Fault
from reconciler.lists.buckets import Bucket, Verdict
from reconciler.lists.ledger import Ledger
from reconciler.lists.mail_hosts import HasMail
from reconciler.lists.merging import Tally, merge
from reconciler.lists.reading import read_list
from reconciler.lists.surveying import Survey, survey

GOOD = Verdict("deliverable", "low")
Said = Sequence[tuple[str, Verdict]]


def merged(
    path: Path, said: Said = (), has_mail: HasMail | None = None
) -> tuple[Survey, Tally, list[dict[str, str]]]:
    file, out = read_list(path), io.StringIO(newline="")
    with Ledger.opened() as ledger:
        found = survey(file, ledger, has_mail, lambda *_: None)
        ledger.take(said)
        tally = merge(file, ledger, found.width, out)
    out.seek(0)
    return found, tally, list(csv.DictReader(out))


def written(folder: Path, text: str) -> Path:
    path = folder / "list.csv"
    path.write_bytes(text.encode())
    return path


def test_each_row_has_its_bucket_and_keeps_its_other_columns(tmp_path: Path) -> None:
    text = (
        "name,email\nAnn,Ann@example.com\nBob,bob@example.com\nAgain,ann@EXAMPLE.com\n"
        "None,\nBad,x\nCat,cat@dead.example.com\nInfo,info@example.com\n"
    )
    said = [
        ("ann@example.com", GOOD),
        ("bob@example.com", Verdict("undeliverable", "high", ("no_mx",), did_you_mean="b@c.de")),
        ("stranger@example.com", GOOD),
    ]
    found, tally, rows = merged(
        written(tmp_path, text), said, lambda domain: domain != "dead.example.com"
    )
    assert [(row["name"], row["bucket"], row["bucket_reason"], row["flags"]) for row in rows] == [
        ("Ann", "valid", "deliverable", ""),
        ("Bob", "invalid", "undeliverable", ""),
        ("Again", "valid", "deliverable", "duplicate"),
        ("None", "invalid", "no address", ""),
        ("Bad", "invalid", "bad syntax", ""),
        ("Cat", "invalid", "no mail server", ""),
        ("Info", "risky", "the service said nothing of it", "role"),
    ]
    assert [rows[1][name] for name in ("result", "risk", "reason", "did_you_mean")] == [
        "undeliverable", "high", "no_mx", "b@c.de",
    ]  # fmt: skip
    assert (found.rows, found.distinct, found.duplicates, found.sendable) == (7, 4, 1, 3)
    assert (found.without_mail, found.role) == (1, 1)
    assert found.faults == {Fault.MISSING: 1, Fault.SYNTAX: 1}
    assert (tally.rows, tally.duplicates, tally.unanswered) == (7, 1, 1)
    assert tally.buckets == {Bucket.VALID: 1, Bucket.INVALID: 4, Bucket.RISKY: 1}
    assert tally.reasons[Bucket.INVALID]["undeliverable (no_mx)"] == 1


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    cell = f"{start}HYPERLINK(1)"
    text = f'"email","{cell}"\nann@example.com,"{cell}"\n'
    said = [("ann@example.com", Verdict(cell, "low", (cell,), did_you_mean=cell))]
    out = io.StringIO(newline="")
    file = read_list(written(tmp_path, text))
    with Ledger.opened() as ledger:
        found = survey(file, ledger, None, lambda *_: None)
        ledger.take(said)
        merge(file, ledger, found.width, out)
    out.seek(0)
    cells = [cell for row in csv.reader(out) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert f"'{cell}" in cells


def test_an_earlier_result_can_be_a_list_again(tmp_path: Path) -> None:
    text = "email,bucket,Result\nann@example.com,risky,unknown\n"
    _, _, rows = merged(written(tmp_path, text), [("ann@example.com", GOOD)])
    assert rows[0]["input_bucket"] == "risky"
    assert rows[0]["input_Result"] == "unknown"
    assert (rows[0]["bucket"], rows[0]["result"]) == ("valid", "deliverable")


def test_rows_of_any_width_keep_our_columns_in_line(tmp_path: Path) -> None:
    text = "email,name\nann@example.com\nbob@example.com,Bob,more,still\n"
    _, _, rows = merged(written(tmp_path, text))
    assert [row["bucket"] for row in rows] == ["risky", "risky"]


def test_a_disposable_address_is_risky_whatever_is_said(tmp_path: Path) -> None:
    path = written(tmp_path, "email\nann@mailinator.com\n")
    _, _, rows = merged(path, [("ann@mailinator.com", GOOD)])
    assert (rows[0]["bucket"], rows[0]["flags"]) == ("risky", "disposable")


def test_a_domain_is_asked_once_and_counts_only_when_it_answers(tmp_path: Path) -> None:
    asked: list[str] = []

    def has_mail(domain: str) -> bool | None:
        asked.append(domain)
        return {"yes.example.com": True, "no.example.com": False}.get(domain)

    rows = "".join(
        f"a{number}@{name}.example.com\n" for number in range(50) for name in ("yes", "no", "mute")
    )
    found, _, _ = merged(written(tmp_path, f"email\n{rows}"), (), has_mail)
    assert sorted(asked) == ["mute.example.com", "no.example.com", "yes.example.com"]
    assert (found.sendable, found.without_mail) == (100, 50)


def test_as_many_reasons_as_addresses_do_not_fill_the_memory(tmp_path: Path) -> None:
    names = [f"u{number}@example.com" for number in range(6_000)]
    said = [(name, Verdict("deliverable", "high", (name,))) for name in names]
    _, tally, _ = merged(written(tmp_path, "\n".join(["email", *names])), said)
    reasons = tally.reasons[Bucket.RISKY]
    assert len(reasons) == 1_001
    assert reasons.total() == tally.buckets[Bucket.RISKY] == 6_000


CELLS = st.sampled_from(
    ["ann@example.com", "ANN@example.com", "bob@example.com", "x", "", "c@a.test"]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELLS, min_size=1, max_size=12))
def test_every_row_is_told_and_counted(tmp_path: Path, cells: list[str]) -> None:
    text = "n,email\n" + "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    found, tally, rows = merged(written(tmp_path, text), [("ann@example.com", GOOD)])
    assert [row["email"] for row in rows] == cells
    assert found.rows == tally.rows == len(cells)
    assert tally.buckets.total() + tally.duplicates == len(cells)
    for row in rows:
        if row["email"].lower() == "ann@example.com":
            assert row["bucket"] == "valid"
