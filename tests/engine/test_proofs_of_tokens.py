"""Every token of a configuration is proven by at least one call of every plan, and by no more."""

import pytest
from account import Account, addresses, yaml

from reconciler.engine.plandocument import plan_as_document
from reconciler.errors import ReadFailed
from reconciler.reports.text import plan_as_text, plan_summary

POSTMARK = "t: {service: postmark, token: {env: A}, account_token: {env: B}%s}"
SERVER = "t: {service: postmark, token: {env: A}%s}"
ACCOUNT = "t: {service: postmark, account_token: {env: B}%s}"
MAILGUN = "t: {service: mailgun, token: {env: C}, region: eu%s}"
NOTHING = "Nothing is declared, and so nothing was compared with what is live."


def calls(text: str, site: str = "postmark") -> list[str]:
    account = Account()
    account.plan(yaml(text))
    return sorted(account.requests(site))


@pytest.mark.parametrize(
    ("text", "site", "wanted"),
    [
        (SERVER % "", "postmark", ["GET /server"]),
        (ACCOUNT % "", "postmark", ["GET /servers"]),
        (ACCOUNT % ", server: Transactional", "postmark", ["GET /servers"]),
        (POSTMARK % "", "postmark", ["GET /server", "GET /servers"]),
        (POSTMARK % ", server: t", "postmark", ["GET /server", "GET /servers"]),
        (POSTMARK % ", domains: {}", "postmark", ["GET /domains", "GET /server"]),
        (POSTMARK % ", senders: {}", "postmark", ["GET /senders", "GET /server"]),
        (POSTMARK % ", streams: {}", "postmark", ["GET /message-streams", "GET /servers"]),
        (POSTMARK % ", webhooks: []", "postmark", ["GET /servers", "GET /webhooks"]),
        (POSTMARK % ", settings: {smtp: true}", "postmark", ["GET /server", "GET /servers"]),
        (POSTMARK % ", settings: {}", "postmark", ["GET /server", "GET /servers"]),
        (
            POSTMARK % ", webhooks: [], domains: {}",
            "postmark",
            ["GET /domains", "GET /webhooks"],
        ),
        (
            ACCOUNT % ", server: Transactional, streams: {}",
            "postmark",
            ["GET /message-streams", "GET /servers"],
        ),
        (MAILGUN % "", "mailgun_eu", ["GET /v4/domains"]),
        (MAILGUN % ", domains: {}", "mailgun_eu", ["GET /v4/domains"]),
        (MAILGUN % ", tracking: {opens: true}", "mailgun_eu", ["GET /v4/domains"]),
        (MAILGUN % ", account_webhooks: []", "mailgun_eu", ["GET /v1/webhooks"]),
    ],
)
def test_each_token_is_proven_and_no_call_is_made_for_one_that_a_list_proves(
    text: str, site: str, wanted: list[str]
) -> None:
    assert calls(text, site) == wanted


def test_a_proof_asks_for_one_item() -> None:
    account = Account()
    account.plan(yaml(f"{ACCOUNT % ''}\n{(MAILGUN % '').replace('t:', 'm:')}"))
    for site, query in (("postmark", "count=1&offset=0"), ("mailgun_eu", "limit=1&skip=0")):
        (entry,) = account.control(site, "GET", "requests")
        assert entry["query"] == query


@pytest.mark.parametrize(
    ("text", "site", "path", "said"),
    [
        (SERVER % "", "postmark", "/server", "The server token was sent"),
        (ACCOUNT % "", "postmark", "/servers", "The account token was sent"),
        (POSTMARK % ", domains: {}", "postmark", "/server", "The server token was sent"),
        (POSTMARK % ", streams: {}", "postmark", "/servers", "The account token was sent"),
        (MAILGUN % "", "mailgun_eu", "/v4/domains", "The key is not accepted here"),
    ],
)
def test_a_token_that_is_refused_is_no_plan_although_nothing_needs_it(
    text: str, site: str, path: str, said: str
) -> None:
    account = Account()
    body = {"ErrorCode": 10, "Message": "no"} if site == "postmark" else "Forbidden"
    fault = {"path": path, "status": 401, "body": body, "times": 99}
    account.control(site, "POST", "faults", fault)
    with pytest.raises(ReadFailed, match=said):
        account.plan(yaml(text))


@pytest.mark.parametrize(
    ("text", "site", "path"),
    [
        (SERVER % "", "postmark", "/server"),
        (ACCOUNT % "", "postmark", "/servers"),
        (POSTMARK % ", domains: {}", "postmark", "/domains"),
        (MAILGUN % "", "mailgun_eu", "/v4/domains"),
        (MAILGUN % ", domains: {}", "mailgun_eu", "/v4/domains"),
    ],
)
def test_a_404_for_what_every_account_has_is_about_the_base_url(
    text: str, site: str, path: str
) -> None:
    account = Account()
    fault = {"path": path, "status": 404, "times": 99}
    if site != "postmark":
        fault["body"] = {"message": "not found"}
    account.control(site, "POST", "faults", fault)
    with pytest.raises(ReadFailed) as error:
        account.plan(yaml(text))
    said = str(error.value)
    assert f"GET {path}: HTTP 404" in said
    assert "Check the base URL, and the proxy or gateway in between." in said
    assert "it was in the list" not in said


def test_a_provider_that_the_selection_does_not_meet_needs_no_proof() -> None:
    account = Account()
    config = yaml(f"{SERVER % ', streams: {}'}\nu: {{service: mailgun, token: {{env: C}}}}")
    account.plan(config, only=["t/streams"])
    assert account.requests("postmark") == ["GET /message-streams"]
    assert account.requests("mailgun_us") == []


@pytest.mark.parametrize("text", [SERVER % "", POSTMARK % "", MAILGUN % ""])
def test_a_plan_that_compared_nothing_says_so(text: str) -> None:
    plan = Account().plan(yaml(text))
    assert addresses(plan) == []
    assert plan_summary(plan) == NOTHING


def test_a_plan_that_listed_something_was_about_something() -> None:
    plan = Account().plan(yaml(SERVER % ", streams: {}"))
    assert plan_summary(plan) == "No changes. Live matches the configuration."
    assert plan_as_document(plan)["compared"] is True
    assert plan_as_document(Account().plan(yaml(SERVER % "")))["compared"] is False


def test_of_two_providers_the_one_that_declares_nothing_is_named() -> None:
    plan = Account().plan(
        yaml(f"{SERVER % ', streams: {}'}\nu: {{service: mailgun, token: {{env: C}}}}")
    )
    assert "u: nothing is declared here, and so nothing was compared" in plan_as_text(plan)


def test_a_field_that_is_not_reported_is_not_said_to_match() -> None:
    account = Account()
    config = yaml(SERVER % ", settings: {smtp_api_error_hooks: false}")
    account.plan(config)
    state = account.sandbox.world.postmark
    del state["servers"][str(state["kept_for"]["t"])]["EnableSmtpApiErrorHooks"]
    plan = account.plan(config)
    assert addresses(plan) == []
    assert plan_summary(plan).startswith("No changes. What could be compared matches")
    assert "look it up in the service's web console, or leave it out" in plan_as_text(plan)
