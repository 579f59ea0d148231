"""Which region, which key, how fast, and what the service says of a domain."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.plan import Plan
from reconciler.errors import ReadFailed
from reconciler.model import DnsRecord, Resource, Secret
from reconciler.providers.api import Reader, Writer
from reconciler.reports.text import plan_as_text
from reconciler.sandbox.mailgun import allowance

LIST = "/v4/domains"


def config(region: str = "us", domains: str = "mg.example.com: {}") -> Any:
    return yaml(
        f"m: {{service: mailgun, token: {{env: A}}, region: {region}, domains: {{{domains}}}}}"
    )


def message(account: Account, region: str = "us", domains: str = "mg.example.com: {}") -> str:
    with pytest.raises(ReadFailed) as error:
        account.plan(config(region, domains))
    return str(error.value)


def plant(account: Account, site: str, **fault: Any) -> None:
    account.control(site, "POST", "faults", {"times": 99, **fault})


@pytest.mark.parametrize(("here", "there"), [("us", "eu"), ("eu", "us")])
def test_a_domain_of_the_other_region_is_said_to_be_there(here: str, there: str) -> None:
    account = Account()
    account.apply(config(there))
    account.forget_requests()
    said = message(account, here)
    assert f"the domain mg.example.com exists in {there.upper()}, the config says {here}" in said
    assert f"`region: {there}`" in said
    assert "delete it there first, in an apply of its own" in said
    assert account.requests(f"mailgun_{there}") == [f"GET {LIST}"]


def test_an_apply_asks_the_other_region_with_nothing_but_get() -> None:
    account = Account()
    account.apply(config("us"))
    account.forget_requests()
    with pytest.raises(ReadFailed):
        account.apply(config("eu"))
    assert account.requests("mailgun_us") == [f"GET {LIST}"]
    assert account.requests("mailgun_eu") == [f"GET {LIST}"]


def test_the_other_region_is_not_asked_when_every_domain_is_here() -> None:
    account = Account()
    account.apply(config())
    account.forget_requests()
    account.plan(config())
    assert account.requests("mailgun_eu") == []


def test_a_domain_that_is_to_be_absent_is_not_missed() -> None:
    account = Account()
    account.apply(config("eu"))
    account.forget_requests()
    assert account.plan(config("us", "mg.example.com: {ensure: absent}")).changes == ()
    assert account.requests("mailgun_eu") == [f"GET {LIST}"]


def test_one_that_is_to_be_absent_and_is_in_the_other_region_is_said_to_be_there() -> None:
    account = Account()
    account.apply(config("eu"))
    plan = account.plan(config("us", "mg.example.com: {ensure: absent}"))
    (note,) = plan.notes
    assert note.text == (
        "the domain mg.example.com exists in EU, the config says us: nothing deletes it there. Set "
        "`region: eu`, or declare it under a provider of that region; a domain cannot be moved."
    )
    assert "Live matches" not in plan_as_text(plan)
    assert account.plan(config("us", "gone.example.com: {ensure: absent}")).notes == ()


def test_another_region_that_does_not_answer_is_said_beside_the_creation() -> None:
    account = Account()
    plant(account, "mailgun_eu", path="*", status=500, body={"message": "oops"})
    plan = account.plan(config())
    assert addresses(plan) == ["create m/domains/mg.example.com"]
    (note,) = plan.notes
    assert note.text.startswith(
        "whether it lives already in EU could not be asked (GET /v4/domains"
    )
    assert "HTTP 500" in note.text
    assert account.requests("mailgun_eu") == [f"GET {LIST}"]


SHAPES = {
    "json": {"status": 401, "body": {"message": "Invalid private key"}},
    "text": {"status": 401, "body": "Forbidden", "headers": {"content-type": "text/plain"}},
    "html": {"status": 401, "body": "Forbidden", "headers": {"content-type": "text/html"}},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_key_that_only_the_other_region_accepts_is_no_bad_key(shape: str) -> None:
    account = Account()
    account.apply(config("eu"))
    account.forget_requests()
    plant(account, "mailgun_us", path="/v4/*", **SHAPES[shape])
    said = message(account, "us")
    assert "The domain mg.example.com exists in EU, the config says us" in said
    assert account.requests("mailgun_eu") == [f"GET {LIST}"]


def test_a_key_that_the_other_region_accepts_without_the_domain_is_said_to_be_good() -> None:
    account = Account()
    plant(account, "mailgun_us", path="/v4/*", **SHAPES["json"])
    said = message(account)
    assert "The key is accepted in EU, but mg.example.com is not there either" in said
    assert "For US, use a key that US accepts" in said
    assert "Set `region: eu`" not in said


@pytest.mark.parametrize("shape", SHAPES)
def test_a_key_that_neither_region_accepts_may_be_a_sending_key_or_kept_out(shape: str) -> None:
    account = Account()
    for site in ("mailgun_us", "mailgun_eu"):
        plant(account, site, path="/v4/*", **SHAPES[shape])
    said = message(account)
    assert "a domain sending key (which can only send)" in said
    assert "IP allowlist" in said


WRONG: dict[str, Any] = {"status": 403, "body": {"message": "Forbidden"}}


def test_a_wrong_key_is_said_to_be_one_where_account_webhooks_alone_are_named() -> None:
    account = Account()
    for site in ("mailgun_us", "mailgun_eu"):
        plant(account, site, path="/v1/webhooks", **WRONG)
        plant(account, site, path="/v4/*", **SHAPES["json"])
    wanted = yaml("m: {service: mailgun, token: {env: A}, account_webhooks: []}")
    with pytest.raises(ReadFailed, match="The key is not accepted here: it may be wrong") as error:
        account.plan(wanted)
    assert "role" not in str(error.value)


def test_account_webhooks_refuse_a_key_in_a_shape_of_their_own() -> None:
    account = Account()
    body = {"message": "Forbidden"}
    plant(account, "mailgun_us", path="/v1/webhooks", status=403, body=body)
    with pytest.raises(ReadFailed, match="IP allowlist"):
        account.plan(yaml("m: {service: mailgun, token: {env: A}, account_webhooks: []}"))


class Keyed(Account):
    """An account that is used with a key of a role of its own."""

    def __init__(self, role: str, **fields: str) -> None:
        super().__init__()
        data = {"role": role, **fields}
        made = self.by_hand("mailgun_us", "POST", "/v1/keys", data=data)
        self._key = made["key"]["secret"]

    def _tokens(self, service: str, name: str) -> dict[str, Secret]:  # noqa: ARG002
        return {"token": Secret(self._key)}


def test_an_analyst_key_plans_and_is_clearly_refused_at_apply() -> None:
    account = Keyed("basic")
    assert addresses(account.plan(config())) == ["create m/domains/mg.example.com"]
    (result,) = account.apply(config())
    assert result.outcome == "failed"
    assert 'POST /v4/domains: HTTP 403: "Forbidden". The key\'s role may not' in result.reason


def test_a_sending_key_is_told_what_it_can_do() -> None:
    by_hand = Account()
    by_hand.by_hand("mailgun_us", "POST", LIST, data={"name": "mg.example.com"})
    account = Keyed("sending", domain_name="mg.example.net", kind="domain")
    assert "which can only send" in message(account)


ADVICE = "; leave it so unless Mailgun is to receive the domain's mail"


def test_two_providers_with_one_key_share_its_governor_and_others_do_not() -> None:
    both = yaml(
        "a: {service: mailgun, token: {env: A}, domains: {}}\n"
        "b: {service: mailgun, token: {env: A}, region: eu, domains: {}}\n"
    )
    account = Account()
    with account.sessions(both, Reader) as sessions:
        for _ in range(150):
            sessions["a"].client.get(LIST)
            sessions["b"].client.get(LIST)
        assert account.waited == []
        sessions["a"].client.get(LIST)
        assert len(account.waited) == 1
        assert 0 < account.waited[0] <= 61


def test_a_large_apply_is_paced_so_that_no_refusal_comes() -> None:
    account = Account()
    names = ", ".join(f"d{number}.example.com: {{}}" for number in range(120))
    wanted = yaml(
        "m: {service: mailgun, token: {env: A}, tracking: {opens: true}, "
        f"domains: {{{names}}}}}"
    )
    for number in range(120):
        account.by_hand("mailgun_us", "POST", LIST, data={"name": f"d{number}.example.com"})
    account.apply(wanted)
    assert account.waited  # 1 list, and then a read, a write and a read for each domain
    assert all(0 < each <= 61 for each in account.waited)


@pytest.mark.parametrize("limit", [20, 50])
def test_a_limit_of_a_minute_costs_a_few_refusals_and_nothing_else(
    limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = Account()
    for number in range(60):
        account.by_hand("mailgun_us", "POST", LIST, data={"name": f"d{number}.example.com"})
    # The sandbox's windows pass with the pauses, too.
    monkeypatch.setattr(allowance, "time", SimpleNamespace(time=account.clock))
    account.sandbox.world.settings["mailgun_rate_limit"] = limit
    names = ", ".join(f"d{number}.example.com: {{}}" for number in range(60))
    wanted = yaml(
        "m: {service: mailgun, token: {env: A}, tracking: {opens: false}, "
        f"domains: {{{names}}}}}"
    )
    account.forget_requests()
    assert account.plan(wanted, connections=1).changes == ()
    log = account.control("mailgun_us", "GET", "requests")
    refused = sum(entry["status"] == 429 for entry in log)
    assert len(log) - refused >= 61
    assert 1 <= refused <= 8


def read(account: Account, domain: str, region: str = "us") -> Resource:
    wanted = config(region, f"{domain}: {{}}")
    with account.sessions(wanted, Reader) as sessions:
        (desired,) = wanted.desired.values()
        live: Resource | None = desired.kind.read(sessions["m"], desired)
    assert live is not None
    return live


@pytest.mark.parametrize("region", ["us", "eu"])
def test_records_are_classified_with_their_state(region: str) -> None:
    account = Account()
    account.apply(config(region))
    found = {
        (each.purpose, each.type, each.state)
        for each in read(account, "mg.example.com", region).records
    }
    assert found == {
        ("SPF", "TXT", "to publish"),
        ("DKIM", "TXT", "to publish"),
        ("tracking", "CNAME", "to publish"),
        ("receiving", "MX", "optional: publish it only if Mailgun is to receive the domain's mail"),
    }


def test_the_two_records_of_automatic_sender_security_are_dkim() -> None:
    account = Account()
    wanted = config("us", "mg.example.com: {use_automatic_sender_security: true}")
    account.apply(wanted)
    records = read(account, "mg.example.com").records
    assert [each.type for each in records if each.purpose == "DKIM"] == ["CNAME", "CNAME"]


def test_what_mailgun_last_saw_is_told_and_foreign_mx_are_left_alone() -> None:
    account = Account()
    body = {
        "domain": {"name": "mg.example.com", "id": "1", "state": "unverified"},
        "receiving_dns_records": [
            {"record_type": "MX", "valid": "unknown", "value": "mxa.mailgun.org",
             "priority": "10", "cached": ["1 mx.elsewhere.example"]},
            {"record_type": "MX", "valid": "VALID", "value": "mxb.mailgun.org", "priority": "10"},
        ],
        "sending_dns_records": [
            {"record_type": "TXT", "name": "mg.example.com", "valid": "unknown",
             "value": "v=spf1 include:mailgun.org ~all", "cached": ["v=spf1 -all"]},
            {"record_type": "CNAME", "name": "email.mg.example.com", "valid": "Valid",
             "value": "mailgun.org", "cached": ["mailgun.org"]},
            None,
        ],
    }  # fmt: skip
    plant(account, "mailgun_us", method="GET", path="/v4/domains/*", body=body)
    live = read(account, "mg.example.com")
    assert live.notes == (
        "the domain is not verified yet",
        "publish the SPF record mg.example.com TXT v=spf1 include:mailgun.org ~all",
        f"Mailgun last saw MX mg.example.com as 1 mx.elsewhere.example{ADVICE}",
        "Mailgun last saw TXT mg.example.com as v=spf1 -all",
    )
    assert sorted(each.state for each in live.records if each.type != "TXT")[1:] == ["verified"] * 2


def test_a_disabled_domain_says_why_and_until_when() -> None:
    account = Account()
    disabled = {"code": 7, "reason": "Too many bounces", "until": "Mon, 24 Feb 2025 22:44:03 GMT"}
    domain = {"name": "mg.example.com", "id": "1", "state": "disabled", "disabled": disabled}
    plant(account, "mailgun_us", path=LIST, body={"items": [domain], "total_count": 1})
    plan: Plan = account.plan(config())
    (note,) = plan.notes
    assert note.text == (
        "the domain is disabled: Too many bounces (code 7), until Mon, 24 Feb 2025 22:44:03 GMT"
    )


def test_records_that_change_their_order_are_the_same() -> None:
    account = Account()
    account.apply(config())
    assert read(account, "mg.example.com").records == read(account, "mg.example.com").records


@pytest.mark.parametrize("length", [1, 254, 255, 256, 410, 510, 511])
def test_a_long_value_stands_in_quoted_strings_of_255_characters(length: int) -> None:
    value = "x" * length
    shown = DnsRecord("DKIM", "TXT", "h", value, "to publish").zone_value
    parts = [each.strip('"') for each in shown.split('" "')]
    assert "".join(parts) == value
    assert all(len(each) <= 255 for each in parts)
    assert len(parts) == -(-length // 255)


def test_quotes_and_backslashes_are_escaped_in_a_zone_and_other_records_stay_as_they_are() -> None:
    assert DnsRecord("x", "TXT", "h", 'a"b\\c', "").zone_value == r'"a\"b\\c"'
    assert DnsRecord("x", "CNAME", "h", "mailgun.org", "").zone_value == "mailgun.org"


def test_a_domain_that_is_being_deleted_is_waited_for() -> None:
    account = Account()
    account.apply(config())
    account.sandbox.world.settings["mailgun_delete_delay"] = 0.005
    gone = config("us", "mg.example.com: {ensure: absent}")
    assert outcomes(account.apply(gone)) == {"m/domains/mg.example.com": "applied"}


def test_both_clients_of_a_writing_session_read_the_other_region_only() -> None:
    account = Account()
    with account.sessions(config(), Writer) as sessions:
        reader = sessions["m"].elsewhere._reader  # noqa: SLF001
        assert type(reader) is Reader
        assert isinstance(sessions["m"].client, Writer)


def test_a_420_with_a_date_is_waited_for() -> None:
    account = Account()
    text = "Domain x is not allowed to send: recipient limit exceeded, try again after 1 seconds"
    fault = {"path": LIST, "status": 420, "body": {"message": text}}
    account.control("mailgun_us", "POST", "faults", fault)
    account.plan(config())
    assert 1 < account.waited[0] < 2


def test_a_500_of_the_other_region_s_host_passes() -> None:
    account = Account()
    account.apply(config("eu", "mg.example.com: {mailfrom_host: b.mg.example.com}"))
    fault = {"method": "GET", "path": "/v4/domains/*", "status": 500, "body": {"message": "x"}}
    account.control("mailgun_eu", "POST", "faults", fault)
    wanted = config("eu", "mg.example.com: {mailfrom_host: b.mg.example.com}")
    assert account.plan(wanted).changes == ()


def test_an_answer_that_is_not_json_is_no_plan() -> None:
    account = Account()
    plant(account, "mailgun_us", path=LIST, body="<html>")
    assert "not a JSON object" in message(account)
    assert isinstance(account.transport, httpx.BaseTransport)


def test_a_domain_that_two_regions_are_to_have_is_refused_before_it_is_made() -> None:
    account = Account()
    here = "{service: mailgun, token: {env: A}, region: %s, domains: {s.example.org: %s}}"
    both = yaml(f"e: {here % ('eu', '{}')}\nu: {here % ('us', '{}')}")
    refusals = account.plan(both).refusals
    assert [str(each.address) for each in refusals] == [
        "e/domains/s.example.org",
        "u/domains/s.example.org",
    ]
    assert "e/domains/s.example.org declares it in EU as well" in refusals[1].reason
    gone = yaml(f"e: {here % ('eu', '{ensure: absent}')}\nu: {here % ('us', '{}')}")
    plan = account.plan(gone)
    assert (plan.refusals, addresses(plan)) == ((), ["create u/domains/s.example.org"])
    account.apply(config("eu", "mv.example.org: {}"))
    moved = yaml(
        f"e: {here % ('eu', '{ensure: absent}')}\nu: {here % ('us', '{}')}".replace("s.ex", "mv.ex")
    )
    with pytest.raises(ReadFailed):
        account.plan(moved)
    account.apply(moved, account.plan(moved, only=["e/domains/mv.example.org"]))
    assert addresses(account.plan(moved)) == ["create u/domains/mv.example.org"]
    same = yaml(f"e: {here % ('us', '{}')}\nu: {here % ('us', '{}')}")
    assert account.plan(same).refusals == ()


def test_a_region_that_refuses_to_tell_leaves_it_open_whether_a_domain_lives_there() -> None:
    account = Account()
    plant(account, "mailgun_us", path=LIST, status=403, body={"message": "Forbidden"})
    plan = account.plan(config("eu", "zz.example.org: {}"))
    assert "whether it lives already in US could not be asked" in plan_as_text(plan)
