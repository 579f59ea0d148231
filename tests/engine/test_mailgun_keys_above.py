"""A domain whose key signs for others: what is done to one of them touches the other."""

import json
from typing import Any

import pytest
from account import Account, yaml
from laws import Json
from test_mailgun_laws import account_with, applied, changed, config_of, provider, state_of
from test_mailgun_laws import quick_keys as quick_keys  # noqa: PLC0414 - a fixture here, too

from reconciler.engine.attempt import Outcome
from reconciler.model import UNSETTLED, Config

ABOVE, BELOW, OTHER = "example.org", "a.example.org", "b.example.org"
SILENT: Json = {"tracking": {"dkim_signing": False}}
OWN: Json = {"force_dkim_authority": True}


def domains(**named: Any) -> Config:
    return config_of(provider("us") | {"domains": named})


def declared(above: Json, below: Json) -> Config:
    return domains(**{ABOVE: above, BELOW: below})


def account_of(**made: Any) -> Account:
    """Return an account whose domains Mailgun has not looked up since their DNS is there."""
    account = account_with({"domains": made}, "us")
    account.sandbox.world.publish(ABOVE, published=True)
    return account


def signs(account: Account, domain: str = ABOVE) -> bool:
    return any(key["is_active"] for key in state_of(account, "us")["domains"][domain]["keys"])


def writes(account: Account) -> list[str]:
    return [each for each in account.requests("mailgun_us") if not each.startswith("GET ")]


def own_key() -> Json:
    return {"created": {"force_dkim_authority": "yes"}}


