"""Which URLs a YAML may say in full: those in which there is nothing that could be a secret."""

import pytest

from reconciler.providers.urls import said_url

HOST = "https://hooks.example.com/h"


@pytest.mark.parametrize(
    "query",
    ["", "?source=mailgun", "?env=eu-west", "?v=2", "?v=v2&stream=outbound", "?debug", "?a="],
)
def test_plain_words_and_small_numbers_are_said(query: str) -> None:
    assert said_url(HOST + query) == HOST + query


@pytest.mark.parametrize(
    "query",
    [
        "?t=MgQSecretDDD",
        "?x=MgQSecretDDD",
        "?pw=hello",
        "?access=hello",
        "?p=hello",
        "?x-api=0a1b2c",
        "?a=aaaaaaaaaaaaaaaaaaaaaaaa",
        "?MgQSecretDDD",
        "?a=1&b=hunter2",
        "?a=%F0%9F%98%80",
        "?n=123456",
        "#x",
    ],
)
def test_whatever_else_stands_in_a_query_is_not(query: str) -> None:
    assert said_url(HOST + query) is None
