"""A look at a thousand domains, of which one cannot be read, at each service as it is."""

from collections.abc import Iterator
from itertools import cycle

import pytest
from account import Account, yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from drifting import causes, drift_of

from reconciler.engine.drift.verdict import State
from reconciler.errors import ReadFailed
from reconciler.model import Config

MANY = 1000
ILL = "d500.example.com"


@pytest.fixture(autouse=True)
def quick_keys() -> Iterator[None]:
    """Take the same few keys again and again: they are slow to make, and any will do."""
    make = rsa.generate_private_key
    stock = {bits: cycle([make(65537, bits)]) for bits in (1024, 2048)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", lambda _, key_size: next(stock[key_size]))
        yield


def config_of(*, opens: bool = False) -> Config:
    word = str(opens).lower()
    names = "".join(f"    d{number}.example.com: {{}}\n" for number in range(MANY))
    return yaml(
        f"t:\n  service: mailgun\n  token: {{env: A}}\n  tracking: {{opens: {word}}}\n"
        f"  domains:\n{names}"
    )


def account_with_many() -> Account:
    account = Account()
    for number in range(MANY):
        form = {"name": f"d{number}.example.com"}
        account.by_hand("mailgun_us", "POST", "/v4/domains", data=form)
    return account


def test_one_of_a_thousand_domains_that_cannot_be_read_makes_it_partial() -> None:
    account, config = account_with_many(), config_of()
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
