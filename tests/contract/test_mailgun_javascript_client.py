"""The vendor's JavaScript client drives the sandbox as it drives the service.

The cycles stand in `javascript/cycles.mjs`; here is what they must have come to.
"""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest
from mailgun_box import Served, fresh, served
from mailgun_javascript import Cycle, cycles, refused
from required import needs

NAME = "mg.example.org"
HOOK = "https://hooks.example.com"
NEVER = 1e9
# The three ways in which the client writes a multipart body.
TRANSPORTS = ("built-in", "form-data", "fetch")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    needs("node")
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    return fresh(server)


@pytest.fixture
def cycle(box: Served) -> Cycle:
    """Return a function that runs a cycle and returns what the client told about it."""
    return cycles(box)


def let(box: Served, **settings: Any) -> None:
    box.control("mailgun_us", "POST", "settings", settings)


def names_of(records: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(each["record_type"], each["name"]) for each in records}


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_domain_is_created_changed_and_destroyed(cycle: Cycle, region: str) -> None:
    told = cycle("domains", region)
    created, updated = told["created"], told["updated"]
    assert (created["name"], created["state"]) == (NAME, "unverified")
    assert (created["spam_action"], created["wildcard"]) == ("tag", True)
    assert told["taken"] == refused(400, "This domain name is already taken")
    assert (updated["spam_action"], updated["wildcard"]) == ("block", False)
    assert updated["id"] == created["id"] == told["got"]["id"]
    assert told["prefixed"] == {"status": 200, "body": {"message": "Domain web prefix updated"}}
    assert told["verified"]["web_prefix"] == "click"
    assert told["destroyed"] == {"message": "Domain will be deleted in the background"}
    assert told["unknown"] == refused(404, "Domain not found")


def test_a_domain_comes_with_its_dns_records_and_a_list_without(cycle: Cycle) -> None:
    told = cycle("domains")
    expected = {("TXT", NAME), ("TXT", f"smtp._domainkey.{NAME}"), ("CNAME", f"email.{NAME}")}
    assert names_of(told["got"]["sending_dns_records"]) == expected
    servers = sorted(each["value"] for each in told["got"]["receiving_dns_records"])
    assert servers == ["mxa.mailgun.org", "mxb.mailgun.org"]
    assert ("CNAME", f"links.{NAME}") in names_of(told["updated"]["sending_dns_records"])
    assert told["extended"]["mailfrom_host"] == told["extended"]["dkim_host"] == NAME
    assert [each["name"] for each in told["listed"]][:2] == [NAME, "mg.example.net"]
    assert [each["name"] for each in told["found"]] == [NAME]
    bare = [told["extended"], *told["listed"]]
    lists = ("sending_dns_records", "receiving_dns_records")
    assert all(each[name] is None for each in bare for name in lists)


def test_connection_settings_are_changed_and_read_back(cycle: Cycle) -> None:
    told = cycle("domains")
    assert told["connected"] == {"require_tls": True, "skip_verification": True}
    assert told["connection"].items() > told["connected"].items()


def test_a_domain_is_active_once_its_records_are_found(box: Served, cycle: Cycle) -> None:
    box.control("mailgun_us", "POST", "dns", {"domain": NAME, "published": True})
    told = cycle("verification")
    assert told["created"]["state"] == "unverified"
    assert told["verified"]["state"] == "active"
    assert {each["valid"] for each in told["verified"]["sending_dns_records"]} == {"valid"}


def test_a_domain_of_one_region_is_unknown_in_the_other(cycle: Cycle) -> None:
    told = cycle("regions")
    servers = sorted(each["value"] for each in told["created"]["receiving_dns_records"])
    assert servers == ["mxa.eu.mailgun.org", "mxb.eu.mailgun.org"]
    assert told["taken"] == refused(400, "This domain name is already taken")
    assert told["missing"] == refused(404, "Domain not found")
    assert told["sent"] == refused(401, "Forbidden")


