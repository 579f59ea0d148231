"""HTTP as it may come over a stream, whole and in parts."""

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import h11
import httpcore
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.web import route
from reconciler.web.connection import Wire
from reconciler.web.conversation import Conversation
from reconciler.web.deadline import deadline
from reconciler.web.endpoint import Endpoint
from reconciler.web.exchange import Request
from reconciler.web.network import ssl_context

GET = Request("GET", b"/x", [(b"Host", b"api.example.test")])
POST = Request("POST", b"/x", [(b"Host", b"x"), (b"Content-Length", b"2")], [b"a", b"b"])
OK = b"HTTP/1.1 200 OK\r\n"
GOOD = OK + b"Content-Length: 2\r\n\r\nok"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\no\r\n1;x=y\r\nk\r\n0\r\nX: y\r\n\r\n"
TO_THE_END = OK + b"Connection: close\r\n\r\nok"
EARLY = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"


class Stream(httpcore.NetworkStream):
    """Says what it is told to, part by part, and then that it has ended.

    It takes so many writes before it fails.
    """

    def __init__(self, parts: Iterable[bytes], takes: int = 99) -> None:
        self._parts = iter(parts)
        self._takes = takes
        self.written = b""
        self.timeouts: list[float | None] = []
        self.is_closed = False

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        self.timeouts.append(timeout)
        return next((each for each in self._parts if each), b"")

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.timeouts.append(timeout)
        if not self._takes:
            raise httpcore.WriteError("broken pipe")
        self._takes -= 1
        self.written += buffer

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,  # noqa: ARG002
        server_hostname: str | None = None,  # noqa: ARG002
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        self.timeouts.append(timeout)
        return self

    def close(self) -> None:
        self._parts = iter([])
        self.is_closed = True

    def get_extra_info(self, info: str) -> Any:
        raise AssertionError(info)


def talk(*parts: bytes, takes: int = 99) -> tuple[Conversation, Stream]:
    stream = Stream(parts, takes)
    return Conversation(stream, 20), stream


def asked(conversation: Conversation, request: Request = GET) -> tuple[int, bytes]:
    answer = conversation.ask(request)
    return answer.status, b"".join(answer.chunks)


@pytest.mark.parametrize("answer", [GOOD, CHUNKED, TO_THE_END, EARLY + GOOD])
@given(cuts=st.sets(st.integers(1, 200)))
def test_an_answer_is_the_same_however_it_is_cut(answer: bytes, cuts: set[int]) -> None:
    places = [0, *sorted(each for each in cuts if each < len(answer)), len(answer)]
    parts = [answer[start:end] for start, end in pairwise(places)]
    conversation, _ = talk(*parts)
    assert asked(conversation) == (200, b"ok")
    assert conversation.can_go_on() is (answer is not TO_THE_END)


@pytest.mark.parametrize("answer", [GOOD, CHUNKED])
@given(length=st.integers(0, 200))
def test_an_answer_that_ends_early_is_no_answer(answer: bytes, length: int) -> None:
    conversation, _ = talk(answer[: length % len(answer)])
    with pytest.raises(httpx.RemoteProtocolError):
        asked(conversation)
    assert not conversation.can_go_on()


@pytest.mark.parametrize(
    "answer",
    [
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        OK + b"Content-Length: -2\r\n\r\nok",
        OK + b"Content-Length: 2, 3\r\n\r\nok",
        OK + b"Transfer-Encoding: gzip\r\n\r\nok",
        OK + b"Transfer-Encoding: chunked\r\n\r\n-2\r\nok\r\n0\r\n\r\n",
        OK + b"Broken header\r\nContent-Length: 2\r\n\r\nok",
        OK + b"Na me: x\r\nContent-Length: 2\r\n\r\nok",
        OK + b"X: " + b"x" * 200_000,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n" + GOOD,
        b"HTTP/2 200\r\n\r\n",
        b"\x16\x03\x01\x00\x00",
    ],
)
def test_what_can_be_understood_in_two_ways_is_no_answer(answer: bytes) -> None:
    conversation, _ = talk(answer)
    with pytest.raises(httpx.RemoteProtocolError):
        asked(conversation)
    assert not conversation.can_go_on()


@pytest.mark.parametrize("answer", [GOOD, CHUNKED])
def test_after_an_answer_that_nobody_asked_for_there_is_no_other_request(answer: bytes) -> None:
    conversation, _ = talk(answer + GOOD)
    assert asked(conversation) == (200, b"ok")
    assert not conversation.can_go_on()


def test_after_an_answer_that_was_not_read_there_is_no_other_request() -> None:
    conversation, _ = talk(GOOD)
    assert conversation.ask(GET).status == 200
    assert not conversation.can_go_on()


