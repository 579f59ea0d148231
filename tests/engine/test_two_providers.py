"""Two providers of one account: what both declare is one thing, also before it exists."""

from pathlib import Path
from typing import Any

import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.authority import Authority
from reconciler.engine.guards import check_refusals
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.engine.selection import EVERYTHING
from reconciler.errors import ImmutableField
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config, Secret
from reconciler.providers.api import Connector, Reader, Writer

HOOK = "https://hooks.example.com/a"
POSTMARK = "{service: postmark, account_token: {env: B}, server: x, %s}"
MAILGUN = "{service: mailgun, token: {env: C}, region: eu, %s}"


def two(one: str, other: str, provider: str = POSTMARK) -> Config:
    return yaml(f"t: {provider % one}\nu: {provider % other}")


def new_account(*servers: str) -> Account:
    account = Account()
    account.tokens_left_out = {"token"}
    for name in servers or ("x",):
        account.by_hand("postmark", "POST", "/servers", json={"Name": name})
    account.forget_requests()
    return account


DIFFERENT: dict[str, tuple[str, str, str, str]] = {
    "a domain": (
        "domains: {new.example.org: {return_path: a.new.example.org}}",
        "domains: {New.example.org: {return_path: b.new.example.org}}",
        "u/domains/new.example.org",
        "return_path",
    ),
    "a sender": (
        "senders: {ops@example.org: {name: One}}",
        "senders: {Ops@example.org: {name: Two}}",
        "u/senders/ops@example.org",
        "name",
    ),
    "a stream": (
        "streams: {letters: {type: broadcasts, name: One}}",
        "streams: {letters: {type: transactional, name: One}}",
        "u/streams/letters",
        "type",
    ),
    "a webhook": (
        f"webhooks: [{{url: '{HOOK}', triggers: [open]}}]",
        f"webhooks: [{{url: '{HOOK}', triggers: {{open: false}}}}]",
        f"u/webhooks/outbound/{HOOK}",
        "triggers.open",
    ),
    "one that is to be there and not": (
        "domains: {new.example.org: {}}",
        "domains: {new.example.org: {ensure: absent}}",
        "u/domains/new.example.org",
        "ensure",
    ),
}


@pytest.mark.parametrize(("one", "other", "address", "field"), DIFFERENT.values(), ids=DIFFERENT)
def test_one_new_thing_declared_in_two_ways_is_refused_before_it_is_made(
    one: str, other: str, address: str, field: str
) -> None:
    account, config = new_account(), two(one, other)
    plan = account.plan(config)
    assert [(str(each.address), each.name) for each in plan.refusals] == [(address, field)]
    assert "is declared otherwise at" in str(plan.refusals[0])
    with pytest.raises(ImmutableField):
        check_refusals(plan)


def test_one_new_domain_declared_in_two_ways_is_refused_at_mailgun_too() -> None:
    domain = "domains: {new.example.org: {spam_action: %s, tracking: {opens: %s}}}"
    plan = Account().plan(two(domain % ("tag", "true"), domain % ("block", "false"), MAILGUN))
    assert [(str(each.address), each.name) for each in plan.refusals] == [
        ("u/domains/new.example.org", "spam_action"),
        ("u/domains/new.example.org/tracking", "opens"),
    ]


def test_the_third_is_held_against_the_second_where_the_first_says_nothing() -> None:
    domain = "domains: {new.example.org: {return_path: %s.new.example.org}}"
    lines = [
        f"{name}: {POSTMARK % settings}"
        for name, settings in (
            ("a", "domains: {new.example.org: {}}"),
            ("b", domain % "b"),
            ("c", domain % "c"),
        )
    ]
    plan = new_account().plan(yaml("\n".join(lines)))
    assert [str(each.address) for each in plan.refusals] == ["c/domains/new.example.org"]


