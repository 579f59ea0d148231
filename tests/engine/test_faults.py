"""Whatever goes wrong at whatever request: no plan from it, and nothing made twice."""

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from account import HOSTS, Account, outcomes, yaml

from reconciler.errors import ReadFailed
from reconciler.model import Config

CONFIG = """
t:
  service: postmark
  token: {env: A}
  account_token: {env: B}
  tracking: {opens: true}
  domains: {example.com: {return_path: pm-bounces.example.com}, old.example.com: {ensure: absent}}
  streams: {newsletter: {type: broadcasts, name: Newsletter}}
  advanced: {retry_attempts: %d}
m:
  service: mailgun
  token: {env: C}
  region: eu
  tracking: {opens: true, clicks: html_only}
  domains: {mg.example.com: {spam_action: tag}, promo.example.com: {wildcard: true}}
  advanced: {retry_attempts: %d}
"""

Answer = Callable[[httpx.Request, httpx.BaseTransport], httpx.Response]


class Disturbed(httpx.BaseTransport):
    """Answers request number `first` (and those after it, up to `last`) by `fault`."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.calm()

    def calm(self) -> None:
        self.count, self.first, self.last = 0, -1, -1
        self.fault: Answer = lambda request, inner: inner.handle_request(request)

    def disturb(self, fault: Answer, first: int, last: int) -> None:
        self.count, self.first, self.last, self.fault = 0, first, last, fault

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            number, self.count = self.count, self.count + 1
        if self.first <= number <= self.last:
            return self.fault(request, self._inner)
        return self._inner.handle_request(request)


def answers(status: int, body: str = "", **headers: str) -> Answer:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda *_: httpx.Response(status, headers=names, text=body)


def drops_before(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    raise httpx.RemoteProtocolError("Server disconnected", request=request)


def drops_after(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    inner.handle_request(request)
    raise httpx.ReadError("connection reset", request=request)


def times_out(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    inner.handle_request(request)
    raise httpx.ReadTimeout("timed out", request=request)


def gives_up_waiting(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    """Answer as what stands in between does, when the service took longer than it wants to wait."""
    inner.handle_request(request)
    return httpx.Response(408, headers={"Content-Type": "text/html"}, text="<html>")


def refuses_connections(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


def cuts_lists(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    """Every list ends short of its declared total, as it does when a page is lost."""
    answer = inner.handle_request(request)
    body = json.loads(answer.read() or b"{}")
    for key in ("Domains", "MessageStreams", "items"):
        if body.get(key):
            body[key] = body[key][:-1]
    return httpx.Response(answer.status_code, json=body)


def milliseconds(seconds: float) -> str:
    return str(int((datetime.now(UTC).timestamp() + seconds) * 1000))


def epoch(seconds: float) -> str:
    return str(int(datetime.now(UTC).timestamp() + seconds))


FAULTS: dict[str, Answer] = {
    "429": answers(429),
    "429 with Retry-After": answers(429, Retry_After="2"),
    "429 with a date": answers(
        429, Retry_After=format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    ),
    "429 with seconds": answers(429, X_RateLimit_Reset="1.5"),
    "429 with epoch seconds": answers(429, X_RateLimit_Reset=epoch(60)),
    "429 with epoch milliseconds": answers(429, X_Request_Reset=milliseconds(60)),
    "429 with retry-seconds": answers(429, '{"retry-seconds": 1}'),
    "500": answers(500, '{"message": "oops"}'),
    "502 html": answers(502, "<html>", Content_Type="text/html"),
    "503": answers(503, '{"ErrorCode": 100, "Message": "Maintenance"}'),
    "403 html": answers(403, "<html>", Content_Type="text/html"),
    "401": answers(401, '{"ErrorCode": 10, "Message": "No"}'),
    "404 html": answers(404, "<html>"),
    "200 empty": answers(200),
    "200 html": answers(200, "<html>"),
    "200 {}": answers(200, "{}"),
    "200 []": answers(200, "[]"),
    "200 null": answers(200, "null"),
    "302": answers(302, Location="https://elsewhere.example/"),
    "dropped before": drops_before,
    "dropped after": drops_after,
    "timed out": times_out,
    "408": answers(408),
    "408 after": gives_up_waiting,
    "no connection": refuses_connections,
    "short lists": cuts_lists,
}


def disturbed_account() -> tuple[Account, Disturbed]:
    account = Account(around=Disturbed)
    assert isinstance(account.transport, Disturbed)
    return account, account.transport


def changes(account: Account, config: Config) -> list[str]:
    plan = account.plan(config, connections=1)
    return [f"{change.action} {change.subject.address}" for change in plan.changes]


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(
    ("lasting", "retries"),
    [(True, 0), (False, 0), (False, 1)],
    ids=["from then on", "once", "once and again"],
)
def test_a_fault_at_any_request_of_a_plan_never_yields_a_change(
    fault: Answer, *, lasting: bool, retries: int
) -> None:
    account, transport = disturbed_account()
    config = yaml(CONFIG % (retries, retries))
    account.apply(config)
    transport.calm()
    assert changes(account, config) == []
    for number in range(transport.count):
        transport.disturb(fault, number, 10**6 if lasting else number)
        try:
            assert changes(account, config) == []
        except ReadFailed:
            assert transport.count > number


APPLY_FAULTS = ["429", "500", "403 html", "200 {}", "200 html", "404 html"]
APPLY_FAULTS += ["dropped before", "dropped after", "timed out", "no connection"]
APPLY_FAULTS += ["408", "408 after"]


@pytest.mark.parametrize("retries", [0, 2])
@pytest.mark.parametrize("fault", APPLY_FAULTS)
def test_a_fault_at_any_request_of_an_apply_leaves_what_the_next_apply_completes(
    fault: str, retries: int
) -> None:
    config = yaml(CONFIG % (retries, retries))
    account, transport = disturbed_account()
    account.apply(config)
    for number in range(0, transport.count, 3 if retries else 1):
        account.sandbox.world.reset()
        account.sandbox.world.settings["mailgun_delete_delay"] = 0
        transport.disturb(FAULTS[fault], number, number)
        with contextlib.suppress(ReadFailed):
            account.apply(config)
        transport.calm()
        assert set(outcomes(account.apply(config)).values()) <= {"applied"}
        assert changes(account, config) == []
        assert not twice(account)


def twice(account: Account) -> list[str]:
    """Return what stands in the accounts more than once."""
    domains = account.by_hand("postmark", "GET", "/domains?count=500&offset=0")["Domains"]
    streams = account.by_hand("postmark", "GET", "/message-streams")["MessageStreams"]
    mailgun = account.by_hand("mailgun_eu", "GET", "/v4/domains")["items"]
    names = [domain["Name"] for domain in domains] + [stream["ID"] for stream in streams]
    counts = Counter(names) + Counter(domain["name"] for domain in mailgun)
    return [name for name, count in counts.items() if count > 1]


@pytest.mark.parametrize("fault", ["dropped after", "timed out", "408 after"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_that_took_effect_unseen_is_applied(fault: str, method: str) -> None:
    account, transport = disturbed_account()
    config = yaml(CONFIG % (0, 0))
    plan = account.plan(config)
    assert {each.action for each in plan.changes} == {"create", "update", "delete"}

    def unseen(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
        return (
            FAULTS[fault](request, inner)
            if request.method == method
            else inner.handle_request(request)
        )

    transport.disturb(unseen, 0, 10**6)
    assert set(outcomes(account.apply(config, plan)).values()) == {"applied"}
    transport.calm()
    assert changes(account, config) == []


@pytest.mark.parametrize("fault", ["dropped after", "timed out", "408 after"])
def test_a_create_that_took_effect_unseen_is_applied_and_not_repeated(fault: str) -> None:
    account, transport = disturbed_account()
    config = yaml(CONFIG % (0, 0))

    def only_creations(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
        if request.method == "POST" and request.url.path in {
            "/domains",
            "/message-streams",
            "/v4/domains",
        }:
            return FAULTS[fault](request, inner)
        return inner.handle_request(request)

    transport.disturb(only_creations, 0, 10**6)
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    transport.calm()
    assert changes(account, config) == []
    for site in HOSTS:
        creations = [r for r in account.requests(site) if r.startswith("POST ")]
        assert len(creations) == len(set(creations))