def test_tracking_is_switched_section_by_section(cycle: Cycle) -> None:
    told = cycle("tracking")
    before, after = told["untouched"], told["touched"]
    sections = ("open", "click", "unsubscribe")
    assert not any(before[each]["active"] for each in sections)
    assert "%unsubscribe_url%" in before["unsubscribe"]["html_footer"]
    assert after["open"] == {"active": True, "place_at_the_top": True}
    assert after["click"] == {"active": True}
    assert after["unsubscribe"] == {
        "active": True,
        "html_footer": "<p>%unsubscribe_url%</p>",
        "text_footer": "Leave: %unsubscribe_url%",
    }
    text = "Domain tracking settings have been updated"
    assert [told[each] for each in sections] == [
        {"message": text, each: after[each]} for each in sections
    ]
    assert told["off"] == {"message": text, "click": {"active": False}}


def test_a_certificate_is_generated_for_the_tracking_host(box: Served, cycle: Cycle) -> None:
    let(box, mailgun_x509_delay=0)
    box.control("mailgun_us", "POST", "dns", {"domain": NAME, "published": True})
    told = cycle("certificate")
    assert told["missing"]["status"] == 404
    assert told["generated"] == {
        "status": 202,
        "message": "Initiated x509 key pair generation",
        "location": f"/v2/x509/email.{NAME}/status",
    }
    assert (told["got"]["status"], told["got"]["error"]) == ("active", None)
    assert told["got"]["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert (told["again"]["status"], told["regenerated"]["status"]) == (409, 409)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_webhooks_are_created_replaced_and_destroyed_by_event(cycle: Cycle, transport: str) -> None:
    told = cycle("webhooks", transport=transport)
    first, then = [f"{HOOK}/a"], [f"{HOOK}/b", f"{HOOK}/c"]
    hook = {"id": "clicked", "url": then[0], "urls": then}
    assert told["none"] == {}
    assert told["created"] == {"id": "clicked", "url": first[0], "urls": first}
    assert told["updated"] == told["got"] == told["destroyed"] == hook
    assert told["listed"] == {"clicked": {"urls": then}}
    assert told["missing"] == refused(404, "Webhook not found")


def test_an_event_takes_no_second_webhook_and_no_bad_url(cycle: Cycle) -> None:
    told = cycle("webhooks")
    assert told["duplicate"] == refused(400, "Webhook already exists")
    # The service gives a reason for this, under a key that the client does not read.
    assert told["invalid"] == refused(400, "")


def test_dkim_keys_are_created_activated_and_destroyed(cycle: Cycle) -> None:
    told = cycle("keys")
    created = told["created"]
    assert (created["status"], created["selector"]) == (200, "second")
    assert created["dns_record"]["is_active"] is False
    assert created["dns_record"]["name"] == f"second._domainkey.{NAME}"
    assert told["imported"]["dns_record"]["value"].startswith("k=rsa; p=MIGf")
    assert [each["selector"] for each in told["listed"]["items"]] == ["smtp", "second", "mine"]
    assert told["activated"] == {
        "status": 200,
        "message": "domain key activated",
        "authority": NAME,
        "selector": "second",
        "active": True,
    }
    off = (told["deactivated"]["message"], told["deactivated"]["active"])
    assert off == ("domain key deactivated", False)
    assert told["destroyed"] == {"message": "success"}
    kept = {each["selector"]: each["dns_record"]["is_active"] for each in told["kept"]["items"]}
    assert kept == {"second": True, "mine": False}


def test_dkim_keys_are_neither_doubled_nor_all_destroyed(cycle: Cycle) -> None:
    told = cycle("keys")
    assert told["duplicate"] == refused(400, "failed to create domain key: duplicate key")
    text = "cannot delete domain key: must have at least one active domain key"
    assert told["last"] == refused(400, text)
    assert told["missing"] == refused(404, "domain key not found")


def test_dkim_keys_of_all_domains_come_in_pages(box: Served, cycle: Cycle) -> None:
    told = cycle("keyPages")
    first, second = told["first"]["items"], told["second"]["items"]
    assert (len(first), len(second)) == (10, 2)
    found = {each["signing_domain"] for each in first + second}
    assert found > {f"d{number}.example.org" for number in range(10)} | {"mg.example.net"}
    pages = told["first"]["pages"]
    assert set(pages) == {"previous", "first", "next", "last"}
    url = box.ports["mailgun_us"]["url"]
    assert all(each["url"].startswith(f"{url}/v1/dkim/keys?page=") for each in pages.values())
    assert [each["signing_domain"] for each in told["one"]["items"]] == ["d3.example.org"]


def test_the_selector_and_the_authority_are_changed(cycle: Cycle) -> None:
    told = cycle("selectors")
    assert told["renamed"] == {"status": 200, "message": "DKIM selector changed"}
    records = names_of(told["got"]["sending_dns_records"])
    assert ("TXT", "fresh._domainkey.example.org") in records
    inherited, moved = told["inherited"], told["moved"]
    assert inherited["message"] == "Domain DKIM authority has not been changed"
    assert moved["message"] == "Domain DKIM authority has been changed"
    assert (inherited["changed"], moved["changed"]) == (False, True)
    assert ("TXT", "fresh._domainkey.example.org") in names_of(inherited["sending_dns_records"])
    assert ("TXT", f"smtp._domainkey.{NAME}") in names_of(moved["sending_dns_records"])


def test_rotation_is_set_and_needs_a_verified_domain_to_start(cycle: Cycle) -> None:
    told = cycle("rotation")
    domain = told["updated"]["domain"]
    assert (domain["rotation_enabled"], domain["rotation_interval"]) == ("true", "7d")
    names = [each["name"] for each in domain["records"]]
    assert names == [f"pdk1._domainkey.{NAME}", f"pdk2._domainkey.{NAME}"]
    assert told["early"]["status"] == 400


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_messages_are_queued_in_test_mode_with_files_and_as_mime(
    cycle: Cycle, transport: str
) -> None:
    told = cycle("messages", transport=transport)
    for sent in (told["queued"], told["attached"], told["mime"]):
        assert (sent["status"], sent["message"]) == (200, "Queued. Thank you.")
        assert sent["id"].startswith("<")
        assert sent["id"].endswith("@mg.example.net>")


def test_a_message_that_cannot_be_sent_is_refused(cycle: Cycle) -> None:
    told = cycle("messages")
    no_address = "to parameter is not a valid address. please check documentation"
    parts = "'text', 'html', 'amp-html' or 'template'"
    assert told["nobody"] == told["nowhere"] == refused(400, no_address)
    assert told["anonymous"] == refused(400, "from parameter is missing")
    assert told["empty"] == refused(400, f"Need at least one of {parts} parameters specified")
    text = "Only one parameters 'html' or 'template' is allowed."
    assert told["ambiguous"] == refused(400, text)
    assert told["tagged"] == refused(400, "Too many tags, the maximum is 3")
    assert (told["unverified"]["status"], told["foreign"]["status"]) == (403, 401)
    assert told["foreign"]["details"] == "Forbidden"
    assert told["queue"]["regular"]["is_disabled"] is False


def test_an_address_is_validated(cycle: Cycle) -> None:
    told = cycle("validation")
    assert told["fine"] == {
        "address": "ann@example.com",
        "is_disposable_address": False,
        "is_role_address": False,
        "reason": [],
        "result": "deliverable",
        "risk": "low",
    }
    bad = told["bad"]
    assert (bad["result"], bad["risk"], bad["reason"]) == ("undeliverable", "high", ["no_mx"])
    assert bad["root_address"] == "bob@x.invalid"
    assert told["none"]["status"] == 400


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_list_is_uploaded_and_canceled(box: Served, cycle: Cycle, transport: str) -> None:
    let(box, mailgun_bulk_step=NEVER)
    told = cycle("bulkUpload", transport=transport)
    submitted = {"status": 202, "message": "The validation job was submitted."}
    assert told["created"] == submitted | {"id": "spring"}
    assert told["text"] == submitted | {"id": "summer"}
    assert (told["duplicate"]["status"], told["headless"]["status"]) == (400, 400)
    got = told["got"]
    assert (got["id"], got["status"], got["quantity"]) == ("spring", "created", 3)
    assert got["recordsProcessed"] is None
    assert not {"summary", "downloadUrl"} & got.keys()
    assert told["canceled"] == {"status": 200, "message": "Validation job canceled."}
    assert told["gone"]["status"] == 404


def test_a_job_goes_through_its_states_in_order(box: Served, cycle: Cycle) -> None:
    let(box, mailgun_bulk_step=0.05)
    # A slow machine may miss a state, but none comes before its time.
    states = ("created", "processing", "completed", "uploading", "uploaded")
    order = [states.index(each) for each in cycle("bulkFollow")["states"]]
    assert order == sorted(order)


def test_a_finished_job_has_a_summary_and_results_to_download(box: Served, cycle: Cycle) -> None:
    let(box, mailgun_bulk_step=0)
    job = cycle("bulkResults")["got"]
    assert (job["status"], job["quantity"], job["recordsProcessed"]) == ("uploaded", 3, 2)
    assert job["summary"] == {
        "result": {
            "catchAll": 0,
            "deliverable": 1,
            "doNotSend": 0,
            "undeliverable": 1,
            "unknown": 0,
        },
        "risk": {"high": 1, "low": 1, "medium": 0, "unknown": 0},
    }
    rows = json.loads(unzipped(job["downloadUrl"]["json"]))
    assert [each["address"] for each in rows] == ["ann@example.com", "bob@x.invalid"]
    assert unzipped(job["downloadUrl"]["csv"]).startswith("address,result,risk,reason")


def unzipped(url: str) -> str:
    with urlopen(url) as response, zipfile.ZipFile(io.BytesIO(response.read())) as archive:
        (name,) = archive.namelist()
        return archive.read(name).decode()


def test_jobs_come_in_pages(cycle: Cycle) -> None:
    told = cycle("bulkResults")
    first, second = told["first"], told["second"]
    assert (first["total"], second["total"]) == (2, 2)
    assert [each["id"] for each in first["jobs"] + second["jobs"]] == ["summer", "spring"]
    assert set(first["pages"]) == {"first", "last", "next", "previous"}
    assert first["pages"]["next"]["iteratorPosition"] == "summer"


def test_the_results_of_a_finished_job_are_destroyed(box: Served, cycle: Cycle) -> None:
    let(box, mailgun_bulk_step=0)
    cycle("bulkResults")
    told = cycle("bulkDestroy")
    assert told["destroyed"] == {"status": 200, "message": "Validation job canceled."}
    assert told["got"]["status"] == "deleted"
    assert "downloadUrl" not in told["got"]


@pytest.mark.parametrize("region", ["us", "eu"])
def test_credentials_are_created_changed_and_destroyed(cycle: Cycle, region: str) -> None:
    told = cycle("credentials", region)
    created = {"status": 200, "message": "Created 1 credentials pair(s)"}
    assert told["created"] == told["mailbox"] == created
    assert told["listed"]["totalCount"] == 2
    logins = [each["login"] for each in told["listed"]["items"]]
    assert logins == [f"ann@{NAME}", f"bob@{NAME}"]
    assert told["updated"] == {"status": 200, "message": "Password changed"}
    gone = {"status": 200, "message": "Credentials have been deleted", "spec": f"ann@{NAME}"}
    assert told["destroyed"] == gone
    text = "All domain credentials have been deleted"
    assert told["all"] == {"status": 200, "message": text, "count": 1}
    assert told["none"] == {"items": [], "totalCount": 0}


def test_credentials_need_a_login_and_a_fair_password(cycle: Cycle) -> None:
    told = cycle("credentials")
    text = "Password is too short. It must be between 5 and 32 characters."
    assert told["short"] == refused(400, text)
    assert told["nameless"] == refused(400, "Parameter 'login' is missing")
    assert told["missing"] == refused(404, "Credentials not found")


@pytest.mark.parametrize("region", ["us", "eu"])
def test_a_wrong_key_is_refused_in_the_way_of_each_service(cycle: Cycle, region: str) -> None:
    told = cycle("wrongKey", region)
    assert told.pop("messages") == refused(401, "Forbidden")
    assert all(each == refused(401, "Invalid private key") for each in told.values())


def test_a_sending_key_sends_for_its_domain_and_does_nothing_else(cycle: Cycle) -> None:
    told = cycle("sendingKey")
    assert (told["key"]["role"], told["key"]["domain_name"]) == ("sending", "mg.example.net")
    (listed,) = told["listed"]["items"]
    assert listed["id"] == told["key"]["id"]
    assert "secret" not in listed
    assert told["queued"]["message"] == "Queued. Thank you."
    assert told["refused"] == refused(401, "Invalid private key")
    assert told["destroyed"] == {"status": 200, "message": "key deleted"}
    assert told["expired"] == refused(401, "Forbidden")