EQUAL = (
    "domains: {new.example.org: {return_path: a.new.example.org}}, "
    "senders: {ops@example.org: {name: Ops}}, "
    "streams: {letters: {type: broadcasts, name: News}}, "
    f"webhooks: [{{url: '{HOOK}', stream: letters, triggers: [open]}}]"
)


def statuses(account: Account, site: str = "postmark") -> list[tuple[str, int]]:
    """Return the writes and how each was answered, without those that ask for verification."""
    return [
        (entry["method"] + " " + entry["path"], entry["status"])
        for entry in account.control(site, "GET", "requests")
        if entry["method"] != "GET" and "verify" not in entry["path"]
    ]


def test_one_new_thing_declared_twice_is_made_once_and_found_by_the_other() -> None:
    account, config = new_account(), two(EQUAL, EQUAL)
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert sorted(statuses(account)) == [
        ("POST /domains", 200),
        ("POST /message-streams", 200),
        ("POST /senders", 200),
        ("POST /webhooks", 200),
    ]
    again = account.plan(config)
    assert (addresses(again), again.refusals) == ([], ())


def test_one_new_mailgun_domain_declared_twice_is_made_once() -> None:
    domain = "domains: {new.example.org: {spam_action: tag, tracking: {opens: true}}}"
    account, config = Account(), two(domain, domain, MAILGUN)
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    made = [each for each in statuses(account, "mailgun_eu") if each[0] == "POST /v4/domains"]
    assert made == [("POST /v4/domains", 200)]
    assert addresses(account.plan(config)) == []


@pytest.mark.parametrize(
    ("site", "provider", "domain"),
    [
        ("postmark", POSTMARK, "{return_path: a.new.example.org}"),
        ("mailgun_eu", MAILGUN, "{tracking: {opens: true, dkim_signing: true}}"),
    ],
)
def test_what_two_declare_is_verified_once(site: str, provider: str, domain: str) -> None:
    declared = f"domains: {{new.example.org: {domain}}}"
    account = new_account() if provider == POSTMARK else Account()
    config = two(declared, declared, provider)
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    calls = [each["path"] for each in account.control(site, "GET", "requests")]
    asked = [each for each in calls if "verify" in each]
    assert asked
    assert len(asked) == len(set(asked))


def test_what_only_the_second_says_of_a_new_thing_is_added_by_it() -> None:
    account = new_account()
    config = two(
        "domains: {new.example.org: {}}",
        "domains: {new.example.org: {return_path: a.new.example.org}}",
    )
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    posts = [each for each in statuses(account) if each[0].startswith("POST")]
    assert posts == [("POST /domains", 200)]
    assert addresses(account.plan(config)) == []


def test_a_note_says_who_of_the_two_makes_it() -> None:
    plan = new_account().plan(two(EQUAL, "domains: {new.example.org: {}}"))
    (note,) = plan.notes
    assert str(note.address) == "u/domains/new.example.org"
    assert note.text.startswith("t/domains/new.example.org declares the same thing")


def test_who_waits_is_skipped_when_the_first_fails() -> None:
    account = new_account()
    fault = {"method": "POST", "path": "/domains", "status": 422, "times": 9}
    account.control("postmark", "POST", "faults", fault | {"body": {"ErrorCode": 614}})
    domain = "domains: {new.example.org: {}}"
    results = {str(r.change.subject.address): r for r in account.apply(two(domain, domain))}
    assert results["t/domains/new.example.org"].outcome == "failed"
    assert results["u/domains/new.example.org"].outcome == "skipped"
    assert len(statuses(account)) == 1


def test_new_streams_of_two_servers_are_two_things() -> None:
    account = new_account("x", "other")
    stream = "streams: {letters: {type: %s, name: News}}"
    config = yaml(
        f"t: {POSTMARK % (stream % 'broadcasts')}\n"
        f"u: {POSTMARK.replace('server: x', 'server: other') % (stream % 'transactional')}"
    )
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert len(statuses(account)) == 2


