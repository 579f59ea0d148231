"""Promises of plan and apply that Mailgun's kinds did not keep, each by its own example."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from account import Account, addresses, outcomes
from laws import Json
from test_mailgun_laws import (
    DOMAIN,
    account_with,
    applied,
    changed,
    config_of,
    provider,
    single,
    state_of,
)
from test_mailgun_laws import quick_keys as quick_keys  # noqa: PLC0414 - a fixture here, too

from reconciler.engine.authority import Authority
from reconciler.engine.plan import Plan
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.engine.selection import EVERYTHING
from reconciler.errors import ReadFailed
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Address, Config
from reconciler.providers.api import Writer
from reconciler.reports.text import plan_as_text

HOOKS = "https://hooks.example.com"
SITE = "mailgun_us"


def plant(account: Account, **fault: Any) -> None:
    account.control(SITE, "POST", "faults", {"times": 99, **fault})


def publish(account: Account, domain: str = "example.net") -> None:
    account.sandbox.world.publish(domain, published=True)


def writes(account: Account) -> list[str]:
    return [each for each in account.requests(SITE) if not each.startswith("GET ")]


def verifications(account: Account) -> int:
    return sum(each.endswith("/verify") for each in writes(account))


def doubts(plan: Plan) -> dict[str, str]:
    return {note.field: note.text for note in plan.notes if note.field}


def run(account: Account, config: Config, address: str, action: str) -> str:
    with account.sessions(config, Writer) as sessions:
        reconciler = Reconciler(config, EVERYTHING, sessions, Options(pause=account.clock.pause))
        return reconciler.run(Address(tuple(address.split("/"))), action).sentence


# What the plan shows is what is sent, and then the next plan is empty.


def test_keys_of_its_own_come_with_the_end_of_automatic_security() -> None:
    created = {"use_automatic_sender_security": "yes"}
    account = account_with({"domains": {DOMAIN: {"created": created}}}, "us")
    config = single(
        use_automatic_sender_security=False,
        tracking={"dkim_signing": True},
        dkim={"selector": "s1"},
    )
    assert changed(account, config) == [
        ("domains", ["use_automatic_sender_security"]),
        ("dkim", ["selector", "signing"]),
    ]
    assert '"(known after apply)" -> true' in plan_as_text(account.plan(config))
    applied(account, config)
    (key,) = state_of(account, "us")["domains"][DOMAIN]["keys"]
    assert (key["selector"], key["is_active"]) == ("s1", True)
    assert changed(account, config) == []


@pytest.mark.parametrize(
    "said", [{"tracking": {"dkim_signing": True}}, {"dkim": {"selector": "s1"}}]
)
def test_a_key_of_its_own_comes_with_the_authority_of_a_subdomain(said: Json) -> None:
    account = account_with({"domains": {"example.net": {}, DOMAIN: {}}}, "us")
    config = single(force_dkim_authority=True, **said)
    assert [kind for kind, _ in changed(account, config)] == ["domains", "dkim"]
    applied(account, config)
    assert changed(account, config) == []


def test_the_authority_goes_back_to_a_domain_above_that_is_in_the_account() -> None:
    made = {"created": {"force_dkim_authority": "yes"}}
    account = account_with({"domains": {"example.net": {}, DOMAIN: made}}, "us")
    config = single(force_dkim_authority=False, dkim={"selector": "s1"})
    parents = state_of(account, "us")["domains"]["example.net"]["keys"]
    before = [dict(key) for key in parents]
    assert [kind for kind, _ in changed(account, config)] == ["domains"]
    assert "the domain above it signs" in doubts(account.plan(config))["selector"]
    applied(account, config)
    assert state_of(account, "us")["domains"][DOMAIN]["authority"] == "example.net"
    assert [key["selector"] for key in parents] == [key["selector"] for key in before]
    assert changed(account, config) == []
    assert "the domain above it signs" in doubts(account.plan(config))["selector"]


def test_without_a_domain_above_it_is_said_to_be_its_own_authority_anyway() -> None:
    account = account_with({}, "us")
    applied(account, single(force_dkim_authority=True))
    plan = account.plan(single(force_dkim_authority=False))
    assert plan.changes == ()
    assert "no domain above it is in the account" in doubts(plan)["force_dkim_authority"]
    assert "Live matches" not in plan_as_text(plan)


@pytest.mark.parametrize("is_published", [True, False])
def test_the_certificate_of_a_new_prefix_is_requested_with_it(
    is_published: bool,  # noqa: FBT001
) -> None:
    account = account_with({"domains": {DOMAIN: {}}, "published": is_published}, "us")
    config = single(web_prefix="click", web_scheme="https")
    assert changed(account, config) == [
        ("domains", ["web_prefix", "web_scheme"]),
        ("certificate", ["requested"]),
    ]
    applied(account, config)
    host = f"click.{DOMAIN}"
    assert (host in state_of(account, "us")["certificates"]) is is_published
    assert verifications(account) == 1
    plan = account.plan(config)
    assert plan.changes == ()
    told = doubts(plan).get("requested", "")
    assert is_published or f"`run verify t/domains/{DOMAIN}` and apply again" in told


def test_where_a_key_must_be_seen_in_dns_first_it_is_looked_for() -> None:
    account = account_with({}, "us")
    account.sandbox.world.settings["mailgun_strict_activation"] = True
    config = single(tracking={"dkim_signing": True})
    results = account.apply(config)
    (reason,) = [each.reason for each in results if each.outcome == "failed"]
    assert f"Publish smtp._domainkey.{DOMAIN} TXT k=rsa; p=" in reason
    publish(account)
    account.forget_requests()
    applied(account, config)
    assert verifications(account) == 1
    assert changed(account, config) == []


def test_only_a_change_of_dns_records_asks_for_verification() -> None:
    account = account_with({"domains": {DOMAIN: {}}, "published": True}, "us")
    applied(account, single(spam_action="tag", wildcard=True, message_ttl=7))
    assert verifications(account) == 0
    applied(account, single(web_prefix="click"))
    assert verifications(account) == 1


def test_verification_lets_no_key_sign_that_is_not_to() -> None:
    account = account_with({}, "us")
    publish(account)
    config = single(tracking={"dkim_signing": False})
    applied(account, config)
    assert changed(account, config) == []
    config = single(tracking={"dkim_signing": False}, web_prefix="click")
    assert [kind for kind, _ in changed(account, config)] == ["domains", "dkim"]
    applied(account, config)
    assert changed(account, config) == []


# What cannot be told is said beside the field, with a way out.


@pytest.mark.parametrize(("made", "wanted"), [("htmlonly", True), ("true", "html_only")])
def test_clicks_that_cannot_be_told_apart_can_be_set(made: str, wanted: Any) -> None:
    tracking = {"click": {"active": made}}
    account = account_with({"domains": {DOMAIN: {"tracking": tracking}}, "published": True}, "us")
    config = single(tracking={"clicks": wanted, "opens": False})
    plan = account.plan(config)
    address = f"t/domains/{DOMAIN}/tracking"
    assert plan.changes == ()
    assert f"`run set-untold {address}` sets it" in doubts(plan)["clicks"]
    assert "Live matches" not in plan_as_text(plan)
    assert run(account, config, address, "set-untold") == "`clicks` set as the YAML says"
    clicks = state_of(account, "us")["domains"][DOMAIN]["tracking"]["click"]["active"]
    assert clicks == ("htmlonly" if wanted == "html_only" else wanted)
    assert writes(account) == [f"PUT /v3/domains/{DOMAIN}/tracking/click"]


def test_clicks_that_are_spelled_out_are_compared() -> None:
    tracking = {"click": {"active": "htmlonly"}}
    live = {"domains": {DOMAIN: {"tracking": tracking}}, "htmlonly_text": True, "published": True}
    account = account_with(live, "us")
    plan = account.plan(single(tracking={"clicks": "html_only"}))
    assert (plan.changes, doubts(plan)) == ((), {})
    assert changed(account, single(tracking={"clicks": True})) == [("tracking", ["clicks"])]


def test_a_mail_from_host_that_is_not_told_can_be_set() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    account.sandbox.world.settings["mailgun_extended"] = False
    config = single(mailfrom_host="b.example.net")
    plan = account.plan(config)
    assert plan.changes == ()
    assert f"set it by `run set-untold t/domains/{DOMAIN}`" in doubts(plan)["mailfrom_host"]
    assert "Live matches" not in plan_as_text(plan)
    run(account, config, f"t/domains/{DOMAIN}", "set-untold")
    assert state_of(account, "us")["domains"][DOMAIN]["mailfrom_host"] == "b.example.net"


def test_what_is_sent_at_creation_only_is_not_said_to_match() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    plan = account.plan(single(pool_id="p1", smtp_password={"env": "P"}))
    assert set(doubts(plan)) == {"pool_id", "smtp_password"}
    way_out = f"`run set-smtp-password t/domains/{DOMAIN}` sends it again"
    assert way_out in doubts(plan)["smtp_password"]


def test_archiving_is_ended_by_an_empty_url() -> None:
    made = {"settings": {"archive_to": "https://archive.example.com/in"}}
    account = account_with({"domains": {DOMAIN: made}}, "us")
    config = single(archive_to="")
    assert changed(account, config) == [("domains", ["archive_to"])]
    applied(account, config)
    assert changed(account, config) == []
    account = account_with({}, "us")
    applied(account, config)
    assert changed(account, config) == []


# What Mailgun does not delete is refused in the plan.


def refusals(account: Account, **domains: Json) -> list[str]:
    content = provider("us") | {"domains": {**domains}}
    return [each.reason for each in account.plan(config_of(content)).refusals]


ABSENT: Json = {"ensure": "absent"}


def test_the_sandbox_domain_is_not_planned_to_be_deleted() -> None:
    account = account_with({}, "us")
    (name,) = [each for each in state_of(account, "us")["domains"] if each.startswith("sandbox")]
    (reason,) = refusals(account, **{name: ABSENT})
    assert "sandbox domain cannot be deleted" in reason


def test_a_disabled_domain_is_not_planned_to_be_deleted() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    state_of(account, "us")["domains"][DOMAIN]["domain"] |= {
        "state": "disabled",
        "is_disabled": True,
    }
    (reason,) = refusals(account, **{DOMAIN: ABSENT})
    assert "a disabled domain cannot be deleted; ask Mailgun's support" in reason


def test_a_domain_that_signs_for_another_is_not_planned_to_be_deleted() -> None:
    account = account_with({"domains": {"example.net": {}, DOMAIN: {}}}, "us")
    (reason,) = refusals(account, **{"example.net": ABSENT})
    assert f"its DKIM key signs for {DOMAIN}, so that it cannot be deleted" in reason
    assert refusals(account, **{"example.net": ABSENT, DOMAIN: ABSENT}) == []
    gone = config_of(
        provider("us")
        | {"domains": {"example.net": ABSENT, DOMAIN: {"force_dkim_authority": True}}}
    )
    assert account.plan(gone).refusals == ()
    applied(account, gone)
    assert addresses(account.plan(gone)) == []


def test_a_domain_that_would_sign_for_another_is_not_planned_to_be_deleted() -> None:
    account = account_with({"domains": {"example.net": {}}}, "us")
    below = "new.example.net"
    (reason,) = refusals(account, **{"example.net": ABSENT, below: {}})
    assert f"its DKIM key would sign for {below}, so that it cannot be deleted" in reason
    own: Json = {"force_dkim_authority": True}
    several: list[dict[str, Json]] = [
        {below: own},
        {"other.example.org": {}},
        {below: ABSENT},
    ]
    for others in several:
        assert refusals(account, **{"example.net": ABSENT, **others}) == []
    # Whatever stands between: the authority of the topmost domain is inherited.
    between = "x.new.example.net"
    for new in (own, {"use_automatic_sender_security": True}):
        assert len(refusals(account, **{"example.net": ABSENT, below: new, between: {}})) == 1
    (reason,) = refusals(account, **{"example.net": ABSENT, between: new})
    assert f"would sign for {between}, " in reason
    (reason,) = refusals(account, **{"example.net": ABSENT, between: {}, "y.example.net": {}})
    assert f"would sign for {between} and 1 more" in reason


def test_a_domain_does_not_give_its_key_up_for_one_that_goes() -> None:
    own: Json = {"force_dkim_authority": True}
    account = account_with({"domains": {"example.net": {}, DOMAIN: {}}}, "us")
    applied(account, config_of(provider("us") | {"domains": {DOMAIN: own}}))
    given_up: Json = {"force_dkim_authority": False}
    (reason,) = refusals(account, **{"example.net": ABSENT, DOMAIN: given_up})
    assert f"its DKIM key would sign for {DOMAIN}" in reason
    assert refusals(account, **{"example.net": ABSENT, DOMAIN: own}) == []


def test_a_domain_above_that_is_gone_and_stays_gone_signs_for_nobody() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    content = provider("us") | {
        "domains": {"example.net": ABSENT, DOMAIN: {"force_dkim_authority": False}}
    }
    plan = account.plan(config_of(content))
    assert (plan.changes, plan.refusals) == ((), ())
    assert "no domain above it is in the account" in plan_as_text(plan)


GIVEN_UP = {"force_dkim_authority": False, "spam_action": "tag"}
ONLY = [f"t/domains/{DOMAIN}"]


@pytest.mark.parametrize("is_there", [True, False])
def test_a_domain_gives_its_key_up_once_the_one_above_it_is_selected_too(is_there: bool) -> None:  # noqa: FBT001
    account = account_with({"domains": {DOMAIN: {}} if is_there else {}}, "us")
    config = config_of(provider("us") | {"domains": {"example.net": {}, DOMAIN: GIVEN_UP}})
    alone = account.plan(config, only=ONLY)
    assert set(outcomes(account.apply(config, alone)).values()) == {"applied"}
    again = account.plan(config, only=ONLY)
    assert again.changes == ()
    assert "no domain above it is in the account" in doubts(again)["force_dkim_authority"]
    applied(account, config)
    assert state_of(account, "us")["domains"][DOMAIN]["authority"] == "example.net"
    assert account.plan(config).changes == ()


def test_a_plan_file_of_a_domain_without_the_one_above_it_stands_for_itself(tmp_path: Path) -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    config = config_of(provider("us") | {"domains": {"example.net": {}, DOMAIN: GIVEN_UP}})
    save_plan(account.plan(config, only=ONLY), tmp_path / "plan.json")
    plan = account.confirm(Authority(load_plan(tmp_path / "plan.json"), config))
    assert [each.name for each in plan.changes[0].fields] == ["spam_action"]
    assert set(outcomes(account.apply(config, plan)).values()) == {"applied"}


# What is odd in one place blocks nothing elsewhere.


@pytest.mark.parametrize("below", ["tracking", "webhooks", "keys"])
def test_a_404_that_passes_is_read_again_and_one_that_stays_names_the_domain(below: str) -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    config = single(
        tracking={"opens": False, "dkim_signing": False}, webhooks={"opened": []}, spam_action="tag"
    )
    missing = {"status": 404, "body": {"message": "Domain not found"}, "method": "GET"}
    plant(account, path=f"*/{DOMAIN}/{below}", **{**missing, "times": 2})
    assert changed(account, config) == [("domains", ["spam_action"])]
    assert account.clock.pauses[:2] == [0.5, 1.0]
    plant(account, path=f"*/{DOMAIN}/{below}", **missing)
    with pytest.raises(ReadFailed, match=f"t/domains/{DOMAIN}: GET .* could not be found"):
        account.plan(config)


def test_a_certificate_that_is_refused_keeps_nothing_else_from_being_set() -> None:
    account = account_with({"domains": {DOMAIN: {}}, "published": True}, "us")
    refused = {"status": 402, "body": {"Reason": "upgrade your account to enable this feature"}}
    plant(account, method="POST", path="/v2/x509/*", **refused)
    config = single(spam_action="tag", web_scheme="https", tracking={"opens": True})
    results = {str(each.change.subject.address): each for each in account.apply(config)}
    assert {name: str(each.outcome) for name, each in results.items()} == {
        f"t/domains/{DOMAIN}": "failed",
        f"t/domains/{DOMAIN}/certificate": "failed",
        f"t/domains/{DOMAIN}/tracking": "applied",
    }
    domain = results[f"t/domains/{DOMAIN}"]
    assert domain.in_part
    assert domain.reason.startswith("`web_scheme`: POST /v2/x509/")
    assert "plan does not include this: upgrade it" in domain.reason
    live = state_of(account, "us")["domains"][DOMAIN]["domain"]
    assert (live["spam_action"], live["web_scheme"]) == ("tag", "http")


def test_a_refused_field_keeps_no_other_field_of_its_call_from_being_set() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")

    account.transport = Refusing(account.transport, lambda each: b"message_ttl" in each.read())
    config = single(message_ttl=999, spam_action="tag", wildcard=True, tracking={"opens": True})
    results = account.apply(config)
    (failed,) = [each for each in results if each.outcome == "failed"]
    assert failed.in_part
    assert failed.reason.startswith("`message_ttl`: PUT /v4/domains/")
    assert changed(account, config) == [("domains", ["message_ttl"])]


def test_a_url_that_is_refused_keeps_no_other_event_from_being_set() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    account.sandbox.world.settings["mailgun_unresolvable_hosts"] = ["nowhere.example.com"]
    webhooks = {"accepted": [f"{HOOKS}/a"], "clicked": ["https://nowhere.example.com/x"],
                "opened": [f"{HOOKS}/o"]}  # fmt: skip
    config = single(webhooks=webhooks)
    (result,) = account.apply(config)
    assert (str(result.outcome), result.in_part) == ("failed", True)
    assert result.reason.startswith("`clicked`: ")
    assert "https://nowhere.example.com/x is not a valid url: host not found" in result.reason
    assert changed(account, config) == [("webhooks", ["clicked"])]


class Refusing(httpx.BaseTransport):
    """Refuses what a test says, as a service does that wants more money for it."""

    def __init__(
        self, inner: httpx.BaseTransport, refuses: Callable[[httpx.Request], bool]
    ) -> None:
        self._inner, self._refuses = inner, refuses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self._refuses(request):
            return httpx.Response(400, json={"message": "not with your plan"})
        return self._inner.handle_request(request)


# Words of the service, with a way out.

TAKEN = "This domain name is already taken"


@pytest.mark.parametrize(
    ("status", "text", "way_out"),
    [
        (
            400,
            TAKEN,
            "If it is being deleted just now, run again in some minutes; otherwise it is in",
        ),
        (402, "upgrade your account", "plan does not include this: upgrade it, or take this off"),
        (400, "invalid CNAME record", "Publish the tracking CNAME, verify the domain, and apply"),
    ],
)
def test_a_refusal_comes_with_a_way_out(status: int, text: str, way_out: str) -> None:
    account = account_with({}, "us")
    body = {"message": text}
    plant(account, method="POST", path="/v4/domains", status=status, body=body)
    (result,) = account.apply(single())
    assert text in result.reason
    assert way_out in result.reason


def test_a_key_that_failed_in_dns_is_told_with_its_record() -> None:
    account = account_with({"domains": {DOMAIN: {}}, "published": True}, "us")
    record = {"name": f"s1._domainkey.{DOMAIN}", "record_type": "TXT", "value": "k=rsa; p=MIG",
              "valid": "Invalid", "is_active": True}  # fmt: skip
    body = {"items": [{"selector": "s1", "dns_record": record}]}
    plant(account, path=f"/v4/domains/{DOMAIN}/keys", body=body)
    plan = account.plan(single(tracking={"dkim_signing": True}))
    assert [note.text for note in plan.notes] == [
        (
            "Mailgun does not find the DKIM record in DNS, and calls it invalid: publish "
            f"s1._domainkey.{DOMAIN} TXT k=rsa; p=MIG"
        )
    ]
