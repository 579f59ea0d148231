"""A forge in a thread or a process of its own: GitHub's API at the root, GitLab's below /api/v4.

As a program:

    python tests/forges/double.py --port 0 [--state FILE] [--latency MILLISECONDS]

prints its URL, serves until it is ended, and keeps its state in the file. Any token is that of a
workflow (GitHub) or a project (GitLab); `--user TOKEN=LOGIN` makes one a person's. Besides the APIs
it has

    GET /_state                      all that it remembers, as JSON
    PUT /_pulls/OWNER/NAME/NUMBER    {"head": SHA, "state": "open", "merged_as": SHA}
    PUT /_pulls/PROJECT/NUMBER       the same for GitLab
    PUT /_read_only                  true or false: whether tokens are those of a fork
"""

import argparse
import json
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from double_github import github
from double_gitlab import gitlab
from double_world import Reply, Request, World

HOST = "127.0.0.1"
Answering = Callable[[Request], Reply]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answering: Answering) -> None:
        super().__init__((HOST, port), _Handler)
        self.answering = answering

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        request = Request(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            self._token(),
            json.loads(content) if content else {},
            self.server.url,
        )
        self._send(self.server.answering(request))

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

    def _token(self) -> str:
        private = self.headers.get("PRIVATE-TOKEN") or self.headers.get("JOB-TOKEN") or ""
        return private or (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _send(self, reply: Reply) -> None:
        data = reply.data
        if not isinstance(data, bytes):
            data = b"" if data is None else json.dumps(data).encode()
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def answer(world: World, request: Request) -> Reply:
    """Answer one request; what it reads or changes, it does in one step."""
    if request.path.startswith("/_"):
        return _control(world, request)
    is_query = request.path == "/graphql"
    method = "GET" if is_query else request.method
    refusal = world.refusal_of("QUERY" if is_query else method)
    refused = refusal and Reply(refusal.status, {"message": refusal.message}, refusal.headers)
    if refused and not (refusal and refusal.is_late):
        return refused
    is_read = method == "GET"
    if not is_read:
        world.latency("write")
    with world.lock:
        world.requests.append(f"{method} {request.path}")
        service = gitlab if request.path.startswith("/api/v4/") else github
        reply = service(world, request)
        # What is sent is as it is now, whatever is changed meanwhile.
        reply = Reply(reply.status, json.loads(json.dumps(reply.data)), reply.headers)
        world.save()
    world.latency("read" if is_read else "written")
    return refused or reply


def _control(world: World, request: Request) -> Reply:
    pull = re.fullmatch(r"/_pulls/([^/]+(?:/[^/]+)?)/(\d+)", request.path)
    with world.lock:
        if request.path == "/_state":
            return Reply(200, json.loads(json.dumps(world.as_data())))
        if pull and request.method == "PUT":
            world.add_pull(pull[1], int(pull[2]), **request.content)
        elif request.path == "/_read_only" and request.method == "PUT":
            world.read_only = bool(request.content)
        else:
            return Reply(404, {"message": "Not Found"})
        world.save()
    return Reply(200, {})


@contextmanager
def serving(answering: Answering) -> Iterator[str]:
    """Serve in a thread, and yield the URL."""
    with _Server(0, answering) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.shutdown()
            thread.join()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", type=Path)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--user", action="append", default=[], metavar="TOKEN=LOGIN")
    options = parser.parse_args()
    world = World(users=dict(each.split("=", 1) for each in options.user))
    if options.latency:
        world.latency = lambda _: time.sleep(random.uniform(0, options.latency / 1000))
    if options.state:
        world.load(options.state)
    with _Server(options.port, partial(answer, world)) as server:
        print(server.url, flush=True)  # noqa: T201 - it is what the program is asked for
        server.serve_forever()


if __name__ == "__main__":
    main()
