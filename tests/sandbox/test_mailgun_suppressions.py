import gzip
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mailgun_account import DOMAIN, MailgunAccount, content, refusal

from reconciler.sandbox.mailgun.suppression_lists import is_suppressed

LISTS = ("bounces", "complaints", "unsubscribes", "whitelists")
ADDRESS = "ann@example.com"
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
INVALID = "address parameter is not a valid address. please check documentation"


def path(name: str, more: str = "") -> str:
    return f"/v3/{DOMAIN}/{name}{more and '/'}{quote(more, safe='')}"


def account_with(name: str = "", *addresses: str, **settings: Any) -> MailgunAccount:
    account = MailgunAccount(**settings)
    account.create()
    for address in addresses:
        content(account.us.post(path(name), data={"address": address}))
    return account


def reason(account: MailgunAccount, address: str = ADDRESS, *tags: str) -> str | None:
    return is_suppressed(account.world.mailgun["regions"]["us"], DOMAIN, address, tags)


def addresses(body: dict[str, Any]) -> list[str]:
    return [item["address"] for item in body["items"]]


@pytest.mark.parametrize(
    ("name", "added", "fields"),
    [
        (
            "bounces",
            "Address has been added to the bounces table",
            {"address": ADDRESS, "code": "550", "error": ""},
        ),
        (
            "complaints",
            "Address has been added to the complaints table",
            {"address": ADDRESS},
        ),
        (
            "unsubscribes",
            "Address has been added to the unsubscribes table",
            {"address": ADDRESS, "tags": ["*"]},
        ),
    ],
)
def test_one_is_added_read_and_removed(name: str, added: str, fields: dict[str, Any]) -> None:
    account = account_with()
    made = content(account.us.post(path(name), data={"address": ADDRESS}))
    assert made == {"message": added, "address": ADDRESS}
    told = account.get(path(name, "ANN@example.com"))
    assert told["created_at"].endswith(" UTC")
    assert parsedate_to_datetime(told["created_at"]).tzinfo is not None
    assert told == fields | {"created_at": told["created_at"]}
    assert account.get(path(name))["items"] == [told]
    assert content(account.us.delete(path(name, ADDRESS)))["address"] == ADDRESS
    assert account.us.get(path(name, ADDRESS)).status_code == 404
    assert account.us.delete(path(name, ADDRESS)).status_code == 404


def test_what_is_given_of_a_bounce_is_kept() -> None:
    account = account_with()
    data = {"address": ADDRESS, "code": "554", "error": "No such user"}
    date = "Thu, 13 Oct 2011 18:02:00 +0200"
    content(account.us.post(path("bounces"), data=data | {"created_at": date}))
    expected = data | {"created_at": "Thu, 13 Oct 2011 16:02:00 UTC"}
    assert account.get(path("bounces", ADDRESS)) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bounces", "2 addresses have been added to the bounces table"),
        ("complaints", "2 complaint addresses have been added to the complaints table"),
        ("unsubscribes", "2 addresses have been added to the unsubscribes table"),
    ],
)
def test_many_are_added_by_json_and_cleared(name: str, text: str) -> None:
    account = account_with()
    batch = [
        {"address": ADDRESS, "code": 550, "createdat": "Thu, 11 Dec 2025 01:49:40 UTC"},
        {"address": "bob@example.com", "createdat": "Mon, 01 Jan 0001 00:00:00 UTC"},
    ]
    assert content(account.us.post(path(name), json=batch)) == {"message": text}
    first, second = account.get(path(name))["items"]
    assert first["created_at"] == "Thu, 11 Dec 2025 01:49:40 UTC"
    assert "0001" not in second["created_at"]
    assert content(account.us.delete(path(name)))["message"].endswith("have been removed")
    assert account.get(path(name))["items"] == []


def test_a_single_object_will_do_for_a_batch() -> None:
    account = account_with()
    body = content(account.us.post(path("unsubscribes"), json={"address": ADDRESS, "tags": ["a"]}))
    assert body["address"] == ADDRESS
    assert account.get(path("unsubscribes", ADDRESS))["tags"] == ["a"]


