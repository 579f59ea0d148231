import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from mailgun_account import DOMAIN, URLS, MailgunAccount, content, refusal

KEYS = "/v1/dkim/keys"
ROTATION = f"/v1/dkim_management/domains/{DOMAIN}"


def account_with(*selectors: str, **settings: Any) -> MailgunAccount:
    account = MailgunAccount(shuffle=False, **settings)
    account.create()
    for selector in selectors:
        content(account.us.post(KEYS, data={"signing_domain": DOMAIN, "selector": selector}))
    return account


def selectors(account: MailgunAccount) -> list[str]:
    items = account.get(f"/v4/domains/{DOMAIN}/keys")["items"]
    return [item["selector"] for item in items]


def dkim_names(body: dict[str, Any]) -> list[str]:
    names = (record["name"] for record in body["sending_dns_records"])
    return [name for name in names if "._domainkey." in name]


def pem(form: serialization.PrivateFormat, password: bytes = b"") -> bytes:
    lock = serialization.BestAvailableEncryption(password) if password else None
    return rsa.generate_private_key(65537, 1024).private_bytes(
        serialization.Encoding.PEM, form, lock or serialization.NoEncryption()
    )


def switch(account: MailgunAccount, selector: str, verb: str) -> dict[str, Any]:
    return content(account.us.put(f"/v4/domains/{DOMAIN}/keys/{selector}/{verb}"))


@pytest.mark.parametrize(("bits", "size"), [("1024", 1024), ("2048", 2048)])
def test_a_new_key_is_a_real_one_and_inactive(bits: str, size: int) -> None:
    account = account_with()
    data = {"signing_domain": DOMAIN, "selector": "k2", "bits": bits}
    body = content(account.us.post(KEYS, data=data))
    record = body["dns_record"]
    assert (body["signing_domain"], body["selector"]) == (DOMAIN, "k2")
    assert (record["name"], record["is_active"]) == (f"k2._domainkey.{DOMAIN}", False)
    der = base64.b64decode(record["value"].removeprefix("k=rsa; p="))
    public = serialization.load_der_public_key(der)
    assert isinstance(public, rsa.RSAPublicKey)
    assert public.key_size == size


def test_every_key_has_its_record_in_the_domain() -> None:
    account = account_with("k2")
    names = dkim_names(account.get(f"/v4/domains/{DOMAIN}"))
    assert names == [f"smtp._domainkey.{DOMAIN}", f"k2._domainkey.{DOMAIN}"]
    assert selectors(account) == ["smtp", "k2"]


@pytest.mark.parametrize("as_file", [True, False])
def test_a_private_key_can_be_imported(*, as_file: bool) -> None:
    text = pem(serialization.PrivateFormat.TraditionalOpenSSL)
    data = {"signing_domain": DOMAIN, "selector": "mine"}
    us = account_with().us
    given = us.post(KEYS, data=data, files={"pem": ("server.key", text)})
    if not as_file:
        given = us.post(KEYS, data=data | {"selector": "text", "pem": text.decode()})
    assert content(given)["dns_record"]["value"].startswith("k=rsa; p=MIGf")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lorem ipsum", "failed to import domain key: failed to parse PEM"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "failed to import domain key: failed to parse PEM",
        ),
        (
            pem(serialization.PrivateFormat.PKCS8).decode(),
            "failed to parse private key: key must be PKCS1 format",
        ),
    ],
    ids=["no PEM", "no key in it", "another format"],
)
def test_another_private_key_is_refused(text: str, words: str) -> None:
    data = {"signing_domain": DOMAIN, "selector": "mine", "pem": text}
    assert refusal(account_with().us.post(KEYS, data=data)) == words


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\xff\xfe\0",
        b"-----BEGIN RSA PRIVATE KEY-----\n\xff",
        b"-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
        pem(serialization.PrivateFormat.TraditionalOpenSSL, b"password"),
        b"A" * 2_000_000,
    ],
    ids=["empty", "binary", "cut off", "no number", "encrypted", "huge"],
)
def test_a_file_that_holds_no_private_key_is_refused(file: bytes) -> None:
    account = account_with()
    data = {"signing_domain": DOMAIN, "selector": "mine"}
    response = account.us.post(KEYS, data=data, files={"pem": ("server.key", file)})
    assert refusal(response) == "failed to import domain key: failed to parse PEM"
    assert selectors(account) == ["smtp"]


