"""What is to be published in DNS: notes of a plan, and what an apply shows at its end."""

from typing import Any

import pytest
from account import Account, addresses, yaml

from reconciler.providers.postmark.dns import notes as notes_of
from reconciler.reports.documents import results_as_document
from reconciler.reports.text import results_as_text

NAME = "example.org"
DOMAIN = yaml(
    f"t: {{service: postmark, account_token: {{env: B}}, "
    f"domains: {{{NAME}: {{return_path: pm.{NAME}}}}}}}"
)
BARE = yaml(f"t: {{service: postmark, account_token: {{env: B}}, domains: {{{NAME}: {{}}}}}}")


def applied() -> Account:
    account = Account()
    account.apply(DOMAIN)
    return account


def domain_of(account: Account) -> dict[str, Any]:
    found: dict[str, Any] = next(
        each for each in account.sandbox.world.postmark["domains"].values() if each["Name"] == NAME
    )
    return found


def publish(account: Account) -> None:
    account.sandbox.world.publish(NAME, published=True)
    for call in ("verifyDkim", "verifyReturnPath"):
        account.by_hand("postmark", "PUT", f"/domains/{domain_of(account)['ID']}/{call}")


def notes(account: Account) -> list[str]:
    plan = account.plan(BARE)
    assert addresses(plan) == []
    return [note.text for note in plan.notes]


def test_a_domain_that_never_was_verified_is_told_with_its_records() -> None:
    account = applied()
    domain = domain_of(account)
    assert notes(account) == [
        (
            f"DKIM is not verified yet; publish {domain['DKIMPendingHost']} TXT "
            f"{domain['DKIMPendingTextValue']}"
        ),
        f"the Return-Path domain is not verified yet; publish pm.{NAME} CNAME pm.mtasv.net",
    ]


def test_a_verified_domain_is_nothing_to_tell_of() -> None:
    account = applied()
    publish(account)
    assert notes(account) == []
    assert account.plan(BARE).records == ()


def test_a_pending_rotation_is_told_with_the_record_and_what_to_keep() -> None:
    account = applied()
    publish(account)
    old = domain_of(account)["DKIMHost"]
    account.by_hand("postmark", "POST", f"/domains/{domain_of(account)['ID']}/rotatedkim")
    domain = domain_of(account)
    assert notes(account) == [
        (
            f"a DKIM rotation is pending; publish {domain['DKIMPendingHost']} TXT "
            f"{domain['DKIMPendingTextValue']}, and leave {old} in DNS until then"
        )
    ]
    ((address, record),) = account.plan(BARE).records
    assert (str(address), record.host) == (f"t/domains/{NAME}", domain["DKIMPendingHost"])


@pytest.mark.parametrize(
    ("checks", "fate"),
    [
        (1, "is revoked and still in use: leave it in DNS"),
        (2, "is no longer used, and can be removed from DNS"),
    ],
)
def test_a_revoked_key_is_told_with_its_record(checks: int, fate: str) -> None:
    account = applied()
    publish(account)
    number, old = domain_of(account)["ID"], domain_of(account)["DKIMHost"]
    account.by_hand("postmark", "POST", f"/domains/{number}/rotatedkim")
    for _ in range(checks):
        account.by_hand("postmark", "PUT", f"/domains/{number}/verifyDkim")
    value = domain_of(account)["DKIMRevokedTextValue"]
    assert notes(account) == [f"the former DKIM key {fate}: {old} TXT {value}"]


@pytest.mark.parametrize("verified", [True, False])
def test_a_key_that_failed_is_told_with_its_record(verified: bool) -> None:  # noqa: FBT001
    (note,) = notes_of(
        {
            "DKIMVerified": verified,
            "DKIMUpdateStatus": "Failed",
            "DKIMPendingHost": "a._domainkey.example.org",
            "DKIMPendingTextValue": "k=rsa; p=x",
        }
    )
    assert note == (
        "the DKIM key could not be verified; publish a._domainkey.example.org TXT k=rsa; p=x, and "
        "then `run verify`"
    )


def test_a_weak_key_says_what_makes_another() -> None:
    (note,) = notes_of({"DKIMVerified": True, "WeakDKIM": True})
    assert "`run rotate-dkim`" in note


def test_a_domain_that_is_to_be_deleted_asks_for_nothing() -> None:
    absent = yaml(
        f"t: {{service: postmark, account_token: {{env: B}}, "
        f"domains: {{{NAME}: {{ensure: absent}}}}}}"
    )
    account = applied()
    plan = account.plan(absent)
    assert (plan.notes, plan.records) == ((), ())


def test_an_apply_with_nothing_to_change_shows_what_is_to_be_published() -> None:
    account = applied()
    plan = account.plan(DOMAIN)
    assert addresses(plan) == []
    domain = domain_of(account)
    shown = results_as_text([], plan.records)
    assert shown.startswith("DNS records still to be published:")
    assert domain["DKIMPendingHost"] in shown
    assert "pm.mtasv.net" in shown
    assert "Apply:" not in shown
    document = results_as_document([], plan.records)
    assert [each["host"] for each in document["records"]] == [
        domain["DKIMPendingHost"],
        f"pm.{NAME}",
    ]
    assert document["results"] == []
    assert results_as_text([], ()) == ""


def test_what_was_applied_tells_its_records_anew_and_the_rest_as_planned() -> None:
    account = applied()
    other = yaml(
        f"t: {{service: postmark, account_token: {{env: B}}, domains: {{{NAME}: {{}}, "
        "new.example.net: {}}}"
    )
    plan = account.plan(other)
    results = account.apply(other, plan)
    hosts = [each["host"] for each in results_as_document(results, plan.records)["records"]]
    assert len(hosts) == len(set(hosts)) == 3
    assert sum(host.endswith("new.example.net") for host in hosts) == 1
