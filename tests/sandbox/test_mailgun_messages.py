import re
from typing import Any

import pytest
from mailgun_account import DOMAIN, MailgunAccount, content, refusal

PATH = f"/v3/{DOMAIN}/messages"
MESSAGE = {"from": f"Ann <a@{DOMAIN}>", "to": "b@example.com", "subject": "s", "text": "t"}


def active_account() -> MailgunAccount:
    account = MailgunAccount()
    account.create_active()
    return account


def test_a_message_is_queued() -> None:
    response = active_account().us.post(PATH, data=MESSAGE | {"o:testmode": "yes"})
    body = content(response)
    assert body["message"] == "Queued. Thank you."
    assert re.fullmatch(rf"<[^<>@]+@{DOMAIN}>", body["id"])
    assert response.headers["X-RateLimit-Limit"] == "2000000"
    assert response.headers["X-Recipient-Remaining"] == "999999"


def test_a_message_may_bring_files() -> None:
    response = active_account().us.post(PATH, data=MESSAGE, files={"attachment": ("a.txt", b"a")})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"from": ""}, "from parameter is missing"),
        ({"to": "nobody"}, "to parameter is not a valid address. please check documentation"),
        ({"to": ""}, "to parameter is not a valid address. please check documentation"),
        (
            {"text": ""},
            "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified",
        ),
        (
            {"html": "<p>", "template": "x"},
            "Only one parameters 'html' or 'template' is allowed.",
        ),
        (
            {"v:data": "x" * 16400},
            "Send options (parameters starting with o:, h:, v:, or t:) are limited to 16KB total",
        ),
    ],
)
def test_a_bad_message_is_refused_in_the_documented_words(
    changes: dict[str, str], text: str
) -> None:
    assert refusal(active_account().us.post(PATH, data=MESSAGE | changes)) == text


@pytest.mark.parametrize(
    "changes",
    [{"o:tag": ["a", "b", "c", "d"]}, {"to": ", ".join(f"u{n}@example.com" for n in range(1001))}],
)
def test_a_message_has_limits(changes: dict[str, Any]) -> None:
    assert active_account().us.post(PATH, data=MESSAGE | changes).status_code == 400


def test_a_finished_message_can_be_sent() -> None:
    account = active_account()
    data = {"to": ["b@example.com", "c@example.com"]}
    files = {"message": ("m.mime", b"Subject: s\n\nt")}
    assert content(account.us.post(f"{PATH}.mime", data=data, files=files))["id"]
    assert account.us.post(f"{PATH}.mime", data=data).status_code == 400


def test_a_domain_of_another_region_is_refused_like_a_wrong_key() -> None:
    response = active_account().eu.post(PATH, data=MESSAGE)
    assert (response.status_code, response.text) == (401, "Forbidden")


def test_an_unverified_domain_is_not_allowed_to_send() -> None:
    account = MailgunAccount()
    account.create()
    text = refusal(account.us.post(PATH, data=MESSAGE), 403)
    assert text.startswith(f"Domain {DOMAIN} is not allowed to send: ")


def test_a_sandbox_domain_sends_to_authorized_recipients_only() -> None:
    account = MailgunAccount()
    name = account.get("/v4/domains", search="sandbox")["items"][0]["name"]
    text = refusal(account.us.post(f"/v3/{name}/messages", data=MESSAGE), 403)
    assert "Sandbox subdomains are for test purposes only." in text
    account.us.post("/v5/sandbox/auth_recipients", params={"email": "b@example.com"})
    assert account.us.post(f"/v3/{name}/messages", data=MESSAGE).status_code == 200


def test_there_are_at_most_five_authorized_recipients() -> None:
    account = MailgunAccount()
    path = "/v5/sandbox/auth_recipients"
    for number in range(5):
        account.us.post(path, params={"email": f"u{number}@example.com"})
    text = refusal(account.us.post(path, params={"email": "u5@example.com"}))
    assert text == "Only 5 sandbox recipients are allowed"
    deleted = account.us.delete(f"{path}/u0@example.com")
    assert content(deleted) == {"message": "Sandbox recipient deleted."}
    assert len(account.get(path)["recipients"]) == 4
    assert refusal(account.us.delete(f"{path}/u0@example.com")) == "Invalid email address."
