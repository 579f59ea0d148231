"""What the schema refuses: one finding a mistake, at the key or the value that is wrong."""

import json

import pytest
from loading import MAILGUN, POSTMARK, findings, load, only, place_of, places, said

FULL = """\
version: 1
providers:
  p:
    service: postmark
    token: {env: SERVER}
    account_token: {sops: {file: secrets.sops.yaml, key: postmark.account}}
    sender: noreply@example.com
    tracking: {opens: true, links: html_only, delivery: true}
    domains:
      example.com: {return_path: pm.example.com}
      old.example.com: {ensure: absent}
    streams:
      news: {type: broadcasts, name: News, description: All, unsubscribe_handling: postmark}
    webhooks:
      - {url: "https://hooks.example.com/a", stream: news, triggers: [delivery]}
    advanced: {message_stream: outbound, batch_size: 50, retry_attempts: 3, timeout: 30}
  m:
    service: mailgun
    token: {file: key.txt}
    region: eu
    domain: mg.example.com
    sender: news@mg.example.com
    tracking:
      opens: {active: true, place_at_the_top: true}
      clicks: html_only
      unsubscribe: {active: true, html_footer: "<p>", text_footer: "%"}
      dkim_signing: true
    domains:
      mg.example.com:
        tracking: {opens: true}
        spam_action: tag
        wildcard: false
        web_scheme: https
        web_prefix: email
        require_tls: true
        skip_verification: false
        message_ttl: 60
        archive_to: https://hooks.example.com/archive
        mailfrom_host: bounce.mg.example.com
        use_automatic_sender_security: true
    webhooks: {delivered: ["https://hooks.example.com/b"]}
    advanced: {tag_prefix: x, batch_size: 1, retry_attempts: 0, timeout: 5, testmode: false}
"""


def test_the_full_vocabulary_is_valid() -> None:
    assert findings(FULL) == ()


@pytest.mark.parametrize(
    "beside",
    [
        "version: 1",
        "service: postmark",
        "{env: SERVER}",
        "{file: secrets.sops.yaml, key",
        "{opens: true, links",
        "{return_path:",
        "{type: broadcasts",
        '{url: "https://hooks.example.com/a"',
        "{message_stream",
        "service: mailgun",
        "{file: key.txt}",
        "{active: true, place_at",
        "clicks: html_only",
        "{active: true, html_footer",
        "{opens: true}",
        "spam_action: tag",
        "{delivered:",
        "{tag_prefix",
    ],
)
def test_an_unknown_key_is_refused_in_every_mapping_at_its_place(beside: str) -> None:
    in_flow = beside.startswith("{")
    line, column = place_of(FULL, beside)
    indent = " " * (column - 1)
    added = "{zzzz: 1, " + beside[1:] if in_flow else f"zzzz: 1\n{indent}{beside}"
    found = only(FULL.replace(beside, added))
    assert (found.location.line, found.location.column) == (line, column + in_flow)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("version", "versoin"),
        ("providers", "provider"),
        ("account_token", "acount_token"),
        ("links", "Links"),
        ("delivery: true", "delivry: true"),
        ("streams:", "streems:"),
        ("return_path", "return-path"),
        ("unsubscribe_handling", "unsubscribe_handing"),
        ("triggers", "trigers"),
        ("message_stream", "messagestream"),
        ("region", "regoin"),
        ("domain:", "domian:"),
        ("place_at_the_top", "place_at_top"),
        ("html_footer", "html_foter"),
        ("dkim_signing", "dkim_singing"),
        ("spam_action", "spamaction"),
        ("delivered", "deliverd"),
        ("testmode", "test_mode"),
    ],
)
def test_a_misspelt_key_is_one_finding_at_the_key_with_what_was_meant(
    right: str, wrong: str
) -> None:
    finding = only(FULL.replace(right, wrong, 1))
    assert (finding.location.line, finding.location.column) == place_of(FULL, right)
    right, wrong = (text.partition(":")[0] for text in (right, wrong))
    assert finding.message == f"unknown key `{wrong}`; did you mean `{right}`?"


