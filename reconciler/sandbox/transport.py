"""The sandbox without a socket: an httpx transport that calls the ASGI applications in process."""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import httpx

from reconciler.sandbox.app import ConnectionDropped, ServiceApp

_LONGEST_IN_MEMORY = 2**16
"""Bytes. From a megabyte on starlette writes a part of a form to a file, by threads of a loop."""


class SandboxTransport(httpx.BaseTransport):
    """Answers for the hosts in `apps` and for no other: the embedded sandbox has no way out."""

    def __init__(self, apps: Mapping[str, ServiceApp]) -> None:
        self._apps = apps

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        app = self._apps.get(request.url.host)
        if app is None:
            raise httpx.ConnectError(f"the sandbox serves no {request.url.host}", request=request)
        try:
            body = request.read()
            # An event loop of its own would take longer than the call.
            finish = asyncio.run if len(body) > _LONGEST_IN_MEMORY else _finish
            return finish(_call(app, request, body))
        except ConnectionDropped:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None


def _finish(call: Coroutine[Any, Any, httpx.Response]) -> httpx.Response:
    """Do a call that waits for nothing but itself."""
    try:
        while True:
            call.send(None)
    except StopIteration as end:
        response: httpx.Response = end.value
        return response


async def _sleep(seconds: float) -> None:
    time.sleep(seconds)  # noqa: ASYNC251 - nobody else is on this thread


async def _call(app: ServiceApp, request: httpx.Request, body: bytes) -> httpx.Response:
    path = request.url.raw_path.split(b"?")[0]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": path,
        "root_path": "",
        "query_string": request.url.query,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "server": (request.url.host, request.url.port or 443),
        "client": ("127.0.0.1", 0),
        "state": {"sleep": _sleep},
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    outgoing: list[Any] = []

    async def receive() -> Any:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        outgoing.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in outgoing[1:])
    return httpx.Response(
        outgoing[0]["status"], headers=outgoing[0]["headers"], content=content, request=request
    )
