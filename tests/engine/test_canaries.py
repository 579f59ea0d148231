"""Secrets that would be recognised anywhere, and nowhere to be found in what Postmark's kinds say.

A fault is forced at each request, one that repeats all that the request sent.
"""

import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from account import Account, yaml
from program import Run, Served, run, served

from reconciler.apply import Outcome, apply_plan
from reconciler.cli.account import collections
from reconciler.errors import DuplicateAddress, ReadFailed, ReconcileError
from reconciler.live import read_live
from reconciler.model import Config, Secret
from reconciler.plan import EVERYTHING, build_plan
from reconciler.planfile import as_json, load_plan, plan_as_document, save_plan
from reconciler.providers.api import Connector, Reader, Writer
from reconciler.report import (
    plan_as_text,
    plan_summary,
    results_as_document,
    results_as_text,
)

HOOK = "https://hook:canary-hook-declared@hooks.example.com/in"
# A text that looks otherwise in JSON, in a URL, and in capitals.
PASSWORD = 'canary-"pass"/wörd\\declared'
DECLARED = {"P": PASSWORD, "H": "canary-header-declared", "HOOK": HOOK}
CANARY = "canary"
URL = "https://hooks.example.com/declared"
PROVIDER = """\
  t:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    tracking: {opens: true}
    settings: {inbound_hook: {env: HOOK}}
    domains: {box.example.net: {return_path: pm.box.example.net}, old.example.com: {ensure: absent}}
    senders: {box@example.org: {name: Box}}
    streams: {letters: {type: broadcasts, name: Letters}, broadcast: {ensure: absent}}
    webhooks:
      - url: https://hooks.example.com/declared
        triggers: [bounce]
        auth: {username: u, password: {env: P}}
        headers: {X-Token: {env: H}, X-Literal: canary-header-literal}
      - url: https://hooks.example.com/new
        stream: letters
        triggers: {open: {first_only: true}}
        auth: {username: u, password: {env: P}}
        headers: {X-Token: {env: H}}
    advanced: {retry_attempts: 0}
"""
LEARNER = """\
  l:
    service: postmark
    account_token: {env: POSTMARK_ACCOUNT_TOKEN}
    server: Learnt
    tracking: {links: html_only}
    webhooks: [{url: https://hooks.example.com/l, auth: {username: u, password: {env: P}}}]
    advanced: {retry_attempts: 0}
"""
FOREIGN = [
    (
        "/webhooks",
        {
            "Url": URL,
            "HttpAuth": {"Username": "u", "Password": "canary-password-live"},
            "HttpHeaders": [{"Name": "X-Token", "Value": "canary-header-live"}],
            "Triggers": {"Click": {"Enabled": True}},
        },
    ),
    (
        "/webhooks",
        {
            "Url": "https://hooks.example.com/foreign",
            "HttpAuth": {"Username": "u", "Password": "canary-password-foreign"},
            "HttpHeaders": [{"Name": "X-Token", "Value": "canary-header-foreign"}],
        },
    ),
    ("/webhooks", {"Url": "https://u:canary-password-in-url@hooks.example.com/foreign"}),
]
LIVE_SETTINGS = {
    "InboundHookUrl": "https://hook:canary-hook-live@hooks.example.com/in",
    "BounceHookUrl": "https://hook:canary-hook-legacy@hooks.example.com/bounce",
}


Answer = Callable[[httpx.Request, httpx.BaseTransport], httpx.Response]


def echo(request: httpx.Request) -> str:
    """Repeat all that was sent, as some services and most firewalls do."""
    sent = [f"{name}: {value}" for name, value in request.headers.items()]
    return "; ".join([*sent, request.read().decode()])


