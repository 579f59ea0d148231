import pytest
from account import Account, addresses, outcomes, yaml

from reconciler.engine.apply import Stop, apply_plan
from reconciler.engine.guards import check_guards
from reconciler.errors import GuardExceeded
from reconciler.providers.api import Writer

EXAMPLE = """
  t:
    service: postmark
    token: {env: A}
    account_token: {env: B}
    tracking: {opens: true, links: html_and_text}
    domains:
      example.com: {return_path: pm-bounces.example.com}
      plain.example.com: {}
      old.example.com: {ensure: absent}
    streams:
      newsletter: {type: broadcasts, name: Newsletter, description: Monthly}
      outbound: {name: Mail}
  m:
    service: mailgun
    token: {env: C}
    region: eu
    tracking: {opens: true, clicks: true}
    domains:
      mg.example.com: {spam_action: tag, wildcard: true, web_prefix: click, message_ttl: 3600}
      promo.example.com:
        tracking: {clicks: html_only, unsubscribe: {text_footer: "Bye: %unsubscribe_url%"}}
  u:
    service: mailgun
    token: {env: C}
    domains:
      us.example.com: {tracking: {opens: {active: true, place_at_the_top: true}}}
"""


def test_a_plan_after_an_apply_is_empty() -> None:
    account, config = Account(), yaml(EXAMPLE)
    results = account.apply(config)
    assert set(outcomes(results).values()) == {"applied"}
    assert account.plan(config).changes == ()


def test_a_second_apply_makes_no_write() -> None:
    account, config = Account(), yaml(EXAMPLE)
    account.apply(config)
    account.forget_requests()
    account.apply(config)
    for site in ("postmark", "mailgun_us", "mailgun_eu"):
        assert all(request.startswith("GET ") for request in account.requests(site))


def test_a_plan_sends_nothing_but_get() -> None:
    account = Account()
    account.plan(yaml(EXAMPLE))
    for site in ("postmark", "mailgun_us", "mailgun_eu"):
        requests = account.requests(site)
        assert requests
        assert all(request.startswith("GET ") for request in requests)


def test_a_no_op_plan_costs_the_least_number_of_calls() -> None:
    account, config = Account(), yaml(EXAMPLE)
    published = {"domain": "example.com", "published": True}
    account.control("postmark", "POST", "dns", published)
    account.apply(config)
    account.forget_requests()
    account.plan(config)
    postmark = account.requests("postmark")
    assert sorted(request.rstrip("0123456789") for request in postmark) == [
        "GET /domains",
        # The list tells no DNS record, and not whether one is still to be published.
        "GET /domains/",
        "GET /domains/",
        "GET /message-streams",
        "GET /server",
    ]
    assert sorted(account.requests("mailgun_eu")) == [
        "GET /v3/domains/mg.example.com/tracking",
        "GET /v3/domains/promo.example.com/tracking",
        "GET /v4/domains",
        "GET /v4/domains/promo.example.com",  # for its records: it was never verified
    ]
    assert sorted(account.requests("mailgun_us")) == [
        "GET /v3/domains/us.example.com/tracking",
        "GET /v4/domains",
    ]


def test_a_collection_that_the_yaml_does_not_name_is_not_read() -> None:
    account = Account()
    account.plan(yaml("  t: {service: postmark, token: {env: A}, streams: {}}"))
    assert account.requests("postmark") == ["GET /message-streams"]


def test_only_reads_and_plans_what_is_selected() -> None:
    account, config = Account(), yaml(EXAMPLE)
    plan = account.plan(config, only=["t/streams/*"])
    assert addresses(plan) == ["create t/streams/newsletter", "update t/streams/outbound"]
    # The account's token is sent with no list of this plan, and proven by a call of its own.
    assert sorted(account.requests("postmark")) == ["GET /message-streams", "GET /servers"]
    assert account.requests("mailgun_eu") == []


