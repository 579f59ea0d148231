"""The frame around a service: its log, its faults and the rest of the control API, in process."""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from reconciler.sandbox import Sandbox
from reconciler.sandbox.app import Call, ServiceApp
from reconciler.sandbox.transport import SandboxTransport
from reconciler.sandbox.world import StateDamaged, StateUnusable, World

CREDENTIALS = {"mailgun_api_key": "key-0"}


def seed(kept: Any) -> dict[str, Any]:
    return {
        "credentials": kept or CREDENTIALS,
        "postmark": {},
        "mailgun": {"made": []},
        "dns": {},
        "settings": {},
    }


def answer(call: Call) -> Response:
    """Remember every write, and say what was asked."""
    if call.method != "GET":
        call.world.mailgun["made"].append(call.path)
    return JSONResponse(
        {
            "made": len(call.world.mailgun["made"]),
            "query": dict(call.query),
            "form": {name: str(value) for name, value in call.form.items()},
        }
    )


class Port:
    """One service's port in process; `ask` calls the service, `control` the frame."""

    def __init__(self, directory: Path | None = None) -> None:
        self.world = World(directory, seed)
        self.app = ServiceApp(self.world, answer)
        self.client = httpx.Client(
            transport=SandboxTransport({"box.example": self.app}), base_url="https://box.example"
        )

    def ask(self, path: str, method: str = "GET", **content: Any) -> httpx.Response:
        return self.client.request(method, path, **content)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.client.request(method, f"/_sandbox/{path}", json=body)
        assert response.status_code == 200, response.text
        return response.json()

    def refused(self, path: str, body: Any) -> str:
        response = self.client.post(f"/_sandbox/{path}", json=body)
        assert response.status_code == 400
        return str(response.json()["error"])

    @property
    def log(self) -> Any:
        return self.control("GET", "requests")


@pytest.fixture
def port() -> Iterator[Port]:
    made = Port()
    with made.client:
        yield made


def test_requests_are_listed_in_order_with_exactly_four_keys(port: Port) -> None:
    port.ask("/v4/domains?limit=10&skip=0")
    port.ask("/v3/domains/a.example", "DELETE")
    port.ask("/v4/domains", "POST", data={"name": "a.example"})
    assert port.log == [
        {"method": "GET", "path": "/v4/domains", "query": "limit=10&skip=0", "status": 200},
        {"method": "DELETE", "path": "/v3/domains/a.example", "query": "", "status": 200},
        {"method": "POST", "path": "/v4/domains", "query": "", "status": 200},
    ]


def test_control_calls_are_left_out_of_the_log_and_meet_no_faults(port: Port) -> None:
    port.control("POST", "faults", {"path": "*", "status": 500, "times": 9})
    port.control("POST", "latency", {"seconds": 0})
    assert port.log == []


def test_the_log_can_be_emptied(port: Port) -> None:
    port.ask("/x")
    assert port.control("DELETE", "requests") == {"ok": True}
    assert port.log == []


def test_the_log_notes_the_status_that_was_answered_and_none_where_none_was(port: Port) -> None:
    port.control("POST", "faults", {"path": "/a", "status": 429})
    port.control("POST", "faults", {"path": "/b", "drop": "before"})
    port.ask("/a")
    with pytest.raises(httpx.RemoteProtocolError):
        port.ask("/b")
    assert [(entry["path"], entry["status"]) for entry in port.log] == [("/a", 429), ("/b", None)]


def test_the_host_header_does_not_change_what_is_asked(port: Port) -> None:
    for host in ("evil/_sandbox/reset?", "[::1", "a b", ""):
        port.ask("/x?y=1", headers={"Host": host})
    assert {(entry["path"], entry["query"]) for entry in port.log} == {("/x", "y=1")}


def test_an_escaped_question_mark_belongs_to_the_path(port: Port) -> None:
    port.ask("/a%3Fb%2Fc?d=%26")
    assert port.log == [{"method": "GET", "path": "/a?b/c", "query": "d=%26", "status": 200}]


def test_a_fault_needs_nothing_but_a_path(port: Port) -> None:
    assert port.control("POST", "faults", {"path": "/x"}) == {"ok": True}
    assert port.ask("/x").json()["made"] == 0


def test_a_fault_counts_down_and_is_then_gone(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "status": 503, "times": 2})
    assert [port.ask("/x").status_code for _ in range(4)] == [503, 503, 200, 200]


def test_a_fault_strikes_once_unless_told_otherwise(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "status": 503})
    assert [port.ask("/x").status_code for _ in range(2)] == [503, 200]


