"""The sandbox behind a limit: so many calls a second, and 429 for those that come earlier.

    python limited_sandbox.py RATE HINT

It prints one line of JSON: where the services are, the credentials, and where to ask for counts. It
ends when its standard input does. HINT says how a refusal tells when to come back.
"""

import asyncio
import json
import math
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import uvicorn
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from reconciler.sandbox import Sandbox

HINTS: Mapping[str, Callable[[float], JSONResponse]] = {
    "seconds": lambda wait: JSONResponse({}, 429, {"Retry-After": str(math.ceil(wait))}),
    "epoch s": lambda wait: reset(math.ceil(time.time() + wait)),
    "epoch ms": lambda wait: reset(math.ceil((time.time() + wait) * 1000)),
    "body": lambda wait: JSONResponse({"retry-seconds": math.ceil(wait)}, 429),
    "none": lambda _: JSONResponse({}, 429),
}


def reset(at: int) -> JSONResponse:
    return JSONResponse({}, 429, {"X-RateLimit-Reset": str(at)})


class Bucket:
    """Before one service: holds a second's worth of calls, and fills with `rate` a second."""

    def __init__(self, app: ASGIApp, rate: float, hint: str) -> None:
        self._app, self._rate, self._hint = app, rate, hint
        self._level, self._seen = rate, time.monotonic()
        self.counts = {"calls": 0, "refused": 0}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/counts":
            await JSONResponse(self.counts)(scope, receive, send)
        elif scope["type"] == "http" and (wait := self._take()):
            await HINTS[self._hint](wait)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _take(self) -> float:
        """Return 0 for a call that goes through, else the seconds until one would."""
        now = time.monotonic()
        self._level = min(self._rate, self._level + (now - self._seen) * self._rate)
        self._seen = now
        self.counts["calls"] += 1
        if self._level < 1:
            self.counts["refused"] += 1
            return (1 - self._level) / self._rate
        self._level -= 1
        return 0.0


async def serve(rate: float, hint: str) -> None:
    sandbox = Sandbox()
    apps = {"POSTMARK": sandbox.postmark, "MAILGUN_US": sandbox.mailgun_us}
    urls: dict[str, Any] = {}
    servers = []
    for name, app in apps.items():
        listener = socket.create_server(("127.0.0.1", 0))
        urls[name] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = uvicorn.Config(Bucket(app, rate, hint), log_level="critical", lifespan="off")
        servers.append((uvicorn.Server(settings), listener))
    print(json.dumps({"urls": urls, "credentials": dict(sandbox.credentials)}), flush=True)
    running = asyncio.gather(*(server.serve([listener]) for server, listener in servers))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    for server, _ in servers:
        server.should_exit = True
    await running


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2]))
