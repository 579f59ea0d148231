"""The control API of a sandbox port: what was asked, and what shall go wrong next."""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from reconciler.sandbox.world import World

PREFIX = "/_sandbox/"


class _NotUnderstood(Exception):
    pass


@dataclass(slots=True)
class Fault:
    """One planted fault; `times` counts down. Without `status`, `body` or `drop` it only delays.

    A `drop` outweighs `status` and `body`: there is no answer that they could be in.
    """

    path: str
    method: str = "*"
    times: int = 1
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    delay: float = 0.0
    drop: str | None = None

    def matches(self, method: str, path: str) -> bool:
        return (
            self.times > 0
            and self.method.upper() in {"*", method}
            and fnmatchcase(path.lower(), self.path.lower())
        )

    @property
    def answers(self) -> bool:
        return self.status is not None or self.body is not None

    def response(self) -> Response:
        text = self.body if isinstance(self.body, str) else json.dumps(self.body)
        headers = {"content-type": "application/json"} | {
            name.lower(): value for name, value in self.headers.items()
        }
        status = self.status if self.status is not None else 200
        content = "" if self.body is None or status in {204, 304} else text
        return Response(content, status, headers)


class Control:
    """The log, the latency and the planted faults of one port."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._requests: list[dict[str, Any]] = []
        self._faults: list[Fault] = []
        self.latency = 0.0

    def log(self, method: str, path: str, query: str) -> dict[str, Any]:
        """Note a request on arrival; its `status` is filled in when it is answered, if it is."""
        entry: dict[str, Any] = {"method": method, "path": path, "query": query, "status": None}
        with self._lock:
            self._requests.append(entry)
        return entry

    def take_fault(self, method: str, path: str) -> Fault | None:
        with self._lock:
            fault = next((f for f in self._faults if f.matches(method, path)), None)
            if fault:
                fault.times -= 1
            return fault

    async def respond(self, request: Request) -> Response:
        raw = await request.body()
        path = request.scope["path"].removeprefix(PREFIX)
        try:
            return self._control(request.method, path, _read_object(raw))
        except _NotUnderstood as problem:
            return JSONResponse({"error": f"not understood: {problem}"}, 400)

    def _control(self, method: str, path: str, body: dict[str, Any]) -> Response:
        match method, path:
            case "GET", "requests":
                with self._lock:
                    return JSONResponse(self._requests)
            case "DELETE", "requests":
                self._requests.clear()
            case "GET", "faults":
                return JSONResponse([{"path": f.path, "times": f.times} for f in self._faults])
            case "POST", "faults":
                self._faults.append(_read_fault(body))
            case "DELETE", "faults":
                self._faults.clear()
            case "POST", "latency":
                self.latency = _checked(body, "seconds")
            case _:
                return self._control_world(method, path, body)
        return JSONResponse({"ok": True})

    def _control_world(self, method: str, path: str, body: dict[str, Any]) -> Response:
        with self._world.lock:
            match method, path:
                case "POST", "dns":
                    domain, published = _checked(body, "domain"), _checked(body, "published")
                    self._world.publish(domain, published=published)
                case "GET", "settings":
                    return JSONResponse(self._world.settings)
                case "POST", "settings":
                    self._world.settings.update(body)
                case "POST", "reset":
                    self._requests.clear()
                    self._faults.clear()
                    self.latency = 0.0
                    self._world.reset()
                case _:
                    return JSONResponse({"error": f"no control call {method} {path}"}, 404)
            self._world.save()
        return JSONResponse({"ok": True})


def _read_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw) if raw else {}
    except (ValueError, RecursionError):
        raise _NotUnderstood("the body is not JSON") from None
    if not isinstance(body, dict):
        raise _NotUnderstood("the body is not a JSON object")
    return body


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_duration(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _DAY


def _are_headers(value: Any) -> bool:
    return isinstance(value, dict) and all(
        _TOKEN.fullmatch(name) and isinstance(text, str | int) and _FIELD.fullmatch(str(text))
        for name, text in value.items()
    )


_DAY = 86400
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_FIELD = re.compile(r"([!-~]([\t -~]*[!-~])?)?")
_RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "path": (_is_text, "a path, which may hold * and ?"),
    "method": (_is_text, "a method, or * for any"),
    "times": (lambda value: _is_whole(value) and value >= 0, "a whole number"),
    "status": (lambda value: _is_whole(value) and 200 <= value <= 599, "a status, 200 to 599"),
    "headers": (_are_headers, "an object of header names and texts"),
    "body": (lambda _: True, "anything"),
    "delay": (_is_duration, "a number of seconds"),
    "drop": (lambda value: value in ("before", "after"), "`before` or `after`"),
    "seconds": (_is_duration, "a number of seconds"),
    "domain": (_is_text, "a domain name"),
    "published": (lambda value: isinstance(value, bool), "true or false"),
}
_FAULT_KEYS = frozenset(Fault.__dataclass_fields__)


def _checked(body: Mapping[str, Any], key: str) -> Any:
    is_right, wanted = _RULES[key]
    if key not in body or not is_right(body[key]):
        raise _NotUnderstood(f"`{key}`: {wanted} is wanted")
    return body[key]


def _read_fault(body: Mapping[str, Any]) -> Fault:
    """Read a fault; a key that is null counts as not given."""
    given = {key for key, value in body.items() if value is not None}
    if unknown := sorted(given - _FAULT_KEYS):
        raise _NotUnderstood(f"a fault has no {', '.join(unknown)}")
    fault = Fault(**{key: _checked(body, key) for key in given | {"path"}})
    fault.headers = {name: str(text) for name, text in fault.headers.items()}
    return fault
