import re
from typing import Any

import httpx
import pytest
from mailgun_account import DOMAIN, NEVER, MailgunAccount, content, refusal

# mailgun.md §4.2: the recorded keys of Feb 2025 and the two that Dec 2025 adds.
DOMAIN_KEYS = {
    "created_at", "id", "is_disabled", "name", "require_tls", "skip_verification", "smtp_login",
    "spam_action", "state", "type", "use_automatic_sender_security", "web_prefix", "web_scheme",
    "wildcard", "encrypt_incoming_message", "message_ttl",
}  # fmt: skip
RECORD_KEYS = {"is_active", "cached", "name", "record_type", "valid", "value"}


def by_type(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {f"{r['record_type']} {r['value'][:5]}": r for r in records}


def all_records(body: dict[str, Any]) -> list[dict[str, Any]]:
    return [*body["sending_dns_records"], *body["receiving_dns_records"]]


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_new_domain_is_unverified_with_the_documented_defaults(version: str) -> None:
    account = MailgunAccount()
    body = content(account.us.post(f"/{version}/domains", data={"name": "D.Example.org"}))
    assert body["message"] == "Domain DNS records have been created"
    domain = body["domain"]
    assert set(domain) == DOMAIN_KEYS
    assert re.fullmatch(r"[0-9a-f]{24}", domain["id"])
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", domain["created_at"])
    assert (domain["name"], domain["state"], domain["type"]) == (DOMAIN, "unverified", "custom")
    assert (domain["spam_action"], domain["web_scheme"]) == ("disabled", "http")
    assert (domain["web_prefix"], domain["wildcard"]) == ("email", False)


def test_records_of_a_new_domain_are_unknown_and_uncached() -> None:
    body = MailgunAccount().create()
    assert {r["valid"] for r in all_records(body)} == {"unknown"}
    assert all(r["cached"] == [] for r in all_records(body))
    for record in body["sending_dns_records"]:
        assert set(record) == RECORD_KEYS
    for record in body["receiving_dns_records"]:
        assert set(record) == RECORD_KEYS - {"name"} | {"priority"}
        assert (record["priority"], record["is_active"]) == ("10", True)
    assert {r["value"] for r in body["receiving_dns_records"]} == {
        "mxa.mailgun.org",
        "mxb.mailgun.org",
    }


def test_the_sending_records_are_spf_dkim_and_tracking() -> None:
    records = by_type(MailgunAccount().create()["sending_dns_records"])
    assert records["TXT v=spf"]["value"] == "v=spf1 include:mailgun.org ~all"
    assert records["TXT k=rsa"]["name"] == f"smtp._domainkey.{DOMAIN}"
    assert records["TXT k=rsa"]["value"].startswith("k=rsa; p=MIGf")
    assert records["TXT k=rsa"]["is_active"] is False
    assert records["CNAME mailg"]["name"] == f"email.{DOMAIN}"


def test_the_other_region_asks_for_other_hosts() -> None:
    body = content(MailgunAccount().eu.post("/v4/domains", data={"name": DOMAIN}))
    values = {record["value"] for record in all_records(body)}
    assert {"mxa.eu.mailgun.org", "mxb.eu.mailgun.org", "eu.mailgun.org"} <= values


def test_all_options_are_taken_at_creation() -> None:
    body = MailgunAccount().create(
        spam_action="tag", wildcard="true", web_scheme="https", web_prefix="link",
        require_tls="yes", skip_verification="yes", message_ttl="86400",
        archive_to="https://archive.example/mail", encrypt_incoming_message="true",
        dkim_key_size="2048", dkim_selector="k9", smtp_password="s3cret!",
    )  # fmt: skip
    domain = body["domain"]
    assert domain["spam_action"] == "tag"
    assert domain["wildcard"] is domain["require_tls"] is domain["skip_verification"] is True
    assert (domain["web_scheme"], domain["web_prefix"]) == ("https", "link")
    assert (domain["message_ttl"], domain["encrypt_incoming_message"]) == (86400, True)
    assert domain["archive_to"] == "https://archive.example/mail"
    assert "s3cret!" not in str(body)
    records = by_type(body["sending_dns_records"])
    assert records["TXT k=rsa"]["name"] == f"k9._domainkey.{DOMAIN}"
    assert records["TXT k=rsa"]["value"].startswith("k=rsa; p=MIIBIj")


@pytest.mark.parametrize(
    "fields",
    [
        {"spam_action": "maybe"},
        {"web_scheme": "ftp"},
        {"dkim_key_size": "512"},
        {"dkim_selector": "a.b"},
        {"web_prefix": "a.b"},
        {"wildcard": "maybe"},
        {"message_ttl": "long"},
        {"smtp_password": "x" * 33},
        {"name": "no dots"},
        {"name": ""},
        {"dkim_host_name": DOMAIN, "force_dkim_authority": "true"},
        {"dkim_host_name": "elsewhere.example"},
    ],
)
def test_a_bad_option_creates_nothing(fields: dict[str, str]) -> None:
    account = MailgunAccount()
    assert account.us.post("/v4/domains", data={"name": DOMAIN, **fields}).status_code == 400
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 404


def test_a_short_password_is_refused_in_the_documented_words() -> None:
    data = {"name": DOMAIN, "smtp_password": "abcd"}
    text = refusal(MailgunAccount().us.post("/v4/domains", data=data))
    assert text == "Password is too short. It must be between 5 and 32 characters."


def test_an_empty_password_counts_as_none() -> None:
    response = MailgunAccount().us.post(
        "/v4/domains",
        content=f"name={DOMAIN}&smtp_password",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert response.status_code == 200


@pytest.mark.parametrize("form", ["multipart", "urlencoded", "query"])
def test_fields_are_read_from_wherever_they_stand(form: str) -> None:
    fields = {"name": DOMAIN, "spam_action": "block"}
    us = MailgunAccount().us
    responses = {
        "multipart": lambda: us.post(
            "/v4/domains", files={k: (None, v) for k, v in fields.items()}
        ),
        "urlencoded": lambda: us.post("/v4/domains", data=fields),
        "query": lambda: us.post("/v4/domains", params=fields),
    }
    assert content(responses[form]())["domain"]["spam_action"] == "block"


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_name_can_be_taken_once_over_both_regions(region: str) -> None:
    account = MailgunAccount()
    account.create()
    response = account.client(region=region).post("/v4/domains", data={"name": DOMAIN})
    assert refusal(response) == "This domain name is already taken"


def test_the_text_for_a_taken_name_can_be_switched() -> None:
    account = MailgunAccount(mailgun_duplicate_text="Domain already exists")
    account.create()
    response = account.us.post("/v4/domains", data={"name": DOMAIN})
    assert refusal(response) == "Domain already exists"


def test_a_domain_of_one_region_is_not_found_in_the_other() -> None:
    account = MailgunAccount()
    account.create()
    assert refusal(account.eu.get(f"/v4/domains/{DOMAIN}"), 404) == "Domain not found"


def test_names_are_matched_in_lower_case() -> None:
    account = MailgunAccount()
    account.create()
    assert account.get("/v4/domains/D.EXAMPLE.org")["domain"]["name"] == DOMAIN


def test_a_domain_may_settle_a_moment_after_its_creation() -> None:
    account = MailgunAccount(mailgun_create_lag=NEVER)
    account.create()
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 404
    account.set(mailgun_create_lag=0)
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 200


def test_a_domain_is_shown_with_more_or_less_on_request() -> None:
    account = MailgunAccount()
    account.create()
    body = account.get(f"/v4/domains/{DOMAIN}", **{"h:extended": "true", "h:with_dns": "false"})
    assert body["domain"]["dkim_host"] == body["domain"]["mailfrom_host"] == DOMAIN
    assert body["sending_dns_records"] is body["receiving_dns_records"] is None


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_an_update_changes_what_is_given_and_nothing_else(version: str) -> None:
    account = MailgunAccount()
    before = account.create(require_tls="true")["domain"]
    data = {"spam_action": "block", "web_scheme": "https", "wildcard": "true"}
    body = content(account.us.put(f"/{version}/domains/{DOMAIN}", data=data))
    assert body["message"] == "Domain has been updated"
    changes = {"spam_action": "block", "web_scheme": "https", "wildcard": True}
    assert body["domain"] == before | changes
    assert account.get(f"/v4/domains/{DOMAIN}")["domain"] == body["domain"]


def test_an_update_leaves_everything_when_one_field_is_bad() -> None:
    account = MailgunAccount()
    before = account.create()["domain"]
    data = {"spam_action": "block", "web_scheme": "ftp"}
    assert account.us.put(f"/v4/domains/{DOMAIN}", data=data).status_code == 400
    assert account.get(f"/v4/domains/{DOMAIN}")["domain"] == before


def test_encryption_of_incoming_messages_cannot_be_changed() -> None:
    account = MailgunAccount()
    account.create(encrypt_incoming_message="true")
    data = {"encrypt_incoming_message": "false"}
    body = content(account.us.put(f"/v4/domains/{DOMAIN}", data=data))
    assert body["domain"]["encrypt_incoming_message"] is True


def test_archiving_ends_with_an_empty_address() -> None:
    account = MailgunAccount()
    account.create(archive_to="https://archive.example/mail")
    body = content(account.us.put(f"/v4/domains/{DOMAIN}", data={"archive_to": ""}))
    assert "archive_to" not in body["domain"]


def test_the_web_prefix_moves_the_tracking_record() -> None:
    account = MailgunAccount()
    account.create()
    response = account.us.put(f"/v3/domains/{DOMAIN}/web_prefix", data={"web_prefix": "link"})
    assert content(response) == {"message": "Domain web prefix updated"}
    records = by_type(account.get(f"/v4/domains/{DOMAIN}")["sending_dns_records"])
    assert records["CNAME mailg"]["name"] == f"link.{DOMAIN}"


def test_updating_an_unknown_domain_is_not_found() -> None:
    response = MailgunAccount().us.put("/v4/domains/unknown.example", data={"wildcard": "true"})
    assert refusal(response, 404) == "Domain not found"


def test_the_list_has_the_newest_first_and_no_records() -> None:
    account = MailgunAccount()
    account.create("a.example.org")
    account.create("b.example.org")
    body = account.get("/v4/domains")
    assert body["total_count"] == 4
    names = [item["name"] for item in body["items"]]
    assert names[:3] == ["b.example.org", "a.example.org", "mg.example.net"]
    assert re.fullmatch(r"sandbox[0-9a-f]{32}\.mailgun\.org", names[3])
    assert all(set(item) == DOMAIN_KEYS for item in body["items"])
    assert account.get("/v3/domains") == body


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"limit": "1"}, ["c.example.org"]),
        ({"limit": "2", "skip": "1"}, ["a.example.org", "b.example.org"]),
        ({"sort": "name"}, ["a.example.org", "b.example.org", "c.example.org"]),
        ({"sort": "name:desc"}, ["c.example.org", "b.example.org", "a.example.org"]),
        ({"authority": "b.example.org"}, ["b.example.org"]),
        ({"authority": "x.example.org", "state": "unverified"}, ["c.example.org"]),
    ],
)
def test_the_list_can_be_paged_sorted_and_filtered(query: dict[str, str], names: list[str]) -> None:
    account = MailgunAccount()
    for name in ("b.example.org", "a.example.org", "c.example.org"):
        account.create(name)
    body = account.get("/v4/domains", search="example.ORG", **query)
    assert [item["name"] for item in body["items"]][: len(names)] == names
    assert body["total_count"] == (1 if query.get("authority") == "b.example.org" else 3)


