import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.errors import InvalidRequest
from reconciler.model import Address, Config, Secret, Update
from reconciler.providers.api import Reader, Writer
from reconciler.reports.text import plan_as_text

HOOK = "https://hooks.example.com"
SITES = {"us": "mailgun_us", "eu": "mailgun_eu"}

WHOLE = """
m:
  service: mailgun
  token: {env: A}
  region: REGION
  tracking: {opens: true, clicks: true, unsubscribe: true, dkim_signing: true}
  webhooks:
    delivered: [https://hooks.example.com/b, https://hooks.example.com/a]
    opened: [https://hooks.example.com/a]
  account_webhooks:
    - {url: "https://hooks.example.com/account", events: [opened, delivered], description: All}
    - {url: "https://hooks.example.com/bounces", events: [permanent_fail]}
  domains:
    mg.example.com:
      spam_action: tag
      wildcard: true
      web_scheme: https
      web_prefix: click
      require_tls: true
      skip_verification: true
      message_ttl: 3600
      archive_to: https://archive.example.com/in
      mailfrom_host: bounce.mg.example.com
      encrypt_incoming_message: true
      dkim_key_size: 2048
      force_dkim_authority: true
      ips: [192.0.2.1, 192.0.2.2]
      pool_id: 60140bc1fee3e84dec5abeeb
      smtp_password: {env: P}
      dkim: {selector: S1}
      webhooks:
        opened: []
        accepted: [https://hooks.example.com/c]
        clicked: [https://hooks.example.com/c]
        complained: [https://hooks.example.com/c]
        permanent_fail: [https://hooks.example.com/c]
        temporary_fail: [https://hooks.example.com/c]
        unsubscribed: [https://hooks.example.com/c]
    auto.example.com:
      use_automatic_sender_security: true
      tracking: {dkim_signing: false, clicks: html_only, unsubscribe: {active: false}}
    plain.example.com: {dkim_host_name: keys.plain.example.com, force_root_dkim_host: false}
"""


def publish(account: Account, domain: str) -> None:
    account.control("mailgun_us", "POST", "dns", {"domain": domain, "published": True})


def whole(region: str) -> Config:
    return yaml(WHOLE.replace("REGION", region), P="canary-pass")


def hooks(content: str, domain: str = "mg.example.com: {}") -> Config:
    head = "m:\n  service: mailgun\n  token: {env: A}\n"
    return yaml(f"{head}  webhooks: {content}\n  domains: {{{domain}}}\n")


def signing(content: str) -> Config:
    return yaml(
        f"m:\n  service: mailgun\n  token: {{env: A}}\n  domains: {{mg.example.com: {content}}}\n"
    )


def changes(account: Account, config: Config) -> list[tuple[str, list[str]]]:
    plan = account.plan(config)
    return [(str(each.subject.address), [f.name for f in each.fields]) for each in plan.changes]


def by_hand(account: Account, method: str, path: str, site: str = "mailgun_us", **data: Any) -> Any:
    return account.by_hand(site, method, path, data=data)


def remarks(account: Account, config: Config) -> list[str]:
    with account.sessions(config, Reader) as sessions:
        changes = account.plan_with(sessions, config).changes
        live = {each.live.address: each.live for each in changes if isinstance(each, Update)}
        remarks = (
            provider.service.remarks(provider, config.desired, live)
            for provider in config.providers.values()
        )
        return [text for each in remarks for _, text in each]


@pytest.mark.parametrize("region", ["us", "eu"])
def test_every_kind_with_every_field_comes_to_rest(region: str) -> None:
    account, config = Account(), whole(region)
    results = account.apply(config)
    assert set(outcomes(results).values()) == {"applied"}, [r.reason for r in results]
    plan = account.plan(config)
    assert (changes(account, config), plan.refusals) == ([], ())


