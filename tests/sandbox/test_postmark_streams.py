from datetime import datetime, timedelta
from typing import Any

import pytest
from postmark_account import PostmarkAccount, content, error_code

STREAM = {"ID": "news", "Name": "News", "MessageStreamType": "Broadcasts"}


def create(box: PostmarkAccount, **fields: Any) -> Any:
    return content(box.server.post("/message-streams", json=STREAM | fields))


def handling(kind: str | None) -> dict[str, Any]:
    return {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": kind}}


def listed(box: PostmarkAccount, **filters: str) -> list[str]:
    answer = content(box.server.get("/message-streams", params=filters))
    assert answer["TotalCount"] == len(answer["MessageStreams"])
    return [stream["ID"] for stream in answer["MessageStreams"]]


def test_the_seeded_server_has_the_defaults_and_one_more() -> None:
    assert listed(PostmarkAccount()) == ["outbound", "inbound", "broadcast", "legacy-digest"]


def test_a_new_stream_answers_with_every_field() -> None:
    box = PostmarkAccount()
    stream = create(box)
    assert content(box.server.get("/message-streams/news")) == stream
    assert datetime.fromisoformat(stream.pop("CreatedAt")).utcoffset() in (
        timedelta(hours=-4),
        timedelta(hours=-5),
    )
    assert stream == STREAM | handling("Postmark") | {
        "ServerID": content(box.server.get("/server"))["ID"],
        "Description": None,
        "UpdatedAt": None,
        "ArchivedAt": None,
        "ExpectedPurgeDate": None,
    }


@pytest.mark.parametrize(
    ("kind", "ids"),
    [
        ("all", ["outbound", "inbound", "broadcast", "legacy-digest"]),
        ("Inbound", ["inbound"]),
        ("transactional", ["outbound"]),
        ("Broadcasts", ["broadcast", "legacy-digest"]),
    ],
)
def test_the_list_is_filtered_by_type(kind: str, ids: list[str]) -> None:
    assert listed(PostmarkAccount(), messagestreamtype=kind) == ids


def test_an_unknown_type_is_refused_with_1221() -> None:
    response = PostmarkAccount().server.get("/message-streams?MessageStreamType=Fast")
    assert error_code(response) == 1221


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"MessageStreamType": None}, 1221),
        ({"MessageStreamType": "All"}, 1221),
        ({"MessageStreamType": ""}, 1221),
        ({"MessageStreamType": "Inbound"}, 1228),
        ({"ID": None}, 1222),
        ({"ID": "News"}, 1227),
        ({"ID": "1news"}, 1227),
        ({"ID": "n" * 31}, 1227),
        ({"ID": "new.s"}, 1227),
        ({"ID": "news\n"}, 1227),
        ({"ID": "pm-news"}, 1233),
        ({"ID": "all"}, 1237),
        ({"ID": "outbound"}, 1230),
        ({"Name": ""}, 1223),
        ({"Name": "n" * 101}, 1224),
        ({"Name": "<b>"}, 1234),
        ({"Description": "d" * 1001}, 1231),
        ({"Description": "a > b"}, 1234),
        (handling("None"), 1239),
        (handling("Custom"), 1238),
        (handling("Mine"), 1240),
        (handling(""), 1240),
    ],
)
def test_what_a_stream_must_not_be(fields: Any, code: int) -> None:
    response = PostmarkAccount().server.post("/message-streams", json=STREAM | fields)
    assert error_code(response) == code


def test_an_id_of_30_characters_is_fine() -> None:
    assert create(PostmarkAccount(), ID="n" * 30)["ID"] == "n" * 30


def test_custom_unsubscribe_handling_can_be_approved() -> None:
    box = PostmarkAccount()
    box.set(postmark_custom_unsubscribe=True)
    stream = create(box, **handling("custom"))
    assert stream["SubscriptionManagementConfiguration"]["UnsubscribeHandlingType"] == "Custom"


def test_a_transactional_stream_handles_no_unsubscribes_by_default() -> None:
    stream = create(PostmarkAccount(), MessageStreamType="transactional", **handling(None))
    assert stream["MessageStreamType"] == "Transactional"
    assert stream["SubscriptionManagementConfiguration"] == {"UnsubscribeHandlingType": "None"}


def test_an_eleventh_stream_is_refused_with_1225() -> None:
    box = PostmarkAccount()
    for number in range(6):
        create(box, ID=f"news-{number}")
    assert error_code(box.server.post("/message-streams", json=STREAM)) == 1225


def test_an_edit_leaves_nulls_id_and_type_alone() -> None:
    box = PostmarkAccount()
    stream = create(box, Description="Old")
    fields = {"Name": "N", "Description": None, "ID": "x", "MessageStreamType": "Transactional"}
    edited = content(box.server.patch("/message-streams/news", json=fields))
    assert edited.pop("UpdatedAt") is not None
    assert edited == {key: stream[key] for key in edited} | {"Name": "N"}


def test_an_edit_refuses_an_empty_name() -> None:
    box = PostmarkAccount()
    assert error_code(box.server.patch("/message-streams/outbound", json={"Name": ""})) == 1223


def test_an_unknown_stream_is_refused_with_the_recorded_text() -> None:
    response = PostmarkAccount().server.get("/message-streams/nothing")
    assert error_code(response) == 1226
    assert response.json() == {
        "ErrorCode": 1226,
        "Message": "The message stream for the provided 'ID' was not found.",
    }


def test_an_archived_stream_hides_and_keeps_its_id_until_it_is_unarchived() -> None:
    box = PostmarkAccount()
    stream = create(box)
    answer = content(box.server.post("/message-streams/news/archive"))
    assert set(answer) == {"ID", "ServerID", "ExpectedPurgeDate"}
    archived = content(box.server.get("/message-streams/news"))
    assert archived["ExpectedPurgeDate"] == answer["ExpectedPurgeDate"]
    life = datetime.fromisoformat(archived["ExpectedPurgeDate"]) - datetime.fromisoformat(
        archived["ArchivedAt"]
    )
    assert abs(life - timedelta(days=45)) < timedelta(hours=2)
    assert "news" not in listed(box)
    assert "news" in listed(box, IncludeArchivedStreams="true")
    assert error_code(box.server.post("/message-streams", json=STREAM)) == 1230
    assert content(box.server.post("/message-streams/news/unarchive")) == stream
    assert "news" in listed(box)


def test_a_stream_that_is_not_archived_cannot_be_unarchived() -> None:
    assert error_code(PostmarkAccount().server.post("/message-streams/outbound/unarchive")) == 1232


@pytest.mark.parametrize("stream", ["outbound", "inbound"])
def test_the_default_streams_cannot_be_archived(stream: str) -> None:
    response = PostmarkAccount().server.post(f"/message-streams/{stream}/archive")
    assert error_code(response) == 1229


def test_the_default_broadcast_stream_can_be_archived() -> None:
    content(PostmarkAccount().server.post("/message-streams/broadcast/archive"))