def test_a_file_is_imported_whatever_its_part_says_of_itself() -> None:
    text = pem(serialization.PrivateFormat.TraditionalOpenSSL).replace(b"\n", b"\r\n")
    account = account_with()
    for selector, part in {
        "named": ("../server key.pem", text, "application/x-pem-file"),
        "typed": ("k", text, "text/plain; charset=utf-16"),
        "nameless": (None, text, "application/octet-stream"),
    }.items():
        data = {"signing_domain": DOMAIN, "selector": selector, "bits": "2048"}
        record = content(account.us.post(KEYS, data=data, files={"pem": part}))["dns_record"]
        assert record["value"].startswith("k=rsa; p=MIGf")


def test_a_selector_is_there_once() -> None:
    data = {"signing_domain": DOMAIN, "selector": "SMTP"}
    text = refusal(account_with().us.post(KEYS, data=data))
    assert text == "failed to create domain key: duplicate key"


def test_the_number_of_keys_is_limited() -> None:
    account = account_with("k2", "k3", mailgun_dkim_key_limit=3)
    data = {"signing_domain": DOMAIN, "selector": "k4"}
    assert account.us.post(KEYS, data=data).status_code == 400


def test_keys_are_activated_and_deactivated() -> None:
    account = account_with()
    body = switch(account, "smtp", "activate")
    assert body == {
        "message": "domain key activated",
        "authority": DOMAIN,
        "selector": "smtp",
        "active": True,
    }
    (item,) = account.get(f"/v4/domains/{DOMAIN}/keys")["items"]
    assert item["dns_record"]["is_active"] is True
    assert switch(account, "smtp", "deactivate")["message"] == "domain key deactivated"


def test_activation_can_be_made_to_need_a_valid_record() -> None:
    account = account_with("k2", mailgun_strict_activation=True)
    path = f"/v4/domains/{DOMAIN}/keys/k2/activate"
    assert account.us.put(path).status_code == 400
    account.publish()
    account.verify()
    assert account.us.put(path).status_code == 200


@pytest.mark.parametrize("path", [f"{DOMAIN}/keys/none", "unknown.example/keys/smtp"])
def test_an_unknown_key_cannot_be_activated(path: str) -> None:
    response = account_with().us.put(f"/v4/domains/{path}/activate")
    assert refusal(response, 404) == "domain key not found"


def test_a_key_is_deleted_but_never_the_last_active_one() -> None:
    account = account_with("k2")
    switch(account, "smtp", "activate")
    last = {"signing_domain": DOMAIN, "selector": "smtp"}
    words = "cannot delete domain key: must have at least one active domain key"
    assert refusal(account.us.delete(KEYS, params=last)) == words
    response = account.us.delete(KEYS, params={"signing_domain": DOMAIN, "selector": "k2"})
    assert content(response) == {"message": "success"}
    assert refusal(account.us.delete(KEYS, params=last)) == words
    unknown = account.us.delete(KEYS, params={"signing_domain": DOMAIN, "selector": "k2"})
    assert refusal(unknown, 404) == "domain key not found"


