"""Connections as they are over the network: TLS, proxies, and what is closed meanwhile."""

import ipaddress
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.web.exchange import Connection, Request
from reconciler.web.network import connections_to, ssl_context

NAME = "api.example.test"
GET = Request("GET", b"/v4/domains?limit=1", [(b"Host", NAME.encode())])
POST = Request("POST", b"/x", [(b"Host", NAME.encode()), (b"Content-Length", b"2")], [b"a", b"b"])
GOOD = b"HTTP/1.1 200 OK\r\nX-Two: a\r\nx-two: b\r\nContent-Length: 2\r\n\r\nok"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")

Talk = Callable[[socket.socket], bool]
"""Answers one request, and says whether the connection is to be kept."""


@dataclass
class Listener:
    """Listens on loopback; `met` counts connections, and `asked` holds the heads of requests."""

    talk: Talk
    tls: ssl.SSLContext | None = None
    met: int = 0
    asked: list[bytes] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._begin(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self.threads:
            thread.join(20)

    def _begin(self, work: Callable[[], None]) -> None:
        self.threads.append(threading.Thread(target=work, daemon=True))
        self.threads[-1].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                connection.settimeout(20)
                self.met += 1
                self._begin(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                while head := head_of(connection):
                    self.asked.append(head)
                    if not self.talk(connection):
                        return


def head_of(connection: socket.socket) -> bytes:
    """Read a request, and return all but its content; nothing once no other comes."""
    head = b""
    while not head.endswith(b"\r\n\r\n") and (more := connection.recv(1)):
        head += more
    if length := re.search(rb"(?i)content-length: (\d+)", head):
        for _ in range(int(length[1])):
            connection.recv(1)
    return head


def saying(answer: bytes, *, keeps: bool = True) -> Talk:
    def talk(connection: socket.socket) -> bool:
        connection.sendall(answer)
        return keeps

    return talk


def tunnelling(port: int) -> Talk:
    """Answer CONNECT as a proxy does, whatever host is named, and pass on what comes."""

    def talk(connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as onward:
            back = threading.Thread(target=pass_on, args=(onward, connection), daemon=True)
            back.start()
            pass_on(connection, onward)
            back.join(20)
        return False

    return talk


def pass_on(one: socket.socket, other: socket.socket) -> None:
    with suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
    with suppress(OSError):
        other.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate for NAME and 127.0.0.1 that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    names = [x509.DNSName(NAME), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + signed.public_bytes(pem)
    )
    return path


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Return what a server shows; it is believed, and no proxy is known."""
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    ssl_context.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    yield context
    ssl_context.cache_clear()


@contextmanager
def connection_to(url: str, timeout: float = 20.0) -> Iterator[Connection]:
    connection = connections_to(httpx.URL(url), timeout)()
    try:
        yield connection
    finally:
        connection.close()


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


def test_requests_go_through_one_tunnel_of_a_proxy_that_sees_none_of_them(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server, Listener(tunnelling(server.port)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass@127.0.0.1:{proxy.port}")
        with connection_to(f"https://{NAME}") as connection:
            assert [connection.ask(each, 20).status for each in (GET, POST)] == [200, 200]
        (seen,) = proxy.asked
        assert seen.startswith(b"CONNECT api.example.test:443 HTTP/1.1\r\n")
        assert b"proxy-authorization: basic dxnlcjpwyxnz" in seen.lower()
        assert len(server.asked) == 2
        assert not any(b"proxy-authorization" in each.lower() for each in server.asked)
        assert (proxy.met, server.met) == (1, 1)


def test_a_tunnel_that_failed_is_dug_anew(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server:
        tunnel, refusals = tunnelling(server.port), iter([True, True])

        def talk(connection: socket.socket) -> bool:
            if not next(refusals, False):
                return tunnel(connection)
            connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return True

        with Listener(talk) as proxy:
            monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
            with connection_to("https://localhost") as stranger:
                for error in (httpx.ProxyError, httpx.ProxyError, *[httpx.ConnectError] * 2):
                    with pytest.raises(error):
                        stranger.ask(POST, 20)
            with connection_to(f"https://{NAME}") as connection:
                assert connection.ask(POST, 20).status == 200
        hosts = [each.split()[1] for each in proxy.asked]
        assert hosts == [b"localhost:443"] * 4 + [b"api.example.test:443"]
        assert len(server.asked) == 1


@pytest.mark.parametrize("tunnels", [1, 2])
def test_a_tunnel_is_used_again_unless_it_was_closed(
    tunnels: int, tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        Listener(saying(GOOD, keeps=tunnels == 1), tls) as server,
        Listener(tunnelling(server.port)) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        with connection_to(f"https://{NAME}") as connection:
            for number in (1, 2):
                assert connection.ask(POST, 20).status == 200
                if tunnels > 1:
                    proxy.threads[number].join(20)
        assert (proxy.met, server.met) == (tunnels, tunnels)


def test_a_host_that_is_excepted_is_reached_without_the_proxy(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Listener(saying(GOOD), tls) as server:
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with connection_to(f"https://127.0.0.1:{server.port}") as connection:
            assert connection.ask(GET, 20).status == 200


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

    def silent(_: socket.socket) -> bool:
        gone.wait(20)
        return False

    with Listener(silent) as server:
        with (
            connection_to(f"http://127.0.0.1:{server.port}", timeout=0.2) as connection,
            pytest.raises(httpx.ReadTimeout),
        ):
            connection.ask(GET, 20)
        gone.set()
