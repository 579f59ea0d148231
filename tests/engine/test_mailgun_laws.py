"""Laws of plan and apply, over random Mailgun configurations and accounts, in both regions."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from itertools import cycle
from math import ceil
from random import Random
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from account import Account, addresses, yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
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

from reconciler.config import load_schema
from reconciler.engine.attempt import Outcome
from reconciler.engine.plandocument import as_json, plan_as_document
from reconciler.model import UNSETTLED, Address, Config
from reconciler.providers.api import Reader
from reconciler.providers.mailgun import Mailgun
from reconciler.providers.mailgun.events import EVENTS
from reconciler.providers.urls import shown_url

pytestmark = PATIENCE
FEW, SOME = settings(LAW, max_examples=3), settings(LAW, max_examples=8)
REGIONS = st.sampled_from(["us", "eu"])
FLAGS = st.booleans()
NO = st.sampled_from([False])
TEXTS = st.text("abc XYZäß€😀'\"\\:#&%{}[]<>-_./,@!?|*+=\n", min_size=1, max_size=12).filter(
    str.strip
)
HOOKS = "https://hooks.example.com"
URLS = [f"{HOOKS}/a", f"{HOOKS}/B?x=1&y=%20,z", "http://h.test:8080"]
DOMAIN, OTHER, CHILD = "a.example.net", "B.Example.org", "sub.a.example.net"
NEW, GONE = "new.example.com", "old.example.com"


@pytest.fixture(scope="module", autouse=True)
def quick_keys() -> Iterator[None]:
    """Take keys from a small stock: they are slow to make, and any will do."""
    make = rsa.generate_private_key
    stock = {bits: cycle([make(65537, bits) for _ in range(4)]) for bits in (1024, 2048)}

    def from_stock(public_exponent: int, key_size: int) -> rsa.RSAPrivateKey:  # noqa: ARG001
        return next(stock[key_size])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", from_stock)
        yield


# What the YAML may say: a table for each object of the schema.

Table = dict[str, st.SearchStrategy[Any]]
OPENS: Table = {"active": FLAGS, "place_at_the_top": FLAGS}
UNSUBSCRIBE: Table = {"active": FLAGS, "html_footer": TEXTS, "text_footer": TEXTS}
TRACKING: Table = {
    "opens": FLAGS | each_of(OPENS),
    "clicks": FLAGS | st.just("html_only"),
    "unsubscribe": FLAGS | each_of(UNSUBSCRIBE),
    "dkim_signing": FLAGS,
}
URL_SETS = st.lists(st.sampled_from(URLS), unique=True)
MODES = st.sampled_from(["exact", "additive"])
WEBHOOKS: Table = {"mode": MODES, **dict.fromkeys(EVENTS, URL_SETS)}
DKIM: Table = {"selector": st.sampled_from(["s1", "S2", "smtp", "k-1"])}
LISTED: Table = {
    "spam_action": st.sampled_from(["disabled", "tag", "block"]),
    "wildcard": FLAGS,
    "web_scheme": st.sampled_from(["http", "https"]),
    "web_prefix": st.sampled_from(["email", "click", "t-1"]),
    "require_tls": FLAGS,
    "skip_verification": FLAGS,
    "message_ttl": st.integers(0, 9999),
    "archive_to": st.sampled_from(["https://archive.example.com/in", "http://a.test/?a=1&b=2"]),
    "use_automatic_sender_security": FLAGS,
}
READ_ALONE: Table = {
    "mailfrom_host": st.sampled_from(["b.example.net", "Bounce.Example.net"]),
    "force_dkim_authority": FLAGS,
}
FIXED: Table = {
    "encrypt_incoming_message": FLAGS,
    "dkim_key_size": st.sampled_from([1024, 2048]),
}
SENT: Table = {
    "force_root_dkim_host": FLAGS,
    "dkim_host_name": st.just(f"keys.{DOMAIN}"),
    "ips": st.lists(st.sampled_from(["192.0.2.1", "2001:db8::1"]), min_size=1, unique=True),
    "pool_id": st.sampled_from(["p1", "60140bc1fee3e84dec5abeeb"]),
    "smtp_password": st.just({"env": "P"}),
}
SETTINGS = LISTED | READ_ALONE | FIXED | SENT
BELOW: Table = {
    "tracking": each_of(TRACKING),
    "webhooks": each_of(WEBHOOKS),
    "dkim": each_of(DKIM),
}
DOMAIN_TABLE: Table = {"ensure": PRESENT} | SETTINGS | BELOW
EVENT_SETS = st.lists(st.sampled_from(EVENTS), min_size=1, unique=True)
ACCOUNT_WEBHOOK: Table = {
    "ensure": PRESENT,
    "events": EVENT_SETS,
    "description": TEXTS | st.just(""),
}
PROVIDER: Table = {"tracking": each_of(TRACKING), "webhooks": each_of(WEBHOOKS)}
DECLARED_ACCOUNT_WEBHOOK = or_absent(
    with_all(
        {"events": ACCOUNT_WEBHOOK["events"]},
        {key: ACCOUNT_WEBHOOK[key] for key in ("ensure", "description")},
    )
)


def test_no_key_of_the_schema_is_left_out() -> None:
    of_the_application = {"domain", "sender", "advanced", "profile"}
    drawn = {
        "": {"service", "token", "region", "domains", "account_webhooks"} | set(PROVIDER),
        "/domain": set(DOMAIN_TABLE),
        "/domain/dkim": set(DKIM),
        "/tracking": set(TRACKING),
        "/tracking/opens": set(OPENS),
        "/tracking/unsubscribe": set(UNSUBSCRIBE),
        "/webhooks": set(WEBHOOKS),
        "/accountWebhook": {"url"} | set(ACCOUNT_WEBHOOK),
    }
    found = dict(objects_of(load_schema("mailgun.schema.json"), ""))
    assert found.pop("/advanced")
    found[""] -= of_the_application
    assert found == drawn


def objects_of(schema: Json, path: str) -> Iterator[tuple[str, set[str]]]:
    """Yield the keys of each object of a schema."""
    if "properties" in schema:
        yield path, set(schema["properties"])
    for below in ("properties", "$defs"):
        for name, child in schema.get(below, {}).items():
            yield from objects_of(child, f"{path}/{name}")


@st.composite
def declared_domain(draw: st.DrawFn, name: str, *, may_be_there: bool = True) -> Json:
    name = name.lower()
    hosts = [name, f"keys.{name}", name.partition(".")[2]]
    table = DOMAIN_TABLE | {"dkim_host_name": st.sampled_from(hosts)}
    if may_be_there:
        # As it is in a domain that was made by hand: another value would be refused.
        table |= {"encrypt_incoming_message": NO, "dkim_key_size": st.just(1024)}
    return without_conflicts(draw(each_of(table)))


def without_conflicts(domain: Json) -> Json:
    """Leave out what cannot stand beside a forced host."""
    if domain.get("force_dkim_authority") or domain.get("force_root_dkim_host"):
        domain.pop("dkim_host_name", None)
    return domain


@st.composite
def declared(draw: st.DrawFn, region: str, live: Json) -> Json:
    """Draw a provider that is valid."""
    domains = {name: declared_domain(name) for name in (DOMAIN, OTHER)}
    domains[NEW] = declared_domain(NEW, may_be_there=False)
    if DOMAIN in live.get("domains", {}):
        # Of two new ones it is not said which is there first, to sign for the other.
        domains[CHILD] = declared_domain(CHILD)
    domains[GONE] = st.just({"ensure": "absent"})
    webhooks: Json = draw(each_of(dict.fromkeys(URLS, DECLARED_ACCOUNT_WEBHOOK)))
    return {
        **provider(region),
        **draw(each_of(PROVIDER)),
        "domains": draw(each_of(domains)),
        "account_webhooks": [{"url": url, **each} for url, each in webhooks.items()],
    }


def provider(region: str) -> Json:
    return {"service": "mailgun", "token": {"env": "A"}, "region": region}


def config_of(content: Json) -> Config:
    return yaml("t: " + json.dumps(content, ensure_ascii=False), P="pass-1")


# What people may have made by hand.

WORDS = st.sampled_from(["yes", "no", "true", "false"])
MADE_SETTINGS = each_of(
    LISTED
    | {"mailfrom_host": st.just("old.example.net")}
    | {name: WORDS for name, values in LISTED.items() if values is FLAGS}
)
MADE_TRACKING = each_of(
    {
        "open": each_of({"active": WORDS, "place_at_the_top": WORDS}),
        "click": each_of({"active": WORDS | st.just("htmlonly")}),
        "unsubscribe": each_of({"active": WORDS, "html_footer": TEXTS, "text_footer": TEXTS}),
    }
)
MADE_WEBHOOKS = each_of(
    dict.fromkeys(EVENTS, st.lists(st.sampled_from(URLS), unique=True, min_size=1))
)
MADE_ACCOUNT_WEBHOOK = with_all({"event_types": EVENT_SETS}, {"description": TEXTS})


def made_domain(name: str) -> st.SearchStrategy[Json]:
    # What a domain that another one signs for does with keys of its own, nothing tells.
    keys = {} if name == CHILD else {"s1": FLAGS, "x9": FLAGS, "smtp": FLAGS}
    created = {"dkim_selector": DKIM["selector"], "use_automatic_sender_security": WORDS}
    return st.fixed_dictionaries(
        {
            "created": each_of(created | {"force_dkim_authority": WORDS})
            | each_of(created | {"dkim_host_name": st.just(f"keys.{name}")}),
            "settings": MADE_SETTINGS,
            "tracking": MADE_TRACKING,
            "webhooks": MADE_WEBHOOKS,
            "keys": each_of(keys),
        }
    )


@st.composite
def made(draw: st.DrawFn) -> Json:
    """Draw an account; often a new one."""
    spelled_out, published = draw(FLAGS), draw(FLAGS)
    found: Json = {"htmlonly_text": spelled_out, "published": published}
    if draw(st.integers(0, 4)) == 0:
        return found
    names = [name.lower() for name in (DOMAIN, OTHER, CHILD, GONE)]
    domains: Json = draw(each_of({name: made_domain(name) for name in names}))
    if DOMAIN not in domains:
        domains.pop(CHILD, None)
    webhooks = draw(each_of(dict.fromkeys(URLS, MADE_ACCOUNT_WEBHOOK)))
    return found | {"domains": domains, "account_webhooks": webhooks}


class Hand:
    """Somebody at the service's own controls."""

    def __init__(self, account: Account, region: str) -> None:
        self._account = account
        self._site = f"mailgun_{region}"

    def __call__(self, method: str, path: str, /, **form: Any) -> Any:
        content = {"data": form} if form else {}
        return self._account.by_hand(self._site, method, path, **content)

    def make(self, name: str, made: Json) -> None:
        self("POST", "/v4/domains", name=name, **made.get("created", {}))
        if made.get("settings"):
            self("PUT", f"/v4/domains/{name}", **made["settings"])
        for section, form in made.get("tracking", {}).items():
            self("PUT", f"/v3/domains/{name}/tracking/{section}", **form)
        for event, urls in made.get("webhooks", {}).items():
            self.set_webhook(name, event, urls)
        self._make_keys(name, made.get("keys", {}))
        self("PUT", f"/v4/domains/{name}/verify")

    def set_webhook(self, name: str, event: str, urls: list[str]) -> None:
        path = f"/v3/domains/{name}/webhooks"
        if event in self("GET", path)["webhooks"]:
            self("DELETE", f"{path}/{event}")
        if urls:
            self("POST", path, id=event, url=urls)

    def delete_account_webhook(self, url: str) -> None:
        for each in self("GET", "/v1/webhooks")["webhooks"]:
            if each["url"] == url:
                self("DELETE", f"/v1/webhooks/{each['webhook_id']}")

    def _make_keys(self, name: str, keys: Mapping[str, bool]) -> None:
        path = f"/v4/domains/{name}/keys"
        there = {each["selector"] for each in self("GET", path)["items"]}
        for selector, is_active in keys.items():
            if selector not in there:
                self("POST", "/v1/dkim/keys", signing_domain=name, selector=selector)
            self("PUT", f"{path}/{selector}/{'' if is_active else 'de'}activate")


