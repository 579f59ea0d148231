"""The page behind its port: for who reads it on this machine, and nobody else."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from dashboard_pages import example

from reconciler.dashboard import Documents
from reconciler.dashboard.serving import HEADERS, Readings, application
from reconciler.errors import ReconcileError

PORT = 8026


@dataclass
class Source:
    """What the page is read from: it tells how often, and fails or hangs when it is told to."""

    problem: Exception | None = None
    calls: int = 0
    gate: threading.Event = field(default_factory=threading.Event)
    status: Any = field(default_factory=example)

    def __post_init__(self) -> None:
        self.gate.set()

    def read(self) -> Documents:
        self.calls += 1
        assert self.gate.wait(20)
        if self.problem:
            raise self.problem
        return Documents(self.status)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Served:
    source: Source
    clock: Clock
    readings: Readings

    def ask(self, method: str = "GET", path: str = "/", **headers: str) -> httpx.Response:
        return asyncio.run(self._ask(method, path, headers))

    async def _ask(self, method: str, path: str, headers: dict[str, str]) -> httpx.Response:
        transport = httpx.ASGITransport(application(self.readings, PORT))
        url = f"http://127.0.0.1:{PORT}"
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            return await client.request(method, path, headers=headers)

    def ask_at_once(self, number: int) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            return await asyncio.gather(*(self._ask("GET", "/", {}) for _ in range(number)))

        return asyncio.run(all_of_them())


@pytest.fixture
def served() -> Iterator[Served]:
    source, clock = Source(), Clock()
    yield Served(source, clock, Readings(source.read, 60, patience=20, clock=clock))
    source.gate.set()


def test_the_page_is_served_with_the_headers_that_keep_it_to_itself(served: Served) -> None:
    answer = served.ask()
    assert answer.status_code == 200
    assert "<h1>Email providers</h1>" in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for name, value in HEADERS.items():
        assert answer.headers.get_list(name) == [value]
    policy = answer.headers["content-security-policy"]
    assert {"frame-ancestors 'none'", "default-src 'none'"} <= set(policy.split("; "))
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"


def test_head_tells_the_same_without_the_page(served: Served) -> None:
    answer, whole = served.ask("HEAD"), served.ask()
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-length"] == whole.headers["content-length"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X"])
@pytest.mark.parametrize("path", ["/", "/apply"])
def test_nothing_but_reading_is_answered(served: Served, method: str, path: str) -> None:
    answer = served.ask(method, path)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert served.source.calls == 0


def test_there_is_no_other_page(served: Served) -> None:
    assert served.ask(path="/favicon.ico").status_code == 404
    assert served.ask(path="/..%2f..%2fetc/passwd").status_code == 404


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8026", "localhost:8026", "[::1]:8026", "LocalHost:8026"]
)
def test_this_machine_goes_by_three_names(served: Served, host: str) -> None:
    assert served.ask(host=host, origin=f"http://{host}").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example.com"},
        {"host": "evil.example.com:8026"},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:80"},
        {"host": "localhost.example.com:8026"},
        {"host": "127.0.0.1:8026.example.com"},
        {"host": "user@127.0.0.1:8026"},
        {"host": ""},
        {"host": "0.0.0.0:8026"},
        {"origin": "http://evil.example.com"},
        {"origin": "http://127.0.0.1:8027"},
        {"origin": "https://127.0.0.1:8026"},
        {"origin": "null"},
        {"origin": ""},
    ],
)
def test_a_page_of_anybodys_reads_nothing(served: Served, headers: dict[str, str]) -> None:
    answer = served.ask(**headers)
    assert answer.status_code == 403
    assert "example.com" not in answer.text
    assert served.source.calls == 0


def test_it_is_read_anew_at_most_every_so_many_seconds(served: Served) -> None:
    served.ask()
    served.clock.now = 59.9
    served.ask()
    assert served.source.calls == 1
    served.clock.now = 60
    served.source.status["commit"] = "bebe"
    assert "bebe" in served.ask().text
    assert served.source.calls == 2


def test_who_asks_at_once_waits_for_one_reading(served: Served) -> None:
    answers = served.ask_at_once(50)
    assert {each.status_code for each in answers} == {200}
    assert served.source.calls == 1


def test_where_a_reading_fails_the_last_good_one_is_shown_with_its_age(served: Served) -> None:
    served.ask()
    served.clock.now = 90
    served.source.problem = ReconcileError("Postmark gave no answer <b>\x1b[31m")
    answer = served.ask()
    assert answer.status_code == 200
    assert "The last good reading, 90 seconds old: Postmark gave no answer &lt;b&gt;" in answer.text
    assert "\x1b" not in answer.text
    assert "<h2 id=" in answer.text
    served.source.problem = None
    served.clock.now = 150
    assert "The last good reading" not in served.ask().text


def test_what_failed_is_not_tried_anew_for_every_reader(served: Served) -> None:
    served.source.problem = ReconcileError("no answer")
    assert {served.ask().status_code for _ in range(5)} == {503}
    assert served.source.calls == 1


def test_without_a_good_reading_it_is_said_why(served: Served) -> None:
    served.source.problem = ReconcileError("<script>no</script>")
    answer = served.ask()
    assert answer.status_code == 503
    assert "&lt;script&gt;no&lt;/script&gt;" in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_a_bug_tells_its_kind_and_nothing_it_may_hold(served: Served) -> None:
    served.source.problem = ValueError("token-canary")
    answer = served.ask()
    assert "ValueError" in answer.text
    assert "canary" not in answer.text


def test_who_waits_too_long_gets_the_last_good_reading(served: Served) -> None:
    served.ask()
    served.clock.now, served.readings.patience = 100, 0.05
    served.source.gate.clear()
    answers = served.ask_at_once(3)
    assert {each.status_code for each in answers} == {200}
    told = "The last good reading, 100 seconds old: a new reading takes long"
    assert all(told in each.text for each in answers)
    assert served.source.calls == 2
    served.readings.patience = 20
    served.source.gate.set()
    assert "The last good reading" not in served.ask().text
    assert served.source.calls == 2


def test_a_document_that_is_forged_meanwhile_is_a_failed_reading(served: Served) -> None:
    served.ask()
    served.clock.now, served.source.status = 100, {"command": "status"}
    assert "not of format 1" in served.ask().text
