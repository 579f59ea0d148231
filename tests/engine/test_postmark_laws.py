"""Laws of plan and apply, over random Postmark configurations and random accounts."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from account import Account, addresses, yaml
from hypothesis import given
from hypothesis import strategies as st
from laws import (
    LAW,
    PATIENCE,
    PRESENT,
    Json,
    each_of,
    is_kept,
    located_as,
    or_absent,
    reordered,
    with_all,
)
from postmark_truth import (
    LINKS,
    SECRETS,
    SERVER_NAMES,
    TRIGGERS,
    folded,
    undeclared,
    wrong,
)

from reconciler.engine.attempt import Outcome
from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.model import Address, Config, Resource

pytestmark = PATIENCE
TEXTS = st.text("abc XYZäß€😀'\"\\:#&%{}[]-_./,@!?|*", min_size=1, max_size=12).filter(str.strip)
FLAGS = st.booleans()
NO = st.sampled_from([False])
THRESHOLDS = st.integers(0, 30)
COLORS = ["purple", "blue", "turquoise", "green", "red", "yellow", "grey", "orange"]
INBOUND_DOMAINS = ["", "in.example.com", "in.example.org"]
HOOKS = ["", "https://hooks.example.com/in", SECRETS["HOOK"], "https://u:x@hooks.example.com/in"]
DOMAINS = ["a.example.net", "B.Example.org", "old.example.com", "mail.example.net"]
SENDERS = ["ops@example.org", "Team@A.example.net", "ops@mail.example.net"]
REPLIES = ["", "a@example.com", "B@Example.com"]
STREAMS = {
    "letters": "broadcasts",
    "alerts": "transactional",
    "more_alerts-2": "transactional",
    "outbound": "transactional",
    "broadcast": "broadcasts",
    "inbound": "inbound",
}
BUILT_IN = {"outbound", "broadcast", "inbound"}
PERMANENT = {"outbound", "inbound"}
HANDLING = {
    "broadcasts": ["postmark", "custom"],
    "transactional": ["none", "postmark", "custom"],
    "inbound": ["none"],
}
URLS = ["https://hooks.example.com/a", "http://h.test:8080/b?x=1&y=%20"]


def some(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    return each_of(fields)


def below(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(["", f"pm.{name}", f"PM2.{name}", f"a.b.{name}"])


# What the YAML may say.

DECLARED_SETTINGS = some(
    name=TEXTS,
    color=st.sampled_from(COLORS),
    smtp=FLAGS,
    smtp_api_error_hooks=FLAGS,
    raw_email=FLAGS,
    bounce_content=FLAGS,
    inbound_domain=st.sampled_from(INBOUND_DOMAINS),
    inbound_hook=st.sampled_from(["", HOOKS[1], {"env": "HOOK"}]),
    inbound_spam_threshold=THRESHOLDS,
    delivery_type=st.just("live"),
)


def declared_domain(name: str) -> st.SearchStrategy[Json]:
    return or_absent(
        some(ensure=PRESENT, return_path=below(name), custom_tracking_domain=below(name))
    )


def declared_sender(address: str) -> st.SearchStrategy[Json]:
    optional = {
        "ensure": PRESENT,
        "reply_to": st.sampled_from(REPLIES),
        "return_path": below(address.rpartition("@")[2]),
        "personal_note": TEXTS | st.just(""),
    }
    return or_absent(with_all({"name": TEXTS}, optional))


def declared_stream(name: str, kind: str) -> st.SearchStrategy[Json]:
    known = {"type": st.just(kind), "name": TEXTS}
    optional: dict[str, st.SearchStrategy[Any]] = {
        "description": TEXTS | st.just(""),
        "unsubscribe_handling": st.sampled_from(HANDLING[kind]),
    }
    stream = each_of(known | optional) if name in BUILT_IN else with_all(known, optional)
    return stream if name in PERMANENT else or_absent(stream)


def declared_trigger(options: Mapping[str, str]) -> st.SearchStrategy[Any]:
    return FLAGS | some(**dict.fromkeys(options, FLAGS)) if options else FLAGS


DECLARED_WEBHOOK = or_absent(
    some(
        triggers=st.lists(st.sampled_from(list(TRIGGERS)), unique=True)
        | some(**{name: declared_trigger(options) for name, (_, options) in TRIGGERS.items()}),
        auth=st.fixed_dictionaries(
            {"username": st.sampled_from(["u", "v"]), "password": st.just({"env": "P"})}
        ),
        headers=each_of(
            {"X-Team": st.sampled_from(["mail", ""]), "X-Token": st.just({"env": "H"})},
        ),
        verify=FLAGS,
    )
)


def places(streams: Iterable[str]) -> list[tuple[str, str]]:
    """Return where webhooks may be: of two streams at most, or there would be too many."""
    able = sorted(set(streams) - {"inbound"})
    return [(stream, url) for stream in able[-2:] for url in URLS]


@st.composite
def declared(draw: st.DrawFn) -> Json:
    """Draw a provider that is valid."""
    provider: Json = draw(
        some(
            settings=DECLARED_SETTINGS,
            domains=each_of({name: declared_domain(name) for name in DOMAINS}),
            senders=each_of({name: declared_sender(name) for name in SENDERS}),
            streams=each_of({name: declared_stream(name, STREAMS[name]) for name in STREAMS}),
            tracking=some(opens=FLAGS, links=st.sampled_from(list(LINKS)), delivery=NO),
        )
    )
    streams = ["outbound", *(s for s, each in provider.get("streams", {}).items() if is_kept(each))]
    is_named = draw(FLAGS)
    webhooks: dict[tuple[str, str], Json] = draw(
        each_of(dict.fromkeys(places(streams), DECLARED_WEBHOOK))
    )
    if webhooks or is_named:
        provider["webhooks"] = [
            {"url": url, "stream": stream, **each} for (stream, url), each in webhooks.items()
        ]
        if any(reports_delivery(each) for each in webhooks.values()) and draw(FLAGS):
            provider.setdefault("tracking", {})["delivery"] = True
    return {
        "service": "postmark",
        "token": {"env": "A"},
        "account_token": {"env": "B"},
        "advanced": {"undocumented": True},
        **provider,
    }


def reports_delivery(webhook: Json) -> bool:
    triggers = webhook.get("triggers", ())
    return "delivery" in triggers and (isinstance(triggers, list) or triggers["delivery"])


def config_of(provider: Json) -> Config:
    return yaml("t: " + json.dumps(provider, ensure_ascii=False), **SECRETS)


# What people may have made by hand.

MADE_SERVER = some(
    Name=TEXTS,
    Color=st.sampled_from(COLORS),
    SmtpApiActivated=FLAGS,
    RawEmailEnabled=FLAGS,
    IncludeBounceContentInHook=FLAGS,
    EnableSmtpApiErrorHooks=FLAGS,
    InboundDomain=st.sampled_from(INBOUND_DOMAINS),
    InboundHookUrl=st.sampled_from(HOOKS),
    InboundSpamThreshold=THRESHOLDS,
    BounceHookUrl=st.sampled_from(HOOKS),
    TrackOpens=FLAGS,
    TrackLinks=st.sampled_from(list(LINKS.values())),
)
MADE_WEBHOOK = some(
    Triggers=each_of(
        {
            theirs: some(Enabled=FLAGS, **dict.fromkeys(options.values(), FLAGS))
            for theirs, options in TRIGGERS.values()
        }
    ),
    HttpAuth=st.fixed_dictionaries(
        {"Username": st.sampled_from("uv"), "Password": st.sampled_from(["pass-1", "other"])}
    ),
    HttpHeaders=st.lists(
        st.sampled_from(
            [
                {"Name": "X-Team", "Value": "mail"},
                {"Name": "x-team", "Value": "mail"},
                {"Name": "X-Token", "Value": "token-1"},
                {"Name": "X-Old", "Value": "other"},
            ]
        ),
        unique_by=lambda each: each["Name"],
    ),
    Verify=FLAGS,
)


def made_domain(name: str) -> st.SearchStrategy[Json]:
    return some(ReturnPathDomain=below(name), CustomTrackingDomain=below(name), published=FLAGS)


def made_sender(address: str) -> st.SearchStrategy[Json]:
    return with_all(
        {"Name": TEXTS},
        {
            "ReplyToEmail": st.sampled_from(REPLIES),
            "ReturnPathDomain": below(address.rpartition("@")[2]),
            "ConfirmationPersonalNote": TEXTS,
        },
    )


def made_stream(kind: str) -> st.SearchStrategy[Json]:
    handling = st.sampled_from([each.title() for each in HANDLING[kind]])
    return with_all(
        {"Name": TEXTS, "archived": FLAGS},
        {
            "Description": TEXTS,
            "SubscriptionManagementConfiguration": some(UnsubscribeHandlingType=handling),
        },
    )


@st.composite
def made(draw: st.DrawFn) -> Json:
    """Draw an account; often a new one."""
    if draw(st.integers(0, 4)) == 0:
        return {}
    found: Json = draw(
        some(
            server=MADE_SERVER,
            domains=each_of({name.lower(): made_domain(name.lower()) for name in DOMAINS[:2]}),
            senders=each_of({name: made_sender(name) for name in SENDERS[:2]}),
            streams=each_of({name: made_stream(kind) for name, kind in STREAMS.items()}),
        )
    )
    streams = ["outbound", *found.get("streams", {})]
    return found | {"webhooks": draw(each_of(dict.fromkeys(places(streams), MADE_WEBHOOK)))}


def account_with(live: Json) -> Account:
    account = Account()
    account.sandbox.world.settings["postmark_custom_unsubscribe"] = True
    account.sandbox.token_for("postmark", "token", "t")
    if live.get("server"):
        account.by_hand("postmark", "PUT", "/server", json=live["server"])
    for address, each in live.get("senders", {}).items():
        account.by_hand("postmark", "POST", "/senders", json={"FromEmail": address, **each})
    _make_domains(account, live.get("domains", {}))
    _make_streams(account, live.get("streams", {}))
    for (stream, url), each in live.get("webhooks", {}).items():
        content = {"Url": url, "MessageStream": stream, **each}
        account.by_hand("postmark", "POST", "/webhooks", json=content)
    for name, each in live.get("streams", {}).items():
        if each["archived"] and name not in PERMANENT:
            account.by_hand("postmark", "POST", f"/message-streams/{name}/archive")
    account.forget_requests()
    return account


def _make_domains(account: Account, domains: Json) -> None:
    for name, each in domains.items():
        content = {key: value for key, value in each.items() if key != "published"}
        made = account.by_hand("postmark", "POST", "/domains", json={"Name": name, **content})
        if content:
            account.by_hand("postmark", "PUT", f"/domains/{made['ID']}", json=content)
        if each.get("published"):
            account.sandbox.world.publish(name, published=True)
            account.by_hand("postmark", "PUT", f"/domains/{made['ID']}/verifyDkim")


def _make_streams(account: Account, streams: Json) -> None:
    for name, each in streams.items():
        content = {key: value for key, value in each.items() if key != "archived"}
        if name in BUILT_IN:
            account.by_hand("postmark", "PATCH", f"/message-streams/{name}", json=content)
        else:
            content |= {"ID": name, "MessageStreamType": STREAMS[name].title()}
            account.by_hand("postmark", "POST", "/message-streams", json=content)


def applied(account: Account, config: Config) -> None:
    failed = [each.reason for each in account.apply(config) if each.outcome is not Outcome.APPLIED]
    assert failed == []


def writes(account: Account) -> list[str]:
    return [each for each in account.requests("postmark") if not each.startswith("GET ")]


@LAW
@given(declared(), made())
def test_apply_applies_and_then_there_is_nothing_to_do(provider: Json, live: Json) -> None:
    account, config = account_with(live), config_of(provider)
    left_alone = undeclared(account, config)
    applied(account, config)
    plan = account.plan(config)
    assert (addresses(plan), plan.refusals) == ([], ())
    assert wrong(account, provider) == []
    assert undeclared(account, config) == left_alone
    account.forget_requests()
    assert account.apply(config) == []
    assert writes(account) == []


@LAW
@given(declared(), made())
def test_a_plan_is_the_same_bytes_whatever_the_order_of_answers_and_the_threads(
    provider: Json, live: Json
) -> None:
    account, config = account_with(live), config_of(provider)
    documents = set()
    for shuffled, connections in ((False, 1), (True, 1), (True, 8), (True, 8)):
        account.sandbox.world.settings["shuffle"] = shuffled
        for prune in (False, True):
            plan = account.plan(config, connections=connections, prune=prune)
            documents.add((prune, as_json(plan_as_document(plan))))
    turned = {key: reordered(provider[key]) for key in reversed(provider)}
    again = account.plan(config_of(turned), connections=8)
    documents.add((False, as_json(located_as(again, account.plan(config)))))
    assert len(documents) == 2


# A change by hand, and the change that it is.

Change = tuple[str, Address, tuple[str, ...]]
SERVER_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "tracking.opens": FLAGS,
    "tracking.links": st.sampled_from(list(LINKS.values())),
    "settings.name": TEXTS,
    "settings.color": st.sampled_from(COLORS),
    "settings.smtp": FLAGS,
    "settings.smtp_api_error_hooks": FLAGS,
    "settings.raw_email": FLAGS,
    "settings.bounce_content": FLAGS,
    "settings.inbound_domain": st.sampled_from(INBOUND_DOMAINS),
    "settings.inbound_hook": st.sampled_from(HOOKS),
    "settings.inbound_spam_threshold": THRESHOLDS,
}
FIXED = {"settings.delivery_type", "type", "verify"}


class Hand:
    """Somebody who changes one declared field, or one thing, past the reconciler."""

    def __init__(self, account: Account, draw: st.DataObject) -> None:
        self._account = account
        self._draw = draw

    def change(self, resource: Resource) -> Change | None:
        """Change it, and say how a plan has to name that; None when nothing can be changed."""
        kind = resource.address.parts[1]
        names = sorted(set(resource.attributes) - FIXED)
        if resource.address.name in PERMANENT:
            names = [name for name in names if name != "archived"]
        whole = kind in {"domains", "senders", "webhooks"}
        choices = ["", *names] if whole and not resource.absent else names
        if resource.absent or not choices:
            return self._bring_back(resource) if resource.absent else None
        name = self._draw.draw(st.sampled_from(choices), label="what")
        if not name:
            self._call("DELETE", self._path(resource))
            return ("create", resource.address, ())
        getattr(self, f"_change_{kind}")(resource, name)
        return ("update", resource.address, (name,))

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        return self._account.by_hand("postmark", method, path, json=body)

    def _path(self, resource: Resource) -> str:
        live = self._live(resource)
        return f"/{resource.address.parts[1]}/{live['ID']}"

    def _live(self, resource: Resource) -> Json:
        """Read it as the service has it."""
        _, kind, *rest = resource.address.parts
        paging = "" if kind == "webhooks" else "?count=500&offset=0"
        answer = self._call("GET", f"/{kind}{paging}")
        items = next(each for each in answer.values() if isinstance(each, list))
        (found,) = [item for item in items if names_of(kind, item) == [r.lower() for r in rest]]
        whole: Json = self._call("GET", f"/{kind}/{found['ID']}")
        return whole

    def _other(self, values: st.SearchStrategy[Any], than: Any) -> Any:
        return self._draw.draw(values.filter(lambda v: folded(v) != folded(than)), label="new")

    def _change_server(self, _: Resource, name: str) -> None:
        theirs, values = SERVER_NAMES[name], SERVER_VALUES[name]
        live = self._call("GET", "/server")[theirs]
        self._call("PUT", "/server", {theirs: self._other(values, live)})

    def _change_domains(self, resource: Resource, name: str) -> None:
        theirs = {"return_path": "ReturnPathDomain"}.get(name, "CustomTrackingDomain")
        new = self._other(below(resource.address.name), self._live(resource)[theirs])
        self._call("PUT", self._path(resource), {theirs: new})

    def _change_senders(self, resource: Resource, name: str) -> None:
        live = self._live(resource)
        read, sent, values = {
            "name": ("Name", "Name", TEXTS),
            "reply_to": ("ReplyToEmailAddress", "ReplyToEmail", st.sampled_from(REPLIES)),
            "return_path": ("ReturnPathDomain", "ReturnPathDomain", below(live["Domain"])),
            "personal_note": ("ConfirmationPersonalNote", "ConfirmationPersonalNote", TEXTS),
        }[name]
        body = {"Name": live["Name"], sent: self._other(values, live[read])}
        self._call("PUT", self._path(resource), body)

    def _change_streams(self, resource: Resource, name: str) -> None:
        path = f"/message-streams/{resource.address.name}"
        live = self._call("GET", path)
        if name == "archived":
            self._call("POST", f"{path}/archive")
        elif name == "unsubscribe_handling":
            key = "SubscriptionManagementConfiguration"
            choices = [e.title() for e in HANDLING[live["MessageStreamType"].lower()]]
            now = live[key]["UnsubscribeHandlingType"]
            new = {"UnsubscribeHandlingType": self._other(st.sampled_from(choices), now)}
            self._call("PATCH", path, {key: new})
        else:
            new = self._other(TEXTS, live[name.title()])
            self._call("PATCH", path, {name.title(): new})

    def _change_webhooks(self, resource: Resource, name: str) -> None:
        live = self._live(resource)
        self._call("PUT", self._path(resource), changed_webhook(live, name))

    def _bring_back(self, resource: Resource) -> Change:
        """Make what the configuration wants absent."""
        _, kind, *rest = resource.address.parts
        if kind == "streams":
            path = f"/message-streams/{rest[0]}"
            known = self._call("GET", "/message-streams?IncludeArchivedStreams=true")
            if rest[0] in [each["ID"] for each in known["MessageStreams"]]:
                self._call("POST", f"{path}/unarchive")
            else:
                body = {"ID": rest[0], "Name": "X", "MessageStreamType": STREAMS[rest[0]].title()}
                self._call("POST", "/message-streams", body)
        elif kind == "webhooks":
            self._call("POST", "/webhooks", {"MessageStream": rest[0], "Url": rest[1]})
        else:
            key = "Name" if kind == "domains" else "FromEmail"
            self._call("POST", f"/{kind}", {"Name": "X", key: rest[0]})
        return ("delete", resource.address, ())


def names_of(kind: str, item: Json) -> list[str]:
    keys = {"domains": ["Name"], "senders": ["EmailAddress"], "webhooks": ["MessageStream", "Url"]}
    return [str(item[key]).lower() for key in keys[kind]]


def changed_webhook(live: Json, name: str) -> Json:
    """Return what changes this one field of a webhook, and no other."""
    if name == "headers":
        return {"HttpHeaders": [*live["HttpHeaders"], {"Name": "X-Hand", "Value": "1"}]}
    if name.startswith("auth."):
        key = name.removeprefix("auth.").title()
        return {"HttpAuth": live["HttpAuth"] | {key: "by hand"}}
    _, trigger, *option = name.split(".")
    theirs, options = TRIGGERS[trigger]
    key = options[option[0]] if option else "Enabled"
    return {"Triggers": {theirs: {key: not live["Triggers"][theirs][key]}}}


def can_be_changed(resource: Resource, config: Config) -> bool:
    """Whether a hand could change anything that is declared of it."""
    kind, name = resource.address.parts[1], resource.address.name
    if resource.absent:
        # A webhook cannot be made on a stream that is not there.
        return kind != "webhooks" or not any(
            config.desired[need].absent for need in resource.needs if need in config.desired
        )
    names = set(resource.attributes) - FIXED - ({"archived"} if name in PERMANENT else set())
    if name == "inbound":
        names.discard("unsubscribe_handling")
    return bool(names) or kind in {"domains", "senders", "webhooks"}


@LAW
@given(declared(), st.data())
def test_one_change_by_hand_is_exactly_that_change(provider: Json, data: st.DataObject) -> None:
    config = config_of(provider)
    candidates = [
        config.desired[address]
        for address in sorted(config.desired)
        if can_be_changed(config.desired[address], config)
    ]
    if not candidates:
        return
    account = account_with({})
    applied(account, config)
    chosen = data.draw(st.lists(st.sampled_from(candidates), min_size=1, max_size=8), label="which")
    for resource in chosen:
        expected = Hand(account, data).change(resource)
        assert planned(account, config) == ([expected] if expected else [])
        applied(account, config)
        assert addresses(account.plan(config)) == []
        assert wrong(account, provider) == []


def planned(account: Account, config: Config) -> list[Change]:
    return [
        (
            each.action,
            each.subject.address,
            tuple(f.name for f in each.fields) if each.action == "update" else (),
        )
        for each in account.plan(config).changes
    ]


@LAW
@given(made(), st.sampled_from(["letters", "alerts", "outbound", "broadcast"]), TEXTS)
def test_a_stream_of_another_type_is_refused_and_the_rest_can_be_applied(
    live: Json, name: str, other: str
) -> None:
    account = account_with(live)
    wrong = "transactional" if STREAMS[name] == "broadcasts" else "broadcasts"
    provider = {
        "service": "postmark",
        "token": {"env": "A"},
        "settings": {"name": other},
        "streams": {name: {"type": wrong, "name": other}},
    }
    config = config_of(provider)
    plan = account.plan(config)
    is_there = name in BUILT_IN or name in live.get("streams", {})
    assert [each.name for each in plan.refusals] == (["type"] if is_there else [])
    assert f"t/streams/{name}" not in [
        str(each.subject.address) for each in plan.changes if is_there
    ]
    applied(account, config)
    again = account.plan(config)
    assert addresses(again) == []
    assert [each.name for each in again.refusals] == (["type"] if is_there else [])


@LAW
@given(made())
def test_a_live_server_declared_as_a_sandbox_is_refused_and_nothing_is_sent(live: Json) -> None:
    account = account_with(live)
    config = yaml(
        "t: {service: postmark, token: {env: A}, settings: {delivery_type: sandbox, smtp: true}}"
    )
    plan = account.plan(config)
    assert [each.name for each in plan.refusals] == ["settings.delivery_type"]
    assert addresses(plan) == []
    assert account.apply(config) == []
    assert writes(account) == []


def test_auth_declared_for_a_webhook_that_has_none_is_set() -> None:
    account = account_with({"webhooks": {("outbound", URLS[0]): {}}})
    auth = {"username": "u", "password": {"env": "P"}}
    provider = {
        "service": "postmark",
        "token": {"env": "A"},
        "webhooks": [{"url": URLS[0], "stream": "outbound", "auth": auth}],
    }
    config = config_of(provider)
    (change,) = account.plan(config).changes
    assert [each.name for each in change.fields] == ["auth.password", "auth.username"]
    applied(account, config)
    assert wrong(account, provider) == []
    assert addresses(account.plan(config)) == []
