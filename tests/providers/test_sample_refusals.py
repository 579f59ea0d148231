"""What is refused of a sample mail: by us before it is sent, and by the services."""

from typing import Any

import pytest
from sample_trial import MAILGUN, TO, YAML, Trial, mailgun, postmark, refused

from reconciler.errors import InvalidRequest, UsageError
from reconciler.library.sample import draft


@pytest.fixture(params=YAML)
def trial(request: pytest.FixtureRequest) -> Trial:
    return Trial(request.param)


@pytest.mark.parametrize(
    ("code", "text", "way_out"),
    [
        (300, "Invalid 'To' address", "Correct what it names"),
        (300, "The From is no verified Sender Signature", "Neither the address nor its domain"),
        (400, "not a Sender Signature", "declare mail.example.net under `domains`"),
        (401, "not confirmed", "click the link"),
        (405, "credits", "no credits left"),
        (412, "pending approval", "awaits approval"),
        (413, "may not send", "ask Postmark's support"),
        (1235, "no such stream", "no stream `outbound` that sends"),
        (1236, "inbound", "An inbound stream receives"),
    ],
)
def test_a_refusal_of_postmarks_says_the_way_out(code: int, text: str, way_out: str) -> None:
    said = refused(postmark(), 422, {"ErrorCode": code, "Message": text})
    assert f"error code {code}" in said
    assert way_out in said


def test_a_refusal_in_a_good_answer_is_one() -> None:
    said = refused(postmark(), 200, {"ErrorCode": 412, "Message": "pending"})
    assert "error code 412" in said
    assert "awaits approval" in said


def test_a_suppressed_address_is_told_with_its_stream_and_reason() -> None:
    trial = postmark()
    body = {"Suppressions": [{"EmailAddress": TO}]}
    path = "/message-streams/outbound/suppressions"
    trial.account.by_hand("postmark", "POST", path, json=body, provider="t")
    with pytest.raises(InvalidRequest) as error:
        trial.sent()
    said = str(error.value)
    assert error.value.code == 406
    assert (
        f"{TO} is on the suppression list of the stream `outbound` (ManualSuppression, since 20"
        in said
    )
    assert "Suppressions, or send to another address" in said


def test_a_mail_that_was_taken_for_others_only_is_refused() -> None:
    body = {
        "ErrorCode": 0,
        "Message": f"Message OK, but will not deliver to these inactive addresses: {TO}",
    }
    assert f"error code 406: {TO} is on the suppression list" in refused(postmark(), 200, body)


def test_a_list_that_cannot_be_read_does_not_hide_the_refusal() -> None:
    trial = postmark()
    trial.fault(path="*/suppressions/dump", status=403, body="<html>")
    assert "406: jane@" in refused(trial, 422, {"ErrorCode": 406, "Message": "inactive"})


@pytest.mark.parametrize(
    ("status", "text", "way_out"),
    [
        (403, "Please add the address to authorized recipients.", "Authorized recipients"),
        (403, "Free accounts are for test purposes only.", "Authorized recipients"),
        (403, "The domain is unverified and requires DNS configuration.", "`domains verify mg."),
        (403, "The account is on probation.", "on probation"),
        (404, "Domain not found: mg.example.net", "no domain mg.example.net in this region"),
        (400, "to parameter is not a valid address. please check documentation", "address of --to"),
    ],
)  # fmt: skip
def test_a_refusal_of_mailguns_says_the_way_out(status: int, text: str, way_out: str) -> None:
    said = refused(mailgun(), status, {"message": text})
    assert f"HTTP {status}" in said
    assert way_out in said


def test_a_key_that_is_refused_may_be_of_another_account_or_region() -> None:
    said = refused(mailgun(), 401, "Forbidden")
    assert "in another account, or in another region" in said


@pytest.mark.parametrize(
    "to",
    [
        "", "nobody", "a@b", "a@b.example, c@d.example", "a@b.example\r\nBcc: c@d.example",
        "a@b.example\n", "Ann <a@b.example>", "a@b.example;c@d.example", "a@b@c.example",
        "a\u202e@b.example", "a b@c.example", f"{'x' * 250}@b.example", "a@b.example\0",
    ],
)  # fmt: skip
def test_what_is_not_one_address_is_refused_before_anything_is_sent(trial: Trial, to: str) -> None:
    with pytest.raises(UsageError, match="--to: one address") as error:
        trial.sent(to=to)
    assert "\n" not in str(error.value)
    assert trial.requests() == []


@pytest.mark.parametrize(
    "sender",
    ["nobody", "a@b.example, c@d.example", "A\r\nBcc: x@y.example <a@b.example>", "A <a@b"],
)
def test_what_is_not_one_sender_is_refused(trial: Trial, sender: str) -> None:
    with pytest.raises(UsageError, match="--from: one address"):
        trial.sent(sender=sender)


def test_a_sender_may_have_a_name() -> None:
    trial = mailgun(MAILGUN.replace("domains: {mg.example.net: {}},", ""))
    sent = trial.sent(sender='"Ops, and more" <ops@MG.example.net>')
    assert sent.mail.domain == "mg.example.net"


@pytest.mark.parametrize("tag", ["", " ", "ü", "a\nb", "x" * 129])
def test_a_tag_is_plain(trial: Trial, tag: str) -> None:
    with pytest.raises(UsageError, match="--tag"):
        trial.sent(tags=[tag])


@pytest.mark.parametrize(
    ("service", "asked", "said"),
    [
        ("postmark", {"domain": "b.example"}, "--domain"),
        ("postmark", {"tags": ["a", "b"]}, "has one tag"),
        ("postmark", {"bounce": "SoftBounce"}, "only addresses at bounce-testing"),
        ("mailgun", {"stream": "s"}, "no message streams"),
        ("mailgun", {"tags": ["a", "b", "c"]}, "room for 2"),
        ("mailgun", {"bounce": "x"}, "bounces nothing on demand"),
    ],
)
def test_what_a_service_has_not_is_refused(service: str, asked: Any, said: str) -> None:
    trial = Trial(service)
    with pytest.raises(UsageError, match=said):
        trial.sent(**asked)
    assert trial.requests() == []


def test_an_account_without_a_server_sends_nothing() -> None:
    trial = Trial(
        "postmark", "t: {service: postmark, account_token: {env: A}, sender: a@b.example}"
    )
    with pytest.raises(UsageError, match="an account token sends no mail"):
        draft(trial.config.providers["t"], to=TO)


def test_a_mail_needs_a_sender() -> None:
    trial = Trial("postmark", "t: {service: postmark, token: {env: A}}")
    with pytest.raises(UsageError, match="nobody to send from"):
        draft(trial.config.providers["t"], to=TO)
