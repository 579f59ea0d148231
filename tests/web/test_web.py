"""HTTP to forges and receivers: one request, one answer, and no word of what may be secret."""

import gzip
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.errors import (
    OutcomeUnknown,
    ReconcileError,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
    UsageError,
)
from reconciler.model import Secret
from reconciler.web import LONGEST_ANSWER, Answer, Header, Web, check_address
from reconciler.web.network import ssl_context

SECRET = "c4n4ryInTheUrl"
HEAD = b"HTTP/1.1 200 OK\r\n"
Talk = Callable[[socket.socket], None]


@contextmanager
def server(talk: Talk) -> Iterator[tuple[str, list[bytes]]]:
    """Yield a URL, and what was asked there; each connection is talked to once it has asked."""
    asked = list[bytes]()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)

        def serve() -> None:
            try:
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        asked.append(whole_request(connection))
                        talk(connection)
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def whole_request(connection: socket.socket) -> bytes:
    asked = b""
    while more := connection.recv(65536):
        asked += more
        head, end, body = asked.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if end and len(body) >= int(length[1] if length else 0):
            break
    return asked


def saying(*lines: str, body: bytes = b"ok") -> Talk:
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""])
    return lambda connection: connection.sendall(head.encode() + body)


def ask(talk: Talk, method: str = "GET", *, seconds: float = 20.0) -> tuple[Answer, list[bytes]]:
    with server(talk) as (url, asked), Web(seconds=seconds) as web:
        return web.request(method, f"{url}/{SECRET}?sig={SECRET}"), asked


def failure_of(talk: Talk, method: str = "GET", *, seconds: float = 20.0) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        ask(talk, method, seconds=seconds)
    error = caught.value
    assert SECRET not in f"{error} {error!r} {error.__context__!r} {error.__cause__!r}"
    assert str(error).startswith(f"{method} 127.0.0.1: ")
    return error


