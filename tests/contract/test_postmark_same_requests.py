"""Where `postmarker` and our client make the same call, they send the same request."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import requests
import responses
from postmark_box import Account, Sent, sent, yaml
from postmarker.core import PostmarkClient  # type: ignore[import-untyped]

from reconciler.engine.attempt import Outcome
from reconciler.providers.api import Reader, Writer

TOKENS = "t: {service: postmark, token: {env: A}, account_token: {env: B}, %s}"
API = "https://api.postmarkapp.com"


class Recorder(httpx.BaseTransport):
    """Notes every request on its way into the sandbox."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.seen: list[Sent] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        self.seen.append(sent(request.method, str(request.url), request.headers, body))
        return self._inner.handle_request(request)


def prepared(*calls: tuple[str, str, dict[str, Any]]) -> Account:
    """Return a sandbox with some things made by hand; equal calls give equal IDs."""
    account = Account(around=Recorder)
    account.sandbox.token_for("postmark", "token", "t")
    for method, path, body in calls:
        account.by_hand("postmark", method, path, json=body)
    account.forget_requests()
    return account


def theirs(account: Account, call: Callable[[PostmarkClient], Any]) -> list[Sent]:
    """Let postmarker make a call, answered by the same sandbox, and return what it sent."""
    seen: list[Sent] = []
    inner = account.sandbox.transport()

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        method, url = str(request.method), str(request.url)
        headers = {name: str(value) for name, value in request.headers.items()}
        body = request.body if isinstance(request.body, bytes) else b""
        seen.append(sent(method, url, headers, body))
        passed_on = httpx.Request(method, url, headers=headers, content=body)
        answered = inner.handle_request(passed_on)
        return answered.status_code, {}, answered.read()

    client = PostmarkClient(
        account.sandbox.token_for("postmark", "token", "t"),
        account.sandbox.token_for("postmark", "account_token", "t"),
    )
    with responses.RequestsMock() as mock, client.session:
        for method in ("GET", "POST", "PUT", "DELETE"):
            mock.add_callback(method, re.compile(API), callback=answer)
        mock.assert_all_requests_are_fired = False
        call(client)
    return seen


def applied(settings: str) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        results = account.apply(yaml(TOKENS % settings))
        assert {each.outcome for each in results} == {Outcome.APPLIED}

    return act


def planned(settings: str) -> Callable[[Account], None]:
    def act(account: Account) -> None:
        account.plan(yaml(TOKENS % settings))

    return act


def performed(action: str, settings: str) -> Callable[[Account], None]:
    """Carry out an action on the one thing that the settings name."""

    def act(account: Account) -> None:
        config = yaml(TOKENS % settings)
        (desired,) = config.desired.values()
        with account.sessions(config, Reader) as sessions:
            live = desired.kind.read(sessions["t"], desired)
        assert live is not None
        with account.sessions(config, Writer) as sessions:
            desired.kind.perform(sessions["t"], live, action)

    return act


DOMAIN = ("POST", "/domains", {"Name": "a.example.net", "ReturnPathDomain": "pm.a.example.net"})
SENDER = (
    "POST",
    "/senders",
    {"FromEmail": "ops@example.org", "Name": "Ops", "ReplyToEmail": "a@example.org"},
)


def _ids() -> dict[tuple[str, str], int]:
    account = prepared(DOMAIN)
    domains = account.by_hand("postmark", "GET", "/domains?count=9&offset=0")["Domains"]
    account = prepared(SENDER)
    senders = account.by_hand("postmark", "GET", "/senders?count=9&offset=0")["SenderSignatures"]
    return {("domains", each["Name"]): each["ID"] for each in domains} | {
        ("senders", each["EmailAddress"]): each["ID"] for each in senders
    }