@pytest.mark.parametrize("region", ["us", "eu"])
def test_every_kind_comes_to_rest_where_dns_was_published_before(region: str) -> None:
    account, config = Account(), whole(region)
    account.control("mailgun_us", "POST", "dns", {"domain": "example.com", "published": True})
    account.sandbox.world.settings["mailgun_x509_delay"] = 0
    account.apply(config)
    second = account.apply(config)
    assert set(outcomes(second).values()) <= {"applied"}
    assert changes(account, config) == []
    status = by_hand(account, "GET", "/v2/x509/click.mg.example.com/status", SITES[region])
    assert status["status"] == "active"


def test_a_no_op_plan_costs_one_list_and_two_calls_a_domain() -> None:
    names = [f"d{number}.example.com" for number in range(7)]
    domains = ", ".join(f"{name}: {{}}" for name in names)
    config = yaml(
        "m: {service: mailgun, token: {env: A}, tracking: {opens: true}, "
        f"webhooks: {{delivered: ['{HOOK}/a']}}, domains: {{{domains}}}}}"
    )
    account = Account()
    publish(account, "example.com")
    account.apply(config)
    account.forget_requests()
    assert changes(account, config) == []
    asked = account.requests("mailgun_us")
    assert len(asked) == 1 + 2 * 7
    assert account.requests("mailgun_eu") == []
    assert not any(each.endswith("/keys") for each in asked)


def test_of_domains_that_were_never_verified_some_are_read_for_their_records() -> None:
    names = [f"d{number}.example.com" for number in range(25)]
    config = yaml(
        "m: {service: mailgun, token: {env: A}, domains: {"
        + ", ".join(f"{name}: {{}}" for name in names)
        + "}}"
    )
    account = Account()
    account.apply(config)
    account.forget_requests()
    plan = account.plan(config)
    assert len(account.requests("mailgun_us")) == 1 + 20
    told = [note for note in plan.notes if note.text.startswith("publish the SPF record")]
    assert len(told) == 20
    assert told[0].text.endswith(" TXT v=spf1 include:mailgun.org ~all")


def test_keys_are_read_only_where_the_yaml_names_signing_or_a_selector() -> None:
    account, config = Account(), signing("{tracking: {dkim_signing: true}}")
    publish(account, "example.com")
    account.apply(config)
    account.forget_requests()
    account.plan(config)
    assert sorted(account.requests("mailgun_us")) == [
        "GET /v4/domains",
        "GET /v4/domains/mg.example.com/keys",
    ]


DOMAIN = "/v4/domains/mg.example.com"
WEBHOOKS = "/v3/domains/mg.example.com/webhooks"
HAND: list[tuple[str, str, dict[str, Any], str, str]] = [
    ("PUT", DOMAIN, {"spam_action": "block"}, "", "spam_action"),
    ("PUT", DOMAIN, {"wildcard": "no"}, "", "wildcard"),
    ("PUT", DOMAIN, {"web_scheme": "http"}, "", "web_scheme"),
    ("PUT", DOMAIN, {"web_prefix": "email"}, "", "web_prefix"),
    ("PUT", DOMAIN, {"require_tls": "no"}, "", "require_tls"),
    ("PUT", DOMAIN, {"skip_verification": "no"}, "", "skip_verification"),
    ("PUT", DOMAIN, {"message_ttl": "60"}, "", "message_ttl"),
    ("PUT", DOMAIN, {"archive_to": "https://x.example.com/"}, "", "archive_to"),
    ("PUT", DOMAIN, {"mailfrom_host": "other.mg.example.com"}, "", "mailfrom_host"),
    ("PUT", "/v4/domains/auto.example.com", {"use_automatic_sender_security": "no"}, "auto",
     "use_automatic_sender_security"),
    ("PUT", "/v3/domains/mg.example.com/dkim_selector", {"dkim_selector": "x"}, "/dkim",
     "selector"),
    ("PUT", f"{DOMAIN}/keys/s1/deactivate", {}, "/dkim", "signing"),
    ("PUT", f"{WEBHOOKS}/delivered", {"url": [f"{HOOK}/a"]}, "/webhooks", "delivered"),
    ("PUT", f"{WEBHOOKS}/accepted", {"url": [f"{HOOK}/c", f"{HOOK}/x"]}, "/webhooks", "accepted"),
    ("DELETE", f"{WEBHOOKS}/clicked", {}, "/webhooks", "clicked"),
    ("POST", WEBHOOKS, {"id": "opened", "url": f"{HOOK}/x"}, "/webhooks", "opened"),
    ("DELETE", f"{WEBHOOKS}/complained", {}, "/webhooks", "complained"),
    ("DELETE", f"{WEBHOOKS}/permanent_fail", {}, "/webhooks", "permanent_fail"),
    ("DELETE", f"{WEBHOOKS}/temporary_fail", {}, "/webhooks", "temporary_fail"),
    ("DELETE", f"{WEBHOOKS}/unsubscribed", {}, "/webhooks", "unsubscribed"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "content", "below", "field"), HAND)
