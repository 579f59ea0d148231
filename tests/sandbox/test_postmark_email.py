from datetime import datetime
from typing import Any

import httpx
import pytest
from postmark_account import PostmarkAccount, content, error_code

MAIL = {
    "From": "ops@mail.example.net",
    "To": "jane@shop.example.org",
    "Subject": "Hello",
    "TextBody": "Hello",
}


def send(box: PostmarkAccount, **fields: Any) -> httpx.Response:
    return box.server.post("/email", json=MAIL | fields)


def suppress(box: PostmarkAccount, *addresses: str) -> Any:
    body = {"Suppressions": [{"EmailAddress": address} for address in addresses]}
    path = "/message-streams/outbound/suppressions"
    return content(box.server.post(path, json=body))["Suppressions"]


def test_a_mail_from_a_confirmed_sender_is_accepted() -> None:
    answer = content(send(PostmarkAccount(), From='"Ops, Mail" <OPS@mail.example.net>'))
    assert answer["To"] == MAIL["To"]
    assert (answer["ErrorCode"], answer["Message"]) == (0, "OK")
    assert len(answer["MessageID"]) == 36
    assert datetime.fromisoformat(answer["SubmittedAt"]).tzinfo is not None


def test_a_verified_domain_lets_every_local_part_send() -> None:
    box = PostmarkAccount()
    domain = content(box.account.post("/domains", json={"Name": "shop.example.org"}))
    assert error_code(send(box, From="any@shop.example.org")) == 400
    box.world.publish("shop.example.org", published=True)
    content(box.account.put(f"/domains/{domain['ID']}/verifyDkim"))
    content(send(box, From="any@shop.example.org"))


def test_an_unknown_sender_is_refused_with_the_recorded_text() -> None:
    response = send(PostmarkAccount(), From="X <x@y.example.org>")
    assert error_code(response) == 400
    assert response.json()["Message"] == (
        "The 'From' address you supplied (x@y.example.org) is not a Sender Signature on your "
        "account. Please add and confirm this address in order to be able to use it in the 'From' "
        "field of your messages."
    )


def test_an_unconfirmed_sender_is_refused_with_401() -> None:
    box = PostmarkAccount()
    sender = {"FromEmail": "jane@shop.example.org", "Name": "Jane"}
    content(box.account.post("/senders", json=sender))
    assert error_code(send(box, From="jane@shop.example.org")) == 401


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"From": None}, 300),
        ({"To": ""}, 300),
        ({"To": ", ".join(f"a{number}@b.example.org" for number in range(51))}, 300),
        ({"To": "a@b"}, 300),
        ({"TextBody": None}, 300),
        ({"Subject": "x" * 2001}, 300),
        ({"Metadata": {str(number): "x" for number in range(11)}}, 300),
        ({"Metadata": {"k": "x" * 81}}, 300),
        ({"TrackLinks": "Some"}, 403),
        ({"TrackOpens": "yes"}, 403),
        ({"Headers": {"X-A": "1"}}, 403),
        ({"Attachments": [{"Name": "a.exe", "Content": "", "ContentType": "x/y"}]}, 411),
        ({"Attachments": [{"Name": "a.txt", "Content": "a", "ContentType": "x/y"}]}, 300),
        ({"MessageStream": "inbound"}, 1236),
        ({"MessageStream": "nothing"}, 1235),
    ],
)
def test_what_a_mail_must_not_be(fields: Any, code: int) -> None:
    assert error_code(send(PostmarkAccount(), **fields)) == code


def test_an_address_without_at_sign_is_refused_with_the_recorded_text() -> None:
    assert send(PostmarkAccount(), To="x").json() == {
        "ErrorCode": 300,
        "Message": (
            "Error parsing 'To': Illegal email address 'x'. It must contain the '@' symbol."
        ),
    }


def test_an_unknown_stream_is_refused_with_the_recorded_text() -> None:
    assert send(PostmarkAccount(), MessageStream="unknown-stream").json() == {
        "ErrorCode": 1235,
        "Message": "The stream provided: 'unknown-stream' does not exist on this server.",
    }