@pytest.mark.parametrize(
    "token",
    [
        "7",
        "[]",
        "{}",
        "[" * 20_000,
        '{"start": ' + "9" * 5000 + "}",
        '{"limit": 10, "start": -1, "signing_domain": "", "selector": ""}',
        '{"limit": 0, "start": 0, "signing_domain": "", "selector": ""}',
        '{"limit": 101, "start": 0, "signing_domain": "", "selector": ""}',
        '{"limit": 1e3, "start": 0, "signing_domain": "", "selector": ""}',
        '{"limit": null, "start": "0", "signing_domain": 7, "selector": []}',
        '{"limit": true, "start": false, "signing_domain": "", "selector": ""}',
    ],
)
def test_a_page_that_nobody_told_of_is_the_first(token: str) -> None:
    account = account_with()
    page = base64.urlsafe_b64encode(token.encode()).decode()
    assert account.get(KEYS, page=page)["items"] == account.get(KEYS)["items"]


def test_keys_of_all_domains_come_in_pages() -> None:
    account = account_with("k2", "k3")
    found, body = [], account.get(KEYS, signing_domain=DOMAIN, limit="2")
    while body["items"]:
        found += [item["selector"] for item in body["items"]]
        body = content(account.us.get(body["paging"]["next"]))
    assert found == ["smtp", "k2", "k3"]
    assert set(body["paging"]) == {"previous", "first", "next", "last"}
    assert account.get(KEYS, selector="k3")["items"][0]["signing_domain"] == DOMAIN
    assert len(content(account.us.get(body["paging"]["last"]))["items"]) == 1


@pytest.mark.parametrize("region", ["us", "eu"])
def test_page_links_are_full_addresses_of_the_host_that_was_called(region: str) -> None:
    client = MailgunAccount().client(region=region)
    links = content(client.get(KEYS))["paging"].values()
    assert all(link.startswith(f"{URLS[region]}{KEYS}?page=") for link in links)


def test_odd_page_tokens_and_limits_are_forgiven() -> None:
    assert account_with().get(KEYS, page="string", limit="0")["items"]


def test_a_domain_below_a_registered_one_takes_its_authority() -> None:
    account = MailgunAccount()
    account.create("example.org")
    assert dkim_names(account.create()) == ["smtp._domainkey.example.org"]
    forced = account.create("e.example.org", force_dkim_authority="true")
    assert dkim_names(forced) == ["smtp._domainkey.e.example.org"]


def test_the_key_can_be_asked_for_below_another_name() -> None:
    account = MailgunAccount()
    root = account.create("a.b.example.org", force_root_dkim_host="true")
    assert dkim_names(root) == ["smtp._domainkey.example.org"]
    named = account.create("x.y.example.net", dkim_host_name="y.example.net")
    assert dkim_names(named) == ["smtp._domainkey.y.example.net"]


def test_the_authority_changes_and_changes_back() -> None:
    account = MailgunAccount()
    account.create("example.org")
    account.create()
    path = f"/v3/domains/{DOMAIN}/dkim_authority"
    body = content(account.us.put(path, data={"self": "true"}))
    assert (body["message"], body["changed"]) == ("Domain DKIM authority has been changed", True)
    assert dkim_names(body) == [f"smtp._domainkey.{DOMAIN}"]
    body = content(account.us.put(path, data={"self": "true"}))
    assert body["message"] == "Domain DKIM authority has not been changed"
    assert body["changed"] is False
    body = content(account.us.put(path, data={"self": "false"}))
    assert dkim_names(body) == ["smtp._domainkey.example.org"]


def test_renaming_the_selector_keeps_the_key() -> None:
    account = account_with()
    before = account.get(f"/v4/domains/{DOMAIN}/keys")["items"][0]["dns_record"]
    path = f"/v3/domains/{DOMAIN}/dkim_selector"
    response = account.us.put(path, data={"dkim_selector": "k7"})
    assert content(response) == {"message": "DKIM selector changed"}
    after = account.get(f"/v4/domains/{DOMAIN}/keys")["items"][0]["dns_record"]
    assert (after["name"], after["value"]) == (f"k7._domainkey.{DOMAIN}", before["value"])


def test_a_renamed_key_must_be_published_again() -> None:
    account = MailgunAccount()
    account.create_active()
    account.us.put(f"/v3/domains/{DOMAIN}/dkim_selector", data={"dkim_selector": "k7"})
    (item,) = account.get(f"/v4/domains/{DOMAIN}/keys")["items"]
    assert (item["dns_record"]["valid"], item["dns_record"]["cached"]) == ("unknown", [])


