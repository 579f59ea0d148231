from typing import Any

import pytest
from postmark_account import CREDENTIALS, PostmarkAccount, content, error_code

from reconciler.sandbox.postmark.servers import mint_server

FIELDS = {
    "ID", "Name", "ApiTokens", "Color", "ServerLink", "SmtpApiActivated", "RawEmailEnabled",
    "DeliveryType", "InboundAddress", "InboundHash", "InboundHookUrl", "InboundDomain",
    "InboundSpamThreshold", "BounceHookUrl", "OpenHookUrl", "DeliveryHookUrl", "ClickHookUrl",
    "PostFirstOpenOnly", "IncludeBounceContentInHook", "EnableSmtpApiErrorHooks", "TrackOpens",
    "TrackLinks",
}  # fmt: skip


def create(box: PostmarkAccount, name: str = "Shop", **fields: Any) -> Any:
    return content(box.account.post("/servers", json={"Name": name, **fields}))


def test_the_seeded_server_shows_its_settings_and_its_token() -> None:
    server = content(PostmarkAccount().server.get("/server"))
    assert set(server) == FIELDS
    assert server["Name"] == "Transactional"
    assert server["ApiTokens"] == [CREDENTIALS["postmark_server_token"]]
    assert (server["TrackOpens"], server["TrackLinks"]) == (False, "None")


def test_the_list_holds_full_servers() -> None:
    box = PostmarkAccount()
    listed = content(box.account.get("/servers?count=500&offset=0"))
    assert listed == {"TotalCount": 1, "Servers": [content(box.server.get("/server"))]}


def test_the_list_is_filtered_by_a_part_of_the_name() -> None:
    box = PostmarkAccount()
    shop = create(box)
    listed = content(box.account.get("/servers?count=500&offset=0&name=HO"))
    assert listed == {"TotalCount": 1, "Servers": [shop]}


def test_a_new_server_has_a_token_that_works_and_three_streams() -> None:
    box = PostmarkAccount()
    server = create(box, DeliveryType="Sandbox", Color="Red")
    assert (server["DeliveryType"], server["Color"]) == ("Sandbox", "red")
    own = box.client(server=server["ApiTokens"][0])
    assert content(own.get("/server")) == server
    assert content(own.get("/message-streams"))["TotalCount"] == 3
    assert content(own.get("/webhooks")) == {"Webhooks": []}


def test_an_edit_is_partial_and_answers_the_full_server() -> None:
    box = PostmarkAccount()
    before = content(box.server.get("/server"))
    fields = {"TrackOpens": True, "TrackLinks": "htmlandtext", "Color": None}
    after = content(box.server.put("/server", json=fields))
    assert after == before | {"TrackOpens": True, "TrackLinks": "HtmlAndText"}


def test_the_account_edits_the_same_server() -> None:
    box = PostmarkAccount()
    server_id = content(box.server.get("/server"))["ID"]
    content(box.account.put(f"/servers/{server_id}", json={"InboundSpamThreshold": 9}))
    assert content(box.server.get("/server"))["InboundSpamThreshold"] == 9


def test_a_hook_is_set_and_cleared_by_an_empty_string() -> None:
    box = PostmarkAccount()
    url = "http://www.example.com/hook"
    assert content(box.server.put("/server", json={"BounceHookUrl": url}))["BounceHookUrl"] == url
    assert content(box.server.put("/server", json={"BounceHookUrl": ""}))["BounceHookUrl"] == ""


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Name": ""}, 608),
        ({"Name": "  "}, 608),
        ({"Name": "shop"}, 603),
        ({"Color": "pink"}, 607),
        ({"Color": ""}, 607),
        ({"InboundHookUrl": "ftp://example.com"}, 606),
        ({"BounceHookUrl": "no url"}, 606),
        ({"OpenHookUrl": "http://localhost/x"}, 606),
        ({"ClickHookUrl": "http://127.0.0.1:8000/x"}, 606),
        ({"DeliveryHookUrl": "http://10.1.2.3/"}, 606),
        ({"DeliveryHookUrl": "http://[::1]/"}, 606),
        ({"InboundDomain": "nonsense"}, 610),
        ({"InboundDomain": "in.shop.example.org"}, 602),
        ({"InboundSpamThreshold": 31}, 611),
        ({"InboundSpamThreshold": -1}, 611),
        ({"TrackLinks": "HtmlAndTextTracking"}, 612),
        ({"TrackLinks": ""}, 612),
        ({"TrackOpens": 1}, 403),
        ({}, 609),
    ],
)
def test_what_a_server_must_not_be(fields: Any, code: int) -> None:
    box = PostmarkAccount()
    create(box, InboundDomain="in.shop.example.org")
    assert error_code(box.server.put("/server", json=fields)) == code


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, 608),
        ({"Name": "transactional"}, 603),
        ({"Name": "Shop", "DeliveryType": "Fast"}, 613),
        ({"Name": "Shop", "DeliveryType": ""}, 613),
    ],
)
def test_what_a_new_server_must_not_be(fields: Any, code: int) -> None:
    assert error_code(PostmarkAccount().account.post("/servers", json=fields)) == code


def test_the_delivery_type_never_changes() -> None:
    box = PostmarkAccount()
    path = f"/servers/{create(box)['ID']}"
    assert (
        content(box.account.put(path, json={"DeliveryType": "Sandbox"}))["DeliveryType"] == "Live"
    )


def test_an_inbound_domain_is_looked_up_only_if_told_to() -> None:
    box = PostmarkAccount()
    content(box.server.put("/server", json={"InboundDomain": "in.example.org"}))
    box.set(postmark_check_inbound_mx=True)
    assert error_code(box.server.put("/server", json={"InboundDomain": "mx.example.org"})) == 610
    box.world.publish("mx.example.org", published=True)
    content(box.server.put("/server", json={"InboundDomain": "mx.example.org"}))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_missing_server_is_404_with_an_empty_body(method: str) -> None:
    response = PostmarkAccount().account.request(method, "/servers/1")
    assert (response.status_code, response.content) == (404, b"")


def test_a_deleted_server_takes_its_token_with_it() -> None:
    box = PostmarkAccount()
    server = create(box)
    assert content(box.account.delete(f"/servers/{server['ID']}")) == {
        "ErrorCode": 0,
        "Message": "Server Shop removed.",
    }
    own = box.client(server=server["ApiTokens"][0])
    assert error_code(own.get("/server"), 401) == 10


def test_deletion_can_be_forbidden() -> None:
    box = PostmarkAccount()
    box.set(postmark_server_deletion=False)
    assert error_code(box.account.delete(f"/servers/{create(box)['ID']}")) == 604


def test_a_server_is_minted_once() -> None:
    box = PostmarkAccount()
    token = mint_server(box.world, "Marketing")
    assert mint_server(box.world, "Marketing") == token
    assert content(box.client(server=token).get("/server"))["Name"] == "Marketing"


def test_minting_finds_the_seeded_server() -> None:
    box = PostmarkAccount()
    assert mint_server(box.world, "Transactional") == CREDENTIALS["postmark_server_token"]
