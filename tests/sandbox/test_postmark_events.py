"""What became of a mail, as Postmark tells it."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from postmark_account import PostmarkAccount, content, error_code
from test_postmark_email import MAIL

NEVER = 1e9
BOUNCING = "bounce-testing.postmarkapp.com"


def account(**settings: Any) -> PostmarkAccount:
    box = PostmarkAccount()
    box.set(**{"postmark_event_delay": 0, **settings})
    return box


def send(box: PostmarkAccount, **fields: Any) -> str:
    answer = content(box.server.post("/email", json=MAIL | fields))
    return str(answer["MessageID"])


def details(box: PostmarkAccount, message: str) -> Any:
    return content(box.server.get(f"/messages/outbound/{message}/details"))


def events(box: PostmarkAccount, message: str) -> list[Any]:
    found: list[Any] = details(box, message)["MessageEvents"]
    return found


def found(box: PostmarkAccount, **filters: Any) -> list[str]:
    query = {"count": 50, "offset": 0, **filters}
    answer = content(box.server.get("/messages/outbound", params=query))
    assert answer["TotalCount"] >= len(answer["Messages"])
    return [each["MessageID"] for each in answer["Messages"]]


def test_a_mail_is_told_with_all_that_was_sent_and_its_delivery() -> None:
    box = account()
    message = send(
        box, To="Jane <jane@shop.example.org>", Cc="joe@shop.example.org", Tag="t", TrackOpens=True
    )
    told = details(box, message)
    assert (told["Status"], told["Tag"], told["MessageStream"]) == ("Sent", "t", "outbound")
    assert told["To"] == [{"Email": "jane@shop.example.org", "Name": "Jane"}]
    assert told["Recipients"] == ["jane@shop.example.org", "joe@shop.example.org"]
    assert (told["TrackOpens"], told["TrackLinks"], told["Sandboxed"]) == (True, "None", False)
    assert told["TextBody"] == "Hello"
    assert [(each["Recipient"], each["Type"]) for each in told["MessageEvents"]] == [
        ("jane@shop.example.org", "Delivered"),
        ("joe@shop.example.org", "Delivered"),
    ]
    assert set(told["MessageEvents"][0]["Details"]) == {
        "DeliveryMessage",
        "DestinationServer",
        "DestinationIP",
    }


def test_an_event_has_whole_seconds_and_may_read_as_earlier_than_its_mail() -> None:
    box = account()
    told = details(box, send(box))
    (event,) = told["MessageEvents"]
    happened = datetime.fromisoformat(event["ReceivedAt"])
    assert ".0000000" in event["ReceivedAt"]
    assert abs(happened - datetime.fromisoformat(told["ReceivedAt"])) <= timedelta(seconds=1)


def test_before_its_delay_has_passed_nothing_is_told_of_an_event() -> None:
    box = account(postmark_event_delay=NEVER)
    message = send(box)
    assert events(box, message) == []
    box.set(postmark_event_delay=0)
    assert [each["Type"] for each in events(box, message)] == ["Delivered"]


def test_a_mail_that_is_not_indexed_yet_is_not_found_like_an_unknown_one() -> None:
    box = account(postmark_index_delay=NEVER)
    message = send(box)
    assert found(box) == []
    for each in (message, "00000000-0000-0000-0000-000000000000"):
        refusal = box.server.get(f"/messages/outbound/{each}/details")
        assert error_code(refusal) == 701
        assert refusal.json()["Message"] == "This message was not found."
    box.set(postmark_index_delay=0)
    assert found(box) == [message]


@pytest.mark.parametrize(
    ("local", "type_"),
    [
        ("hardbounce", "HardBounce"),
        ("Hard_Bounce", "HardBounce"),
        ("SOFTBOUNCE", "SoftBounce"),
        ("dmarc_policy", "DMARCPolicy"),
        ("nobody", "HardBounce"),
    ],
)
def test_an_address_bounces_as_it_says(local: str, type_: str) -> None:
    box = account()
    (event,) = events(box, send(box, To=f"{local}@{BOUNCING}"))
    assert event["Type"] == "Bounced"
    assert event["Details"]["Summary"].startswith(f"{type_}:")
    assert event["Details"]["BounceID"].isdecimal()


def test_a_header_says_how_an_address_bounces_at_that_domain_only() -> None:
    box = account()
    headers = [{"Name": "X-PM-Bounce-Type", "Value": "Soft_Bounce"}]
    (event,) = events(box, send(box, To=f"hardbounce@{BOUNCING}", Headers=headers))
    assert event["Details"]["Summary"].startswith("SoftBounce:")
    (event,) = events(box, send(box, Headers=headers))
    assert event["Type"] == "Delivered"


@pytest.mark.parametrize(("local", "code"), [("hardbounce", 406), ("softbounce", 0)])
def test_only_a_hard_bounce_keeps_a_second_mail_back(local: str, code: int) -> None:
    box = account()
    send(box, To=f"{local}@{BOUNCING}")
    again = box.server.post("/email", json=MAIL | {"To": f"{local}@{BOUNCING}"})
    assert again.json()["ErrorCode"] == code


def test_who_is_suppressed_has_no_events() -> None:
    box = account()
    body = {"Suppressions": [{"EmailAddress": "gone@shop.example.org"}]}
    content(box.server.post("/message-streams/outbound/suppressions", json=body))
    message = send(box, Cc="gone@shop.example.org")
    assert [each["Recipient"] for each in events(box, message)] == [MAIL["To"]]


def test_the_black_hole_takes_its_mail() -> None:
    box = account()
    (event,) = events(box, send(box, To="test@blackhole.postmarkapp.com"))
    assert event["Type"] == "Delivered"


def test_on_a_sandbox_server_everything_reads_as_delivered() -> None:
    box = account()
    server = content(box.account.post("/servers", json={"Name": "S", "DeliveryType": "Sandbox"}))
    box.server = box.client(server=server["ApiTokens"][0])
    told = details(box, send(box, To=f"hardbounce@{BOUNCING}"))
    assert told["Sandboxed"] is True
    assert [each["Type"] for each in told["MessageEvents"]] == ["Delivered"]


def test_mails_are_found_by_what_they_are() -> None:
    box = account()
    first = send(box, Tag="a", Metadata={"Run": "1"}, Subject="First thing")
    second = send(box, Tag="b", Metadata={"Run": "2"}, To="joe@shop.example.org")
    third = send(box, MessageStream="broadcast", To="JOE@shop.example.org")
    assert found(box) == [third, second, first]
    assert found(box, count=1, offset=1) == [second]
    for filters, wanted in (
        ({"tag": "a"}, [first]),
        ({"metadata_run": "2"}, [second]),
        ({"recipient": "Joe@shop.example.org"}, [third, second]),
        ({"fromemail": "ops@mail.example.net"}, [third, second, first]),
        ({"subject": "first"}, [first]),
        ({"messagestream": "broadcast"}, [third]),
        ({"status": "queued"}, []),
        ({"todate": "2000-01-01"}, []),
        ({"fromdate": "2000-01-01", "tag": "b"}, [second]),
        ({"fromdate": "2000-01-01T00:00:00"}, [third, second, first]),
    ):
        assert found(box, **filters) == wanted, filters


@pytest.mark.parametrize(
    "query", ["", "count=0&offset=0", "count=501&offset=0", "count=5&offset=9996", "count=1"]
)
def test_a_search_wants_a_page(query: str) -> None:
    assert error_code(PostmarkAccount().server.get(f"/messages/outbound?{query}")) == 700


def test_a_search_from_no_date_is_refused() -> None:
    box = account()
    send(box)
    query = "/messages/outbound?count=1&offset=0&fromdate=soon"
    assert error_code(box.server.get(query)) == 700


def test_only_the_latest_mails_are_kept_and_no_long_bodies() -> None:
    box = account()
    first = send(box, TextBody="x" * 100_000)
    assert len(details(box, first)["TextBody"]) == 4096
    for _ in range(2):
        content(box.server.post("/email/batch", json=[MAIL] * 500))
    assert first not in found(box, count=500, offset=500)
    assert len(found(box, count=500, offset=500)) == 500


def test_the_messages_of_a_server_are_told_to_its_own_token_only() -> None:
    box = account()
    message = send(box)
    other = content(box.account.post("/servers", json={"Name": "Other"}))
    box.server = box.client(server=other["ApiTokens"][0])
    assert found(box) == []
    assert error_code(box.server.get(f"/messages/outbound/{message}/details")) == 701
    refusal: httpx.Response = box.account.get("/messages/outbound?count=1&offset=0")
    assert error_code(refusal, 401) == 10


def test_an_empty_choice_of_link_tracking_is_none() -> None:
    box = account()
    assert details(box, send(box, TrackLinks=""))["TrackLinks"] == "None"


def test_nobody_opens_or_clicks() -> None:
    box = account()
    message = send(box)
    for kind in ("opens", "clicks"):
        for path in (kind, f"{kind}/{message}"):
            answer = content(box.server.get(f"/messages/outbound/{path}?count=5&offset=0"))
            assert answer == {"TotalCount": 0, kind.capitalize(): []}
    assert "Subject: Hello" in content(box.server.get(f"/messages/outbound/{message}/dump"))["Body"]