def test_only_a_child_brings_the_creation_that_it_stands_on() -> None:
    plan = Account().plan(yaml(EXAMPLE), only=["m/domains/mg.example.com/tracking"])
    assert addresses(plan) == [
        "create m/domains/mg.example.com",
        "create m/domains/mg.example.com/tracking",
    ]


def test_every_change_knows_its_place_in_the_yaml() -> None:
    account, config = Account(), yaml(EXAMPLE)
    plan = account.plan(config)
    for change in plan.changes:
        assert change.subject.location() is not None, change
        for field in change.fields:
            assert field.location is not None, field
    server = next(change for change in plan.changes if change.subject.address.name == "server")
    lines = {field.name: field.location.line for field in server.fields if field.location}
    assert lines == {"tracking.opens": 8, "tracking.links": 8}


def test_parents_come_before_children_and_deletions_last() -> None:
    plan = Account().plan(yaml(EXAMPLE))
    order = addresses(plan)
    assert order.index("create m/domains/mg.example.com") < order.index(
        "create m/domains/mg.example.com/tracking"
    )
    assert order[-1] == "delete t/domains/old.example.com"


HAND_CHANGES = [
    ("postmark", "PUT", "/server", {"json": {"TrackOpens": False}}, "t/server", "tracking.opens"),
    ("postmark", "PUT", "/server", {"json": {"TrackLinks": "None"}}, "t/server", "tracking.links"),
    (
        "postmark",
        "PATCH",
        "/message-streams/newsletter",
        {"json": {"Name": "Other"}},
        "t/streams/newsletter",
        "name",
    ),
    (
        "postmark",
        "PATCH",
        "/message-streams/newsletter",
        {"json": {"Description": "Other"}},
        "t/streams/newsletter",
        "description",
    ),
    (
        "postmark",
        "POST",
        "/message-streams/newsletter/archive",
        {},
        "t/streams/newsletter",
        "archived",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v4/domains/mg.example.com",
        {"data": {"spam_action": "block"}},
        "m/domains/mg.example.com",
        "spam_action",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v4/domains/mg.example.com",
        {"data": {"wildcard": "false"}},
        "m/domains/mg.example.com",
        "wildcard",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v4/domains/mg.example.com",
        {"data": {"message_ttl": "60"}},
        "m/domains/mg.example.com",
        "message_ttl",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v3/domains/mg.example.com/tracking/open",
        {"data": {"active": "no"}},
        "m/domains/mg.example.com/tracking",
        "opens",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v3/domains/promo.example.com/tracking/click",
        {"data": {"active": "false"}},
        "m/domains/promo.example.com/tracking",
        "clicks",
    ),
    (
        "mailgun_eu",
        "PUT",
        "/v3/domains/promo.example.com/tracking/unsubscribe",
        {"data": {"text_footer": "Other"}},
        "m/domains/promo.example.com/tracking",
        "unsubscribe.text_footer",
    ),
    (
        "mailgun_us",
        "PUT",
        "/v3/domains/us.example.com/tracking/open",
        {"data": {"place_at_the_top": "false"}},
        "u/domains/us.example.com/tracking",
        "opens.place_at_the_top",
    ),
]


@pytest.mark.parametrize(
    ("site", "method", "path", "content", "address", "field"),
    HAND_CHANGES,
    ids=[f"{row[4]}:{row[5]}" for row in HAND_CHANGES],
)
def test_one_live_value_changed_by_hand_is_exactly_one_change(
    site: str, method: str, path: str, content: dict[str, object], address: str, field: str
) -> None:
    account, config = Account(), yaml(EXAMPLE)
    account.apply(config)
    account.by_hand(site, method, path, **content)
    plan = account.plan(config)
    assert [(str(c.subject.address), [f.name for f in c.fields]) for c in plan.changes] == [
        (address, [field])
    ]
    account.apply(config)
    assert account.plan(config).changes == ()


