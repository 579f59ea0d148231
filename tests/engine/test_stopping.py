"""Who is asked to stop sends nothing new: what has begun is finished, the rest is skipped."""

from collections.abc import Callable
from itertools import count
from threading import Event

import httpx
import pytest
from account import Account, yaml

from reconciler.engine.apply import Stop
from reconciler.engine.attempt import Result
from reconciler.engine.selection import EVERYTHING
from reconciler.errors import Interrupted, NotBegun
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Change, Secret
from reconciler.providers.api import Connector, Writer

HOOK = "https://hooks.example.com/a"
NEW_HOOK = (
    f"t: {{service: postmark, token: {{env: A}}, webhooks: [{{url: '{HOOK}', triggers: [open]}}]}}"
)
NEW_DOMAIN = (
    "m: {service: mailgun, token: {env: C}, region: us, "
    "domains: {new.example.org: {spam_action: tag, tracking: {opens: true}}}}"
)


class Asked(httpx.BaseTransport):
    """Has somebody ask to stop once a request is under way that begins so."""

    def __init__(self, inner: httpx.BaseTransport, request: str, ask: Callable[[], None]) -> None:
        self.inner = inner
        self.request = request
        self.ask = ask
        self.writes: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if f"{request.method} {request.url.path}".startswith(self.request):
            self.ask()
        if request.method != "GET":
            self.writes.append(f"{request.method} {request.url.path}")
        return self.inner.handle_request(request)


def applied(text: str, request: str = "?", begun: int = 0) -> tuple[list[Result], list[str]]:
    """Apply on one connection, with somebody asking to stop at a request or so many changes.

    Returns the results and what was sent.
    """
    stop, account, config = Stop(), Account(), yaml(text)
    plan = account.plan(config)
    watched = Asked(account.transport, request, stop.event.set)
    numbers = count(1)

    def begin(_: Change) -> None:
        if next(numbers) == begun:
            stop.event.set()

    with Connector(
        Writer, transport=watched, pause=stop.pause, before_write=stop.before_write
    ) as connector:
        sessions = {
            name: each.service.connect(
                each,
                {"token": Secret(account.sandbox.token_for(each.service.name, "token", name))},
                connector,
            )
            for name, each in config.providers.items()
        }
        reconciler = Reconciler(
            config, EVERYTHING, sessions, Options(connections=1, pause=stop.pause)
        )
        results = reconciler.apply(plan, stop=stop, begun=begin)
    return results, watched.writes


def test_what_is_only_looked_for_by_then_is_not_made() -> None:
    (result,), writes = applied(NEW_HOOK, "GET /webhooks")
    assert (str(result.outcome), result.is_made) == ("skipped", False)
    assert result.reason == "interrupted"
    assert writes == []


def test_what_is_being_made_is_finished() -> None:
    (result,), writes = applied(NEW_HOOK, "POST /webhooks")
    assert str(result.outcome) == "applied"
    assert writes == ["POST /webhooks"]


def test_what_stands_on_it_is_skipped() -> None:
    results, writes = applied(NEW_DOMAIN, "POST /v4/domains")
    outcomes = {each.change.subject.kind.name: str(each.outcome) for each in results}
    assert outcomes == {"domains": "applied", "tracking": "skipped"}
    assert writes == ["POST /v4/domains"]


def test_a_thread_that_sent_something_sends_nothing_of_its_next_change() -> None:
    two = NEW_HOOK.replace("]}]", f"]}}, {{url: '{HOOK}/b', triggers: [open]}}]")
    results, writes = applied(two, begun=2)
    assert [str(each.outcome) for each in results] == ["applied", "skipped"]
    assert writes == ["POST /webhooks"]


def test_each_change_of_a_thread_is_one_of_its_own() -> None:
    stop = Stop(Event())
    stop.before_write()
    stop.event.set()
    stop.before_write()
    with pytest.raises(Interrupted) as caught:
        stop.pause(1)
    assert not isinstance(caught.value, NotBegun)
    stop.begin()
    for each in (stop.before_write, lambda: stop.pause(1)):
        with pytest.raises(NotBegun):
            each()