def account_with(live: Json, region: str) -> Account:
    account = Account()
    account.sandbox.world.settings.update(
        mailgun_verify_window=0,
        mailgun_x509_delay=0,
        mailgun_htmlonly_text=live.get("htmlonly_text", False),
    )
    for name in ("net", "org", "com") if live.get("published") else ():
        account.sandbox.world.publish(f"example.{name}", published=True)
    hand = Hand(account, region)
    for name, each in live.get("domains", {}).items():
        hand.make(name, each)
    for url, each in live.get("account_webhooks", {}).items():
        hand("POST", "/v1/webhooks", url=url, **each)
    account.forget_requests()
    return account


def applied(account: Account, config: Config) -> None:
    failed = [each.reason for each in account.apply(config) if each.outcome is not Outcome.APPLIED]
    assert failed == []


def writes(account: Account, region: str) -> list[str]:
    requests = account.requests(f"mailgun_{region}")
    return [each for each in requests if not each.startswith("GET ")]


# What there is and what the YAML says, by domain (or URL) and key, without our field tables.

Facts = dict[tuple[str, str], Any]
SECTIONS = {
    "tracking.opens": ("open", "active"),
    "tracking.opens.place_at_the_top": ("open", "place_at_the_top"),
    "tracking.clicks": ("click", "active"),
    "tracking.unsubscribe": ("unsubscribe", "active"),
    "tracking.unsubscribe.html_footer": ("unsubscribe", "html_footer"),
    "tracking.unsubscribe.text_footer": ("unsubscribe", "text_footer"),
}
TELLS = "mailgun_htmlonly_text"
PUBLISHED = "is published"
KEYS = {"force_dkim_authority", "dkim_key_size", "dkim.selector", "tracking.dkim_signing"}
FOLLOWING = KEYS | {"certificate"}
"""What is not always told, and what DNS and other settings change as well."""