def test_what_is_below_a_misspelt_key_is_checked_as_what_was_meant() -> None:
    text = f"{POSTMARK}    streems: {{news: {{typ: braodcasts, name: 1}}}}\n"
    assert places(text) == [(7, 5), (7, 22), (7, 45)]
    assert places("versoin: 1\nprovders: {p: {servce: postmark, tokn: {env: A}, foo: 1}}\n") == [
        (1, 1),
        (2, 1),
        (2, 16),
        (2, 34),
        (2, 50),
    ]


def test_a_misspelt_key_with_a_wrong_value_is_one_finding() -> None:
    message = "unknown key `domain`; did you mean `domains`?"
    assert said(f"{POSTMARK}    domain: example.com\n") == (7, 5, message)


def test_two_misspellings_of_one_key_are_two_findings() -> None:
    text = f"{POSTMARK}    trackin: {{opens: true}}\n    traking: {{opens: true}}\n"
    assert places(text) == [(7, 5), (8, 5)]


def test_a_misspelling_beside_its_key_is_one_finding() -> None:
    assert places(f"{MAILGUN}    tokn: {{env: OTHER}}\n") == [(7, 5)]


def test_an_unknown_key_like_none_lists_those_that_there_are() -> None:
    line, column, message = said(f"{POSTMARK}    domains: {{example.com: {{zzzz: 1}}}}\n")
    assert (line, column) == (7, 29)
    assert message.startswith("unknown key `zzzz`; known here: ")
    assert {"ensure", "return_path"} <= set(message.partition("here: ")[2].split(", "))


def test_a_misspelt_service_is_one_finding_and_the_provider_is_checked_on() -> None:
    message = "`service`: one of postmark, mailgun is wanted; did you mean `postmark`?"
    text = POSTMARK.replace("postmark", "postmrk")
    assert said(text) == (4, 14, message)
    text += "    foo: 1\n    tracking: {delivery: true}\n    advanced: {message_stream: x}\n"
    assert places(text) == [(4, 14), (7, 5), (8, 26), (9, 32)]
    assert "`mailgun`?" in said(MAILGUN.replace("mailgun", "Mail-Gun"))[2]


def test_a_service_like_none_is_one_finding() -> None:
    message = "`service`: one of postmark, mailgun is wanted"
    assert said(POSTMARK.replace("postmark", "ses")) == (4, 14, message)
    assert places(POSTMARK.replace("postmark", "[postmark]")) == [(4, 14)]


@pytest.mark.parametrize(
    ("right", "wrong", "meant"),
    [
        ("html_only, ", "html-only, ", "html_only"),
        ("broadcasts", "broadcast", "broadcasts"),
        ("unsubscribe_handling: postmark", "unsubscribe_handling: Postmark", "postmark"),
        ("[delivery]", "[deliverd]", "delivery"),
        ("ensure: absent", "ensure: abset", "absent"),
        ("region: eu", "region: EU", "eu"),
        ("clicks: html_only", "clicks: htmlonly", "html_only"),
        ("spam_action: tag", "spam_action: tags", "tag"),
        ("web_scheme: https", "web_scheme: htps", "https"),
    ],
)
def test_a_misspelt_word_is_one_finding_at_the_value_with_what_was_meant(
    right: str, wrong: str, meant: str
) -> None:
    line, column, message = said(FULL.replace(right, wrong))
    before = wrong.split(": ", maxsplit=1)[0] + ": " if ": " in wrong else ""
    place = place_of(FULL, right)
    assert (line, column) == (place[0], place[1] + len(before) + wrong.startswith("["))
    assert message.endswith(f"; did you mean `{meant}`?")


def test_a_misspelt_word_in_a_list_makes_no_duplicate() -> None:
    text = (
        f"{POSTMARK}    webhooks: [{{url: 'https://a.example.com', triggers: [bounc, bounce]}}]\n"
    )
    assert places(text) == [(7, 58)]


