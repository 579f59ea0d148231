from typing import Any

import pytest
from postmark_account import PostmarkAccount, content, error_code

URL = "http://www.example.com/hook"


def create(box: PostmarkAccount, **fields: Any) -> Any:
    return content(box.server.post("/webhooks", json={"Url": URL, **fields}))


def listed(box: PostmarkAccount) -> list[Any]:
    webhooks: list[Any] = content(box.server.get("/webhooks"))["Webhooks"]
    return webhooks


def test_the_seeded_webhook_wants_bounces() -> None:
    webhook = listed(PostmarkAccount())[0]
    assert isinstance(webhook.pop("ID"), int)
    assert webhook == {
        "Url": "https://hooks.example.net/old",
        "MessageStream": "outbound",
        "Status": "verified",
        "HttpAuth": None,
        "HttpHeaders": [],
        "Triggers": {
            "Open": {"Enabled": False, "PostFirstOpenOnly": False},
            "Click": {"Enabled": False},
            "Delivery": {"Enabled": False},
            "Bounce": {"Enabled": True, "IncludeContent": False},
            "SpamComplaint": {"Enabled": False, "IncludeContent": False},
            "SubscriptionChange": {"Enabled": False},
        },
    }


def test_a_webhook_reads_back_with_its_password_in_clear() -> None:
    box = PostmarkAccount()
    auth = {"Username": "user", "Password": "pass"}
    headers = [{"Name": "X-A", "Value": "1"}]
    webhook = create(box, HttpAuth=auth, HttpHeaders=headers, MessageStream="broadcast")
    assert webhook["HttpAuth"] == auth
    assert webhook["HttpHeaders"] == headers
    assert webhook["MessageStream"] == "broadcast"
    assert content(box.server.get(f"/webhooks/{webhook['ID']}")) == webhook


def test_an_edit_is_partial_down_to_the_switches_of_a_trigger() -> None:
    box = PostmarkAccount()
    webhook = create(
        box,
        Triggers={"Open": {"Enabled": True, "PostFirstOpenOnly": True}, "Click": {"Enabled": True}},
        HttpAuth={"Username": "u", "Password": "p"},
    )
    fields = {
        "Triggers": {"Open": {"Enabled": False}, "Delivery": {"Enabled": True}, "Click": None}
    }
    edited = content(box.server.put(f"/webhooks/{webhook['ID']}", json=fields))
    assert edited["Triggers"] == webhook["Triggers"] | {
        "Open": {"Enabled": False, "PostFirstOpenOnly": True},
        "Delivery": {"Enabled": True},
    }
    assert {**edited, "Triggers": None} == {**webhook, "Triggers": None}


def test_headers_are_replaced_and_cleared_by_an_empty_list() -> None:
    box = PostmarkAccount()
    path = f"/webhooks/{create(box, HttpHeaders=[{'Name': 'X-A', 'Value': '1'}])['ID']}"
    headers = [{"Name": "X-B", "Value": "2"}]
    assert content(box.server.put(path, json={"HttpHeaders": headers}))["HttpHeaders"] == headers
    assert content(box.server.put(path, json={"HttpHeaders": None}))["HttpHeaders"] == headers
    assert content(box.server.put(path, json={"HttpHeaders": []}))["HttpHeaders"] == []


def test_two_webhooks_may_share_stream_and_url() -> None:
    box = PostmarkAccount()
    assert create(box)["ID"] != create(box)["ID"]


def test_the_list_is_filtered_by_stream() -> None:
    box = PostmarkAccount()
    webhook = create(box, MessageStream="broadcast")
    answer = content(box.server.get("/webhooks?messagestream=broadcast"))
    assert answer == {"Webhooks": [webhook]}
    assert error_code(box.server.get("/webhooks?MessageStream=nothing")) == 1226


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Url": None}, 1354),
        ({"Url": ""}, 1354),
        ({"Url": "example.com/hook"}, 1354),
        ({"ID": 5}, 1356),
        ({"Status": "verified"}, 1363),
        ({"MessageStream": "nothing"}, 1226),
        ({"MessageStream": "inbound"}, 1351),
        ({"MessageStream": "legacy-digest"}, 1350),
        ({"HttpHeaders": [{"Name": "no name", "Value": "1"}]}, 1358),
        ({"HttpHeaders": [{"Value": "1"}]}, 1358),
        ({"HttpAuth": {"Username": "u"}}, 1360),
        ({"Triggers": {"Sent": {"Enabled": True}}}, 1361),
        ({"Triggers": {"Open": False}}, 403),
    ],
)
def test_what_a_webhook_must_not_be(fields: Any, code: int) -> None:
    box = PostmarkAccount()
    content(box.server.post("/message-streams/legacy-digest/archive"))
    before = listed(box)
    assert error_code(box.server.post("/webhooks", json={"Url": URL, **fields})) == code
    assert listed(box) == before


