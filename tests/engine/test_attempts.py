"""One change: tried again when its outcome is unknown, never when it was refused."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from account import Account, outcomes, yaml

from reconciler.engine.attempt import Result

SERVER = """
t:
  service: postmark
  token: {env: A}
  tracking: {opens: true, links: html_and_text}
"""
STREAM = """
t:
  service: postmark
  token: {env: A}
  streams: {news: {type: broadcasts, name: News}}
"""
ABSENT = """
t:
  service: postmark
  account_token: {env: B}
  domains: {old.example.com: {ensure: absent}}
"""
Deed = Callable[[httpx.Request], httpx.Response | None]


class Between(httpx.BaseTransport):
    """Lets a deed answer, before or after each write has had its effect."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.before: Deed = lambda _: None
        self.after: Deed = lambda _: None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return self.inner.handle_request(request)
        if answer := self.before(request):
            return answer
        given = self.inner.handle_request(request)
        return self.after(request) or given


def between() -> tuple[Account, Between]:
    found: list[Between] = []

    def around(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        found.append(Between(inner))
        return found[0]

    return Account(around), found[0]


def answers(status: int, body: Any) -> Deed:
    return lambda _: httpx.Response(status, json=body)


def lost(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("late", request=request)


def once(deed: Deed) -> Deed:
    deeds = [deed]
    return lambda request: deeds.pop()(request) if deeds else None


def applied(account: Account, text: str) -> tuple[Result, list[str]]:
    """Apply, and return the result of the only change with the requests from its write on."""
    config = yaml(text)
    plan = account.plan(config)
    account.forget_requests()
    (result,) = account.apply(config, plan)
    return result, account.requests("postmark")


def writes(requests: list[str]) -> list[str]:
    return [each for each in requests if not each.startswith("GET ")]


DOUBTFUL: dict[str, Deed] = {
    "lost": lost,
    "503": answers(503, {"ErrorCode": 100, "Message": "Maintenance"}),
    "odd": lambda _: httpx.Response(200, text="<html>"),
    "404": answers(404, {"ErrorCode": 0, "Message": "Not found"}),
}


@pytest.mark.parametrize("doubt", DOUBTFUL)
@pytest.mark.parametrize("text", [SERVER, STREAM])
def test_a_doubtful_write_that_took_effect_is_not_sent_again(doubt: str, text: str) -> None:
    account, transport = between()
    transport.after = DOUBTFUL[doubt]
    result, requests = applied(account, text)
    assert result.outcome == "applied", result.reason
    assert result.live is not None
    assert len(writes(requests)) == 1
    assert account.plan(yaml(text)).changes == ()


@pytest.mark.parametrize("doubt", DOUBTFUL)
@pytest.mark.parametrize("text", [SERVER, STREAM])
def test_a_doubtful_write_without_effect_is_sent_again(doubt: str, text: str) -> None:
    account, transport = between()
    transport.before = once(DOUBTFUL[doubt])
    result, requests = applied(account, text)
    assert result.outcome == "applied", result.reason
    assert len(writes(requests)) == 1  # the other one never came to the service
    assert 0.5 in account.waited
    assert account.plan(yaml(text)).changes == ()


@pytest.mark.parametrize("doubt", DOUBTFUL)
@pytest.mark.parametrize("text", [SERVER, STREAM])
def test_a_doubtful_write_is_given_up_after_its_repetitions(doubt: str, text: str) -> None:
    account, transport = between()
    tries: list[httpx.Request] = []

    def count(request: httpx.Request) -> httpx.Response | None:
        tries.append(request)
        return DOUBTFUL[doubt](request)

    transport.before = count
    result, requests = applied(account, text)
    assert (result.outcome, result.is_made) == ("failed", False)
    assert result.reason
    assert writes(requests) == []
    repeats = yaml(text).providers["t"].retry_attempts
    assert len(tries) == repeats + 1
    waited = [min(8.0, 0.5 * 2.0**number) for number in range(repeats)]
    assert [each for each in account.waited if each in waited] == waited


def test_a_refused_update_is_sent_field_by_field_and_neither_repeated_nor_read_again() -> None:
    account, transport = between()
    transport.after = answers(422, {"ErrorCode": 602, "Message": "nothing of that"})
    result, requests = applied(account, SERVER)
    assert (result.outcome, result.is_made) == ("failed", False)
    assert "nothing of that" in result.reason
    assert requests == ["PUT /server"] * (1 + len(result.change.fields))


def test_a_refused_creation_is_looked_for_once_and_not_sent_again() -> None:
    account, transport = between()
    transport.before = answers(422, {"ErrorCode": 602, "Message": "nothing of that"})
    result, requests = applied(account, STREAM)
    assert (result.outcome, result.is_made) == ("failed", False)
    assert "nothing of that" in result.reason
    assert len(requests) == 1
    assert requests[0].startswith("GET ")


def test_a_refused_creation_that_took_effect_is_completed() -> None:
    account, transport = between()
    transport.after = once(answers(422, {"ErrorCode": 602, "Message": "nothing of that"}))
    result, _ = applied(account, STREAM)
    assert result.outcome == "applied"
    assert account.plan(yaml(STREAM)).changes == ()


def test_a_doubtful_deletion_of_what_is_gone_is_made() -> None:
    account, transport = between()
    transport.after = once(lost)
    result, requests = applied(account, ABSENT)
    assert (result.outcome, result.live) == ("applied", None)
    assert len(writes(requests)) == 1


def stream(account: Account, kind: str, name: str) -> None:
    body = {"ID": "news", "Name": name, "MessageStreamType": kind}
    account.by_hand("postmark", "POST", "/message-streams", json=body)


def made_meanwhile(kind: str, name: str) -> tuple[Account, Result]:
    account, transport = between()

    def make(_: httpx.Request) -> None:
        stream(account, kind, name)

    transport.before = once(make)
    return account, applied(account, STREAM)[0]


def test_what_was_made_meanwhile_is_completed() -> None:
    account, result = made_meanwhile("Broadcasts", "Other")
    assert result.outcome == "applied", result.reason
    assert account.plan(yaml(STREAM)).changes == ()


def test_what_was_made_meanwhile_and_cannot_be_changed_is_told() -> None:
    _, result = made_meanwhile("Transactional", "News")
    assert (result.outcome, result.is_made) == ("failed", False)
    assert "`type` cannot be changed from" in result.reason


def test_what_another_writer_changes_right_after_us_is_overtaken_at_once() -> None:
    account, transport = between()

    def meddle(_: httpx.Request) -> None:
        account.by_hand("postmark", "PUT", "/server", json={"TrackLinks": "TextOnly"})

    transport.after = once(meddle)
    result, _ = applied(account, SERVER)
    assert (str(result.outcome), result.is_made) == ("overtaken", True)
    assert "`tracking.links` is" in result.reason
    assert account.waited == []


def test_what_shows_as_it_was_before_is_waited_for_and_then_not_converged() -> None:
    account, transport = between()
    transport.before = answers(200, {"ID": 1, "Name": "t"})
    result, requests = applied(account, SERVER)
    assert (result.outcome, result.is_made) == ("failed", True)
    assert "read again after the change, `tracking" in result.reason
    assert 14 < sum(account.waited) < 20
    assert writes(requests) == []


def test_a_change_that_is_confirmed_is_told_with_what_is_live() -> None:
    account, _ = between()
    result, requests = applied(account, SERVER)
    assert outcomes([result]) == {"t/server": "applied"}
    assert result.is_made
    assert result.live is not None
    assert result.live.attributes["tracking.opens"] is True
    assert requests[:2] == ["PUT /server", "GET /server"]
