"""Secrets that would be recognised anywhere, and the faults that might bring them to light."""

import json
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
from account import Account

from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.errors import ReadFailed, ReconcileError
from reconciler.model import Config
from reconciler.providers.api import Reader
from reconciler.reports.codequality import report_as_codequality
from reconciler.reports.comment import NOTHING, comment_body
from reconciler.reports.documents import results_as_document
from reconciler.reports.github import annotations, outputs
from reconciler.reports.links import NO_LINKS
from reconciler.reports.markdown import report_as_markdown
from reconciler.reports.metrics import report_as_metrics
from reconciler.reports.reading import report_of
from reconciler.reports.sarif import report_as_sarif
from reconciler.reports.terraform import report_as_terraform
from reconciler.reports.text import plan_as_text, plan_summary, results_as_text

TOKEN_HEADERS = {"x-postmark-server-token", "x-postmark-account-token", "authorization"}
HOOK = "https://hook:canary-hook-declared@hooks.example.com/in"
# A text that looks otherwise in JSON, in a URL, and in capitals.
PASSWORD = 'canary-"pass"/wörd\\declared'
DECLARED = {"P": PASSWORD, "H": "canary-header-declared", "HOOK": HOOK}
CANARY = "canary"

Answer = Callable[[httpx.Request, httpx.BaseTransport], httpx.Response]


def echo(request: httpx.Request) -> str:
    """Repeat all that was sent, as some services and most firewalls do."""
    sent = [f"{name}: {value}" for name, value in request.headers.items()]
    return "; ".join([*sent, request.read().decode()])


def answers_by(status: int, around: str = "%s", **more: Any) -> Answer:
    def answer(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
        text = around % echo(request)
        body = {
            "ErrorCode": 1360,
            "Message": text,
            "message": text,
            "Results": [{"TriggerType": text}],
            **more,
        }
        return httpx.Response(status, json=body)

    return answer


def page(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    return httpx.Response(403, html=f"<html>{echo(request)}</html>")


def times_out(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    inner.handle_request(request)
    raise httpx.ReadTimeout(f"timed out: {echo(request)}", request=request)


def ends_within(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    """Answer so that a text cut at 300 letters ends in the midst of the secret that was sent."""
    sent = sent_text(request)
    told = [value for value in DECLARED.values() if value in sent]
    told += [value for name, value in request.headers.items() if name in TOKEN_HEADERS]
    return refuses("x" * 285 + told[0])


def names_the_password(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    """Answer with a part of the URL that was sent, the one that counts."""
    is_told = "canary-hook-declared" in request.read().decode()
    return refuses("canary-hook-declared is no password" if is_told else "No")


def refuses(text: str) -> httpx.Response:
    """Refuse as either service does."""
    return httpx.Response(422, json={"ErrorCode": 1360, "Message": text, "message": text})


def sent_text(request: httpx.Request) -> str:
    """Return the values of a request's content, be it JSON or a form."""
    content = request.read().decode()
    if request.headers.get("content-type") == "application/json":
        return "\n".join(texts_in(json.loads(content)))
    return "\n".join(value for _, value in parse_qsl(content))


def texts_in(content: Any) -> list[str]:
    if isinstance(content, dict | list):
        inner = content.values() if isinstance(content, dict) else content
        return [text for each in inner for text in texts_in(each)]
    return [str(content)]


FAULTS: dict[str, Answer] = {
    "422 that repeats": answers_by(422),
    "422 that ends within": ends_within,
    "422 with a part": names_the_password,
    "422 in capitals": lambda request, inner: httpx.Response(
        422, text=answers_by(422)(request, inner).read().decode().upper().replace("\\N", "\\n")
    ),
    "500 that repeats": answers_by(500),
    "403 page that repeats": page,
    "200 that repeats": answers_by(200),
    "timed out": times_out,
}


class Faulty(httpx.BaseTransport):
    """Answers request `number` by a fault."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.number, self.count = -1, 0
        self.fault: Answer = lambda request, inner: inner.handle_request(request)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            number, self.count = self.count, self.count + 1
        return (
            self.fault(request, self._inner)
            if number == self.number
            else self._inner.handle_request(request)
        )


def told_by(error: BaseException) -> str:
    """Return what an error could show anywhere, with the errors that led to it."""
    seen = [error, *(error.errors if isinstance(error, ReadFailed) else ())]
    parts = [f"{each} {each!r} {each.args!r} {vars(each)!r}" for each in seen]
    return "\n".join([*parts, *traceback.format_exception(error)])


def insides(value: Any) -> Iterator[str]:
    """Yield the representation of a thing and of what it holds."""
    yield repr(value)
    yield repr({name: each for name, each in held(value).items() if name != "_value"})


RENDERERS = (
    report_as_codequality,
    report_as_markdown,
    report_as_metrics,
    report_as_sarif,
    report_as_terraform,
)


def held(value: Any) -> dict[str, Any]:
    """Return what a thing holds, by name, however it holds it."""
    names = [*getattr(value, "__slots__", ()), *getattr(value, "__dict__", ())]
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def everything_said(account: Account, config: Config, folder: Path) -> Iterator[str]:
    """Plan, save, and apply; yield all that could be read of it."""
    yield repr(config.desired)
    for resource in config.desired.values():
        yield from insides(resource)
    with account.sessions(config, Reader) as sessions:
        for session in sessions.values():
            for part in held(session).values():
                yield from insides(part)
        try:
            plan = account.plan_with(sessions, config, prune=True)
        except ReconcileError as error:
            yield told_by(error)
            return
        yield repr(sessions)
    yield from (repr(plan), str(plan), plan_as_text(plan), plan_summary(plan))
    yield as_json(plan_as_document(plan))
    yield from reports_of(plan_as_document(plan))
    for change in plan.changes:
        yield from insides(change)
    save_plan(plan, folder / "plan.json")
    yield (folder / "plan.json").read_text(encoding="utf-8")
    yield repr(load_plan(folder / "plan.json"))
    results = account.apply(config, plan)
    yield from (repr(results), results_as_text(results), as_json(results_as_document(results)))
    yield from reports_of(results_as_document(results, plan.records))
    for result in results:
        yield from insides(result)


def reports_of(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a run in every format that anybody may be shown."""
    report = report_of(document)
    yield comment_body(report, NO_LINKS, NOTHING, most=57_000)
    yield from (render(report) for render in RENDERERS)
    yield from (*annotations(report), *outputs(report).values())


def check(said: str, hidden: set[str]) -> None:
    """Find none of the canaries, nor of the other secrets that are hidden, in what was said."""
    folded = said.lower()
    for secret in {CANARY, *hidden}:
        place = folded.find(secret.lower())
        # Not an assertion on the text itself: pytest would print the secret in full.
        assert place == -1, said[max(0, place - 400) : place + 120]
