"""What was declared otherwise is planned, and for nothing else a call is made."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from account import Account, yaml
from hypothesis import given
from hypothesis import strategies as st
from many import account_with, config_of, quick_keys

from reconciler.engine.plan import Plan
from reconciler.engine.selection import Selection
from reconciler.library.revisions import Revision, Since, changed_since
from reconciler.model import Address, Change, Config
from reconciler.providers.api import Reader

MANY = 1000


def at(config: Config) -> Revision:
    return Revision(config, "0" * 40, lambda _: False)


def told(changes: Iterable[Change]) -> list[object]:
    return [
        (str(each.subject.address), each.action, [(f.name, f.before, f.after) for f in each.fields])
        for each in changes
    ]


def planned(account: Account, config: Config, since: Since) -> Plan:
    with account.sessions(config, Reader) as sessions:
        return account.plan_with(sessions, config, Selection(exactly=since.touched))


def test_three_of_a_thousand_domains_cost_two_calls_each_and_the_page() -> None:
    opened = "{tracking: {opens: true}}"
    then, now = config_of(MANY), config_of(MANY, d7=opened, d70=opened, d700=opened)
    since = changed_since(at(then), now)
    with quick_keys():
        account = account_with(MANY)
    account.forget_requests()
    plan = planned(account, now, since)
    assert [str(each.subject.address) for each in plan.changes] == [
        f"t/domains/d{each}.example.com/tracking" for each in (7, 70, 700)
    ]
    calls = account.requests("mailgun_us")
    assert len(calls) <= 1 + 2 * 3, calls


STREAMS = "t:\n  service: postmark\n  token: {env: A}\n  streams:\n"
WORDS = st.sampled_from(["one", "two"])
DECLARED = st.dictionaries(st.sampled_from(["a1", "b2", "c3", "d4"]), WORDS)


def streams(names: dict[str, str]) -> Config:
    lines = (f"    {name}: {{type: broadcasts, name: {word}}}\n" for name, word in names.items())
    return yaml(STREAMS + "".join(lines) if names else STREAMS.replace("streams:\n", "streams: {}"))


@given(DECLARED, DECLARED, DECLARED)
def test_a_plan_of_what_changed_is_that_part_of_the_whole_plan(
    first: dict[str, str], then: dict[str, str], now: dict[str, str]
) -> None:
    account = Account()
    account.apply(streams(first))
    since = changed_since(at(streams(then)), streams(now))
    whole = account.plan(streams(now))
    part = planned(account, streams(now), since)
    assert told(part.changes) == told(
        each for each in whole.changes if each.subject.address in since.touched
    )
    assert since.touched == {
        Address(("t", "streams", name)) for name in now if now[name] != then.get(name)
    }
    assert {each.name for each in since.dropped} == then.keys() - now.keys()


@pytest.mark.parametrize("changed", [True, False])
def test_a_secret_counts_with_the_file_that_it_is_in(changed: bool) -> None:  # noqa: FBT001
    text = (
        "t:\n  service: postmark\n  token: {env: A}\n  webhooks:\n"
        "    - url: https://hooks.example.com/a\n      triggers: [bounce]\n"
        "      auth: {username: u, password: {file: secrets/p}}\n"
    )
    asked: list[Path] = []

    def has_changed(path: Path) -> bool:
        asked.append(path)
        return changed

    since = changed_since(Revision(yaml(text), "0" * 40, has_changed), yaml(text))
    assert bool(since.touched) == changed
    assert {path.name for path in asked} == {"p"}