def test_a_field_changed_by_hand_is_exactly_one_change_and_is_put_back(
    method: str, path: str, content: dict[str, Any], below: str, field: str
) -> None:
    account, config = Account(), whole("eu")
    publish(account, "example.com")
    account.apply(config)
    data = {"data": content} if content else {}
    account.by_hand("mailgun_eu", method, path, **data)
    base = "m/domains/auto.example.com" if below == "auto" else "m/domains/mg.example.com"
    found = changes(account, config)
    if below == "auto":
        found = [each for each in found if not each[0].endswith("/dkim")]
    # Another prefix is another host, whose certificate is requested with the change.
    moved = [(f"{base}/certificate", ["requested"])] if field == "web_prefix" else []
    assert found == [(base + below.removeprefix("auto"), [field]), *moved]
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert changes(account, config) == []


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("events", {"event_types": ["opened"], "description": "All"}),
        ("description", {"event_types": ["delivered", "opened"], "description": "Other"}),
    ],
)
def test_an_account_webhook_changed_by_hand_is_one_change(
    field: str, content: dict[str, Any]
) -> None:
    account, config = Account(), whole("us")
    account.apply(config)
    url = f"{HOOK}/account"
    found = account.by_hand("mailgun_us", "GET", "/v1/webhooks")["webhooks"]
    (id_,) = [each["webhook_id"] for each in found if each["url"] == url]
    with account.sessions(config, Writer) as sessions:
        sessions["m"].client.put(f"/v1/webhooks/{id_}", form={"url": url, **content})
    assert changes(account, config) == [(f"m/account_webhooks/{url}", [field])]
    account.apply(config)
    assert changes(account, config) == []


def test_account_webhooks_are_of_one_region_and_only_prune_deletes_unmanaged_ones() -> None:
    account = Account()
    account.apply(whole("us"))
    config = yaml("m: {service: mailgun, token: {env: A}, account_webhooks: []}")
    abroad = yaml("m: {service: mailgun, token: {env: A}, region: eu, account_webhooks: []}")
    assert account.plan(abroad, prune=True).changes == ()
    assert len(account.plan(config).unmanaged) == 2
    plan = account.plan(config, prune=True)
    assert addresses(plan) == [
        f"delete m/account_webhooks/{HOOK}/account",
        f"delete m/account_webhooks/{HOOK}/bounces",
    ]
    account.apply(config, plan)
    assert account.by_hand("mailgun_us", "GET", "/v1/webhooks") == {"webhooks": []}


def test_an_account_webhook_goes_by_ensure_absent() -> None:
    account = Account()
    account.apply(whole("us"))
    config = yaml(
        "m: {service: mailgun, token: {env: A}, "
        f"account_webhooks: [{{url: '{HOOK}/account', ensure: absent}}]}}"
    )
    account.apply(config)
    left = account.by_hand("mailgun_us", "GET", "/v1/webhooks")["webhooks"]
    assert [each["url"] for each in left] == [f"{HOOK}/bounces"]