IDS = _ids()
SAME: dict[str, tuple[Any, Callable[[PostmarkClient], Any], Callable[[Account], None]]] = {
    "list the domains": (
        [],
        lambda client: client.domains.all(),
        planned("domains: {}"),
    ),
    "read a domain": (
        [DOMAIN],
        lambda client: client.domains.get(IDS["domains", "a.example.net"]),
        planned("domains: {a.example.net: {return_path: pm.a.example.net}}"),
    ),
    "create a domain": (
        [],
        lambda client: client.domains.create("a.example.net"),
        applied("domains: {a.example.net: {}}"),
    ),
    "create a domain with its return path": (
        [],
        lambda client: client.domains.create("a.example.net", "pm.a.example.net"),
        applied("domains: {a.example.net: {return_path: pm.a.example.net}}"),
    ),
    "edit a domain": (
        [DOMAIN],
        lambda client: client.domains.edit(IDS["domains", "a.example.net"], "b.a.example.net"),
        applied("domains: {a.example.net: {return_path: b.a.example.net}}"),
    ),
    "clear a return path": (
        [DOMAIN],
        lambda client: client.domains.edit(IDS["domains", "a.example.net"], ""),
        applied('domains: {a.example.net: {return_path: ""}}'),
    ),
    "delete a domain": (
        [DOMAIN],
        lambda client: client.domains.delete(IDS["domains", "a.example.net"]),
        applied("domains: {a.example.net: {ensure: absent}}"),
    ),
    "verify a domain's DKIM": (
        [DOMAIN],
        lambda client: client.domains.verifydkim(IDS["domains", "a.example.net"]),
        applied("domains: {a.example.net: {return_path: b.a.example.net}}"),
    ),
    "verify a domain's return path": (
        [DOMAIN],
        lambda client: client.domains.verifyreturnpath(IDS["domains", "a.example.net"]),
        applied("domains: {a.example.net: {return_path: b.a.example.net}}"),
    ),
    "list the senders": (
        [],
        lambda client: client.senders.all(),
        planned("senders: {}"),
    ),
    "read a sender": (
        [SENDER],
        lambda client: client.senders.get(IDS["senders", "ops@example.org"]),
        planned('senders: {ops@example.org: {return_path: ""}}'),
    ),
    "create a sender": (
        [],
        lambda client: client.senders.create("ops@example.org", "Ops", "a@b.net", "pm.example.org"),
        applied(
            "senders: {ops@example.org: "
            "{name: Ops, reply_to: a@b.net, return_path: pm.example.org}}"
        ),
    ),
    "edit a sender": (
        [SENDER],
        lambda client: client.senders.edit(
            IDS["senders", "ops@example.org"], "Ops", ReplyToEmail="b@example.org"
        ),
        applied("senders: {ops@example.org: {reply_to: b@example.org}}"),
    ),
    "delete a sender": (
        [SENDER],
        lambda client: client.senders.delete(IDS["senders", "ops@example.org"]),
        applied("senders: {ops@example.org: {ensure: absent}}"),
    ),
    "ask a sender for confirmation again": (
        [SENDER],
        lambda client: client.senders.resend(IDS["senders", "ops@example.org"]),
        performed("resend", "senders: {ops@example.org: {}}"),
    ),
    "read the server": (
        [],
        lambda client: client.server.get(),
        planned("tracking: {opens: true}"),
    ),
    "edit the server": (
        [],
        lambda client: client.server.edit(
            TrackOpens=True, TrackLinks="HtmlOnly", Color="red", InboundSpamThreshold=7
        ),
        applied(
            "tracking: {opens: true, links: html_only}, "
            "settings: {color: red, inbound_spam_threshold: 7}"
        ),
    ),
}


@pytest.mark.parametrize(("before", "call", "act"), SAME.values(), ids=SAME)
def test_the_same_call_is_the_same_request(
    before: list[tuple[str, str, dict[str, Any]]],
    call: Callable[[PostmarkClient], Any],
    act: Callable[[Account], None],
) -> None:
    (wanted,) = theirs(prepared(*before), call)
    account = prepared(*before)
    assert isinstance(account.transport, Recorder)
    act(account)
    ours = [each for each in account.transport.seen if each.target == wanted.target]
    assert ours
    assert all(each == wanted for each in ours)
    if wanted.method != "GET":
        assert len(ours) == 1


def test_a_rotation_is_the_same_request() -> None:
    published = {"domain": "a.example.net", "published": True}
    domain = IDS["domains", "a.example.net"]
    found = []
    for _ in range(2):
        account = prepared(DOMAIN)
        account.control("postmark", "POST", "dns", published)
        account.by_hand("postmark", "PUT", f"/domains/{domain}/verifyDkim")
        found.append(account)
    sdk, own = found
    (wanted,) = theirs(sdk, lambda client: client.domains.rotatedkim(domain))
    assert isinstance(own.transport, Recorder)
    performed("rotate-dkim", "domains: {a.example.net: {}}")(own)
    assert [each for each in own.transport.seen if each.method == "POST"][-1] == wanted
