"""`validate-list` as a program: what it asks, sends, pays, writes and refuses."""

import csv
import json
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from program import Run, Served, begin, run
from terminal import on_terminal

LIST = """\
name,Email,phone
Ann,Ann@example.com,+49 1
Ann,ann@example.com,
Bob,nobody@example.com,=1+1
Cat,catchall@example.com,
Dan,dan@mailinator.com,
Eve,info@example.com,
Fay,fay,
"""
SITE = "mailgun_eu"
BULK = "/v4/address/validate/bulk/"
BASE = ("validate-list", "list.csv", "--provider", "marketing", "--no-dns")
PAYING = (*BASE, "--yes")


@pytest.fixture
def paid(box: Served, folder: Path) -> Served:
    """Return the sandbox as new, whose jobs are done at once, and a list beside the YAML."""
    settle(box, 0)
    (folder / "list.csv").write_text(LIST)
    return box


def settle(box: Served, seconds: float) -> None:
    """Let a job stay so long in each of its states."""
    box.control(SITE, "POST", "settings", {"mailgun_bulk_step": seconds})


def calls(box: Served, start: str) -> list[str]:
    return [each for each in box.requests() if each.startswith(start)]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def counts(done: Run) -> Mapping[str, int]:
    return {name: each["count"] for name, each in done.json["results"]["buckets"].items()}


COUNTS = {"valid": 1, "invalid": 3, "risky": 2}


def test_a_list_is_validated_and_written(paid: Served, folder: Path) -> None:
    done = run(*PAYING, "--out", "out.csv", "--format", "json", cwd=folder, env=paid.env)
    assert done.code == 0, done.err
    assert counts(done) == COUNTS
    assert done.json["checks"] == {
        "rows": 7,
        "faults": {"bad syntax": 1},
        "duplicates": 1,
        "without_mail": 0,
        "role": 1,
        "disposable": 1,
        "to_validate": 5,
    }
    found = rows(folder / "out.csv")
    assert [(row["name"], row["bucket"], row["result"]) for row in found] == [
        ("Ann", "valid", "deliverable"),
        ("Ann", "valid", "deliverable"),
        ("Bob", "invalid", "undeliverable"),
        ("Cat", "risky", "catch_all"),
        ("Dan", "invalid", "do_not_send"),
        ("Eve", "risky", "deliverable"),
        ("Fay", "invalid", ""),
    ]
    assert (found[0]["phone"], found[2]["phone"]) == ("'+49 1", "'=1+1")
    assert (folder / "out.csv").stat().st_mode & 0o777 == 0o600
    assert len(calls(paid, f"POST {BULK}")) == 1


def test_the_table_says_why(paid: Served, folder: Path) -> None:
    done = run(*PAYING, cwd=folder, env=paid.env)
    lines = [line.split(maxsplit=1) for line in done.out.splitlines()]
    assert ["invalid", "3"] in lines
    assert ["1", "undeliverable (mailbox_does_not_exist)"] in lines
    assert ["1", "bad syntax"] in lines
    assert "Cost of 5 addresses on the Foundation plan: at most 0.06 USD" in done.err


def test_only_what_passes_the_free_checks_is_sent(paid: Served, folder: Path) -> None:
    run(*PAYING, cwd=folder, env=paid.env)
    done = run(*BASE, "--resume", "-f", "json", cwd=folder, env=paid.env)
    (id_,) = done.json["jobs"]
    key = paid.ports[SITE]["api_key"]
    import httpx  # noqa: PLC0415 - this test alone asks by hand

    url = f"{paid.ports[SITE]['url']}{BULK}{id_}"
    job = httpx.get(url, auth=("api", key), trust_env=False).json()
    assert job["quantity"] == 5
    assert "example" not in id_


