from typing import Any

import pytest
from postmark_account import PostmarkAccount, content, error_code

PATH = "/message-streams/outbound/suppressions"
ADDRESS = "a@shop.example.org"


def suppress(box: PostmarkAccount, address: str) -> None:
    content(box.server.post(PATH, json={"Suppressions": [{"EmailAddress": address}]}))


@pytest.mark.parametrize(
    "query",
    [
        "emailAddress=",
        "EMAILADDRESS=%20",
        "EmailAddress=&Origin=&SuppressionReason=&fromdate=&todate=",
    ],
)
def test_an_empty_filter_of_suppressions_filters_nothing(query: str) -> None:
    box = PostmarkAccount()
    suppress(box, ADDRESS)
    response = box.server.get(f"{PATH}/dump?{query}")
    (entry,) = content(response)["Suppressions"]
    assert entry["EmailAddress"] == ADDRESS


@pytest.mark.parametrize(
    "address", ["nobody", "b@shop.example.org", "\u7231@\u4f8b", "\0", "a" * 9000]
)
def test_no_suppression_is_found_for_another_address(address: str) -> None:
    box = PostmarkAccount()
    suppress(box, ADDRESS)
    assert content(box.server.get(f"{PATH}/dump", params={"EmailAddress": address})) == {
        "Suppressions": []
    }


@pytest.mark.parametrize(
    "query", ["Origin=Anybody", "SuppressionReason=x", "fromdate=x", "todate=9999-99-99"]
)
def test_a_filter_that_is_no_value_of_its_field_is_refused(query: str) -> None:
    assert error_code(PostmarkAccount().server.get(f"{PATH}/dump?{query}")) == 1402


@pytest.mark.parametrize("verb", ["", "/delete"])
@pytest.mark.parametrize(
    "items",
    [None, {}, "a@b.example.org", 7, ["a@b.example.org"], [[]], [{"EmailAddress": 7}], [None]],
)
def test_suppressions_of_another_type_are_refused(verb: str, items: Any) -> None:
    response = PostmarkAccount().server.post(f"{PATH}{verb}", json={"Suppressions": items})
    assert error_code(response) == 1400
