"""`drift` as a process: what it sends, says and exits with."""

from pathlib import Path

import pytest
from program import Run, Served, run

HOOKS = "https://hooks.example.com/postmark"
ACCEPTED = """\
version: 1
accepted:
  - {address: "transactional/server", field: "tracking.*", reason: a trial, expires: "%s"}
"""
FAR, PAST = "2999-12-31", "2020-01-01"


@pytest.fixture
def synced(box: Served, folder: Path) -> Path:
    """Return a folder whose configuration was applied; the requests for that are forgotten."""
    assert run("apply", "--yes", "--allow-deletes", "9", cwd=folder, env=box.env).code == 0
    for site in box.ports:
        box.control(site, "DELETE", "requests")
    return folder


def drift(folder: Path, box: Served, *arguments: str) -> Run:
    return run("drift", *arguments, cwd=folder, env=box.env)


def by_hand(box: Served) -> None:
    box.postmark("PUT", "/server", {"TrackOpens": False, "Color": "red"})


def fail(box: Served, site: str, path: str, status: int = 403) -> None:
    fault = {"method": "GET", "path": path, "status": status, "times": 99}
    box.control(site, "POST", "faults", fault)


def test_what_is_in_sync_ends_with_zero_and_only_get_was_sent(box: Served, synced: Path) -> None:
    done = drift(synced, box)
    assert done.code == 0, done
    assert "State: in-sync (0 conflict, 0 drift, 0 unknown, 0 pending, 3 unmanaged" in done.out
    assert {each.split()[0] for each in box.requests()} == {"GET"}


def test_a_hand_is_a_difference_of_unknown_cause_without_a_base(box: Served, synced: Path) -> None:
    by_hand(box)
    done = drift(synced, box)
    assert done.code == 2
    assert "Difference of unknown cause:" in done.out
    assert "tracking.opens  live false, declared true  (esp.yaml:11:14)" in done.out
    assert drift(synced, box, "--exit-code", "drift").code == 2
    assert drift(synced, box, "--exit-code", "never").code == 0
    found = drift(synced, box, "--format", "json").json
    assert (found["state"], found["base"], found["summary"]["unknown"]) == ("drift", None, 1)
    assert found["differences"][0]["fields"] == [
        {
            "name": "tracking.opens",
            "live": False,
            "declared": True,
            "cause": "unknown",
            "location": {"file": "esp.yaml", "line": 11, "column": 14},
        }
    ]


@pytest.mark.parametrize(
    ("word", "code", "told"), [("fail", 2, 3), ("warn", 0, 3), ("ignore", 0, 0)]
)
def test_unmanaged_things_count_as_they_are_asked_to(
    word: str, code: int, told: int, box: Served, synced: Path
) -> None:
    done = drift(synced, box, "--unmanaged", word, "--format", "json")
    assert (done.code, len(done.json["unmanaged"])) == (code, told)
    assert done.json["coverage"]["unmanaged"] == told


def test_one_domain_that_cannot_be_read_does_not_hide_the_others(box: Served, synced: Path) -> None:
    fail(box, "mailgun_eu", "/v3/domains/promo.example.com/tracking")
    done = drift(synced, box)
    assert done.code == 5, done
    assert "State: partial" in done.out
    assert "Not read:\n  marketing/domains/promo.example.com/tracking: GET" in done.out
    found = drift(synced, box, "--format", "json").json
    assert [each["address"] for each in found["unread"]] == [
        "marketing/domains/promo.example.com/tracking"
    ]
    assert found["coverage"]["unreadable"] == 1
    assert found["coverage"]["fields_unread"] == 3
    by_hand(box)
    assert drift(synced, box).code == 2
    assert run("plan", cwd=synced, env=box.env).code == 1


def test_a_provider_that_cannot_be_read_does_not_hide_another(box: Served, synced: Path) -> None:
    done = run("drift", cwd=synced, env={**box.env, "MAILGUN_API_KEY": "key-that-is-wrong"})
    assert done.code == 5, done
    assert "Not read:\n  marketing: " in done.out
    assert "key-that-is-wrong" not in done.out + done.err


