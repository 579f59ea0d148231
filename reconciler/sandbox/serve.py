"""The sandbox over loopback HTTP: three ports, one process."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from uvicorn.protocols.http.h11_impl import H11Protocol

from reconciler.sandbox import Sandbox
from reconciler.sandbox.gate import Gate
from reconciler.web.serving import HOST, Server, listening
from reconciler.web.serving import serve as serve_all

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
            stack.enter_context(listening(port + offset if port else 0))
            for offset in range(len(apps))
        ]
        urls = {
            name: f"http://{HOST}:{listener.getsockname()[1]}"
            for name, listener in zip(apps, sockets, strict=True)
        }
        servers = [Server(Gate(app), http=_HangUpProtocol) for app in apps.values()]
        serve_all(servers, sockets, lambda: ready(urls))
