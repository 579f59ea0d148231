import base64
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from postmark_account import PostmarkAccount, content, error_code

NAME = "shop.example.org"
SHORT = {"ID", "Name", "SPFVerified", "DKIMVerified", "WeakDKIM", "ReturnPathDomainVerified"}


def create(box: PostmarkAccount, name: str = NAME, **fields: str) -> Any:
    return content(box.account.post("/domains", json={"Name": name, **fields}))


def published(box: PostmarkAccount, name: str = NAME) -> Any:
    """Create a domain whose DKIM record was published and found."""
    domain = create(box, name)
    box.world.publish(name, published=True)
    return verified(box, domain)


def verified(box: PostmarkAccount, domain: Any) -> Any:
    return content(box.account.put(f"/domains/{domain['ID']}/verifyDkim"))


def test_a_new_domain_answers_like_the_recorded_one() -> None:
    domain = create(PostmarkAccount())
    host, key = domain.pop("DKIMPendingHost"), domain.pop("DKIMPendingTextValue")
    assert re.fullmatch(r"\d{14}pm\._domainkey\.shop\.example\.org", host)
    assert key.startswith("k=rsa; p=MIGfMA0G")
    assert isinstance(domain.pop("ID"), int)
    assert domain == {
        "Name": NAME,
        "SPFVerified": False,
        "SPFHost": NAME,
        "SPFTextValue": "v=spf1 a mx include:spf.mtasv.net ~all",
        "DKIMVerified": False,
        "WeakDKIM": False,
        "DKIMHost": "",
        "DKIMTextValue": "",
        "DKIMRevokedHost": "",
        "DKIMRevokedTextValue": "",
        "SafeToRemoveRevokedKeyFromDNS": False,
        "DKIMUpdateStatus": "Pending",
        "ReturnPathDomain": "",
        "ReturnPathDomainVerified": False,
        "ReturnPathDomainCNAMEValue": "pm.mtasv.net",
        "CustomTrackingDomain": "",
        "CustomTrackingVerified": False,
        "CustomTrackingDomainCNAMEValue": "",
    }


def test_the_key_to_publish_is_a_real_rsa_key_of_1024_bits() -> None:
    text = create(PostmarkAccount())["DKIMPendingTextValue"]
    key = load_der_public_key(base64.b64decode(text.removeprefix("k=rsa; p=")))
    assert isinstance(key, RSAPublicKey)
    assert key.key_size == 1024


def test_a_domain_reads_back_as_it_was_created() -> None:
    box = PostmarkAccount()
    domain = create(box, ReturnPathDomain=f"pm-bounces.{NAME}")
    assert domain["ReturnPathDomain"] == f"pm-bounces.{NAME}"
    assert content(box.account.get(f"/domains/{domain['ID']}")) == domain


def test_the_list_holds_no_dns_values() -> None:
    listed = content(PostmarkAccount().account.get("/domains?count=500&offset=0"))
    assert listed["TotalCount"] == 2
    assert {frozenset(each) for each in listed["Domains"]} == {frozenset(SHORT)}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 514),
        ({"Name": None}, 514),
        ({"Name": ""}, 514),
        ({"Name": f"{'a.' * 130}com"}, 515),
        ({"Name": "localhost"}, 516),
        ({"Name": "a b.com"}, 516),
        ({"Name": "-a.com"}, 516),
        ({"Name": "a.com\n"}, 516),
        ({"Name": "gmail.com"}, 503),
        ({"Name": NAME, "ReturnPathDomain": "bounces.example.org"}, 522),
        ({"Name": NAME, "ReturnPathDomain": NAME}, 522),
        ({"Name": NAME, "ReturnPathDomain": f"no subdomain.{NAME}"}, 522),
        ({"Name": 5}, 403),
        ([], 403),
    ],
)
def test_what_a_domain_must_not_be(fields: Any, code: int) -> None:
    assert error_code(PostmarkAccount().account.post("/domains", json=fields)) == code


def test_a_second_create_of_the_same_domain_is_refused_with_512() -> None:
    box = PostmarkAccount()
    create(box)
    assert error_code(box.account.post("/domains", json={"Name": NAME.upper()})) == 512


def test_the_plan_limits_the_domains() -> None:
    box = PostmarkAccount()
    box.set(postmark_max_domains=2)
    assert error_code(box.account.post("/domains", json={"Name": NAME})) == 614


def test_an_edit_leaves_nulls_alone_and_clears_by_an_empty_string() -> None:
    box = PostmarkAccount()
    domain = create(box, ReturnPathDomain=f"a.{NAME}")
    path = f"/domains/{domain['ID']}"
    assert content(box.account.put(path, json={"ReturnPathDomain": None})) == domain
    assert content(box.account.put(path, json={"ReturnPathDomain": ""}))["ReturnPathDomain"] == ""


def test_an_edit_without_data_is_refused_with_502() -> None:
    box = PostmarkAccount()
    path = f"/domains/{create(box)['ID']}"
    assert error_code(box.account.put(path)) == 502
    assert error_code(box.account.put(path, json={})) == 502


