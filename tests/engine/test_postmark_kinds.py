import json
from typing import Any

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.model import Config
from reconciler.reports.text import plan_as_text

WHOLE = """
t:
  service: postmark
  token: {env: A}
  account_token: {env: B}
  sender: ops@example.com
  tracking: {opens: true, links: html_only, delivery: true}
  settings:
    name: Mail
    color: blue
    smtp: true
    smtp_api_error_hooks: true
    raw_email: true
    bounce_content: true
    inbound_hook: https://hooks.example.com/inbound
    inbound_spam_threshold: 7
  domains:
    example.com: {return_path: pm-bounces.example.com}
    mail.example.net: {return_path: ""}
  senders:
    ops@example.org:
      name: Operations
      reply_to: help@example.com
      return_path: pm-ops.example.org
      personal_note: Please confirm.
    ops@mail.example.net: {name: Other}
  streams:
    newsletter: {type: broadcasts, name: News, description: All, unsubscribe_handling: postmark}
    alerts: {type: transactional, name: Alerts}
  webhooks:
    - url: https://hooks.example.com/a
      triggers: [delivery, bounce]
      auth: {username: u, password: {env: P}}
      headers: {X-Team: mail, X-Token: {env: H}}
    - url: https://hooks.example.com/b
      stream: newsletter
      triggers: {open: {first_only: true}, bounce: {include_content: true}, click: false}
      verify: false
"""


def writes(account: Account) -> list[str]:
    return [each for each in account.requests("postmark") if not each.startswith("GET ")]


def test_every_kind_with_every_field_comes_to_rest() -> None:
    account, config = Account(), yaml(WHOLE, P="pass-1", H="token-1")
    results = account.apply(config)
    assert set(outcomes(results).values()) == {"applied"}, [r.reason for r in results]
    assert addresses(account.plan(config)) == []


def test_a_whole_no_op_plan_costs_the_least_number_of_calls() -> None:
    account, config = Account(), yaml(WHOLE)
    account.apply(config)
    account.forget_requests()
    account.plan(config)
    assert sorted(each.rstrip("0123456789") for each in account.requests("postmark")) == [
        "GET /domains",
        "GET /domains/",
        "GET /domains/",
        "GET /message-streams",
        "GET /senders",
        "GET /senders/",  # only the one that names more than the list holds
        "GET /server",
        "GET /webhooks",
    ]


HAND = [
    ("PUT", "/server", {"Name": "Other"}, "t/server", "settings.name"),
    ("PUT", "/server", {"Color": "red"}, "t/server", "settings.color"),
    ("PUT", "/server", {"SmtpApiActivated": False}, "t/server", "settings.smtp"),
    ("PUT", "/server", {"RawEmailEnabled": False}, "t/server", "settings.raw_email"),
    ("PUT", "/server", {"InboundHookUrl": ""}, "t/server", "settings.inbound_hook"),
    ("PUT", "/server", {"InboundSpamThreshold": 9}, "t/server", "settings.inbound_spam_threshold"),
    ("PUT", "/domains/{mail.example.net}", {"ReturnPathDomain": "x.mail.example.net"},
     "t/domains/mail.example.net", "return_path"),
    ("PUT", "/senders/{ops@example.org}", {"Name": "X"}, "t/senders/ops@example.org", "name"),
    ("PUT", "/senders/{ops@example.org}", {"Name": "Operations", "ReplyToEmail": "x@example.com"},
     "t/senders/ops@example.org", "reply_to"),
    ("PATCH", "/message-streams/newsletter", {"Description": "X"}, "t/streams/newsletter",
     "description"),
    ("PUT", "/webhooks/{https://hooks.example.com/a}", {"Triggers": {"Open": {"Enabled": True}}},
     "t/webhooks/outbound/https://hooks.example.com/a", "triggers.open"),
    ("PUT", "/webhooks/{https://hooks.example.com/b}",
     {"Triggers": {"Bounce": {"Enabled": True, "IncludeContent": False}}},
     "t/webhooks/newsletter/https://hooks.example.com/b", "triggers.bounce.include_content"),
    ("PUT", "/webhooks/{https://hooks.example.com/a}",
     {"HttpAuth": {"Username": "u", "Password": "other"}},
     "t/webhooks/outbound/https://hooks.example.com/a", "auth.password"),
    ("PUT", "/webhooks/{https://hooks.example.com/a}", {"HttpHeaders": []},
     "t/webhooks/outbound/https://hooks.example.com/a", "headers"),
]  # fmt: skip