def test_requests_follow_each_other_on_one_stream() -> None:
    conversation, stream = talk(GOOD, GOOD, CHUNKED)
    for request in (GET, POST, GET):
        assert asked(conversation, request) == (200, b"ok")
        assert conversation.can_go_on()
    assert stream.written.split(b"\r\n")[0] == b"GET /x HTTP/1.1"
    assert stream.written.count(b"\r\n\r\nab") == 1


def test_each_request_on_one_stream_says_its_own_headers() -> None:
    conversation, stream = talk(GOOD, GOOD, GOOD, GOOD)
    headers = [(b"Host", b"x"), (b"Authorization", b"Basic one")]
    for token in (b"Basic one", b"Basic one", b"Basic two"):
        headers[1] = (b"Authorization", token)
        asked(conversation, Request("GET", b"/x", headers))
    asked(conversation)
    said = [line for line in stream.written.splitlines() if line.startswith(b"Authorization")]
    assert said == [
        b"Authorization: " + each for each in (b"Basic one", b"Basic one", b"Basic two")
    ]
    assert stream.written.endswith(b"GET /x HTTP/1.1\r\nHost: api.example.test\r\n\r\n")


def test_a_header_that_would_be_another_request_is_not_sent_after_a_good_one_either() -> None:
    conversation, stream = talk(GOOD, GOOD, GOOD)
    asked(conversation)
    before = stream.written
    evil = Request("GET", b"/x", [(b"Host", b"api.example.test"), (b"X", b"y\r\nZ: z")])
    for _ in range(2):
        with pytest.raises(httpx.LocalProtocolError):
            asked(conversation, evil)
    assert stream.written == before


@pytest.mark.parametrize("takes", [0, 1])
def test_who_refuses_a_request_before_its_end_is_heard(takes: int) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
    conversation, _ = talk(refusal, takes=takes)
    assert asked(conversation, POST) == (413, b"no")
    assert not conversation.can_go_on()


@pytest.mark.parametrize("takes", [0, 1])
def test_who_breaks_off_a_request_without_a_word_has_not_answered(takes: int) -> None:
    conversation, _ = talk(takes=takes)
    with pytest.raises(httpx.RemoteProtocolError):
        asked(conversation, POST)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", b"/x y", GET.headers),
        Request("GET", b"/x\r\nX: y", GET.headers),
        Request("G T", b"/x", GET.headers),
        Request("GET", b"/x", [*GET.headers, (b"X", b"a\r\nY: b")]),
        Request("GET", b"/x", [*GET.headers, (b"X y", b"a")]),
        Request("GET", b"/x", []),
        Request("POST", b"/x", POST.headers, [b"abc"]),
    ],
)
def test_what_would_be_another_request_is_not_sent(request_: Request) -> None:
    conversation, stream = talk(GOOD)
    with pytest.raises(httpx.LocalProtocolError):
        asked(conversation, request_)
    assert b"abc" not in stream.written
    assert stream.written.count(b"\r\n\r\n") <= 1
    assert not conversation.can_go_on()


def out_of_time() -> float:
    raise httpx.ReadTimeout("the whole request took too long")


@dataclass
class Network(httpcore.NetworkBackend):
    """Leads to one stream, wherever that is."""

    stream: Stream

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **_: Any) -> Stream:  # type: ignore[override]
        assert (host, port) == ("api.example.test", 443)
        self.stream.timeouts.append(timeout)
        return self.stream


@pytest.mark.parametrize(("seconds", "most"), [(5, 5), (99, 20)])
def test_no_step_takes_longer_than_it_may_nor_than_what_is_left_of_the_request(
    seconds: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream([GOOD])
    monkeypatch.setattr(route, "_NETWORK", Network(stream))
    wire = Wire(Endpoint("api.example.test", 443, ssl_context()), None, 20)
    with deadline(seconds), wire.open(POST) as answer:
        assert list(answer.chunks) == [b"ok"]
    # To connect, for TLS, for a request's head and its two parts, and for the answer.
    assert len(stream.timeouts) == 6
    assert all(most - 1 < (each or 99) <= most for each in stream.timeouts)


def test_what_was_connected_too_late_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Stream([GOOD])
    monkeypatch.setattr(route, "_NETWORK", Network(stream))
    # Of the deadline nothing is left once the stream is there, and before TLS is begun.
    left = iter([5.0])
    monkeypatch.setattr(route, "time_left", lambda _: next(left, None) or out_of_time())
    wire = Wire(Endpoint("api.example.test", 443, ssl_context()), None, 20)
    with pytest.raises(httpx.ReadTimeout), wire.open(POST):
        pass
    assert stream.is_closed


def test_every_failure_of_a_stream_has_its_namesake() -> None:
    errors = [each for each in vars(httpcore).values() if isinstance(each, type)]
    told = [
        each
        for each in errors
        if issubclass(each, httpcore.NetworkError | httpcore.TimeoutException)
    ]
    assert len(told) >= 8
    for each in (*told, h11.LocalProtocolError, h11.RemoteProtocolError):
        assert issubclass(getattr(httpx, each.__name__), httpx.RequestError)
