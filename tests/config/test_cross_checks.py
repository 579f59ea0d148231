"""What no schema can say: one part of the YAML against another, each mistake found once."""

import pytest
from loading import MAILGUN, POSTMARK, findings, load, place_of, places, said

from reconciler.providers.checks import some

HOOK = "https://hooks.example.com/a"
NO_DELIVERY = (
    "`delivery: true` needs a webhook with the trigger `delivery`: "
    "Postmark reports deliveries in no other way"
)


def warnings(text: str) -> list[str]:
    return [each.message for each in load(text).warnings if "not applied" not in each.message]


@pytest.mark.parametrize(
    "webhooks",
    [
        "",
        "    webhooks: []\n",
        f"    webhooks: [{{url: '{HOOK}'}}]\n",
        f"    webhooks: [{{url: '{HOOK}', triggers: [open, bounce]}}]\n",
        f"    webhooks: [{{url: '{HOOK}', ensure: absent}}]\n",
    ],
)
def test_delivery_without_a_webhook_for_it_is_found_at_the_value(webhooks: str) -> None:
    text = f"{POSTMARK}    tracking: {{delivery: true}}\n{webhooks}"
    assert said(text) == (7, 26, NO_DELIVERY)


def test_delivery_with_a_webhook_for_it_is_fine() -> None:
    hooks = f"    webhooks: [{{url: '{HOOK}'}}, {{url: '{HOOK}/b', triggers: [delivery]}}]\n"
    assert findings(f"{POSTMARK}    tracking: {{delivery: true}}\n{hooks}") == ()
    assert findings(f"{POSTMARK}    tracking: {{delivery: false}}\n") == ()


@pytest.mark.parametrize(
    ("webhooks", "place"),
    [
        (f"webhoks: [{{url: '{HOOK}', triggers: [delivery]}}]", (8, 5)),
        (f"webhooks: [{{url: '{HOOK}', triggers: [delivry]}}]", (8, 64)),
        (f"webhooks: [{{url: '{HOOK}', triggrs: [delivery]}}]", (8, 53)),
        ("webhooks: *hooks", (8, 15)),
        ("webhooks:", (8, 14)),
        ("webhooks: {url: x}", (8, 15)),
    ],
)
def test_delivery_does_not_complain_about_webhooks_that_are_wrong_themselves(
    webhooks: str, place: tuple[int, int]
) -> None:
    assert places(f"{POSTMARK}    tracking: {{delivery: true}}\n    {webhooks}\n") == [place]


def test_delivery_is_checked_beside_webhooks_that_are_wrong_elsewhere() -> None:
    text = f"{POSTMARK}    tracking: {{delivery: true}}\n"
    assert places(f"{text}    webhooks: [{{url: hooks, triggers: [open]}}]\n") == [(7, 26), (8, 22)]
    assert places(f"{text}    webhooks: [{{url: hooks, triggers: [delivery]}}]\n") == [(8, 22)]
    text += "    webhooks: [{url: 'https://a.example.com', triggers: [open, open]}]\n"
    assert places(text) == [(7, 26), (8, 64)]


@pytest.mark.parametrize("delivery", ["yes", "'true'", "1"])
def test_a_wrong_delivery_needs_no_webhook(delivery: str) -> None:
    assert places(f"{POSTMARK}    tracking: {{delivery: {delivery}}}\n") == [(7, 26)]
    assert places(f"{POSTMARK}    tracking: {{delivry: true}}\n") == [(7, 16)]


def test_an_unknown_stream_is_found_where_it_is_named() -> None:
    text = (
        f"{POSTMARK}    advanced: {{message_stream: nwes}}\n    streams: {{news: {{}}}}\n"
        f"    webhooks: [{{url: '{HOOK}', stream: other}}]\n"
    )
    assert places(text) == [(7, 32), (9, 61)]
    assert findings(text)[0].message == (
        "stream `nwes` is neither a default stream nor declared under `streams`; "
        "known here: broadcast, broadcasts, inbound, news, outbound. If the server's own broadcast "
        "stream is called so, declare it: `streams: {nwes: {}}`"
    )


@pytest.mark.parametrize("name", ["outbound", "broadcast", "broadcasts", "news"])
def test_default_and_declared_streams_are_known(name: str) -> None:
    text = (
        f"{POSTMARK}    advanced: {{message_stream: {name}}}\n    streams: {{news: {{}}}}\n"
        f"    webhooks: [{{url: '{HOOK}', stream: {name}}}]\n"
    )
    assert findings(text) == ()