def state_of(account: Account, region: str) -> Json:
    state: Json = account.sandbox.world.mailgun["regions"][region]
    return state


def facts(account: Account, region: str) -> Facts:
    state, world = state_of(account, region), account.sandbox.world
    found: Facts = {
        ("", TELLS): world.settings[TELLS],
        ("", PUBLISHED): world.is_published(DOMAIN),
    }
    for name, entry in state["domains"].items():
        found[name, "is there"] = True
        host = f"{entry['domain']['web_prefix']}.{name}"
        found[name, "certificate"] = host in state["certificates"]
        found |= {(name, key): value for key, value in facts_of(name, entry)}
    for each in state["account_webhooks"].get("", {}).values():
        found[each["url"], "is there"] = True
        found[each["url"], "events"] = set(each["event_types"])
        found[each["url"], "description"] = each["description"]
    return deepcopy(found)


def facts_of(name: str, entry: Json) -> Iterator[tuple[str, Any]]:
    for key in (*LISTED, "encrypt_incoming_message"):
        yield key, entry["domain"].get(key, "")
    yield "mailfrom_host", entry["mailfrom_host"]
    if not entry["dkim_host"].endswith(f".{name}"):
        yield "force_dkim_authority", entry["authority"] == name
    for key, (section, field) in SECTIONS.items():
        yield key, entry["tracking"][section][field]
    for event in EVENTS:
        yield f"webhooks.{event}", set(entry["webhooks"].get(event, ()))
    if has_own_keys(name, entry):
        yield from facts_of_keys(entry["keys"])


def has_own_keys(name: str, entry: Json) -> bool:
    is_automatic: bool = entry["domain"]["use_automatic_sender_security"]
    return entry["authority"] == name and bool(entry["keys"]) and not is_automatic


def facts_of_keys(keys: list[Json]) -> Iterator[tuple[str, Any]]:
    """Yield what is certain: which of several keys is meant, only their activity can tell."""
    active = [key for key in keys if key["is_active"]]
    yield "tracking.dkim_signing", bool(active)
    selectors = [key["selector"] for key in active or keys]
    if len(selectors) == 1:
        yield "dkim.selector", selectors[0]
    sizes = {1024 if len(key["value"]) < 300 else 2048 for key in keys}
    if len(sizes) == 1:
        yield "dkim_key_size", sizes.pop()