WAYS: dict[str, tuple[Json | None, Json]] = {
    "new": (None, {}),
    "with another prefix": ({}, {"web_prefix": "click"}),
    "under automatic security": ({}, {"use_automatic_sender_security": True}),
    "that gives its own key up": (own_key(), {"force_dkim_authority": False}),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_look_at_dns_for_a_domain_below_lets_no_key_sign_that_is_not_to(way: str) -> None:
    made, below = WAYS[way]
    account = account_of(**{ABOVE: {}}, **({BELOW: made} if made is not None else {}))
    config = declared(SILENT, below)
    plan = account.plan(config)
    (field,) = next(each.fields for each in plan.changes if each.subject.kind.name == "dkim")
    assert (field.before, field.after) == (UNSETTLED, False)
    applied(account, config)
    assert not signs(account)
    assert changed(account, config) == []


def test_two_new_domains_of_which_one_signs_for_the_other_come_to_rest_at_once() -> None:
    account, config = account_of(), declared(SILENT, {})
    applied(account, config)
    assert not signs(account)
    assert changed(account, config) == []
    assert sum(each.endswith("/verify") for each in writes(account)) == 2


def test_a_key_that_no_look_can_touch_is_not_planned_to_be_switched() -> None:
    account = account_of(**{ABOVE: {}})
    assert changed(account, declared(SILENT, OWN)) == [("domains", ["force_dkim_authority"])]
    applied(account, declared(SILENT, OWN))
    assert changed(account, declared(SILENT, OWN)) == []
    prefix = OWN | {"web_prefix": "click"}
    assert changed(account, declared(SILENT, prefix)) == [("domains", ["web_prefix"])]
    assert changed(account, declared(SILENT, OWN | {"spam_action": "tag"})) == [
        ("domains", ["spam_action"])
    ]
    applied(account, declared(SILENT, prefix))
    assert not signs(account)
    assert signs(account, BELOW)


def test_a_domain_below_that_cannot_be_made_keeps_no_key_from_being_switched_off() -> None:
    account = account_of(**{ABOVE: {}})
    applied(account, domains(**{ABOVE: {"tracking": {"dkim_signing": True}}}))
    assert signs(account)
    fault = {"path": "/v4/domains", "method": "POST", "status": 400, "times": 9}
    account.control("mailgun_us", "POST", "faults", {**fault, "body": {"message": "no"}})
    results = account.apply(declared(SILENT, {}))
    outcomes = {each.change.subject.kind.name: each.outcome for each in results}
    assert outcomes == {"domains": Outcome.FAILED, "dkim": Outcome.APPLIED}
    assert not signs(account)


def test_of_a_key_that_is_given_up_nothing_is_planned_or_said_to_be_applied() -> None:
    account = account_of(**{ABOVE: {}, BELOW: own_key()})
    wanted = {"dkim": {"selector": "zz"}, "tracking": {"dkim_signing": True}}
    config = domains(**{BELOW: {"force_dkim_authority": False} | wanted})
    plan = account.plan(config)
    assert changed(account, config) == [("domains", ["force_dkim_authority"])]
    assert {note.field for note in plan.notes if note.field} == {"selector", "signing"}
    assert not any("the change of selector" in note.text for note in plan.notes)
    applied(account, config)
    assert changed(account, config) == []


def test_a_selector_is_not_made_beside_one_that_is_being_renamed() -> None:
    account = account_of(**{ABOVE: {}})
    new, renamed = {"dkim": {"selector": "s1"}}, {"dkim": {"selector": "k2"}}
    refusals = account.plan(declared(renamed, new)).refusals
    assert {each.address.parts[2:] for each in refusals} == {(BELOW,), (BELOW, "dkim")}
    assert all("gets the selector `k2` in the same run" in each.reason for each in refusals)
    assert len({each.location for each in refusals}) == 1
    for config in (declared(renamed, OWN | new), declared(renamed, {}), declared({}, new)):
        assert account.plan(config).refusals == ()
    applied(account, declared(renamed, {}))
    again = domains(**{ABOVE: renamed, BELOW: {}, OTHER: new})
    applied(account, again)
    assert changed(account, again) == []


def test_a_selector_does_not_rise_where_the_nearest_domain_has_a_key_of_its_own() -> None:
    middle, low = "mid.example.org", "c.mid.example.org"
    account = account_of(**{middle: {}, ABOVE: {}})
    config = domains(**{ABOVE: {"dkim": {"selector": "zzz"}}, low: {"dkim": {"selector": "zzz"}}})
    assert {each.address.parts[2] for each in account.plan(config).refusals} == {low}


def test_a_selector_is_not_made_beside_one_of_keys_that_are_new() -> None:
    account = account_of(**{ABOVE: {"created": {"use_automatic_sender_security": "yes"}}})
    new = {"use_automatic_sender_security": False, "dkim": {"selector": "s1"}}
    refusals = account.plan(declared(new, {"dkim": {"selector": "k1"}})).refusals
    assert {each.address.parts[2] for each in refusals} == {BELOW}


def test_a_domain_of_another_provider_is_its_own_matter() -> None:
    account = account_of(**{ABOVE: {}})
    one, other = (
        provider("us") | {"domains": {name: {"dkim": {"selector": selector}}}}
        for name, selector in ((ABOVE, "k1"), (BELOW, "s1"))
    )
    config = yaml(f"t: {json.dumps(one)}\nu: {json.dumps(other)}")
    assert account.plan(config).refusals == ()


@pytest.mark.parametrize("beside", [{"web_prefix": "click"}, {}])
def test_of_several_keys_the_one_that_is_named_signs_after_a_look_at_dns(beside: Json) -> None:
    account = account_of(**{ABOVE: {"keys": {"k1": False}}})
    config = domains(**{ABOVE: {"dkim": {"selector": "k1"}} | beside, BELOW: {}})
    plan = account.plan(config)
    (field,) = next(each.fields for each in plan.changes if each.subject.kind.name == "dkim")
    assert (field.name, field.before, field.after) == ("selector", UNSETTLED, "k1")
    applied(account, config)
    assert changed(account, config) == []
    keys = state_of(account, "us")["domains"][ABOVE]["keys"]
    assert [key["selector"] for key in keys if key["is_active"]] == ["k1"]


def test_a_look_that_a_key_needs_lets_no_other_key_sign() -> None:
    account = account_of(**{ABOVE: {"keys": {"k1": False}}})
    account.sandbox.world.settings["mailgun_strict_activation"] = True
    config = domains(**{ABOVE: {"dkim": {"selector": "k1"}, "tracking": {"dkim_signing": True}}})
    applied(account, config)
    assert changed(account, config) == []
