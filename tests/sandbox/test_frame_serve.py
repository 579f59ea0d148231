"""The sandbox as a process on three loopback ports: how it starts, breaks off, and ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

CLEAN = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    ready: Mapping[str, Mapping[str, str]]

    @property
    def key(self) -> tuple[str, str]:
        return ("api", self.ready["mailgun_us"]["api_key"])

    def mailgun(self, method: str, path: str, **content: Any) -> Any:
        response = httpx.request(
            method,
            self.ready["mailgun_us"]["url"] + path,
            auth=self.key,
            trust_env=False,
            **content,
        )
        assert response.status_code == 200, response.text
        return response.json()

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.mailgun(method, f"/_sandbox/{path}", json=body)

    def names(self) -> set[str]:
        return {item["name"] for item in self.mailgun("GET", "/v4/domains")["items"]}

    def address(self, site: str = "mailgun_us") -> tuple[str, int]:
        parts = urlsplit(self.ready[site]["url"])
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=20)
        assert (out, err) == ("", "")
        return self.process.returncode


@contextmanager
def started(state: Path, *arguments: str) -> Iterator[Server]:
    command = [sys.executable, "-m", "reconciler", "sandbox", "serve", "--format", "json"]
    process = subprocess.Popen(
        [*command, "--state", str(state), *(arguments or ("--port", "0"))],
        env=CLEAN,
        cwd=state.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield Server(process, json.loads(process.stdout.readline()))
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with started(tmp_path_factory.mktemp("box") / "state") as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    running.control("POST", "reset")
    return running


def test_the_ready_line_is_exactly_what_clients_need(server: Server) -> None:
    shape = {site: list(entry) for site, entry in server.ready.items()}
    assert shape == {
        "postmark": ["url", "server_token", "account_token"],
        "mailgun_us": ["url", "api_key"],
        "mailgun_eu": ["url", "api_key"],
    }
    ports = {server.address(site) for site in server.ready}
    assert len(ports) == 3
    assert {host for host, _ in ports} == {"127.0.0.1"}
    for entry in server.ready.values():
        assert all(entry.values())
        assert not entry["url"].endswith("/")


def test_the_credentials_of_the_ready_line_open_each_port(server: Server) -> None:
    postmark = server.ready["postmark"]
    for path, kind in (("/server", "server"), ("/domains?count=1&offset=0", "account")):
        headers = {f"X-Postmark-{kind}-Token": postmark[f"{kind}_token"]}
        response = httpx.get(postmark["url"] + path, headers=headers, trust_env=False)
        assert response.status_code == 200
    for site in ("mailgun_us", "mailgun_eu"):
        url = server.ready[site]["url"] + "/v4/domains"
        auth = ("api", server.ready[site]["api_key"])
        assert httpx.get(url, auth=auth, trust_env=False).status_code == 200


def test_the_ports_listen_on_loopback_only(server: Server) -> None:
    ports = {f"{server.address(site)[1]:04X}" for site in server.ready}
    listening = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(FileNotFoundError):
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
            listening += [row[1].split(":") for row in rows if row[3] == "0A"]
    hosts = [host for host, port in listening if port in ports]
    assert hosts == ["0100007F"] * 3


def raw_exchange(address: tuple[str, int], request: bytes) -> bytes:
    """Return the bytes that come back until the server closes the connection."""
    answer = b""
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(request)
        with suppress(ConnectionResetError):
            while chunk := connection.recv(65536):
                answer += chunk
    return answer


REQUEST = (
    b"POST /v4/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Basic %s\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 19\r\n\r\n"
    b"name=raw.example.eu"
)


@pytest.mark.parametrize("drop", ["before", "after"])
def test_a_dropped_connection_is_closed_without_a_byte(server: Server, drop: str) -> None:
    basic = httpx.BasicAuth(*server.key)._auth_header.removeprefix("Basic ").encode()  # noqa: SLF001
    server.control("POST", "faults", {"path": "/v4/domains", "method": "POST", "drop": drop})
    assert raw_exchange(server.address(), REQUEST % basic) == b""
    assert ("raw.example.eu" in server.names()) is (drop == "after")
    dropped = [entry for entry in server.control("GET", "requests") if entry["method"] == "POST"]
    assert [entry["status"] for entry in dropped] == [None]


def test_a_client_sees_a_drop_as_a_lost_connection_and_can_go_on(server: Server) -> None:
    server.control("POST", "faults", {"path": "/v4/domains", "drop": "before"})
    with httpx.Client(
        base_url=server.ready["mailgun_us"]["url"], auth=server.key, trust_env=False
    ) as client:
        with pytest.raises(httpx.TransportError):
            client.get("/v4/domains")
        assert client.get("/v4/domains").status_code == 200


@pytest.mark.parametrize("key", ["latency", "delay"])
def test_answers_can_be_made_slow(server: Server, key: str) -> None:
    if key == "latency":
        server.control("POST", "latency", {"seconds": 0.2})
    else:
        server.control("POST", "faults", {"path": "/v4/*", "delay": 0.2})
    begun = time.monotonic()
    server.names()
    assert time.monotonic() - begun >= 0.2


def test_a_slow_answer_does_not_hold_up_the_others(server: Server) -> None:
    server.control("POST", "faults", {"path": "/v4/domains", "delay": 0.5, "times": 8})
    begun = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: server.names(), range(8)))
    assert time.monotonic() - begun < 2.5


def test_each_port_has_a_log_and_faults_of_its_own(server: Server) -> None:
    server.control("POST", "faults", {"path": "*", "status": 500})
    url = server.ready["mailgun_eu"]["url"]
    auth = ("api", server.ready["mailgun_eu"]["api_key"])
    assert httpx.get(f"{url}/v4/domains", auth=auth, trust_env=False).status_code == 200
    assert server.control("GET", "requests") == []


GARBAGE = [
    b"not http at all\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: multipart/form-data\r\n\r\n",
]


@pytest.mark.parametrize("request_", GARBAGE, ids=["text", "length", "form"])
def test_garbage_is_refused_with_400_and_hurts_nobody(server: Server, request_: bytes) -> None:
    assert raw_exchange(server.address(), request_).startswith(b"HTTP/1.1 400 ")
    assert server.names()


@pytest.mark.parametrize(
    "head", ["Host: [::1", "Host: a/_sandbox/reset", "Host:", "Upgrade: websocket\r\nHost: a"]
)
def test_odd_hosts_and_upgrades_are_answered_like_any_call(server: Server, head: str) -> None:
    request = f"GET /v4/domains HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n".encode()
    answer = raw_exchange(server.address(), request)
    assert answer.startswith((b"HTTP/1.1 401 ", b"HTTP/1.1 400 "))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST:1"}, 200),
        ({"Host": "[::1]:8025"}, 200),
        ({"Host": "127.9.9.9"}, 200),
        ({"Origin": "http://@HOST@"}, 200),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "Application/JSON"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost.evil.example:8025"}, 403),
        ({"Host": "evil.example@127.0.0.1"}, 403),
        ({"Host": "0.0.0.0"}, 403),
        ({"Host": "192.168.0.1"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "https://@HOST@"}, 403),
        ({"Origin": "http://@HOST@.evil.example"}, 403),
        ({"Host": "localhost", "Origin": "http://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=application/json"}, 415),
        ({"Content-Type": "text/plain; application/json"}, 415),
        ({"Content-Type": ""}, 415),
    ],
)
def test_a_web_page_makes_no_control_call(
    server: Server, headers: Mapping[str, str], status: int
) -> None:
    url = server.ready["postmark"]["url"]
    sent = {"Content-Type": "application/json"} | {
        name: value.replace("@HOST@", url.removeprefix("http://"))
        for name, value in headers.items()
    }
    for path in ("/_sandbox/latency", "/%5Fsandbox/latency"):
        for content in (b'{"seconds": 0}', iter([b'{"seconds":', b" 0}"])):
            answer = httpx.post(url + path, content=content, headers=sent, trust_env=False)
            assert answer.status_code == status, answer.text
    if status != 415:
        for method, path in (("GET", "requests"), ("DELETE", "requests"), ("POST", "reset")):
            answer = httpx.request(method, f"{url}/_sandbox/{path}", headers=sent, trust_env=False)
            assert answer.status_code == status


def test_a_call_of_the_service_itself_is_answered_under_any_name(server: Server) -> None:
    headers = {"Host": "api.mailgun.net", "Origin": "https://app.example"}
    assert server.mailgun("GET", "/v4/domains", headers=headers)


def test_a_client_that_hangs_up_in_the_midst_of_a_call_hurts_nobody(server: Server) -> None:
    with socket.create_connection(server.address()) as connection:
        connection.sendall(b"POST /v4/domains HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nna")
    assert server.names()


def test_calls_from_sixteen_clients_leave_a_whole_state(server: Server) -> None:
    before = server.names()

    def create(number: int) -> None:
        server.mailgun("POST", "/v4/domains", data={"name": f"n{number}.example.com"})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(create, range(48)))
    made = {f"n{number}.example.com" for number in range(48)}
    assert server.names() == before | made
    log = server.control("GET", "requests")
    assert sum(entry["method"] == "POST" for entry in log) == 48


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGKILL])
def test_the_state_and_the_credentials_outlive_the_process(tmp_path: Path, number: int) -> None:
    state = tmp_path / "state"
    with started(state) as server:
        server.mailgun("POST", "/v4/domains", data={"name": "kept.example.com"})
        credentials = _credentials(server.ready)
        code = server.end(number)
    assert code == (-9 if number == signal.SIGKILL else 0)
    with started(state) as server:
        assert "kept.example.com" in server.names()
        assert _credentials(server.ready) == credentials
        assert server.end(signal.SIGTERM) == 0


def _credentials(ready: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [value for entry in ready.values() for key, value in entry.items() if key != "url"]


def test_a_signal_right_after_the_ready_line_ends_it_in_order(tmp_path: Path) -> None:
    for attempt in range(2):
        with started(tmp_path / f"state{attempt}") as server:
            assert server.end(signal.SIGTERM) == 0


def test_a_call_under_way_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    with started(tmp_path / "state") as server:
        server.control("POST", "faults", {"path": "*", "delay": 60})
        with socket.create_connection(server.address()) as connection:
            connection.sendall(b"GET /v4/domains HTTP/1.1\r\nHost: a\r\n\r\n")
            while not server.control("GET", "requests"):
                pass
            begun = time.monotonic()
            assert server.end(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10


def test_a_state_that_is_killed_while_it_is_written_is_never_half(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with started(state) as server, ThreadPoolExecutor(8) as pool:

        def create(number: int) -> bool:
            with suppress(httpx.TransportError):
                server.mailgun("POST", "/v4/domains", data={"name": f"k{number}.example.com"})
                return True
            return False

        answered = [pool.submit(create, number) for number in range(32)]
        while sum(each.done() for each in answered) < 12:
            time.sleep(0)
        server.end(signal.SIGKILL)
        made = {f"k{n}.example.com" for n, each in enumerate(answered) if each.result()}
    with started(state) as server:
        assert made <= server.names()
        assert server.end(signal.SIGTERM) == 0