def answers_by(status: int, around: str = "%s", **more: Any) -> Answer:
    def answer(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
        text = around % echo(request)
        body = {"ErrorCode": 1360, "Message": text, "Results": [{"TriggerType": text}], **more}
        return httpx.Response(status, json=body)

    return answer


def page(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    return httpx.Response(403, html=f"<html>{echo(request)}</html>")


def times_out(request: httpx.Request, inner: httpx.BaseTransport) -> httpx.Response:
    inner.handle_request(request)
    raise httpx.ReadTimeout(f"timed out: {echo(request)}", request=request)


def ends_within(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    """Answer so that a text cut at 300 letters ends in the midst of the secret that was sent."""
    content = json.loads(request.read() or b"{}")
    told = [value for value in DECLARED.values() if value in texts_in(content)]
    told += [value for name, value in request.headers.items() if name.endswith("-token")]
    return httpx.Response(422, json={"ErrorCode": 1360, "Message": "x" * 285 + told[0]})


def names_the_password(request: httpx.Request, _: httpx.BaseTransport) -> httpx.Response:
    """Answer with a part of the URL that was sent, the one that counts."""
    is_told = "canary-hook-declared" in request.read().decode()
    text = "canary-hook-declared is no password" if is_told else "No"
    return httpx.Response(422, json={"ErrorCode": 606, "Message": text})


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


def prepared() -> Account:
    account = Account(around=Faulty)
    for _ in ("t", "l"):
        account.sandbox.token_for("postmark", "token", "t")
    account.by_hand("postmark", "PUT", "/server", json=LIVE_SETTINGS)
    account.by_hand("postmark", "POST", "/servers", json={"Name": "Learnt"})
    for path, body in FOREIGN:
        account.by_hand("postmark", "POST", path, json=body)
    return account


def tokens(account: Account) -> set[str]:
    """Return every token that the account holds, of servers that nobody declares, too."""
    listed = account.by_hand("postmark", "GET", "/servers?count=500&offset=0")["Servers"]
    found = {token for server in listed for token in server["ApiTokens"]}
    return found | {account.sandbox.token_for("postmark", "account_token", "t")}


def told_by(error: BaseException) -> str:
    """Return what an error could show anywhere, with the errors that led to it."""
    seen = [error, *(error.errors if isinstance(error, ReadFailed) else ())]
    parts = [f"{each} {each!r} {each.args!r} {vars(each)!r}" for each in seen]
    return "\n".join([*parts, *traceback.format_exception(error)])


def insides(value: Any) -> Iterator[str]:
    """Yield the representation of a thing and of what it holds."""
    yield repr(value)
    for name in ("__dict__", "__slots__"):
        inner = getattr(value, name, ())
        names = inner if isinstance(inner, dict) else [n for n in inner if hasattr(value, n)]
        yield repr({each: getattr(value, each) for each in names if each != "_value"})


def everything_said(account: Account, config: Config, folder: Path) -> Iterator[str]:
    """Plan, save, and apply; yield all that could be read of it."""
    yield repr(config.desired)
    for resource in config.desired.values():
        yield from insides(resource)
    with account.sessions(config, Reader) as sessions:
        for session in sessions.values():
            for part in vars(session).values():
                yield from insides(part)
        try:
            plan = account.plan_with(sessions, config, prune=True)
        except ReconcileError as error:
            yield told_by(error)
            return
        yield repr(sessions)
    yield from (repr(plan), str(plan), plan_as_text(plan), plan_summary(plan))
    yield as_json(plan_as_document(plan))
    for change in plan.changes:
        yield from insides(change)
    save_plan(plan, folder / "plan.json")
    yield (folder / "plan.json").read_text(encoding="utf-8")
    yield repr(load_plan(folder / "plan.json"))
    results = account.apply(config, plan)
    yield from (repr(results), results_as_text(results), as_json(results_as_document(results)))
    for result in results:
        yield from insides(result)


def check(said: str, hidden: set[str]) -> None:
    folded = said.lower()
    for secret in {CANARY, *hidden}:
        place = folded.find(secret.lower())
        # Not an assertion on the text itself: pytest would print the secret in full.
        assert place == -1, said[max(0, place - 400) : place + 120]


@pytest.fixture
def config() -> Config:
    return yaml(PROVIDER, **DECLARED)


def test_without_a_fault_nothing_tells_a_secret(config: Config, tmp_path: Path) -> None:
    account = prepared()
    hidden = tokens(account)
    assert len(hidden) >= 3
    said = "\n".join(everything_said(account, config, tmp_path))
    assert "(secret)" in said
    check(said, hidden)
    said = "\n".join(everything_said(account, config, tmp_path))
    check(said, hidden)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_at_any_request_tells_no_secret(
    fault: Answer, config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = prepared()
    transport = account.transport
    assert isinstance(transport, Faulty)
    hidden = tokens(account)
    before = deepcopy(account.sandbox.world.postmark)
    transport.count = 0
    list(everything_said(account, config, tmp_path))
    count = transport.count
    assert count > 25
    for number in range(count):
        account.sandbox.world.postmark.clear()
        account.sandbox.world.postmark.update(deepcopy(before))
        transport.count, transport.number, transport.fault = 0, number, fault
        check("\n".join(everything_said(account, config, tmp_path)), hidden)
    check(caplog.text, hidden)


def test_a_learnt_token_is_as_secret_as_a_given_one(tmp_path: Path) -> None:
    config = yaml(LEARNER, **DECLARED)
    for fault in FAULTS.values():
        account = prepared()
        account.tokens_left_out = {"token"}
        transport = account.transport
        assert isinstance(transport, Faulty)
        hidden = tokens(account)
        for number in range(8):
            transport.count, transport.number, transport.fault = 0, number, fault
            check("\n".join(everything_said(account, config, tmp_path)), hidden)


def test_two_webhooks_with_one_key_are_named_without_their_passwords(config: Config) -> None:
    account = prepared()
    for password in ("canary-one", "canary-two"):
        body = {"Url": URL, "HttpAuth": {"Username": "u", "Password": password}}
        account.by_hand("postmark", "POST", "/webhooks", json=body)
    with pytest.raises(DuplicateAddress) as error:
        account.plan(config)
    check(told_by(error.value), tokens(account))


# The same over real sockets, and by real processes.


def environment(box: Served) -> dict[str, str]:
    return {**box.env, **DECLARED}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    server.control("postmark", "POST", "reset")
    server.postmark("POST", "/servers", {"Name": "Learnt"})
    server.postmark("PUT", "/server", LIVE_SETTINGS)
    for path, body in FOREIGN:
        server.postmark("POST", path, body)
    return server


def hidden_in(box: Served) -> set[str]:
    listed = box.postmark("GET", "/servers?count=500&offset=0")["Servers"]
    found = {token for each in listed for token in each["ApiTokens"]}
    return found | {box.env["POSTMARK_ACCOUNT_TOKEN"], box.env["POSTMARK_SERVER_TOKEN"]}


def shown(done: Run, folder: Path, declared: Path) -> str:
    """Return both streams, and every file but the YAML itself, which holds one in the clear."""
    files = [each for each in folder.rglob("*") if each.is_file() and each != declared]
    texts = [f"{each}: {each.read_text(encoding='utf-8', errors='replace')}" for each in files]
    return "\n".join([done.out, done.err, *texts])


@pytest.fixture
def declared(tmp_path: Path) -> Path:
    path = tmp_path / "esp.yaml"
    path.write_text(f"version: 1\nproviders:\n{PROVIDER}{LEARNER}", encoding="utf-8")
    return path


def test_what_the_libraries_log_in_debugging_tells_no_secret(
    box: Served, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider = config.providers["t"]
    port = box.ports["postmark"]
    given = {"token": Secret(port["server_token"]), "account_token": Secret(port["account_token"])}
    with Connector(Writer, base_urls={"postmark": port["url"]}) as connector:
        sessions = {"t": provider.service.connect(provider, given, connector)}
        listed = collections(config, config.desired, EVERYTHING)
        live = read_live(config.desired, listed, sessions)
        plan = build_plan(desired=config.desired, live=live)
        results = list(apply_plan(plan, sessions, repeats={"t": 0}, pause=lambda _: None))
    assert {each.outcome for each in results} == {Outcome.APPLIED}
    assert "send_request_headers" in caplog.text
    check(caplog.text, hidden_in(box))


def test_no_command_shows_or_writes_a_secret(box: Served, declared: Path, tmp_path: Path) -> None:
    hidden, env = hidden_in(box), environment(box)
    commands = [
        ["validate"],
        ["plan", "--prune"],
        ["plan", "--prune", "--format", "json", "--out", "plan.json"],
        ["apply", "--plan", "plan.json", "--yes", "--allow-deletes", "9"],
        ["apply", "--prune", "--yes", "--format", "json", "--allow-deletes", "9"],
    ]
    for command in commands:
        done = run(*command, cwd=tmp_path, env=env)
        assert done.code == 0, command
        check(shown(done, tmp_path, declared), hidden)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_no_refusal_that_repeats_all_secrets_is_shown(
    box: Served, declared: Path, tmp_path: Path, method: str, format_: str
) -> None:
    hidden, env = hidden_in(box), environment(box)
    # It repeats what the call itself may have sent: its token, and the secrets of its content.
    message = "; ".join([*sorted(hidden), *DECLARED.values(), "canary-header-literal"])
    body = json.dumps({"ErrorCode": 1360, "Message": message})
    fault = {"method": method, "path": "*", "status": 422, "body": body, "times": 99}
    box.control("postmark", "POST", "faults", fault)
    done = run("apply", "--yes", "--format", format_, cwd=tmp_path, env=env)
    assert done.code in {1, 5}
    check(shown(done, tmp_path, declared), hidden)