def test_the_embedded_sandbox_does_it_too(folder: Path) -> None:
    (folder / "list.csv").write_text(LIST)
    done = run("--sandbox", *PAYING, "--format", "json", cwd=folder)
    assert done.code == 0, done.err
    assert counts(done) == COUNTS


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--max-cost", "0.05"), 4),
        (("--max-cost", "0.06"), 0),
        (("--max-cost", "0", "--plan", "scale"), 4),
        (("--max-cost", "0", "--plan", "scale", "--used", "0"), 0),
        (("--max-cost", "0", "--prices", "prices.json"), 0),
        (("--max-cost", "0", "--prices", "short.json"), 4),
    ],
)
def test_what_may_cost_more_is_refused_before_anything_is_sent(
    paid: Served, folder: Path, options: tuple[str, ...], code: int
) -> None:
    (folder / "prices.json").write_text("[[100, 0]]")
    (folder / "short.json").write_text("[[1, 0]]")
    done = run(*PAYING, *options, cwd=folder, env=paid.env)
    assert done.code == code, done.err
    assert bool(paid.requests()) == (code == 0)
    assert ("Nothing was sent" in done.err) == (code == 4)


def test_ten_thousand_cost_what_the_example_says(paid: Served, folder: Path) -> None:
    names = "".join(f"u{number}@example.com\n" for number in range(10_000))
    (folder / "list.csv").write_text(f"email\n{names}")
    done = run(*PAYING, "--max-cost", "99.99", cwd=folder, env=paid.env)
    assert "at most 100.00 USD" in done.err
    done = run(
        *PAYING, "--plan", "scale", "--used", "0", "--max-cost", "1", cwd=folder, env=paid.env
    )
    assert "on the Scale plan: 40.00 USD" in done.err
    assert (done.code, paid.requests()) == (4, [])


def test_without_a_terminal_it_wants_a_yes(paid: Served, folder: Path) -> None:
    done = run(*BASE, cwd=folder, env=paid.env)
    assert (done.code, paid.requests()) == (64, [])
    assert "say --yes" in done.err