def said(content: Json, before: Facts) -> Facts:
    found = Facts()
    for spelling, domain in content.get("domains", {}).items():
        name = spelling.lower()
        found[name, "is there"] = is_kept(domain) or None
        if is_kept(domain):
            found |= {(name, key): value for key, value in said_of(content, domain, name, before)}
    for each in content.get("account_webhooks", ()):
        found[each["url"], "is there"] = is_kept(each) or None
        if is_kept(each):
            found[each["url"], "events"] = set(each["events"])
        if "description" in each:
            found[each["url"], "description"] = each["description"]
    return found


def said_of(content: Json, domain: Json, name: str, before: Facts) -> Iterator[tuple[str, Any]]:
    for key, value in domain.items():
        if key in SETTINGS.keys() - SENT.keys() - {"force_dkim_authority"}:
            yield key, value.lower() if key == "mailfrom_host" else value
    if domain.get("force_dkim_authority"):
        yield "force_dkim_authority", True
    if domain.get("web_scheme") == "https" and before["", PUBLISHED]:
        yield "certificate", True
    tracking = dict(flat(content.get("tracking", {}))) | dict(flat(domain.get("tracking", {})))
    if "clicks" in tracking:
        was = before.get((name, "tracking.clicks"), False)
        tracking["clicks"] = clicks(wanted=tracking["clicks"], was=was, is_told=before["", TELLS])
    for key, value in tracking.items():
        yield f"tracking.{key}", value
    webhooks = content.get("webhooks", {}) | domain.get("webhooks", {})
    is_additive = webhooks.get("mode") == "additive"
    for event, urls in webhooks.items():
        if event != "mode":
            key = f"webhooks.{event}"
            yield key, set(urls) | (before.get((name, key), set()) if is_additive else set())
    if "selector" in domain.get("dkim", {}):
        yield "dkim.selector", domain["dkim"]["selector"].lower()


def clicks(*, wanted: bool | str, was: bool | str, is_told: bool) -> bool | str:
    """Return what clicks become: one kind of true is seen to be the other only if it is told."""
    theirs = "htmlonly" if wanted == "html_only" else wanted
    is_seen = bool(was) != bool(theirs) or (is_told and was == "htmlonly")
    return theirs if is_seen else was


def flat(tracking: Json) -> Iterator[tuple[str, Any]]:
    for key, value in tracking.items():
        for below, inner in value.items() if isinstance(value, dict) else [("active", value)]:
            yield (key if below == "active" else f"{key}.{below}"), inner


def wrong(account: Account, content: Json, before: Facts) -> list[tuple[Any, ...]]:
    """Return what is not as the YAML says."""
    now = facts(account, content["region"])
    return [
        (*place, wanted, now.get(place))
        for place, wanted in said(content, before).items()
        if not is_as_said(place[1], wanted, now.get(place))
    ]


def is_as_said(key: str, wanted: Any, now: Any) -> bool:
    if key in FOLLOWING and now is None:
        return True
    if key.endswith("_footer"):
        return bool(wanted.strip() == now.strip())
    return bool(wanted == now)


def left_alone(account: Account, content: Json, before: Facts) -> list[tuple[Any, ...]]:
    """Return what the YAML has no word for and is not as before."""
    now, named = facts(account, content["region"]), said(content, before)
    gone = {name for name, _ in named if named[name, "is there"] is None}
    return [
        (*place, value, now.get(place))
        for place, value in before.items()
        if place not in named
        and place[0] not in gone
        and place[1] not in FOLLOWING
        and now.get(place) != value
    ]


# The laws.


@LAW
@given(st.data(), made(), REGIONS)
def test_apply_applies_and_then_there_is_nothing_to_do(
    data: st.DataObject, live: Json, region: str
) -> None:
    content = data.draw(declared(region, live), label="provider")
    account, config = account_with(live, region), config_of(content)
    before, plan = facts(account, region), account.plan(config)
    if plan.refusals:
        # Which of several keys is to have a selector cannot be told.
        assert {each.name for each in plan.refusals} == {"selector"}
        for each in content["domains"].values():
            each.pop("dkim", None)
        config = config_of(content)
    applied(account, config)
    assert writes(account, "us" if region == "eu" else "eu") == []
    plan = account.plan(config)
    assert (addresses(plan), plan.refusals) == ([], ())
    assert wrong(account, content, before) == []
    assert left_alone(account, content, before) == []
    account.forget_requests()
    assert account.apply(config) == []
    assert writes(account, region) == []


def without_dkim(content: Json) -> Json:
    """Leave out what a verification changes by itself, when it finds the keys in DNS."""
    for each in (content, *content["domains"].values()):
        each.get("tracking", {}).pop("dkim_signing", None)
        each.pop("dkim", None)
    return content


