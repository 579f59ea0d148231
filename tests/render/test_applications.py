"""What an application is made of: the YAML of its provider, and what holds where that is silent."""

from typing import Any

import pytest
from applications import MAILGUN, POSTMARK, application

from reconciler.config.schema_files import load_schema
from reconciler.model import Reference
from reconciler.providers.mailgun.regions import URLS
from reconciler.providers.postmark.session import URL


def default(service: str, *path: str) -> Any:
    """Return the default of the schema."""
    found: Any = load_schema(f"{service}.schema.json")
    for key in path:
        found = found["properties"][key]
    if reference := found.get("$ref", "").rpartition("/")[2]:
        found = load_schema("esp.schema.json")["$defs"][reference]
    return found["default"]


def test_all_that_postmarks_yaml_says_is_taken() -> None:
    found = application(POSTMARK)
    assert (found.name, found.service, found.host) == ("mail", "postmark", "api.postmarkapp.com")
    assert isinstance(found.token, Reference)
    assert str(found.token) == "env POSTMARK_SERVER_TOKEN"
    assert (found.sender, found.sender_name) == ("ops@acme.example", "Operations & Co, Ltd.")
    assert (found.stream, found.domain, found.region) == ("receipts", "", "")
    assert (found.batch_size, found.retry_attempts, found.timeout) == (70, 2, 7.5)
    assert (found.seconds, found.milliseconds) == (7.5, 7500)
    assert found.tracking == {"opens": True, "links": "html_only"}


def test_all_that_mailguns_yaml_says_is_taken() -> None:
    found = application(MAILGUN)
    assert (found.service, found.host) == ("mailgun", "api.eu.mailgun.net")
    assert (found.domain, found.region, found.stream) == ("mg.example.com", "eu", "")
    assert (found.tag_prefix, found.testmode, found.batch_size) == ("pm-", True, 300)
    assert (found.seconds, found.milliseconds) == (12, 12000)


def test_tracking_is_that_of_the_domain_that_is_sent_from() -> None:
    assert application(MAILGUN).tracking == {"opens": True, "clicks": "html_only"}
    assert application({**MAILGUN, "domains": {"mg.example.com": {}}}).tracking["clicks"] is True


@pytest.mark.parametrize("service", ["postmark", "mailgun"])
def test_what_is_not_said_is_what_the_schema_says(service: str) -> None:
    found = application({"service": service, "token": {"env": f"{service.upper()}_TOKEN"}})
    advanced = {"batch_size": found.batch_size, "timeout": found.timeout}
    advanced["retry_attempts"] = found.retry_attempts
    if service == "postmark":
        advanced["message_stream"] = found.stream  # type: ignore[assignment]
    else:
        advanced |= {"tag_prefix": found.tag_prefix, "testmode": found.testmode}  # type: ignore[dict-item]
        assert found.region == default(service, "region")
    for key, value in advanced.items():
        assert value == default(service, "advanced", key), key


def test_the_hosts_are_those_that_we_call() -> None:
    assert application(POSTMARK).url == URL
    for region, url in URLS.items():
        assert application({**MAILGUN, "region": region}).url == url


def test_a_sender_has_the_name_that_it_is_declared_with_however_it_is_written() -> None:
    assert application({**POSTMARK, "sender": "OPS@Acme.Example"}).sender_name
    assert application({**POSTMARK, "sender": "noreply@example.com"}).sender_name == ""


def test_without_a_domain_that_of_the_sender_is_taken_if_it_is_declared() -> None:
    silent = {key: value for key, value in MAILGUN.items() if key != "domain"}
    assert application(silent).domain == "mg.example.com"
    assert application({**silent, "domains": {"other.example.com": {}}}).domain == ""
    assert application({**silent, "domains": {"mg.example.com": {"ensure": "absent"}}}).domain == ""
