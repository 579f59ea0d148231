"""Thousands of changes: counted exactly, the gravest told, in every format and in no time."""

import json
import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from reconciler.reports.codequality import report_as_codequality
from reconciler.reports.comment import NOTHING, comment_body
from reconciler.reports.github import annotations
from reconciler.reports.links import Links
from reconciler.reports.markdown import report_as_markdown
from reconciler.reports.metrics import report_as_metrics
from reconciler.reports.problems import problems_of
from reconciler.reports.report import Entry, Field, Report, Unmanaged
from reconciler.reports.sarif import report_as_sarif
from reconciler.source import Location

KINDS = ("domains", "tracking", "dkim", "webhooks", "streams", "senders", "server")
MANY = 5_000
LINKS = Links(
    "https://f.example.com/run", "https://f.example.com/c", "https://f.example.com/b/", "a"
)
ROW = re.compile(r"^\| `m/(\w+)` \| (\d+) \| (\d+) \| (\d+) \|$", re.MULTILINE)


def entry(number: int, action: str, kind: str, value: object) -> Entry:
    place = Location("esp.yaml", number + 1, 5)
    name = f"d{number}.example.com"
    return Entry(
        action,
        f"m/{kind}/{name}",
        ("m", kind, name),
        kind=kind,
        location=place,
        fields=(Field("opens", before=False, after=value, location=place),)
        if action != "delete"
        else (),
        removal="delete" if action == "delete" else "",
    )


def many(number: int = MANY, *, deletions: int = 100) -> Report:
    """Return a plan of so many changes, no two of which can be told as one."""
    entries = [
        entry(
            each,
            "delete" if each < deletions else ("create", "update")[each % 2],
            KINDS[each % 7],
            each,
        )
        for each in range(number)
    ]
    random.Random(7).shuffle(entries)
    unmanaged = tuple(
        Unmanaged(f"m/domains/u{each}", "domains", None, ("m", "domains", f"u{each}"))
        for each in range(number)
    )
    return Report(
        "plan", "changes", tuple(entries), unmanaged=unmanaged, digest="sha256:" + "0" * 64
    )


def test_a_comment_of_five_thousand_changes_has_exact_counts_and_every_deletion() -> None:
    report = many()
    body = comment_body(report, LINKS, NOTHING, most=57_000)
    assert len(body) <= 57_000
    found = Counter((each.kind, each.action) for each in report.entries)
    told = {
        (kind, action): int(count)
        for kind, *counts in ROW.findall(body)
        for action, count in zip(("create", "update", "delete"), counts, strict=True)
    }
    assert {pair: count for pair, count in told.items() if count} == found
    assert "2450 to create, 2450 to update, 100 to delete" in body
    for each in report.entries:
        assert (each.action != "delete") or f"- `-` `{each.address}`" in body
    (shown,) = re.findall(r"> Shown ([\d,]+) of 10,000, the gravest first", body)
    assert int(shown.replace(",", "")) == len(re.findall(r"^- `[-+~]` ", body, re.MULTILINE))
    assert body.count("<details>") == body.count("</details>")


def test_changes_that_are_alike_are_one_line_with_their_number() -> None:
    entries = tuple(entry(each, "update", "tracking", value=True) for each in range(MANY))
    body = comment_body(Report("plan", "changes", entries), LINKS, NOTHING, most=57_000)
    assert "`m/tracking/*` (5,000: `d0.example.com`, `d1.example.com`" in body
    assert "and 4,995 more)" in body
    assert "Shown" not in body
    assert len(body) < 1_000


def test_more_deletions_than_fit_are_cut_and_counted() -> None:
    body = comment_body(many(deletions=MANY), LINKS, NOTHING, most=57_000)
    assert len(body) <= 57_000
    assert "**Deletions (5,000)**, shown " in body
    assert "5000 to delete" in body


def test_a_summary_stays_below_its_bytes() -> None:
    text = report_as_markdown(
        many(8_000), LINKS, most=1_000_000, size=lambda text: len(text.encode())
    )
    assert len(text.encode()) <= 1_000_000
    assert "> Shown " in text


def test_annotations_are_ten_of_a_level_with_the_rest_counted() -> None:
    lines = annotations(many())
    levels = Counter(line.split(" ")[0] for line in lines)
    assert levels == {"::warning": 10, "::notice": 10}
    assert lines[9] == "::warning title=esp-reconcile::91 more are in the summary of the step."


def test_sarif_keeps_what_github_keeps_and_says_what_is_left_out() -> None:
    run = json.loads(report_as_sarif(many(6_000)))["runs"][0]
    assert len(run["results"]) == 5_000
    assert run["results"][0]["level"] == "warning"
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"] == "5000 of 6000 results are told here, the gravest first."


def test_fingerprints_are_unique_and_know_no_line_and_no_order() -> None:
    report = many()
    moved = replace(
        report,
        entries=tuple(
            each._replace(
                location=Location("esp.yaml", 9_999, 1),
                fields=tuple(
                    f._replace(location=Location("esp.yaml", 9_999, 1)) for f in each.fields
                ),
            )
            for each in reversed(report.entries)
        ),
    )
    one, two = ({each.fingerprint for each in problems_of(each)} for each in (report, moved))
    assert one == two
    assert len(one) == MANY
    codes = json.loads(report_as_codequality(report))
    assert len({each["fingerprint"] for each in codes}) == MANY


def test_the_same_said_twice_has_two_fingerprints() -> None:
    twice = (entry(1, "update", "tracking", value=True),) * 2
    found = problems_of(Report("plan", "changes", twice))
    assert len({each.fingerprint for each in found}) == 2


@pytest.mark.parametrize("outcome", ["applied", "failed"])
def test_what_was_applied_is_no_problem(outcome: str) -> None:
    entries = tuple(each._replace(outcome=outcome) for each in many(14, deletions=2).entries)
    found = problems_of(Report("apply", "partial", entries))
    assert bool(found) == (outcome == "failed")


def test_metrics_have_no_series_of_addresses() -> None:
    assert len(report_as_metrics(many()).splitlines()) < 30
