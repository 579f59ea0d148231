"""JSON: holds any value, and whatever the others may have no word for."""

import json
from typing import Any

import pytest
from applications import HOSTILE, MAILGUN, POSTMARK, application, named

from reconciler.model import Secret
from reconciler.render import rendered


def test_all_of_postmarks_is_there() -> None:
    assert json.loads(rendered(application(POSTMARK), "json")) == {
        "format_version": "1",
        "provider": "mail",
        "service": "postmark",
        "token": {"env": "POSTMARK_SERVER_TOKEN"},
        "sender": {"address": "ops@acme.example", "name": "Operations & Co, Ltd."},
        "api_url": "https://api.postmarkapp.com",
        "message_stream": "receipts",
        "batch_size": 70,
        "retry_attempts": 2,
        "timeout_seconds": 7.5,
        "timeout_ms": 7500,
        "tracking": {"opens": True, "links": "html_only"},
    }


def test_all_of_mailguns_is_there() -> None:
    assert json.loads(rendered(application(MAILGUN), "json")) == {
        "format_version": "1",
        "provider": "mail",
        "service": "mailgun",
        "token": {"env": "MAILGUN_API_KEY"},
        "sender": {"address": "news@mg.example.com", "name": ""},
        "api_url": "https://api.eu.mailgun.net",
        "region": "eu",
        "domain": "mg.example.com",
        "tag_prefix": "pm-",
        "testmode": True,
        "batch_size": 300,
        "retry_attempts": 1,
        "timeout_seconds": 12,
        "timeout_ms": 12000,
        "tracking": {"opens": True, "clicks": "html_only"},
    }


@pytest.mark.parametrize("value", [*HOSTILE, "\0", "\x1b[31m", "\ufeff"])
def test_any_value_is_held(value: str) -> None:
    text = rendered(application(MAILGUN, tag_prefix=value), "json")
    assert json.loads(text)["tag_prefix"] == value
    assert text.isascii()
    assert json.loads(rendered(named(value), "json"))["sender"]["name"] == value


@pytest.mark.parametrize(
    "reference",
    [
        {"env": "MAILGUN_KEY_OF_ANOTHER_NAME"},
        {"file": "secrets/mailgun-key"},
        {"sops": {"file": "secrets.sops.yaml", "key": "mail.key"}},
    ],
)
def test_a_reference_is_that_of_the_yaml(reference: dict[str, Any]) -> None:
    text = rendered(application({**MAILGUN, "token": reference}), "json")
    assert json.loads(text)["token"] == reference


def test_a_token_is_a_value_where_it_is_to_be_written_and_none_where_there_is_none() -> None:
    assert json.loads(rendered(application(MAILGUN), "json", Secret("k")))["token"] == {
        "value": "k"
    }
    learnt = {key: value for key, value in POSTMARK.items() if key != "token"}
    text = rendered(application({**learnt, "server": "Main"}), "json")
    assert json.loads(text)["token"] is None