def test_faults_strike_in_the_order_in_which_they_were_planted(port: Port) -> None:
    for status in (500, 429):
        port.control("POST", "faults", {"path": "/x", "status": status})
    assert [port.ask("/x").status_code for _ in range(3)] == [500, 429, 200]


def test_a_fault_of_one_method_passes_over_the_others(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "method": "put", "status": 500})
    assert [port.ask("/x", each).status_code for each in ("GET", "POST", "PUT")] == [200, 200, 500]


@pytest.mark.parametrize(
    ("glob", "path", "strikes"),
    [
        ("/v3/domains/*/tracking/*", "/v3/domains/a.example/tracking/open", True),
        ("/v3/domains/*/tracking/*", "/v3/domains/a.example/tracking", False),
        ("/v4/domains", "/v4/domains/a.example", False),
        ("/v4/domains*", "/v4/domains/a.example", True),
        ("/DOMAINS/?", "/domains/7", True),
        ("*", "/anything/at/all", True),
        ("/domains/[12]", "/domains/2", True),
    ],
)
def test_the_path_of_a_fault_is_a_glob(port: Port, glob: str, path: str, strikes: bool) -> None:  # noqa: FBT001
    port.control("POST", "faults", {"path": glob, "status": 500})
    assert port.ask(path).status_code == (500 if strikes else 200)


def test_a_fault_answers_instead_of_the_service(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "status": 500})
    port.ask("/x", "POST")
    assert port.ask("/x").json()["made"] == 0


def test_a_fault_answers_with_a_text_and_headers(port: Port) -> None:
    fault = {
        "path": "/x",
        "status": 403,
        "headers": {"Content-Type": "text/html", "Retry-After": 7, "X-Empty": ""},
        "body": "<html>no</html>",
    }
    port.control("POST", "faults", fault)
    response = port.ask("/x")
    assert (response.status_code, response.text) == (403, "<html>no</html>")
    assert response.headers["Content-Type"] == "text/html"
    assert response.headers["Retry-After"] == "7"


@pytest.mark.parametrize("body", [{"retry-seconds": 60}, [], 5, False, {}])
def test_a_fault_answers_with_json_for_any_body_that_is_no_text(port: Port, body: Any) -> None:
    port.control("POST", "faults", {"path": "/x", "body": body})
    response = port.ask("/x")
    assert (response.status_code, response.json()) == (200, body)
    assert response.headers["Content-Type"] == "application/json"


def test_a_fault_may_answer_with_nothing(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "status": 404})
    assert port.ask("/x").content == b""
    port.control("POST", "faults", {"path": "/x", "status": 204, "body": "dropped"})
    assert port.ask("/x").content == b""


def test_keys_that_are_null_count_as_not_given(port: Port) -> None:
    keys = ("method", "times", "status", "headers", "body", "delay", "drop")
    port.control("POST", "faults", {"path": "/x", **dict.fromkeys(keys)})
    assert port.ask("/x").status_code == 200


def test_a_connection_dropped_before_leaves_nothing_behind(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "drop": "before"})
    with pytest.raises(httpx.RemoteProtocolError):
        port.ask("/x", "POST")
    assert port.ask("/x").json()["made"] == 0


@pytest.mark.parametrize("more", [{}, {"status": 500}, {"body": "x"}])
def test_a_connection_dropped_after_has_had_its_effect(port: Port, more: dict[str, Any]) -> None:
    port.control("POST", "faults", {"path": "/x", "drop": "after"} | more)
    with pytest.raises(httpx.RemoteProtocolError):
        port.ask("/x", "POST")
    assert port.ask("/x").json()["made"] == 1


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"status": 500},
        {"path": ""},
        {"path": None},
        {"path": 5},
        {"path": "/x", "unknown": 1},
        {"path": "/x", "times": "2"},
        {"path": "/x", "times": -1},
        {"path": "/x", "times": 1.5},
        {"path": "/x", "times": True},
        {"path": "/x", "status": "429"},
        {"path": "/x", "status": 99},
        {"path": "/x", "status": 100},
        {"path": "/x", "status": 600},
        {"path": "/x", "status": True},
        {"path": "/x", "headers": []},
        {"path": "/x", "headers": {"a b": "c"}},
        {"path": "/x", "headers": {"": "c"}},
        {"path": "/x", "headers": {"a": "b\r\nc: d"}},
        {"path": "/x", "headers": {"a": None}},
        {"path": "/x", "headers": {"a": "ü"}},
        {"path": "/x", "delay": "1"},
        {"path": "/x", "delay": -1},
        {"path": "/x", "delay": 1e9},
        {"path": "/x", "drop": "sometimes"},
        {"path": "/x", "drop": True},
        {"path": "/x", "drop": {}},
        {"path": "/x", "method": 5},
        {"path": "/x", "method": ""},
        [],
        ["path"],
        "path",
        5,
    ],
)
def test_a_fault_that_is_none_is_refused_and_not_planted(port: Port, fault: Any) -> None:
    assert "not understood" in port.refused("faults", fault)
    assert port.control("GET", "faults") == []
    assert port.ask("/x").status_code == 200


