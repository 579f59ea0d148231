"""Serving on this machine alone, until interrupted: who asks from elsewhere reaches nothing."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn

from reconciler.errors import UsageError

HOST = "127.0.0.1"
_BACKLOG = 128


def listening(port: int) -> socket.socket:
    """Return a socket that listens on loopback; port 0 picks a free one. Raises UsageError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as problem:
        listener.close()
        raise UsageError(
            f"port {port} of {HOST} cannot be served: {problem.strerror}; --port 0 picks a free one"
        ) from None
    return listener


class Server(uvicorn.Server):
    """Serves one ASGI application, and says nothing; options are those of `uvicorn.Config`."""

    def __init__(self, app: Any, **options: Any) -> None:
        quiet: dict[str, Any] = {
            "ws": "none",
            "log_level": "critical",
            "access_log": False,
            "timeout_graceful_shutdown": 1,
            "server_header": False,
        }
        super().__init__(uvicorn.Config(app, **(quiet | options)))

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the loop: several servers may share them."""
        yield


def serve(
    servers: Sequence[Server], listeners: Sequence[socket.socket], ready: Callable[[], None]
) -> None:
    """Serve each on its socket until interrupted or terminated; `ready` is called once."""
    asyncio.run(_serve(servers, listeners, ready))


async def _serve(
    servers: Sequence[Server], listeners: Sequence[socket.socket], ready: Callable[[], None]
) -> None:
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
        *(server.serve([each]) for server, each in zip(servers, listeners, strict=True))
    )
