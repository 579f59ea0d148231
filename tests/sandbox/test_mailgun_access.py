import re

import httpx
import pytest
from mailgun_account import DOMAIN, MailgunAccount, content, refusal

MESSAGE = {"from": "a@d.example.org", "to": "b@example.com", "subject": "s", "text": "t"}


@pytest.mark.parametrize(
    "path",
    ["/v4/domains", "/v3/domains/d.example.org/tracking", "/v1/dkim/keys", "/v4/address/validate"],
)
def test_a_wrong_key_is_refused_in_json(path: str) -> None:
    response = MailgunAccount().client("key-wrong").get(path)
    assert refusal(response, 401) == "Invalid private key"
    assert "X-Mailgun-Key-Id" not in response.headers


def test_a_wrong_key_is_refused_in_plain_text_when_sending() -> None:
    response = MailgunAccount().client("key-wrong").post(f"/v3/{DOMAIN}/messages", data=MESSAGE)
    assert (response.status_code, response.text) == (401, "Forbidden")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["WWW-Authenticate"] == 'Basic realm="MG API"'


def test_a_wrong_key_is_forbidden_to_see_account_webhooks() -> None:
    response = MailgunAccount().client("key-wrong").get("/v1/webhooks")
    assert refusal(response, 403) == "Forbidden"


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer x", "Basic eHg="])
def test_a_malformed_authorization_is_a_wrong_key(header: str) -> None:
    account = MailgunAccount()
    response = account.client().get("/v4/domains", headers={"Authorization": header}, auth=None)
    assert response.status_code == 401


def test_the_user_name_must_be_api() -> None:
    assert MailgunAccount().client(user="me").get("/v4/domains").status_code == 401


def test_the_same_key_opens_both_regions_and_is_named_in_answers() -> None:
    account = MailgunAccount()
    us, eu = account.us.get("/v4/domains"), account.eu.get("/v4/domains")
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{8}", us.headers["X-Mailgun-Key-Id"])
    assert us.headers["X-Mailgun-Key-Id"] == eu.headers["X-Mailgun-Key-Id"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v4/domains/d.example.org/verify"),
        ("PATCH", "/v4/domains"),
        ("GET", "/v4/domains/"),
        ("GET", "/nothing"),
        ("GET", "/v4/domains/d.example.org/webhooks"),
    ],
)
def test_an_unknown_path_or_method_is_not_found(method: str, path: str) -> None:
    body = content(MailgunAccount().us.request(method, path), 404)
    assert body == {"error": "not found"}


def test_an_analyst_reads_and_is_forbidden_to_write() -> None:
    account = MailgunAccount()
    analyst = account.key("basic")
    assert content(analyst.get("/v4/domains"))["total_count"] == 2
    assert refusal(analyst.post("/v4/domains", data={"name": DOMAIN}), 403) == "Forbidden"
    assert analyst.post("/v3/mg.example.net/messages", data=MESSAGE).status_code == 403


def test_support_reads_and_may_send() -> None:
    account = MailgunAccount()
    account.key("basic")
    next(key for key in account.world.mailgun["keys"].values() if key["role"] == "basic")[
        "role"
    ] = "support"
    secret = list(account.world.mailgun["keys"].values())[-1]["secret"]
    support = account.client(secret)
    assert support.delete("/v3/domains/mg.example.net").status_code == 403
    assert support.post("/v3/mg.example.net/messages", data=MESSAGE).status_code == 200


def test_a_developer_writes() -> None:
    developer = MailgunAccount().key("developer")
    assert developer.post("/v4/domains", data={"name": DOMAIN}).status_code == 200


def sending_client(account: MailgunAccount) -> httpx.Client:
    account.create_active()
    return account.key("sending", kind="domain", domain_name=DOMAIN)


def test_a_sending_key_sends_for_its_domain_and_does_nothing_else() -> None:
    account = MailgunAccount()
    sender = sending_client(account)
    assert sender.post(f"/v3/{DOMAIN}/messages", data=MESSAGE).status_code == 200
    assert refusal(sender.get(f"/v4/domains/{DOMAIN}"), 401) == "Invalid private key"
    assert sender.post("/v3/mg.example.net/messages", data=MESSAGE).status_code == 401


def test_a_deleted_key_opens_nothing_any_more() -> None:
    account = MailgunAccount()
    made = content(account.us.post("/v1/keys", data={"role": "admin"}))["key"]
    client = account.client(made["secret"])
    assert client.get("/v4/domains").status_code == 200
    deleted = account.us.delete(f"/v1/keys/{made['id']}")
    assert content(deleted) == {"message": "key deleted"}
    assert client.get("/v4/domains").status_code == 401
    again = account.us.delete(f"/v1/keys/{made['id']}")
    assert refusal(again, 404) == "no key matching id"