def test_a_live_value_that_the_yaml_does_not_name_is_never_a_change_nor_sent() -> None:
    account, config = Account(), yaml(EXAMPLE)
    account.apply(config)
    account.by_hand("postmark", "PUT", "/server", json={"Color": "red"})
    path = "/v4/domains/us.example.com"
    account.by_hand("mailgun_us", "PUT", path, data={"spam_action": "block"})
    assert account.plan(config).changes == ()


def test_absence_from_the_yaml_deletes_nothing_even_with_prune() -> None:
    account = Account()
    config = yaml("  t: {service: postmark, token: {env: A}, account_token: {env: B}, domains: {}}")
    plan = account.plan(config, prune=True)
    assert plan.changes == ()
    names = [str(resource.address) for resource in plan.unmanaged]
    assert names == ["t/domains/mail.example.net", "t/domains/old.example.com"]


def test_prune_archives_unmanaged_streams_but_no_default_one() -> None:
    account = Account()
    stream = {"ID": "stray", "Name": "Stray", "MessageStreamType": "Broadcasts"}
    account.by_hand("postmark", "POST", "/message-streams", json=stream)
    config = yaml("  t: {service: postmark, token: {env: A}, streams: {}}")
    assert addresses(account.plan(config)) == []
    plan = account.plan(config, prune=True)
    assert addresses(plan) == ["delete t/streams/stray"]
    account.apply(config, plan)
    after = account.plan(config, prune=True)
    assert (after.changes, after.unmanaged) == ((), ())


def test_an_archived_stream_that_is_wanted_again_is_unarchived_and_edited() -> None:
    account = Account()
    stream = {"ID": "news", "Name": "Old", "MessageStreamType": "Broadcasts"}
    account.by_hand("postmark", "POST", "/message-streams", json=stream)
    account.by_hand("postmark", "POST", "/message-streams/news/archive")
    config = yaml(
        "  t: {service: postmark, token: {env: A}, streams: {news: {type: broadcasts, name: New}}}"
    )
    account.forget_requests()
    account.apply(config)
    writes = [r for r in account.requests("postmark") if not r.startswith("GET")]
    assert writes == ["POST /message-streams/news/unarchive", "PATCH /message-streams/news"]
    assert account.plan(config).changes == ()


def test_a_fixed_field_is_refused_with_the_reason_and_the_place() -> None:
    account = Account()
    stream = {"ID": "news", "Name": "News", "MessageStreamType": "Broadcasts"}
    account.by_hand("postmark", "POST", "/message-streams", json=stream)
    config = yaml(
        "  t: {service: postmark, token: {env: A}, "
        "streams: {news: {type: transactional, name: News}}}"
    )
    (refusal,) = account.plan(config).refusals
    assert "`type` cannot be changed" in str(refusal)
    assert ":3:" in str(refusal)
    assert account.plan(config).changes == ()


def test_a_stream_without_what_its_creation_needs_is_refused() -> None:
    config = yaml("  t: {service: postmark, token: {env: A}, streams: {news: {}}}")
    plan = Account().plan(config)
    assert [refusal.name for refusal in plan.refusals] == ["name", "type"]


def test_two_deleted_domains_are_one_too_many() -> None:
    config = yaml(
        "  t: {service: postmark, account_token: {env: B}, domains: "
        "{old.example.com: {ensure: absent}, mail.example.net: {ensure: absent}}}"
    )
    plan = Account().plan(config)
    with pytest.raises(GuardExceeded, match="--allow-deletes 2"):
        check_guards(plan)
    with pytest.raises(GuardExceeded):
        check_guards(plan, 1)
    check_guards(plan, 2)


def test_eleven_archived_streams_are_one_too_many() -> None:
    account = Account()
    account.sandbox.world.settings["postmark_max_streams"] = 50
    for number in range(11):
        stream = {"ID": f"s{number}", "Name": "S", "MessageStreamType": "Transactional"}
        account.by_hand("postmark", "POST", "/message-streams", json=stream)
    config = yaml("  t: {service: postmark, token: {env: A}, streams: {}}")
    plan = account.plan(config, prune=True)
    with pytest.raises(GuardExceeded, match="11 objects"):
        check_guards(plan)
    check_guards(plan, 11)


