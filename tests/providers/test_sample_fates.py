"""What becomes of a sample mail, as each service tells it, and what tells nothing."""

import json
from typing import Any

import pytest
from sample_trial import DETAILS, MAILGUN, log, mailgun, postmark

from reconciler.model import MailOutcome

HOSTILE_DETAILS = (
    {"MessageEvents": None},
    {"MessageEvents": ["x", 5, {}]},
    {"MessageEvents": [{"Type": ["Delivered"]}]},
    {"MessageEvents": {"Type": "Delivered"}},
    {"MessageEvents": [{"Type": "Opened", "Details": "x"}]},
)


@pytest.mark.parametrize("told", HOSTILE_DETAILS)
def test_details_that_are_none_tell_nothing(told: Any) -> None:
    trial = postmark()
    trial.fault(path=DETAILS, body=told, times=99)
    assert trial.fate(wait=5)[1].outcome is MailOutcome.NO_EVENT


@pytest.mark.parametrize("at", [None, 5, "soon", "9999-99-99", [], "2014-02-17T07:25:01"])
def test_an_event_without_a_time_is_told_without_one(at: Any) -> None:
    trial = postmark()
    event = {"Type": "Bounced", "ReceivedAt": at, "Details": {"Summary": "a\x1b[31m\nb"}}
    trial.fault(path=DETAILS, body={"MessageEvents": [event]})
    _, fate = trial.fate()
    assert (fate.outcome, fate.detail) == (MailOutcome.BOUNCED, "a [31m b")
    assert fate.seconds in (None, 0)


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        ({"@timestamp": 5}, None),
        ({"timestamp": 1e300}, None),
        ({"timestamp": float("nan")}, None),
        ({"timestamp": 1}, 0),
        ({"@timestamp": "2000-01-01T00:00:00.000Z"}, 0),
        ({"@timestamp": "never"}, None),
    ],
)
def test_a_log_whose_time_is_none_is_told_without_one(when: Any, seconds: float | None) -> None:
    trial = mailgun()
    sent = trial.sent()
    trial.fault(
        path="/v1/analytics/logs", body=json.dumps({"items": [log(sent.message_id, **when)]})
    )
    with trial.sampler() as sampler:
        fate = sampler.wait(sent, 5)
    assert (fate.outcome, fate.seconds) == (MailOutcome.DELIVERED, seconds)


@pytest.mark.parametrize(
    "items", [[5, "x", {}], [{"event": "delivered"}], [log("another@mg.example.net")], []]
)
def test_logs_of_other_mails_tell_nothing_of_this_one(items: Any) -> None:
    trial = mailgun()
    trial.fault(path="/v1/analytics/logs", body={"items": items}, times=99)
    assert trial.fate(wait=5)[1].outcome is MailOutcome.NO_EVENT


def test_logs_that_never_end_are_read_no_further_than_some_pages() -> None:
    trial = mailgun()
    sent = trial.sent()
    endless = {"items": [log("x@y")], "pagination": {"next": "again"}}
    trial.fault(path="/v1/analytics/logs", body=endless, times=999)
    trial.account.forget_requests()
    with trial.sampler() as sampler:
        assert sampler.wait(sent, 1).outcome is MailOutcome.NO_EVENT
    assert len(trial.requests()) == 10


@pytest.mark.parametrize(
    ("status", "body"),
    [(404, {"error": "not found"}), (403, {"message": "Forbidden"}), (404, {"message": "no"})],
)
def test_without_logs_the_events_are_asked_as_before(status: int, body: Any) -> None:
    trial = mailgun()
    trial.fault(path="/v1/analytics/logs", status=status, body=body, times=99)
    _, fate = trial.fate()
    assert fate.outcome is MailOutcome.DELIVERED
    assert trial.requests()[-1] == "GET /v3/mg.example.net/events"


def test_a_mail_among_many_is_found_page_by_page() -> None:
    trial = mailgun()
    sent = trial.sent()
    for number in range(70):
        form = {"from": "a@mg.example.net", "to": f"u{number}@b.example", "text": "t"}
        trial.account.by_hand("mailgun_us", "POST", "/v3/mg.example.net/messages", data=form)
    last = trial.sent()
    with trial.sampler() as sampler:
        for each in (sent, last):
            assert sampler.wait(each, 1).outcome is MailOutcome.DELIVERED