def test_new_webhooks_of_an_account_in_two_regions_are_two_things() -> None:
    hooks = f'account_webhooks: [{{url: "{HOOK}", events: [%s]}}]'
    one, other = MAILGUN % (hooks % "opened"), MAILGUN.replace("eu", "us") % (hooks % "clicked")
    account, config = Account(), yaml(f"t: {one}\nu: {other}")
    assert set(outcomes(account.apply(config)).values()) == {"applied"}
    assert account.plan(config).changes == ()


def two_tokens(account: Account) -> dict[str, Secret]:
    """Return two tokens of one server, by provider."""
    (server,) = (
        each for each in account.sandbox.world.postmark["servers"].values() if each["Name"] == "x"
    )
    server["ApiTokens"].append("second-token")
    return {name: Secret(token) for name, token in zip("tu", server["ApiTokens"], strict=True)}


def sessions_with(tokens: dict[str, Secret], config: Config, connector: Connector[Any]) -> Any:
    return {
        name: each.service.connect(each, {"token": tokens[name]}, connector)
        for name, each in config.providers.items()
    }


def test_two_tokens_of_one_server_reach_one_server() -> None:
    account = new_account()
    stream = "streams: {letters: {type: %s, name: News}}"
    config = two(stream % "broadcasts", stream % "transactional")
    tokens = two_tokens(account)
    with Connector(Reader, transport=account.transport) as connector:
        plan = account.plan_with(sessions_with(tokens, config, connector), config)
    assert [str(each.address) for each in plan.refusals] == ["u/streams/letters"]


def test_what_two_tokens_of_one_server_declare_is_made_once_from_a_file_too(tmp_path: Path) -> None:
    account = new_account()
    stream = "streams: {letters: {type: broadcasts, name: News}}"
    config, tokens = two(stream, stream), two_tokens(account)
    path, pause = tmp_path / "plan.json", account.clock.pause
    with Connector(Writer, transport=account.transport, pause=pause) as connector:
        save_plan(account.plan_with(sessions_with(tokens, config, connector), config), path)
        authority = Authority(load_plan(path), config)
        sessions = sessions_with(tokens, config, connector)
        reconciler = Reconciler(authority.config, EVERYTHING, sessions, Options(pause=pause))
        plan = reconciler.confirm(authority)
        assert [note.text for note in plan.notes] == [
            "t/streams/letters declares the same thing, and is the one that creates it"
        ]
        assert set(outcomes(reconciler.apply(plan)).values()) == {"applied"}
    assert statuses(account) == [("POST /message-streams", 200)]


ABOVE = "domains: {example.org: {%s}}"
BELOW = "domains: {mail.example.org: {%s}}"
NOT_FORESEEN = "is not foreseen, and shows in the next plan; declare both in one provider"


def family(above: str, below: str, region: str = "eu") -> Config:
    providers = {"t": ABOVE % above, "u": BELOW % below}
    return yaml(
        "\n".join(
            f"{name}: {MAILGUN.replace('eu', region if name == 'u' else 'eu') % domains}"
            for name, domains in providers.items()
        )
    )


def not_foreseen(account: Account, config: Config) -> list[str]:
    notes = account.plan(config).notes
    return [str(each.address) for each in notes if NOT_FORESEEN in each.text]


def test_what_domains_of_two_providers_do_to_each_other_is_said_to_be_unforeseen() -> None:
    account, below = Account(), "u/domains/mail.example.org"
    assert not_foreseen(account, family("", "")) == [below]
    assert not_foreseen(account, family("", "ensure: absent")) == [below]
    account.apply(family("", ""))
    assert not_foreseen(account, family("", "")) == []
    for changed in [("", "web_prefix: click"), ("web_prefix: click", ""), ("ensure: absent", "")]:
        assert not_foreseen(account, family(*changed)) == [below]


def test_domains_of_two_accounts_do_nothing_to_each_other() -> None:
    account = Account()
    account.apply(yaml(f"t: {MAILGUN % (ABOVE % '')}"))
    assert not_foreseen(account, family("", "", region="us")) == []
