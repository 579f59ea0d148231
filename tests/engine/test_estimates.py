"""What a plan is said to cost, and what it costs: the range holds for any account."""

from collections.abc import Callable

import pytest
import test_mailgun_laws as mailgun
import test_postmark_laws as postmark
from account import HOSTS, Account, yaml
from hypothesis import given
from hypothesis import strategies as st
from laws import LAW, Json
from many import account_with, quick_keys

from reconciler.engine.estimate import estimates
from reconciler.engine.selection import EVERYTHING
from reconciler.model import Config


def check(account: Account, config: Config) -> None:
    """Hold what one more plan takes against what is told of it."""
    account.forget_requests()
    account.plan(config)
    made = sum(len(account.requests(site)) for site in HOSTS)
    (told,) = estimates(config, EVERYTHING)
    assert told.least <= made <= told.most, (told, made)


def check_before_and_after(
    account: Account, config: Config, applied: Callable[[Account, Config], None]
) -> None:
    check(account, config)
    if not account.plan(config).refusals:
        applied(account, config)
        check(account, config)


@LAW
@given(st.data(), mailgun.made(), mailgun.REGIONS)
def test_a_plan_of_mailgun_takes_what_was_told(
    data: st.DataObject, live: Json, region: str
) -> None:
    content = data.draw(mailgun.declared(region, live), label="provider")
    with quick_keys():
        account, config = mailgun.account_with(live, region), mailgun.config_of(content)
        check_before_and_after(account, config, mailgun.applied)


@LAW
@given(postmark.declared(), postmark.made())
def test_a_plan_of_postmark_takes_what_was_told(provider: Json, live: Json) -> None:
    account, config = postmark.account_with(live), postmark.config_of(provider)
    check_before_and_after(account, config, postmark.applied)


@pytest.mark.parametrize(
    "domain",
    [
        "{}",
        "{web_scheme: https}",
        "{dkim: {selector: k1}, web_scheme: https, tracking: {opens: true, dkim_signing: true}}",
        "{ensure: absent}",
    ],
)
def test_a_plan_of_many_alike_takes_what_was_told(domain: str) -> None:
    number = 30
    names = "".join(f"    d{each}.example.com: {domain}\n" for each in range(number))
    config = yaml(f"t:\n  service: mailgun\n  token: {{env: A}}\n  domains:\n{names}")
    with quick_keys():
        check(account_with(number), config)
        check(Account(), config)
