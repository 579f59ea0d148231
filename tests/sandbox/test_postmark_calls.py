import pytest
from postmark_account import CREDENTIALS, PostmarkAccount, content, error_code

from reconciler.sandbox import Sandbox

PAGE = {"count": 10, "offset": 0}


def test_a_wrong_server_token_is_refused_with_401_and_the_recorded_text() -> None:
    response = PostmarkAccount().client(server="no-such-token").get("/server")
    assert error_code(response, 401) == 10
    assert response.json() == {
        "ErrorCode": 10,
        "Message": "Request does not contain a valid Server token.",
    }


def test_a_missing_account_token_is_refused_with_401() -> None:
    assert error_code(PostmarkAccount().client().get("/domains", params=PAGE), 401) == 10


def test_each_kind_of_endpoint_refuses_the_other_kind_of_token() -> None:
    box = PostmarkAccount()
    assert error_code(box.server.get("/domains", params=PAGE), 401) == 10
    assert error_code(box.account.get("/server"), 401) == 10


def test_two_tokens_in_one_call_are_refused() -> None:
    client = PostmarkAccount().client(
        account=CREDENTIALS["postmark_account_token"], server=CREDENTIALS["postmark_server_token"]
    )
    assert error_code(client.get("/server"), 401) == 10
    assert error_code(client.get("/domains", params=PAGE), 401) == 10


def test_tokens_are_compared_without_letter_case() -> None:
    client = PostmarkAccount().client(server=CREDENTIALS["postmark_server_token"].upper())
    assert content(client.get("/server"))["Name"] == "Transactional"


def test_the_test_token_opens_nothing_but_sending() -> None:
    client = PostmarkAccount().client(server="POSTMARK_API_TEST")
    assert error_code(client.get("/server"), 401) == 10


def test_a_body_of_another_media_type_is_refused_with_415() -> None:
    response = PostmarkAccount().account.post("/domains", data={"Name": "a.example.org"})
    assert error_code(response, 415) == 409


@pytest.mark.parametrize("accept", ["", "text/html"])
def test_an_accept_header_without_json_is_refused_with_415(accept: str) -> None:
    response = PostmarkAccount().server.get("/server", headers={"Accept": accept})
    assert error_code(response, 415) == 409


@pytest.mark.parametrize("accept", ["*/*", "text/plain, application/json;q=0.5"])
def test_an_accept_header_that_allows_json_will_do(accept: str) -> None:
    content(PostmarkAccount().server.get("/server", headers={"Accept": accept}))


@pytest.mark.parametrize("body", [b"{", b"\xff", b'{"Name": ' + b"[" * 100_000])
def test_a_body_that_is_no_json_is_refused_with_402(body: bytes) -> None:
    response = PostmarkAccount().account.post(
        "/domains", content=body, headers={"Content-Type": "application/json"}
    )
    assert error_code(response) == 402


def test_a_value_of_another_json_type_is_refused_with_403() -> None:
    response = PostmarkAccount().server.put("/server", json={"TrackOpens": "yes"})
    assert error_code(response) == 403
    assert response.json()["Message"] == "Invalid request field(s): 'TrackOpens'."


def test_a_literal_null_counts_as_no_body() -> None:
    box = PostmarkAccount()
    domain_id = content(box.account.get("/domains", params=PAGE))["Domains"][0]["ID"]
    response = box.account.put(
        f"/domains/{domain_id}", content=b"null", headers={"Content-Type": "application/json"}
    )
    assert error_code(response) == 502


def test_paths_query_keys_and_body_keys_may_be_in_any_letter_case() -> None:
    box = PostmarkAccount()
    domain = content(box.account.post("/Domains/", json={"name": "a.example.org"}))
    again = content(box.account.put(f"/domains/{domain['ID']}/verifyDKIM"))
    listed = content(box.account.get("/DOMAINS/", params={"Count": 500, "OFFSET": 0}))
    assert again["Name"] in [each["Name"] for each in listed["Domains"]]


def test_an_unknown_path_is_404_and_an_unknown_method_405() -> None:
    box = PostmarkAccount()
    assert box.account.get("/nothing").status_code == 404
    assert box.account.get("/domains/abc").status_code == 404
    assert box.account.patch("/domains").status_code == 405


@pytest.mark.parametrize(
    ("path", "code"), [("/domains", 500), ("/senders", 500), ("/servers", 600)]
)
@pytest.mark.parametrize(
    "page",
    [
        {},
        {"count": 10},
        {"offset": 0},
        {"count": 0, "offset": 0},
        {"count": 501, "offset": 0},
        {"count": 1, "offset": -1},
        {"count": "many", "offset": 0},
    ],
)
def test_paging_parameters_are_required_and_limited(
    path: str, code: int, page: dict[str, str]
) -> None:
    assert error_code(PostmarkAccount().account.get(path, params=page)) == code


def test_pages_follow_one_another() -> None:
    box = PostmarkAccount()
    first = content(box.account.get("/domains", params={"count": 1, "offset": 0}))
    second = content(box.account.get("/domains", params={"count": 1, "offset": 1}))
    beyond = content(box.account.get("/domains", params={"count": 1, "offset": 2}))
    assert [each["Name"] for each in first["Domains"]] == ["old.example.com"]
    assert [each["Name"] for each in second["Domains"]] == ["mail.example.net"]
    assert beyond == {"TotalCount": 2, "Domains": []}


def test_shuffled_lists_keep_their_items() -> None:
    box = PostmarkAccount()
    before = content(box.server.get("/message-streams"))["MessageStreams"]
    box.set(shuffle=True)
    orders = [content(box.server.get("/message-streams"))["MessageStreams"] for _ in range(40)]
    assert any(order != before for order in orders)
    for order in orders:
        assert sorted(order, key=str) == sorted(before, key=str)


def test_text_that_utf_8_cannot_carry_survives() -> None:
    box = PostmarkAccount()
    server = content(
        box.server.put(
            "/server",
            content=rb'{"Name": "\ud800"}',
            headers={"Content-Type": "application/json"},
        )
    )
    assert server["Name"] == "\ud800"


def test_the_tokens_go_on_working_after_a_reset() -> None:
    box = Sandbox()
    box.world.reset()
    client = PostmarkAccount().client(server=box.credentials["postmark_server_token"])
    client._transport = box.transport()  # noqa: SLF001 - the same client on another sandbox
    assert content(client.get("/server"))["ApiTokens"] == [box.credentials["postmark_server_token"]]
