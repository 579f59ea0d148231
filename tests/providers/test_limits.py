"""Bounds of one call: a deadline for the whole, a greatest length, and one refusal of a token."""

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from account import Account, yaml
from scripted import SERVER_TOKEN, Line, call, connected, provider, writer

from reconciler.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    ReadFailed,
    ReconcileError,
    Unavailable,
    UnexpectedAnswer,
)
from reconciler.model import Secret
from reconciler.providers.api import Connector, Writer
from reconciler.web import LONGEST_ANSWER
from reconciler.web.deadline import deadline, time_left

Speak = Callable[[socket.socket], None]
WRITES = ["POST", "PUT", "PATCH", "DELETE"]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def speaking(speak: Speak) -> Iterator[str]:
    """Serve each connection by a function; yield the base URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection:
                try:
                    connection.recv(65536)
                    speak(connection)
                except OSError:
                    pass  # the client has hung up, as it should

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def for_ever(first: bytes, piece: bytes) -> Speak:
    def speak(connection: socket.socket) -> None:
        connection.sendall(first)
        while True:
            connection.sendall(piece)
            threading.Event().wait(0.02)

    return speak


TRICKLES = {
    "body": for_ever(HEAD + b"Content-Length: 999999\r\n\r\n", b" "),
    "chunks": for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a chunk's head": for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a"),
    "headers": for_ever(HEAD + b"X-Long: ", b"a"),
    "hints": for_ever(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
}


@contextmanager
def impatient(url: str) -> Iterator[Any]:
    """Yield a client of a provider whose calls may take a fifth of a second."""
    account = provider("postmark", timeout=0.1, retry_attempts=0)
    with Connector(Writer, base_urls={"postmark": url}) as connector:
        tokens = {"token": Secret(SERVER_TOKEN)}
        yield account.service.connect(account, tokens, connector).server


@pytest.mark.parametrize("trickle", TRICKLES)
def test_a_trickling_answer_ends_at_the_deadline(trickle: str) -> None:
    begun = time.monotonic()
    with speaking(TRICKLES[trickle]) as url, impatient(url) as client:
        host = url.removeprefix("http://")
        with pytest.raises(Unavailable, match=rf"GET /x: {host} timed out \(ReadTimeout\)"):
            client.get("/x")
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize("trickle", ["body", "headers"])
def test_a_write_that_is_cut_off_at_the_deadline_is_in_doubt(trickle: str, method: str) -> None:
    with (
        speaking(TRICKLES[trickle]) as url,
        impatient(url) as client,
        pytest.raises(OutcomeUnknown, match=r"timed out .*whether it took effect"),
    ):
        call(client, method)


def test_outside_of_a_request_there_is_no_deadline() -> None:
    with deadline(5):
        assert (time_left() or 0) <= 5
        assert time_left(1) == 1
    assert time_left() is None
    assert time_left(3) == 3


def body_of(length: int, content: bytes | None = None, **headers: str) -> httpx.Response:
    data = b'{"a": "' + b"x" * (length - 9) + b'"}' if content is None else content
    return httpx.Response(200, headers=headers, stream=httpx.ByteStream(data))


def test_an_answer_of_the_greatest_length_is_read_and_a_longer_one_is_not() -> None:
    with writer(lambda _: body_of(LONGEST_ANSWER)) as (client, _):
        assert len(client.get("/x")["a"]) == LONGEST_ANSWER - 9
    with writer(lambda _: body_of(LONGEST_ANSWER + 1)) as (client, line):
        with pytest.raises(UnexpectedAnswer) as caught:
            client.get("/x")
        assert len(line.calls) == 1
    assert str(caught.value) == (
        "GET /x: the answer of api.postmarkapp.com is longer than 16 MiB. "
        "Check the base URL, and what stands between here and there."
    )


@pytest.mark.parametrize("method", WRITES)
def test_a_write_with_too_long_an_answer_is_in_doubt(method: str) -> None:
    with writer(lambda _: body_of(LONGEST_ANSWER + 1)) as (client, line):
        with pytest.raises(OutcomeUnknown, match="longer than 16 MiB; whether it took effect"):
            call(client, method)
        assert len(line.calls) == 1


BLANKS = b" " * 65536
ENDLESS = {
    "until the end": (b"", BLANKS),
    "in chunks": (b"Transfer-Encoding: chunked\r\n", b"10000\r\n%b\r\n" % BLANKS),
    "in chunks, and with a short length": (
        b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n",
        b"10000\r\n%b\r\n" % BLANKS,
    ),
}


@pytest.mark.parametrize(("framing", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_no_more_of_an_endless_answer_is_read_than_fits(framing: bytes, piece: bytes) -> None:
    sent = 0

    def speak(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(HEAD + framing + b"\r\n")
        while True:
            connection.sendall(piece)
            sent += len(piece)

    with speaking(speak) as url, Connector(Writer, {"postmark": url}) as connector:
        session = connected(connector, "postmark", {"token": SERVER_TOKEN})
        with pytest.raises(UnexpectedAnswer, match="longer than 16 MiB"):
            session.server.get("/x")
    assert sent < 2 * LONGEST_ANSWER


def test_a_zipped_answer_is_read() -> None:
    zipped = gzip.compress(b'{"a": 1}')
    answer = lambda _: body_of(0, zipped, **{"Content-Encoding": "gzip"})  # noqa: E731
    with writer(answer) as (client, line):
        assert client.get("/x") == {"a": 1}
        assert line.script.seen[0].headers["accept-encoding"] == "gzip"


def bomb(layers: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    data = b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()
    for _ in range(layers - 1):
        data = gzip.compress(data)
    return data


def test_a_small_answer_that_stands_for_a_huge_one_is_not_unpacked() -> None:
    data = bomb(1)
    assert len(data) < 2**17
    answer = lambda _: body_of(0, data, **{"Content-Encoding": "gzip"})  # noqa: E731
    with (
        writer(answer) as (client, _),
        pytest.raises(UnexpectedAnswer, match="longer than 16 MiB"),
    ):
        client.get("/x")


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd", "deflate", "made-up"])
def test_what_was_packed_in_another_way_is_not_unpacked(encoding: str) -> None:
    answer = lambda _: body_of(0, bomb(2), **{"Content-Encoding": encoding})  # noqa: E731
    with writer(answer, retries=0) as (client, _):
        with pytest.raises(Unavailable, match="DecodingError"):
            client.get("/x")
        with pytest.raises(OutcomeUnknown, match="DecodingError"):
            client.post("/x")


def test_a_zipped_answer_that_ends_early_is_none() -> None:
    cut = gzip.compress(b'{"a": 1}')[:-9]
    answer = lambda _: body_of(0, cut, **{"Content-Encoding": "gzip"})  # noqa: E731
    with writer(answer, retries=0) as (client, _), pytest.raises(Unavailable, match="Decoding"):
        client.get("/x")


def test_a_page_of_the_longest_lists_fits_many_times() -> None:
    item = {"name": "a" * 253, "id": "0" * 24, "notes": "x" * 1000}
    assert len(str([item] * 1000)) * 10 < LONGEST_ANSWER


REFUSED = httpx.Response(401, json={"ErrorCode": 10, "Message": "No Account or Server API tokens"})


@pytest.mark.parametrize(
    "refusal", [REFUSED, httpx.Response(422, json={"ErrorCode": 10, "Message": "x"})]
)
def test_a_refused_token_is_not_sent_again(refusal: httpx.Response) -> None:
    with Line(refusal) as line:
        session = line.postmark()
        with pytest.raises(AuthenticationFailed, match=r"^GET /x: HTTP 4"):
            session.server.get("/x")
        # Nor is the other token of this provider.
        for client in (session.server, session.account):
            with pytest.raises(
                AuthenticationFailed, match=r"^POST /y: not sent, since the token was refused: GET"
            ):
                client.post("/y")
        assert line.calls == ["GET /x"]


def test_a_refused_key_is_refused_to_all_that_share_it_in_a_region() -> None:
    refused = httpx.Response(401, text="Forbidden")
    with Line(refused, service="mailgun") as line:
        one, other = line.mailgun(), line.mailgun()
        for session in (one, other):
            with pytest.raises(AuthenticationFailed):
                session.client.get("/v4/domains")
        assert line.calls.count("GET /v4/domains") == 1


def test_a_plan_with_a_wrong_key_asks_no_more_often_than_hands_can_have_asked() -> None:
    account = Account()
    names = ", ".join(f"d{number}.example.com: {{}}" for number in range(50))
    config = yaml(
        f"m: {{service: mailgun, token: {{env: A}}, tracking: {{opens: true}}, "
        f"domains: {{{names}}}}}"
    )
    for number in range(50):
        account.by_hand(
            "mailgun_us", "POST", "/v4/domains", data={"name": f"d{number}.example.com"}
        )
    account.forget_requests()
    fault = {"path": "/v3/*", "status": 401, "body": {"message": "Invalid private key"}}
    account.control("mailgun_us", "POST", "faults", {**fault, "times": 999})
    with pytest.raises(ReadFailed, match="HTTP 401"):
        account.plan(config)
    assert len(account.requests("mailgun_us")) <= 1 + 8


def test_an_apply_whose_token_is_refused_meanwhile_sends_nothing_more() -> None:
    account = Account()
    names = ", ".join(f"d{number}.example.com: {{}}" for number in range(30))
    config = yaml(f"p: {{service: postmark, account_token: {{env: A}}, domains: {{{names}}}}}")
    plan = account.plan(config)
    account.forget_requests()
    fault = {"path": "*", "status": 401, "body": {"ErrorCode": 10, "Message": "revoked"}}
    account.control("postmark", "POST", "faults", {**fault, "times": 999})
    results = account.apply(config, plan)
    assert {str(each.outcome) for each in results} == {"failed"}
    assert all("revoked" in each.reason for each in results)
    assert sum("not sent" in each.reason for each in results) >= 30 - 8
    assert len(account.requests("postmark")) <= 8


def test_an_error_of_the_network_names_the_host() -> None:
    for failure, said in (
        (httpx.ConnectError, "no answer from api.postmarkapp.com (ConnectError)"),
        (httpx.ConnectTimeout, "api.postmarkapp.com timed out (ConnectTimeout)"),
        (httpx.ReadTimeout, "api.postmarkapp.com timed out (ReadTimeout)"),
        (httpx.RemoteProtocolError, "no answer from api.postmarkapp.com (RemoteProtocolError)"),
    ):
        with writer(failure, retries=0) as (client, _):
            for method in ("GET", "POST"):
                with pytest.raises(ReconcileError) as caught:
                    call(client, method)
                assert said in str(caught.value)
