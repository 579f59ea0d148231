"""The program as a process, and the sandbox as a server beside it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from forking import code_of, fork

PROGRAM = [sys.executable, "-m", "reconciler"]
CLEAN = {
    key: os.environ[key] for key in ("PATH", "HOME", "LANG", "PYTHONPATH") if key in os.environ
}


@dataclass(frozen=True)
class Run:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Output = tuple[int, bytes, bytes]
_READ_AT_THE_START = ("PYTHON", "LANG", "LC_")
"""How the variables begin that count when an interpreter starts, and not later."""


def run(*arguments: str, cwd: Path, env: Mapping[str, str] | None = None) -> Run:
    """Run the program as a process, and wait for its end."""
    code, out, err = finished(arguments, cwd, {**CLEAN, **(env or {})})
    assert b"Traceback" not in err, err
    return Run(code, _as_text(out), _as_text(err))


def _as_text(output: bytes) -> str:
    return output.decode().replace("\r\n", "\n").replace("\r", "\n")


def finished(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Output:
    """Run the program, and return its exit code, standard output and standard error.

    It is forked from a process that has imported it, unless the environment holds what counts when
    an interpreter starts.
    """
    early = [key for key in env if key.startswith(_READ_AT_THE_START)]
    is_as_ours = all(CLEAN.get(key) == env[key] for key in early)
    return (_forked if is_as_ours else _started)(arguments, cwd, env)


def _started(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Output:
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def _forked(arguments: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Output:
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    nothing = os.open(os.devnull, os.O_RDONLY)
    try:
        connection = fork(arguments, cwd, env, [nothing, to_out, to_err])
    finally:
        for each in (nothing, to_out, to_err):
            os.close(each)
    with ThreadPoolExecutor(2) as readers:
        said, told = readers.map(_read_all, (out, err))
    return code_of(connection), said, told


def _read_all(stream: int) -> bytes:
    with os.fdopen(stream, "rb") as opened:
        return opened.read()


@dataclass(frozen=True)
class Served:
    """A running sandbox: its ready line, and the environment that leads the program to it."""

    ports: Mapping[str, Mapping[str, str]]

    @property
    def env(self) -> dict[str, str]:
        return {
            "ESP_RECONCILE_POSTMARK_URL": self.ports["postmark"]["url"],
            "ESP_RECONCILE_MAILGUN_US_URL": self.ports["mailgun_us"]["url"],
            "ESP_RECONCILE_MAILGUN_EU_URL": self.ports["mailgun_eu"]["url"],
            "POSTMARK_SERVER_TOKEN": self.ports["postmark"]["server_token"],
            "POSTMARK_ACCOUNT_TOKEN": self.ports["postmark"]["account_token"],
            "MAILGUN_API_KEY": self.ports["mailgun_us"]["api_key"],
        }

    def control(self, site: str, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.ports[site]['url']}/_sandbox/{path}"
        # Without verification no TLS context is built, which takes longer than the call.
        return httpx.request(method, url, json=body, trust_env=False, verify=False).json()

    def requests(self) -> list[str]:
        return [
            f"{entry['method']} {entry['path']}"
            for site in self.ports
            for entry in self.control(site, "GET", "requests")
        ]

    def postmark(self, method: str, path: str, body: Any = None) -> Any:
        """Call Postmark by hand, with the token that the path wants."""
        port = self.ports["postmark"]
        is_account = path.startswith(("/domains", "/senders", "/servers"))
        kind, token = ("Account", "account_token") if is_account else ("Server", "server_token")
        headers = {f"X-Postmark-{kind}-Token": port[token], "Accept": "application/json"}
        response = httpx.request(
            method, port["url"] + path, json=body, headers=headers, trust_env=False, verify=False
        )
        response.raise_for_status()
        return response.json()


def begin(box: Served, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the program against a running sandbox, and do not wait for its end."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def served(state: Path) -> Iterator[Served]:
    process = subprocess.Popen(
        [*PROGRAM, "sandbox", "serve", "--port", "0", "--format", "json", "--state", str(state)],
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield Served(json.loads(process.stdout.readline()))
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)