@pytest.mark.parametrize("raw", [b"{", b"\xff", b"[" * 100_000, b'{"path": "/x"} x'])
@pytest.mark.parametrize("path", ["faults", "latency", "dns", "settings"])
def test_a_control_call_that_is_no_json_is_refused(port: Port, raw: bytes, path: str) -> None:
    response = port.client.post(f"/_sandbox/{path}", content=raw)
    assert response.status_code == 400
    assert "the body is not JSON" in response.text


@pytest.mark.parametrize("body", [{}, {"seconds": None}, {"seconds": "1"}, {"seconds": -1}, [1]])
def test_a_latency_that_is_none_is_refused(port: Port, body: Any) -> None:
    port.refused("latency", body)
    assert port.app.control.latency == 0.0


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999", "-Infinity"])
@pytest.mark.parametrize(("path", "key"), [("latency", "seconds"), ("faults", "delay")])
def test_no_number_of_seconds_is_endless(port: Port, path: str, key: str, text: str) -> None:
    body = f'{{"path": "/x", "{key}": {text}}}'.encode()
    assert port.client.post(f"/_sandbox/{path}", content=body).status_code == 400
    assert math.isfinite(port.app.control.latency)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"domain": "a.example"},
        {"published": True},
        {"domain": 5, "published": True},
        {"domain": "a.example", "published": "yes"},
        [["domain", "a.example"]],
    ],
)
def test_a_dns_call_that_is_none_is_refused(port: Port, body: Any) -> None:
    port.refused("dns", body)


def test_dns_says_which_records_are_published(port: Port) -> None:
    port.control("POST", "dns", {"domain": "A.example.", "published": True})
    port.control("POST", "dns", {"domain": "sub.a.example", "published": False})
    assert port.world.is_published("email.a.example")
    assert not port.world.is_published("email.sub.a.example")
    assert not port.world.is_published("other.example")


def test_deleting_the_faults_clears_all(port: Port) -> None:
    for path in ("/x", "/y"):
        port.control("POST", "faults", {"path": path, "status": 500, "times": 9})
    assert port.control("GET", "faults") == [{"path": "/x", "times": 9}, {"path": "/y", "times": 9}]
    port.control("DELETE", "faults")
    assert [port.ask(path).status_code for path in ("/x", "/y")] == [200, 200]


def test_reset_keeps_the_credentials_and_nothing_else(port: Port) -> None:
    port.ask("/x", "POST")
    port.control("POST", "dns", {"domain": "a.example", "published": True})
    port.control("POST", "settings", {"shuffle": False})
    port.control("POST", "faults", {"path": "*", "status": 500, "times": 9})
    port.control("POST", "latency", {"seconds": 0.001})
    port.control("POST", "reset")
    assert port.log == []
    assert port.control("GET", "settings") == {}
    assert port.ask("/x").json()["made"] == 0
    assert not port.world.is_published("a.example")
    assert port.app.control.latency == 0.0
    assert port.world.credentials == CREDENTIALS


def test_the_real_sandbox_keeps_its_credentials_through_a_reset() -> None:
    box = Sandbox()
    before = dict(box.credentials)
    with httpx.Client(transport=box.transport(), base_url="https://api.mailgun.net") as client:
        assert client.post("/_sandbox/reset").status_code == 200
        assert client.get("/v4/domains", auth=("api", before["mailgun_api_key"])).status_code == 200
    assert dict(box.credentials) == before


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "reset"), ("PUT", "faults"), ("POST", "nothing"), ("GET", "")]
)
def test_an_unknown_control_call_is_refused(port: Port, method: str, path: str) -> None:
    response = port.ask(f"/_sandbox/{path}", method)
    assert response.status_code == 404
    assert "no control call" in response.text


MALFORMED = [
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"not a part"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nv\r\n--x--"),
    ("multipart/form-data; boundary=x", b"--x\r\nbad header\r\n\r\n"),
    ("multipart/form-data; boundary=x", b"--x\r\n" * 10),
    (f"multipart/form-data; boundary={'x' * 5000}", b"--x"),
]