def test_where_nothing_can_be_read_nothing_is_known(box: Served, synced: Path) -> None:
    for site in box.ports:
        fail(box, site, "*")
    done = drift(synced, box, "--exit-code", "never", "--format", "json")
    assert done.code == 1
    assert (done.json["state"], done.json["error"]["exit_code"]) == ("error", 1)
    assert done.json["coverage"]["ratio"] == 0
    assert "Nothing could be read" in drift(synced, box).out


def test_what_is_accepted_is_listed_and_not_counted(box: Served, synced: Path) -> None:
    by_hand(box)
    (synced / "accepted-drift.yaml").write_text(ACCEPTED % FAR, encoding="utf-8")
    done = drift(synced, box)
    assert done.code == 0, done
    assert "transactional/server tracking.*: 1 until 2999-12-31: a trial" in done.out
    assert "1 accepted" in done.out
    (accepted,) = drift(synced, box, "--format", "json").json["accepted"]
    assert (accepted["fields"], accepted["reason"]) == (["tracking.opens"], "a trial")


def test_what_is_accepted_changes_no_plan(box: Served, synced: Path) -> None:
    by_hand(box)
    (synced / "accepted-drift.yaml").write_text(ACCEPTED % FAR, encoding="utf-8")
    for files in ((), (".",)):
        done = run("plan", "--detailed-exitcode", *files, cwd=synced, env=box.env)
        assert (done.code, done.err) == (2, "")


def test_an_expired_acceptance_is_a_finding_and_covers_nothing(box: Served, synced: Path) -> None:
    by_hand(box)
    (synced / "known.yaml").write_text(ACCEPTED % PAST, encoding="utf-8")
    done = drift(synced, box, "--accepted", "known.yaml", "--format", "json")
    assert done.code == 2
    (finding,) = done.json["findings"]
    assert (finding["file"], finding["line"], finding["severity"]) == ("known.yaml", 3, "warning")
    assert "expired on 2020-01-01" in finding["message"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("version: 1\naccept: []\n", "accepted-drift.yaml:2:1: unknown key `accept`; did you mean"),
        ("# nothing yet\n", "accepted-drift.yaml: the file is empty; it needs `version: 1` and"),
        (ACCEPTED % "2026-02-30", "accepted-drift.yaml:3:"),
        (ACCEPTED.replace('"%s"', "2026-12-31"), "accepted-drift.yaml:3:"),
        (
            ACCEPTED.replace("reason: a trial, ", "") % FAR,
            "an item of `accepted` needs the key `re",
        ),
    ],
)
def test_a_mistake_in_what_is_accepted_is_told_with_its_place(
    text: str, told: str, box: Served, folder: Path
) -> None:
    (folder / "accepted-drift.yaml").write_text(text, encoding="utf-8")
    done = drift(folder, box)
    assert (done.code, done.out) == (1, "")
    assert told in done.err
    assert box.requests() == []


def test_an_accepted_file_that_was_named_must_be_there(box: Served, folder: Path) -> None:
    done = drift(folder, box, "--accepted", "nowhere.yaml")
    assert done.code == 1
    assert "nowhere.yaml" in done.err


def test_only_what_is_selected_is_looked_at(box: Served, synced: Path) -> None:
    by_hand(box)
    assert drift(synced, box, "--only", "marketing").code == 0
    assert drift(synced, box, "--only", "transactional/server").code == 2
    assert drift(synced, box, "--only", "nowhere/at/all").code == 64


def test_nothing_is_looked_at_without_trust(box: Served, synced: Path) -> None:
    done = run("--untrusted", "drift", cwd=synced, env=box.env)
    assert done.code == 4
    assert box.requests() == []


def test_the_help_begins_with_what_is_sent(box: Served, folder: Path) -> None:
    out = drift(folder, box, "--help").out
    first = " ".join(out.split("\n\n")[1].split())
    assert "this sends nothing but GET" in first
    assert "--out" not in out.split("Options:")[1]


def test_a_base_and_no_base_are_one_too_many(box: Served, folder: Path) -> None:
    done = drift(folder, box, "--base", "HEAD", "--no-base")
    assert done.code == 64
