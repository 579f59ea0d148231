"""The law of plan and apply for every two things that are changed together, from many states.

What is sent is among what the plan shows, and once all is applied the next plan is empty; what
cannot be told is said beside the field.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations, cycle, islice
from random import Random
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from account import Account
from laws import PATIENCE, Json
from test_mailgun_laws import (
    DOMAIN,
    Hand,
    account_with,
    config_of,
    facts,
    provider,
    put,
    wrong,
)
from test_mailgun_laws import quick_keys as quick_keys  # noqa: PLC0414 - a fixture here, too

from reconciler.engine.attempt import Outcome
from reconciler.engine.plan import Plan
from reconciler.model import Create
from reconciler.providers.mailgun.domains import Domains
from reconciler.reports.text import plan_as_text

pytestmark = PATIENCE
PARENT = "example.net"


@dataclass(frozen=True)
class State:
    """What was made by hand before, and how the service is; `published` is said after that."""

    domains: Json = field(default_factory=dict)
    published_before: bool = False
    published: bool = False
    settings: Json = field(default_factory=dict)
    certified: bool = False


def keys(**active: bool) -> Json:
    return {DOMAIN: {"created": {"dkim_selector": next(iter(active))}, "keys": active}}


HTTPS: Json = {DOMAIN: {"settings": {"web_scheme": "https"}}}
UNDER: Json = {PARENT: {}, DOMAIN: {}}
OWN: Json = {PARENT: {}, DOMAIN: {"created": {"force_dkim_authority": "yes"}}}
STRICT = {"mailgun_strict_activation": True}
STATES: dict[str, State] = {
    "empty": State(),
    "empty, published": State(published=True),
    "empty, strict": State(settings=STRICT),
    "empty, strict, published": State(settings=STRICT, published=True),
    "made": State({DOMAIN: {}}),
    "made, published later": State({DOMAIN: {}}, published=True),
    "verified": State({DOMAIN: {}}, published_before=True),
    "verified and silent": State(keys(k1=False), published_before=True),
    "strict, published later": State({DOMAIN: {}}, published=True, settings=STRICT),
    "inactive keys": State(keys(s1=False, k2=False)),
    "inactive keys, published": State(keys(s1=False, k2=False), published=True),
    "one of two keys": State(keys(k1=True, s1=False)),
    "two active keys": State(keys(s1=True, k2=True)),
    "active, published later": State(keys(s1=True), published=True),
    "https, active, published later": State(
        {DOMAIN: {**keys(s1=True)[DOMAIN], **HTTPS[DOMAIN]}}, published=True
    ),
    "automatic": State({DOMAIN: {"created": {"use_automatic_sender_security": "yes"}}}),
    "automatic, published": State(
        {DOMAIN: {"created": {"use_automatic_sender_security": "yes"}}}, published=True
    ),
    "automatic with keys": State(
        {DOMAIN: {"keys": {"k1": True}, "settings": {"use_automatic_sender_security": "yes"}}}
    ),
    "below another": State(UNDER),
    "below another, published": State(UNDER, published=True),
    "below another, strict": State(UNDER, published=True, settings=STRICT),
    "empty, below another": State({PARENT: {}}),
    "its own below another": State(OWN),
    "its own below another, published": State(OWN, published=True),
    "https": State(HTTPS),
    "https, published later": State(HTTPS, published=True),
    "https, strict, published later": State(HTTPS, published=True, settings=STRICT),
    "https and certified": State(HTTPS, published_before=True, certified=True),
    "spelled out": State(
        {DOMAIN: {"tracking": {"click": {"active": "htmlonly"}}}},
        settings={"mailgun_htmlonly_text": True},
    ),
    "html only": State({DOMAIN: {"tracking": {"click": {"active": "htmlonly"}}}}),
    "not extended": State({DOMAIN: {}}, settings={"mailgun_extended": False}),
}
VALUES: dict[str, tuple[Any, ...]] = {
    "use_automatic_sender_security": (True, False),
    "force_dkim_authority": (True, False),
    "web_scheme": ("https", "http"),
    "web_prefix": ("click",),
    "dkim.selector": ("s1", "zzz"),
    "tracking.dkim_signing": (True, False),
    "tracking.clicks": (True, "html_only", False),
    "mailfrom_host": ("b.example.net",),
    "spam_action": ("tag",),
    "archive_to": ("https://a.example.org/?t=1", ""),
    "webhooks.opened": (["https://hooks.example.com/a?t=1"], []),
    "tracking.unsubscribe.text_footer": ("bye",),
}
LEAVES = [(leaf, value) for leaf, values in VALUES.items() for value in values]
Pair = tuple[tuple[str, Any], tuple[str, Any]]
PAIRS: list[Pair] = [(one, other) for one, other in combinations(LEAVES, 2) if one[0] != other[0]]


class Forms(httpx.BaseTransport):
    """Keeps what is written."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.writes: list[tuple[str, str, set[str]]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            form = parse_qs(request.read().decode(), keep_blank_values=True)
            self.writes.append((request.method, request.url.path, set(form)))
        return self._inner.handle_request(request)