def test_an_absent_domain_that_is_not_there_is_no_change() -> None:
    config = yaml(
        "  m: {service: mailgun, token: {env: A}, domains: {gone.example.com: {ensure: absent}}}"
    )
    assert Account().plan(config).changes == ()


def test_a_deletion_in_the_background_is_waited_for() -> None:
    account = Account()
    config = yaml(
        "  m: {service: mailgun, token: {env: A}, domains: {mg.example.net: {ensure: absent}}}"
    )
    results = account.apply(config)
    assert outcomes(results) == {"m/domains/mg.example.net": "applied"}
    assert account.plan(config).changes == ()


def test_a_deletion_that_never_ends_is_reported() -> None:
    account = Account()
    account.sandbox.world.settings["mailgun_delete_delay"] = 1e9
    config = yaml(
        "  m: {service: mailgun, token: {env: A}, domains: {mg.example.net: {ensure: absent}}}"
    )
    (result,) = account.apply(config)
    assert result.outcome == "failed"
    assert "still there" in result.reason
    assert 300 <= sum(account.waited) < 320


def test_two_live_things_with_one_address_are_told_apart_by_their_ids() -> None:
    account = Account()
    domains = {"TotalCount": 2, "Domains": [{"ID": 1, "Name": "a.de"}, {"ID": 2, "Name": "A.de"}]}
    fault = {"path": "/domains", "status": 200, "body": domains}
    account.control("postmark", "POST", "faults", fault)
    config = yaml("  t: {service: postmark, account_token: {env: B}, domains: {}}")
    assert [str(each.address) for each in account.plan(config).unmanaged] == [
        "t/domains/a.de",
        "t/domains/a.de (ID 2)",
    ]


def test_a_domain_created_shows_the_records_to_publish() -> None:
    account, config = Account(), yaml(EXAMPLE)
    results = {str(result.change.subject.address): result for result in account.apply(config)}
    live = results["t/domains/example.com"].live
    assert live is not None
    assert [(record.purpose, record.type) for record in live.records] == [
        ("DKIM", "TXT"),
        ("Return-Path", "CNAME"),
    ]


def test_a_failed_change_skips_what_stands_on_it_and_nothing_else() -> None:
    account, config = Account(), yaml(EXAMPLE)
    fault = {"method": "POST", "path": "/v4/domains", "times": 99, "status": 402, "body": "{}"}
    account.control("mailgun_eu", "POST", "faults", fault)
    found = outcomes(account.apply(config))
    assert found.pop("m/domains/mg.example.com") == "failed"
    assert found.pop("m/domains/mg.example.com/tracking") == "skipped"
    assert set(found.values()) == {"applied"}


def test_stopping_skips_what_has_not_begun() -> None:

    account, config, stop = Account(), yaml(EXAMPLE), Stop()
    plan = account.plan(config)
    stop.event.set()
    with account.sessions(config, Writer) as sessions:
        results = list(
            apply_plan(
                plan,
                sessions,
                repeats=dict.fromkeys(config.providers, 0),
                pause=account.clock.pause,
                stop=stop,
            )
        )
    assert {result.outcome for result in results} == {"skipped"}
    assert "interrupted" in {result.reason for result in results}
    assert addresses(account.plan(config)) == addresses(plan)


def test_a_value_that_does_not_stick_is_an_error_that_names_the_field() -> None:
    account, config = Account(), yaml(EXAMPLE)
    server = {"ID": 1, "Name": "t", "TrackOpens": False, "TrackLinks": "HtmlAndText"}
    fault = {"method": "GET", "path": "/server", "times": 999, "status": 200, "body": server}
    account.control("postmark", "POST", "faults", fault)
    results = {str(result.change.subject.address): result for result in account.apply(config)}
    assert results["t/server"].outcome == "failed"
    assert "`tracking.opens` is false and should be true" in results["t/server"].reason