@pytest.mark.parametrize(("state", "count"), [("active", 2), ("unverified", 1), ("disabled", 0)])
def test_the_total_is_counted_after_the_filter(state: str, count: int) -> None:
    account = MailgunAccount()
    account.create()
    assert account.get("/v4/domains", state=state, limit="1")["total_count"] == count


def test_more_than_a_thousand_at_a_time_are_refused() -> None:
    text = refusal(MailgunAccount().us.get("/v4/domains", params={"limit": "1001"}))
    assert text == "Limit parameter can't be larger than 1000"


def test_the_order_of_records_changes_between_calls() -> None:
    account = MailgunAccount()
    first, second = account.create(), account.get(f"/v4/domains/{DOMAIN}")
    for part in ("sending_dns_records", "receiving_dns_records"):
        assert first[part] != second[part]
        assert sorted(map(str, first[part])) == sorted(map(str, second[part]))


def test_the_order_of_records_can_be_fixed() -> None:
    account = MailgunAccount(shuffle=False)
    first, second = account.create(), account.get(f"/v4/domains/{DOMAIN}")
    assert first["sending_dns_records"] == second["sending_dns_records"]


def test_verifying_finds_nothing_while_nothing_is_published() -> None:
    account = MailgunAccount()
    account.create()
    body = account.verify()
    assert body["message"] == "Domain DNS records have been updated"
    assert body["domain"]["state"] == "unverified"
    assert {record["valid"] for record in all_records(body)} == {"unknown"}


