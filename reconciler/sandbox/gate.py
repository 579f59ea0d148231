"""Who may make control calls over a socket: programs on this machine, and no web page.

A page of anybody's can have a browser on this machine send requests to loopback: by a form, or
under a name of its own that leads there.
"""

import ipaddress
import re

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.sandbox.control import PREFIX

_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<name>[a-z0-9.-]+))(?::\d{1,5})?", re.IGNORECASE)


class Gate:
    """Lets all through to an application but the control calls of a web page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(PREFIX):
            headers = Headers(scope=scope)
            if problem := _problem(headers):
                status = 415 if problem.startswith("Content-Type") else 403
                await JSONResponse({"error": problem}, status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _problem(headers: Headers) -> str | None:
    host = headers.get("host", "")
    if not _is_loopback(host):
        return "Host: a control call is made to 127.0.0.1, [::1] or localhost by that name"
    if headers.get("origin", f"http://{host}").lower() != f"http://{host}".lower():
        return "Origin: a control call is not made by a web page of another origin"
    media_type = headers.get("content-type", "").split(";")[0].strip().lower()
    if _has_body(headers) and media_type != "application/json":
        return "Content-Type: a control call with a body says application/json"
    return None


def _is_loopback(host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["v6"] or match["name"].lower()
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0").strip("0") != "" or "transfer-encoding" in headers
