"""What Mailgun's kinds show of URLs, and where they let names of answers lead."""

import re
from typing import Any

import pytest
from account import Account, addresses
from hypothesis import given
from hypothesis import strategies as st
from laws import Json
from test_mailgun_laws import (
    DOMAIN,
    Hand,
    account_with,
    applied,
    changed,
    config_of,
    provider,
    single,
)

from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.errors import ReadFailed, UnexpectedAnswer
from reconciler.model import Withheld
from reconciler.providers.mailgun.answers import path_of
from reconciler.providers.urls import shown_url, without_secrets
from reconciler.reports.text import plan_as_text

SITE = "mailgun_us"
HOST = "hooks.example.com"
TOKEN = "canary-t0ken"
LOGIN = "canary-pass"
SECRET = f"https://canary-user:{LOGIN}@{HOST}/in?token={TOKEN}&flag#canary-end"
SHOWN = f"https://(secret)@{HOST}/in?token=(secret)&(secret)#(secret)#"


def said(plan: Plan) -> str:
    return plan_as_text(plan) + as_json(plan_as_document(plan)) + repr(plan)


def account_with_secrets() -> Account:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    hand = Hand(account, "us")
    hand("POST", f"/v3/domains/{DOMAIN}/webhooks", id="opened", url=SECRET)
    hand("PUT", f"/v4/domains/{DOMAIN}", archive_to=SECRET)
    hand("POST", "/v1/webhooks", url=SECRET, event_types="opened")
    return account


CHANGES: dict[str, Json] = {
    "nothing": {},
    "webhooks": {"webhooks": {"opened": [f"https://{HOST}/new"]}},
    "additive": {"webhooks": {"mode": "additive", "opened": [f"https://{HOST}/new"]}},
    "too many": {
        "webhooks": {"mode": "additive", "opened": [f"https://{HOST}/{n}" for n in "abc"]}
    },
    "archive": {"archive_to": f"https://{HOST}/archive"},
    "archive off": {"archive_to": ""},
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_plan_or_result_shows_what_is_secret_in_a_live_url(name: str) -> None:
    account = account_with_secrets()
    content = provider("us") | {"domains": {DOMAIN: CHANGES[name]}, "account_webhooks": []}
    config = config_of(content)
    plan = account.plan(config)
    assert "canary" not in said(plan)
    assert f"t/account_webhooks/{SHOWN}" in plan_as_text(plan)
    if name != "nothing":
        assert SHOWN in plan_as_text(plan).replace(f"account_webhooks/{SHOWN}", "")
    results = [] if plan.refusals else account.apply(config, plan)
    assert "canary" not in "".join(f"{each!r}{each.reason}" for each in results)


def test_a_url_of_others_is_sent_again_as_it_is() -> None:
    account, config = account_with_secrets(), single(**CHANGES["additive"])
    applied(account, config)
    urls = Hand(account, "us")("GET", f"/v3/domains/{DOMAIN}/webhooks/opened")["webhook"]["urls"]
    assert sorted(urls) == sorted([SECRET, f"https://{HOST}/new"])
    assert changed(account, config) == []


def test_urls_that_differ_in_their_query_only_are_different_things() -> None:
    one, other = (f"https://{HOST}/in?customer={number}" for number in (1, 2))
    account = account_with({"domains": {DOMAIN: {"webhooks": {"opened": [one]}}}}, "us")
    hand = Hand(account, "us")
    hand("POST", "/v1/webhooks", url=one, event_types="opened")
    content = provider("us") | {
        "domains": {DOMAIN: {"webhooks": {"opened": [other]}}},
        "account_webhooks": [{"url": each, "events": ["opened"]} for each in (one, other)],
    }
    plan = account.plan(config_of(content))
    assert addresses(plan) == [
        f"create t/account_webhooks/{shown_url(other)}",
        f"update t/domains/{DOMAIN}/webhooks",
    ]
    applied(account, config_of(content))
    assert account.plan(config_of(content)).changes == ()
    found = [each["url"] for each in hand("GET", "/v1/webhooks")["webhooks"]]
    assert sorted(found) == [one, other]


def test_a_refusal_that_repeats_a_url_does_not_show_what_is_secret_in_it() -> None:
    account = account_with_secrets()
    text = f"{SECRET} is not a valid url: host not found"
    fault = {"method": "PUT", "path": "*/webhooks/*", "status": 400, "body": {"Reason": text}}
    account.control(SITE, "POST", "faults", {**fault, "times": 99})
    (result,) = account.apply(single(**CHANGES["webhooks"]))
    assert "canary" not in result.reason
    assert "is not a valid url: host not found" in result.reason


HIDING = [
    "https://canary:canary@h.example.com/in",
    "https://canary@h.example.com/in",
    "https://canary:can@ary@h.example.com:8080/in",
    "https://canary:can/ary@h.example.com/in",
    "https://canary:can?ary@h.example.com/in",
    "https://canary:can#ary@h.example.com/in",
    "https:canary:canary@h.example.com/in",
    "//canary:canary@h.example.com/in",
    "canary:canary@h.example.com/in",
    "HTTPS://CANARY:CANARY@H.example.com/in",
    "https://canary%3Acanary%40h.example.com/in",
    r"https:\\canary:canary@h.example.com\in",
    "https://h.example.com/in?canary",
    "https://h.example.com/in?Y2FuYXJ5==",
    "https://h.example.com/in?a=canary;b=canary&c=%63anary",
    "https://h.example.com/in#canary",
]


@pytest.mark.parametrize("url", HIDING)
def test_what_may_be_secret_in_a_url_is_hidden_in_any_form(url: str) -> None:
    shown = shown_url(url)
    assert "(secret)" in shown
    assert not re.search("canary|ary@|can[@/?#]|Y2Fu", shown, re.IGNORECASE)
    told = without_secrets(f"{url} is not a valid url: host not found")
    assert (
        not re.search("canary", told.replace("(secret)", ""), re.IGNORECASE) or "canary" not in url
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://h.example.com/in",
        "http://h.test:8080",
        "https://[::1]:80/x",
        "https://h.example.com/@team/x",
        "",
        "x",
        "/a/b",
    ],
)
def test_a_url_without_secrets_is_shown_as_it_is(url: str) -> None:
    assert shown_url(url) == url
    assert without_secrets(f"see {url} there") == f"see {url} there"