@pytest.mark.parametrize("selector", ["k2", "a.b", ""])
def test_a_selector_that_is_taken_or_no_atom_is_refused(selector: str) -> None:
    account = account_with("k2")
    path = f"/v3/domains/{DOMAIN}/dkim_selector"
    assert account.us.put(path, data={"dkim_selector": selector}).status_code == 400


def toggle(account: MailgunAccount, *, on: bool) -> dict[str, Any]:
    data = {"use_automatic_sender_security": str(on).lower()}
    return content(account.us.put(f"/v4/domains/{DOMAIN}", data=data))


def test_automatic_sender_security_asks_for_two_cnames_instead() -> None:
    account = account_with()
    before = dkim_names(account.get(f"/v4/domains/{DOMAIN}"))
    body = toggle(account, on=True)
    assert dkim_names(body) == [f"pdk1._domainkey.{DOMAIN}", f"pdk2._domainkey.{DOMAIN}"]
    kinds = [record["record_type"] for record in body["sending_dns_records"]]
    assert kinds == ["CNAME", "CNAME", "TXT", "CNAME"]
    assert dkim_names(toggle(account, on=False)) == before


def test_automatic_sender_security_needs_a_new_verification() -> None:
    account = MailgunAccount()
    account.create_active()
    assert toggle(account, on=True)["domain"]["state"] == "unverified"
    assert account.verify()["domain"]["state"] == "active"
    assert toggle(account, on=True)["domain"]["state"] == "active"


def test_a_domain_can_begin_with_automatic_sender_security() -> None:
    account = MailgunAccount(shuffle=False)
    body = account.create(use_automatic_sender_security="true")
    assert len(dkim_names(body)) == 2
    assert dkim_names(toggle(account, on=False)) == [f"smtp._domainkey.{DOMAIN}"]


def test_rotation_is_set_for_automatic_sender_security() -> None:
    account = MailgunAccount()
    account.create_active(use_automatic_sender_security="true")
    data = {"rotation_enabled": "true", "rotation_interval": "7d"}
    domain = content(account.us.put(f"{ROTATION}/rotation", data=data))["domain"]
    assert (domain["rotation_enabled"], domain["rotation_interval"]) == ("true", "7d")
    assert (domain["state"], domain["active_selector"]) == ("enabled", "pdk1")
    assert domain["records"][0]["identifier"] == "DKIM"
    assert content(account.us.post(f"{ROTATION}/rotate")) == {"message": "ok"}
    data = {"rotation_enabled": "false"}
    domain = content(account.us.put(f"{ROTATION}/rotation", data=data))["domain"]
    assert (domain["rotation_enabled"], domain["active_selector"]) == ("false", "pdk2")


@pytest.mark.parametrize(
    "data",
    [
        {"rotation_enabled": "false", "rotation_interval": "5d"},
        {"rotation_enabled": "true", "rotation_interval": "4d"},
        {"rotation_enabled": "true", "rotation_interval": "soon"},
        {},
    ],
)
def test_a_bad_rotation_is_refused_with_a_reason(data: dict[str, str]) -> None:
    body = content(account_with().us.put(f"{ROTATION}/rotation", data=data), 400)
    assert list(body) == ["Reason"]


def test_an_unverified_domain_does_not_rotate() -> None:
    account = MailgunAccount()
    account.create(use_automatic_sender_security="true")
    body = content(account.us.post(f"{ROTATION}/rotate"), 400)
    words = "only domains in enabled can rotate their keys. Current state: wait_verify"
    assert body == {"Reason": words}


def test_rotation_of_an_unknown_domain_is_not_found() -> None:
    response = MailgunAccount().us.post(f"{ROTATION}/rotate")
    assert content(response, 404) == {"Description": "domain not found"}