def test_keys_are_listed_without_their_secrets() -> None:
    account = MailgunAccount()
    account.us.post("/v1/keys", data={"role": "basic", "description": "CI"})
    body = account.get("/v1/keys", kind="user")
    assert body["total_count"] == 2
    assert body["items"][1]["description"] == "CI"
    assert all("secret" not in item for item in body["items"])


@pytest.mark.parametrize(
    "fields",
    [
        {"role": "owner"},
        {"role": "sending"},
        {"role": "admin", "kind": "sms"},
        {"role": "admin", "expiration": "0"},
        {"role": "sending", "kind": "domain", "domain_name": "unknown.example"},
        {},
    ],
)
def test_a_key_that_makes_no_sense_is_refused(fields: dict[str, str]) -> None:
    assert MailgunAccount().us.post("/v1/keys", data=fields).status_code == 400


def test_an_unknown_kind_of_key_is_refused_in_the_documented_words() -> None:
    text = refusal(MailgunAccount().us.get("/v1/keys", params={"kind": "x"}))
    assert text == "expected `kind` param to be one of [domain user web] or absent"


def test_the_current_user_needs_a_key_that_is_bound_to_one() -> None:
    account = MailgunAccount()
    assert account.get("/v5/users/me")["role"] == "admin"
    response = account.key("admin").get("/v5/users/me")
    assert refusal(response, 403) == "Incompatible key for this endpoint"


def test_the_signing_key_changes_only_on_request() -> None:
    account = MailgunAccount()
    path = "/v5/accounts/http_signing_key"
    before = account.get(path)["http_signing_key"]
    assert account.get(path)["http_signing_key"] == before
    changed = content(account.us.post(path))["http_signing_key"]
    assert account.get(path)["http_signing_key"] == changed != before


def test_domains_calls_are_limited_when_the_switch_says_so() -> None:
    account = MailgunAccount(mailgun_rate_limit=1)
    assert account.us.get("/v4/domains").status_code == 200
    body = content(account.us.get("/v4/domains"), 429)
    assert 0 < body["retry-seconds"] <= 60
    assert account.us.get("/v1/keys").status_code == 200


def test_a_subaccount_has_its_own_domains() -> None:
    account = MailgunAccount()
    made = content(account.us.post("/v5/accounts/subaccounts", params={"name": "Shop"}))
    behalf = {"X-Mailgun-On-Behalf-Of": made["subaccount"]["id"]}
    account.us.post("/v4/domains", data={"name": DOMAIN}, headers=behalf)
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 404
    assert account.us.get(f"/v4/domains/{DOMAIN}", headers=behalf).status_code == 200
    newest = account.get("/v4/domains", include_subaccounts="true")["items"][0]
    assert newest["subaccount_id"] == made["subaccount"]["id"]


def test_subaccounts_are_listed_switched_and_deleted() -> None:
    account = MailgunAccount()
    path = "/v5/accounts/subaccounts"
    id_ = content(account.us.post(path, params={"name": "Shop"}))["subaccount"]["id"]
    disabled = content(account.us.post(f"{path}/{id_}/disable"))["subaccount"]
    assert disabled["status"] == "disabled"
    assert account.get(path, enabled="true") == {"subaccounts": [], "total": 0}
    account.us.post(f"{path}/{id_}/enable")
    assert account.get(path, enabled="true")["total"] == 1
    deleted = account.us.delete(path, headers={"X-Mailgun-On-Behalf-Of": id_})
    assert content(deleted) == {"message": "Subaccount successfully deleted"}
    assert refusal(account.us.get(f"{path}/{id_}"), 404) == "Not Found"


def test_a_subaccount_tells_its_dates_as_documented() -> None:
    account = MailgunAccount()
    path = "/v5/accounts/subaccounts"
    made = content(account.us.post(path, params={"name": "Shop"}))["subaccount"]
    date = r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT"
    assert all(re.fullmatch(date, made[name]) for name in ("created_at", "updated_at"))
    assert account.get(path)["subaccounts"] == [made]
    assert account.get(f"{path}/{made['id']}")["subaccount"] == made
    disabled = content(account.us.post(f"{path}/{made['id']}/disable"))["subaccount"]
    assert disabled["created_at"] == made["created_at"]
    again = account.us.post(f"{path}/{made['id']}/disable")
    assert refusal(again) == "subaccount is already disabled"
