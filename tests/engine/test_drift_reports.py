"""How a look for drift is told: by cause, with as many values as count, and what is alike once."""

import json
from dataclasses import replace
from typing import Any

import pytest
from shelf import ROOT, Shelves, desired, live, snapshot

from reconciler.engine.drift.causes import Base, Cause, differences
from reconciler.engine.drift.coverage import Coverage, Fields, Objects
from reconciler.engine.drift.verdict import Drift
from reconciler.engine.failures import Unread
from reconciler.engine.plan import Note
from reconciler.errors import Unavailable
from reconciler.model import Resource
from reconciler.reports.changes import View
from reconciler.reports.drift_document import drift_as_document
from reconciler.reports.drift_text import drift_as_text
from reconciler.reports.reading import report_of
from reconciler.source import Location

SHELVES = Shelves()
A = ROOT / "shelves" / "a"
COVERAGE = Coverage(Objects(3, 2, 1), Fields(5, 4, 6))
PLACE = Location("esp.yaml", 3, 7)


def drift(*triples: tuple[Resource, Resource | None, Resource | None], **more: Any) -> Drift:
    wanted, there, applied = (
        snapshot(*(each for each in column if each)) for column in zip(*triples, strict=True)
    )
    found = tuple(differences(wanted, there, Base(applied, "c0ffee" * 6)))
    return Drift(differences=found, coverage=COVERAGE, base="c0ffee" * 6, **more)


def shelf(name: str = "a", **fields: Any) -> Resource:
    return replace(desired(SHELVES, ROOT / "shelves" / name, **fields), locations={"": PLACE})


def there(name: str = "a", **fields: Any) -> Resource:
    return live(SHELVES, ROOT / "shelves" / name, **fields)


MIXED = drift(
    (shelf(depth=1, colour="red"), there(depth=2, colour="x"), shelf(depth=3, colour="x")),
    (shelf("b", depth=1), there("b", depth=2), shelf("b", depth=1)),
    (shelf("c", depth=1), None, None),
    (replace(shelf("d"), absent=True), there("d", depth=2), shelf("d", depth=2)),
)


def plain(found: Drift, view: View | None = None) -> str:
    text = drift_as_text(report_of(drift_as_document(found)), view or View())
    for code in ("\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[0m"):
        text = text.replace(code, "")
    return text


def test_differences_are_told_by_cause_and_a_conflict_with_three_values() -> None:
    assert plain(MIXED).split("\n\n")[:3] == [
        (
            "Conflict (changed by hand, and declared otherwise meanwhile):\n"
            "  ~ p/shelves/a  (esp.yaml:3:7)\n"
            '      colour  live "x", declared "red"  [pending]  (esp.yaml:3:7)\n'
            "      depth   applied 3, live 2, declared 1  (esp.yaml:3:7)"
        ),
        (
            "Drift (live left what was applied):\n"
            "  ~ p/shelves/b  (esp.yaml:3:7)\n"
            "      depth  live 2, declared 1  (esp.yaml:3:7)"
        ),
        (
            "Pending (declared, and not applied yet):\n"
            "  + p/shelves/c  missing  (esp.yaml:3:7)\n"
            "      depth  declared 1  (esp.yaml:3:7)\n"
            "  - p/shelves/d  there, and declared absent  (esp.yaml:3:7)"
        ),
    ]


def test_the_end_says_how_much_was_seen_and_the_state_in_one_word() -> None:
    assert plain(MIXED).splitlines()[-2:] == [
        (
            "Coverage: 38.1%. Things: 3 managed, 2 unmanaged, 1 unreadable. Fields: 5 compared, "
            "4 not told by the service, 6 unread."
        ),
        (
            "State: drift (1 conflict, 1 drift, 0 unknown, 2 pending, 0 unmanaged, 0 unread, "
            "0 accepted). Compared with what was applied at c0ffeec0ffee."
        ),
    ]