def test_a_stream_that_is_to_be_absent_is_unknown() -> None:
    text = f"{POSTMARK}    advanced: {{message_stream: news}}\n"
    assert places(f"{text}    streams: {{news: {{ensure: absent}}}}\n") == [(7, 32)]


@pytest.mark.parametrize(
    ("streams", "place"),
    [
        ("streems: {news: {}}", (8, 5)),
        ("streams: {News: {}}", (8, 15)),
        ("streams: {'news ': {}}", (8, 15)),
        ("streams: {news: x}", (8, 21)),
        ("streams: {news: {typ: broadcasts}}", (8, 22)),
        ("streams: {news: {ensure: absnt}}", (8, 30)),
        ("streams: [news]", (8, 14)),
        ("streams: *streams", (8, 14)),
        ("streams: {<<: *streams}", (8, 15)),
    ],
)
def test_a_stream_that_is_declared_wrongly_is_one_finding(
    streams: str, place: tuple[int, int]
) -> None:
    assert places(f"{POSTMARK}    advanced: {{message_stream: news}}\n    {streams}\n") == [place]


@pytest.mark.parametrize("name", ["5", "''", "no", "[news]"])
def test_a_stream_name_of_the_wrong_type_is_one_finding(name: str) -> None:
    assert places(f"{POSTMARK}    advanced: {{message_stream: {name}}}\n") == [(7, 32)]


def test_many_names_are_listed_in_part() -> None:
    assert some(f"s{number}" for number in range(100)).endswith(" and 88 more")


@pytest.mark.parametrize(
    ("declaration", "place", "message"),
    [
        ("server: Mail\n    settings: {name: Post}", (8, 22), "finds its server by `server: Mail`"),
        ("streams: {pm-x: {}}", (7, 15), "Postmark keeps this ID for itself"),
        ("streams: {all: {}}", (7, 15), "Postmark keeps this ID for itself"),
        ("streams: {inbound: {ensure: absent}}", (7, 33), "cannot be archived"),
        ("streams: {x: {type: inbound}}", (7, 25), "one inbound stream"),
        ("streams: {x: {type: broadcasts, unsubscribe_handling: none}}", (7, 59), "use `postmark`"),
        ("streams: {x: {name: <b>}}", (7, 25), "cannot hold < or >"),
        (f"webhooks: [{{url: '{HOOK}', stream: inbound}}]", (7, 61), "inbound stream has no"),
        (f"webhooks: [{{url: '{HOOK}', triggers: [open], ensure: absent}}]", (7, 79), "be absent"),
        ("domains: {example.com: {custom_tracking_domain: t.example.com}}", (7, 53), "documented"),
    ],
)
def test_what_postmark_would_refuse_is_found_beforehand(
    declaration: str, place: tuple[int, int], message: str
) -> None:
    line, column, text = said(f"{POSTMARK}    {declaration}\n")
    assert (line, column) == place
    assert message in text


@pytest.mark.parametrize(
    ("declaration", "name", "what"),
    [
        ("domains: {gmail.com: {}}", "gmail.com", "gmail.com is a public mail domain"),
        ("domains: {Hotmail.COM: {}}", "Hotmail.COM", "hotmail.com is a public mail domain"),
        ("senders: {me@gmail.com: {name: X}}", "me@gmail.com", "gmail.com is a public mail"),
        ("senders: {me@Example.com: {}}", "me@Example.com", "example.com is nobody's own domain"),
    ],
)
def test_a_domain_that_is_nobodys_own_is_found_at_its_name(
    declaration: str, name: str, what: str
) -> None:
    text = f"{POSTMARK}    {declaration}\n"
    line, column, message = said(text)
    assert (line, column) == place_of(text, name)
    assert what in message
    assert message.endswith("use one of yours")


@pytest.mark.parametrize(
    "declaration",
    [
        "domains: {example.com: {}, mail.gmail.com: {}}",
        "domains: {gmail.com: {ensure: absent}}",
        "senders: {me@gmail.com: {ensure: absent}, ops@mail.example.com: {}}",
        "sender: noreply@example.com\n    domains: {example.com: {}}",
    ],
)
def test_a_domain_of_ones_own_and_one_to_be_removed_are_fine(declaration: str) -> None:
    assert findings(f"{POSTMARK}    {declaration}\n") == ()