def by_id(account: Account, path: str) -> str:
    """Fill the name in braces by the ID that the service gave it."""
    if "{" not in path:
        return path
    base, name = path.rstrip("}").split("{")
    collection = base.strip("/")
    paging = "" if collection == "webhooks" else "?count=500&offset=0"
    answer = account.by_hand("postmark", "GET", f"/{collection}{paging}")
    items = next(value for value in answer.values() if isinstance(value, list))
    keys = ("Name", "EmailAddress", "Url")
    found = [item["ID"] for item in items if name in [item.get(key) for key in keys]]
    return f"{base}{found[0]}"


@pytest.mark.parametrize(("method", "path", "body", "address", "field"), HAND)
def test_a_field_changed_by_hand_is_exactly_one_change_and_is_put_back(
    method: str, path: str, body: dict[str, Any], address: str, field: str
) -> None:
    account, config = Account(), yaml(WHOLE, P="pass-1", H="token-1")
    account.apply(config)
    account.by_hand("postmark", method, by_id(account, path), json=body)
    plan = account.plan(config)
    assert [(str(c.subject.address), [f.name for f in c.fields]) for c in plan.changes] == [
        (address, [field])
    ]
    account.apply(config)
    assert addresses(account.plan(config)) == []


def test_a_rotated_password_is_seen_and_never_shown() -> None:
    account = Account()
    account.apply(yaml(WHOLE, P="canary-one", H="canary-two"))
    plan = account.plan(yaml(WHOLE, P="canary-three", H="canary-two"))
    shown = plan_as_text(plan) + as_json(plan_as_document(plan)) + repr(plan)
    assert addresses(plan) == ["update t/webhooks/outbound/https://hooks.example.com/a"]
    assert "(secret) -> (secret)" in plan_as_text(plan).replace('"', "")
    assert "canary" not in shown
    (change,) = plan_as_document(plan)["changes"]
    assert "auth.password" not in change["seen"]
    assert "headers" not in change["seen"]


def test_of_several_headers_the_one_that_was_rotated_is_shown() -> None:
    account = Account()
    account.apply(yaml(WHOLE, P="canary-one", H="canary-two"))
    shown = plan_as_text(account.plan(yaml(WHOLE, P="canary-one", H="canary-three")))
    assert 'headers  {"X-Token": "(secret)"} -> {"X-Token": "(secret)"}' in shown
    assert "X-Team" not in shown


def test_what_is_sent_for_a_secret_is_the_value_itself() -> None:
    account = Account()
    account.apply(yaml(WHOLE, P="canary-one", H="canary-two"))
    answer = account.by_hand("postmark", "GET", "/webhooks")
    hook = next(each for each in answer["Webhooks"] if each["Url"].endswith("/a"))
    assert hook["HttpAuth"] == {"Username": "u", "Password": "canary-one"}
    assert sorted((each["Name"], each["Value"]) for each in hook["HttpHeaders"]) == [
        ("X-Team", "mail"),
        ("X-Token", "canary-two"),
    ]


def test_a_refusal_that_echoes_a_password_is_not_shown() -> None:
    account = Account()
    body = {"ErrorCode": 1360, "Message": "The password 'canary-one' is too weak"}
    fault = {"method": "POST", "path": "/webhooks", "status": 422, "body": body, "times": 9}
    account.control("postmark", "POST", "faults", fault)
    config = yaml(
        """
        t:
          service: postmark
          token: {env: A}
          webhooks:
            - {url: "https://h.example.com/a", auth: {username: u, password: {env: P}}}
        """,
        P="canary-one",
    )
    results = account.apply(config)
    reasons = json.dumps([result.reason for result in results])
    assert "canary" not in reasons
    assert "POST /webhooks: HTTP 422; its text repeats a secret" in reasons


def test_a_webhook_on_another_stream_is_a_creation_and_the_old_one_stays_unless_pruned() -> None:
    account = Account()
    account.apply(yaml(WHOLE))
    moved = yaml(WHOLE.replace("stream: newsletter", "stream: alerts"))
    plan = account.plan(moved)
    old = "t/webhooks/newsletter/https://hooks.example.com/b"
    new = "t/webhooks/alerts/https://hooks.example.com/b"
    assert addresses(plan) == [f"create {new}"]
    assert old in [str(each.address) for each in plan.unmanaged]
    assert "the same URL is live on the stream `newsletter`" in plan_as_text(plan)
    plan = account.plan(moved, prune=True)
    assert addresses(plan) == [f"create {new}", f"delete {old}"]
    assert "unmanaged, after webhooks/alerts/https://hooks.example.com/b" in plan_as_text(plan)
    account.apply(moved, plan)
    assert addresses(account.plan(moved, prune=True)) == []


