"""A server on loopback that keeps what it is sent, for tests, and as a program for other programs.

As a program it prints its URL and writes what it got, after each request, to a JSON file:

    python tests/messages/receiver.py requests.json --status 204
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Receiver:
    """Answers everything alike; one that is `mute` keeps who asks waiting until it is closed."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    answer: bytes = b"ok"
    mute: bool = False
    kept_in: Path | None = None
    url: str = ""
    received: list[Received] = field(default_factory=list)
    closing: Event = field(default_factory=Event)
    _lock: Lock = field(default_factory=Lock)

    @property
    def only(self) -> Received:
        """The one request that came."""
        (request,) = self.received
        return request

    def keep(self, request: Received) -> None:
        with self._lock:
            self.received.append(request)
            if self.kept_in:
                whole = self.kept_in.with_suffix(".part")
                whole.write_text(json.dumps([asdict(each) for each in self.received], indent=2))
                whole.replace(self.kept_in)


class _Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def handle_any(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.receiver.keep(
            Received(self.command, parts.path, parts.query, headers, content.decode())
        )
        if self.receiver.mute:
            self.receiver.closing.wait()
            return
        self.send_response(self.receiver.status)
        for name, value in self.receiver.headers.items():
            self.send_header(name, value)
        body = b"" if self.receiver.status == 204 else self.receiver.answer
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = handle_any  # noqa: N815 - so the library calls them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has above
        """Say nothing: who runs it reads its first line only."""


@contextmanager
def serving(receiver: Receiver, port: int = 0) -> Iterator[Receiver]:
    """Serve until the end of the block, and fill in the receiver's URL."""
    handler = type("Handler", (_Handler,), {"receiver": receiver})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.closing.set()
            server.shutdown()
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kept_in", type=Path, metavar="FILE")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--status", type=int, default=200)
    options = parser.parse_args()
    receiver = Receiver(status=options.status, kept_in=options.kept_in)
    with serving(receiver, options.port):
        print(receiver.url, flush=True)  # noqa: T201 - the one line it says
        try:
            receiver.closing.wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