def test_a_server_may_be_named_twice_by_one_name() -> None:
    assert findings(f"{POSTMARK}    server: Mail\n    settings: {{name: Mail}}\n") == ()


def test_how_many_streams_a_server_may_have_is_not_for_the_yaml_to_say() -> None:
    streams = ", ".join(f"s{number}: {{}}" for number in range(30))
    assert findings(f"{POSTMARK}    streams: {{{streams}}}\n") == ()


def test_an_undocumented_field_can_be_opted_into() -> None:
    domain = "domains: {example.com: {custom_tracking_domain: t.example.com}}"
    assert findings(f"{POSTMARK}    {domain}\n    advanced: {{undocumented: true}}\n") == ()


def test_a_return_path_outside_its_domain_is_found_at_the_value() -> None:
    text = f"""{POSTMARK}\
    domains:
      example.com: {{return_path: pm.example.org}}
      example.org: {{return_path: example.org}}
      a.example.org: {{return_path: pm.notexample.org}}
"""
    assert places(text) == [(8, 34), (9, 34), (10, 36)]
    message = "`return_path`: a subdomain of example.com is wanted, such as pm-bounces.example.com"
    assert findings(text)[0].message == message


@pytest.mark.parametrize("path", ["pm.example.com", "a.b.example.com", "PM.Example.COM", "''"])
def test_a_return_path_under_its_domain_is_fine(path: str) -> None:
    assert findings(f"{POSTMARK}    domains: {{Example.com: {{return_path: {path}}}}}\n") == ()


def test_a_return_path_is_not_compared_with_a_domain_name_that_is_wrong() -> None:
    text = f"{POSTMARK}    domains: {{exa_mple.com: {{return_path: pm.example.com}}}}\n"
    assert places(text) == [(7, 15)]


def test_a_return_path_is_compared_beside_other_mistakes() -> None:
    text = f"{POSTMARK}    domains:\n      example.com:\n        zzzz: 1\n"
    assert places(f"{text}        return_path: pm.example.org\n") == [(9, 9), (10, 22)]


def test_a_default_domain_that_is_not_declared_is_found_at_the_value() -> None:
    text = f"{MAILGUN}    domain: mg.example.com\n"
    message = "`domain` mg.example.com is not declared under `domains`"
    assert said(text) == (7, 13, message)
    text += "    domains: {a.example.com: {}, mg.example.com: {ensure: absent}}\n"
    assert said(text) == (7, 13, f"{message}; declared: a.example.com")


def test_a_default_domain_is_compared_as_domains_are() -> None:
    text = f"{MAILGUN}    domain: MG.example.com\n    domains: {{mg.Example.com: {{}}}}\n"
    assert findings(text) == ()


@pytest.mark.parametrize(
    ("domains", "place"),
    [
        ("domians: {mg.example.com: {}}", (8, 5)),
        ("domains: {mg_example.com: {}}", (8, 15)),
        ("domains: {mg.example.com.: {}}", (8, 15)),
        ("domains: {mg.example.com: {wildcad: true}}", (8, 32)),
        ("domains: {mg.example.com: }", (8, 31)),
        ("domains: [mg.example.com]", (8, 14)),
        ("domains: *domains", (8, 14)),
        ("domains:", (8, 13)),
    ],
)
def test_a_default_domain_that_is_declared_wrongly_is_one_finding(
    domains: str, place: tuple[int, int]
) -> None:
    assert places(f"{MAILGUN}    domain: mg.example.com\n    {domains}\n") == [place]


def test_a_wrong_name_hides_no_default_domain_that_is_unlike_it() -> None:
    text = f"{MAILGUN}    domain: other.example.org\n    domains: {{mg_x.example.com: {{}}}}\n"
    assert places(text) == [(7, 13), (8, 15)]


@pytest.mark.parametrize("text", [POSTMARK, MAILGUN])
def test_a_domain_in_two_spellings_is_one_finding_that_names_the_first(text: str) -> None:
    text += "    domains:\n      example.com: {}\n      other.org: {}\n      Example.COM: {}\n"
    line, column, message = said(text)
    assert (line, column) == (10, 7)
    assert message.startswith("`Example.COM` is the same domain as `example.com` at ")
    assert message.endswith(":8:7; remove one")