def test_a_webhook_that_nothing_declares_is_deleted_by_prune_only() -> None:
    account, config = Account(), yaml("t: {service: postmark, token: {env: A}, webhooks: []}")
    url = "https://hooks.example.net/old"
    body = {"Url": url, "MessageStream": "outbound", "Triggers": {"Bounce": {"Enabled": True}}}
    account.by_hand("postmark", "POST", "/webhooks", json=body)
    assert [str(each.address) for each in account.plan(config).unmanaged] == [
        f"t/webhooks/outbound/{url}"
    ]
    plan = account.plan(config, prune=True)
    assert addresses(plan) == [f"delete t/webhooks/outbound/{url}"]
    account.apply(config, plan)
    assert addresses(account.plan(config, prune=True)) == []


def test_undeclared_twins_are_unmanaged_each_with_its_id_and_block_nothing() -> None:
    account = Account()
    ids = [
        account.by_hand("postmark", "POST", "/webhooks", json={"Url": "https://h.example.com/x"})[
            "ID"
        ]
        for _ in range(2)
    ]
    config = yaml("t: {service: postmark, token: {env: A}, webhooks: []}")
    plan = account.plan(config)
    assert (plan.changes, plan.refusals) == ((), ())
    assert [each.remote_id for each in plan.unmanaged] == [str(each) for each in ids]
    assert all(f"https://h.example.com/x (ID {each})" in plan_as_text(plan) for each in ids)


def test_a_webhook_waits_for_its_stream_and_is_skipped_with_it() -> None:
    account = Account()
    fault = {"method": "POST", "path": "/message-streams", "status": 402, "body": "{}", "times": 99}
    account.control("postmark", "POST", "faults", fault)
    found = outcomes(account.apply(yaml(WHOLE)))
    assert found["t/streams/newsletter"] == "failed"
    assert found["t/webhooks/newsletter/https://hooks.example.com/b"] == "skipped"
    assert found["t/webhooks/outbound/https://hooks.example.com/a"] == "applied"


def test_a_url_that_does_not_answer_is_reported_by_trigger_and_verify_false_stores_it() -> None:
    account = Account()
    account.sandbox.world.settings["postmark_webhook_probe"] = "fail"
    results = {str(each.change.subject.address): each for each in account.apply(yaml(WHOLE))}
    refused = results["t/webhooks/outbound/https://hooks.example.com/a"]
    assert refused.outcome == "failed"
    assert "error code 1364" in refused.reason
    assert "Delivery: " in refused.reason
    stored = results["t/webhooks/newsletter/https://hooks.example.com/b"]
    assert stored.outcome == "applied"
    assert stored.live is not None
    assert "not verified" in stored.live.notes[0]


def test_with_the_account_token_alone_the_server_is_found_by_its_name() -> None:
    account = Account()
    account.sandbox.token_for("postmark", "token", "Mail")
    config = yaml(
        "t: {service: postmark, account_token: {env: B}, server: Mail, tracking: {opens: true}}"
    )
    account.tokens_left_out = {"token"}
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert addresses(account.plan(config)) == []
    assert account.requests("postmark")[:2] == ["GET /servers", "GET /server"]


def test_fifty_servers_in_parallel_each_get_their_own_token() -> None:
    account = Account()
    names = [f"s{number}" for number in range(50)]
    for name in names:
        account.sandbox.token_for("postmark", "token", name)
    config = yaml(
        "".join(
            f"p{name}: {{service: postmark, account_token: {{env: B}}, server: {name}, "
            f"settings: {{color: {'red' if number % 2 else 'green'}, smtp: true}}}}\n"
            for number, name in enumerate(names)
        )
    )
    account.tokens_left_out = {"token"}
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert addresses(account.plan(config)) == []
    servers = account.by_hand("postmark", "GET", "/servers?count=500&offset=0")["Servers"]
    colours = {server["Name"]: server["Color"] for server in servers}
    assert all(colours[n] == ("red" if i % 2 else "green") for i, n in enumerate(names))


