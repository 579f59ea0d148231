"""Several processes at once, and processes that are killed: nothing is made twice."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from program import Run, Served, begin, run

URL = "https://hooks.example.com/once"
CONFIG = f"""\
version: 1
providers:
  t:
    service: postmark
    token: {{env: POSTMARK_SERVER_TOKEN}}
    webhooks: [{{url: "{URL}", triggers: [bounce]}}]
    advanced: {{timeout: 5, retry_attempts: 3}}
"""


@pytest.fixture
def once(tmp_path: Path) -> Path:
    (tmp_path / "esp.yaml").write_text(CONFIG, encoding="utf-8")
    return tmp_path


def ended(processes: Sequence[subprocess.Popen[str]]) -> list[Run]:
    outputs = [each.communicate(timeout=60) for each in processes]
    return [
        Run(process.returncode, *output) for process, output in zip(processes, outputs, strict=True)
    ]


def hooks(box: Served) -> list[dict[str, Any]]:
    found = box.postmark("GET", "/webhooks")["Webhooks"]
    return [each for each in found if each["Url"] == URL]


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until, "not within 30 seconds"


def wait_for(box: Served, method: str, path: str) -> None:
    """Wait until a request has arrived; its answer may be a long way off."""
    wait_until(lambda: f"{method} {path}" in box.requests())


def is_confirmed(box: Served) -> bool:
    """Whether the server's settings were written and then read with an answer."""
    log = box.control("postmark", "GET", "requests")
    answered = [f"{each['method']} {each['path']}" for each in log if each["status"] == 200]
    _, *after = " ".join(answered).partition("PUT /server")
    return "GET /server" in "".join(after)


@pytest.mark.parametrize("latency", [0, 0.05, 0.2])
def test_two_applies_at_once_end_with_one_webhook_and_0(
    box: Served, once: Path, latency: float
) -> None:
    box.control("postmark", "POST", "latency", {"seconds": latency})
    done = ended([begin(box, once, "apply", "--yes") for _ in range(2)])
    assert [each.code for each in done] == [0, 0], done
    assert len(hooks(box)) == 1
    assert "No changes." in run("plan", cwd=once, env=box.env).out


def test_one_saved_plan_is_applied_by_one_of_two_at_once(box: Served, once: Path) -> None:
    run("plan", "--out", "p.json", cwd=once, env=box.env)
    box.control("postmark", "POST", "latency", {"seconds": 0.1})
    done = ended([begin(box, once, "apply", "--plan", "p.json", "--yes") for _ in range(2)])
    assert sorted(each.code for each in done) == [0, 4], done
    assert len(hooks(box)) == 1
    (refused,) = (each for each in done if each.code == 4)
    assert "applie" in refused.err


def test_a_kill_with_a_creation_in_flight_leads_to_one_webhook(box: Served, once: Path) -> None:
    fault = {"method": "POST", "path": "/webhooks", "delay": 1.5, "times": 1}
    box.control("postmark", "POST", "faults", fault)
    process = begin(box, once, "apply", "--yes")
    wait_for(box, "POST", "/webhooks")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    done = run("apply", "--yes", cwd=once, env=box.env)
    wait_until(lambda: hooks(box) != [])
    assert done.code == 0, done
    # What took effect after the second apply was over is told by the next plan, and pruned by it.
    run("apply", "--yes", "--prune", cwd=once, env=box.env)
    assert len(hooks(box)) == 1
    assert "to create, 0 to update" not in run("plan", cwd=once, env=box.env).out


def test_a_killed_plan_that_wrote_nothing_can_be_applied_again(box: Served, once: Path) -> None:
    run("plan", "--out", "p.json", cwd=once, env=box.env)
    fault = {"method": "GET", "path": "/webhooks*", "delay": 3.0, "times": 1}
    box.control("postmark", "POST", "faults", fault)
    box.control("postmark", "DELETE", "requests")
    process = begin(box, once, "apply", "--plan", "p.json", "--yes")
    wait_for(box, "GET", "/webhooks")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    box.control("postmark", "DELETE", "faults")
    assert run("apply", "--plan", "p.json", "--yes", cwd=once, env=box.env).code == 0
    assert len(hooks(box)) == 1


def test_a_killed_plan_that_wrote_is_spent(box: Served, once: Path) -> None:
    run("plan", "--out", "p.json", cwd=once, env=box.env)
    fault = {"method": "POST", "path": "/webhooks", "delay": 1.0, "times": 1}
    box.control("postmark", "POST", "faults", fault)
    process = begin(box, once, "apply", "--plan", "p.json", "--yes")
    wait_for(box, "POST", "/webhooks")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate(timeout=20)
    again = run("apply", "--plan", "p.json", "--yes", cwd=once, env=box.env)
    assert again.code == 4
    assert "it was applied before" in again.err


def test_a_plan_is_not_spent_by_a_no_or_by_a_read_that_fails(box: Served, once: Path) -> None:
    run("plan", "--out", "p.json", cwd=once, env=box.env)
    fault = {"method": "GET", "path": "/webhooks", "status": 401, "body": {"ErrorCode": 10}}
    box.control("postmark", "POST", "faults", {**fault, "times": 9})
    assert run("apply", "--plan", "p.json", "--yes", cwd=once, env=box.env).code == 1
    box.control("postmark", "DELETE", "faults")
    assert "applied" not in json.loads((once / "p.json").read_bytes())
    assert run("apply", "--plan", "p.json", "--yes", cwd=once, env=box.env).code == 0


def test_the_digest_of_a_plan_is_told_and_holds(box: Served, once: Path) -> None:
    told = run("plan", "--out", "p.json", cwd=once, env=box.env).err.splitlines()[-1]
    digest = told.rpartition(" ")[2]
    assert digest == json.loads((once / "p.json").read_bytes())["digest"]
    assert digest == run("plan", "--format", "json", cwd=once, env=box.env).json["digest"]
    other = "sha256:" + "0" * 64
    apply = ("apply", "--plan", "p.json", "--yes", "--digest")
    refused = run(*apply, other, cwd=once, env=box.env)
    assert refused.code == 4
    assert hooks(box) == []
    assert run(*apply, digest, cwd=once, env=box.env).code == 0


def test_what_another_writer_changes_meanwhile_is_named_and_ends_in_5(
    box: Served, tmp_path: Path
) -> None:
    (tmp_path / "esp.yaml").write_text(
        CONFIG.replace("    webhooks", "    tracking: {opens: true}\n    webhooks"),
        encoding="utf-8",
    )
    # The webhook is late, so that the server's settings have long been confirmed.
    fault = {"method": "POST", "path": "/webhooks", "delay": 1.0, "times": 1}
    box.control("postmark", "POST", "faults", fault)
    process = begin(box, tmp_path, "apply", "--yes")
    wait_for(box, "POST", "/webhooks")
    wait_until(lambda: is_confirmed(box))
    box.postmark("PUT", "/server", {"TrackOpens": False})
    (done,) = ended([process])
    assert done.code == 5, done
    assert "overtaken" in done.out
    assert "changed by another writer since: `tracking.opens` is false" in done.out