class Shuffling(httpx.BaseTransport):
    """Answers with every list and every object in another order."""

    def __init__(self, inner: httpx.BaseTransport, seed: int) -> None:
        self._inner = inner
        self._random = Random(seed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        body = answer.json() if answer.content else None
        return httpx.Response(answer.status_code, json=self._shuffled(body), request=request)

    def _shuffled(self, value: Any) -> Any:
        if isinstance(value, dict):
            items = [(key, self._shuffled(each)) for key, each in value.items()]
            return dict(self._random.sample(items, len(items)))
        if isinstance(value, list):
            return self._random.sample([self._shuffled(each) for each in value], len(value))
        return value


@LAW
@given(st.data(), made(), REGIONS)
def test_a_plan_is_the_same_bytes_whatever_the_order_of_answers_and_the_threads(
    data: st.DataObject, live: Json, region: str
) -> None:
    content = data.draw(declared(region, live), label="provider")
    account, config = account_with(live, region), config_of(content)
    inner, documents = account.transport, set()
    for seed, connections in ((0, 1), (1, 8), (2, 8)):
        account.transport = Shuffling(inner, seed) if seed else inner
        for prune in (False, True):
            plan = account.plan(config, connections=connections, prune=prune)
            documents.add((prune, as_json(plan_as_document(plan))))
    turned = account.plan(config_of(reordered(content)), connections=8)
    documents.add((False, as_json(located_as(turned, account.plan(config)))))
    assert len(documents) == 2


# Key by key: what is said is what is read, and a change by hand is exactly that change.

LEAVES: Table = {
    **SETTINGS,
    "tracking.opens.active": OPENS["active"],
    "tracking.opens.place_at_the_top": OPENS["place_at_the_top"],
    "tracking.clicks": TRACKING["clicks"],
    **{f"tracking.unsubscribe.{key}": values for key, values in UNSUBSCRIBE.items()},
    "tracking.dkim_signing": TRACKING["dkim_signing"],
    "dkim.selector": DKIM["selector"],
    **{f"webhooks.{event}": URL_SETS for event in EVENTS},
    "account_webhooks.events": EVENT_SETS,
    "account_webhooks.description": ACCOUNT_WEBHOOK["description"],
}
CERTIFICATE = ("certificate", "requested")
IMPLIED = {
    ("domains", "dkim.selector"),
    ("webhooks", "mode"),
    ("dkim", "keys_are_kept"),
    ("dkim", "keys_are_hosted"),
}


def field_of(leaf: str) -> tuple[str, str]:
    """Return the kind and the field that a key of the YAML stands for."""
    kind, _, field = leaf.removesuffix(".active").partition(".")
    if leaf == "tracking.dkim_signing":
        return "dkim", "signing"
    return (kind, field) if field else ("domains", leaf)


def test_no_field_of_a_kind_is_left_out() -> None:
    fields = {(kind.name, field.ours) for kind in Mailgun.kinds for field in kind.fields}
    assert {field_of(leaf) for leaf in LEAVES} | {CERTIFICATE} | IMPLIED == fields


def put(
    content: Json, leaf: str, value: Any, name: str = DOMAIN, *, everywhere: bool = False
) -> Json:
    """Say one thing more, of a domain or of all domains."""
    if leaf.startswith("account_webhooks."):
        webhook = {"url": URLS[0], "events": ["opened"]} | {field_of(leaf)[1]: value}
        content["account_webhooks"] = [webhook]
        return content
    *path, last = leaf.split(".")
    is_wide = everywhere and bool(PROVIDER.keys() & {*path})
    place = content if is_wide else content["domains"][name]
    for key in path:
        known = place.get(key, {})
        place[key] = known if isinstance(known, dict) else {"active": known}
        place = place[key]
    place[last] = value
    return content


def test_what_is_put_is_what_is_said() -> None:
    """A false friend of a test would say nothing, and find all of it."""
    content = put(provider("us") | {"domains": {DOMAIN: {}}}, "tracking.opens.active", value=True)
    assert said(content, {})[DOMAIN, "tracking.opens"] is True


class Noting(httpx.BaseTransport):
    """Keeps the form of the domain that was created."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.form: dict[str, str] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if (request.method, request.url.path) == ("POST", "/v4/domains"):
            self.form = {key: each[0] for key, each in parse_qs(request.read().decode()).items()}
        return self._inner.handle_request(request)


@pytest.mark.parametrize("leaf", LEAVES)
@FEW
@given(st.data(), REGIONS)
def test_what_is_said_is_what_is_read(leaf: str, data: st.DataObject, region: str) -> None:
    account = account_with({"htmlonly_text": data.draw(FLAGS)}, region)
    if data.draw(FLAGS, label="below another domain"):
        Hand(account, region).make("example.net", {})
    account.transport = noting = Noting(account.transport)
    for _ in range(1 if leaf in FIXED.keys() | SENT.keys() else 2):
        value, everywhere = data.draw(LEAVES[leaf], label="value"), data.draw(FLAGS)
        content = provider(region) | {"domains": {DOMAIN: {}}}
        config = config_of(put(content, leaf, value, everywhere=everywhere))
        before = facts(account, region)
        applied(account, config)
        assert addresses(account.plan(config)) == []
        assert wrong(account, content, before) == []
        assert unlike(account, config) == []
    if leaf in SENT:
        assert noting.form[leaf] == as_sent(value)


def as_sent(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "pass-1" if isinstance(value, dict) else str(value).lower()


def unlike(account: Account, config: Config) -> list[tuple[Any, ...]]:
    """Return each field that is read otherwise than it was desired."""
    found = []
    with account.sessions(config, Reader) as sessions:
        for desired in config.desired.values():
            live = desired.kind.read(sessions["t"], desired)
            assert live
            met = desired.kind.meet(desired, live)
            for name in desired.attributes.keys() & live.attributes.keys():
                pair = desired.attributes[name], live.attributes[name]
                if name in met.attributes and not desired.kind.fields.same(name, *pair):
                    found.append((desired.address, name, *pair))
    return found


class Meddler(Hand):
    """Changes one thing that the YAML names, and says whether that can be seen.

    `wanted` are the attributes of the resource that it belongs to.
    """

    def __init__(self, account: Account, region: str, draw: st.DataObject) -> None:
        super().__init__(account, region)
        self._state = state_of(account, region)
        self._draw = draw

    def change(self, kind: str, field: str, wanted: Mapping[str, Any]) -> bool:
        if (kind, field) in UNCHANGEABLE:
            return False
        changed: bool = getattr(self, f"_change_{kind}")(field, wanted)
        return changed

    def _other(self, values: st.SearchStrategy[Any], than: Any) -> Any:
        return self._draw.draw(values.filter(lambda value: value != than), label="by hand")

    def _change_domains(self, field: str, wanted: Mapping[str, Any]) -> bool:
        if field == "force_dkim_authority":
            self("POST", "/v4/domains", name="example.net")
            self("PUT", f"/v3/domains/{DOMAIN}/dkim_authority", self="no")
            return bool(wanted[field])
        values = SETTINGS[field].filter(
            lambda value: (shown_url(value) if field == "archive_to" else value) != wanted[field]
        )
        new = self._draw.draw(values, label="by hand")
        self("PUT", f"/v4/domains/{DOMAIN}", **{field: new})
        return True

    def _change_tracking(self, field: str, wanted: Mapping[str, Any]) -> bool:
        section, key = SECTIONS[f"tracking.{field}"]
        was, new = wanted[field], self._other_tracking(field, wanted[field])
        self("PUT", f"/v3/domains/{DOMAIN}/tracking/{section}", **{key: new})
        if field == "clicks":
            told = self._account.sandbox.world.settings[TELLS]
            return bool(clicks(wanted=was, was=new, is_told=told) != new)
        return str(was).strip() != str(new).strip()

    def _other_tracking(self, field: str, was: Any) -> Any:
        if field == "clicks":
            return self._draw.draw(FLAGS | st.just("htmlonly"), label="by hand")
        return not was if was in {True, False} else self._other(TEXTS | st.just(f"\n{was} "), was)

    def _change_dkim(self, field: str, wanted: Mapping[str, Any]) -> bool:
        (key,) = self("GET", f"/v4/domains/{DOMAIN}/keys")["items"]
        if field == "signing":
            word = "deactivate" if wanted[field] else "activate"
            self("PUT", f"/v4/domains/{DOMAIN}/keys/{key['selector']}/{word}")
        else:
            self("PUT", f"/v3/domains/{DOMAIN}/dkim_selector", dkim_selector="by-hand")
        return True

    def _change_webhooks(self, field: str, wanted: Mapping[str, Any]) -> bool:
        was = set(wanted[field])
        urls = URL_SETS.filter(lambda urls: {shown_url(url) for url in urls} != was)
        new = self._draw.draw(urls, label="by hand")
        self.set_webhook(DOMAIN, field, new)
        is_kept = was <= {shown_url(url) for url in new}
        return not (is_kept and wanted.get("mode") == "additive")

    def _change_certificate(self, field: str, wanted: Mapping[str, Any]) -> bool:
        """Nobody can take one away; but time goes by."""
        for certificate in self._state["certificates"].values():
            certificate["expires_at"] = 0
        return wanted[field] is True

    def _change_account_webhooks(self, field: str, wanted: Mapping[str, Any]) -> bool:
        (live,) = self("GET", "/v1/webhooks")["webhooks"]
        theirs = {"events": "event_types"}.get(field, field)
        new = self._other(EVENT_SETS.map(sorted) if field == "events" else TEXTS, wanted[field])
        form = {key: live[key] for key in ("url", "event_types", "description")} | {theirs: new}
        self("PUT", f"/v1/webhooks/{live['webhook_id']}", **form)
        return True


UNCHANGEABLE = {("domains", key) for key in FIXED}
CHANGEABLE = sorted({field_of(leaf) for leaf in LEAVES.keys() - SENT.keys()} | {CERTIFICATE})


@pytest.mark.parametrize(("kind", "field"), CHANGEABLE)
@FEW
@given(st.data(), REGIONS)
def test_a_change_by_hand_is_exactly_that_change(
    kind: str, field: str, data: st.DataObject, region: str
) -> None:
    content = data.draw(naming(kind, field, region), label="provider")
    told = {"published": kind == "certificate", "htmlonly_text": data.draw(FLAGS)}
    account, config = account_with(told, region), config_of(content)
    applied(account, config)
    (wanted,) = [each for each in config.desired.values() if each.kind.name == kind]
    is_seen = Meddler(account, region, data).change(kind, field, wanted.attributes)
    before, changes = facts(account, region), account.plan(config).changes
    found = [(each.subject.address, known_fields(each)) for each in changes if known_fields(each)]
    assert found == ([(wanted.address, [field])] if is_seen else [])
    applied(account, config)
    assert addresses(account.plan(config)) == []
    assert wrong(account, content, before) == []


def known_fields(change: Any) -> list[str]:
    """Return the fields that differ; what only a change decides is planned together with it."""
    return [each.name for each in change.fields if each.before != UNSETTLED]


@st.composite
def naming(draw: st.DrawFn, kind: str, field: str, region: str) -> Json:
    """Draw a provider of one domain that names the field, among others."""
    domain = draw(declared_domain(DOMAIN, may_be_there=False))
    content = {**provider(region), **draw(each_of(PROVIDER)), "domains": {DOMAIN: domain}}
    if (kind, field) == CERTIFICATE:
        domain["web_scheme"] = "https"
    else:
        (leaf,) = [leaf for leaf in LEAVES if field_of(leaf) == (kind, field)]
        put(content, leaf, draw(LEAVES[leaf]), everywhere=draw(FLAGS))
    if field == "force_dkim_authority":  # which another host would hide
        domain.pop("force_root_dkim_host", None)
    without_conflicts(domain)
    if kind == "certificate" or field in {"use_automatic_sender_security", "force_dkim_authority"}:
        without_dkim(content)
    if kind == "dkim":
        domain.pop("use_automatic_sender_security", None)
    return content


@SOME
@given(st.data(), REGIONS)
def test_what_was_deleted_by_hand_is_made_again_and_what_came_back_is_deleted(
    data: st.DataObject, region: str
) -> None:
    content = data.draw(declared(region, {}), label="provider")
    account, config = account_with({}, region), config_of(content)
    hand, expected = Hand(account, region), set()
    before = facts(account, region)
    applied(account, config)
    for address, resource in config.desired.items():
        if resource.parent is None and data.draw(FLAGS, label=str(address)):
            turned_around(hand, address, is_absent=resource.absent)
            expected.add(f"{'delete' if resource.absent else 'create'} {address}")
    below = {f"create {each}" for each, resource in config.desired.items() if resource.parent}
    plan = account.plan(config)
    assert {each for each in addresses(plan) if each not in below} == expected
    applied(account, config)
    assert addresses(account.plan(config)) == []
    assert wrong(account, content, before) == []


def turned_around(hand: Hand, address: Address, *, is_absent: bool) -> None:
    _, kind, name = address.parts
    url = next((url for url in URLS if shown_url(url) == name), name)
    if kind == "domains" and is_absent:
        hand("POST", "/v4/domains", name=name)
    elif kind == "domains":
        hand("DELETE", f"/v3/domains/{name}")
    elif is_absent:
        hand("POST", "/v1/webhooks", url=url, event_types="opened")
    else:
        hand.delete_account_webhook(url)


@SOME
@given(st.data(), REGIONS)
def test_what_is_fixed_at_creation_is_refused_and_the_rest_is_applied(
    data: st.DataObject, region: str
) -> None:
    content = data.draw(declared(region, {}), label="provider")
    content["domains"][DOMAIN] = data.draw(declared_domain(DOMAIN), label="domain")
    content["domains"][DOMAIN] |= {"dkim_key_size": 2048, "encrypt_incoming_message": True}
    content["domains"][DOMAIN] |= {"use_automatic_sender_security": False}
    config = config_of(content)
    account = account_with({"domains": {DOMAIN: {}}}, region)
    for _ in range(2):
        plan = account.plan(config)
        refused = {(each.address.name, each.name) for each in plan.refusals}
        assert refused == {(DOMAIN, "dkim_key_size"), (DOMAIN, "encrypt_incoming_message")}
        assert f"update t/domains/{DOMAIN}" not in addresses(plan)
        applied(account, config)
    assert addresses(plan) == []
    assert f"PUT /v4/domains/{DOMAIN}" not in account.requests(f"mailgun_{region}")


# What a look costs.


def cost(content: Json, domain: Json) -> int:
    """Return the calls for one domain: one for each thing that is named below it.

    One more is for its records, since it was never verified.
    """
    both = (content, domain)
    tracking = {key for each in both for key, _ in flat(each.get("tracking", {}))}
    webhooks = {key for each in both for key in each.get("webhooks", {})} - {"mode"}
    calls = [
        tracking - {"dkim_signing"},
        webhooks,
        "dkim_signing" in tracking or domain.get("dkim"),
    ]
    certificate = 2 if domain.get("web_scheme") == "https" else 0
    return 1 + sum(map(bool, calls)) + certificate


@SOME
@given(st.data(), st.sampled_from([0, 994, 995, 996, 2000]), REGIONS)
def test_a_plan_without_changes_asks_once_for_each_thing_that_is_named(
    data: st.DataObject, more: int, region: str
) -> None:
    content = data.draw(declared(region, {}), label="provider")
    content["domains"].pop(GONE, None)
    account, config = account_with({}, region), config_of(content)
    applied(account, config)
    crowd(state_of(account, region)["domains"], more)
    account.forget_requests()
    assert addresses(account.plan(config)) == []
    pages = ceil(len(state_of(account, region)["domains"]) / 1000)
    each = [cost(content, domain) for domain in content["domains"].values()]
    assert len(account.requests(f"mailgun_{region}")) == pages + sum(each) + 1


@SOME
@given(st.data(), st.sampled_from([0, 994, 995, 996, 2000]), REGIONS)
def test_tracking_and_webhooks_of_all_domains_cost_a_list_and_two_calls_a_domain(
    data: st.DataObject, more: int, region: str
) -> None:
    names = data.draw(st.lists(st.sampled_from([DOMAIN, OTHER, NEW, GONE]), unique=True))
    of_list = {key: values for key, values in LISTED.items() if key != "web_scheme"}
    content = provider(region) | {
        "tracking": {"clicks": True},
        "webhooks": {"opened": URLS},
        "domains": {name: data.draw(each_of(of_list), label=name) for name in names},
    }
    account, config = account_with({"published": True}, region), config_of(content)
    applied(account, config)
    domains = state_of(account, region)["domains"]
    crowd(domains, more)
    account.forget_requests()
    assert addresses(account.plan(config)) == []
    assert len(account.requests(f"mailgun_{region}")) == ceil(len(domains) / 1000) + 2 * len(names)


def crowd(domains: Json, more: int) -> None:
    """Put many domains beside those that there are."""
    (entry, *_) = domains.values()
    for number in range(more):
        name = f"d{number}.example.edu"
        domains[name] = entry | {"domain": entry["domain"] | {"name": name}, "authority": name}


# What the laws found, by its smallest example.


def single(**domain: Any) -> Config:
    return config_of(provider("us") | {"domains": {DOMAIN: domain}})


def changed(account: Account, config: Config) -> list[tuple[str, list[str]]]:
    plan = account.plan(config)
    return [(each.subject.kind.name, [f.name for f in each.fields]) for each in plan.changes]


@pytest.mark.parametrize("section", ["opens", "unsubscribe"])
def test_an_empty_section_of_tracking_names_nothing(section: str) -> None:
    account, config = account_with({}, "us"), single(tracking={section: {}, "clicks": True})
    applied(account, config)
    assert changed(account, config) == []


def account_with_keys(**keys: bool) -> Account:
    created = {"dkim_selector": next(iter(keys))}
    return account_with({"domains": {DOMAIN: {"created": created, "keys": keys}}}, "us")


def active_keys(account: Account) -> list[str]:
    keys = state_of(account, "us")["domains"][DOMAIN]["keys"]
    return [key["selector"] for key in keys if key["is_active"]]


def test_of_several_keys_the_one_that_is_named_signs_then() -> None:
    account = account_with_keys(k1=False, k2=False)
    config = single(tracking={"dkim_signing": True}, dkim={"selector": "K2"})
    assert changed(account, config) == [("dkim", ["selector", "signing"])]
    applied(account, config)
    assert active_keys(account) == ["k2"]
    assert changed(account, config) == []


@pytest.mark.parametrize("signing", [{}, {"dkim_signing": True}, {"dkim_signing": False}])
@pytest.mark.parametrize("are_active", [True, False])
def test_which_of_several_keys_is_to_be_renamed_is_not_guessed(
    signing: Json,
    are_active: bool,  # noqa: FBT001
) -> None:
    account = account_with_keys(k1=are_active, k2=are_active)
    plan = account.plan(single(tracking=signing, dkim={"selector": "zzz"}))
    (refusal,) = plan.refusals
    assert (refusal.name, plan.changes) == ("selector", ())
    assert "which of the keys k1, k2 would become `zzz` cannot be told" in refusal.reason
    assert not any("not reported" in note.text for note in plan.notes)


def test_a_plan_of_nothing_but_the_keys_tells_the_record_to_publish() -> None:
    account, config = account_with_keys(k1=True, s1=False), single(dkim={"selector": "s1"})
    plan = account.plan(config, only=[f"t/domains/{DOMAIN}/dkim"])
    assert f"publish s1._domainkey.{DOMAIN} TXT k=rsa; p=" in "".join(n.text for n in plan.notes)


def test_a_key_that_has_the_selector_takes_over_from_the_one_that_signs() -> None:
    account, config = account_with_keys(k1=True, s1=False), single(dkim={"selector": "s1"})
    plan = account.plan(config)
    assert addresses(plan) == [f"update t/domains/{DOMAIN}/dkim"]
    dkim = [note for note in plan.notes if note.address.name == "dkim"]
    texts = "\n".join(note.text for note in dkim)
    assert texts.count(f" s1._domainkey.{DOMAIN} TXT k=rsa; p=") == 1
    assert "Mailgun may refuse to activate the key s1 until it finds its record" in texts
    applied(account, config)
    assert active_keys(account) == ["s1"]
    assert changed(account, config) == []


def test_an_authority_is_compared_beside_a_dkim_host_that_is_not_forced() -> None:
    account = account_with({"domains": {"example.net": {}, DOMAIN: {}}}, "us")
    config = single(force_dkim_authority=True, force_root_dkim_host=False)
    assert changed(account, config) == [("domains", ["force_dkim_authority"])]
    applied(account, config)
    assert changed(account, config) == []


def test_an_authority_is_not_compared_where_the_key_stands_below_the_domain() -> None:
    created = {"dkim_host_name": f"keys.{DOMAIN}"}
    account = account_with({"domains": {DOMAIN: {"created": created}}}, "us")
    plan = account.plan(single(force_dkim_authority=True, dkim_key_size=2048))
    assert (plan.changes, plan.refusals) == ((), ())


def test_the_size_of_a_key_is_not_compared_where_mailgun_is_to_keep_the_keys() -> None:
    account = account_with({"domains": {DOMAIN: {}}}, "us")
    config = single(use_automatic_sender_security=True, dkim_key_size=2048)
    assert changed(account, config) == [("domains", ["use_automatic_sender_security"])]
    applied(account, config)
    assert changed(account, config) == []


def test_the_size_of_the_key_of_the_domain_above_is_not_compared() -> None:
    account, config = (
        account_with({"domains": {"example.net": {}}}, "us"),
        single(dkim_key_size=2048),
    )
    applied(account, config)
    plan = account.plan(config)
    assert (plan.changes, plan.refusals) == ((), ())
    (doubt,) = [note.text for note in plan.notes if note.field]
    assert doubt == (
        "`dkim_key_size` is not reported by the service and was not compared; look it up in the "
        "service's web console, or leave it out of the YAML"
    )


def test_an_authority_beside_another_dkim_host_is_sent_and_not_compared() -> None:
    account, config = (
        account_with({}, "us"),
        single(force_dkim_authority=True, force_root_dkim_host=True),
    )
    applied(account, config)
    assert changed(account, config) == []


def test_an_account_webhook_beyond_three_urls_of_an_event_is_refused_in_the_plan() -> None:
    live = {f"{HOOKS}/{name}": {"event_types": ["opened", "clicked"]} for name in "xyz"}
    account = account_with({"account_webhooks": live}, "us")
    webhooks = [
        {"url": f"{HOOKS}/x", "events": ["clicked"]},
        {"url": f"{HOOKS}/a", "events": ["opened"]},
        {"url": f"{HOOKS}/b", "events": ["clicked", "delivered"]},
    ]
    plan = account.plan(config_of(provider("us") | {"account_webhooks": webhooks}))
    (refusal,) = plan.refusals
    assert refusal.address.name == f"{HOOKS}/b"
    assert "`clicked` would have 4 URLs together with those that are there" in refusal.reason
    assert sorted(addresses(plan)) == [
        f"create t/account_webhooks/{HOOKS}/a",
        f"update t/account_webhooks/{HOOKS}/x",
    ]
