"""The vendor's own Python client reads from the sandbox what became of mails, and of lists."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from mailgun_box import Served, fresh, served, vendor

NAME = "mg.example.net"
MAIL = {"from": f"a@{NAME}", "to": "b@example.com", "subject": "Hello", "text": "Hello"}
DELAYS = {"mailgun_event_delay": 0, "mailgun_bulk_step": 0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("state")) as running:
        yield running


@pytest.fixture
def box(server: Served) -> Served:
    fresh(server).control("mailgun_us", "POST", "settings", DELAYS)
    return server


@pytest.fixture
def client(box: Served) -> Iterator[Any]:
    with vendor(box) as opened:
        yield opened


def send(client: Any, **changes: Any) -> str:
    answer = client.messages.create(data=MAIL | changes, domain=NAME).json()
    return str(answer["id"]).strip("<>")


def test_events_of_a_mail_are_found_by_its_id(client: Any) -> None:
    message = send(client, **{"o:tag": ["one", "two"], "v:run": "7"})
    send(client)
    answer = client.events.get(domain=NAME, filters={"message-id": message}).json()
    assert [each["event"] for each in answer["items"]] == ["delivered", "accepted"]
    assert answer["items"][0]["tags"] == ["one", "two"]
    assert answer["items"][0]["user-variables"] == {"run": "7"}
    assert set(answer["paging"]) == {"first", "last", "next", "previous"}


def test_events_are_asked_as_in_the_vendors_examples(client: Any) -> None:
    send(client, to="bounce@example.com")
    filters = {
        "begin": "Tue, 24 Nov 2020 09:00:00 -0000",
        "ascending": "yes",
        "limit": 10,
        "pretty": "yes",
        "recipient": "bounce@example.com",
    }
    items = client.events.get(domain=NAME, filters=filters).json()["items"]
    assert [each["event"] for each in items] == ["accepted", "failed"]
    items = client.events.get(domain=NAME, filters={"event": "rejected OR failed"}).json()["items"]
    assert [each["severity"] for each in items] == ["permanent"]


def test_all_events_are_streamed_from_one_page(client: Any) -> None:
    for _ in range(3):
        send(client)
    seen = {each["id"] for each in client.events.stream(domain=NAME, filters={"limit": 300})}
    assert len(seen) == 6


def test_logs_are_asked_as_in_the_vendors_examples(client: Any) -> None:
    message = send(client)
    asked = {
        "start": formatdate(time.time() - 3600),
        "filter": {
            "AND": [
                {
                    "attribute": "domain",
                    "comparator": "=",
                    "values": [{"label": NAME, "value": NAME}],
                }
            ]
        },
        "include_subaccounts": True,
        "pagination": {"sort": "timestamp:asc", "limit": 50},
    }
    headers = {"Content-Type": "application/json"}
    answer = client.analytics_logs.create(data=json.dumps(asked), headers=headers).json()
    assert [each["event"] for each in answer["items"]] == ["accepted", "delivered"]
    assert {each["message"]["headers"]["message-id"] for each in answer["items"]} == {message}
    assert {"start", "end", "items", "pagination"} <= answer.keys()


def test_a_mail_in_test_mode_is_marked(client: Any) -> None:
    message = send(client, **{"o:testmode": "yes"})
    items = client.events.get(domain=NAME, filters={"message-id": message}).json()["items"]
    assert {each["flags"]["is-test-mode"] for each in items} == {True}


def test_a_delivery_is_polled_for(box: Served, client: Any) -> None:
    box.control("mailgun_us", "POST", "settings", {"mailgun_event_delay": 0.2})
    message = send(client)

    def delivered() -> Any:
        filters = {"message-id": message, "event": "delivered"}
        return client.events.get(domain=NAME, filters=filters).json()["items"]

    assert delivered() == []
    assert polled(delivered)


def polled(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if found := look():
            return found
    pytest.fail("it never came")


def test_a_list_is_validated_in_bulk_followed_and_fetched(client: Any) -> None:
    # This version of the client has no other way to name a list than in the attribute.
    files = {"file": b"email\nann@example.com\nbob@x.invalid\n"}
    made = client.address_validate_bulk_spring.create(files=files)
    assert (made.status_code, made.json()["id"]) == (202, "spring")

    def uploaded() -> Any:
        told = client.address_validate_bulk_spring.get().json()
        return told if told["status"] == "uploaded" else None

    told = polled(uploaded)
    assert (told["quantity"], told["records_processed"]) == (2, 2)
    assert told["summary"]["result"]["undeliverable"] == 1
    result = httpx.get(told["download_url"]["json"], trust_env=False).content
    with zipfile.ZipFile(io.BytesIO(result)) as archive:
        rows = json.loads(archive.read(archive.namelist()[0]))
    assert [each["result"] for each in rows] == ["deliverable", "undeliverable"]
    listed = client.address_bulk.get(filters={"limit": 5}).json()
    assert [each["id"] for each in listed["jobs"]] == ["spring"]
    assert client.address_validate_bulk_spring.delete().status_code == 200


def test_one_address_is_validated(client: Any) -> None:
    told = client.addressvalidate.get(filters={"address": "info@example.com"}).json()
    assert (told["result"], told["is_role_address"]) == ("deliverable", True)


def test_a_list_is_previewed(client: Any) -> None:
    files = {"file": b"email\nann@example.com\n"}
    made = client.address_validate_preview_spring.create(files=files)
    assert made.status_code in (200, 202)
    assert client.address_validate_preview_spring.get().status_code == 200
    assert client.address_validate_preview_spring.delete().status_code in (200, 204)
