"""What moves between streams is never lost, nor when one provider has the old and one the new."""

import json
from pathlib import Path
from typing import Any

import pytest
from account import Account, outcomes, yaml

from reconciler.engine.authority import Authority
from reconciler.engine.plan import Plan
from reconciler.engine.plandocument import digest_of
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.engine.selection import EVERYTHING, Selection, concerned
from reconciler.errors import InvalidPlanFile
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config, Secret
from reconciler.providers.api import Connector, Writer
from reconciler.reports.text import plan_as_text

URL = "https://hooks.example.com/moved"
PROVIDER = "{{service: postmark, account_token: {{env: B}}, server: x, webhooks: [{}]}}\n"
NEW = f'{{url: "{URL}", stream: broadcast, triggers: [bounce]}}'
GONE = f'{{url: "{URL}", ensure: absent}}'
STAYS = "nothing declares it, and stays there"


def declared(t: str, u: str = "") -> Config:
    return yaml(f"t: {PROVIDER.format(t)}u: {PROVIDER.format(u)}")


def account_with_the_old_one() -> Account:
    account = Account()
    account.tokens_left_out = {"token"}
    account.by_hand("postmark", "POST", "/servers", json={"Name": "x"})
    body = {"Url": URL, "Triggers": {"Click": {"Enabled": True}}}
    account.by_hand("postmark", "POST", "/webhooks", json=body, provider="x")
    return account


def refuse_new_ones(account: Account) -> None:
    fault = {"method": "POST", "path": "/webhooks", "status": 422, "times": 99}
    account.control("postmark", "POST", "faults", fault | {"body": {"ErrorCode": 1364}})


def streams(account: Account) -> list[str]:
    listed = account.by_hand("postmark", "GET", "/webhooks", provider="x")["Webhooks"]
    return [each["MessageStream"] for each in listed if each["Url"] == URL]


@pytest.mark.parametrize("old", [GONE, ""], ids=["absent", "pruned"])
def test_a_webhook_stays_where_another_provider_drops_it_unless_the_new_one_is_there(
    old: str,
) -> None:
    account, config, prune = account_with_the_old_one(), declared(NEW, old), not old
    refuse_new_ones(account)
    results = account.apply(config, account.plan(config, prune=prune))
    assert set(outcomes(results).values()) == {"failed", "skipped"}
    assert streams(account) == ["outbound"]
    account.control("postmark", "DELETE", "faults")
    account.apply(config, account.plan(config, prune=prune))
    assert streams(account) == ["broadcast"]
    assert account.plan(config, prune=prune).changes == ()


def test_what_goes_or_is_declared_by_another_provider_is_not_said_to_stay() -> None:
    account = account_with_the_old_one()
    assert STAYS in plan_as_text(account.plan(declared(NEW)))
    assert STAYS not in plan_as_text(account.plan(declared(NEW), prune=True))
    assert STAYS not in plan_as_text(account.plan(declared(NEW, GONE)))
    kept = f'{{url: "{URL}", triggers: [click]}}'
    assert STAYS not in plan_as_text(account.plan(declared(NEW, kept)))


def test_what_stays_is_said_once_and_only_of_what_is_wanted_elsewhere() -> None:
    account = account_with_the_old_one()
    twin = {"Url": URL, "Triggers": {"Open": {"Enabled": True}}}
    account.by_hand("postmark", "POST", "/webhooks", json=twin, provider="x")
    assert sum(STAYS in each.text for each in account.plan(declared(NEW)).notes) == 1
    gone_elsewhere = f'{{url: "{URL}", stream: broadcast, ensure: absent}}'
    assert STAYS not in plan_as_text(account.plan(declared(gone_elsewhere)))


def test_what_another_provider_of_another_account_has_is_no_matter_of_a_move() -> None:
    account = account_with_the_old_one()
    other = PROVIDER.replace("server: x", "server: other")
    config = yaml(f"t: {other.format(NEW)}u: {PROVIDER.format(GONE)}")
    account.by_hand("postmark", "POST", "/servers", json={"Name": "other"})
    refuse_new_ones(account)
    found = {address[0]: each for address, each in outcomes(account.apply(config)).items()}
    assert found == {"t": "failed", "u": "applied"}


def sessions_with(tokens: dict[str, Secret], config: Config, connector: Connector[Any]) -> Any:
    return {
        name: each.service.connect(each, {"token": tokens[name]}, connector)
        for name, each in config.providers.items()
    }


@pytest.mark.parametrize("old", [GONE, ""], ids=["absent", "pruned"])
@pytest.mark.parametrize("tokens", [("one", "two"), ("one", "one")])
def test_a_move_between_two_providers_waits_in_a_plan_file_too(
    old: str, tokens: tuple[str, str], tmp_path: Path
) -> None:
    account, config, prune = account_with_the_old_one(), declared(NEW, old), not old
    (server,) = (
        each for each in account.sandbox.world.postmark["servers"].values() if each["Name"] == "x"
    )
    server["ApiTokens"] = ["one", "two"]
    secrets = {name: Secret(token) for name, token in zip("tu", tokens, strict=True)}
    refuse_new_ones(account)
    path, pause = tmp_path / "plan.json", account.clock.pause
    with Connector(Writer, transport=account.transport, pause=pause) as connector:
        sessions = sessions_with(secrets, config, connector)
        save_plan(account.plan_with(sessions, config, prune=prune), path)
        authority = Authority(load_plan(path), config, prune=prune)
        sessions = sessions_with(secrets, authority.config, connector)
        reconciler = Reconciler(authority.config, EVERYTHING, sessions, Options(pause=pause))
        results = reconciler.apply(reconciler.confirm(authority))
    assert set(outcomes(results).values()) == {"failed", "skipped"}
    assert streams(account) == ["outbound"]


