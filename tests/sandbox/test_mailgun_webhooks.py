import pytest
from mailgun_account import DOMAIN, MailgunAccount, content, refusal

HOOKS = f"/v3/domains/{DOMAIN}/webhooks"
BY_URL = f"/v4/domains/{DOMAIN}/webhooks"
ACCOUNT = "/v1/webhooks"
A, B, C, D = (f"https://{letter}.example/hook" for letter in "abcd")


def account_with(**webhooks: list[str]) -> MailgunAccount:
    account = MailgunAccount()
    account.create()
    for event, urls in webhooks.items():
        content(account.us.post(HOOKS, data={"id": event, "url": urls}))
    return account


def listed(account: MailgunAccount) -> dict[str, list[str]]:
    return {event: hook["urls"] for event, hook in account.get(HOOKS)["webhooks"].items()}


def test_only_configured_events_are_listed() -> None:
    assert listed(account_with()) == {}
    assert listed(account_with(clicked=[A, B])) == {"clicked": [A, B]}


def test_creating_answers_with_the_urls() -> None:
    response = account_with().us.post(HOOKS, data={"id": "delivered", "url": [A, B]})
    assert content(response) == {
        "message": "Webhook has been created",
        "webhook": {"urls": [A, B]},
    }


def test_fields_may_stand_in_the_query() -> None:
    account = account_with()
    account.us.post(HOOKS, params={"id": "Delivered", "url": [A, B]})
    assert listed(account) == {"delivered": [A, B]}


def test_fields_may_be_numbered_as_the_php_sdk_does() -> None:
    account = account_with()
    account.us.post(HOOKS, data={"id": "opened", "url[0]": A, "url[1]": B})
    assert listed(account) == {"opened": [A, B]}


def test_creating_for_an_event_that_has_urls_is_refused() -> None:
    account = account_with(clicked=[A])
    assert account.us.post(HOOKS, data={"id": "clicked", "url": B}).status_code == 400
    assert listed(account) == {"clicked": [A]}


def test_an_update_replaces_the_whole_list() -> None:
    account = account_with(clicked=[A, B])
    body = content(account.us.put(f"{HOOKS}/CLICKED", data={"url": [C]}))
    assert body == {"message": "Webhook has been updated", "webhook": {"urls": [C]}}
    assert account.get(f"{HOOKS}/clicked") == {"webhook": {"urls": [C]}}


def test_deleting_answers_with_the_removed_urls() -> None:
    account = account_with(clicked=[A, B])
    body = content(account.us.delete(f"{HOOKS}/clicked"))
    assert body == {"message": "Webhook has been deleted", "webhook": {"urls": [A, B]}}
    assert listed(account) == {}


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_event_without_urls_is_not_found(method: str) -> None:
    response = account_with().us.request(method, f"{HOOKS}/clicked", params={"url": A})
    assert refusal(response, 404) == "Webhook not found"


def test_more_than_three_urls_are_refused() -> None:
    account = account_with(opened=[A])
    data = {"id": "clicked", "url": [A, B, C, D]}
    assert account.us.post(HOOKS, data=data).status_code == 400
    assert account.us.put(f"{HOOKS}/opened", data=data).status_code == 400
    assert listed(account) == {"opened": [A]}


def test_missing_and_unknown_fields_are_refused() -> None:
    us = account_with().us
    assert refusal(us.post(HOOKS, data={"url": A})) == "Missing parameter 'id'"
    assert refusal(us.post(HOOKS, data={"id": "clicked"})) == "Missing parameter 'url'"
    assert us.post(HOOKS, data={"id": "bounce", "url": A}).status_code == 400


@pytest.mark.parametrize("path", [HOOKS, f"{HOOKS}/clicked"])
def test_webhooks_of_an_unknown_domain_are_not_found(path: str) -> None:
    assert refusal(MailgunAccount().us.get(path), 404) == "Domain not found"


def test_a_host_that_does_not_resolve_is_refused() -> None:
    account = account_with()
    account.set(mailgun_unresolvable_hosts=["gone.example"])
    url = "https://gone.example/"
    response = account.us.post(HOOKS, data={"id": "clicked", "url": url})
    assert content(response, 400) == {"Reason": f"{url} is not a valid url: host not found"}


def test_one_url_is_added_to_several_events() -> None:
    account = account_with(clicked=[A])
    data = {"url": B, "event_types": ["clicked", "opened"]}
    body = content(account.us.post(BY_URL, data=data))
    assert body == {"webhooks": {"clicked": {"urls": [A, B]}, "opened": {"urls": [B]}}}


def test_adding_a_url_twice_changes_nothing() -> None:
    account = account_with(clicked=[A])
    data = {"url": A, "event_types": ["opened", "clicked"]}
    body = content(account.us.post(BY_URL, data=data), 400)
    reason = f"Webhook for event type 'clicked' with URL '{A}' already exists"
    assert body == {"Reason": reason}
    assert listed(account) == {"clicked": [A]}


