"""Two clients of Postmark's read from the sandbox what became of mails that they sent."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from postmark import sync
from postmark.exceptions import ValidationException
from postmark.models.outbound.enums import MessageEventType, MessageStatus, TrackLinksOption
from postmark_box import Served, fresh, served
from postmarker.core import PostmarkClient  # type: ignore[import-untyped]
from postmarker.exceptions import ClientError  # type: ignore[import-untyped]

MAIL = {
    "sender": "ops@mail.example.net",
    "to": "Jane <jane@shop.example.org>",
    "subject": "Hello",
    "text_body": "Hello",
    "tag": "greeting",
    "metadata": {"run": "7"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    fresh(server).control("postmark", "POST", "settings", {"postmark_event_delay": 0})
    return server


@pytest.fixture
def own(box: Served) -> Iterator[Any]:
    port = box.ports["postmark"]
    client: Any = sync.ServerClient(port["server_token"], retries=0, base_url=port["url"])
    with client as opened:
        yield opened


@pytest.fixture
def marker(box: Served) -> Iterator[PostmarkClient]:
    port = box.ports["postmark"]
    made = PostmarkClient(port["server_token"], port["account_token"], root_api_url=port["url"])
    yield made
    made.session.close()


def test_a_mail_is_found_and_told_with_its_delivery(own: Any) -> None:
    sent = own.outbound.send(MAIL)
    assert sent.success
    told = own.outbound.get(sent.message_id)
    assert (told.status, told.tag, told.metadata) == (MessageStatus.SENT, "greeting", {"run": "7"})
    assert (told.to[0].email, told.to[0].name) == ("jane@shop.example.org", "Jane")
    assert (told.track_links, told.sandboxed) == (TrackLinksOption.NONE, False)
    (event,) = told.message_events
    assert (event.type, event.recipient) == (MessageEventType.DELIVERED, "jane@shop.example.org")
    assert event.details.delivery_message == "smtp;250 2.0.0 OK"
    assert event.received_at.microsecond == 0
    assert abs((event.received_at - told.received_at).total_seconds()) <= 1
    assert "Hello" in own.outbound.get_dump(sent.message_id).body


def test_mails_are_searched_for_by_every_filter(own: Any) -> None:
    first = own.outbound.send(MAIL).message_id
    second = own.outbound.send(MAIL | {"tag": "other", "metadata": {"run": "8"}}).message_id
    now = datetime.now(UTC)
    filters: dict[str, tuple[dict[str, Any], list[str]]] = {
        "none": ({}, [second, first]),
        "recipient": ({"recipient": "jane@shop.example.org"}, [second, first]),
        "sender": ({"from_email": "ops@mail.example.net"}, [second, first]),
        "tag": ({"tag": "greeting"}, [first]),
        "metadata": ({"metadata": {"run": "8"}}, [second]),
        "status": ({"status": "sent"}, [second, first]),
        "subject": ({"subject": "Hello"}, [second, first]),
        "stream": ({"message_stream": "broadcast"}, []),
        "from": ({"from_date": now.replace(year=2000)}, [second, first]),
        "to": ({"to_date": now.replace(year=2000)}, []),
        "page": ({"count": 1, "offset": 1}, [first]),
    }
    for name, (asked, wanted) in filters.items():
        page = own.outbound.list(**asked)
        assert [each.message_id for each in page.items] == wanted, name
    assert own.outbound.list(count=1).total == 2


@pytest.mark.parametrize("local", ["hardbounce", "Soft_Bounce"])
def test_a_bounce_is_an_event(own: Any, local: str) -> None:
    sent = own.outbound.send(MAIL | {"to": f"{local}@bounce-testing.postmarkapp.com"})
    (event,) = own.outbound.get(sent.message_id).message_events
    assert event.type is MessageEventType.BOUNCED
    assert event.details.summary.startswith(local.title().replace("_", "").replace("b", "B"))
    assert event.details.bounce_id


def test_a_mail_that_is_not_indexed_yet_is_polled_for(box: Served, own: Any) -> None:
    delays = {"postmark_index_delay": 0.1, "postmark_event_delay": 0.2}
    box.control("postmark", "POST", "settings", delays)
    sent = own.outbound.send(MAIL)
    with pytest.raises(ValidationException, match="not found") as error:
        own.outbound.get(sent.message_id)
    assert error.value.error_code == 701
    assert polled(lambda: own.outbound.get(sent.message_id).message_events)


def polled(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
        except ValidationException:
            continue
    pytest.fail("it never came")


def test_opens_are_none(own: Any) -> None:
    sent = own.outbound.send(MAIL)
    assert own.outbound.list_opens().total == 0
    assert own.outbound.list_message_opens(sent.message_id).items == []


def test_the_older_client_reads_the_same(marker: PostmarkClient) -> None:
    sent = marker.emails.send(
        From=MAIL["sender"], To=MAIL["to"], Subject="Hello", TextBody="Hello", Tag="greeting"
    )
    (found,) = marker.messages.outbound.all(tag="greeting")
    assert str(found) == "Sent message to jane@shop.example.org"
    told = marker.messages.outbound.get(sent["MessageID"])
    assert told.MessageEvents[0]["Type"] == "Delivered"
    assert found.get().as_dict() == told.as_dict()
    assert found.opens() == {"TotalCount": 0, "Opens": []}
    assert "Hello" in found.get_dump()
    assert marker.messages.outbound.all(status="queued") == []


def test_the_older_client_is_told_of_an_unknown_mail_by_its_code(marker: PostmarkClient) -> None:
    with pytest.raises(ClientError) as error:
        marker.messages.outbound.get("00000000-0000-0000-0000-000000000000")
    assert str(error.value) == "[701] This message was not found."