def account_in(state: State, region: str) -> Account:
    account = account_with({"domains": state.domains, "published": state.published_before}, region)
    account.sandbox.world.settings.update(state.settings)
    account.sandbox.world.publish(PARENT, published=state.published or state.published_before)
    if state.certified:
        Hand(account, region)("POST", f"/v2/x509/email.{DOMAIN}")
    account.forget_requests()
    return account


def shown(plan: Plan) -> set[tuple[str, str]]:
    """Return kind and field of all that a plan shows; all of what it creates."""
    found = {(each.subject.kind.name, f.name) for each in plan.changes for f in each.fields}
    return found | {
        (each.subject.kind.name, "*") for each in plan.changes if isinstance(each, Create)
    }


SECTIONS = {"open": "opens", "click": "clicks", "unsubscribe": "unsubscribe"}
LOOKED_FOR = {("domains", "*"), *(("domains", name) for name in Domains.dns_fields),
              ("dkim", "signing"), ("dkim", "selector"), ("certificate", "requested")}  # fmt: skip
BY_PATH: Mapping[str, set[tuple[str, str]]] = {
    "/v2/x509/": {("certificate", "requested"), ("domains", "web_scheme")},
    "/verify": LOOKED_FOR,
    "/keys/": {("dkim", "signing"), ("dkim", "selector")},
    "/dkim_selector": {("dkim", "selector")},
    "/dkim_authority": {("domains", "force_dkim_authority")},
    "/webhooks": {("webhooks", "opened")},
    **{
        f"/tracking/{theirs}": {("tracking", ours), ("tracking", f"{ours}.text_footer")}
        for theirs, ours in SECTIONS.items()
    },
}
"""What a write to a path may be for."""


def is_planned(write: tuple[str, str, set[str]], plan: set[tuple[str, str]]) -> bool:
    method, path, form = write
    for part, reasons in BY_PATH.items():
        if part in path:
            return bool(reasons & plan)
    if method == "POST" or ("domains", "*") in plan:
        return ("domains", "*") in plan
    return {("domains", name) for name in form} <= plan


KIND_OF = {"tracking": "tracking", "dkim": "dkim", "webhooks": "webhooks"}


def unsaid(account: Account, content: Json, plan: Plan, before: Any) -> Iterator[Any]:
    """Yield what is not as the YAML says without a word beside the field."""
    notes = {(str(note.address), note.field) for note in plan.notes if note.field}
    for name, key, wanted, now in wrong(account, content, before):
        kind, _, below = key.partition(".")
        place = f"t/domains/{name}" + (f"/{kind}" if kind in KIND_OF else "")
        told = below if kind in KIND_OF else key
        if key == "certificate":
            place, told = f"t/domains/{name}/certificate", "requested"
        if key == "tracking.dkim_signing":
            place, told = f"t/domains/{name}/dkim", "signing"
        if (place, told) not in notes:
            yield name, key, wanted, now


