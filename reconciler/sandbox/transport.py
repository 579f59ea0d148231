"""The sandbox without a socket: an httpx transport that calls the ASGI applications in process."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from reconciler.sandbox.app import ConnectionDropped, ServiceApp


class SandboxTransport(httpx.BaseTransport):
    """Answers for the hosts in `apps` and for no other: the embedded sandbox has no way out."""

    def __init__(self, apps: Mapping[str, ServiceApp]) -> None:
        self._apps = apps

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        app = self._apps.get(request.url.host)
        if app is None:
            raise httpx.ConnectError(f"the sandbox serves no {request.url.host}", request=request)
        try:
            return asyncio.run(_call(app, request, request.read()))
        except ConnectionDropped:
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            ) from None


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