def test_an_exact_list_replaces_foreign_urls_and_leaves_unnamed_events_alone() -> None:
    account, config = Account(), hooks(f"{{delivered: ['{HOOK}/a']}}")
    account.apply(config)
    by_hand(account, "PUT", f"{WEBHOOKS}/delivered", url=[f"{HOOK}/a", f"{HOOK}/foreign"])
    by_hand(account, "POST", WEBHOOKS, id="clicked", url=f"{HOOK}/foreign")
    account.apply(config)
    assert by_hand(account, "GET", WEBHOOKS)["webhooks"] == {
        "clicked": {"urls": [f"{HOOK}/foreign"]},
        "delivered": {"urls": [f"{HOOK}/a"]},
    }


def test_an_additive_list_keeps_foreign_urls() -> None:
    account, config = Account(), hooks(f"{{mode: additive, delivered: ['{HOOK}/a']}}")
    account.apply(config)
    by_hand(account, "PUT", f"{WEBHOOKS}/delivered", url=[f"{HOOK}/foreign"])
    plan = account.plan(config)
    (change,) = plan.changes
    assert change.fields[0].after == [f"{HOOK}/a", f"{HOOK}/foreign"]
    account.apply(config, plan)
    assert changes(account, config) == []
    urls = by_hand(account, "GET", f"{WEBHOOKS}/delivered")["webhook"]["urls"]
    assert urls == [f"{HOOK}/a", f"{HOOK}/foreign"]


def test_a_merge_beyond_three_urls_is_refused_in_the_plan() -> None:
    account = Account()
    account.apply(hooks(f"{{delivered: ['{HOOK}/x', '{HOOK}/y', '{HOOK}/z']}}"))
    plan = account.plan(hooks(f"{{mode: additive, delivered: ['{HOOK}/a']}}"))
    assert plan.changes == ()
    (refusal,) = plan.refusals
    assert "would have 4 URLs" in refusal.reason
    assert refusal.location is not None
    assert refusal.location.line == 6


def test_a_domain_makes_exceptions_event_by_event_each_with_its_own_place() -> None:
    config = hooks(
        f"{{delivered: ['{HOOK}/a'], opened: ['{HOOK}/a']}}",
        f"mg.example.com: {{webhooks: {{opened: ['{HOOK}/b'], mode: additive}}}}",
    )
    desired = config.desired[Address(("m", "domains", "mg.example.com", "webhooks"))]
    assert desired.attributes == {
        "delivered": [f"{HOOK}/a"],
        "opened": [f"{HOOK}/b"],
        "mode": "additive",
    }
    assert {name: desired.locations[name].line for name in ("delivered", "opened")} == {
        "delivered": 6,
        "opened": 7,
    }


@pytest.mark.parametrize(
    "told",
    [
        {"delivered": {"url": f"{HOOK}/a"}},
        {"delivered": {"url": f"{HOOK}/a", "urls": None}, "opened": None, "bounce": {"urls": []}},
        {"delivered": {"urls": [f"{HOOK}/a"]}, "opened": {"urls": []}, "clicked": {"urls": None}},
        {"delivered": {"urls": [f"{HOOK}/a", f"{HOOK}/a"]}, "deliver": {"url": f"{HOOK}/old"}},
    ],
)
def test_old_shapes_of_webhooks_read_as_what_they_mean(told: dict[str, Any]) -> None:
    account, config = Account(), hooks(f"{{delivered: ['{HOOK}/a'], opened: [], clicked: []}}")
    account.apply(config)
    fault = {"method": "GET", "path": WEBHOOKS, "times": 9, "body": {"webhooks": told}}
    account.control("mailgun_us", "POST", "faults", fault)
    assert changes(account, config) == []


def test_no_webhooks_at_all_may_be_null() -> None:
    account, config = Account(), hooks("{delivered: []}")
    account.apply(config)
    fault = {"method": "GET", "path": WEBHOOKS, "times": 9, "body": {"webhooks": None}}
    account.control("mailgun_us", "POST", "faults", fault)
    assert changes(account, config) == []