def test_a_missing_body_is_refused_with_1355() -> None:
    assert error_code(PostmarkAccount().server.post("/webhooks")) == 1355


def test_the_number_of_webhooks_of_a_stream_can_be_limited() -> None:
    box = PostmarkAccount()
    box.set(postmark_max_webhooks=1)
    assert error_code(box.server.post("/webhooks", json={"Url": URL})) == 1359
    create(box, MessageStream="broadcast")


@pytest.mark.parametrize("fields", [{"ID": 5}, {"MessageStream": "broadcast"}])
def test_id_and_stream_cannot_be_changed(fields: Any) -> None:
    box = PostmarkAccount()
    assert error_code(box.server.put(f"/webhooks/{create(box)['ID']}", json=fields)) == 1357


def test_an_edit_may_name_its_own_stream() -> None:
    box = PostmarkAccount()
    webhook = create(box)
    fields = {"ID": webhook["ID"], "MessageStream": "outbound"}
    assert content(box.server.put(f"/webhooks/{webhook['ID']}", json=fields)) == webhook


def test_a_deleted_webhook_is_gone_with_the_recorded_text() -> None:
    box = PostmarkAccount()
    webhook = create(box)
    path = f"/webhooks/{webhook['ID']}"
    message = f"Webhook {webhook['ID']} removed."
    assert content(box.server.delete(path)) == {"ErrorCode": 0, "Message": message}
    response = box.server.get(path)
    assert error_code(response) == 1352
    assert response.json() == {
        "ErrorCode": 1352,
        "Message": "The webhook for the provided 'ID' was not found.",
    }


def test_a_failed_probe_refuses_a_create_with_1364() -> None:
    box = PostmarkAccount()
    box.set(postmark_webhook_probe="fail")
    before = listed(box)
    response = box.server.post(
        "/webhooks", json={"Url": URL, "Triggers": {"Open": {"Enabled": True}}}
    )
    assert error_code(response) == 1364
    report = response.json()
    assert report["Message"] == "0/1 triggers verified successfully"
    assert (report["Url"], report["Success"]) == (URL, False)
    assert [result["TriggerType"] for result in report["Results"]] == ["Open"]
    assert listed(box) == before


def test_a_failed_probe_leaves_an_edited_webhook_alone() -> None:
    box = PostmarkAccount()
    before = listed(box)
    box.set(postmark_webhook_probe="fail")
    response = box.server.put(f"/webhooks/{before[0]['ID']}", json={"Url": URL})
    assert error_code(response) == 1364
    assert listed(box) == before


@pytest.mark.parametrize(("query", "body"), [("?verify=false", {}), ("", {"Verify": False})])
def test_either_form_of_the_switch_stores_an_unverified_webhook(query: str, body: Any) -> None:
    box = PostmarkAccount()
    box.set(postmark_webhook_probe="fail")
    fields = {"Url": URL, "Triggers": {"Open": {"Enabled": True}}} | body
    webhook = content(box.server.post(f"/webhooks{query}", json=fields))
    assert webhook["Status"] == "unverified"
    assert "Verify" not in webhook
    path = f"/webhooks/{webhook['ID']}"
    assert content(box.server.post(f"{path}/verify"))["Success"] is False
    box.set(postmark_webhook_probe="ok")
    report = content(box.server.post(f"{path}/verify"))
    assert report["Message"] == "1/1 triggers verified successfully"
    assert content(box.server.get(path))["Status"] == "verified"


def test_a_webhook_has_statistics() -> None:
    box = PostmarkAccount()
    webhook = create(box)
    assert content(box.server.get(f"/webhooks/{webhook['ID']}/statistics"))["ID"] == webhook["ID"]