def test_verifying_a_published_domain_makes_it_active() -> None:
    body = MailgunAccount().create_active()
    assert body["message"] == "Domain DNS records have been updated"
    assert body["domain"]["state"] == "active"
    assert {record["valid"] for record in all_records(body)} == {"valid"}
    for record in body["sending_dns_records"]:
        assert (record["cached"], record["is_active"]) == ([record["value"]], True)
    assert body["receiving_dns_records"][0]["cached"] == [
        "10 mxa.mailgun.org",
        "10 mxb.mailgun.org",
    ]


def test_spf_without_dkim_is_not_enough() -> None:
    account = MailgunAccount()
    account.create()
    account.publish()
    account.publish(f"_domainkey.{DOMAIN}", published=False)
    body = account.verify()
    assert body["domain"]["state"] == "unverified"
    records = by_type(body["sending_dns_records"])
    assert records["TXT v=spf"]["valid"] == "valid"
    assert records["TXT k=rsa"]["valid"] == "unknown"


def test_the_tracking_record_is_not_needed_to_be_active() -> None:
    account = MailgunAccount()
    account.create()
    account.publish()
    account.publish(f"email.{DOMAIN}", published=False)
    assert account.verify()["domain"]["state"] == "active"


def test_verifying_again_after_the_records_have_gone_undoes_it() -> None:
    account = MailgunAccount()
    account.create_active()
    account.publish(published=False)
    assert account.get(f"/v4/domains/{DOMAIN}")["domain"]["state"] == "active"
    assert account.verify()["domain"]["state"] == "unverified"