def test_tags_are_added_and_taken_back_one_by_one() -> None:
    account = account_with()
    for tag in ("news", "offers", "news"):
        account.us.post(path("unsubscribes"), data={"address": ADDRESS, "tag": tag})
    assert account.get(path("unsubscribes", ADDRESS))["tags"] == ["news", "offers"]
    one = path("unsubscribes", ADDRESS)
    text = refusal(account.us.delete(one, params={"tag": "other"}), 404)
    assert text == "Unsubscribe event for this tag does not exist"
    content(account.us.delete(one, params={"tag": "news"}))
    assert account.get(one)["tags"] == ["offers"]
    content(account.us.delete(one, params={"tag": "offers"}))
    assert refusal(account.us.get(one), 404) == "Address not found in unsubscribers table"


@pytest.mark.parametrize(
    ("data", "type_", "value"),
    [
        ({"address": ADDRESS}, "address", ADDRESS),
        ({"domain": "Example.com"}, "domain", "example.com"),
        ({"address": ADDRESS, "domain": "example.org"}, "address", ADDRESS),
    ],
)
def test_an_address_or_a_domain_is_allowed(data: dict[str, str], type_: str, value: str) -> None:
    account = account_with()
    made = content(account.us.post(path("whitelists"), data=data))
    text = "Address/Domain has been added to the allowlists table"
    assert made == {"message": text, "type": type_, "value": value}
    told = account.get(path("whitelists", value))
    assert (told["type"], told["value"], told["reason"]) == (type_, value, "")
    assert told["createdAt"].endswith(" UTC")
    removed = content(account.us.delete(path("whitelists", value)))
    assert removed == {"message": "Allowlist address/domain has been removed", "value": value}


def test_a_list_is_paged_to_its_end_and_back() -> None:
    account = account_with("bounces", *(f"{letter}@example.com" for letter in "edcba"))
    seen, body = [], account.get(path("bounces"), limit="2")
    while body["items"]:
        seen.append(addresses(body))
        body = content(account.us.get(body["paging"]["next"]))
    assert [[each[0] for each in page] for page in seen] == [["a", "b"], ["c", "d"], ["e"]]
    back = content(account.us.get(body["paging"]["previous"]))
    assert addresses(back) == ["d@example.com", "e@example.com"]
    back = content(account.us.get(back["paging"]["previous"]))
    assert addresses(back) == ["b@example.com", "c@example.com"]
    assert addresses(content(account.us.get(back["paging"]["first"]))) == seen[0]
    assert addresses(content(account.us.get(back["paging"]["last"]))) == [
        "d@example.com",
        "e@example.com",
    ]


def test_beyond_the_end_new_entries_are_awaited() -> None:
    account = account_with("bounces", "a@example.com")
    beyond = account.get(path("bounces"), page="next", address="a@example.com")
    assert beyond["items"] == []
    account.us.post(path("bounces"), data={"address": "b@example.com"})
    assert addresses(content(account.us.get(beyond["paging"]["next"]))) == ["b@example.com"]
    before = account.get(path("bounces"), page="previous", address="a@example.com")
    assert before["items"] == []
    assert addresses(content(account.us.get(before["paging"]["next"])))[0] == "a@example.com"


def test_what_goes_between_two_pages_hides_no_entry() -> None:
    account = account_with("bounces", *(f"{letter}@example.com" for letter in "abcd"))
    body = account.get(path("bounces"), limit="2")
    account.us.delete(path("bounces", "a@example.com"))
    account.us.delete(path("bounces", "b@example.com"))
    following = content(account.us.get(body["paging"]["next"]))
    assert addresses(following) == ["c@example.com", "d@example.com"]


def test_a_term_is_what_addresses_begin_with() -> None:
    account = account_with("bounces", "ann@example.com", "anna@example.com", "joann@example.com")
    body = account.get(path("bounces"), term="Ann", limit="1")
    assert addresses(body) == ["ann@example.com"]
    assert addresses(content(account.us.get(body["paging"]["next"]))) == ["anna@example.com"]