def test_a_domain_that_another_provider_of_the_account_declares_is_managed() -> None:
    config = yaml(
        "a: {service: postmark, account_token: {env: B}, domains: {old.example.com: {}}}\n"
        "b: {service: postmark, account_token: {env: B}, domains: {mail.example.net: {}}}\n"
    )
    assert Account().plan(config).unmanaged == ()


def test_an_apply_asks_for_verification_of_what_it_changed() -> None:
    account = Account()
    account.control("postmark", "POST", "dns", {"domain": "example.com", "published": True})
    account.apply(yaml(WHOLE))
    domains = account.by_hand("postmark", "GET", "/domains?count=500&offset=0")["Domains"]
    found = next(domain for domain in domains if domain["Name"] == "example.com")
    assert (found["DKIMVerified"], found["ReturnPathDomainVerified"]) == (True, True)
    asked = [each.split("/")[-1] for each in writes(account) if "verify" in each]
    assert set(asked) == {"verifyDkim", "verifyReturnPath"}


def notes(account: Account, text: str) -> list[str]:
    return [f"{note.address}: {note.text}" for note in account.plan(yaml(text)).notes]


def test_deleting_a_domain_tells_of_its_senders() -> None:
    account = Account()
    found = notes(
        account,
        "t: {service: postmark, account_token: {env: B}, "
        "domains: {mail.example.net: {ensure: absent}}}",
    )
    assert found == [
        "t/domains/mail.example.net: its deletion leaves senders behind: ops@mail.example.net"
    ]
    # What is deleted is read in full: a saved plan must have seen it.
    assert [each.rstrip("0123456789") for each in sorted(account.requests("postmark"))] == [
        "GET /domains",
        "GET /domains/",
        "GET /senders",
    ]


def test_a_sender_is_unverified_until_its_domain_or_its_signature_is() -> None:
    account = Account()
    provider = (
        "t: {{service: postmark, account_token: {{env: B}}, sender: {}, "
        "domains: {{old.example.com: {{}}, mail.example.net: {{}}}}, senders: {{}}}}"
    )
    (by_domain,) = [
        n for n in notes(account, provider.format("a@old.example.com")) if "Unverified:" in n
    ]
    assert by_domain.startswith("t/sender: Unverified: ")
    assert "publish the domain's DKIM record" in by_domain
    confirmed = notes(account, provider.format("ops@mail.example.net"))
    assert not [note for note in confirmed if "Unverified" in note]
    sender = {"FromEmail": "new@mail.example.net", "Name": "New"}
    account.by_hand("postmark", "POST", "/senders", json=sender)
    (unconfirmed,) = [
        n for n in notes(account, provider.format("new@mail.example.net")) if "Unverified:" in n
    ]
    assert "click the link" in unconfirmed
    account.control("postmark", "POST", "dns", {"domain": "old.example.com", "published": True})
    domains = account.by_hand("postmark", "GET", "/domains?count=500&offset=0")["Domains"]
    old = next(each["ID"] for each in domains if each["Name"] == "old.example.com")
    account.by_hand("postmark", "PUT", f"/domains/{old}/verifyDkim")
    verified = notes(account, provider.format("a@old.example.com"))
    assert not [note for note in verified if "Unverified" in note]


def test_an_inbound_domain_is_compared_as_domains_are() -> None:
    account = Account()
    account.by_hand("postmark", "PUT", "/server", json={"InboundDomain": "in.example.org"})
    config = yaml(
        "t: {service: postmark, token: {env: A}, settings: {inbound_domain: In.Example.ORG}}"
    )
    assert addresses(account.plan(config)) == []


def test_legacy_hooks_are_told_and_left_alone() -> None:
    account = Account()
    hook = {"BounceHookUrl": "https://user:canary@h.example.com/", "OpenHookUrl": ""}
    account.by_hand("postmark", "PUT", "/server", json=hook)
    found = notes(account, "t: {service: postmark, token: {env: A}, tracking: {opens: false}}")
    assert found == [
        "t/server: the legacy BounceHookUrl is set and not managed here; use `webhooks` instead"
    ]


def test_the_custom_tracking_domain_is_set_behind_its_opt_in() -> None:
    account = Account()
    config = yaml(
        """
        t:
          service: postmark
          account_token: {env: B}
          domains:
            new.example.com: {custom_tracking_domain: t.new.example.com}
            old.example.com: {custom_tracking_domain: t.old.example.com}
          advanced: {undocumented: true}
        """
    )
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert addresses(account.plan(config)) == []


