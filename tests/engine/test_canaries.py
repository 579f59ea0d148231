"""Secrets that would be recognised anywhere, and nowhere to be found in what Postmark's kinds say.

A fault is forced at each request, one that repeats all that the request sent.
"""

import json
import logging
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from account import Account, yaml
from canaries import DECLARED, FAULTS, Answer, Faulty, check, everything_said
from program import Run, Served, run, served

from reconciler.engine.apply import apply_plan
from reconciler.engine.attempt import Outcome
from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.engine.refresh import make_plan
from reconciler.model import Config, Secret
from reconciler.providers.api import Connector, Writer
from reconciler.reports.text import plan_as_text

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
    plan = account.plan(config)
    assert any(each.address.twin for each in plan.unmanaged)
    check(plan_as_text(plan) + as_json(plan_as_document(plan)), tokens(account))


# The same over real sockets, and by real processes.


def environment(box: Served) -> dict[str, str]:
    return {**box.env, **DECLARED, "ESP_RECONCILE_CONTENT_ALLOW": "P, H, HOOK"}


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


def test_no_library_logs_a_request_in_debugging(
    box: Served, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither httpx nor httpcore, which log the headers of each, is what sends it."""
    caplog.set_level(logging.DEBUG)
    provider = config.providers["t"]
    port = box.ports["postmark"]
    given = {"token": Secret(port["server_token"]), "account_token": Secret(port["account_token"])}
    with Connector(Writer, base_urls={"postmark": port["url"]}) as connector:
        sessions = {"t": provider.service.connect(provider, given, connector)}
        plan = make_plan(config, sessions)
        results = list(apply_plan(plan, sessions, repeats={"t": 0}, pause=lambda _: None))
    assert {each.outcome for each in results} == {Outcome.APPLIED}
    assert caplog.records == []


def test_no_command_shows_or_writes_a_secret(box: Served, declared: Path, tmp_path: Path) -> None:
    hidden, env = hidden_in(box), environment(box)
    commands = [
        ["validate"],
        ["secrets", "check"],
        ["secrets", "check", "--format", "json"],
        ["plan", "--prune"],
        ["plan", "--prune", "--format", "json", "--out", "plan.json"],
        ["apply", "--plan", "plan.json", "--prune", "--yes", "--allow-deletes", "9"],
        ["apply", "--prune", "--yes", "--format", "json", "--allow-deletes", "9"],
    ]
    for command in commands:
        done = run("--debug", *command, cwd=tmp_path, env=env)
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
    done = run("--debug", "apply", "--yes", "--format", format_, cwd=tmp_path, env=env)
    assert done.code in {1, 5}
    assert f"{method} /" in done.err
    check(shown(done, tmp_path, declared), hidden)
