"""A change of several fields: what can be set is set, and the rest is told."""

from typing import Any

import httpx
import pytest
from account import Account, outcomes, yaml

from reconciler.engine.attempt import Outcome, Result
from reconciler.reports.documents import results_as_document
from reconciler.reports.reading import report_of
from reconciler.reports.text import summary_of

DOMAIN = "promo.example.com"
ACCOUNT = "m: {service: mailgun, token: {env: C}, region: eu, domains: {%s}}"
MAILGUN = ACCOUNT % "promo.example.com: {%s}"
POSTMARK = "t: {service: postmark, token: {env: A}, account_token: {env: B}, %s}"
ALL_DOMAINS = "/domains?count=500&offset=0"
BROKEN: list[dict[str, Any]] = [
    {"status": 503, "body": {"message": "Maintenance"}},
    {"status": 500, "body": {"message": "oops"}},
    {"status": 404, "body": {"message": "not found"}},
    {"status": 400, "body": {"message": "no"}},
    {"drop": "before"},
]


def disturbed(account: Account, site: str, method: str, path: str, fault: dict[str, Any]) -> None:
    account.control(site, "POST", "faults", {"method": method, "path": path, "times": 99, **fault})


def of(account: Account, text: str) -> Result:
    (result,) = account.apply(yaml(text))
    return result


def told(result: Result) -> str:
    return summary_of(report_of(results_as_document([result])))


@pytest.mark.parametrize("fault", BROKEN, ids=str)
def test_a_section_of_tracking_that_fails_keeps_no_other_from_being_set(fault: Any) -> None:
    account = Account()
    disturbed(account, "mailgun_eu", "PUT", f"/v3/domains/{DOMAIN}/tracking/click", fault)
    result = of(account, MAILGUN % "tracking: {opens: true, clicks: true, unsubscribe: true}")
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason.startswith("`clicks`: ")
    assert result.reason.endswith("; applied: `opens`, `unsubscribe`")
    assert told(result) == "Apply: 0 applied, 1 failed (1 in part), 0 skipped."
    live = account.by_hand("mailgun_eu", "GET", f"/v3/domains/{DOMAIN}/tracking")["tracking"]
    assert [live[each]["active"] for each in ("open", "unsubscribe", "click")] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize("fault", BROKEN, ids=str)
def test_an_event_that_fails_keeps_no_other_from_being_set(fault: Any) -> None:
    account, events = Account(), ("accepted", "delivered", "opened")
    # Each is a POST to one path: the first of them fails for good.
    one = "https://hooks.example.com/{}"
    for event in events[1:]:
        body = {"id": event, "url": [one.format("old")]}
        account.by_hand("mailgun_eu", "POST", f"/v3/domains/{DOMAIN}/webhooks", data=body)
    disturbed(account, "mailgun_eu", "PUT", f"/v3/domains/{DOMAIN}/webhooks/delivered", fault)
    urls = ", ".join(f'{event}: ["{one.format(event)}"]' for event in events)
    result = of(account, MAILGUN % f"webhooks: {{{urls}}}")
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert "`delivered`: " in result.reason
    assert result.reason.endswith("; applied: `accepted`, `opened`")
    live = account.by_hand("mailgun_eu", "GET", f"/v3/domains/{DOMAIN}/webhooks")["webhooks"]
    assert live["opened"]["urls"] == [one.format("opened")]
    assert live["delivered"]["urls"] == [one.format("old")]


def test_what_took_effect_after_all_is_not_told_as_failed() -> None:
    account = Account()
    fault = {"drop": "after", "times": 1}
    disturbed(account, "mailgun_eu", "PUT", f"/v3/domains/{DOMAIN}/tracking/click", fault)
    result = of(account, MAILGUN % "tracking: {opens: true, clicks: true, unsubscribe: true}")
    assert result.outcome is Outcome.APPLIED


class Refuser(httpx.BaseTransport):
    """Refuses each change whose body holds all these pieces."""

    def __init__(self, inner: httpx.BaseTransport, *pieces: str) -> None:
        self.inner = inner
        self.pieces = [each.encode() for each in pieces]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        body = request.read()
        if request.method in {"PUT", "PATCH"} and all(each in body for each in self.pieces):
            return httpx.Response(422, json={"ErrorCode": 1, "Message": "no"})
        return self.inner.handle_request(request)


def refusing(key: str) -> Account:
    return Account(lambda inner: Refuser(inner, f'"{key}"'))


def test_a_setting_of_a_server_that_is_refused_keeps_no_other_from_being_set() -> None:
    account = refusing("InboundDomain")
    settings = "settings: {inbound_domain: in.example.com, color: red}"
    result = of(account, POSTMARK % f"tracking: {{opens: true}}, {settings}")
    assert result.is_made
    assert result.reason.startswith("`settings.inbound_domain`: ")
    assert result.reason.endswith("; applied: `settings.color`, `tracking.opens`")
    assert account.by_hand("postmark", "GET", "/server")["Color"].lower() == "red"


