"""Who listens on loopback, for tests of connections: a server, and a proxy that digs tunnels."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from select import select
from typing import Self

import httpx

from reconciler.web.exchange import Connection, Request
from reconciler.web.network import connections_to

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


def silent_until(over: threading.Event) -> Talk:
    def talk(_: socket.socket) -> bool:
        over.wait(20)
        return False

    return talk


def tunnelling(port: int) -> Talk:
    """Answer CONNECT as a proxy does, whatever host is named, and pass on what comes."""

    def talk(connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as onward:
            pass_on(connection, onward)
        return False

    return talk


def pass_on(one: socket.socket, other: socket.socket) -> None:
    """Let each have what the other says, until one of them has ended."""
    with suppress(OSError):
        while True:
            has_more = isinstance(one, ssl.SSLSocket) and one.pending()
            for each in [one] if has_more else select([one, other], [], [])[0]:
                data = each.recv(65536)
                if not data:
                    return
                (other if each is one else one).sendall(data)


@contextmanager
def connection_to(url: str, timeout: float = 20.0) -> Iterator[Connection]:
    connection = connections_to(httpx.URL(url), timeout)()
    try:
        yield connection
    finally:
        connection.close()