def test_json_as_plain_text_is_read_all_the_same() -> None:
    account, config = Account(), hooks(f"{{delivered: ['{HOOK}/a']}}")
    account.apply(config)
    fault = {
        "method": "GET",
        "path": WEBHOOKS,
        "headers": {"content-type": "text/plain"},
        "body": {"webhooks": {"delivered": {"urls": [f"{HOOK}/a"]}}},
    }
    account.control("mailgun_us", "POST", "faults", fault)
    assert changes(account, config) == []


def test_a_host_that_is_not_found_is_reported_with_its_place() -> None:
    account = Account()
    account.sandbox.world.settings["mailgun_unresolvable_hosts"] = ["nowhere.example.com"]
    config = hooks(f"{{delivered: ['{HOOK}/a', 'https://nowhere.example.com/x']}}")
    results = {str(each.change.subject.address): each for each in account.apply(config)}
    refused = results["m/domains/mg.example.com/webhooks"]
    assert refused.outcome == "failed"
    assert "https://nowhere.example.com/x is not a valid url: host not found" in refused.reason
    assert "esp.yaml:6:59: POST " in refused.reason


def test_a_webhook_made_by_somebody_else_meanwhile_is_replaced() -> None:
    account, config = Account(), hooks(f"{{delivered: ['{HOOK}/a']}}")
    account.apply(hooks("{delivered: []}"))
    plan = account.plan(config)
    by_hand(account, "POST", WEBHOOKS, id="delivered", url=f"{HOOK}/foreign")
    assert set(outcomes(account.apply(config, plan)).values()) == {"applied"}
    assert changes(account, config) == []


def test_turning_signing_off_says_that_it_is_the_last_active_key() -> None:
    account, config = Account(), signing("{tracking: {dkim_signing: false}}")
    account.apply(signing("{tracking: {dkim_signing: true}}"))
    assert remarks(account, config) == [
        "this deactivates the last active DKIM key (smtp): mail is sent unsigned"
    ]
    account.apply(config)
    assert changes(account, config) == []
    (found,) = remarks(account, signing("{tracking: {dkim_signing: true}}"))
    assert found == "Mailgun may refuse to activate the key smtp until it finds its record"


def test_a_change_of_selector_is_disruptive_and_names_the_record_to_publish() -> None:
    account = Account()
    account.apply(signing("{dkim: {selector: s1}}"))
    config = signing("{dkim: {selector: S2}}")
    (found,) = remarks(account, config)
    assert "disruptive" in found
    assert "s2._domainkey.mg.example.com TXT k=rsa; p=" in found
    assert changes(account, config) == [("m/domains/mg.example.com/dkim", ["selector"])]
    account.apply(config)
    assert changes(account, config) == []


def test_a_selector_is_set_when_the_domain_is_created() -> None:
    account = Account()
    account.apply(signing("{dkim: {selector: s1}}"))
    assert "PUT /v3/domains/mg.example.com/dkim_selector" not in account.requests("mailgun_us")
    items = by_hand(account, "GET", f"{DOMAIN}/keys")["items"]
    assert [each["selector"] for each in items] == ["s1"]


def test_a_subdomain_that_the_domain_above_signs_for_has_nothing_to_compare() -> None:
    account = Account()
    config = yaml(
        "m: {service: mailgun, token: {env: A}, tracking: {dkim_signing: true}, "
        "domains: {example.com: {}, sub.example.com: {}}}"
    )
    by_hand(account, "POST", "/v4/domains", name="example.com")
    account.apply(config)
    plan = account.plan(config)
    assert plan.changes == ()
    assert "the domain above it signs" in plan_as_text(plan)


def test_an_authority_is_moved_where_it_can_be_read() -> None:
    account = Account()
    for name in ("example.com", "sub.example.com"):
        by_hand(account, "POST", "/v4/domains", name=name)
    config = yaml(
        "m: {service: mailgun, token: {env: A}, "
        "domains: {sub.example.com: {force_dkim_authority: true}}}"
    )
    assert changes(account, config) == [("m/domains/sub.example.com", ["force_dkim_authority"])]
    account.apply(config)
    assert changes(account, config) == []


