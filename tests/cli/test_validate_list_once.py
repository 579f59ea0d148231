"""Nothing is paid twice: kills, lost answers, other runs, other lists, jobs that fail."""

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from program import Served, begin, run
from test_validate_list_command import (
    BASE,
    BULK,
    COUNTS,
    LIST,
    PAYING,
    SITE,
    calls,
    counts,
    paid,
    rows,
    settle,
)

__all__ = ["paid"]
POST = f"POST {BULK}"


def fault(box: Served, **said: Any) -> None:
    box.control(SITE, "POST", "faults", said)


def killed(box: Served, folder: Path, start: str, *arguments: str) -> None:
    """Run the program, and kill it once it made a call that begins so."""
    with begin(box, folder, *(arguments or PAYING)) as process:
        while not calls(box, start):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL


def killed_before_it_heard(box: Served, folder: Path, start: str, *arguments: str) -> None:
    """Stop the program in a call, let the call take effect, and kill the program then."""
    with begin(box, folder, *(arguments or PAYING)) as process:
        while not calls(box, start):
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGSTOP)
        while not jobs(box):
            pass
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)


def resumed(box: Served, folder: Path, *arguments: str) -> None:
    """Go on, and see that the whole list is there, and was asked for once."""
    done = run(
        *BASE, "--resume", *arguments, "--out", "out.csv", "-f", "json", cwd=folder, env=box.env
    )
    assert done.code == 0, done.err
    assert counts(done) == COUNTS
    assert len(rows(folder / "out.csv")) == 7


def jobs(box: Served) -> int:
    url = f"{box.ports[SITE]['url']}{BULK.rstrip('/')}"
    key = box.ports[SITE]["api_key"]
    import httpx  # noqa: PLC0415 - asked by hand here alone

    total: int = httpx.get(url, auth=("api", key), trust_env=False).json()["total"]
    return total


def test_a_kill_while_it_is_submitted(paid: Served, folder: Path) -> None:
    fault(paid, method="POST", path=f"{BULK}*", delay=1)
    killed_before_it_heard(paid, folder, POST)
    resumed(paid, folder)
    assert len(calls(paid, POST)) == 1


def test_a_kill_before_it_arrives(paid: Served, folder: Path) -> None:
    fault(paid, method="POST", path=f"{BULK}*", delay=1, drop="before")
    killed(paid, folder, POST)
    done = run(*BASE, "--resume", cwd=folder, env=paid.env)
    assert done.code == 64, done.err
    assert "5 addresses are still to be paid" in done.err
    resumed(paid, folder, "--yes")
    assert jobs(paid) == 1


def test_a_kill_while_it_is_watched(paid: Served, folder: Path) -> None:
    settle(paid, 1e6)
    killed(paid, folder, f"GET {BULK}")
    settle(paid, 0)
    resumed(paid, folder)
    assert len(calls(paid, POST)) == 1


def test_a_kill_while_it_is_downloaded(paid: Served, folder: Path) -> None:
    fault(paid, path="/bulk-results/*", delay=5)
    killed(paid, folder, "GET /bulk-results/", *PAYING, "--out", "out.csv")
    assert not (folder / "out.csv").exists()
    resumed(paid, folder)
    assert len(calls(paid, POST)) == 1


def test_a_kill_while_a_preview_is_promoted(paid: Served, folder: Path) -> None:
    fault(paid, method="PUT", path="*/preview/*", delay=1)
    killed_before_it_heard(paid, folder, "PUT", *PAYING, "--preview")
    resumed(paid, folder)
    assert (len(calls(paid, "PUT")), len(calls(paid, POST))) == (1, 0)


@pytest.mark.parametrize("loss", [{"drop": "after"}, {"status": 503, "drop": "after"}])
def test_a_lost_answer_is_looked_for(paid: Served, folder: Path, loss: dict[str, Any]) -> None:
    fault(paid, method="POST", path=f"{BULK}*", **loss)
    done = run(*PAYING, "-f", "json", cwd=folder, env=paid.env)
    assert counts(done) == COUNTS
    assert len(calls(paid, POST)) == 1


def test_a_list_that_was_paid_for_is_not_paid_for_again(paid: Served, folder: Path) -> None:
    assert run(*PAYING, cwd=folder, env=paid.env).code == 0
    done = run(*PAYING, cwd=folder, env=paid.env)
    assert done.code == 4
    assert "was validated already" in done.err
    resumed(paid, folder)
    assert len(calls(paid, POST)) == 1
    assert run(*PAYING, "--anew", cwd=folder, env=paid.env).code == 0
    assert len(calls(paid, POST)) == 2