@pytest.mark.parametrize(
    ("removed", "place", "message"),
    [
        ("version: 1\n", (1, 1), "the file needs the key `version`, such as `version: 1`"),
        ("    service: mailgun\n", (17, 3), "`m` needs the key `service`, such as `service: "),
        ("    token: {file: key.txt}\n", (17, 3), "`m` needs the key `token`"),
        ('url: "https://hooks.example.com/a", ', (15, 9), "an item of `webhooks` needs the key `u"),
        (", key: postmark.account", (6, 21), "`sops` needs the key `key`, such as `key: mail"),
    ],
)
def test_a_missing_key_is_one_finding_at_what_misses_it(
    removed: str, place: tuple[int, int], message: str
) -> None:
    assert removed in FULL
    line, column, found = said(FULL.replace(removed, "", 1))
    assert (line, column) == place
    assert found.startswith(message)


def test_providers_may_be_neither_missing_nor_empty() -> None:
    assert said("version: 1\n") == (1, 1, "the file needs the key `providers`")
    assert said("version: 1\nproviders: {}\n")[:2] == (2, 12)
    assert said("version: 1\nproviders: [p]\n")[:2] == (2, 12)
    assert said("version: 1\nproviders: {p: text}\n")[:2] == (2, 16)


@pytest.mark.parametrize("version", ["2", "0", "'1'", "true", "1.5", "[1]", "{}", ""])
def test_there_is_one_version(version: str) -> None:
    line, column, message = said(POSTMARK.replace("version: 1", f"version: {version}"))
    assert (line, column) == (1, 9 if version == "" else 10)
    assert message == "`version`: 1 is wanted"


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ("opens: true, ", "opens: 1, ", "true or false is wanted, not a number"),
        ("opens: true, ", "opens: 'true', ", "true or false is wanted, not text; write it without"),
        ("batch_size: 50", "batch_size: '50'", "a whole number is wanted, not text; write it with"),
        ("batch_size: 50", "batch_size: many", "a whole number is wanted, not text"),
        ("batch_size: 50", "batch_size: 1.5", "a whole number is wanted, not a decimal number"),
        ("batch_size: 50", "batch_size: 50.0", "a whole number is wanted, not a decimal number"),
        ("batch_size: 50", "batch_size: true", "a whole number is wanted, not true or false"),
        ("timeout: 30", "timeout: [30]", "a number is wanted, not a list"),
        ("timeout: 30", "timeout: true", "a number is wanted, not true or false"),
        ("name: News", "name: 5", "text is wanted, not a number; quote it"),
        ("name: News", "name: {a: 1}", "text is wanted, not a mapping"),
        ("name: News", "name: ''", "a text that is not empty is wanted"),
        ("clicks: html_only", "clicks: 1", "one of true, false, html_only is wanted"),
        ("wildcard: false", "wildcard: 0", "true or false is wanted, not a number"),
        ("message_ttl: 60", "message_ttl: -1", "at least 0 is wanted"),
        ("testmode: false", "testmode: 'false'", "true or false is wanted, not text; write it"),
        ("web_prefix: email", "web_prefix: a.b", "one lower-case label such as email is wanted"),
        ("mailfrom_host: bounce.mg.example.com", "mailfrom_host: 4", "text is wanted, not a numb"),
        ("text_footer: '%'", "text_footer: ' '", "a text that is not blank is wanted"),
    ],
)
def test_a_wrong_type_is_one_finding_at_the_value_that_says_what_is_wanted(
    right: str, wrong: str, message: str
) -> None:
    text = FULL.replace('"%"', "'%'")
    key = right.split(":", maxsplit=1)[0]
    line, column = place_of(text, right)
    found = said(text.replace(right, wrong))
    assert found[:2] == (line, column + len(key) + 2)
    assert found[2].startswith(f"`{key}`: {message}")


def test_collections_of_the_wrong_shape_are_one_finding() -> None:
    assert said(f"{POSTMARK}    webhooks: {{delivered: []}}\n")[:2] == (7, 15)
    assert said(f"{POSTMARK}    webhooks: [x]\n")[2].startswith("an item of `webhooks`: a mapping")
    assert said(f"{MAILGUN}    webhooks: []\n")[2] == "`webhooks`: a mapping is wanted, not a list"
    assert said(f"{MAILGUN}    webhooks: {{opened: 'https://a.example.com'}}\n")[:2] == (7, 24)
    assert said(f"{MAILGUN}    tracking: {{opens: text}}\n")[2].startswith(
        "`opens`: true or false or"
    )


