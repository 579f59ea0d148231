"""A selection says what is changed, and not what is known: the rest is declared all the same."""

from pathlib import Path

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.guards import check_refusals
from reconciler.engine.planfile import save_plan
from reconciler.engine.selection import Selection, concerned
from reconciler.engine.survey import survey
from reconciler.errors import ImmutableField
from reconciler.model import Config
from reconciler.providers.api import Reader
from reconciler.reports.text import plan_as_text

URL = "https://hooks.example.com/a"
HERE = f'webhooks: [{{url: "{URL}", triggers: [bounce]}}]'
GONE = f'webhooks: [{{url: "{URL}", ensure: absent}}]'
MOVED = f'webhooks: [{{url: "{URL}", stream: broadcast, triggers: [bounce]}}]'
OLD_PLACE = ["t/webhooks/outbound/*"]
POSTMARK = "{service: postmark, account_token: {env: B}, server: x, %s}"
MAILGUN = "{service: mailgun, token: {env: C}, region: eu, %s}"
NOT_PRUNED = "it is not pruned before"


def two(one: str, other: str, provider: str = POSTMARK) -> Config:
    return yaml(f"t: {provider % one}\nu: {provider % other}")


def account_with_a_webhook(stream: str = "outbound") -> Account:
    account = Account()
    account.tokens_left_out = {"token"}
    account.by_hand("postmark", "POST", "/servers", json={"Name": "x"})
    hook = {"Url": URL, "MessageStream": stream, "Triggers": {"Bounce": {"Enabled": True}}}
    account.by_hand("postmark", "POST", "/webhooks", json=hook, provider="x")
    return account


def make_stream(account: Account) -> None:
    stream = {"ID": "letters", "Name": "Letters", "MessageStreamType": "Broadcasts"}
    account.by_hand("postmark", "POST", "/message-streams", json=stream, provider="x")


def test_what_another_provider_declares_is_no_more_pruned_because_it_is_not_selected() -> None:
    account = account_with_a_webhook()
    make_stream(account)
    letters = "streams: {letters: {type: broadcasts, name: Letters}}"
    for one, other in [("webhooks: []", HERE), ("streams: {}", letters)]:
        plan = account.plan(two(one, other), only=["t/*"], prune=True)
        assert (plan.changes, plan.unmanaged) == ((), ())
        alone = account.plan(two(one, ""), only=["t/*"], prune=True)
        assert [each.action for each in alone.changes] == ["delete"]


def test_a_webhook_of_an_account_that_another_provider_declares_is_not_pruned_either() -> None:
    account = Account()
    hook = {"url": (None, URL), "event_types": (None, "accepted")}
    account.by_hand("mailgun_eu", "POST", "/v1/webhooks", files=hook)
    declared = f'account_webhooks: [{{url: "{URL}", events: [accepted]}}]'
    config = two("account_webhooks: []", declared, MAILGUN)
    plan = account.plan(config, only=["t"], prune=True)
    assert (plan.changes, plan.unmanaged) == ((), ())


def test_a_selected_part_is_not_said_to_have_what_another_provider_declares_unmanaged() -> None:
    account, config = account_with_a_webhook(), two("webhooks: []", HERE)
    with account.sessions(config, Reader) as sessions:
        found = survey(config, sessions, Selection(("t/*",)), pause=account.clock.pause)
    assert found.plan.unmanaged == ()


@pytest.mark.parametrize("config", [two(f"{MOVED}", ""), two("webhooks: []", MOVED)])
def test_what_moves_to_where_nothing_is_selected_is_pruned_once_it_is_there(
    config: Config,
) -> None:
    account = account_with_a_webhook()
    held = account.plan(config, only=OLD_PLACE, prune=True)
    assert held.changes == ()
    assert NOT_PRUNED in plan_as_text(held)
    account.apply(config)
    pruned = account.plan(config, only=OLD_PLACE, prune=True)
    assert addresses(pruned) == [f"delete t/webhooks/outbound/{URL}"]
    assert NOT_PRUNED not in plan_as_text(pruned)


def test_what_is_to_be_gone_elsewhere_and_its_own_twin_hold_nothing_back() -> None:
    account = account_with_a_webhook()
    gone_elsewhere = two(GONE.replace("ensure", "stream: broadcast, ensure"), "")
    plan = account.plan(gone_elsewhere, only=OLD_PLACE, prune=True)
    assert addresses(plan) == [f"delete t/webhooks/outbound/{URL}"]
    hook = {"Url": URL, "Triggers": {"Bounce": {"Enabled": True}}}
    made = account.by_hand("postmark", "POST", "/webhooks", json=hook, provider="x")["ID"]
    twin = f"t/webhooks/outbound/{URL} (ID {made})"
    assert addresses(account.plan(two(HERE, ""), only=[twin], prune=True)) == [f"delete {twin}"]


CONTRADICTIONS = {
    "to be there and not": ("domains: {a.example.org: %s}", "{ensure: absent}", "{}", "ensure"),
    "two values": (
        "domains: {a.example.org: {return_path: %s}}",
        "pm.a.example.org",
        "rp.a.example.org",
        "return_path",
    ),
}


@pytest.mark.parametrize(
    ("declared", "mine", "theirs", "field"), CONTRADICTIONS.values(), ids=CONTRADICTIONS
)
@pytest.mark.parametrize(("chosen", "is_first"), [("t", True), ("u", False)])
def test_what_an_unselected_provider_declares_otherwise_refuses_the_selected_one(
    declared: str, mine: str, theirs: str, field: str, chosen: str, *, is_first: bool
) -> None:
    account = Account()
    account.by_hand("postmark", "POST", "/domains", json={"Name": "a.example.org"})
    values = (mine, theirs) if is_first else (theirs, mine)
    config = two(declared % values[0], declared % values[1], POSTMARK.replace(" server: x,", ""))
    plan = account.plan(config, only=[f"{chosen}/*"])
    assert [(str(each.address), each.name) for each in plan.refusals] == [
        (f"{chosen}/domains/a.example.org", field)
    ]
    with pytest.raises(ImmutableField):
        check_refusals(plan)
    agreeing = two(declared % mine, declared % mine, POSTMARK.replace(" server: x,", ""))
    assert set(concerned(agreeing, Selection((f"{chosen}/*",))).providers) == {chosen}


@pytest.mark.parametrize("state", ["new", "archived"])
def test_a_selected_webhook_takes_its_stream_along_and_no_other(state: str, tmp_path: Path) -> None:
    account = account_with_a_webhook()
    if state == "archived":
        make_stream(account)
        path = "/message-streams/letters/archive"
        account.by_hand("postmark", "POST", path, provider="x")
    streams = "letters: {type: broadcasts, name: Letters}, other: {type: broadcasts, name: Other}"
    hook = HERE.replace("triggers", "stream: letters, triggers")
    config = two(f"streams: {{{streams}}}, {hook}", "")
    plan = account.plan(config, only=["t/webhooks/letters/*"])
    assert [str(each.subject.address) for each in plan.changes] == [
        "t/streams/letters",
        f"t/webhooks/letters/{URL}",
    ]
    save_plan(plan, tmp_path / "plan.json")
    assert set(outcomes(account.apply(config, plan)).values()) == {"applied"}
    assert account.plan(config, only=["t/webhooks/letters/*"]).changes == ()