def test_what_is_alike_a_thousand_times_is_told_once() -> None:
    many = drift(
        *(
            (shelf(f"s{number:03}", depth=1), there(f"s{number:03}", depth=2), None)
            for number in range(1000)
        )
    )
    assert "~ p/shelves/s000 and 999 more (--no-fold shows them)  (esp.yaml:3:7)" in plain(many)
    assert len(plain(many).splitlines()) < 10
    assert "p/shelves/s999" in plain(many, View(is_folded=False))


def test_what_could_not_be_read_for_one_reason_is_told_once() -> None:
    error = Unavailable("GET /shelves", "HTTP 503", status=503)
    unread = tuple(Unread(ROOT / "shelves" / f"s{number}", error) for number in range(100))
    text = plain(drift((shelf(), there(), shelf()), unread=unread))
    assert "Not read:\n  p/shelves/s0 and 99 more (--notes shows them): GET /shelves" in text
    assert "State: partial" in text


def test_what_is_foreign_is_printed_with_escapes() -> None:
    evil = "\x1b[2J\n::error::x\n##[error]"
    found = drift(
        (shelf(evil, colour=evil), there(evil, colour="x"), None),
        notes=(Note(A, evil),),
        unread=(Unread(A, Unavailable("GET /x", evil)),),
        unmanaged=(there(evil),),
    )
    text = plain(found)
    assert "\x1b" not in text
    assert not any(line.lstrip().startswith(("::", "##")) for line in text.splitlines())


def test_a_document_says_all_and_no_applied_value_that_is_not_known() -> None:
    document = json.loads(json.dumps(drift_as_document(MIXED)))
    one, two, three, four = document["differences"]
    assert [each["cause"] for each in document["differences"]] == [
        "conflict",
        "drift",
        "pending",
        "pending",
    ]
    depth = {"name": "depth", "live": 2, "declared": 1, "cause": "conflict", "applied": 3}
    assert one["fields"][1] == depth | {"location": {"file": "esp.yaml", "line": 3, "column": 7}}
    assert "applied" not in three["fields"][0]
    assert (two["action"], four["action"], four["fields"]) == ("update", "delete", [])
    assert document["summary"] == {
        "conflict": 1,
        "drift": 1,
        "unknown": 0,
        "pending": 2,
        "refused": 0,
        "unmanaged": 0,
        "unread": 0,
        "accepted": 0,
    }
    assert document["coverage"]["ratio"] == pytest.approx(8 / 21, abs=1e-6)


def test_a_saved_document_is_read_as_the_report_that_it_is() -> None:
    report = report_of(drift_as_document(MIXED))
    assert (report.command, report.state, report.base) == ("drift", "drift", "c0ffee" * 6)
    assert [each.cause for each in report.entries] == ["conflict", "drift", "pending", "pending"]
    assert report.counts["pending"] == 2


def test_a_document_of_nothing_known_is_an_error() -> None:
    error = Unavailable("GET /shelves", "HTTP 503", status=503)
    blind = Drift(coverage=COVERAGE, unread=(Unread(ROOT, error),), is_blind=True)
    document = drift_as_document(blind)
    assert (document["state"], document["error"]["exit_code"]) == ("error", 1)
    assert report_of(document).state == "error"
    assert "Nothing could be read, so that nothing is known." in plain(blind)


def test_in_sync_is_said_only_of_what_could_be_compared() -> None:
    in_sync = Drift(coverage=COVERAGE)
    assert plain(in_sync).endswith("Live matches the configuration.")
    untold = replace(in_sync, notes=(Note(A, "not told", "depth"),))
    assert plain(untold).endswith(
        "What could be compared matches; see the notes for what could not."
    )


def test_every_cause_has_a_head() -> None:
    for cause in Cause:
        (first, *_) = MIXED.differences
        fields = tuple(replace(each, cause=cause) for each in first.fields)
        one = replace(MIXED, differences=(replace(first, fields=fields),))
        assert plain(one).split("\n")[0].endswith(":")