BOTH = f"{NEW}, {GONE}"
OLD = f"t/webhooks/outbound/{URL}"


def test_who_selects_only_what_moves_gets_the_new_one_with_it() -> None:
    account, config = account_with_the_old_one(), declared(BOTH)
    selection = Selection((OLD,))
    plan = account.plan(config, only=selection.only)
    assert [each.action for each in plan.changes] == ["create", "delete"]
    refuse_new_ones(account)
    results = account.apply(concerned(config, selection), plan)
    assert set(outcomes(results).values()) == {"failed", "skipped"}
    assert streams(account) == ["outbound"]
    account.control("postmark", "DELETE", "faults")
    account.apply(concerned(config, selection), plan)
    assert streams(account) == ["broadcast"]


def confirmed(account: Account, config: Config, path: Path, *, prune: bool = False) -> Plan:
    return account.confirm(Authority(load_plan(path), config, prune=prune))


def without_creations(path: Path) -> None:
    document = json.loads(path.read_text())
    left = (each for each in document["changes"] if each["action"] != "create")
    document["changes"] = [each | {"waits_for": []} for each in left]
    content = {key: value for key, value in document.items() if key != "digest"}
    document["digest"] = digest_of(content)
    path.write_text(json.dumps(document, indent=2) + "\n")


@pytest.mark.parametrize(
    ("old", "only"), [(GONE, ()), (GONE, (OLD,)), ("", ())], ids=["absent", "selected", "pruned"]
)
def test_a_file_cannot_have_the_old_one_deleted_without_the_new_one(
    old: str, only: tuple[str, ...], tmp_path: Path
) -> None:
    account, config, path = account_with_the_old_one(), declared(f"{NEW}, {old}"), tmp_path / "p"
    prune = not old
    plan = account.plan(config, only=only, prune=prune)
    save_plan(plan, path)
    assert confirmed(account, config, path, prune=prune).changes == plan.changes
    without_creations(path)
    with pytest.raises(InvalidPlanFile, match="does not follow from what is there"):
        confirmed(account, config, path, prune=prune)
    account.apply(declared(NEW))
    changes = confirmed(account, config, path, prune=prune).changes
    assert {each.action for each in changes} == {"delete"}


def test_what_is_selected_does_not_go_while_the_plan_refuses_the_new_one() -> None:
    account = account_with_the_old_one()
    twin = {"Url": URL, "MessageStream": "broadcast", "Triggers": {}}
    for _ in range(2):
        account.by_hand("postmark", "POST", "/webhooks", json=twin, provider="x")
    (refusal,) = account.plan(declared(BOTH), only=[OLD]).refusals
    assert refusal.address.parts[2] == "broadcast"


def test_what_moves_to_another_provider_is_selected_and_looked_at_with_the_old_one(
    tmp_path: Path,
) -> None:
    account, config, path = account_with_the_old_one(), declared(GONE, NEW), tmp_path / "p"
    assert set(concerned(config, Selection((OLD,))).providers) == {"t", "u"}
    plan = account.plan(config, only=[OLD])
    assert [each.action for each in plan.changes] == ["create", "delete"]
    save_plan(plan, path)
    assert confirmed(account, config, path).changes == plan.changes
    without_creations(path)
    with pytest.raises(InvalidPlanFile, match="does not follow from what is there"):
        confirmed(account, config, path)


def test_what_is_pruned_alone_stays_where_something_unselected_is_declared_for_the_same() -> None:
    account = account_with_the_old_one()
    plan = account.plan(declared(NEW), only=["t/webhooks/outbound/*"], prune=True)
    assert URL in {each.address.name for each in plan.unmanaged}
    assert URL not in {each.subject.address.name for each in plan.changes}
    told = (
        f"t/webhooks/broadcast/{URL} is there, which is declared for the same job and not selected"
    )
    assert f"it is not pruned before {told}" in plan_as_text(plan)
    pruned = account.plan(declared(NEW), only=["t/webhooks/*"], prune=True)
    assert {each.action for each in pruned.changes if each.subject.address.name == URL} == {
        "create",
        "delete",
    }
    assert "it is not pruned" not in plan_as_text(pruned)
    unnamed = account.plan(declared(""), only=["t/webhooks/outbound/*"], prune=True)
    assert URL in {each.subject.address.name for each in unnamed.changes}


def test_who_cannot_share_an_account_is_not_concerned() -> None:
    provider = "{}: {{service: postmark, token: {{env: {}}}, webhooks: [{}]}}\n"
    config = yaml(provider.format("t", "A", GONE) + provider.format("u", "B", NEW))
    assert set(concerned(config, Selection((OLD,))).providers) == {"t"}


def test_a_twin_of_what_is_declared_is_not_said_to_stay_elsewhere() -> None:
    account = account_with_the_old_one()
    twin = {"Url": URL, "Triggers": {"Open": {"Enabled": True}}}
    account.by_hand("postmark", "POST", "/webhooks", json=twin, provider="x")
    kept = f'{{url: "{URL}", triggers: [click]}}'
    assert STAYS not in plan_as_text(account.plan(declared(kept)))


def test_only_what_moves_from_a_selected_place_is_selected_besides() -> None:
    other = NEW.replace("moved", "other")
    config = declared(f"{BOTH}, {other}")
    names = {each.name for each in Selection((OLD,)).of(config.desired)}
    assert URL in names
    assert not any("other" in name for name in names)
    new = Selection((f"t/webhooks/broadcast/{URL}",)).of(config.desired)
    assert not any(each.absent for each in new.values())