def sender_after(account: Account, fields: str) -> tuple[str, dict[str, Any]]:
    """Change a sender that is called Old; return what is told of it, and what it is then."""
    sender = {"FromEmail": "ops@example.org", "Name": "Old"}
    made = account.by_hand("postmark", "POST", "/senders", json=sender)["ID"]
    result = of(account, POSTMARK % f"senders: {{ops@example.org: {{{fields}}}}}")
    return result.reason, account.by_hand("postmark", "GET", f"/senders/{made}")


def test_a_setting_of_a_sender_that_is_refused_keeps_no_other_from_being_set() -> None:
    account = refusing("ReturnPathDomain")
    reason, live = sender_after(account, "name: New, return_path: pm.example.org")
    assert reason.startswith("`return_path`: ")
    assert reason.endswith("; applied: `name`")
    assert live["Name"] == "New"


def test_a_name_of_a_sender_that_is_refused_keeps_no_other_field_from_being_set() -> None:
    account = Account(lambda inner: Refuser(inner, '"Name"', '"New"'))
    reason, live = sender_after(account, "name: New, reply_to: b@example.org")
    assert reason.startswith("`name`: ")
    assert reason.endswith("; applied: `reply_to`")
    assert (live["Name"], live["ReplyToEmailAddress"]) == ("Old", "b@example.org")


def test_what_is_set_of_a_sender_is_not_set_back_by_what_is_sent_after_it() -> None:
    account = refusing("ReturnPathDomain")
    fields = "name: New, reply_to: b@example.org, return_path: pm.example.org"
    reason, live = sender_after(account, fields)
    assert reason.endswith("; applied: `name`, `reply_to`")
    assert (live["Name"], live["ReplyToEmailAddress"]) == ("New", "b@example.org")


HOOK = "https://hooks.example.com/new"


def test_a_part_of_a_webhook_that_is_refused_keeps_no_other_from_being_set() -> None:
    account = refusing("HttpAuth")
    hook = {"Url": HOOK, "Triggers": {"Open": {"Enabled": True}}}
    made = account.by_hand("postmark", "POST", "/webhooks", json=hook)["ID"]
    fields = "triggers: [bounce], auth: {username: u, password: {env: ESP_P}}, headers: {X-Tag: a}"
    result = of(account, POSTMARK % f'webhooks: [{{url: "{HOOK}", {fields}}}]')
    live = account.by_hand("postmark", "GET", f"/webhooks/{made}")
    assert result.is_made
    assert result.reason.startswith("`auth.password`, `auth.username`: ")
    assert result.reason.endswith("; applied: `headers`, `triggers.bounce`, `triggers.open`")
    assert not live["Triggers"]["Open"]["Enabled"]
    assert live["Triggers"]["Bounce"]["Enabled"]
    assert live["HttpHeaders"] == [{"Name": "X-Tag", "Value": "a"}]


def test_an_option_of_an_event_that_is_refused_leaves_the_event_itself_set() -> None:
    account = Account(lambda inner: Refuser(inner, '"IncludeContent":true'))
    hook = {"Url": HOOK, "Triggers": {"Open": {"Enabled": True}}}
    made = account.by_hand("postmark", "POST", "/webhooks", json=hook)["ID"]
    triggers = "triggers: {bounce: {include_content: true}, click: true}"
    result = of(account, POSTMARK % f'webhooks: [{{url: "{HOOK}", {triggers}}}]')
    live = account.by_hand("postmark", "GET", f"/webhooks/{made}")["Triggers"]
    assert result.reason.startswith("`triggers.bounce.include_content`: ")
    assert (live["Bounce"]["Enabled"], live["Bounce"]["IncludeContent"]) == (True, False)
    assert live["Click"]["Enabled"]


@pytest.mark.parametrize(
    ("refused", "after"),
    [
        (("description", "New"), (["opened"], "Old")),
        (("event_types", "opened"), (["accepted"], "New")),
    ],
)
def test_a_part_of_a_webhook_of_an_account_that_is_refused_keeps_the_other_from_being_set(
    refused: tuple[str, str], after: tuple[list[str], str]
) -> None:
    account = Account(lambda inner: Refuser(inner, *refused))
    hook = {"url": (None, HOOK), "event_types": (None, "accepted"), "description": (None, "Old")}
    made = account.by_hand("mailgun_eu", "POST", "/v1/webhooks", files=hook)["webhook_id"]
    wanted = f'account_webhooks: [{{url: "{HOOK}", events: [opened], description: New}}]'
    result = of(account, f"m: {{service: mailgun, token: {{env: C}}, region: eu, {wanted}}}")
    live = account.by_hand("mailgun_eu", "GET", f"/v1/webhooks/{made}")
    assert result.is_made
    assert (live["event_types"], live["description"]) == after


