"""A look at a thousand domains, of which one cannot be read, at each service as it is."""

import pytest
from drifting import causes, drift_of
from many import account_with, config_of, quick_keys

from reconciler.engine.drift.verdict import State
from reconciler.errors import ReadFailed

MANY = 1000
ILL = "d500.example.com"


def test_one_of_a_thousand_domains_that_cannot_be_read_makes_it_partial() -> None:
    with quick_keys():
        account = account_with(MANY)
    config = config_of(MANY)
    fault = {"method": "GET", "path": f"/v3/domains/{ILL}/*", "status": 500, "times": 99}
    account.control("mailgun_us", "POST", "faults", fault)
    drift = drift_of(account, config, config)
    assert drift.state is State.PARTIAL
    assert [str(each.address) for each in drift.unread] == [f"t/domains/{ILL}/tracking"]
    # Each domain and its tracking are two things; of the ill one the tracking was not seen.
    assert drift.coverage.objects.managed == 2 * MANY - 1
    assert drift.coverage.objects.unreadable == 1
    assert drift.coverage.fields.compared == MANY - 1
    with pytest.raises(ReadFailed, match=ILL):
        account.plan(config)
    path = "/v3/domains/d7.example.com/tracking/open"
    account.by_hand("mailgun_us", "PUT", path, data={"active": "yes"})
    drift = drift_of(account, config, config)
    assert causes(drift) == {"t/domains/d7.example.com/tracking": {"opens": "drift"}}
    assert drift.state is State.DRIFT