@pytest.mark.parametrize(("content_type", "body"), MALFORMED)
def test_a_malformed_form_is_refused_and_has_no_effect(
    port: Port, content_type: str, body: bytes
) -> None:
    response = port.ask("/x", "POST", content=body, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert "the form cannot be read" in response.json()["message"]
    assert port.ask("/x").json()["made"] == 0


@pytest.mark.parametrize("charset", ["base64", "idna", "undefined", "no-such", "utf-16"])
def test_a_strange_charset_breaks_nothing(port: Port, charset: str) -> None:
    content_type = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\xfe.x\r\n--x--\r\n'
    response = port.ask("/x", "POST", content=body, headers={"Content-Type": content_type})
    assert response.status_code in {200, 400}


def test_a_form_is_as_large_as_a_message_to_a_thousand_recipients(port: Port) -> None:
    many = {f"n{number}": "v" for number in range(1001)}
    assert port.ask("/x", "POST", data=many).status_code == 200
    assert port.ask("/x", "POST", data={"n": "v" * 1_100_000}).status_code == 200
    files = [(f"f{number}", b"x") for number in range(1001)]
    assert port.ask("/x", "POST", files=files).status_code == 400


def test_forms_are_read_from_both_media_types_and_large_files_are_closed(port: Port) -> None:
    assert port.ask("/x", "POST", data={"a": "ü"}).json()["form"] == {"a": "ü"}
    large = port.ask("/x", "POST", data={"a": "1"}, files={"f": b"x" * 1_200_000})
    assert large.json()["form"]["a"] == "1"


def test_an_unknown_host_is_not_served() -> None:
    with (
        httpx.Client(transport=Sandbox().transport()) as client,
        pytest.raises(httpx.ConnectError, match=r"serves no api\.example"),
    ):
        client.get("https://api.example/x")


def test_calls_from_sixteen_threads_leave_a_whole_state(tmp_path: Path) -> None:
    port = Port(tmp_path)
    with port.client, ThreadPoolExecutor(16) as pool:
        done = list(pool.map(lambda number: port.ask(f"/{number}", "POST"), range(160)))
    assert sorted(each.json()["made"] for each in done) == list(range(1, 161))
    assert len(World(tmp_path, seed).mailgun["made"]) == 160
    assert {path.name for path in tmp_path.iterdir()} == {".gitignore", "state.json"}


def test_a_times_is_never_spent_twice_by_threads(port: Port) -> None:
    port.control("POST", "faults", {"path": "/x", "status": 500, "times": 20})
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: port.ask("/x").status_code, range(60)))
    assert statuses.count(500) == 20


DAMAGES: dict[str, Callable[[str], str]] = {
    "cut short": lambda text: text[: len(text) // 2],
    "of another format": lambda text: json.dumps(json.loads(text) | {"format": 99}),
    "without a section": lambda text: text.replace('"mailgun"', '"mailgone"'),
    "with a section of another shape": lambda text: text.replace('"dns": {}', '"dns": []'),
    "empty": lambda _: "",
    "null": lambda _: "null",
    "a list": lambda _: "[]",
    "zeros": lambda _: "\x00" * 100,
    "deep": lambda _: "[" * 100_000,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_kept_until_it_is_given_up_on_purpose(
    tmp_path: Path, damage: str
) -> None:
    World(tmp_path, seed)
    file = tmp_path / "state.json"
    damaged = DAMAGES[damage](file.read_text(encoding="utf-8"))
    file.write_text(damaged, encoding="utf-8")
    with pytest.raises(StateDamaged, match="To start anew: esp-reconcile --sandbox-dir "):
        World(tmp_path, seed)
    assert file.read_text(encoding="utf-8") == damaged
    World(tmp_path, seed, anew=True)
    assert World(tmp_path, seed).mailgun == {"made": []}


def test_a_state_begun_anew_keeps_its_credentials(tmp_path: Path) -> None:
    def other(kept: Any) -> dict[str, Any]:
        return seed(kept or {"mailgun_api_key": "key-1"})

    World(tmp_path, other).mailgun["made"].append("x")
    assert World(tmp_path, seed, anew=True).credentials == {"mailgun_api_key": "key-1"}


def test_a_state_that_can_no_longer_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    port = Port(tmp_path / "box")
    shutil.rmtree(tmp_path / "box")
    (tmp_path / "box").write_text("", encoding="utf-8")
    with port.client, pytest.raises(StateUnusable, match="cannot keep its state in"):
        port.ask("/x", "POST")