@pytest.mark.parametrize(
    ("made", "wanted", "field"),
    [
        ("{dkim_key_size: 1024}", "{dkim_key_size: 2048}", "dkim_key_size"),
        (
            "{encrypt_incoming_message: true}",
            "{encrypt_incoming_message: false}",
            "encrypt_incoming_message",
        ),
    ],
)
def test_what_is_fixed_at_creation_is_refused_with_the_way_out(
    made: str, wanted: str, field: str
) -> None:
    account = Account()
    account.apply(signing(made))
    plan = account.plan(signing(wanted))
    assert plan.changes == ()
    (refusal,) = plan.refusals
    assert refusal.name == field
    assert "off the YAML" in refusal.reason


def test_what_cannot_be_read_is_sent_once_and_never_compared() -> None:
    account = Account()
    account.apply(signing("{}"))
    config = signing("{pool_id: p1, ips: [192.0.2.1], force_root_dkim_host: true}")
    assert changes(account, config) == []


def test_the_smtp_password_is_sent_at_creation_and_is_nowhere_else() -> None:
    account = Account()
    seen: list[bytes] = []
    inner = account.transport

    class Noting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            seen.append(request.read())
            return inner.handle_request(request)

    account.transport = Noting()
    config = whole("us")
    plan = account.plan(config)
    shown = plan_as_text(plan) + as_json(plan_as_document(plan)) + repr(plan)
    results = account.apply(config)
    shown += "".join(f"{each!r}{each.reason}" for each in results)
    assert "canary" not in shown
    assert sum(b"smtp_password=canary-pass" in each for each in seen) == 1
    assert changes(account, yaml(WHOLE.replace("REGION", "us"), P="canary-other")) == []


def test_a_refusal_that_repeats_the_smtp_password_is_not_shown() -> None:
    account = Account()
    body = {"message": "canary-pass is too simple"}
    fault = {"method": "POST", "path": "/v4/domains", "status": 400, "body": body, "times": 99}
    account.control("mailgun_us", "POST", "faults", fault)
    head = "m: {service: mailgun, token: {env: A}, "
    config = yaml(
        f"{head}domains: {{x.example.com: {{smtp_password: {{env: P}}}}}}}}", P="canary-pass"
    )
    reasons = "".join(each.reason for each in account.apply(config))
    assert "its text repeats a secret" in reasons
    assert "canary" not in reasons


def run(account: Account, config: Config, domain: str, action: str) -> Any:
    with account.sessions(config, Writer) as sessions:
        desired = config.desired[Address(("m", "domains", domain))]
        live = desired.kind.read(sessions["m"], desired)
        assert live is not None
        known = replace(live, secrets=desired.secrets)
        return desired.kind.perform(sessions["m"], known, action)


def test_the_smtp_password_is_set_on_request() -> None:
    account, config = Account(), whole("us")
    account.apply(config)
    account.forget_requests()
    run(account, config, "mg.example.com", "set-smtp-password")
    assert "PUT /v4/domains/mg.example.com" in account.requests("mailgun_us")
    with pytest.raises(InvalidRequest, match="no `smtp_password` is declared"):
        run(account, config, "plain.example.com", "set-smtp-password")


def test_an_action_says_what_mailgun_answers() -> None:
    account, config = Account(), whole("us")
    account.control("mailgun_us", "POST", "dns", {"domain": "example.com", "published": True})
    account.apply(config)
    for action, sentence in (
        ("set-smtp-password", "the SMTP password is the one that the YAML refers to"),
        ("verify", "no record is missing in DNS"),
    ):
        assert run(account, config, "mg.example.com", action).sentence == sentence
    path = "/v1/dkim_management/domains/auto.example.com/rotation"
    run(account, config, "auto.example.com", "verify")
    on = run(account, config, "auto.example.com", "enable-dkim-rotation")
    assert on.succeeded
    assert on.sentence.startswith("the DKIM keys are rotated by schedule, every ")
    contrary = {"domain": {"rotation_enabled": "true", "rotation_interval": "24h"}}
    fault = {"path": path, "status": 200, "body": json.dumps(contrary)}
    account.control("mailgun_us", "POST", "faults", fault)
    off = run(account, config, "auto.example.com", "disable-dkim-rotation")
    assert not off.succeeded
    assert off.sentence == "the DKIM keys are rotated by schedule, every 24h"


