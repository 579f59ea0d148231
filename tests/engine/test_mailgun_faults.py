"""Whatever goes wrong at whatever request of Mailgun's kinds: no plan from it."""

import contextlib

import pytest
from account import Account, yaml
from test_faults import FAULTS, Answer, answers, changes, disturbed_account
from test_mailgun_kinds import WHOLE

from reconciler.errors import ReadFailed
from reconciler.model import Config

MORE = {
    "404": answers(404, '{"message": "Domain not found"}'),
    "404 path": answers(404, '{"error": "not found"}'),
    "401 text": answers(401, "Forbidden", Content_Type="text/plain"),
    "403": answers(403, '{"message": "Forbidden"}'),
    "420": answers(420, '{"message": "try again after Mon, 25 Aug 2025 07:00:31 UTC"}'),
    "200 text": answers(200, "OK"),
    "200 null items": answers(200, '{"items": null, "total_count": 5}'),
}
NO_RETRIES = WHOLE.replace("REGION", "us") + "  advanced: {retry_attempts: 0}\n"


def config() -> Config:
    return yaml(NO_RETRIES, P="canary-pass")


@pytest.mark.parametrize("name", [*FAULTS, *MORE])
def test_a_fault_at_any_request_of_a_plan_never_yields_a_change(name: str) -> None:
    fault: Answer = {**FAULTS, **MORE}[name]
    account, transport = disturbed_account()
    account.apply(config())
    transport.calm()
    assert changes(account, config()) == []
    for number in range(transport.count):
        transport.disturb(fault, number, number)
        with contextlib.suppress(ReadFailed):
            assert changes(account, config()) == []


@pytest.mark.parametrize("name", ["dropped after", "timed out", "500", "429", "404"])
def test_a_fault_at_any_request_of_an_apply_leaves_what_the_next_apply_completes(
    name: str,
) -> None:
    fault: Answer = {**FAULTS, **MORE}[name]
    account, transport = disturbed_account()
    account.apply(config())
    for number in range(0, transport.count, 5):
        account.sandbox.world.reset()
        transport.disturb(fault, number, number)
        with contextlib.suppress(ReadFailed):
            assert "canary" not in "".join(each.reason for each in account.apply(config()))
        transport.calm()
        account.apply(config())
        assert changes(account, config()) == []
        assert not doubled(account)


def doubled(account: Account) -> bool:
    hooks = account.by_hand("mailgun_us", "GET", "/v1/webhooks")["webhooks"]
    urls = [each["url"] for each in hooks]
    return len(urls) != len(set(urls))
