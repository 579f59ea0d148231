import pytest
from mailgun_account import DOMAIN, NEVER, MailgunAccount, content, refusal

LOGINS = f"/v3/domains/{DOMAIN}/credentials"
HOST = f"email.{DOMAIN}"
CERTIFICATE = f"/v2/x509/{HOST}"


def account_with_domain(**fields: str) -> MailgunAccount:
    account = MailgunAccount()
    account.create(**fields)
    return account


def logins(account: MailgunAccount) -> list[str]:
    return [item["login"] for item in account.get(LOGINS)["items"]]


@pytest.mark.parametrize("field", ["login", "mailbox"])
@pytest.mark.parametrize("login", ["alice", f"Alice@{DOMAIN}"])
def test_credentials_are_created_and_listed(field: str, login: str) -> None:
    account = account_with_domain()
    response = account.us.post(LOGINS, data={field: login, "password": "s3cret!"})
    assert content(response) == {"message": "Created 1 credentials pair(s)"}
    (item,) = account.get(LOGINS)["items"]
    assert item["login"] == item["mailbox"] == f"alice@{DOMAIN}"
    assert item["size_bytes"] is None
    assert item["created_at"].endswith("+0000")


def test_a_missing_password_is_generated_and_shown_once() -> None:
    account = account_with_domain()
    body = content(account.us.post(LOGINS, data={"login": "alice"}))
    assert list(body["credentials"]) == [f"alice@{DOMAIN}"]
    assert "note" in body
    assert body["credentials"][f"alice@{DOMAIN}"] not in str(account.get(LOGINS))


def test_a_password_is_changed() -> None:
    account = account_with_domain()
    account.us.post(LOGINS, data={"login": "alice", "password": "s3cret!"})
    response = account.us.put(f"{LOGINS}/alice", data={"password": "changed!"})
    assert content(response) == {"message": "Password changed"}
    short = account.us.put(f"{LOGINS}/alice", data={"password": "x"})
    assert "between 5 and 32 characters" in refusal(short)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_unknown_credentials_are_not_found(method: str) -> None:
    response = account_with_domain().us.request(method, f"{LOGINS}/nobody")
    assert refusal(response, 404) == "Credentials not found"


def test_a_login_is_needed() -> None:
    response = account_with_domain().us.post(LOGINS, data={"password": "s3cret!"})
    assert refusal(response) == "Parameter 'login' is missing"


def test_credentials_are_deleted_one_by_one_or_all() -> None:
    account = account_with_domain()
    for login in ("alice", "bob", "carol"):
        account.us.post(LOGINS, data={"login": login, "password": "s3cret!"})
    body = content(account.us.delete(f"{LOGINS}/alice@{DOMAIN}"))
    assert body == {"message": "Credentials have been deleted", "spec": f"alice@{DOMAIN}"}
    body = content(account.us.delete(LOGINS))
    assert body == {"message": "All domain credentials have been deleted", "count": 2}
    assert logins(account) == []


def test_the_postmaster_of_a_password_stays() -> None:
    account = account_with_domain(smtp_password="s3cret!")
    name = f"postmaster@{DOMAIN}"
    text = refusal(account.us.delete(f"{LOGINS}/{name}"))
    assert text == f"Cannot delete system mailbox: {name}"
    account.us.delete(LOGINS)
    assert logins(account) == [name]


def test_an_update_can_give_the_domain_its_password() -> None:
    account = account_with_domain()
    assert logins(account) == []
    account.us.put(f"/v4/domains/{DOMAIN}", data={"smtp_password": "s3cret!"})
    assert logins(account) == [f"postmaster@{DOMAIN}"]


def test_credentials_come_in_pages() -> None:
    account = account_with_domain()
    account.us.post(LOGINS, data={"login": ["a", "b", "c"], "password": "s3cret!"})
    body = account.get(LOGINS, limit="1", skip="1")
    assert ([item["login"] for item in body["items"]], body["total_count"]) == ([f"b@{DOMAIN}"], 3)
    text = refusal(account.us.get(LOGINS, params={"limit": "1001"}))
    assert text == "Limit parameter can't be larger than 1000"


def test_a_certificate_has_to_be_asked_for() -> None:
    body = content(account_with_domain().us.get(f"{CERTIFICATE}/status"), 404)
    text = "Please initiate x509 key pair generation at POST /v2/x509/{domain}"
    assert body == {"Description": text}


def test_a_certificate_needs_the_tracking_record() -> None:
    response = account_with_domain().us.post(CERTIFICATE)
    assert content(response, 400) == {"Reason": "invalid CNAME record"}


def test_a_certificate_is_for_tracking_hosts_only() -> None:
    response = account_with_domain().us.post(f"/v2/x509/{DOMAIN}")
    assert content(response, 404) == {"Description": "x509 cert not found"}


def test_a_certificate_is_made_in_the_background() -> None:
    account = account_with_domain()
    account.publish()
    account.set(mailgun_x509_delay=NEVER)
    assert content(account.us.post(CERTIFICATE), 202) == {
        "message": "Initiated x509 key pair generation",
        "location": f"{CERTIFICATE}/status",
    }
    assert account.get(f"{CERTIFICATE}/status")["status"] == "processing"
    again = content(account.us.post(CERTIFICATE), 409)["Description"]
    assert again == f"x509 key pair generation has already been initiated for {HOST}"
    early = content(account.us.put(CERTIFICATE), 429)["Description"]
    assert early == f"x509 key pair generation job is already in progress for {HOST}"


def test_an_active_certificate_is_not_renewed() -> None:
    account = account_with_domain()
    account.publish()
    account.us.post(CERTIFICATE)
    status = account.get(f"{CERTIFICATE}/status")
    assert (status["status"], status["error"]) == ("active", None)
    assert status["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    text = content(account.us.put(CERTIFICATE), 409)["Description"]
    assert text.startswith("x509 certificate is still valid until 20")


def test_an_expired_certificate_is_renewed() -> None:
    account = account_with_domain()
    account.publish()
    account.set(mailgun_x509_lifetime=0)
    account.us.post(CERTIFICATE)
    status = account.get(f"{CERTIFICATE}/status")
    assert (status["status"], status["error"]) == ("expired", "x509 certificate has expired")
    account.set(mailgun_x509_lifetime=60)
    assert account.us.put(CERTIFICATE).status_code == 202
    assert account.get(f"{CERTIFICATE}/status")["status"] == "active"
