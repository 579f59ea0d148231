"""`server: NAME`: which server a provider is about, and what happens when the name is not its."""

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.errors import ReadFailed, WrongServer
from reconciler.model import Config
from reconciler.providers.api import Writer

BOTH = "t: {service: postmark, token: {env: A}, account_token: {env: B}, server: %s, %s}"
LEARNT = "t: {service: postmark, account_token: {env: B}, server: %s, %s}"
EVERYTHING = [
    "tracking: {opens: true}",
    "streams: {}",
    "webhooks: []",
    "domains: {}",
    "senders: {}",
    "advanced: {retry_attempts: 0}",
]


def account_with(*servers: str) -> Account:
    account = Account()
    account.sandbox.token_for("postmark", "token", "t")
    for name in servers:
        account.by_hand("postmark", "POST", "/servers", json={"Name": name})
    account.forget_requests()
    return account


def writes(account: Account) -> list[str]:
    return [each for each in account.requests("postmark") if not each.startswith("GET ")]


@pytest.mark.parametrize("settings", EVERYTHING)
def test_a_name_that_is_not_that_of_the_tokens_server_is_refused(settings: str) -> None:
    account, config = account_with("Other"), yaml(BOTH % ("Other", settings))
    with pytest.raises(WrongServer) as error:
        account.plan(config, prune=True)
    assert error.value.exit_code == 4
    said = str(error.value)
    assert "esp.yaml:3:76: `server` says `Other`, and the server of `token` is called `t`" in said
    with pytest.raises(WrongServer):
        account.apply(config)
    assert writes(account) == []


def test_no_selection_leads_to_the_wrong_server() -> None:
    account = account_with("Other")
    config = yaml(BOTH % ("Other", "streams: {}, webhooks: []"))
    with pytest.raises(WrongServer):
        account.plan(config, only=["t/streams/*"], prune=True)


def test_a_plan_of_before_makes_no_change_at_another_server() -> None:
    account = account_with("Other")
    stream = "streams: {letters: {type: broadcasts, name: News}}"
    plan = account.plan(yaml(BOTH % ("t", stream)))
    wrong = yaml(BOTH % ("Other", stream))
    with account.sessions(wrong, Writer) as sessions, pytest.raises(WrongServer):
        assert sessions["t"].server
    assert addresses(plan) == ["create t/streams/letters"]


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ("tracking: {opens: true}", ["GET /server"]),
        ("streams: {}", ["GET /message-streams", "GET /server"]),
        ("tracking: {opens: true}, streams: {}", ["GET /message-streams", "GET /server"]),
    ],
)
@pytest.mark.parametrize("connections", [1, 8])
def test_the_right_name_is_looked_at_once(
    settings: str, calls: list[str], connections: int
) -> None:
    account = account_with()
    text = BOTH.replace("account_token: {env: B}, ", "") % ("t", settings)
    account.plan(yaml(text), connections=connections)
    assert sorted(account.requests("postmark")) == calls


def test_what_is_read_after_a_change_is_read_anew() -> None:
    account = account_with()
    config = yaml(BOTH % ("t", "tracking: {opens: true}, streams: {}"))
    assert outcomes(account.apply(config)) == {"t/server": "applied"}
    assert addresses(account.plan(config)) == []


@pytest.mark.parametrize("provider", [BOTH, LEARNT])
def test_a_server_keeps_the_name_that_it_is_found_by(provider: str) -> None:
    account = account_with("Mail")
    account.tokens_left_out = {"token"} if provider is LEARNT else set()
    name = "Mail" if provider is LEARNT else "t"
    config = yaml(provider % (name, f"settings: {{name: {name}, color: red}}"))
    assert outcomes(account.apply(config)) == {"t/server": "applied"}
    assert addresses(account.plan(config)) == []


def plan_of_unknown(name: str, *servers: str) -> str:
    account, config = account_with(*servers), yaml(LEARNT % (name, "streams: {}"))
    account.tokens_left_out = {"token"}
    with pytest.raises(ReadFailed) as error:
        account.plan(config)
    return str(error.value)


def test_an_unknown_server_is_told_with_its_place_the_nearest_name_and_all_of_them() -> None:
    said = plan_of_unknown("Marketign", "Marketing", "Alerts")
    assert "esp.yaml:3:59: the account has no server named `Marketign`." in said
    assert said.endswith(
        "Did you mean `Marketing`? It has `Alerts`, `Marketing`, `Transactional`, `t`."
    )


def test_a_name_in_another_letter_case_is_the_nearest() -> None:
    assert "Did you mean `Mail`?" in plan_of_unknown("mail", "Mail")


def test_many_servers_are_listed_in_part() -> None:
    said = plan_of_unknown("zzz", *(f"s{number:02}" for number in range(30)))
    assert "and 20 more" in said
    assert "Did you mean" not in said


def two(settings: str, other: str) -> Config:
    return yaml(
        f"t: {{service: postmark, token: {{env: A}}, {settings}}}\n"
        f"u: {{service: postmark, account_token: {{env: B}}, server: t, {other}}}"
    )


@pytest.mark.parametrize(
    "other",
    [
        "tracking: {opens: true}",
        "streams: {}",
        "webhooks: []",
        "webhooks: [{url: 'https://hooks.example.com/a', triggers: [bounce]}]",
    ],
)
def test_a_server_that_another_provider_finds_by_its_name_is_not_renamed(other: str) -> None:
    account = account_with()
    config = two("settings: {name: New}", other)
    plan = account.plan(config)
    assert [(str(each.address), each.name) for each in plan.refusals] == [
        ("t/server", "settings.name")
    ]
    assert "u finds this server by `server: t`" in str(plan.refusals[0])