def test_dkim_rotation_is_asked_for_by_name() -> None:
    account, config = Account(), whole("us")
    account.control("mailgun_us", "POST", "dns", {"domain": "example.com", "published": True})
    account.apply(config)
    account.forget_requests()
    for action in ("verify", "rotate-dkim", "enable-dkim-rotation", "disable-dkim-rotation"):
        run(account, config, "auto.example.com", action)
    base = "/v1/dkim_management/domains/auto.example.com"
    writes = [each for each in account.requests("mailgun_us") if "dkim_management" in each]
    assert writes == [f"POST {base}/rotate", f"PUT {base}/rotation", f"PUT {base}/rotation"]


CERTIFIED = """
m:
  service: mailgun
  token: {env: A}
  region: us
  domains: {mg.example.com: {web_scheme: %s}}
"""


def test_a_certificate_waits_for_its_cname_and_says_so() -> None:
    account, config = Account(), signing("{web_scheme: https}")
    account.apply(config)
    plan = account.plan(config)
    assert plan.changes == ()
    assert "cannot be requested until Mailgun finds the CNAME email.mg.example.com" in (
        plan_as_text(plan)
    )
    account.control("mailgun_us", "POST", "dns", {"domain": "mg.example.com", "published": True})
    by_hand(account, "PUT", f"{DOMAIN}/verify")
    assert changes(account, config) == [("m/domains/mg.example.com/certificate", ["requested"])]
    account.sandbox.world.settings["mailgun_x509_delay"] = 999
    account.apply(config)
    plan = account.plan(config)
    assert plan.changes == ()
    assert "is being made" in plan_as_text(plan)


def test_links_lead_to_https_only_after_a_certificate_was_asked_for() -> None:
    account = Account()
    config = yaml(CERTIFIED % "http")
    account.apply(config)
    for domain in ("mg.example.com", "email.mg.example.com"):
        body = {"domain": domain, "published": True}
        account.control("mailgun_us", "POST", "dns", body)
    account.by_hand("mailgun_us", "PUT", "/v4/domains/mg.example.com/verify")
    account.forget_requests()
    results = account.apply(yaml(CERTIFIED % "https"))
    assert set(outcomes(results).values()) == {"applied"}
    writes = [each for each in account.requests("mailgun_us") if not each.startswith("GET")]
    assert writes[:2] == ["POST /v2/x509/email.mg.example.com", "PUT /v4/domains/mg.example.com"]
    assert addresses(account.plan(yaml(CERTIFIED % "https"))) == []


def test_an_expired_certificate_is_renewed() -> None:
    account, config = Account(), signing("{web_scheme: https}")
    account.sandbox.world.settings.update(mailgun_x509_delay=0, mailgun_x509_lifetime=0)
    account.control("mailgun_us", "POST", "dns", {"domain": "mg.example.com", "published": True})
    account.apply(signing("{}"))
    account.by_hand("mailgun_us", "POST", "/v2/x509/email.mg.example.com")
    by_hand(account, "PUT", DOMAIN, web_scheme="https")
    plan = account.plan(config)
    assert addresses(plan) == ["update m/domains/mg.example.com/certificate"]
    account.sandbox.world.settings["mailgun_x509_lifetime"] = 9999
    account.apply(config, plan)
    assert changes(account, config) == []


def test_an_account_without_certificates_can_still_be_planned() -> None:
    account, config = Account(), signing("{web_scheme: https}")
    account.apply(config)
    fault = {"path": "/v2/x509/*", "status": 500, "body": {"message": "oops"}, "times": 99}
    account.control("mailgun_us", "POST", "faults", fault)
    assert "does not tell its status" in plan_as_text(account.plan(config))