def test_a_stream_that_cannot_have_its_name_is_unarchived_and_described_all_the_same() -> None:
    account = refusing("Name")
    stream = {"ID": "letters", "Name": "Old", "MessageStreamType": "Broadcasts"}
    account.by_hand("postmark", "POST", "/message-streams", json=stream)
    account.by_hand("postmark", "POST", "/message-streams/letters/archive")
    wanted = "streams: {letters: {type: broadcasts, name: New, description: Words}}"
    result = of(account, POSTMARK % wanted)
    assert result.is_made
    assert result.reason.startswith("`name`: ")
    assert result.reason.endswith("; applied: `archived`, `description`")


def test_a_domain_that_was_made_and_refuses_the_rest_is_told_as_made_in_part() -> None:
    account = refusing("CustomTrackingDomain")
    domain = "{custom_tracking_domain: click.new.example.org}"
    result = of(
        account,
        POSTMARK % f"advanced: {{undocumented: true}}, domains: {{new.example.org: {domain}}}",
    )
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason.startswith("`custom_tracking_domain`: ")
    names = [each["Name"] for each in account.by_hand("postmark", "GET", ALL_DOMAINS)["Domains"]]
    assert "new.example.org" in names


@pytest.mark.parametrize(
    ("more", "applied"), [("spam_action: tag, ", "; applied: `spam_action`"), ("", "")]
)
def test_a_domain_whose_creation_was_not_answered_is_made_though_the_rest_is_refused(
    more: str, applied: str
) -> None:
    account, name = Account(), "new.example.org"
    unanswered = {"drop": "after", "times": 1}
    disturbed(account, "mailgun_eu", "POST", "/v4/domains", unanswered)
    disturbed(account, "mailgun_eu", "PUT", f"/v4/domains/{name}", BROKEN[3])
    domain = f"{name}: {{{more}mailfrom_host: mail.example.org}}"
    result = of(account, MAILGUN.replace("promo.example.com: {%s}", domain))
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert result.reason.startswith("`mailfrom_host`: ")
    assert result.reason.endswith(applied)
    assert ("applied: " in result.reason) == bool(applied)
    assert told(result) == "Apply: 0 applied, 1 failed (1 in part), 0 skipped."


class Blind(httpx.BaseTransport):
    """Answers no look at anything once something was written."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.is_blind = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET" and self.is_blind:
            return httpx.Response(500, json={"message": "oops"})
        self.is_blind |= request.method != "GET"
        return self.inner.handle_request(request)


@pytest.mark.parametrize(
    ("site", "text"),
    [
        ("mailgun_eu", MAILGUN % "tracking: {opens: true}"),
        ("mailgun_eu", MAILGUN % "ensure: absent"),
        ("postmark", POSTMARK % "tracking: {opens: true}"),
    ],
)
def test_what_was_written_and_cannot_be_read_again_counts_as_written(site: str, text: str) -> None:
    account = Account(Blind)
    result = of(account, text)
    assert (result.outcome, result.is_made) == (Outcome.FAILED, True)
    assert "it was written, and could not be read again: GET " in result.reason
    assert told(result) == "Apply: 0 applied, 1 failed (1 in part), 0 skipped."
    assert len([each for each in account.requests(site) if not each.startswith("GET ")]) == 1


class Lost(Blind):
    """Makes what is asked for, says 503, and answers no look at anything after that."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        return answer if request.method == "GET" else httpx.Response(503, json={"message": "busy"})


def test_an_answer_that_was_lost_is_told_as_such_though_nothing_can_be_read_after_it() -> None:
    result = of(Account(Lost), MAILGUN % "tracking: {opens: true}")
    assert (result.outcome, result.is_made) == (Outcome.FAILED, False)
    assert "whether it took effect is not known" in result.reason


ONE_MADE = {"method": "POST", "path": "/v4/domains"}


def test_a_domain_that_cannot_be_made_keeps_none_below_it_from_being_made() -> None:
    account = Account()
    refusal = {"status": 400, "body": {"message": "no"}, "times": 1}
    account.control("mailgun_eu", "POST", "faults", ONE_MADE | refusal)
    below = "mail.example.net: {tracking: {opens: true}}"
    config = ACCOUNT % f"example.net: {{}}, {below}"
    assert outcomes(account.apply(yaml(config))) == {
        "m/domains/example.net": "failed",
        "m/domains/mail.example.net": "applied",
        "m/domains/mail.example.net/tracking": "applied",
    }
    assert set(outcomes(account.apply(yaml(config))).values()) == {"applied"}


def test_a_domain_below_that_could_not_be_deleted_keeps_the_one_above_it() -> None:
    account = Account()
    account.apply(yaml(ACCOUNT % "example.net: {}, mail.example.net: {}"))
    disturbed(account, "mailgun_eu", "DELETE", "/v3/domains/mail.example.net", BROKEN[-2])
    gone = "example.net: {ensure: absent}, mail.example.net: {ensure: absent}"
    assert outcomes(account.apply(yaml(ACCOUNT % gone))) == {
        "m/domains/mail.example.net": "failed",
        "m/domains/example.net": "skipped",
    }