def test_a_fourth_url_cannot_be_added() -> None:
    account = account_with(clicked=[A, B, C])
    data = {"url": D, "event_types": ["opened", "clicked"]}
    assert account.us.post(BY_URL, data=data).status_code == 400
    assert listed(account) == {"clicked": [A, B, C]}


def test_the_events_of_one_url_are_replaced() -> None:
    account = account_with(clicked=[A, B], opened=[B])
    body = content(account.us.put(BY_URL, data={"url": B, "event_types": ["delivered", "opened"]}))
    assert body["webhooks"] == {
        "clicked": {"urls": [A]},
        "opened": {"urls": [B]},
        "delivered": {"urls": [B]},
    }


def test_a_url_that_is_used_nowhere_cannot_be_moved() -> None:
    response = account_with().us.put(BY_URL, data={"url": A, "event_types": "opened"})
    assert content(response, 404) == {"Description": "Webhook not found"}


def test_urls_are_removed_from_all_events() -> None:
    account = account_with(clicked=[A, B], opened=[B, C])
    body = content(account.us.delete(BY_URL, params={"url": f"{B},{C}"}))
    assert body == {"webhooks": {"clicked": {"urls": [A]}}}


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"event_types": "opened"}, {"Field": "url"}),
        ({"url": A}, {"Field": "event_types"}),
        (
            {"url": "ftp://invalid", "event_types": "opened"},
            {"Reason": "invalid parameters: ftp://invalid is not a valid url: invalid URL scheme"},
        ),
    ],
)
def test_bad_fields_are_named(data: dict[str, str], body: dict[str, str]) -> None:
    assert content(account_with().us.post(BY_URL, data=data), 400) == body


def test_an_account_webhook_lives_from_creation_to_deletion() -> None:
    account = MailgunAccount()
    data = {"url": A, "event_types": ["opened", "clicked"], "description": "CRM"}
    id_ = content(account.us.post(ACCOUNT, data=data))["webhook_id"]
    made = account.get(f"{ACCOUNT}/{id_}")
    assert (made["url"], made["event_types"]) == (A, ["opened", "clicked"])
    assert account.get(ACCOUNT) == {"webhooks": [made]}
    put = account.us.put(f"{ACCOUNT}/{id_}", data={"url": B, "event_types": "accepted"})
    assert (put.status_code, put.content) == (204, b"")
    changed = account.get(f"{ACCOUNT}/{id_}")
    assert (changed["url"], changed["description"]) == (B, "")
    assert changed["created_at"] == made["created_at"]
    assert account.us.delete(f"{ACCOUNT}/{id_}").status_code == 204
    gone = account.us.get(f"{ACCOUNT}/{id_}")
    assert content(gone, 404) == {"Description": "webhook not found"}


def test_each_region_has_its_own_account_webhooks() -> None:
    account = MailgunAccount()
    account.us.post(ACCOUNT, data={"url": A, "event_types": "opened"})
    assert content(account.eu.get(ACCOUNT)) == {"webhooks": []}


@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        ({}, 400, {"Field": "url", "Value": "missing or invalid url parameter"}),
        (
            {"url": A, "event_types": ["accepted", "accepted"]},
            400,
            {"Field": "event_types", "Value": "duplicate event types: 'accepted'"},
        ),
        (
            {"url": A, "event_types": "bounce"},
            404,
            {"Description": "event_type 'bounce' is invalid"},
        ),
        (
            {"url": B, "event_types": "opened"},
            409,
            {"Description": f"url {B} already exists for event type opened"},
        ),
        (
            {"url": A, "event_types": "opened"},
            409,
            {"Description": "unable to add more than 3 urls for event type opened"},
        ),
    ],
)
def test_bad_account_webhooks_are_refused(
    data: dict[str, str], status: int, body: dict[str, str]
) -> None:
    account = MailgunAccount()
    for url in (B, C, D):
        account.us.post(ACCOUNT, data={"url": url, "event_types": "opened"})
    assert content(account.us.post(ACCOUNT, data=data), status) == body


def test_account_webhooks_are_deleted_in_bulk() -> None:
    account = MailgunAccount()
    ids = [
        content(account.us.post(ACCOUNT, data={"url": url, "event_types": "opened"}))["webhook_id"]
        for url in (A, B, C)
    ]
    assert account.us.delete(ACCOUNT).status_code == 400
    assert account.us.delete(ACCOUNT, params={"webhook_ids": ",".join(ids[:2])}).status_code == 204
    assert [item["webhook_id"] for item in account.get(ACCOUNT)["webhooks"]] == ids[2:]
    assert account.us.delete(ACCOUNT, params={"all": "true"}).status_code == 204
    again = account.us.delete(ACCOUNT, params={"all": "true"})
    assert content(again, 404) == {"Description": "no webhooks found for account"}


def test_unknown_and_malformed_ids_are_told_apart() -> None:
    us = MailgunAccount().us
    malformed = us.delete(f"{ACCOUNT}/xyz")
    assert content(malformed, 400) == {"Field": "webhook_id", "Value": "is not valid"}
    unknown = us.delete(f"{ACCOUNT}/{'0' * 24}")
    assert content(unknown, 404) == {"Description": f"webhook_id not found: {'0' * 24}"}