def test_a_return_path_is_verified_by_dns_and_anew_after_a_change() -> None:
    box = PostmarkAccount()
    domain = create(box, ReturnPathDomain=f"a.{NAME}")
    path = f"/domains/{domain['ID']}"
    assert not content(box.account.put(f"{path}/verifyReturnPath"))["ReturnPathDomainVerified"]
    box.world.publish(NAME, published=True)
    assert content(box.account.put(f"{path}/verifyReturnPath"))["ReturnPathDomainVerified"]
    same = content(box.account.put(path, json={"ReturnPathDomain": f"a.{NAME}"}))
    assert same["ReturnPathDomainVerified"]
    changed = content(box.account.put(path, json={"ReturnPathDomain": f"b.{NAME}"}))
    assert not changed["ReturnPathDomainVerified"]


def test_an_unset_return_path_never_verifies() -> None:
    box = PostmarkAccount()
    path = f"/domains/{published(box)['ID']}"
    assert not content(box.account.put(f"{path}/verifyReturnPath"))["ReturnPathDomainVerified"]


def test_a_check_without_a_record_succeeds_and_changes_nothing() -> None:
    box = PostmarkAccount()
    domain = create(box)
    assert verified(box, domain) == domain


def test_a_found_key_moves_from_pending_to_active() -> None:
    box = PostmarkAccount()
    domain = create(box)
    box.world.publish(NAME, published=True)
    after = verified(box, domain)
    assert after["DKIMVerified"]
    assert after["DKIMUpdateStatus"] == "Verified"
    assert after["DKIMHost"] == domain["DKIMPendingHost"]
    assert after["DKIMTextValue"] == domain["DKIMPendingTextValue"]
    assert after["DKIMPendingHost"] == after["DKIMPendingTextValue"] == ""


def test_a_verified_domain_stays_verified_when_its_record_vanishes() -> None:
    box = PostmarkAccount()
    domain = published(box)
    box.world.publish(NAME, published=False)
    assert verified(box, domain)["DKIMVerified"]


def test_a_key_that_is_pending_is_not_rotated() -> None:
    box = PostmarkAccount()
    response = box.account.post(f"/domains/{create(box)['ID']}/rotatedkim")
    assert error_code(response) == 505
    assert response.json()["Message"] == "This DKIM is already being renewed."


def test_a_rotated_key_is_pending_beside_the_active_one_and_then_revokes_it() -> None:
    box = PostmarkAccount()
    domain = published(box)
    box.world.publish(NAME, published=False)
    rotated = content(box.account.post(f"/domains/{domain['ID']}/rotatedkim"))
    assert (rotated["ID"], rotated["Name"]) == (domain["ID"], NAME)
    assert rotated["DKIMHost"] == domain["DKIMHost"]
    assert rotated["DKIMPendingHost"] not in ("", domain["DKIMHost"])
    assert rotated["DKIMUpdateStatus"] == "Pending"
    assert "ReturnPathDomain" not in rotated
    assert verified(box, domain)["DKIMHost"] == domain["DKIMHost"]
    box.world.publish(NAME, published=True)
    after = verified(box, domain)
    assert after["DKIMHost"] == rotated["DKIMPendingHost"]
    assert after["DKIMRevokedHost"] == domain["DKIMHost"]
    assert not after["SafeToRemoveRevokedKeyFromDNS"]
    assert verified(box, domain)["SafeToRemoveRevokedKeyFromDNS"]


def test_spf_is_always_found() -> None:
    box = PostmarkAccount()
    domain = create(box)
    assert content(box.account.post(f"/domains/{domain['ID']}/verifyspf")) == {
        "SPFVerified": True,
        "SPFHost": NAME,
        "SPFTextValue": domain["SPFTextValue"],
    }


def test_a_tracking_domain_is_set_verified_and_cleared() -> None:
    box = PostmarkAccount()
    path = f"/domains/{create(box)['ID']}"
    domain = content(box.account.put(path, json={"CustomTrackingDomain": f"links.{NAME}"}))
    assert domain["CustomTrackingDomainCNAMEValue"]
    assert not domain["CustomTrackingVerified"]
    box.world.publish(NAME, published=True)
    assert content(box.account.put(f"{path}/verifyCustomTracking"))["CustomTrackingVerified"]
    cleared = content(box.account.put(path, json={"CustomTrackingDomain": ""}))
    assert not cleared["CustomTrackingVerified"]
    assert cleared["CustomTrackingDomainCNAMEValue"] == ""


def test_a_deleted_domain_is_gone_and_comes_back_with_another_key() -> None:
    box = PostmarkAccount()
    domain = create(box)
    path = f"/domains/{domain['ID']}"
    assert content(box.account.delete(path)) == {
        "ErrorCode": 0,
        "Message": f"Domain {NAME} removed.",
    }
    assert error_code(box.account.get(path)) == 510
    assert error_code(box.account.delete(path)) == 510
    again = create(box)
    assert again["ID"] != domain["ID"]
    assert again["DKIMPendingTextValue"] != domain["DKIMPendingTextValue"]


def test_the_senders_of_a_deleted_domain_stay() -> None:
    box = PostmarkAccount()
    domains = content(box.account.get("/domains?count=500&offset=0"))["Domains"]
    domain_id = next(each["ID"] for each in domains if each["Name"] == "mail.example.net")
    content(box.account.delete(f"/domains/{domain_id}"))
    assert content(box.account.get("/senders?count=500&offset=0"))["TotalCount"] == 1
