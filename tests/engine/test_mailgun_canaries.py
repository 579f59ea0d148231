"""Secrets that would be recognised anywhere, and are nowhere in what Mailgun's kinds say."""

import json
import logging
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from account import Account, yaml
from canaries import FAULTS, Answer, Faulty, check, everything_said
from program import Served, run, served

from reconciler.model import Config

PROVIDER = """\
  m:
    service: mailgun
    token: {env: MAILGUN_API_KEY}
    region: eu
    tracking: {opens: true, clicks: true, unsubscribe: {active: true, html_footer: "<p>Bye</p>"}}
    webhooks: {delivered: [https://hooks.example.com/mailgun]}
    account_webhooks: [{url: "https://hooks.example.com/all", events: [delivered]}]
    domains:
      new.example.org: {smtp_password: {env: P}, spam_action: tag}
      promo.example.com: {smtp_password: {env: P}, web_scheme: https, wildcard: true}
    advanced: {retry_attempts: 0}
"""
PASSWORD = "canary-smtp-password"


def prepared() -> tuple[Account, Faulty, set[str]]:
    account = Account(around=Faulty)
    transport = account.transport
    assert isinstance(transport, Faulty)
    return account, transport, forms(account.sandbox.credentials["mailgun_api_key"])


def forms(key: str) -> set[str]:
    """Return the key as it is, and as it is sent."""
    return {key, b64encode(f"api:{key}".encode()).decode()}


@pytest.fixture
def config() -> Config:
    return yaml(PROVIDER, P=PASSWORD)


def test_without_a_fault_nothing_tells_a_secret(config: Config, tmp_path: Path) -> None:
    account, _, hidden = prepared()
    said = "\n".join(everything_said(account, config, tmp_path))
    assert "new.example.org" in said
    check(said, hidden)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_at_any_request_tells_no_secret(
    fault: Answer, config: Config, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account, transport, hidden = prepared()
    before = deepcopy(account.sandbox.world.mailgun)
    transport.count = 0
    list(everything_said(account, config, tmp_path))
    count = transport.count
    assert count > 25
    for number in range(count):
        account.sandbox.world.mailgun.clear()
        account.sandbox.world.mailgun.update(deepcopy(before))
        transport.count, transport.number, transport.fault = 0, number, fault
        check("\n".join(everything_said(account, config, tmp_path)), hidden)
    check(caplog.text, hidden)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


def test_no_command_shows_or_writes_a_secret(server: Served, tmp_path: Path) -> None:
    (tmp_path / "esp.yaml").write_text(f"version: 1\nproviders:\n{PROVIDER}", encoding="utf-8")
    allowed = {"ESP_RECONCILE_CONTENT_ALLOW": "P"}
    env = {**server.env, **allowed, "P": PASSWORD}
    message = json.dumps({"message": f"{PASSWORD} {server.env['MAILGUN_API_KEY']}"})
    fault = {"method": "PUT", "path": "*", "status": 400, "body": message, "times": 99}
    server.control("mailgun_eu", "POST", "faults", fault)
    for command, code in {
        "plan": 0,
        "plan --format json --out plan.json": 0,
        "apply --yes": 5,
        "run set-smtp-password m/domains/promo.example.com --yes": 1,
        "secrets check": 0,
    }.items():
        done = run("--debug", *command.split(), cwd=tmp_path, env=env)
        assert done.code == code, command
        files = (each for each in tmp_path.iterdir() if each.name != "esp.yaml")
        texts = [each.read_text(encoding="utf-8") for each in files if each.is_file()]
        check("\n".join([done.out, done.err, *texts]), forms(server.env["MAILGUN_API_KEY"]))
