"""The sandbox over loopback HTTP: three ports, one process."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.errors import UsageError
from reconciler.sandbox import Sandbox
from reconciler.sandbox.app import ServiceApp
from reconciler.sandbox.gate import Gate

HOST = "127.0.0.1"
Urls = Mapping[str, str]


class _HangUpProtocol(H11Protocol):
    """Lets the application close the connection without an answer, which ASGI cannot express."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "hang_up": transport.abort}


def serve(sandbox: Sandbox, port: int, ready: Callable[[Urls], None]) -> None:
    """Serve until interrupted or terminated. `port` 0 picks free ports, else three from `port` on.

    `ready` is called once with the base URLs, keyed `postmark`, `mailgun_us`, `mailgun_eu`.
    Raises UsageError when a port is taken.
    """
    apps = {
        "postmark": sandbox.postmark,
        "mailgun_us": sandbox.mailgun_us,
        "mailgun_eu": sandbox.mailgun_eu,
    }
    with contextlib.ExitStack() as stack:
        sockets = [
            stack.enter_context(_listener(port + offset if port else 0))
            for offset in range(len(apps))
        ]
        urls = {
            name: f"http://{HOST}:{listener.getsockname()[1]}"
            for name, listener in zip(apps, sockets, strict=True)
        }
        asyncio.run(_serve_all(list(apps.values()), sockets, lambda: ready(urls)))


def _listener(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as problem:
        listener.close()
        raise UsageError(
            f"port {port} of {HOST} cannot be served: {problem.strerror}; --port 0 picks free ones"
        ) from None
    return listener


async def _serve_all(
    apps: Sequence[ServiceApp], sockets: Sequence[socket.socket], ready: Callable[[], None]
) -> None:
    servers = [_Server(app) for app in apps]

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop)
    # The sockets listen already, and from here on a signal ends the process in an orderly way.
    ready()
    await asyncio.gather(
        *(server.serve([listener]) for server, listener in zip(servers, sockets, strict=True))
    )


class _Server(uvicorn.Server):
    def __init__(self, app: ServiceApp) -> None:
        super().__init__(
            uvicorn.Config(
                Gate(app),
                http=_HangUpProtocol,
                ws="none",
                log_level="critical",
                access_log=False,
                timeout_graceful_shutdown=1,
                server_header=False,
            )
        )

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the loop: three servers share them."""
        yield