def test_a_domain_in_two_spellings_is_found_beside_other_mistakes_and_tracking() -> None:
    text = f"{MAILGUN}    tracking: {{opens: true}}\n    domains: {{a.com: {{}}, A.com: {{}}}}\n"
    assert places(text) == [(8, 26)]
    assert places(f"{text}    zzzz: 1\n") == [(8, 26), (9, 5)]


@pytest.mark.parametrize("text", [POSTMARK, MAILGUN])
@pytest.mark.parametrize("sender", ["a@mg.example.com", "a@other.org"])
def test_a_sender_of_an_undeclared_domain_is_a_warning(text: str, sender: str) -> None:
    text += (
        f"    sender: {sender}\n    domains: {{example.com: {{}}, other.org: {{ensure: absent}}}}\n"
    )
    domain = sender.partition("@")[2]
    assert findings(text) == ()
    assert warnings(text) == [f"the domain of `sender`, {domain}, is not declared under `domains`"]
    assert (load(text).warnings[0].location.line, load(text).warnings[0].location.column) == (7, 13)


def test_a_sender_of_a_declared_domain_is_no_warning() -> None:
    text = f"{POSTMARK}    sender: a@Example.com\n    domains: {{example.COM: {{}}}}\n"
    assert warnings(text) == []


@pytest.mark.parametrize(
    ("text", "collection"),
    [
        (POSTMARK, "domains: {a.com: {ensure: absent, return_path: pm.a.com}}"),
        (POSTMARK, "streams: {news: {ensure: absent, name: News}}"),
        (MAILGUN, "domains: {a.com: {ensure: absent, wildcard: true}}"),
        (MAILGUN, "domains: {a.com: {tracking: {opens: true}, ensure: absent}}"),
    ],
)
def test_settings_beside_absent_are_found_at_absent(text: str, collection: str) -> None:
    text = f"{text}    {collection}\n"
    line, column, message = said(text)
    assert (line, column) == place_of(text, "absent")
    assert message.endswith(" is to be absent, so it cannot have settings; remove them")


def test_settings_beside_present_are_fine() -> None:
    text = f"{POSTMARK}    streams: {{news: {{ensure: present, name: News}}}}\n"
    assert findings(text) == ()
    assert findings(text.replace("ensure: present, name: News", "ensure: absent")) == ()


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ("ensure: absent, nam: News", (7, 38)),
        ("ensure: absnt, name: News", (7, 30)),
        ("ensur: absent, name: News", (7, 22)),
    ],
)
def test_a_mistake_beside_absent_is_one_finding(settings: str, place: tuple[int, int]) -> None:
    assert places(f"{POSTMARK}    streams: {{news: {{{settings}}}}}\n") == [place]


def test_postmark_needs_a_token_for_what_is_declared() -> None:
    start = "version: 1\nproviders:\n  p:\n    service: postmark\n"
    message = "`p` needs a `token`, an `account_token`, or both"
    assert said(f"{start}    tracking: {{}}\n    domains: {{}}\n") == (3, 3, message)
    text = f"{start}    token: {{env: A}}\n    domains: {{}}\n"
    assert said(text) == (6, 5, "`domains` needs the key `account_token`")
    text = f"{start}    account_token: {{env: A}}\n    tracking: {{}}\n    streams: {{}}\n"
    assert places(f"{text}    webhooks: []\n") == [(6, 5), (7, 5), (8, 5)]


def test_a_token_that_is_wrong_is_not_missing() -> None:
    for wrong in ("token: text", "tokn: {env: A}", "token: {evn: A}", "token: *a", "token:"):
        start = f"version: 1\nproviders:\n  p:\n    service: postmark\n    {wrong}\n"
        assert [line for line, _ in places(f"{start}    tracking: {{opens: true}}\n")] == [5]


def test_a_key_that_stands_twice_is_one_finding_whatever_depends_on_it() -> None:
    text = (
        f"{MAILGUN}    domain: b.com\n    domains: {{a.com: {{}}}}\n    domains: {{b.com: {{}}}}\n"
    )
    assert places(text) == [(9, 5)]
    text = f"{POSTMARK}    tracking: {{delivery: true}}\n    webhooks: []\n    webhooks: []\n"
    assert places(text) == [(9, 5)]


def test_checks_run_in_providers_with_other_mistakes() -> None:
    text = f"{MAILGUN}    zzzz: 1\n    domain: mg.example.com\n"
    assert places(text) == [(7, 5), (8, 13)]