@given(st.text(max_size=40), st.text(max_size=40))
def test_two_urls_are_shown_alike_only_if_they_are(one: str, other: str) -> None:
    first, second = f"https://h.example.com/?a={one}", f"https://h.example.com/?a={other}"
    assert (shown_url(first) == shown_url(second)) is (first == second)


def test_a_url_that_tells_a_secret_of_the_run_is_hidden_whole() -> None:
    one, other = (Withheld(f"https://h.example.com/{name}") for name in ("canary-1", "canary-2"))
    assert "canary" not in shown_url(one)
    assert shown_url(one) != shown_url(other)


# Names of answers, in paths.


@pytest.mark.parametrize(
    "remote_id", [f"../../v3/domains/{DOMAIN}", "..", ".", "a/b", "", "a?b", 7]
)
def test_an_id_that_would_lead_elsewhere_is_none(remote_id: Any) -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    item = {"webhook_id": remote_id, "url": f"https://{HOST}/in", "event_types": ["opened"]}
    fault = {"method": "GET", "path": "/v1/webhooks", "body": {"webhooks": [item]}, "times": 99}
    account.control(SITE, "POST", "faults", fault)
    content = provider("us") | {"account_webhooks": [{"url": item["url"], "ensure": "absent"}]}
    account.forget_requests()
    for config in (config_of(content), config_of(provider("us") | {"account_webhooks": []})):
        with pytest.raises(ReadFailed, match="a webhook has no webhook_id that could be one"):
            account.plan(config, prune=True)
    assert all(each.startswith("GET ") for each in account.requests(SITE))


@pytest.mark.parametrize("selector", ["../../x", "..", "a/b"])
def test_a_selector_never_leads_to_another_path(selector: str) -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    record = {"name": f"x._domainkey.{DOMAIN}", "record_type": "TXT", "value": "k=rsa"}
    body = {"items": [{"selector": selector, "dns_record": record}]}
    path = f"/v4/domains/{DOMAIN}/keys"
    account.control(SITE, "POST", "faults", {"path": path, "body": body, "times": 99})
    account.apply(single(tracking={"dkim_signing": True}))
    sent = [each for each in account.requests(SITE) if not each.startswith("GET ")]
    assert all(each.startswith(f"PUT {path}/") or each.endswith("/verify") for each in sent)


def test_a_path_takes_no_name_that_is_only_dots() -> None:
    assert path_of("/v4/domains/{}", "a/../b") == "/v4/domains/a%2F..%2Fb"
    for name in ("", ".", ".."):
        with pytest.raises(UnexpectedAnswer):
            path_of("/v4/domains/{}", name)