class FailsAfter(httpx.BaseTransport):
    """Creates domains, and says of the first one that it could not (mailgun.md §4.6)."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._has_failed = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if (request.method, request.url.path) != ("POST", "/v4/domains") or self._has_failed:
            return answer
        self._has_failed = True
        text = "Password is too short. It must be between 5 and 32 characters."
        return httpx.Response(400, json={"message": text})


def test_a_partial_creation_is_read_again_and_not_repeated() -> None:
    account = Account(around=FailsAfter)
    config = signing("{spam_action: tag, mailfrom_host: b.mg.example.com, dkim: {selector: s1}}")
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert account.requests("mailgun_us").count("POST /v4/domains") == 1
    assert changes(account, config) == []


@pytest.mark.parametrize("phrase", ["This domain name is already taken", "it already exists"])
def test_a_domain_that_somebody_made_meanwhile_is_taken_over(phrase: str) -> None:
    account, config = Account(), signing("{spam_action: tag}")
    account.sandbox.world.settings["mailgun_duplicate_text"] = phrase
    plan = account.plan(config)
    by_hand(account, "POST", "/v4/domains", name="mg.example.com")
    assert set(outcomes(account.apply(config, plan)).values()) == {"applied"}
    assert changes(account, config) == []


def test_a_domain_that_cannot_be_found_just_after_its_creation_is_waited_for() -> None:
    account = Account()
    config = signing(f"{{webhooks: {{opened: ['{HOOK}/a']}}, tracking: {{dkim_signing: true}}}}")
    body = {"message": "Domain not found"}
    for method, path in (("GET", DOMAIN), ("POST", WEBHOOKS), ("GET", f"{DOMAIN}/keys")):
        fault = {"method": method, "path": path, "status": 404, "body": body, "times": 2}
        account.control("mailgun_us", "POST", "faults", fault)
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert account.requests("mailgun_us").count("POST /v4/domains") == 1
    assert changes(account, config) == []


def test_null_lists_are_empty_lists() -> None:
    account = Account()
    config = yaml("m: {service: mailgun, token: {env: A}, domains: {}, account_webhooks: []}")
    for path, key in (("/v4/domains", "items"), ("/v1/webhooks", "webhooks")):
        fault = {"method": "GET", "path": path, "body": {key: None, "total_count": 0}}
        account.control("mailgun_us", "POST", "faults", fault)
    plan = account.plan(config)
    assert (plan.changes, plan.unmanaged) == ((), ())


def test_the_password_is_opened_by_the_client_alone() -> None:
    desired = whole("us").desired[Address(("m", "domains", "mg.example.com"))]
    assert isinstance(desired.secrets["smtp_password"], Secret)
    assert str(desired.attributes["smtp_password"]) == "(secret)"


FAMILY = """
m:
  service: mailgun
  token: {env: A}
  region: us
  domains: {%s}
"""


def family(*absent: str) -> Config:
    names = ("example.org", "a.example.org", "b.a.example.org", "z.example.org")
    said = (f"{each}: {{{'ensure: absent' if each in absent else ''}}}" for each in names)
    return yaml(FAMILY % ", ".join(said))


def test_domains_come_before_those_below_them_and_go_after_them() -> None:
    account = Account()
    names = [str(change.subject.address.name) for change in account.plan(family()).changes]
    assert names == ["example.org", "a.example.org", "z.example.org", "b.a.example.org"]
    assert set(outcomes(account.apply(family())).values()) == {"applied"}
    gone = family(*names)
    plan = account.plan(gone)
    assert [change.subject.address.name for change in plan.changes] == [
        "b.a.example.org",
        "a.example.org",
        "z.example.org",
        "example.org",
    ]
    assert set(outcomes(account.apply(gone, plan)).values()) == {"applied"}
    assert addresses(account.plan(gone)) == []