def test_a_request_is_sent_as_it_is_and_its_answer_returned() -> None:
    with server(saying("HTTP/1.1 201 Created", "X-Next-Page: 2")) as (url, asked):
        headers: dict[str, Header] = {"Authorization": Secret("Bearer x"), "Accept": "a/b"}
        with Web(headers=headers) as web:
            answer = web.request("POST", f"{url}/a?b=c", json={"d": "é"}, headers={"Accept": "c/d"})
    assert (answer.status, answer.headers["x-next-page"], answer.body) == (201, "2", b"ok")
    head, _, body = asked[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /a?b=c http/1.1"
    assert {"authorization: bearer x", "accept: c/d", "user-agent: esp-reconcile"} <= {*lines}
    assert "accept-encoding: gzip" in lines
    assert body.decode() == '{"d":"é"}'


def test_text_that_is_no_unicode_is_sent_as_text_that_is() -> None:
    with server(saying("HTTP/1.1 200 OK")) as (url, asked), Web() as web:
        web.request("POST", url, json={"file": "a\udcff.yaml"})
    assert asked[0].endswith(b'{"file":"a?.yaml"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    answer, asked = ask(saying(f"HTTP/1.1 {status} Found", "Location: http://127.0.0.1:1/"))
    assert answer.status == status
    assert len(asked) == 1


def test_no_cookie_is_kept() -> None:
    with server(saying("HTTP/1.1 200 OK", "Set-Cookie: a=b; Path=/")) as (url, asked), Web() as web:
        web.request("GET", url)
        web.request("GET", url)
    assert len(asked) == 2
    assert b"cookie" not in asked[1].lower()


def trickle(piece: bytes, first: bytes = b"") -> Talk:
    def talk(connection: socket.socket) -> None:
        connection.sendall(first)
        connection.settimeout(0.02)
        while True:
            connection.sendall(piece)
            try:
                if not connection.recv(1):
                    return
            except TimeoutError:
                continue

    return talk


@pytest.mark.parametrize("first", [b"", HEAD, HEAD + b"Content-Length: 99999\r\n\r\n"])
def test_who_sends_byte_by_byte_is_cut_off_at_the_deadline(first: bytes) -> None:
    error = failure_of(trickle(b"a", first), seconds=0.3)
    assert isinstance(error, Unavailable)
    assert "took longer than 0.3 seconds" in str(error)


@pytest.mark.parametrize("first", [b"", HEAD + b"Content-Length: 99999\r\n\r\n"])
def test_a_request_after_one_that_was_cut_off_is_not_hindered_by_it(first: bytes) -> None:
    talks = iter([trickle(b"a", first), saying("HTTP/1.1 200 OK")])

    def talk(connection: socket.socket) -> None:
        next(talks)(connection)

    with server(talk) as (url, _), Web(seconds=1.0) as web:
        with pytest.raises(Unavailable):
            web.request("GET", url)
        assert web.request("GET", url).body == b"ok"


def wait_for_the_end(connection: socket.socket) -> None:
    connection.recv(1)


def test_who_says_nothing_is_cut_off_at_the_deadline() -> None:
    error = failure_of(wait_for_the_end, "POST", seconds=0.2)
    assert isinstance(error, OutcomeUnknown)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(LONGEST_ANSWER // 2**20 + 5):
        connection.sendall(b"x" * 2**20)


def test_an_answer_that_is_too_long_is_not_read_to_its_end() -> None:
    error = failure_of(endless)
    assert isinstance(error, UnexpectedAnswer)
    assert "longer than 16 MiB" in str(error)


def test_a_compressed_answer_is_taken() -> None:
    packed = gzip.compress(b"content")
    answer, _ = ask(saying("HTTP/1.1 200 OK", "Content-Encoding: gzip", body=packed))
    assert answer.body == b"content"


def test_a_few_bytes_that_stand_for_gigabytes_are_too_long() -> None:
    bomb = gzip.compress(bytes(LONGEST_ANSWER + 1))
    error = failure_of(saying("HTTP/1.1 200 OK", "Content-Encoding: gzip", body=bomb))
    assert "longer than 16 MiB" in str(error)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x", mtime=0), mtime=0)),
        ("gzip", b"\x1f\x8b"),
        ("gzip", b"not packed"),
    ],
)
def test_an_answer_that_is_compressed_otherwise_is_not_taken(coding: str, body: bytes) -> None:
    error = failure_of(saying("HTTP/1.1 200 OK", f"Content-Encoding: {coding}", body=body))
    assert type(error) is UnexpectedAnswer
    assert "compressed" in str(error)


@pytest.mark.parametrize(
    "words", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"]
)
@pytest.mark.parametrize(
    ("method", "kind"), [("GET", Unavailable), ("POST", OutcomeUnknown), ("PATCH", OutcomeUnknown)]
)
def test_a_broken_answer_leaves_open_what_a_write_did(
    words: bytes, method: str, kind: type[ServiceError]
) -> None:
    error = failure_of(lambda connection: connection.sendall(words), method)
    assert type(error) is kind


def test_what_was_never_sent_leaves_nothing_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Web() as web, pytest.raises(Unavailable, match=r"POST .*ConnectError"):
        web.request("POST", f"http://127.0.0.1:{port}/{SECRET}")


def test_a_place_stands_for_the_url_in_messages() -> None:
    with Web() as web, pytest.raises(Unavailable, match=r"^GET /repos/a/b: "):
        web.request("GET", f"http://127.0.0.1:9/{SECRET}", place="/repos/a/b")


@pytest.mark.parametrize("value", [f"a\r\nX-Evil: {SECRET}", f"a\0{SECRET}", f"\n{SECRET}"])
def test_a_header_with_a_line_break_is_not_sent_and_not_told(value: str) -> None:
    with server(saying("HTTP/1.1 200 OK")) as (url, asked):
        with Web(headers={"X": Secret(value)}) as web, pytest.raises(ReconcileError) as caught:
            web.request("POST", url)
        assert SECRET not in f"{caught.value} {caught.value.__context__!r}"
        assert asked in ([], [b""])


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/services/T0/B0/x",
        "https://hooks.example.com:8443/a?sp=%2Ftriggers%2Fx&sig=a-b_c",
        "https://[2001:db8::1]/x",
        "http://127.0.0.1:8025/x",
        "http://127.8.9.1",
        "http://localhost:1/",
        "http://[::1]:9/x",
        "HTTPS://Hooks.Example.com/",
    ],
)
def test_an_address_may_be_https_or_on_loopback(url: str) -> None:
    assert check_address(url, "HOOK") == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        f"http://hooks.example.com/{SECRET}",
        f"http://localhost.example.com/{SECRET}",
        f"http://127.0.0.1.example.com/{SECRET}",
        f"http://0.0.0.0/{SECRET}",
        f"http://10.0.0.1/{SECRET}",
        f"http://2130706433/{SECRET}",
        f"ftp://127.0.0.1/{SECRET}",
        f"file:///{SECRET}",
        f"//127.0.0.1/{SECRET}",
        f"https://user:{SECRET}@example.com/",
        f"https://{SECRET}@example.com/",
        f"https://example.com/#{SECRET}",
        f"https://example.com\\@{SECRET}/",
        f"https://example.com/{SECRET}\n",
        f"https://example.com/ {SECRET}",
        f"https://example.com:0/{SECRET}",
        f"https://example.com:99999/{SECRET}",
        f"https://[::1/{SECRET}",
        f"https://exämple.com/{SECRET}",
        f"https://{'a' * 70}.example.com/" + SECRET * 900,
        f"http://127.0.0.1:80@evil.example.com/{SECRET}",
        f"https:///{SECRET}",
    ],
)
def test_another_address_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(UsageError, match=r"^HOOK: an https URL") as caught:
        check_address(url, "HOOK")
    assert SECRET not in f"{caught.value} {caught.value.__context__!r}"
    with Web() as web, pytest.raises(UsageError) as again:
        web.request("GET", url)
    assert SECRET not in str(again.value)


def test_loopback_is_reached_without_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://user:{SECRET}@127.0.0.1:9")
    answer, _ = ask(saying("HTTP/1.1 200 OK"))
    assert answer.status == 200


@pytest.mark.parametrize(
    "proxy",
    [
        f"socks5://u:{SECRET}@x:1",
        f"nonsense://{SECRET}",
        "http://[::",
        "http://a..b:1",
        "http://" + "x" * 64,
    ],
)
def test_a_proxy_that_is_none_is_told_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError, match="HTTPS_PROXY") as caught:
        Web()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_none_are_told_before_anything_is_sent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    for each in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setenv(name, str(tmp_path / SECRET))
    ssl_context.cache_clear()
    try:
        with pytest.raises(UsageError, match=f"^{name}: ") as caught:
            Web()
    finally:
        ssl_context.cache_clear()
    assert SECRET not in str(caught.value)


def test_https_goes_through_the_proxy_and_a_failure_tells_no_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with server(saying("HTTP/1.1 407 Proxy Authentication Required")) as (url, asked):
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", f"//user:{SECRET}@"))
        with Web() as web, pytest.raises(Unavailable) as caught:
            web.request("POST", "https://hooks.example.com/x")
    assert asked[0].startswith(b"CONNECT hooks.example.com:443")
    assert SECRET not in f"{caught.value} {caught.value.__context__!r}"