def test_the_same_entry_twice_is_found_at_the_second() -> None:
    text = f"{POSTMARK}    webhooks:\n    - url: https://a.example.com\n      triggers:\n"
    assert places(f"{text}      - open\n      - bounce\n      - open\n") == [(12, 9)]


def test_there_are_at_most_three_urls_an_event() -> None:
    urls = ", ".join(f"'https://{n}.example.com'" for n in range(4))
    message = "`opened`: at most 3 are allowed; remove some"
    assert said(f"{MAILGUN}    webhooks: {{opened: [{urls}]}}\n") == (7, 24, message)


RANGES = [
    (POSTMARK, "batch_size", 1, 500),
    (MAILGUN, "batch_size", 1, 1000),
    *[(text, "retry_attempts", 0, 5) for text in (POSTMARK, MAILGUN)],
    *[(text, "timeout", 5, 60) for text in (POSTMARK, MAILGUN)],
]


@pytest.mark.parametrize(("text", "key", "low", "high"), RANGES)
def test_advanced_is_valid_from_edge_to_edge_and_not_beyond(
    text: str, key: str, low: int, high: int
) -> None:
    for inside in (low, high):
        assert findings(f"{text}    advanced: {{{key}: {inside}}}\n") == ()
    for outside in (low - 1, high + 1, -high, 10**18 - 1):
        message = f"`{key}`: a number from {low} to {high} is wanted"
        found = said(f"{text}    advanced: {{{key}: {outside}}}\n")
        assert found == (7, 18 + len(key), message)


def test_timeout_may_have_decimals_within_its_range() -> None:
    assert findings(f"{POSTMARK}    advanced: {{timeout: 5.5}}\n") == ()
    assert places(f"{POSTMARK}    advanced: {{timeout: 4.999}}\n") == [(7, 25)]
    assert places(f"{POSTMARK}    advanced: {{timeout: 60.001}}\n") == [(7, 25)]


def test_retries_and_timeout_reach_the_provider_or_have_their_defaults() -> None:
    provider = load(f"{POSTMARK}    advanced: {{retry_attempts: 0, timeout: 5.5}}\n").providers["p"]
    assert (provider.retry_attempts, provider.timeout) == (0, 5.5)
    provider = load(MAILGUN).providers["m"]
    assert (provider.retry_attempts, provider.timeout) == (3, 30)


HOSTS = [
    "mg.example.com",
    "Example.COM",
    "a-b.example",
    "xn--bcher-kva.example",
    "1.2.3.com",
    "a.b0",
]
NO_HOSTS = [
    *["exa_mple.com", "localhost", "example.com.", ".example.com", "a..example.com", "-a.com"],
    *["a-.com", "bücher.example", "example.com\n", " example.com", "127.0.0.1", "*.example.com"],
    *["http://example.com", "a@example.com", "", "x." * 125 + "toolong", "l" * 64 + ".com"],
]


@pytest.mark.parametrize("name", HOSTS)
def test_domain_names_are_accepted(name: str) -> None:
    assert findings(f"{MAILGUN}    domains: {{{name}: {{mailfrom_host: {name}}}}}\n") == ()


@pytest.mark.parametrize("name", NO_HOSTS)
def test_other_names_are_refused_as_key_and_as_value(name: str) -> None:
    quoted = json.dumps(name, ensure_ascii=False)
    line, column, message = said(f"{MAILGUN}    domains: {{? {quoted} : {{}}}}\n")
    assert (line, column) == (7, 17)
    assert "such as mg.example.com is wanted" in message
    text = f"{MAILGUN}    domains: {{a.example.com: {{mailfrom_host: {quoted}}}}}\n"
    assert places(text) == [(7, 46)]
    if name:
        text = f"{POSTMARK}    domains: {{a.example.com: {{return_path: {quoted}}}}}\n"
        assert places(text) == [(7, 44)]


def test_an_empty_return_path_clears_it() -> None:
    assert findings(f"{POSTMARK}    domains: {{a.example.com: {{return_path: ''}}}}\n") == ()