def test_a_list_that_changed_is_another_one(paid: Served, folder: Path) -> None:
    settle(paid, 1e6)
    killed(paid, folder, f"GET {BULK}")
    (folder / "list.csv").write_text(f"{LIST}Gus,gus@example.com,\n")
    for arguments, fact in (
        ((*BASE, "--resume"), "the list was changed since its validation was begun"),
        (PAYING, "begun"),
    ):
        done = run(*arguments, cwd=folder, env=paid.env)
        assert done.code == 4, done.err
        assert fact in done.err
        assert "--anew" in done.err
    assert len(calls(paid, POST)) == 1


def test_a_list_that_changed_after_its_validation_is_validated(paid: Served, folder: Path) -> None:
    assert run(*PAYING, cwd=folder, env=paid.env).code == 0
    (folder / "list.csv").write_text(f"{LIST}Gus,gus@example.com,\n")
    done = run(*PAYING, "-f", "json", cwd=folder, env=paid.env)
    assert done.json["results"]["rows"] == 8


def test_two_runs_at_once_pay_once(paid: Served, folder: Path) -> None:
    fault(paid, method="POST", path=f"{BULK}*", delay=1)
    processes = [begin(paid, folder, *PAYING) for _ in range(2)]
    ended = {process: process.communicate(timeout=60) for process in processes}
    codes = sorted(process.returncode for process in processes)
    assert codes[0] == 0, ended
    assert codes[1] in {1, 4}, ended
    assert len(calls(paid, POST)) == 1


def test_a_state_that_was_lost_leaves_nothing_to_resume(paid: Served, folder: Path) -> None:
    run(*PAYING, cwd=folder, env=paid.env)
    (folder / ".esp-reconcile" / "state.json").write_text("{")
    done = run(*BASE, "--resume", cwd=folder, env=paid.env)
    assert done.code == 4
    assert "nothing is remembered" in done.err


@pytest.mark.parametrize("status", ["failed", "deleted"])
def test_a_job_that_failed_is_told(paid: Served, folder: Path, status: str) -> None:
    body = {"id": "x", "status": status, "reason": "no\x1b[31m header"}
    fault(paid, method="GET", path=f"{BULK}*", body=body)
    done = run(*PAYING, "-f", "json", cwd=folder, env=paid.env)
    assert done.code == 5
    assert "the service says: no [31m header" in done.err
    assert done.json["results"]["unanswered"] == 5
    assert counts(done) == {"valid": 0, "invalid": 1, "risky": 5}


@pytest.mark.parametrize(
    "said",
    [
        {"body": "<html>", "headers": {"content-type": "text/html"}},
        {"status": 403},
        {"status": 302, "headers": {"location": "http://127.0.0.1:1/"}},
        {"drop": "after"},
    ],
    ids=["page", "expired", "redirect", "dropped"],
)
def test_a_result_that_cannot_be_had_is_had_later(
    paid: Served, folder: Path, said: dict[str, Any]
) -> None:
    fault(paid, path="/bulk-results/*", **said)
    done = run(*PAYING, "--out", "out.csv", cwd=folder, env=paid.env)
    assert done.code == 1, done.err
    assert not (folder / "out.csv").exists()
    resumed(paid, folder)
    assert len(calls(paid, POST)) == 1


@pytest.mark.parametrize("url", ["http://192.0.2.1/x.zip", "file:///etc/passwd", ""])
def test_a_link_to_anywhere_else_is_not_followed(paid: Served, folder: Path, url: str) -> None:
    body = {"id": "x", "status": "uploaded", "download_url": {"csv": url}}
    fault(paid, method="GET", path=f"{BULK}*", body=body)
    done = run(*PAYING, cwd=folder, env=paid.env)
    assert done.code == 1
    assert "link" in done.err


def test_a_download_shows_no_key(paid: Served, folder: Path, tmp_path: Path) -> None:
    """A link leads to a host of its own, here one that writes down what it is sent."""
    heard = tmp_path / "heard"
    code = (
        "import socket,sys\ns=socket.socket();s.bind(('127.0.0.1',0));s.listen()\n"
        "print(s.getsockname()[1],flush=True)\nc,_=s.accept()\n"
        "open(sys.argv[1],'wb').write(c.recv(65536));c.close()"
    )
    import sys  # noqa: PLC0415 - for this listener alone

    with subprocess.Popen(
        [sys.executable, "-c", code, str(heard)], stdout=subprocess.PIPE, text=True
    ) as listener:
        assert listener.stdout is not None
        port = int(listener.stdout.readline())
        link = {"csv": f"http://127.0.0.1:{port}/x.zip"}
        body = {"id": "x", "status": "uploaded", "download_url": link}
        fault(paid, method="GET", path=f"{BULK}*", body=body)
        assert run(*PAYING, cwd=folder, env=paid.env).code == 1
    sent = heard.read_text().lower()
    assert "get /x.zip" in sent
    assert "authorization" not in sent
    assert "cookie" not in sent
