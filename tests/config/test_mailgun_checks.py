"""What a Mailgun provider's YAML cannot say."""

import pytest
from loading import MAILGUN, findings, load, places, said

WEBHOOK = "url: 'https://h.example.com/%s', events: [delivered]"


def test_a_host_for_dkim_stands_beside_no_force() -> None:
    for key in ("force_dkim_authority", "force_root_dkim_host"):
        text = f"{MAILGUN}    domains: {{a.com: {{dkim_host_name: a.com, {key}: true}}}}\n"
        assert said(text) == (
            7,
            39,
            f"`dkim_host_name` cannot stand beside `{key}: true`; remove one",
        )
        assert findings(text.replace("true", "false")) == ()


def test_an_event_takes_three_urls_of_the_account() -> None:
    items = ", ".join(f"{{{WEBHOOK % number}}}" for number in range(4))
    ((line, column),) = places(f"{MAILGUN}    account_webhooks: [{items}]\n")
    assert line == 7
    assert column > 100
    three = ", ".join(f"{{{WEBHOOK % number}}}" for number in range(3))
    assert findings(f"{MAILGUN}    account_webhooks: [{three}]\n") == ()


def test_an_account_webhook_has_events_unless_it_is_to_go() -> None:
    start = f"{MAILGUN}    account_webhooks:\n      - {{url: 'https://h.example.com/'"
    message = "an account webhook needs the key `events`, such as `events: [delivered]`"
    assert said(f"{start}}}\n") == (8, 9, message)
    assert findings(f"{start}, ensure: absent}}\n") == ()
    text = f"{start}, ensure: absent, events: [delivered]}}\n"
    assert said(text)[2].startswith("the webhook is to be absent")


def test_an_account_webhook_stands_there_once() -> None:
    text = f"{MAILGUN}    account_webhooks: [{{{WEBHOOK % 1}}}, {{{WEBHOOK % 1}}}]\n"
    assert "is declared twice" in said(text)[2]


def test_events_are_listed_once_each_and_known() -> None:
    start = f"{MAILGUN}    account_webhooks: [{{url: 'https://h.example.com/', events: "
    assert said(f"{start}[]}}]\n")[2] == "`events`: a list of events is wanted, each of them once"
    assert "did you mean `delivered`?" in said(f"{start}[deliverd]}}]\n")[2]
    assert len(places(f"{start}[opened, opened]}}]\n")) == 1


@pytest.mark.parametrize(
    "content",
    [
        "webhooks: {delivred: []}",
        "webhooks: {mode: exactly}",
        "webhooks: {opened: ['https://a.com/1', 'https://a.co/2', 'https://a.co/3', 'https://a.co']}",
        "domains: {a.com: {webhooks: {delivered: [x]}}}",
        "domains: {a.com: {dkim: {selektor: s1}}}",
        "domains: {a.com: {dkim: {selector: a.b}}}",
        "domains: {a.com: {dkim_key_size: 4096}}",
        "domains: {a.com: {dkim_key_size: '1024'}}",
        "domains: {a.com: {smtp_password: hunter22}}",
        "domains: {a.com: {ips: [somewhere]}}",
    ],
)
def test_what_the_schema_refuses_is_one_finding(content: str) -> None:
    found = findings(f"{MAILGUN}    {content}\n")
    assert len(found) == 1, [str(each) for each in found]
    assert "hunter22" not in str(found[0])


@pytest.mark.parametrize(
    "setting", ["tracking: {dkim_signing: true}", "dkim: {selector: s1}", "dkim_key_size: 2048"]
)
def test_keys_beside_automatic_sender_security_are_a_warning(setting: str) -> None:
    text = f"{MAILGUN}    domains: {{a.com: {{use_automatic_sender_security: true, {setting}}}}}\n"
    (warning,) = load(text).warnings
    assert "Mailgun keeps the keys" in warning.message
    assert warning.location.line == 7


def test_webhooks_and_signing_are_no_longer_warned_of() -> None:
    text = (
        f"{MAILGUN}    tracking: {{dkim_signing: true}}\n"
        "    webhooks: {delivered: ['https://h.example.com/']}\n    domains: {a.com: {}}\n"
    )
    assert load(text).warnings == ()
