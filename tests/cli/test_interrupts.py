"""What a signal does to a program that reads, waits, hangs or writes."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from program import CLEAN, PROGRAM, Served, begin

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
SOON = 5.0
"""Seconds; it takes a small part of one, and what it would wait for takes a minute."""

MINUTE = {"Retry-After": "60"}
FAULTS = {
    "held back": {"path": "*", "status": 429, "headers": MINUTE, "times": 99},
    "unavailable": {"path": "*", "status": 503, "headers": MINUTE, "times": 99},
    "hanging": {"path": "*", "delay": 60, "times": 99},
}
COMMANDS = {
    "plan": ["plan"],
    "apply": ["apply", "--yes"],
    "run": ["run", "verify", "transactional/domains/example.com", "--yes"],
}


@contextmanager
def started(box: Served, folder: Path, arguments: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    with begin(box, folder, *arguments) as process:
        try:
            yield process
        finally:
            process.kill()


def ended_by(process: subprocess.Popen[str], number: signal.Signals) -> tuple[str, str]:
    """Send a signal; return what was printed, at once."""
    begun = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert time.monotonic() - begun < SOON
    return out, err


def wait_for_a_request(box: Served, process: subprocess.Popen[str], start: str = "GET") -> None:
    while not any(request.startswith(start) for request in box.requests()):
        assert process.poll() is None, process.communicate()


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_while_reading_ends_it_at_once_with_one_line(
    box: Served, folder: Path, command: str, fault: str, number: signal.Signals
) -> None:
    for site in box.ports:
        box.control(site, "POST", "faults", FAULTS[fault])
    with started(box, folder, COMMANDS[command]) as process:
        wait_for_a_request(box, process)
        out, err = ended_by(process, number)
    assert (process.returncode, out, err) == (130, "", "Interrupted.\n")


def test_an_interrupt_is_told_as_json_as_well(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "faults", FAULTS["hanging"])
    with started(box, folder, ["plan", "--format", "json"]) as process:
        wait_for_a_request(box, process)
        out, err = ended_by(process, signal.SIGTERM)
    assert (process.returncode, err) == (130, "Interrupted.\n")
    error = json.loads(out)["error"]
    assert error == {"type": "Interrupted", "message": "interrupted", "exit_code": 130}


def test_a_signal_that_comes_twice_at_once_is_one(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "faults", FAULTS["hanging"])
    with started(box, folder, ["plan"]) as process:
        wait_for_a_request(box, process)
        process.send_signal(signal.SIGTERM)
        _, err = ended_by(process, signal.SIGTERM)
    assert (process.returncode, err) == (130, "Interrupted.\n")


def test_who_asked_to_outlive_a_hang_up_does(box: Served, folder: Path) -> None:
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0.3})
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with started(box, folder, ["plan"]) as process:
            wait_for_a_request(box, process)
            process.send_signal(signal.SIGHUP)
            out, _ = process.communicate(timeout=30)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert process.returncode == 0
    assert "Plan: 7 to create" in out


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_writing_finishes_the_write_and_skips_the_rest(
    box: Served, folder: Path, number: signal.Signals
) -> None:
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0.15})
    with started(box, folder, ["apply", "--yes"]) as process:
        wait_for_a_request(box, process, "POST /v4/domains")
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 5
    assert err.count("Interrupted: finishing the writes in flight") == 1
    assert "applied  create marketing/domains/mg.example.com" in out
    assert "skipped  create marketing/domains/mg.example.com/tracking: interrupted" in out


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_before_a_change_has_sent_anything_lets_it_send_nothing(
    box: Served, folder: Path, number: signal.Signals
) -> None:
    (folder / "esp.yaml").write_text(
        "version: 1\nproviders:\n  t:\n    service: postmark\n"
        "    token: {env: POSTMARK_SERVER_TOKEN}\n"
        "    webhooks: [{url: 'https://hooks.example.com/new', triggers: [open]}]\n",
        encoding="utf-8",
    )
    slow = {"method": "GET", "path": "/webhooks", "delay": 0.7, "times": 9}
    box.control("postmark", "POST", "faults", slow)
    with started(box, folder, ["apply", "--yes"]) as process:
        # The plan lists them, and the apply looks once more before it makes one.
        while box.requests().count("GET /webhooks") < 2:
            assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert "POST /webhooks" not in box.requests()
    assert process.returncode == 130, (out, err)
    assert "skipped  create t/webhooks/outbound/https://hooks.example.com/new: interrupted" in out


def test_a_wait_of_an_apply_that_is_held_back_ends_with_a_signal(box: Served, folder: Path) -> None:
    # Each list is read once; what comes after it is refused.
    box.control("mailgun_eu", "POST", "faults", {**FAULTS["held back"], "method": "POST"})
    with started(box, folder, ["apply", "--yes"]) as process:
        wait_for_a_request(box, process, "POST /v4/domains")
        out, err = ended_by(process, signal.SIGTERM)
    assert process.returncode == 5, err
    assert "interrupted while waiting" in out
    assert "Traceback" not in err


def test_a_hang_up_that_took_the_terminal_away_ends_it_as_well(box: Served, folder: Path) -> None:
    box.control("postmark", "POST", "faults", FAULTS["hanging"])
    reading, writing = os.pipe()
    with subprocess.Popen(
        [*PROGRAM, "plan"],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    ) as process:
        os.close(writing)
        wait_for_a_request(box, process)  # type: ignore[arg-type]
        os.close(reading)
        process.send_signal(signal.SIGHUP)
        assert process.wait(timeout=30) == 130