@pytest.mark.parametrize("name", LISTS)
def test_a_file_is_imported_and_its_wrong_rows_are_left_out(name: str) -> None:
    account = account_with()
    text = "\ufeffAddress,code,created_at\nann@example.com,550,\nnobody,550,\nbob@example.com\n"
    for file in (text.encode(), gzip.compress(text.encode())):
        response = account.us.post(path(name, "import"), files={"any_name": ("l.csv", file)})
        told = content(response, 202)
        assert told == {"message": "file uploaded successfully for processing. standby..."}
        key = "value" if name == "whitelists" else "address"
        found = [item[key] for item in account.get(path(name))["items"]]
        assert found == ["ann@example.com", "bob@example.com"]


@pytest.mark.parametrize("file", [b"", b"name\nAnn\n", b"\xff\xfe", b"\x1f\x8bbroken", b"\0\n"])
def test_a_file_that_is_no_list_is_refused(file: bytes) -> None:
    response = account_with().us.post(path("bounces", "import"), files={"file": ("l.csv", file)})
    assert response.status_code == 400


def test_a_file_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.sandbox.mailgun.address_lists.MOST_UNPACKED", 10_000)
    bomb = gzip.compress(b"address\n" + b"a" * 10_000)
    response = account_with().us.post(path("bounces", "import"), files={"file": ("l.csv", bomb)})
    assert refusal(response) == "The file unpacks to too much"


def test_an_import_needs_a_file() -> None:
    assert refusal(account_with().us.post(path("bounces", "import"))) == "Missing parameter 'file'"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bounces", "Address not found in bounces table"),
        ("complaints", "No spam complaints found for this address"),
        ("unsubscribes", "Address not found in unsubscribers table"),
        ("whitelists", "Address/Domain not found in allowlist table"),
    ],
)
def test_who_is_not_on_a_list_is_not_found(name: str, text: str) -> None:
    assert refusal(account_with().us.get(path(name, "nobody@example.com")), 404) == text


@pytest.mark.parametrize("name", LISTS)
def test_each_domain_has_its_own_lists(name: str) -> None:
    account = account_with(name, ADDRESS)
    account.create("other.example.org")
    assert account.get(f"/v3/other.example.org/{name}")["items"] == []
    for client in (account.us, account.eu):
        assert refusal(client.get(f"/v3/unknown.example/{name}"), 404) == "Domain not found"


def test_a_sending_key_sees_no_suppressions() -> None:
    account = account_with("bounces", ADDRESS)
    sender = account.key("sending", kind="domain", domain_name=DOMAIN)
    assert refusal(sender.get(path("bounces")), 401) == "Invalid private key"
    reader = account.key("basic")
    assert addresses(content(reader.get(path("bounces")))) == [ADDRESS]
    assert reader.delete(path("bounces")).status_code == 403


def test_the_calls_are_counted() -> None:
    account = account_with(mailgun_suppression_limit=1)
    response = account.us.get(path("bounces"))
    assert response.headers["X-Request-Limit"] == "1"
    assert response.headers["X-Request-Remaining"] == "0"
    assert account.us.get(path("complaints")).status_code == 429


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("bounces", "suppress-bounce"),
        ("complaints", "suppress-complaint"),
        ("unsubscribes", "suppress-unsubscribe"),
    ],
)
def test_who_is_on_a_list_gets_no_more_mail(name: str, why: str) -> None:
    account = account_with(name, "Ann@Example.com")
    assert reason(account) == reason(account, "ANN@example.com") == why
    assert reason(account, "bob@example.com") is None
    account.us.delete(path(name))
    assert reason(account) is None


def test_an_unknown_domain_suppresses_nothing() -> None:
    account = account_with("bounces", ADDRESS)
    region = account.world.mailgun["regions"]["us"]
    assert is_suppressed(region, "unknown.example", ADDRESS) is None
    assert is_suppressed(region, DOMAIN.upper() + ".", ADDRESS) == "suppress-bounce"


def test_who_left_one_tag_gets_the_mail_without_it() -> None:
    account = account_with()
    account.us.post(path("unsubscribes"), data={"address": ADDRESS, "tag": "News"})
    assert reason(account) is None
    assert reason(account, ADDRESS, "other") is None
    assert reason(account, ADDRESS, "other", "news") == "suppress-unsubscribe"