def test_an_inbound_hook_with_a_password_is_a_reference_and_never_shown() -> None:
    account = Account()
    text = "t: {service: postmark, token: {env: A}, settings: {inbound_hook: {env: HOOK}}}"
    config = yaml(text, HOOK="https://user:canary@h.example.com/in")
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert addresses(account.plan(config)) == []
    plan = account.plan(yaml(text, HOOK="https://user:canary-2@h.example.com/in"))
    assert addresses(plan) == ["update t/server"]
    assert "canary" not in plan_as_text(plan) + as_json(plan_as_document(plan)) + repr(plan)


def test_two_providers_that_contradict_each_other_about_one_domain_are_refused() -> None:
    config = yaml(
        """
        a:
          service: postmark
          account_token: {env: B}
          domains: {old.example.com: {return_path: a.old.example.com}}
        b:
          service: postmark
          account_token: {env: B}
          domains: {old.example.com: {return_path: b.old.example.com}, mail.example.net: {}}
        """
    )
    (refusal,) = Account().plan(config).refusals
    assert str(refusal.address) == "b/domains/old.example.com"
    assert "`return_path` is declared otherwise at " in str(refusal)
    assert ":7:" in str(refusal)


def test_a_stream_of_one_server_does_not_manage_its_namesake_on_another() -> None:
    account = Account()
    stream = {"ID": "news", "Name": "News", "MessageStreamType": "Broadcasts"}
    for provider in ("a", "b"):
        account.by_hand("postmark", "POST", "/message-streams", json=stream, provider=provider)
    config = yaml(
        "a: {service: postmark, token: {env: A}, streams: {news: {}}}\n"
        "b: {service: postmark, token: {env: B}, streams: {}}\n"
    )
    assert [str(each.address) for each in account.plan(config).unmanaged] == ["b/streams/news"]


def test_a_header_that_is_live_twice_is_a_difference() -> None:
    account = Account()
    wanted = yaml(
        "t: {service: postmark, token: {env: A}, webhooks: "
        "[{url: 'https://hooks.example.com/a', triggers: [open], headers: {X-Team: mail}}]}"
    )
    account.apply(wanted)
    (hook,) = (
        each
        for each in account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]
        if each["Url"].endswith("/a")
    )
    twice = [{"Name": "X-Team", "Value": value} for value in ("mail", "other")]
    account.by_hand("postmark", "PUT", f"/webhooks/{hook['ID']}", json={"HttpHeaders": twice})
    (change,) = account.plan(wanted).changes
    assert [field.name for field in change.fields] == ["headers"]
    account.apply(wanted)
    assert account.plan(wanted).changes == ()


STREAM = "streams: {letters: {type: broadcasts, name: %s}}"
HOOKS = "webhooks: [{url: 'https://hooks.example.com/%s', triggers: [open]}]"


def two_providers(one: str, other: str, *, servers: tuple[str, str] = ("x", "x")) -> Config:
    line = "%s: {service: postmark, account_token: {env: B}, server: %s, %s}"
    first, second = servers
    return yaml("\n".join((line % ("t", first, one), line % ("u", second, other))))


def with_servers(*names: str) -> Account:
    account = Account()
    account.tokens_left_out = {"token"}
    for name in names:
        account.by_hand("postmark", "POST", "/servers", json={"Name": name})
    return account


def test_two_providers_of_one_server_cannot_want_two_names_for_a_stream() -> None:
    account = with_servers("x")
    account.apply(two_providers(STREAM % "One", "streams: {}"))
    plan = account.plan(two_providers(STREAM % "One", STREAM % "Other"))
    assert plan.changes == ()
    assert [str(refusal.address) for refusal in plan.refusals] == ["u/streams/letters"]
    assert account.plan(two_providers(STREAM % "One", STREAM % "One")).refusals == ()


def test_what_one_provider_of_a_server_declares_is_never_pruned_for_the_other() -> None:
    account, wanted = with_servers("x"), two_providers(HOOKS % "a", HOOKS % "b")
    account.apply(wanted)
    assert addresses(account.plan(wanted, prune=True)) == []


def test_streams_of_two_servers_are_two_things() -> None:
    account, one, other = with_servers("left", "right"), STREAM % "One", STREAM % "Other"
    wanted = two_providers(one, other, servers=("left", "right"))
    assert set(outcomes(account.apply(wanted)).values()) == {"applied"}
    assert addresses(account.plan(wanted)) == []