def broken(state: State, pair: Pair, region: str) -> list[str]:
    """Return in what the law is broken."""
    content = provider(region) | {"domains": {DOMAIN: {}}}
    for leaf, value in pair:
        put(content, leaf, value)
    return broken_by(content, state, region)


def broken_by(content: Json, state: State, region: str) -> list[str]:
    account = account_in(state, region)
    config, before = config_of(content), facts(account, region)
    account.transport = forms = Forms(account.transport)
    plan = account.plan(config)
    if plan.refusals:
        return []
    results = account.apply(config, plan)
    found = [f"sent, and not shown: {w}" for w in forms.writes if not is_planned(w, shown(plan))]
    verified = [path for _, path, _ in forms.writes if path.endswith("/verify")]
    if len(verified) > len(set(verified)):
        found.append("verified twice")
    if any(each.outcome is not Outcome.APPLIED for each in results):
        reasons = [each.reason for each in results if each.outcome is not Outcome.APPLIED]
        # Where a key is to be seen in DNS before it signs, and cannot be.
        return found + [each for each in reasons if "Mailgun was asked to look for it" not in each]
    after = account.plan(config)
    if after.changes or after.refusals:
        found.append(f"not at rest: {plan_as_text(after)}")
    found += [f"wrong, and not said: {each}" for each in unsaid(account, content, after, before)]
    if any(note.field for note in after.notes) and "Live matches" in plan_as_text(after):
        found.append("live matches, it says")
    return found


FAMILY_STATES = {
    **{name: STATES[name] for name in STATES if "below" in name or name.startswith("empty")},
    "verified, below another": State(UNDER, published_before=True),
    "its own below another, verified": State(OWN, published_before=True),
    "its own below another, strict": State(OWN, published=True, settings=STRICT),
    "silent above": State({PARENT: {"keys": {"k1": False}}, DOMAIN: {}}, published_before=True),
    "silent above, published later": State({PARENT: {"keys": {"k1": False}}}, published=True),
}
KEYS_LEAVES = [
    (leaf, value)
    for leaf in (
        "use_automatic_sender_security",
        "force_dkim_authority",
        "web_scheme",
        "web_prefix",
        "dkim.selector",
        "tracking.dkim_signing",
    )
    for value in VALUES[leaf]
]


def families(state: str) -> Iterator[Json]:
    """Yield what is said of a domain and one below it, without end."""
    random = Random(state)
    while True:
        content: Json = {"domains": {PARENT: {}, DOMAIN: {}}}
        for name in (PARENT, DOMAIN):
            for leaf, value in random.sample(KEYS_LEAVES, random.choice((1, 1, 2))):
                put(content, leaf, value, name)
        yield content


EACH = 24
"""How many of the pairs are tried from each state: all of them take minutes."""
FAMILIES = 12


@pytest.mark.parametrize("name", STATES)
def test_what_is_sent_is_what_is_shown_and_then_all_is_at_rest(name: str) -> None:
    sample = Random(name).sample(PAIRS, EACH)
    found = {
        (region, *pair): faults
        for pair, region in zip(sample, cycle(("us", "eu")), strict=False)
        if (faults := broken(STATES[name], pair, region))
    }
    assert found == {}


@pytest.mark.parametrize("name", FAMILY_STATES)
def test_the_same_holds_of_a_domain_and_one_below_it(name: str) -> None:
    found = {}
    for content, region in zip(islice(families(name), FAMILIES), cycle(("us", "eu")), strict=False):
        if faults := broken_by(provider(region) | content, FAMILY_STATES[name], region):
            found[str(content)] = faults
    assert found == {}
