"""One service behind one port: an ASGI application around plain functions from call to answer."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData, Headers, QueryParams
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from reconciler.sandbox.control import PREFIX, Control, Fault
from reconciler.sandbox.world import World


class ConnectionDropped(Exception):
    """The sandbox hangs up without an answer, as a fault asked it to."""


class _MalformedForm(Exception):
    pass


@dataclass(frozen=True, slots=True)
class Call:
    """One request, read to its end. `params` are the named parts of the route's path."""

    world: World
    method: str
    path: str
    params: dict[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    form: FormData


Handler = Callable[[Call], Response]


class Routes:
    """Methods and path patterns (`/domains/{id:int}`, Starlette's syntax) to handlers."""

    def __init__(self, *, ignore_case: bool) -> None:
        self._flags = re.IGNORECASE if ignore_case else 0
        self._table: list[tuple[str, re.Pattern[str], dict[str, Any], Handler]] = []

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            regex, _, convertors = compile_path(path)
            self._table.append(
                (method, re.compile(regex.pattern, self._flags), convertors, handler)
            )
            return handler

        return register

    def find(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """Return the handler and the path's named parts; None for no such method on such a path."""
        for wanted, regex, _, handler in self._table:
            match = regex.match(path)
            if match and wanted == method:
                return handler, match.groupdict()
        return None


class ServiceApp:
    """`answer` maps a `Call` to a response while the world's lock is held.

    Around it: the control API under `/_sandbox/`, the log of requests, latency and faults.
    """

    def __init__(self, world: World, answer: Handler) -> None:
        self.world = world
        self.control = Control(world)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _accept_lifespan(receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self._respond(request)
            await request.close()
        except ConnectionDropped:
            if hang_up := scope.get("state", {}).get("hang_up"):
                hang_up()
                await asyncio.sleep(0)  # lets the server notice before this call returns
                return
            raise
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        # Not `request.url`: it is built with the Host header, which may hold anything.
        path: str = request.scope["path"]
        if path.startswith(PREFIX):
            return await self.control.respond(request)
        query = request.scope["query_string"].decode("latin-1")
        entry = self.control.log(request.method, path, query)
        fault = self.control.take_fault(request.method, path)
        if seconds := self.control.latency + (fault.delay if fault else 0.0):
            await request.scope.get("state", {}).get("sleep", asyncio.sleep)(seconds)
        response = await self._respond_with(fault, request)
        entry["status"] = response.status_code
        return response

    async def _respond_with(self, fault: Fault | None, request: Request) -> Response:
        if fault and fault.drop == "before":
            raise ConnectionDropped
        if fault and fault.drop is None and fault.answers:
            return fault.response()
        try:
            call = await self._read(request)
        except _MalformedForm as problem:
            return JSONResponse({"message": f"the form cannot be read: {problem}"}, 400)
        response = self._handle(call)
        if fault and fault.drop == "after":
            raise ConnectionDropped
        return response

    async def _read(self, request: Request) -> Call:
        return Call(
            world=self.world,
            method=request.method,
            path=request.scope["path"],
            params={},
            query=request.query_params,
            headers=request.headers,
            body=await request.body(),
            form=await _read_form(request),
        )

    def _handle(self, call: Call) -> Response:
        with self.world.lock:
            response = self._answer(call)
            if call.method != "GET":
                self.world.save()
        return response


async def _read_form(request: Request) -> FormData:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        return FormData()
    try:
        # Wide enough for a message with a thousand recipients and large bodies.
        return await request.form(max_files=1000, max_fields=100_000, max_part_size=64 * 2**20)
    except MultiPartException as problem:
        raise _MalformedForm(problem.message) from None
    except ValueError as problem:  # the parser's own errors, and charsets that cannot decode
        raise _MalformedForm(str(problem)) from None


async def _accept_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