@pytest.mark.parametrize(("reply", "code", "posts"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_on_a_terminal_it_asks(
    paid: Served, folder: Path, reply: str, code: int, posts: int
) -> None:
    question = "Validate 5 addresses? [y/N]"
    found, shown = on_terminal(folder, paid.env, *BASE, typed=[(question, reply)])
    assert found == code, shown
    assert len(calls(paid, "POST")) == posts
    assert ("Nothing was paid." in shown) == (code == 1)


def test_nothing_is_sent_when_no_address_is_left(paid: Served, folder: Path) -> None:
    (folder / "list.csv").write_text("email\nfay\na@b.test\n")
    done = run(*PAYING, "--format", "json", cwd=folder, env=paid.env)
    assert (done.code, paid.requests()) == (0, [])
    assert counts(done) == {"valid": 0, "invalid": 2, "risky": 0}


def test_a_preview_is_free_and_can_be_gone_on_from(paid: Served, folder: Path) -> None:
    done = run(*BASE, "--preview", "--format", "json", cwd=folder, env=paid.env)
    assert done.code == 0, done.err
    assert done.json["preview"]["quantity"] == 5
    assert done.json["preview"]["result"]["deliverable"] == 40
    assert not calls(paid, f"POST {BULK}")
    assert not calls(paid, "PUT")
    done = run(*BASE, "--resume", cwd=folder, env=paid.env)
    assert (done.code, calls(paid, "PUT")) == (0, [])
    done = run(*PAYING, "--resume", "--format", "json", cwd=folder, env=paid.env)
    assert counts(done) == COUNTS
    assert len(calls(paid, "PUT")) == 1
    assert len(calls(paid, "POST")) == 1


def test_a_preview_that_is_gone_is_uploaded_again(paid: Served, folder: Path) -> None:
    run(*BASE, "--preview", cwd=folder, env=paid.env)
    state = folder / ".esp-reconcile" / "state.json"
    remembered = state.read_text()
    paid.control("postmark", "POST", "reset")
    settle(paid, 0)
    state.write_text(remembered)
    done = run(*PAYING, "--resume", "--format", "json", cwd=folder, env=paid.env)
    assert counts(done) == COUNTS


@pytest.mark.parametrize(
    ("arguments", "code", "fact"),
    [
        (("--provider", "transactional"), 64, "Postmark has no validation of lists"),
        (("--provider", "marketin"), 64, "did you mean `marketing`?"),
        (("--out", "list.csv"), 64, "this is the list itself"),
        (("--out", "esp.yaml"), 64, "a configuration may be called so"),
        (("--resume", "--anew"), 64, "say one"),
        (("--resume",), 4, "nothing is remembered of a validation of this list"),
        (("--prices", "none.json"), 64, "cannot be read"),
        (("--max-cost", "nan"), 64, "USD"),
        (("--resolver", "a b"), 64, "is no resolver"),
        (("--resolver", "127.0.0.1:99999"), 64, "a port is a number"),
    ],
)
def test_what_cannot_be_done_is_said(
    paid: Served, folder: Path, arguments: tuple[str, ...], code: int, fact: str
) -> None:
    done = run(*PAYING, *arguments, cwd=folder, env=paid.env)
    assert done.code == code, done.err
    assert fact in done.err
    assert paid.requests() == []


@pytest.mark.parametrize("arguments", [("--untrusted",), ("--untrusted", "--sandbox")])
def test_an_untrusted_run_refuses(paid: Served, folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, *PAYING, cwd=folder, env=paid.env)
    assert (done.code, paid.requests()) == (4, [])
    assert "--untrusted does neither" in done.err


def test_a_list_without_a_header_is_refused(paid: Served, folder: Path) -> None:
    (folder / "list.csv").write_text("ann@example.com\n")
    done = run(*PAYING, "--format", "json", cwd=folder, env=paid.env)
    assert done.code == 1
    assert "it has no header" in done.json["error"]["message"]
    assert "ann@" not in done.out + done.err
    assert paid.requests() == []


def test_latin_1_is_told(paid: Served, folder: Path) -> None:
    (folder / "list.csv").write_bytes("email,name\nann@example.com,Jörg\n".encode("latin-1"))
    done = run(*PAYING, "--out", "out.csv", cwd=folder, env=paid.env)
    assert "was read as Latin-1" in done.err
    assert rows(folder / "out.csv")[0]["name"] == "Jörg"


def test_no_key_and_no_address_is_kept_or_told(paid: Served, folder: Path) -> None:
    done = run("--debug", *PAYING, "--out", "out.csv", cwd=folder, env=paid.env)
    state = (folder / ".esp-reconcile" / "state.json").read_text()
    everything = done.out + done.err + state + (folder / "out.csv").read_text()
    for token in (value for key, value in paid.env.items() if not key.endswith("URL")):
        assert token not in everything
    assert "example.com" not in state
    assert "@" not in done.out + done.err
    assert (folder / ".esp-reconcile" / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_refused_key_pays_nothing_and_can_be_corrected(paid: Served, folder: Path) -> None:
    bad = {**paid.env, "MAILGUN_API_KEY": "key-00000000000000000000000000000000"}
    done = run(*PAYING, cwd=folder, env=bad)
    assert done.code == 1
    assert "The key is not accepted here" in done.err
    done = run(*PAYING, "--format", "json", cwd=folder, env=paid.env)
    assert counts(done) == COUNTS


def test_where_nothing_can_be_remembered_nothing_is_sent(paid: Served, folder: Path) -> None:
    (folder / "file").write_text("")
    done = run(*PAYING, "--state", "file/below", cwd=folder, env=paid.env)
    assert done.code == 1
    assert "name another folder with --state" in done.err
    assert calls(paid, "POST") == []


def test_an_interrupt_leaves_at_once_and_says_how_to_go_on(paid: Served, folder: Path) -> None:
    settle(paid, 1e6)
    with begin(paid, folder, *PAYING) as process:
        while not calls(paid, f"GET {BULK}"):
            assert process.poll() is None, process.communicate()
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    assert "--resume goes on without paying again" in err
    settle(paid, 0)
    done = run(*BASE, "--resume", "--format", "json", cwd=folder, env=paid.env)
    assert counts(done) == COUNTS
    assert len(calls(paid, "POST")) == 1


def document(done: Run) -> Any:
    return json.loads(done.out)
