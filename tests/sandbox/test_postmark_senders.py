from typing import Any

import pytest
from postmark_account import PostmarkAccount, content, error_code

ADDRESS = "jane@shop.example.org"
SENDER = {"FromEmail": ADDRESS, "Name": "Jane"}


def create(box: PostmarkAccount, **fields: str) -> Any:
    return content(box.account.post("/senders/", json=SENDER | fields))


def test_a_new_sender_is_unconfirmed_and_named_differently_in_the_answer() -> None:
    sender = create(PostmarkAccount(), ReplyToEmail="re@shop.example.org")
    assert sender["EmailAddress"] == ADDRESS
    assert sender["ReplyToEmailAddress"] == "re@shop.example.org"
    assert sender["Domain"] == "shop.example.org"
    assert sender["Confirmed"] is False
    assert sender["ReturnPathDomain"] == ""
    assert sender["ConfirmationPersonalNote"] == ""
    assert sender["DKIMPendingHost"].endswith("pm._domainkey.shop.example.org")
    assert not {"FromEmail", "ReplyToEmail", "CustomTrackingDomain"} & set(sender)


def test_the_list_holds_short_senders() -> None:
    listed = content(PostmarkAccount().account.get("/senders/?count=1&offset=0"))
    assert listed["TotalCount"] == 1
    sender = listed["SenderSignatures"][0]
    assert isinstance(sender.pop("ID"), int)
    assert sender == {
        "Domain": "mail.example.net",
        "EmailAddress": "ops@mail.example.net",
        "ReplyToEmailAddress": "",
        "Name": "Operations",
        "Confirmed": True,
    }


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"FromEmail": None}, 520),
        ({"FromEmail": "nobody"}, 522),
        ({"FromEmail": "a@localhost"}, 522),
        ({"FromEmail": "jane@gmail.com"}, 503),
        ({"FromEmail": "jane@example.com"}, 503),
        ({"FromEmail": ADDRESS.upper()}, 504),
        ({"FromEmail": "a@b.example.org", "Name": ""}, 511),
        ({"FromEmail": "a@b.example.org", "ReplyToEmail": "nobody"}, 522),
        ({"FromEmail": "a@b.example.org", "ReturnPathDomain": "c.example.org"}, 522),
        ({"FromEmail": "a@b.example.org", "ConfirmationPersonalNote": "x" * 401}, 521),
    ],
)
def test_what_a_sender_must_not_be(fields: Any, code: int) -> None:
    box = PostmarkAccount()
    create(box)
    assert error_code(box.account.post("/senders", json=SENDER | fields)) == code


def test_an_edit_changes_what_is_given_and_leaves_nulls_alone() -> None:
    box = PostmarkAccount()
    sender = create(box, ReplyToEmail="re@shop.example.org")
    path = f"/senders/{sender['ID']}"
    edited = content(box.account.put(path, json={"Name": "J", "ReplyToEmail": None}))
    assert edited == sender | {"Name": "J"}
    cleared = content(box.account.put(path, json={"Name": None, "ReplyToEmail": ""}))
    assert cleared == edited | {"ReplyToEmailAddress": ""}


def test_an_edit_cannot_change_the_address() -> None:
    box = PostmarkAccount()
    path = f"/senders/{create(box)['ID']}"
    edited = content(box.account.put(path, json={"Name": "J", "FromEmail": "a@shop.example.org"}))
    assert edited["EmailAddress"] == ADDRESS


def test_an_edit_without_data_is_refused_with_502() -> None:
    box = PostmarkAccount()
    assert error_code(box.account.put(f"/senders/{create(box)['ID']}", json={})) == 502


def test_a_sender_is_confirmed_by_a_click_only_and_anew_after_a_delete() -> None:
    box = PostmarkAccount()
    box.set(confirmed_senders=[ADDRESS])
    sender = create(box)
    assert sender["Confirmed"] is False
    assert content(box.account.get(f"/senders/{sender['ID']}"))["Confirmed"] is True
    content(box.account.delete(f"/senders/{sender['ID']}"))
    again = create(box)
    assert content(box.account.get(f"/senders/{again['ID']}"))["Confirmed"] is False


def test_the_confirmation_is_sent_again_until_it_is_given() -> None:
    box = PostmarkAccount()
    path = f"/senders/{create(box)['ID']}/resend"
    assert content(box.account.post(path)) == {
        "ErrorCode": 0,
        "Message": f"Confirmation email for Sender Signature {ADDRESS} was re-sent.",
    }
    box.set(confirmed_senders=[ADDRESS])
    assert error_code(box.account.post(path)) == 506


def test_a_sender_shows_the_keys_of_its_domain() -> None:
    box = PostmarkAccount()
    sender = create(box)
    domain = content(box.account.post("/domains", json={"Name": "shop.example.org"}))
    box.world.publish("shop.example.org", published=True)
    content(box.account.put(f"/domains/{domain['ID']}/verifyDkim"))
    after = content(box.account.get(f"/senders/{sender['ID']}"))
    assert after["DKIMHost"] == domain["DKIMPendingHost"]
    assert after["DKIMVerified"]


def test_spf_is_always_found() -> None:
    box = PostmarkAccount()
    assert content(box.account.post(f"/senders/{create(box)['ID']}/verifyspf"))["SPFVerified"]


def test_a_pending_key_is_not_renewed() -> None:
    box = PostmarkAccount()
    response = box.account.post(f"/senders/{create(box)['ID']}/requestnewdkim")
    assert error_code(response) == 505
    assert response.json()["Message"] == "This DKIM is already being renewed."


def test_a_deleted_sender_is_gone() -> None:
    box = PostmarkAccount()
    path = f"/senders/{create(box)['ID']}"
    assert content(box.account.delete(path)) == {
        "ErrorCode": 0,
        "Message": f"Signature {ADDRESS} removed.",
    }
    assert error_code(box.account.get(path)) == 501
    assert error_code(box.account.put(path, json={"Name": "J"})) == 501
