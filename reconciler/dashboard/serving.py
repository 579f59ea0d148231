"""The page over loopback HTTP: to be read, by who asks for it by the name of this machine.

A page of anybody's can lead a browser here under a name of its own. So Host and Origin must be
ours, and nothing but reading is answered.
"""

import asyncio
import contextlib
import html
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reconciler.dashboard import wording
from reconciler.dashboard.page import Documents
from reconciler.dashboard.style import POLICY
from reconciler.errors import ReconcileError, UsageError
from reconciler.source import printable

HOST = "127.0.0.1"
PATIENCE = 20.0
"""How long, in seconds, a reader waits for a new reading before the last good one is shown."""
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_EMPTY = (
    '<!doctype html><html lang="en"><title>Not read yet</title>'
    "<h1>Not read yet</h1><p>{}</p></html>"
)

Read = Callable[[], Documents]
"""Reads what the page is made of. It runs in a thread of its own, one at a time."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an attempt to read came to, `at` a time of the clock: a page, or a problem."""

    at: float
    documents: Documents | None = None
    page: str = ""
    problem: str = ""


@dataclass(slots=True)
class Readings:
    """The last good reading, which is renewed at most every so many seconds.

    All who ask meanwhile wait for the same new one. Where it fails or takes longer than `patience`
    they get the last good one, which says so and how old it is.
    """

    read: Read
    every: float
    patience: float = PATIENCE
    clock: Callable[[], float] = time.monotonic
    _last: _Outcome | None = None
    _good: _Outcome | None = None
    _under_way: "Future[_Outcome] | None" = None

    async def page(self) -> tuple[str, bool]:
        """Return the page, and whether there is one: without a good reading it says why not."""
        if self._under_way is None and not self._is_fresh():
            self._under_way = _in_thread(self._attempt)
        problem = await self._renewed() if self._under_way else ""
        problem = problem or (self._last.problem if self._last else "")
        if self._good is None or self._good.documents is None:
            return _EMPTY.format(html.escape(problem)), False
        if not problem:
            return self._good.page, True
        age = wording.count(round(self.clock() - self._good.at), "second")
        notice = f"The last good reading, {age} old: {problem}"
        return await asyncio.to_thread(self._good.documents.page, notice=notice), True

    def _is_fresh(self) -> bool:
        """Whether it was tried a short while ago: what failed is not tried anew at once either."""
        return self._last is not None and self.clock() - self._last.at < self.every

    async def _renewed(self) -> str:
        """Wait for what is under way; return why it is not there yet, if so."""
        if (awaited := self._under_way) is None:
            return ""
        done, _ = await asyncio.wait({asyncio.wrap_future(awaited)}, timeout=self.patience)
        if not done:
            return "a new reading takes long; reload in a while"
        if self._under_way is awaited:  # else another one who waited was here before
            self._under_way = None
            self._last = awaited.result()
            self._good = self._last if self._last.documents else self._good
        return ""

    def _attempt(self) -> _Outcome:
        try:
            documents = self.read()
            return _Outcome(self.clock(), documents, documents.page())
        except ReconcileError as error:
            return _Outcome(self.clock(), problem=printable(str(error)))
        except Exception as bug:  # noqa: BLE001 - whatever it is, its message may hold anything
            name = type(bug).__name__
            return _Outcome(self.clock(), problem=f"this is a bug in esp-reconcile ({name})")


def _in_thread(attempt: Callable[[], _Outcome]) -> "Future[_Outcome]":
    """Begin it in a thread that the end of the process does not wait for."""
    future: Future[_Outcome] = Future()
    threading.Thread(
        target=lambda: future.set_result(attempt()), name="reading", daemon=True
    ).start()
    return future


def application(readings: Readings, port: int) -> ASGIApp:
    """Return what answers on a port of loopback."""

    async def home(_: Request) -> HTMLResponse:
        page, is_there = await readings.page()
        return HTMLResponse(page, 200 if is_there else 503)

    return _Gate(Starlette(routes=[Route("/", home, methods=["GET"])]), port)


class _Gate:
    """Lets through what reads, and comes to this machine by its name; adds the headers to all."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{name}:{port}" for name in (HOST, "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = [(name.lower().encode(), text.encode()) for name, text in HEADERS.items()]
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        answer = self._refusal(scope) or self._app
        await answer(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        hosts = {each.lower() for each in headers.getlist("host")}
        if not hosts or not hosts <= self._hosts:
            return PlainTextResponse("Host: this is read at 127.0.0.1 or localhost\n", 403)
        origins = {f"http://{host}" for host in self._hosts}
        if not {each.lower() for each in headers.getlist("origin")} <= origins:
            return PlainTextResponse("Origin: no other page may read this\n", 403)
        if scope["method"] not in {"GET", "HEAD"}:
            allowed = {"Allow": "GET, HEAD"}
            return PlainTextResponse("This only shows; copy a command instead\n", 405, allowed)
        return None


def serve(read: Read, port: int, every: float, ready: Callable[[str], None]) -> None:
    """Serve until interrupted or terminated; `ready` is called once, with the URL.

    `port` 0 picks a free one; `every` is in seconds. Raises UsageError when the port is taken.
    """
    with _listener(port) as listener:
        port = listener.getsockname()[1]
        app = application(Readings(read, every), port)
        asyncio.run(_serve(app, listener, lambda: ready(f"http://{HOST}:{port}/")))


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as problem:
        listener.close()
        raise UsageError(
            f"port {port} of {HOST} cannot be served: {problem.strerror}; --port 0 picks a free one"
        ) from None
    return listener


async def _serve(app: ASGIApp, listener: socket.socket, ready: Callable[[], None]) -> None:
    server = _Server(app)

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    # The socket listens already, and from here on a signal ends the process in an orderly way.
    ready()
    await server.serve([listener])


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",
                ws="none",
                lifespan="off",
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
                server_header=False,
                proxy_headers=False,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the loop."""
        yield
