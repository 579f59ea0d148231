"""No secret in what a look for drift says: not of what is declared, was applied, or is live."""

import json
from collections.abc import Iterator
from datetime import date

import pytest
from account import Account, yaml
from canaries import DECLARED, FAULTS, Answer, Faulty, check
from drifting import drift_of
from test_canaries import PROVIDER, prepared, tokens

from reconciler.engine.drift.verdict import Drift
from reconciler.model import Acceptance, Config
from reconciler.reports.drift_document import drift_as_document
from reconciler.reports.drift_text import drift_as_text
from reconciler.reports.reading import report_of
from reconciler.source import Location

THEN = {
    "P": "canary-password-applied",
    "H": "canary-header-applied",
    "HOOK": "https://hook:canary-hook-applied@hooks.example.com/in",
}
KNOWN = Acceptance("t/webhooks/*", "auth.*", "r", date(2027, 1, 1), Location("accepted.yaml", 1, 1))


@pytest.fixture
def head() -> Config:
    return yaml(PROVIDER, **DECLARED)


@pytest.fixture
def base() -> Config:
    return yaml(PROVIDER.replace("literal", "applied"), **THEN)


def said(drift: Drift) -> Iterator[str]:
    yield from (
        repr(drift),
        drift_as_text(report_of(drift_as_document(drift))),
        json.dumps(drift_as_document(drift)),
    )


def test_without_a_fault_nothing_tells_a_secret(head: Config, base: Config) -> None:
    account = prepared()
    for drift in (
        drift_of(account, head),
        drift_of(account, head, base),
        drift_of(account, head, base, accepted=[KNOWN]),
    ):
        text = "\n".join(said(drift))
        assert "(secret)" in text
        check(text, tokens(account))
    assert {str(each.cause) for each in drift_of(account, head, base).differences} >= {"conflict"}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_at_any_read_tells_no_secret_and_hides_nothing_else(
    fault: Answer, head: Config, base: Config
) -> None:
    account = prepared()
    account.apply(head)
    transport = account.transport
    assert isinstance(transport, Faulty)
    hidden = tokens(account)
    whole = drift_of(account, head, base)
    transport.fault, transport.count, transport.number = fault, 0, 10**9
    drift_of(account, head, base)
    requests = transport.count
    assert requests > 4
    for number in range(requests):
        transport.count, transport.number = 0, number
        drift = drift_of(account, head, base)
        check("\n".join(said(drift)), hidden)
        assert drift.unread
        assert all(each in whole.differences for each in drift.differences)


def test_the_account_is_one_that_differs(head: Config) -> None:
    account = Account()
    assert drift_of(account, head).differences
