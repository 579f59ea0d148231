"""Exit codes, places and lost output: how an apply says what became of it."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import CLEAN, PROGRAM, Served, run

from reconciler.cli.apply import _stopping, exit_code_of
from reconciler.cli.options import tell
from reconciler.engine.apply import Stop
from reconciler.engine.attempt import Outcome, Result
from reconciler.model import Address, Delete, Resource
from reconciler.providers.postmark.senders import Senders


def refuse(box: Served, *paths: str) -> None:
    """Let every write to these paths fail, on all sites."""
    for path in paths:
        for site in box.ports:
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                fault = {"method": method, "path": path, "status": 402, "body": "{}", "times": 99}
                box.control(site, "POST", "faults", fault)


KIND = Senders()
LIVE = Resource(address=Address(("t", "senders", "a@example.org")), kind=KIND)
RESULTS = st.builds(
    Result,
    change=st.just(Delete(LIVE)),
    outcome=st.sampled_from(Outcome),
    in_part=st.booleans(),
).filter(lambda each: each.outcome is Outcome.FAILED or not each.in_part)


@given(st.lists(RESULTS))
def test_the_exit_code_is_5_only_if_a_part_was_written(results: list[Result]) -> None:
    met, code = {each.outcome for each in results}, exit_code_of(results)
    is_written = any(each.is_made for each in results)
    assert (code == 0) == (met <= {Outcome.APPLIED})
    assert (code == 5) == (is_written and not met <= {Outcome.APPLIED})
    assert (code == 130) == (met == {Outcome.SKIPPED})
    assert (code == 1) == (Outcome.FAILED in met and not is_written)


def test_an_apply_of_which_nothing_was_applied_ends_with_1(box: Served, folder: Path) -> None:
    refuse(box, "*")
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 1
    assert re.search(r"^Apply: 0 applied, \d+ failed, \d+ skipped\.$", done.out, re.MULTILINE)


def test_what_was_not_made_carries_its_line_in_text_and_json(box: Served, folder: Path) -> None:
    refuse(box, "/v4/domains", "/server")
    done = run("apply", "--yes", cwd=folder, env=box.env)
    assert done.code == 5
    lines = [line for line in done.out.splitlines() if line.startswith(("failed", "skipped"))]
    assert lines
    assert [line for line in lines if not re.search(r"  \(esp\.yaml:\d+:\d+\)$", line)] == []
    as_json = run("apply", "--yes", "--format", "json", cwd=folder, env=box.env)
    failed = {
        each["address"]: each["location"]
        for each in as_json.json["results"]
        if each["outcome"] == "failed"
    }
    assert failed == {
        "marketing/domains/mg.example.com": {"file": "esp.yaml", "line": 32, "column": 7},
        "transactional/server": {"file": "esp.yaml", "line": 5, "column": 3},
    }


LOST = {
    ">/dev/full": "No space left on device",
    ">&-": "Bad file descriptor",
    "| true": "Broken pipe",
}


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize("lost", LOST)
def test_a_result_that_nobody_reads_changes_no_exit_code(
    lost: str, format_: str, box: Served, folder: Path
) -> None:
    program = " ".join(PROGRAM)
    line = f"{program} apply --yes --format {format_} {lost}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["/bin/bash", "-c", line],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    about = [line for line in done.stderr.splitlines() if "standard output" in line]
    assert about == [f"Warning: standard output: {LOST[lost]}; the exit code says what was done"]
    assert run("plan", "--detailed-exitcode", cwd=folder, env=box.env).code == 0


@pytest.mark.parametrize("lost", ["2>/dev/full", "2>&-", ">/dev/full 2>/dev/full"])
def test_nobody_to_tell_stops_no_write(lost: str, box: Served, folder: Path) -> None:
    refuse(box, "/v4/domains")
    line = f"{' '.join(PROGRAM)} apply --yes {lost}"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 5
    box.control("mailgun_eu", "DELETE", "faults")
    left = run("plan", cwd=folder, env=box.env).out
    assert "Plan: 4 to create, 0 to update, 0 to delete." in left


def test_an_interrupt_is_heard_when_nobody_can_be_told(box: Served, folder: Path) -> None:
    box.control("mailgun_eu", "POST", "latency", {"seconds": 0.15})
    with subprocess.Popen(
        ["/bin/sh", "-c", f"exec {' '.join(PROGRAM)} apply --yes 2>/dev/full"],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        while "POST /v4/domains" not in box.requests():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=30)
    assert process.returncode == 5
    assert "interrupted  (esp.yaml:" in out


class Interrupting(io.RawIOBase):
    """A file that is written to when the signal comes, and whose buffer is in use by then."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        signal.raise_signal(signal.SIGTERM)
        return os.write(self._descriptor, data)


def test_an_interrupt_is_told_in_the_midst_of_another_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reading, writing = os.pipe()
    stream = io.TextIOWrapper(io.BufferedWriter(Interrupting(writing)), line_buffering=True)
    stop = Stop(threading.Event())
    with monkeypatch.context() as patched, _stopping(stop):
        patched.setattr(sys, "stderr", stream)
        tell("a result")
    assert stop.event.is_set()
    said = os.read(reading, 1000).decode()
    assert said.startswith("Interrupted: finishing the writes in flight")
    assert said.endswith("\na result\n")
    os.close(reading)
    os.close(writing)


def test_an_error_as_json_keeps_its_exit_code_when_nobody_reads_it(folder: Path) -> None:
    line = f"{' '.join(PROGRAM)} plan --format json --only nothing >/dev/full"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env={**CLEAN, "POSTMARK_SERVER_TOKEN": "x"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 64
    assert "Traceback" not in done.stderr


def test_text_that_a_terminal_cannot_show_is_escaped(box: Served, folder: Path) -> None:
    long = "https://hooks.example.com/" + "x" * 120
    config = folder / "esp.yaml"
    text = config.read_text(encoding="utf-8").replace("https://hooks.example.com/mailgun", long)
    config.write_text(text, encoding="utf-8")
    done = run("plan", cwd=folder, env={**box.env, "PYTHONIOENCODING": "latin-1"})
    assert done.code == 0
    assert r"\u2026" in done.out
