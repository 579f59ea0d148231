"""A sample mail through either service: sent once, and looked for until its end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sample_trial import DETAILS, SENDING, TO, YAML, Trial, log, mailgun, postmark, refused

from reconciler.errors import OutcomeUnknown
from reconciler.library.sample import draft
from reconciler.model import MailOutcome, seconds_between


@pytest.fixture(params=YAML)
def trial(request: pytest.FixtureRequest) -> Trial:
    return Trial(request.param)


def test_a_mail_is_delivered(trial: Trial) -> None:
    sent, fate = trial.fate()
    assert fate.outcome is MailOutcome.DELIVERED
    assert fate.seconds is not None
    assert 0 <= fate.seconds < 60
    assert "250" in fate.detail
    assert sent.message_id
    assert trial.sendings == 1
    assert trial.account.waited == []


def test_a_mail_carries_its_tag_its_run_and_no_tracking() -> None:
    trial = postmark()
    sent = trial.sent()
    path = f"/messages/outbound/{sent.message_id}/details"
    told = trial.account.by_hand("postmark", "GET", path, provider="t")
    assert (told["Tag"], told["TrackOpens"], told["TrackLinks"]) == (
        "esp-reconcile-test",
        False,
        "None",
    )
    assert told["Metadata"] == {"run": sent.mail.run}
    assert sent.mail.run in told["Subject"]


def test_a_mail_of_mailguns_has_the_given_tags_behind_their_prefix() -> None:
    trial = mailgun()
    trial.sent(tags=["a", "b"])
    events = trial.account.by_hand("mailgun_us", "GET", "/v3/mg.example.net/events")["items"]
    assert events[0]["tags"] == ["esp-reconcile-test", "pm-a", "pm-b"]
    assert events[0]["user-variables"].keys() == {"run"}


def test_what_is_not_there_yet_is_looked_for_in_growing_pauses(trial: Trial) -> None:
    trial.set(postmark_index_delay=1e9, mailgun_index_delay=1e9)
    _, fate = trial.fate(wait=100)
    assert fate.outcome is MailOutcome.NO_EVENT
    assert trial.account.waited == [1, 2, 4, 8, 15, 30, 30, 10]
    assert trial.sendings == 1


def test_an_event_that_comes_late_is_found(trial: Trial) -> None:
    trial.set(postmark_event_delay=1e9, mailgun_event_delay=1e9)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            trial.set(postmark_event_delay=0, mailgun_event_delay=0)

    with trial.sampler(pause) as sampler:
        sent = sampler.send(draft(sampler.account, to=TO))
        fate = sampler.wait(sent, 120)
    assert fate.outcome is MailOutcome.DELIVERED
    assert pauses == [1, 2, 4]


def test_who_does_not_wait_does_not_look(trial: Trial) -> None:
    _, fate = trial.fate(wait=0)
    assert fate.outcome is MailOutcome.NO_EVENT
    assert trial.requests() == [SENDING[trial.service]]


def test_an_event_that_reads_as_earlier_than_its_mail_took_no_time() -> None:
    now = datetime(2026, 11, 24, 12, 0, 0, 900_000, UTC)
    assert seconds_between(now, now - timedelta(seconds=0.9)) == 0
    trial = postmark()
    event = {"Type": "Delivered", "ReceivedAt": "2014-02-17T12:25:01.0000000Z", "Details": {}}
    details = {"ReceivedAt": "2014-02-17T07:25:01.4178645-05:00", "MessageEvents": [event]}
    trial.fault(path=DETAILS, body=details)
    assert trial.fate()[1].seconds == 0


@pytest.mark.parametrize("drop", ["after", "before"])
def test_a_mail_whose_answer_was_lost_is_sought_and_not_sent_again(trial: Trial, drop: str) -> None:
    trial.fault(method="POST", path="/email", drop=drop)
    trial.fault(method="POST", path="/v3/*/messages", drop=drop)
    with pytest.raises(OutcomeUnknown) as error:
        trial.sent()
    assert trial.sendings == 1
    said = str(error.value)
    assert "It was not sent again" in said
    assert ("the service took it all the same, as" in said) is (drop == "after")
    assert ("by now the service knows nothing of it (run " in said) is (drop == "before")


@pytest.mark.parametrize("body", ["", "[]", "{}", "<html>", '{"MessageID": "../x", "id": "a b"}'])
def test_an_answer_that_names_no_mail_is_one_that_was_lost(trial: Trial, body: str) -> None:
    trial.fault(method="POST", path="/email", body=body)
    trial.fault(method="POST", path="/v3/*/messages", body=body)
    with pytest.raises(OutcomeUnknown, match="It was not sent again"):
        trial.sent()
    assert trial.sendings == 1


def test_a_server_error_is_not_answered_by_a_second_mail(trial: Trial) -> None:
    trial.fault(method="POST", path="*", status=503, body={}, times=9)
    with pytest.raises(OutcomeUnknown):
        trial.sent()
    assert trial.sendings == 1


def test_a_mail_that_cannot_be_looked_for_was_not_sent_again_either() -> None:
    trial = postmark()
    trial.fault(method="POST", path="/email", drop="after")
    trial.fault(method="GET", path="/messages/outbound", status=403, body="<html>firewall")
    with pytest.raises(OutcomeUnknown, match="not sent again, and could not be looked for"):
        trial.sent()


def test_no_answer_to_a_look_is_waited_out(trial: Trial) -> None:
    sending = trial.sent()
    trial.fault(path=DETAILS, status=500, body="", times=6)
    trial.fault(path="/v1/analytics/logs", drop="before", times=2)
    with trial.sampler() as sampler:
        fate = sampler.wait(sending, 120)
    assert fate.outcome is MailOutcome.DELIVERED


def test_a_token_that_may_not_look_ends_the_looking(trial: Trial) -> None:
    sending = trial.sent()
    trial.fault(path=DETAILS, status=401, body={"ErrorCode": 10, "Message": "no"}, times=9)
    trial.fault(path="/v1/analytics/logs", status=401, body="Forbidden", times=9)
    with trial.sampler() as sampler:
        fate = sampler.wait(sending, 120)
    assert fate.outcome is MailOutcome.NO_EVENT
    assert fate.detail.startswith("not told: ")
    assert trial.account.waited == []


def test_no_token_is_shown_that_an_answer_repeats(trial: Trial) -> None:
    with trial.sampler() as sampler:
        sent = sampler.send(draft(sampler.account, to=TO))
        tokens = trial.account.sandbox.token_for(trial.service, "token", sampler.account.name)
    event = {"Type": "Delivered", "Details": {"DeliveryMessage": f"250 {tokens}"}}
    status = {"code": 250, "message": f"OK {tokens}", "mx-host": tokens}
    trial.fault(path=DETAILS, body={"MessageEvents": [event]})
    trial.fault(
        path="/v1/analytics/logs",
        body={"items": [log(sent.message_id, **{"delivery-status": status})]},
    )
    with trial.sampler() as sampler:
        fate = sampler.wait(sent, 5)
    assert fate.outcome is MailOutcome.DELIVERED
    assert tokens not in fate.detail
    assert "(secret)" in fate.detail
    said = refused(trial, 422, {"ErrorCode": 300, "Message": f"no {tokens}", "message": tokens})
    assert tokens not in said


def test_a_found_mail_of_another_run_is_not_taken_for_this_one(trial: Trial) -> None:
    trial.sent()
    with trial.sampler() as sampler:
        other = replace(draft(sampler.account, to=TO), run="0" * 12)
        service, account = sampler.account.service, sampler.account
        assert service.find_sample(account, sampler.session, other) is None