@pytest.mark.parametrize(
    ("to", "outcome", "said"),
    [
        ("bounce@b.example", MailOutcome.BOUNCED, "bounce: 550 5.1.1 no such mailbox"),
        ("x@b.invalid", MailOutcome.FAILED, "generic: 498 No MX for the domain"),
        ("deferred@b.example", MailOutcome.NO_EVENT, "put off, and tried again: 421"),
        ("gone@b.example", MailOutcome.FAILED, "the domain's own suppression list"),
    ],
)
def test_a_mail_that_mailgun_fails_with_is_told_with_its_reason(
    to: str, outcome: MailOutcome, said: str
) -> None:
    trial = mailgun()
    entry = trial.account.sandbox.world.mailgun["regions"]["us"]["domains"]["mg.example.net"]
    entry["suppressions"] = {"bounces": {"gone@b.example": {}}}
    _, fate = trial.fate(wait=3, to=to)
    assert fate.outcome is outcome
    assert said in fate.detail


def test_a_rejected_mail_has_failed() -> None:
    trial = mailgun()
    sent = trial.sent()
    told = log(sent.message_id, event="rejected", reject={"reason": "no\nway"})
    trial.fault(path="/v1/analytics/logs", body={"items": [told]})
    with trial.sampler() as sampler:
        fate = sampler.wait(sent, 5)
    assert (fate.outcome, fate.detail) == (MailOutcome.FAILED, "rejected: no way")


def test_in_test_mode_nothing_is_really_delivered() -> None:
    _, fate = mailgun(MAILGUN.replace("testmode: false", "testmode: true")).fate()
    assert fate.outcome is MailOutcome.NOT_REALLY
    assert "test mode" in fate.detail


def test_a_sandbox_server_delivers_nothing_really() -> None:
    trial = postmark()
    sandbox = trial.account.sandbox
    sandbox.token_for("postmark", "token", "t")
    for server in sandbox.world.postmark["servers"].values():
        server["DeliveryType"] = "Sandbox"
    _, fate = trial.fate()
    assert fate.outcome is MailOutcome.NOT_REALLY
    assert "Sandbox server" in fate.detail


def test_the_black_hole_delivers_nothing_really() -> None:
    _, fate = postmark().fate(to="test@blackhole.postmarkapp.com")
    assert fate.outcome is MailOutcome.NOT_REALLY


def test_a_hard_bounce_can_be_asked_for_again_and_again_and_leaves_nothing() -> None:
    trial = postmark()
    for _ in range(2):
        sent, fate = trial.fate(to="", bounce="HardBounce")
        assert fate.outcome is MailOutcome.BOUNCED
        assert sent.mail.run in sent.mail.to
    dump = "/message-streams/outbound/suppressions/dump"
    assert trial.account.by_hand("postmark", "GET", dump, provider="t") == {"Suppressions": []}


@pytest.mark.parametrize("bounce", ["SoftBounce", "DnsError", "Transient"])
def test_other_bounces_can_be_asked_for(bounce: str) -> None:
    sent, fate = postmark().fate(to="", bounce=bounce)
    assert fate.outcome is MailOutcome.BOUNCED
    assert fate.detail.startswith(bounce)
    assert sent.mail.to == f"{bounce}@bounce-testing.postmarkapp.com"


def test_to_be_put_off_is_a_bounce_where_that_was_asked_for() -> None:
    trial = postmark()
    body = {"MessageEvents": [{"Type": "Transient", "Details": {"DeliveryMessage": "later"}}]}
    trial.fault(path=DETAILS, body=body)
    assert trial.fate(to="", bounce="SoftBounce")[1].outcome is MailOutcome.BOUNCED
    trial.fault(path=DETAILS, body=body, times=99)
    _, fate = trial.fate(wait=3)
    assert (fate.outcome, fate.detail) == (MailOutcome.NO_EVENT, "later")
