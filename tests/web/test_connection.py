"""Connections as they are over the network: TLS, and what is closed meanwhile."""

import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from listening import GET, GOOD, POST, Listener, connection_to, saying, silent_until

from reconciler.web.exchange import Request
from reconciler.web.network import ssl_context


def test_requests_go_over_one_connection_with_tls(tls: ssl.SSLContext) -> None:
    with Listener(saying(GOOD), tls) as server:
        with connection_to(f"https://127.0.0.1:{server.port}") as connection:
            answers = [connection.ask(each, 20) for each in (GET, POST, GET)]
        assert [(each.status, each.body) for each in answers] == [(200, b"ok")] * 3
        assert answers[0].headers == {"x-two": "a, b", "content-length": "2"}
        assert [each.split(b" HTTP")[0] for each in server.asked] == [
            b"GET /v4/domains?limit=1",
            b"POST /x",
            b"GET /v4/domains?limit=1",
        ]
        assert server.met == 1


def test_of_what_a_server_speaks_http_1_1_is_chosen(tls: ssl.SSLContext) -> None:
    tls.set_alpn_protocols(["h2", "http/1.1"])
    chosen = list[str | None]()

    def talk(connection: socket.socket) -> bool:
        assert isinstance(connection, ssl.SSLSocket)
        chosen.append(connection.selected_alpn_protocol())
        return saying(GOOD)(connection)

    with (
        Listener(talk, tls) as server,
        connection_to(f"https://127.0.0.1:{server.port}") as connection,
    ):
        assert connection.ask(GET, 20).body == b"ok"
    assert chosen == ["http/1.1"]


def test_neither_a_request_nor_an_answer_shows_what_it_holds(tls: ssl.SSLContext) -> None:
    secret = b"c4n4ry"
    headers = [(b"Host", b"x"), (b"X", secret), (b"Content-Length", b"6")]
    request = Request("POST", b"/" + secret, headers, [secret])
    answered = GOOD.replace(b": a", b": " + secret).replace(b"2\r\n\r\nok", b"6\r\n\r\n" + secret)
    with (
        Listener(saying(answered), tls) as server,
        connection_to(f"https://127.0.0.1:{server.port}") as connection,
    ):
        answer = connection.ask(request, 20)
        with connection.open(request) as incoming:
            shown = f"{request} {answer} {incoming} {connection}"
    assert answer.body == secret
    assert secret.decode() not in shown


def refuse(host: str, shown: ssl.SSLContext) -> None:
    """Assert that nothing is asked of a server that is reached as `host`, for its certificate."""
    with Listener(saying(GOOD), shown) as server:
        with (
            connection_to(f"https://{host}:{server.port}") as connection,
            pytest.raises(httpx.ConnectError, match="certificate"),
        ):
            connection.ask(POST, 20)
        assert server.asked == []


def test_who_shows_a_certificate_of_another_name_is_asked_nothing(tls: ssl.SSLContext) -> None:
    refuse("localhost", tls)


def test_who_shows_a_certificate_that_nobody_vouches_for_is_asked_nothing(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    ssl_context.cache_clear()
    refuse("127.0.0.1", tls)


def test_a_link_to_a_file_of_certificates_is_followed(
    tls: ssl.SSLContext, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "link.pem").symlink_to(certificate)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "link.pem"))
    ssl_context.cache_clear()
    with (
        Listener(saying(GOOD), tls) as server,
        connection_to(f"https://127.0.0.1:{server.port}") as connection,
    ):
        assert connection.ask(GET, 20).body == b"ok"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    scheme: str, tls: ssl.SSLContext
) -> None:
    with Listener(saying(GOOD, keeps=False), tls if scheme == "https" else None) as server:
        with connection_to(f"{scheme}://127.0.0.1:{server.port}") as connection:
            for number in (1, 2, 3):
                assert connection.ask(POST, 20).body == b"ok"
                # What serves it has ended, and so has closed it.
                server.threads[number].join(20)
        assert (server.met, len(server.asked)) == (3, 3)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (GOOD[:-1], httpx.RemoteProtocolError),
        (b"", httpx.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx.RemoteProtocolError),
        (GOOD.replace(b"200 OK", b"200 OK\r\nContent-Encoding: br"), httpx.DecodingError),
    ],
)
def test_after_a_broken_answer_the_next_request_is_answered(
    answer: bytes, error: type[httpx.RequestError], tls: ssl.SSLContext
) -> None:
    answers = iter([answer, GOOD])

    def talk(connection: socket.socket) -> bool:
        connection.sendall(next(answers))
        return False

    with Listener(talk, tls) as server:
        with connection_to(f"https://127.0.0.1:{server.port}") as connection:
            with pytest.raises(error):
                connection.ask(GET, 20)
            assert connection.ask(GET, 20).body == b"ok"
        assert server.met == 2


def test_who_trickles_over_tls_is_cut_off_at_the_deadline(tls: ssl.SSLContext) -> None:
    stopped = threading.Event()

    def trickle(connection: socket.socket) -> bool:
        connection.sendall(GOOD[:-2].replace(b"2\r\n\r\n", b"9999\r\n\r\n"))
        with suppress(OSError):
            while not stopped.wait(0.02):
                connection.sendall(b"x")
        return False

    with Listener(trickle, tls) as server:
        with (
            connection_to(f"https://127.0.0.1:{server.port}") as connection,
            pytest.raises(httpx.ReadTimeout),
        ):
            connection.ask(GET, 0.3)
        stopped.set()


def test_nobody_who_listens_is_told_as_never_connected() -> None:
    with Listener(saying(GOOD)) as server:
        port = server.port
    with connection_to(f"http://127.0.0.1:{port}") as connection:
        for _ in range(2):
            with pytest.raises(httpx.ConnectError):
                connection.ask(POST, 20)


def test_a_step_may_take_no_longer_than_its_timeout() -> None:
    gone = threading.Event()
    with Listener(silent_until(gone)) as server:
        with (
            connection_to(f"http://127.0.0.1:{server.port}", timeout=0.2) as connection,
            pytest.raises(httpx.ReadTimeout),
        ):
            connection.ask(GET, 20)
        gone.set()


def test_what_comes_before_a_request_comes_once_the_way_is_open() -> None:
    called = list[str]()

    def refuse() -> None:
        called.append("refused")
        raise LookupError

    first = replace(POST, before=lambda: called.append("called"))
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port = bound.getsockname()[1]
    with (
        connection_to(f"http://127.0.0.1:{port}") as connection,
        pytest.raises(httpx.ConnectError),
    ):
        connection.ask(first, 20)
    assert called == []
    with Listener(saying(GOOD)) as server:
        with connection_to(f"http://127.0.0.1:{server.port}") as connection:
            with pytest.raises(LookupError):
                connection.ask(replace(POST, before=refuse), 20)
            assert connection.ask(first, 20).body == b"ok"
        assert called == ["refused", "called"]
        assert len(server.asked) == 1
