"""Laws of drift, over random configurations and accounts: it finds what a plan finds, and why."""

from typing import Any

from account import Account
from drifting import drift_of
from hypothesis import given
from hypothesis import strategies as st
from laws import LAW, PATIENCE, Json
from test_mailgun_laws import account_with as mailgun_with
from test_mailgun_laws import config_of as mailgun_config
from test_mailgun_laws import declared as declared_at_mailgun
from test_mailgun_laws import made as made_at_mailgun
from test_mailgun_laws import (
    quick_keys,  # noqa: F401 - a fixture
    without_dkim,
)
from test_postmark_laws import account_with as postmark_with
from test_postmark_laws import config_of as postmark_config
from test_postmark_laws import declared as declared_at_postmark
from test_postmark_laws import made as made_at_postmark

from reconciler.engine.drift.verdict import Drift, State
from reconciler.engine.plan import Plan
from reconciler.model import UNSETTLED, Config

pytestmark = PATIENCE
Found = dict[str, tuple[str, set[str]]]


def planned(plan: Plan) -> Found:
    return {
        str(each.subject.address): (each.action, {field.name for field in each.fields})
        for each in plan.changes
    }


def differing(drift: Drift) -> Found:
    """Return what differs, without what a plan refuses."""
    refused = {each.address for each in drift.refused}
    return {
        str(each.address): (each.action, {field.name for field in each.fields})
        for each in drift.differences
        if each.address not in refused
    }


def settled(found: Found, plan: Plan) -> Found:
    """Leave out what only other changes of a plan bring forth: it may differ now, or may not."""
    open_ = {
        (str(each.subject.address), field.name)
        for each in plan.changes
        for field in each.fields
        if field.before == UNSETTLED
    }
    left = {
        address: (action, {name for name in names if (address, name) not in open_})
        for address, (action, names) in found.items()
    }
    return {address: each for address, each in left.items() if each != ("update", set())}


def causes(drift: Drift) -> set[str]:
    return {str(each.cause) for each in drift.differences}


def check(account: Account, head: Config, other: Config) -> None:
    """Find what the plan finds; all of it is drift from `head`, and pending once `other` is."""
    plan, drift = account.plan(head), drift_of(account, head)
    assert settled(differing(drift), plan) == settled(planned(plan), plan)
    assert [each.address for each in drift.unmanaged] == [each.address for each in plan.unmanaged]
    assert causes(drift) <= {"unknown"}
    assert causes(drift_of(account, head, head)) <= {"drift"}
    if account.plan(other).refusals:
        return
    account.apply(other)
    if account.plan(other).changes:
        return
    assert drift_of(account, other).state is State.IN_SYNC
    assert causes(drift_of(account, head, other)) <= {"pending"}


@LAW
@given(declared_at_postmark(), declared_at_postmark(), made_at_postmark())
def test_postmark_drifts_as_it_is_planned(head: Json, other: Json, live: Json) -> None:
    check(postmark_with(live), postmark_config(head), postmark_config(other))


@LAW
@given(st.data(), made_at_mailgun(), st.sampled_from(["us", "eu"]))
def test_mailgun_drifts_as_it_is_planned(data: st.DataObject, live: Json, region: str) -> None:
    def drawn(name: str) -> Any:
        return mailgun_config(without_dkim(data.draw(declared_at_mailgun(region, live), name)))

    check(mailgun_with(live, region), drawn("head"), drawn("other"))
