"""A name server that does as a test tells it, packet by packet: it lies, cuts short, or is mute."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.message

Reply = Callable[[bytes], list[bytes]]
"""Makes the packets that answer a query; over TCP their first is sent with its length before it."""


@dataclass
class Liar:
    """`over_udp` and `over_tcp` say what is answered; `asked` holds the names and types."""

    over_udp: Reply
    over_tcp: Reply
    port: int = 0
    asked: list[str] = field(default_factory=list)

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def note(self, wire: bytes) -> None:
        question = dns.message.from_wire(wire).question[0]
        self.asked.append(question.to_text())


def silence(_: bytes) -> list[bytes]:
    return []


def response_to(wire: bytes) -> dns.message.Message:
    return dns.message.make_response(dns.message.from_wire(wire))


@contextmanager
def lying(over_udp: Reply, over_tcp: Reply = silence) -> Iterator[Liar]:
    """Serve on one port for both protocols until the end of the block."""
    liar = Liar(over_udp, over_tcp)

    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, sock = self.request
            liar.note(wire)
            for each in liar.over_udp(wire):
                sock.sendto(each, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = int.from_bytes(self.rfile.read(2), "big")
            for each in liar.over_tcp(self.rfile.read(length))[:1]:
                self.wfile.write(len(each).to_bytes(2, "big") + each)

    with ExitStack() as stack:
        udp, tcp = _pair(stack, Udp, Tcp)
        liar.port = udp.server_address[1]
        for server in (udp, tcp):
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
        yield liar


def _pair(
    stack: ExitStack,
    over_udp: type[socketserver.BaseRequestHandler],
    over_tcp: type[socketserver.BaseRequestHandler],
) -> tuple["_Udp", "_Tcp"]:
    """Return servers of both protocols at one port, which is seldom free for one of them only."""
    while True:
        udp = _Udp(("127.0.0.1", 0), over_udp)
        try:
            tcp = _Tcp(("127.0.0.1", udp.server_address[1]), over_tcp)
        except OSError:
            udp.server_close()
            continue
        return stack.enter_context(udp), stack.enter_context(tcp)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
