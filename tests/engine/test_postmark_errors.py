"""Every error code that Postmark's kinds can meet, from the service to what a user reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.attempt import Outcome
from reconciler.errors import ReadFailed
from reconciler.model import Config
from reconciler.providers.postmark.advice import ADVICE

TOKENS = "t: {service: postmark, token: {env: A}, account_token: {env: B}, %s}"
DOMAIN, SENDER, STREAM = "mail.example.org", "ops@mail.example.org", "letters"
HOOK = "https://hooks.example.com/a"
DOMAINS = f"domains: {{{DOMAIN}: {{return_path: pm.{DOMAIN}}}}}"
SENDERS = f"senders: {{{SENDER}: {{name: Ops}}}}"
STREAMS = f"streams: {{{STREAM}: {{type: broadcasts, name: Letters}}}}"
WEBHOOKS = f"webhooks: [{{url: '{HOOK}', triggers: [bounce]}}]"
SETTINGS = "settings: {name: Mail}, tracking: {opens: true}"
ALL = f"{SETTINGS}, {DOMAINS}, {SENDERS}, {STREAMS}, {WEBHOOKS}"
GONE = "ensure: absent"
NO_RETRIES = "advanced: {retry_attempts: 0}"
SWAPPED = "easily swapped"


def config(settings: str, *more: str) -> Config:
    return yaml(TOKENS % ", ".join([settings, *more]))


def plant(account: Account, method: str, path: str, status: int, **fault: Any) -> None:
    """Answer so from now on; a lone number is a code with a text."""
    fault = {"method": method, "path": path, "status": status, "times": 999, **fault}
    account.control("postmark", "POST", "faults", fault)


def refusal(code: int, text: str = "") -> dict[str, Any]:
    return {"ErrorCode": code, "Message": text or f"what {code} says"}


@dataclass(frozen=True)
class Case:
    """A call that the service refuses with a code, and how the user hears of it."""

    code: int
    settings: str
    method: str
    path: str
    status: int = 422
    way_out: str = ""
    before: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.code} {self.method} {self.path}"


WRITES = [
    Case(10, DOMAINS, "POST", "/domains", 401, SWAPPED),
    Case(10, SETTINGS, "PUT", "/server", 422, "Postmark → Servers → your server → API Tokens"),
    Case(11, DOMAINS, "POST", "/domains"),
    Case(402, SETTINGS, "PUT", "/server"),
    Case(403, SENDERS, "POST", "/senders"),
    Case(422, STREAMS, "POST", "/message-streams"),
    Case(501, f"senders: {{{SENDER}: {{name: New}}}}", "PUT", "/senders/*", before=SENDERS),
    Case(502, f"domains: {{{DOMAIN}: {{return_path: ''}}}}", "PUT", "/domains/*", before=DOMAINS),
    Case(503, DOMAINS, "POST", "/domains", way_out="Use a domain of your own."),
    Case(503, SENDERS, "POST", "/senders", way_out="Use a domain of your own."),
    Case(504, SENDERS, "POST", "/senders"),
    Case(507, SENDERS, "POST", "/senders"),
    Case(510, f"domains: {{{DOMAIN}: {{return_path: ''}}}}", "PUT", "/domains/*", before=DOMAINS),
    Case(511, SENDERS, "POST", "/senders"),
    Case(512, DOMAINS, "POST", "/domains"),
    Case(513, DOMAINS, "POST", "/domains", way_out="Ask its owner, or Postmark's support"),
    Case(514, DOMAINS, "POST", "/domains"),
    Case(515, DOMAINS, "POST", "/domains"),
    Case(516, DOMAINS, "POST", "/domains"),
    Case(520, SENDERS, "POST", "/senders"),
    Case(521, SENDERS, "POST", "/senders"),
    Case(522, DOMAINS, "POST", "/domains"),
    Case(523, f"domains: {{{DOMAIN}: {{return_path: ''}}}}", "PUT", "/domains/*", before=DOMAINS),
    Case(602, SETTINGS, "PUT", "/server"),
    Case(603, SETTINGS, "PUT", "/server"),
    Case(606, SETTINGS, "PUT", "/server"),
    Case(607, SETTINGS, "PUT", "/server"),
    Case(608, SETTINGS, "PUT", "/server"),
    Case(609, SETTINGS, "PUT", "/server"),
    Case(610, SETTINGS, "PUT", "/server"),
    Case(611, SETTINGS, "PUT", "/server"),
    Case(612, SETTINGS, "PUT", "/server"),
    Case(613, SETTINGS, "PUT", "/server"),
    Case(614, DOMAINS, "POST", "/domains", way_out="The account's plan allows no more of these."),
    Case(615, SETTINGS, "PUT", "/server"),
    Case(1220, STREAMS, "POST", "/message-streams"),
    Case(1221, STREAMS, "POST", "/message-streams"),
    Case(1222, STREAMS, "POST", "/message-streams"),
    Case(1223, STREAMS, "POST", "/message-streams"),
    Case(1224, STREAMS, "POST", "/message-streams"),
    Case(1225, STREAMS, "POST", "/message-streams", way_out="Archive a stream"),
    Case(
        1226,
        f"streams: {{{STREAM}: {{name: New}}}}",
        "PATCH",
        f"/message-streams/{STREAM}",
        before=STREAMS,
    ),
    Case(1227, STREAMS, "POST", "/message-streams"),
    Case(1228, STREAMS, "POST", "/message-streams"),
    Case(
        1229,
        f"streams: {{broadcast: {{{GONE}}}}}",
        "POST",
        "/message-streams/broadcast/archive",
        way_out="Take `ensure: absent` off this default stream.",
    ),
    Case(1230, STREAMS, "POST", "/message-streams"),
    Case(1231, STREAMS, "POST", "/message-streams"),
    Case(
        1232,
        STREAMS,
        "POST",
        f"/message-streams/{STREAM}/unarchive",
        before=f"streams: {{{STREAM}: {{{GONE}}}}}",
    ),
    Case(1233, STREAMS, "POST", "/message-streams", way_out="does not begin with pm-"),
    Case(1234, STREAMS, "POST", "/message-streams"),
    Case(1237, STREAMS, "POST", "/message-streams"),
    Case(1238, STREAMS, "POST", "/message-streams", way_out="Ask Postmark's support to approve"),
    Case(1239, STREAMS, "POST", "/message-streams"),
    Case(1240, STREAMS, "POST", "/message-streams"),
    Case(
        1241,
        f"streams: {{broadcast: {{{GONE}}}}}",
        "POST",
        "/message-streams/broadcast/archive",
        way_out="Run again later.",
    ),
    Case(1350, WEBHOOKS, "POST", "/webhooks"),
    Case(1351, WEBHOOKS, "POST", "/webhooks"),
    Case(
        1352,
        f"webhooks: [{{url: '{HOOK}', triggers: [open]}}]",
        "PUT",
        "/webhooks/*",
        before=WEBHOOKS,
    ),
    *(Case(code, WEBHOOKS, "POST", "/webhooks") for code in (1353, 1354, 1355, 1356)),
    Case(
        1357,
        f"webhooks: [{{url: '{HOOK}', triggers: [open]}}]",
        "PUT",
        "/webhooks/*",
        before=WEBHOOKS,
    ),
    *(Case(code, WEBHOOKS, "POST", "/webhooks") for code in range(1358, 1365)),
    Case(1480, DOMAINS, "POST", "/domains", 403, "IP addresses that the account allows"),
    Case(1480, SETTINGS, "PUT", "/server", 422, "IP addresses that the account allows"),
]


@pytest.mark.parametrize("case", WRITES, ids=lambda case: case.id)
def test_a_refused_write_names_request_status_code_text_and_way_out(case: Case) -> None:
    account = Account()
    if case.before:
        # An archived stream has to have been there.
        if GONE in case.before:
            account.apply(config(case.settings))
        account.apply(config(case.before))
    plant(account, case.method, case.path, case.status, body=refusal(case.code))
    (result,) = account.apply(config(case.settings))
    assert result.outcome is Outcome.FAILED
    request = result.reason.split(": ")[0]
    assert request.split(" ")[0] == case.method
    assert request.split(" ")[1].startswith(case.path.rstrip("*"))
    assert f'HTTP {case.status}, error code {case.code}: "what {case.code} says"' in result.reason
    assert case.way_out in result.reason
    assert "\n" not in result.reason
    # Whatever is refused, a sentence follows that says what to do.
    assert result.reason.partition(f'"what {case.code} says". ')[2]


def test_every_code_that_is_known_has_a_way_out_in_whole_sentences() -> None:
    assert {case.code for case in WRITES} - {10} <= ADVICE.keys()
    for sentence in ADVICE.values():
        assert sentence[0].isupper()
        assert sentence.endswith(".")


def test_a_server_name_that_is_taken_is_asked_for_once() -> None:
    account = Account()
    account.by_hand("postmark", "POST", "/servers", json={"Name": "Mail"})
    account.forget_requests()
    (result,) = account.apply(config("settings: {name: Mail}"))
    assert "Rename the other server first, or choose another `settings.name`." in result.reason
    assert writes(account) == ["PUT /server"]


@pytest.mark.parametrize("body", [None, refusal(429), {"Message": "slower"}])
def test_too_many_requests_without_an_end_are_answered_with_advice(body: Any) -> None:
    account = Account()
    plant(account, "GET", "*", 429, body=body)
    with pytest.raises(ReadFailed) as error:
        account.plan(config(DOMAINS))
    assert "the service has refused every call (HTTP 429) for 120 seconds" in str(error.value)
    assert str(error.value).endswith(ADVICE[429])


@pytest.mark.parametrize(
    ("settings", "method", "path", "code"),
    [
        (f"domains: {{{DOMAIN}: {{{GONE}}}}}", "DELETE", "/domains/*", 510),
        (f"senders: {{{SENDER}: {{{GONE}}}}}", "DELETE", "/senders/*", 501),
        (f"webhooks: [{{url: '{HOOK}', {GONE}}}]", "DELETE", "/webhooks/*", 1352),
    ],
)
def test_what_somebody_else_deleted_meanwhile_is_applied(
    settings: str, method: str, path: str, code: int
) -> None:
    account = Account()
    account.apply(config(f"{DOMAINS}, {SENDERS}, {WEBHOOKS}"))
    before = account.plan(config(settings))
    account.apply(config(settings))
    account.forget_requests()
    # The plan is the one of before: the deletion meets nothing.
    (result,) = account.apply(config(settings), before)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    statuses = [
        entry["status"]
        for entry in account.control("postmark", "GET", "requests")
        if entry["method"] == method and entry["path"].startswith(path.rstrip("*"))
    ]
    assert statuses == [422], code


READS = [
    (10, 401, SWAPPED),
    (10, 422, SWAPPED),
    (10, 500, SWAPPED),
    (100, 503, ""),
    (101, 500, ""),
    (402, 422, ""),
    (500, 422, ""),
    (501, 500, ""),
    (600, 422, ""),
    (709, 500, ""),
    (1220, 422, ""),
    (1480, 403, "IP addresses that the account allows"),
    (1480, 401, "IP addresses that the account allows"),
]


@pytest.mark.parametrize(("code", "status", "way_out"), READS)
@pytest.mark.parametrize(
    ("settings", "path"),
    [
        (SETTINGS, "/server"),
        (DOMAINS, "/domains"),
        (SENDERS, "/senders"),
        (STREAMS, "/message-streams"),
        (WEBHOOKS, "/webhooks"),
    ],
)
def test_a_refused_read_is_no_plan_and_says_why(
    settings: str, path: str, code: int, status: int, way_out: str
) -> None:
    account = Account()
    plant(account, "GET", path, status, body=refusal(code))
    with pytest.raises(ReadFailed) as error:
        account.plan(config(settings, NO_RETRIES))
    said = str(error.value)
    assert said.startswith(f't: GET {path}: HTTP {status}, error code {code}: "what {code} says"')
    assert way_out in said
    assert (SWAPPED in said) is (way_out == SWAPPED)
    assert writes(account) == []


@pytest.mark.parametrize(
    ("settings", "path", "token", "other", "home"),
    [
        (DOMAINS, "/domains", "account token", "server token", "Account → API Tokens"),
        (SENDERS, "/senders", "account token", "server token", "Account → API Tokens"),
        (STREAMS, "/message-streams", "server token", "account token", "Servers → your server"),
        (WEBHOOKS, "/webhooks", "server token", "account token", "Servers → your server"),
    ],
)
@pytest.mark.parametrize("status", [401, 422, 500])
def test_a_refused_token_is_named_with_the_one_that_it_may_be_swapped_with(
    settings: str, path: str, token: str, other: str, home: str, status: int
) -> None:
    account = Account()
    plant(account, "GET", path, status, body=refusal(10))
    with pytest.raises(ReadFailed) as error:
        account.plan(config(settings))
    said = str(error.value)
    assert f"The {token} was sent" in said
    assert f"swapped with the {other}" in said
    assert home in said
    assert account.waited == []


def test_several_errors_in_one_are_all_said() -> None:
    account = Account()
    body = refusal(11, "Several errors") | {"Errors": {"Name": "is taken", "Color": "is no color"}}
    plant(account, "PUT", "/server", 422, body=body)
    (result,) = account.apply(config(SETTINGS))
    assert "error code 11" in result.reason
    assert "Several errors; Name: is taken; Color: is no color" in result.reason


def test_a_failed_probe_is_told_by_trigger() -> None:
    account = Account()
    body = {
        "Id": 0,
        "Success": False,
        "Message": "1/2 triggers verified successfully",
        "Results": [
            {"TriggerType": "Open", "Success": True, "StatusCode": 200, "Message": "OK"},
            {"TriggerType": "Bounce", "Success": False, "StatusCode": 500, "Message": ""},
        ],
    }
    # Here the code is told by the header alone.
    headers = {"X-PM-ApiErrorCode": "1364"}
    plant(account, "POST", "/webhooks", 422, body=body, headers=headers)
    (result,) = account.apply(config(WEBHOOKS))
    assert "error code 1364" in result.reason
    assert "1/2 triggers verified successfully; Bounce: HTTP 500" in result.reason
    assert "Open" not in result.reason


def writes(account: Account) -> list[str]:
    return [each for each in account.requests("postmark") if not each.startswith("GET ")]


REPEATED = [
    (504, SENDERS, "/senders"),
    (512, DOMAINS, "/domains"),
    (1230, STREAMS, "/message-streams"),
]


@pytest.mark.parametrize(("code", "settings", "path"), REPEATED)
@pytest.mark.parametrize("retries", [0, 1])
def test_a_create_that_took_effect_unseen_converges_without_a_duplicate(
    code: int, settings: str, path: str, retries: int
) -> None:
    account = Account()
    fault = {"method": "POST", "path": path, "drop": "after"}
    account.control("postmark", "POST", "faults", fault)
    wanted = config(settings, f"advanced: {{retry_attempts: {retries}}}")
    (result,) = account.apply(wanted)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, ""), code
    assert [each for each in writes(account) if each == f"POST {path}"] == [f"POST {path}"]
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize(("code", "settings", "path"), REPEATED)
def test_a_create_that_finds_its_thing_already_there_converges(
    code: int, settings: str, path: str
) -> None:
    account, wanted = Account(), config(settings)
    plan = account.plan(wanted)
    account.apply(wanted)
    account.forget_requests()
    # The plan of before meets what was made meanwhile: the service refuses with the code.
    (result,) = account.apply(wanted, plan)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    log = account.control("postmark", "GET", "requests")
    posts = [e["status"] for e in log if (e["method"], e["path"]) == ("POST", path)]
    assert posts == [422], code
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize(("code", "settings", "path"), REPEATED[:2])
def test_a_create_that_finds_its_thing_there_and_different_changes_it(
    code: int, settings: str, path: str
) -> None:
    account, wanted = Account(), config(settings)
    plan = account.plan(wanted)
    other = settings.replace("name: Ops", "name: Other").replace("pm.", "bounces.")
    assert other != settings
    account.apply(config(other))
    (result,) = account.apply(wanted, plan)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, ""), (code, path)
    assert addresses(account.plan(wanted)) == []


def test_a_stream_that_is_there_with_another_type_is_a_refusal() -> None:
    account, wanted = Account(), config(STREAMS)
    plan = account.plan(wanted)
    account.apply(config(STREAMS.replace("broadcasts", "transactional")))
    (result,) = account.apply(wanted, plan)
    assert result.outcome is Outcome.FAILED
    assert "`type` cannot be changed" in result.reason
    assert "declare a new stream under another ID" in result.reason


def test_a_stream_that_was_archived_meanwhile_is_unarchived_and_not_made_again() -> None:
    account, wanted = Account(), config(STREAMS)
    plan = account.plan(wanted)
    account.apply(wanted)
    account.by_hand("postmark", "POST", f"/message-streams/{STREAM}/archive")
    (result,) = account.apply(wanted, plan)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize("retries", [0, 2])
def test_a_webhook_whose_creation_timed_out_is_not_made_twice(retries: int) -> None:
    account = Account()
    fault = {"method": "POST", "path": "/webhooks", "drop": "after"}
    account.control("postmark", "POST", "faults", fault)
    wanted = config(WEBHOOKS, f"advanced: {{retry_attempts: {retries}}}")
    (result,) = account.apply(wanted)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    hooks = account.by_hand("postmark", "GET", "/webhooks")["Webhooks"]
    assert [each["Url"] for each in hooks] == [HOOK]


def test_a_server_renamed_by_an_edit_that_timed_out_is_applied() -> None:
    account = Account()
    fault = {"method": "PUT", "path": "/server", "drop": "after"}
    account.control("postmark", "POST", "faults", fault)
    (result,) = account.apply(config(SETTINGS))
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    assert writes(account) == ["PUT /server"]


def test_a_name_that_another_server_has_is_a_failure_that_says_so() -> None:
    account = Account()
    account.by_hand("postmark", "POST", "/servers", json={"Name": "Mail"})
    (result,) = account.apply(config("settings: {name: Mail}", NO_RETRIES))
    assert result.outcome is Outcome.FAILED
    assert 'PUT /server: HTTP 422, error code 603: "A server with the name' in result.reason


Deed = Callable[[Account], None]


def _settings(**values: Any) -> Deed:
    return lambda account: account.sandbox.world.settings.update(values)


def _seven_more_streams(account: Account) -> None:
    for number in range(7):
        body = {"ID": f"s{number}", "Name": "S", "MessageStreamType": "Transactional"}
        account.by_hand("postmark", "POST", "/message-streams", json=body)


PROVOKED: dict[str, tuple[int, str, Deed]] = {
    "plan's limit": (614, DOMAINS, _settings(postmark_max_domains=0)),
    "foreign return path of a sender": (
        522,
        f"senders: {{{SENDER}: {{name: X, return_path: pm.example.com}}}}",
        lambda _: None,
    ),
    "internal hook": (606, "settings: {inbound_hook: 'https://10.0.0.1/'}", lambda _: None),
    "inbound MX": (
        610,
        "settings: {inbound_domain: in.example.com}",
        _settings(postmark_check_inbound_mx=True),
    ),
    "inbound domain of another server": (
        602,
        "settings: {inbound_domain: in.example.com}",
        lambda account: account.by_hand(
            "postmark", "POST", "/servers", json={"Name": "X", "InboundDomain": "in.example.com"}
        ),
    ),
    "custom unsubscribes": (
        1238,
        "streams: {letters: {type: broadcasts, name: X, unsubscribe_handling: custom}}",
        lambda _: None,
    ),
    "too many webhooks": (1359, WEBHOOKS, _settings(postmark_max_webhooks=0)),
    "probe": (1364, WEBHOOKS, _settings(postmark_webhook_probe="fail")),
}


@pytest.mark.parametrize(("code", "settings", "deed"), PROVOKED.values(), ids=PROVOKED)
def test_what_only_the_service_can_know_is_said_by_apply(
    code: int, settings: str, deed: Deed
) -> None:
    account, wanted = Account(), config(settings)
    deed(account)
    (result,) = account.apply(wanted)
    assert result.outcome is Outcome.FAILED
    assert f"HTTP 422, error code {code}: " in result.reason
    assert [str(change.subject.address) for change in account.plan(wanted).changes] == [
        str(result.change.subject.address)
    ]


def refusals(account: Account, wanted: Config) -> list[str]:
    plan = account.plan(wanted)
    assert plan.changes == ()
    return [str(refusal) for refusal in plan.refusals]


def test_an_eleventh_stream_is_refused_by_the_plan() -> None:
    account, wanted = Account(), config(STREAMS)
    _seven_more_streams(account)
    (said,) = refusals(account, wanted)
    assert "t/streams/letters: a server has at most 10 streams, and this one has 10" in said
    account.by_hand("postmark", "POST", "/message-streams/s0/archive")
    assert set(outcomes(account.apply(wanted)).values()) == {"applied"}


def test_room_for_one_stream_is_given_to_the_first_and_made_by_an_archived_one() -> None:
    account = Account()
    for number in range(9 - account.by_hand("postmark", "GET", "/message-streams")["TotalCount"]):
        body = {"ID": f"s{number}", "Name": "S", "MessageStreamType": "Transactional"}
        account.by_hand("postmark", "POST", "/message-streams", json=body)
    one, two = (f"{name}: {{type: broadcasts, name: X}}" for name in ("aa", "bb"))
    plan = account.plan(config(f"streams: {{{one}, {two}}}"))
    assert addresses(plan) == ["create t/streams/aa"]
    assert [str(refusal.address) for refusal in plan.refusals] == ["t/streams/bb"]
    plan = account.plan(config(f"streams: {{{one}, {two}, s0: {{{GONE}}}}}"))
    assert plan.refusals == ()


def test_a_server_that_has_more_than_ten_streams_may_have_one_more() -> None:
    account = Account()
    account.sandbox.world.settings["postmark_max_streams"] = 20
    _seven_more_streams(account)
    body = {"ID": "more", "Name": "S", "MessageStreamType": "Transactional"}
    account.by_hand("postmark", "POST", "/message-streams", json=body)
    assert set(outcomes(account.apply(config(STREAMS))).values()) == {"applied"}


def test_a_broadcast_stream_without_a_way_to_unsubscribe_is_refused_by_the_plan() -> None:
    wanted = config("streams: {broadcast: {unsubscribe_handling: none}}")
    (said,) = refusals(Account(), wanted)
    assert "`unsubscribe_handling`: broadcasts cannot have `none`; use `postmark`" in said


def test_a_new_webhook_on_a_stream_that_stays_archived_is_refused_by_the_plan() -> None:
    account = Account()
    account.by_hand("postmark", "POST", "/message-streams/broadcast/archive")
    webhook = f"webhooks: [{{url: '{HOOK}', stream: broadcast, triggers: [open]}}]"
    (said,) = refusals(account, config("streams: {}", webhook))
    assert "the stream `broadcast` is archived, and takes no webhooks; declare it" in said
    both = config("streams: {broadcast: {name: News}}", webhook)
    assert set(outcomes(account.apply(both)).values()) == {"applied"}


def test_a_webhook_waits_for_a_stream_that_is_archived_by_hand_to_be_brought_back() -> None:
    account = Account()
    wanted = config(STREAMS, f"webhooks: [{{url: '{HOOK}', stream: {STREAM}, triggers: [open]}}]")
    account.apply(config(STREAMS))
    account.by_hand("postmark", "POST", f"/message-streams/{STREAM}/archive")
    assert set(outcomes(account.apply(wanted)).values()) == {"applied"}
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize("settings", [SETTINGS, DOMAINS, SENDERS, STREAMS, WEBHOOKS])
def test_a_firewall_in_front_is_said_to_be_none_of_postmarks_answers(settings: str) -> None:
    account = Account()
    plant(account, "*", "*", 403, body="<html>no</html>", headers={"content-type": "text/html"})
    with pytest.raises(ReadFailed, match=r"HTTP 403, without an error code.*firewall"):
        account.plan(config(settings))
    assert account.waited == []


def test_a_firewall_before_writes_alone_fails_the_changes_and_repeats_none() -> None:
    account = Account()
    for method in ("POST", "PUT", "PATCH"):
        plant(account, method, "*", 403, body="<html>no</html>")
    results = account.apply(config(ALL))
    assert {each.outcome for each in results} == {Outcome.FAILED}
    assert all("firewall" in each.reason for each in results)
    assert len(writes(account)) == len(results)


@pytest.mark.parametrize("settings", [DOMAINS, SENDERS, STREAMS, WEBHOOKS, SETTINGS])
def test_an_empty_404_is_no_empty_list(settings: str) -> None:
    account = Account()
    plant(account, "GET", "*", 404)
    with pytest.raises(ReadFailed, match=r"HTTP 404, without an error code"):
        account.plan(config(settings))


def test_an_empty_404_of_one_thing_means_that_it_is_gone() -> None:
    account, wanted = Account(), config(DOMAINS)
    account.apply(wanted)
    plant(account, "GET", "/domains/*", 404)
    with pytest.raises(ReadFailed, match="it was in the list and then could not be found"):
        account.plan(wanted)


@pytest.mark.parametrize("settings", [SETTINGS, DOMAINS, SENDERS, STREAMS, WEBHOOKS])
def test_a_429_without_retry_after_is_waited_out(settings: str) -> None:
    account, wanted = Account(), config(settings)
    plant(account, "GET", "*", 429, times=3)
    assert addresses(account.plan(wanted))
    assert all(0 < each <= 30 for each in account.waited)
    plant(account, "POST", "*", 429, times=2)
    plant(account, "PUT", "*", 429, times=1)
    assert set(outcomes(account.apply(wanted)).values()) == {"applied"}
    assert addresses(account.plan(wanted)) == []


def test_maintenance_is_waited_out_for_writes_too() -> None:
    account, wanted = Account(), config(ALL)
    for method in ("POST", "PUT", "PATCH"):
        plant(account, method, "*", 503, times=1, body=refusal(100, "Maintenance"))
    assert set(outcomes(account.apply(wanted)).values()) == {"applied"}
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize("code", [101, 501, 709])
def test_a_500_leaves_doubt_about_a_write_which_a_read_resolves(code: int) -> None:
    account, wanted = Account(), config(DOMAINS)
    plant(account, "POST", "/domains", 500, times=1, body=refusal(code))
    (result,) = account.apply(wanted)
    assert (result.outcome, result.reason) == (Outcome.APPLIED, "")
    posts = [each for each in writes(account) if each == "POST /domains"]
    assert len(posts) == 2
    assert addresses(account.plan(wanted)) == []


@pytest.mark.parametrize("code", [101, 501, 709])
def test_a_500_that_does_not_end_says_that_the_outcome_is_not_known(code: int) -> None:
    account = Account()
    plant(account, "POST", "/domains", 500, body=refusal(code))
    (result,) = account.apply(config(DOMAINS))
    assert result.outcome is Outcome.FAILED
    assert result.reason.startswith("POST /domains: HTTP 500")
    assert "whether it took effect is not known" in result.reason


def test_a_verification_that_is_refused_does_not_undo_the_creation() -> None:
    account, wanted = Account(), config(DOMAINS)
    plant(account, "PUT", "/domains/*", 422, body=refusal(523))
    (result,) = account.apply(wanted)
    assert result.outcome is Outcome.APPLIED
    assert "verification could not be asked for" in result.reason
    assert "error code 523" in result.reason
    assert addresses(account.plan(wanted)) == []


def test_an_unknown_code_is_shown_as_it_comes() -> None:
    account = Account()
    plant(account, "POST", "/domains", 422, body=refusal(9999, "line one\nline\x1b[31m two"))
    (result,) = account.apply(config(DOMAINS))
    assert 'HTTP 422, error code 9999: "line one line [31m two"' in result.reason


def test_a_failed_change_leaves_the_others_alone() -> None:
    account = Account()
    plant(account, "POST", "/domains", 422, body=refusal(614))
    found = outcomes(account.apply(config(ALL)))
    assert found.pop(f"t/domains/{DOMAIN}") == "failed"
    assert set(found.values()) == {"applied"}
