"""What became of a mail, as Mailgun tells it: by the deprecated events and by the logs."""

import json
import time
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import pytest
from mailgun_account import DOMAIN, NEVER, MailgunAccount, content, refusal
from test_mailgun_messages import MESSAGE, PATH

EVENTS, LOGS = f"/v3/{DOMAIN}/events", "/v1/analytics/logs"


def account(**settings: Any) -> MailgunAccount:
    box = MailgunAccount(**{"mailgun_event_delay": 0, **settings})
    box.create_active()
    return box


def send(box: MailgunAccount, **fields: Any) -> str:
    """Return the id as events have it: without its brackets."""
    return str(content(box.us.post(PATH, data=MESSAGE | fields))["id"]).strip("<>")


def suppress(box: MailgunAccount, address: str) -> None:
    entry = box.world.mailgun["regions"]["us"]["domains"][DOMAIN]
    entry.setdefault("suppressions", {}).setdefault("bounces", {})[address] = {}


def events(box: MailgunAccount, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = box.get(EVENTS, **query)["items"]
    return found


def logs(box: MailgunAccount, **asked: Any) -> dict[str, Any]:
    return content(box.us.post(LOGS, json=asked))


def condition(attribute: str, value: str, comparator: str = "=") -> dict[str, Any]:
    return {
        "attribute": attribute,
        "comparator": comparator,
        "values": [{"label": value, "value": value}],
    }


def test_a_mail_is_accepted_and_then_delivered() -> None:
    box = account()
    message = send(box, **{"o:tag": "t", "v:run": "1"})
    delivered, accepted = events(box, **{"message-id": message})
    assert (accepted["event"], accepted["method"]) == ("accepted", "HTTP")
    assert (delivered["event"], delivered["recipient"]) == ("delivered", "b@example.com")
    assert delivered["delivery-status"]["code"] == 250
    assert delivered["message"]["headers"]["message-id"] == message
    assert (delivered["tags"], delivered["user-variables"]) == (["t"], {"run": "1"})
    assert delivered["flags"]["is-test-mode"] is False
    assert accepted["timestamp"] <= delivered["timestamp"] <= time.time()
    assert accepted["id"] != delivered["id"]


def test_the_id_of_a_mail_with_its_brackets_is_none_that_events_know() -> None:
    box = account()
    message = send(box)
    assert events(box, **{"message-id": f"<{message}>"}) == []


def test_before_its_delay_a_mail_is_accepted_only() -> None:
    box = account(mailgun_event_delay=NEVER)
    send(box)
    assert [each["event"] for each in events(box)] == ["accepted"]
    box.set(mailgun_index_delay=NEVER)
    assert events(box) == []
    assert logs(box)["items"] == []


@pytest.mark.parametrize(
    ("to", "severity", "reason", "code"),
    [
        ("bounce@example.com", "permanent", "bounce", 550),
        ("b@nowhere.invalid", "permanent", "generic", 498),
        ("deferred@example.com", "temporary", "generic", 421),
        ("Gone@example.com", "permanent", "suppress-bounce", 605),
    ],
)
def test_a_mail_fails_for_a_reason(to: str, severity: str, reason: str, code: int) -> None:
    box = account()
    suppress(box, "gone@example.com")
    send(box, to=to)
    (failed,) = events(box, event="failed")
    assert (failed["severity"], failed["reason"]) == (severity, reason)
    assert failed["delivery-status"]["code"] == code


def test_in_test_mode_everything_reads_as_delivered_but_to_the_suppressed() -> None:
    box = account()
    suppress(box, "gone@example.com")
    for to in ("bounce@example.com", "gone@example.com"):
        send(box, to=to, **{"o:testmode": "yes"})
    (delivered,) = events(box, event="delivered")
    assert delivered["flags"]["is-test-mode"] is True
    assert [each["reason"] for each in events(box, event="failed")] == ["suppress-bounce"]


def test_a_finished_message_has_events_too() -> None:
    box = account()
    files = {"message": ("m.mime", b"From: a@d.example.org\nSubject: Finished\n\nt")}
    content(box.us.post(f"{PATH}.mime", data={"to": "b@example.com"}, files=files))
    assert {each["message"]["headers"]["subject"] for each in events(box)} == {"Finished"}


def test_events_are_filtered() -> None:
    box = account()
    send(box)
    send(box, to="bounce@example.com", **{"o:tag": "T"})
    for query, count in (
        ({"event": "accepted"}, 2),
        ({"event": "rejected OR failed"}, 1),
        ({"event": '"delivered" OR failed'}, 2),
        ({"recipient": "B@example.com"}, 2),
        ({"severity": "permanent"}, 1),
        ({"tags": "t"}, 2),
        ({"recipient": "nobody@example.com"}, 0),
    ):
        assert len(events(box, **query)) == count, query


def test_a_range_has_a_direction() -> None:
    box = account()
    send(box)
    now = time.time()
    up = [each["timestamp"] for each in events(box, begin=now - 60, ascending="yes")]
    assert up == sorted(up)
    assert len(up) == 2
    assert len(events(box, begin=now - 60, end=now + 60)) == 2
    assert len(events(box, begin=formatdate(now - 60), ascending="yes")) == 2
    assert events(box, begin=now - 60, ascending="no") == []
    assert events(box, begin=now + 60, ascending="yes") == []


@pytest.mark.parametrize(
    "query",
    [{"begin": 1}, {"limit": 301}, {"begin": "soon"}, {"begin": 1, "ascending": "maybe"}],
)
def test_a_range_that_says_too_little_is_refused(query: dict[str, Any]) -> None:
    refusal(account().us.get(EVENTS, params=query))


def test_pages_are_always_linked_and_end_with_an_empty_one() -> None:
    box = account()
    for number in range(3):
        send(box, to=f"u{number}@example.com")
    answer = box.get(EVENTS, limit=4, event="accepted OR delivered")
    seen = list(answer["items"])
    while answer["items"]:
        assert set(answer["paging"]) == {"next", "previous", "first", "last"}
        answer = box.get(urlsplit(answer["paging"]["next"]).path)
        seen += answer["items"]
    assert len({each["id"] for each in seen}) == len(seen) == 6
    assert set(answer["paging"]) == {"next", "previous", "first", "last"}
    first = box.get(urlsplit(answer["paging"]["first"]).path)
    assert first["items"] == seen[:4]


@pytest.mark.parametrize("token", ["x", "e30", "bnVsbA", "W10"])
def test_a_page_that_was_made_up_is_refused(token: str) -> None:
    assert refusal(account().us.get(f"{EVENTS}/{token}")) == "the page is not valid"


def test_logs_tell_the_same_in_their_own_shape() -> None:
    box = account()
    message = send(box, **{"v:run": "7"})
    answer = logs(box, filter={"AND": [condition("domain", DOMAIN)]})
    assert answer["pagination"] == {}
    delivered, accepted = answer["items"]
    assert (accepted["event"], delivered["event"]) == ("accepted", "delivered")
    assert delivered["@timestamp"].endswith("Z")
    assert "timestamp" not in delivered
    assert delivered["domain"] == {"name": DOMAIN}
    assert json.loads(delivered["user-variables"]) == {"run": "7"}
    assert delivered["message"]["headers"]["message-id"] == message
    assert delivered["account"]["id"]
    assert delivered["flags"]["is-delayed-bounce"] is False


def test_logs_are_sorted_limited_and_come_in_pages() -> None:
    box = account()
    for number in range(3):
        send(box, to=f"u{number}@example.com")
    seen: list[str] = []
    token = ""
    while True:
        paging = {"sort": "timestamp:asc", "limit": 4, **({"token": token} if token else {})}
        answer = logs(box, pagination=paging, include_totals=True)
        seen += [each["@timestamp"] for each in answer["items"]]
        assert answer["pagination"]["total"] == 6
        token = answer["pagination"].get("next", "")
        if not token:
            break
    assert seen == sorted(seen)
    assert len(seen) == 6


def test_logs_are_filtered_by_event_time_and_attribute() -> None:
    box = account()
    message = send(box)
    send(box, to="bounce@example.com")
    for asked, count in (
        ({"events": ["failed"]}, 1),
        ({"filter": {"AND": [condition("message-id", message)]}}, 2),
        ({"filter": {"AND": [condition("recipient", "bounce", "contains")]}}, 2),
        ({"filter": {"AND": [condition("event", "accepted", "!=")]}}, 2),
        ({"start": formatdate(time.time() + 60)}, 0),
        ({"end": formatdate(time.time() - 60)}, 0),
        ({"filter": {"AND": [condition("domain", "other.example.org")]}}, 0),
    ):
        assert len(logs(box, **asked)["items"]) == count, asked


@pytest.mark.parametrize(
    "asked",
    [
        {"start": "soon"},
        {"start": 5},
        {"filter": {"OR": []}},
        {"filter": {"AND": [condition("colour", "red")]}},
        {"filter": {"AND": [condition("event", "accepted", "~")]}},
        {"pagination": {"limit": 101}},
        {"pagination": {"token": "x"}},
        {"pagination": [1]},
    ],
)
def test_a_query_of_logs_that_is_none_is_refused(asked: dict[str, Any]) -> None:
    box = account()
    send(box)
    refusal(box.us.post(LOGS, json=asked))


def test_the_logs_of_another_region_are_empty() -> None:
    box = account()
    send(box)
    assert content(box.eu.post(LOGS, json={}))["items"] == []
    assert refusal(box.eu.get(EVENTS), 404) == "Domain not found"


def test_an_analyst_may_read_logs_and_a_sending_key_may_not() -> None:
    box = account()
    assert content(box.key("basic").post(LOGS, json={}))["items"] == []
    sending = box.key("sending", kind="domain", domain_name=DOMAIN)
    assert refusal(sending.post(LOGS, json={}), 401) == "Invalid private key"


def test_only_the_latest_mails_of_a_domain_are_kept() -> None:
    box = account()
    entry = box.world.mailgun["regions"]["us"]["domains"][DOMAIN]
    first = send(box)
    entry["messages"] *= 1000
    send(box)
    assert len(entry["messages"]) == 1000
    assert entry["messages"][-2]["id"] == first