MAILS = ["a@example.com", "a.b+c@mg.example.com", "O'Neil@example.com", "x" * 64 + "@example.com"]
NO_MAILS = [
    *["example.com", "a@localhost", "a@", "@example.com", "a b@example.com", "a@example.com\n"],
    *["a..b@example.com", ".a@example.com", "a.@example.com", "A <a@example.com>", "a@b@c.com"],
    *["ä@example.com", "a@exämple.com", "x" * 65 + "@example.com", "a@" + "x." * 130 + "com", ""],
]


@pytest.mark.parametrize("mail", MAILS)
def test_addresses_are_accepted(mail: str) -> None:
    assert findings(f"{MAILGUN}    sender: {json.dumps(mail)}\n") == ()


@pytest.mark.parametrize("mail", NO_MAILS)
def test_other_addresses_are_refused(mail: str) -> None:
    quoted = json.dumps(mail, ensure_ascii=False)
    message = "`sender`: an e-mail address such as noreply@example.com is wanted"
    if mail == "a@exämple.com":
        message += "; write it as `a@xn--exmple-cua.com`"
    assert said(f"{MAILGUN}    sender: {quoted}\n") == (7, 13, message)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Bücher.Example", "xn--bcher-kva.example"),
        ("straße.de", "xn--strae-oqa.de"),
        ("日本語.jp", "xn--wgv71a119e.jp"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("b_ü.example", ""),
        ("ü" * 300 + ".example", ""),
    ],
)
def test_the_form_that_dns_knows_of_an_international_name_is_named(name: str, written: str) -> None:
    for provider in (MAILGUN, POSTMARK):
        _, _, message = said(f"{provider}    domains: {{? {json.dumps(name)} : {{}}}}\n")
        assert message.endswith(f"; write it as `{written}`" if written else "no final dot")


URLS = ["https://hooks.example.com/a?b=c#d", "http://localhost:8080", "HTTPS://EXAMPLE.com/%20"]
NO_URLS = [
    *["hooks.example.com", "ftp://example.com", "https://", "https:///path", "//example.com", ""],
    *["https://exa mple.com", "https://example.com\n", "https://example.com:99999", "https://[::1"],
    *[
        "https://example.com:0",
        "https://bücher.example",
        "https://a.com\\b",
        "https://a.com/\u200b",
    ],
    *["https://example.com:port", "javascript:alert(1)", "https://a.com/" + "x" * 2048],
]


@pytest.mark.parametrize("url", URLS)
def test_urls_are_accepted(url: str) -> None:
    assert findings(f"{POSTMARK}    webhooks: [{{url: {json.dumps(url)}}}]\n") == ()


@pytest.mark.parametrize("url", NO_URLS)
def test_other_urls_are_refused(url: str) -> None:
    quoted = json.dumps(url, ensure_ascii=False)
    message = (
        "`url`: a URL such as https://hooks.example.com/mail is wanted, without user and password"
    )
    found = findings(f"{POSTMARK}    webhooks: [{{url: {quoted}}}]\n")
    assert {(each.location.line, each.location.column) for each in found} == {(7, 22)}
    assert {each.message for each in found} == {message}
    assert len(found) == 1


def test_names_of_providers_and_streams_end_where_they_end() -> None:
    assert places(POSTMARK.replace("  p:", '  "p\\n":')) == [(3, 3)]
    assert places(POSTMARK.replace("{env: SERVER}", '{env: "SERVER\\n"}')) == [(5, 18)]
    for name in ('"news\\n"', "News", "1st", "n" * 31, "a.b", "''"):
        assert places(f"{POSTMARK}    streams: {{{name}: {{}}}}\n") == [(7, 15)]
    for name in ("news", "n", "a-b_c1", "n" * 30):
        if name != "n":
            assert findings(f"{POSTMARK}    streams: {{{name}: {{}}}}\n") == ()


def test_very_many_mistakes_are_all_found() -> None:
    text = POSTMARK + "".join(f"    unknown{number}: 1\n" for number in range(1000))
    assert places(text) == [(line, 5) for line in range(7, 1007)]