def test_a_sandbox_domain_stays_active() -> None:
    account = MailgunAccount()
    name = account.get("/v4/domains", search="sandbox")["items"][0]["name"]
    assert account.verify(name)["domain"]["state"] == "active"


def verify_often(account: MailgunAccount, times: int) -> list[httpx.Response]:
    return [account.us.put(f"/v4/domains/{DOMAIN}/verify") for _ in range(times)]


def test_verifications_have_a_limit_of_their_own() -> None:
    account = MailgunAccount(mailgun_verify_window=NEVER)
    account.create()
    responses = verify_often(account, 11)
    assert [r.status_code for r in responses] == [200] * 10 + [429]
    assert [r.headers["X-Request-Remaining"] for r in responses[:2]] == ["9", "8"]
    assert responses[-1].headers["X-Request-Remaining"] == "0"
    assert responses[-1].headers["X-Request-Limit"] == "10"
    assert int(responses[0].headers["X-Request-Reset"]) > 1e12


def test_the_limit_of_verifications_ends_with_its_window() -> None:
    account = MailgunAccount(mailgun_verify_window=0)
    account.create()
    assert {r.status_code for r in verify_often(account, 11)} == {200}


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_a_deleted_domain_goes_away(version: str) -> None:
    account = MailgunAccount()
    account.create()
    body = content(account.us.delete(f"/{version}/domains/{DOMAIN}"))
    assert body == {"message": "Domain will be deleted in the background"}
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 404
    assert account.us.delete(f"/v3/domains/{DOMAIN}").status_code == 404
    account.create()


def test_a_deleted_name_stays_taken_until_the_deletion_is_done() -> None:
    account = MailgunAccount()
    account.create()
    account.set(mailgun_delete_delay=NEVER)
    account.us.delete(f"/v3/domains/{DOMAIN}")
    assert account.us.get(f"/v4/domains/{DOMAIN}").status_code == 200
    assert account.get("/v4/domains")["items"][0]["name"] == DOMAIN
    assert account.us.post("/v4/domains", data={"name": DOMAIN}).status_code == 400


def test_a_sandbox_domain_cannot_be_deleted() -> None:
    account = MailgunAccount()
    name = account.get("/v4/domains", search="sandbox")["items"][0]["name"]
    assert account.us.delete(f"/v3/domains/{name}").status_code == 400


def test_a_disabled_domain_cannot_be_deleted() -> None:
    account = MailgunAccount()
    account.create()
    account.world.mailgun["regions"]["us"]["domains"][DOMAIN]["domain"]["is_disabled"] = True
    assert account.us.delete(f"/v3/domains/{DOMAIN}").status_code == 400


def test_the_authority_of_another_domain_cannot_be_deleted() -> None:
    account = MailgunAccount()
    account.create("example.org")
    account.create()
    assert account.us.delete("/v3/domains/example.org").status_code == 400
    account.us.delete(f"/v3/domains/{DOMAIN}")
    assert account.us.delete("/v3/domains/example.org").status_code == 200


def test_the_seeded_account_has_things_to_change() -> None:
    account = MailgunAccount()
    domain = account.get("/v4/domains/mg.example.net")["domain"]
    assert (domain["state"], domain["type"]) == ("active", "custom")
    assert account.get("/v3/domains/mg.example.net/webhooks") == {
        "webhooks": {"delivered": {"urls": ["https://hooks.example.net/old"]}}
    }
    european = content(account.eu.get("/v4/domains/promo.example.com"))["domain"]
    assert european["state"] == "unverified"


def test_queues_and_limits_can_be_read() -> None:
    account = MailgunAccount()
    assert set(account.get("/v3/domains/mg.example.net/sending_queues")) == {"regular", "scheduled"}
    assert account.get("/v3/domains/mg.example.net/limits/tag")["count"] == 0