def test_an_archived_stream_cannot_send() -> None:
    box = PostmarkAccount()
    content(box.server.post("/message-streams/broadcast/archive"))
    assert error_code(send(box, MessageStream="broadcast")) == 1235


def test_the_test_token_accepts_any_sender_and_refuses_invalid_mails() -> None:
    client = PostmarkAccount().client(server="POSTMARK_API_TEST")
    mail = MAIL | {"From": "any@where.example.org"}
    assert content(client.post("/email", json=mail))["Message"] == "Test job accepted"
    assert error_code(client.post("/email", json=mail | {"To": "x"})) == 300


def test_the_black_hole_takes_everything() -> None:
    content(send(PostmarkAccount(), To="test@blackhole.postmarkapp.com"))


def test_a_hard_bounce_makes_the_address_inactive() -> None:
    box = PostmarkAccount()
    address = "hardbounce@bounce-testing.postmarkapp.com"
    content(send(box, To=address))
    response = send(box, To=address)
    assert error_code(response) == 406
    assert (
        f"Found inactive addresses: {address}. Inactive recipients are ones that have "
        in (response.json()["Message"])
    )


def test_some_inactive_recipients_are_named_in_a_success() -> None:
    box = PostmarkAccount()
    suppress(box, "gone@shop.example.org")
    answer = content(send(box, Cc="gone@shop.example.org"))
    assert answer["Message"] == (
        "Message OK, but will not deliver to these inactive addresses: gone@shop.example.org"
    )


def test_a_pending_account_sends_to_its_own_domain_only() -> None:
    box = PostmarkAccount()
    box.set(postmark_account_pending=True)
    assert error_code(send(box)) == 412
    content(send(box, To="jane@mail.example.net"))


def test_a_batch_answers_each_mail_in_its_place() -> None:
    answers = content(
        PostmarkAccount().server.post("/email/batch", json=[MAIL, MAIL | {"To": "x"}, "mail"])
    )
    assert [answer["ErrorCode"] for answer in answers] == [0, 300, 403]
    assert set(answers[1]) == {"ErrorCode", "Message"}


def test_a_batch_holds_500_mails_at_most() -> None:
    server = PostmarkAccount().server
    assert len(content(server.post("/email/batch", json=[MAIL] * 500))) == 500
    assert error_code(server.post("/email/batch", json=[MAIL] * 501)) == 410
    assert error_code(server.post("/email/batch", json=MAIL)) == 403


def test_a_mail_over_ten_megabytes_is_413() -> None:
    attachment = {"Name": "a.txt", "Content": "A" * 11 * 1024 * 1024, "ContentType": "text/plain"}
    assert send(PostmarkAccount(), Attachments=[attachment]).status_code == 413


def test_suppressions_are_made_filtered_and_deleted() -> None:
    box = PostmarkAccount()
    path = "/message-streams/outbound/suppressions"
    made = suppress(box, "a@shop.example.org", "nobody")
    assert [each["Status"] for each in made] == ["Suppressed", "Failed"]
    entry = content(box.server.get(f"{path}/dump?emailaddress=A@shop.example.org"))["Suppressions"]
    assert [each["SuppressionReason"] for each in entry] == ["ManualSuppression"]
    assert set(entry[0]) == {"EmailAddress", "SuppressionReason", "Origin", "CreatedAt"}
    for empty in ("Origin=Recipient", "SuppressionReason=HardBounce", "todate=2000-01-01"):
        assert content(box.server.get(f"{path}/dump?{empty}")) == {"Suppressions": []}
    body = {"Suppressions": [{"EmailAddress": "a@shop.example.org"}]}
    deleted = content(box.server.post(f"{path}/delete", json=body))["Suppressions"]
    assert deleted == [{"EmailAddress": "a@shop.example.org", "Status": "Deleted", "Message": None}]
    assert content(box.server.get(f"{path}/dump")) == {"Suppressions": []}


def test_a_call_takes_50_suppressions_at_most() -> None:
    body = {"Suppressions": [{"EmailAddress": "a@b.example.org"}] * 51}
    response = PostmarkAccount().server.post("/message-streams/outbound/suppressions", json=body)
    assert error_code(response) == 1401