@pytest.mark.parametrize("allowed", [{"address": ADDRESS}, {"domain": "example.com"}])
def test_who_is_allowed_has_not_bounced_but_may_have_complained(allowed: dict[str, str]) -> None:
    account = account_with("bounces", ADDRESS)
    account.us.post(path("whitelists"), data=allowed)
    assert reason(account) is None
    account.us.post(path("complaints"), data={"address": ADDRESS})
    assert reason(account) == "suppress-complaint"


@pytest.mark.parametrize(
    "address",
    ["o'neil/sales+x?y=1&z#%41@example.com", "jürgen@münchen.example", "爱@例.测试"],
)
def test_an_address_may_hold_anything_that_addresses_hold(address: str) -> None:
    account = account_with("bounces", "a@example.com", address)
    assert account.get(path("bounces", address))["address"] == address
    pages = account.get(path("bounces"), limit="1")["paging"]
    assert addresses(content(account.us.get(pages["next"]))) == [address]
    assert reason(account, address) == "suppress-bounce"
    assert content(account.us.delete(path("bounces", address)))["address"] == address
    assert addresses(account.get(path("bounces"))) == ["a@example.com"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"7",
        b'["ann@example.com"]',
        b'[{"address": 7}]',
        b'[{"address": ["ann@example.com"]}]',
        b'[{"address": {"a": 1}}]',
        b'[{"address": "nobody"}]',
        b'[{"address": "\\ud800@example.com"}]',
        # The code is a bounce's, the tags are an unsubscribe's.
        b'[{"address": "ann@example.com", "code": {}, "tags": [{}]}]',
        b'[{"address": "ann@example.com", "created_at": "never"}]',
        b'[{"address": "ann@example.com", "created_at": "Thu, 13 Oct 2011 18:02:00 +9999999"}]',
        b'[{"address": "ann@example.com", "created_at": "0001-01-01T00:00:00+23:00"}]',
        b'[{"address": "ann@example.com", "created_at": true}]',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
@pytest.mark.parametrize("name", ["bounces", "unsubscribes"])
def test_a_body_of_another_kind_is_refused_and_adds_nothing(name: str, body: bytes) -> None:
    account = account_with()
    as_json = {"Content-Type": "application/json"}
    response = account.us.post(path(name), content=body, headers=as_json)
    assert response.status_code == 400
    assert account.get(path(name))["items"] == []


def test_a_batch_is_added_as_a_whole_or_not_at_all() -> None:
    account = account_with()
    batch = [{"address": ADDRESS}, {"address": "nobody"}]
    assert refusal(account.us.post(path("bounces"), json=batch)) == INVALID
    assert account.get(path("bounces"))["items"] == []


def test_a_batch_holds_a_thousand_at_most() -> None:
    account = account_with()
    batch = [{"address": f"a{number:04}@example.com"} for number in range(1001)]
    text = "Batch size should be less than 1000"
    assert refusal(account.us.post(path("bounces"), json=batch)) == text
    told = content(account.us.post(path("bounces"), json=batch[:1000]))
    assert told == {"message": "1000 addresses have been added to the bounces table"}
    assert len(account.get(path("bounces"), limit="1000")["items"]) == 1000
    assert len(account.get(path("bounces"))["items"]) == 100


@pytest.mark.parametrize("limit", ["-1", "x", "1001", "٣", "9" * 5000, "1e3"])
def test_a_wrong_limit_is_refused(limit: str) -> None:
    assert account_with().us.get(path("bounces"), params={"limit": limit}).status_code == 400


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "page": st.sampled_from(["first", "next", "previous", "last", "PREV", "7", ""]),
            "address": TEXTS,
            "term": TEXTS,
            "limit": st.sampled_from(["", "0", "1", "2", "1000"]),
        },
    )
)
def test_any_page_that_is_asked_for_is_answered(question: dict[str, str]) -> None:
    body = paged().get(path("bounces"), **question)
    assert set(body["paging"]) == {"previous", "first", "next", "last"}


@cache
def paged() -> MailgunAccount:
    return account_with("bounces", "a@example.com", "b@example.com", "c@example.com")
