"""Changes by hand, changes by a merge, and both, on every kind of both services: each is told."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx
import pytest
from account import Account, yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from drifting import causes, drift_of

from reconciler.engine.drift.verdict import State, exit_code_of
from reconciler.model import Config
from reconciler.providers import SERVICES
from reconciler.providers.mailgun.events import EVENTS

HOOK = "https://hooks.example.com"
BASES = {
    "postmark": {
        "service": "postmark",
        "token": {"env": "A"},
        "account_token": {"env": "B"},
        "advanced": {"undocumented": True},
    },
    "mailgun": {"service": "mailgun", "token": {"env": "A"}, "region": "us"},
}
DOMAIN = "mg.example.com"


@dataclass(frozen=True)
class Row:
    """A field, where it stands in the YAML (`keys`), and values of it; those beside it `said`."""

    service: str
    kind: str
    field: str
    address: str
    keys: tuple[Any, ...]
    values: tuple[Any, ...]
    said: Any = None
    fixed: bool = False

    def __str__(self) -> str:
        return f"{self.service}-{self.kind}-{self.field}"

    def config(self, value: Any) -> Config:
        inner: Any = {**(self.said or {}), **_nested(self.keys[-1], value)}
        for key in reversed(self.keys[:-1]):
            inner = [inner] if key == "[]" else {key: inner}
        provider = {**BASES[self.service], **inner}
        return yaml("t: " + json.dumps(provider), P1="one-one", P2="two-two", P3="three-3")


def _nested(path: str, value: Any) -> dict[str, Any]:
    first, _, rest = path.partition("/")
    return {first: _nested(rest, value) if rest else value}


def of_server(field: str, *values: Any) -> Row:
    return Row("postmark", "server", field, "t/server", (*field.split("."),), values)


def of_pm_domain(field: str, *values: Any) -> Row:
    address = "t/domains/example.org"
    return Row("postmark", "domains", field, address, ("domains", "example.org", field), values)


def of_sender(field: str, *values: Any) -> Row:
    name = "ops@example.org"
    said = {} if field == "name" else {"name": "Ops"}
    keys = ("senders", name, field)
    return Row("postmark", "senders", field, f"t/senders/{name}", keys, values, said)


def of_stream(field: str, *values: Any, fixed: bool = False, **more: Any) -> Row:
    said = {"type": "broadcasts", "name": "N", **more}
    said.pop(field, None)
    keys = ("streams", "news", field)
    return Row("postmark", "streams", field, "t/streams/news", keys, values, said, fixed)


def of_hook(field: str, *values: Any, path: str = "", said: Any = None) -> Row:
    said = {"url": HOOK} | ({"triggers": {"spam_complaint": True}} if said is None else said)
    keys = ("webhooks", "[]", path or field.replace(".", "/"))
    return Row("postmark", "webhooks", field, f"t/webhooks/outbound/{HOOK}", keys, values, said)


def of_domain(field: str, *values: Any, fixed: bool = False, said: Any = None) -> Row:
    keys = ("domains", DOMAIN, field)
    return Row("mailgun", "domains", field, f"t/domains/{DOMAIN}", keys, values, said, fixed)


def below_domain(kind: str, field: str, path: str, *values: Any) -> Row:
    keys = ("domains", DOMAIN, path)
    return Row("mailgun", kind, field, f"t/domains/{DOMAIN}/{kind}", keys, values)


def of_account_hook(field: str, *values: Any) -> Row:
    said = {"url": HOOK} | ({} if field == "events" else {"events": ["opened"]})
    keys = ("account_webhooks", "[]", field)
    address = f"t/account_webhooks/{HOOK}"
    return Row("mailgun", "account_webhooks", field, address, keys, values, said)


ON_OFF = (True, False)
ROWS = [
    of_server("tracking.opens", *ON_OFF),
    of_server("tracking.links", "none", "html_only", "html_and_text"),
    of_server("settings.name", "One", "Two", "Three"),
    of_server("settings.color", "red", "blue", "green"),
    of_server("settings.smtp", *ON_OFF),
    of_server("settings.smtp_api_error_hooks", *ON_OFF),
    of_server("settings.raw_email", *ON_OFF),
    of_server("settings.bounce_content", *ON_OFF),
    of_server("settings.inbound_domain", "a.example.com", "b.example.com", "c.example.com"),
    of_server("settings.inbound_hook", f"{HOOK}/1", f"{HOOK}/2", f"{HOOK}/3"),
    of_server("settings.inbound_spam_threshold", 1, 2, 3),
    of_pm_domain("return_path", *(f"{each}.example.org" for each in ("pm", "b", "c"))),
    of_pm_domain("custom_tracking_domain", *(f"{each}.example.org" for each in ("x", "y", "z"))),
    of_sender("name", "A", "B", "C"),
    of_sender("reply_to", "a@example.org", "b@example.org", "c@example.org"),
    of_sender("return_path", *(f"{each}.example.org" for each in ("pm", "b", "c"))),
    of_sender("personal_note", "a", "b", "c"),
    of_stream("type", "broadcasts", "transactional", fixed=True),
    of_stream("name", "A", "B", "C"),
    of_stream("description", "A", "B", "C"),
    of_stream("unsubscribe_handling", "none", "postmark", type="transactional"),
    *(
        of_hook(f"triggers.{each}", *ON_OFF, said={})
        for each in ("open", "click", "delivery", "bounce", "spam_complaint", "subscription_change")
    ),
    of_hook("triggers.open.first_only", *ON_OFF, said={}),
    of_hook("triggers.bounce.include_content", *ON_OFF, said={}),
    of_hook("triggers.spam_complaint.include_content", *ON_OFF, said={}),
    of_hook(
        "auth.username",
        *({"username": each, "password": {"env": "P1"}} for each in "uvw"),
        path="auth",
    ),
    of_hook(
        "auth.password",
        *({"username": "u", "password": {"env": each}} for each in ("P1", "P2", "P3")),
        path="auth",
    ),
    of_hook("headers", {"X-A": "1"}, {"X-A": "2"}, {"X-A": {"env": "P1"}}),
    of_domain("spam_action", "disabled", "tag", "block"),
    of_domain("wildcard", *ON_OFF),
    of_domain("web_scheme", "http", "https"),
    of_domain("web_prefix", "email", "click", "track"),
    of_domain("require_tls", *ON_OFF),
    of_domain("skip_verification", *ON_OFF),
    of_domain("message_ttl", 60, 120, 180),
    of_domain("archive_to", f"{HOOK}/1", f"{HOOK}/2", f"{HOOK}/3"),
    of_domain("mailfrom_host", *(f"{each}.{DOMAIN}" for each in "abc")),
    of_domain("use_automatic_sender_security", *ON_OFF),
    of_domain("encrypt_incoming_message", *ON_OFF, fixed=True),
    of_domain("dkim_key_size", 1024, 2048, fixed=True),
    below_domain("tracking", "opens", "tracking/opens", *ON_OFF),
    below_domain(
        "tracking",
        "opens.place_at_the_top",
        "tracking/opens",
        *({"active": True, "place_at_the_top": each} for each in ON_OFF),
    ),
    below_domain("tracking", "clicks", "tracking/clicks", *ON_OFF),
    below_domain("tracking", "unsubscribe", "tracking/unsubscribe", *ON_OFF),
    *(
        below_domain(
            "tracking",
            f"unsubscribe.{name}",
            "tracking/unsubscribe",
            *({"active": True, name: each} for each in "abc"),
        )
        for name in ("html_footer", "text_footer")
    ),
    below_domain("dkim", "signing", "tracking/dkim_signing", *ON_OFF),
    below_domain("dkim", "selector", "dkim/selector", "s1", "s2", "s3"),
    *(
        below_domain(
            "webhooks", each, f"webhooks/{each}", *([f"{HOOK}/{number}"] for number in "123")
        )
        for each in EVENTS
    ),
    of_account_hook("events", ["opened"], ["clicked"], ["delivered", "opened"]),
    of_account_hook("description", "a", "b", "c"),
]
UNTOLD = {
    ("postmark", "server", "settings.delivery_type"),  # one value for every server of an account
    ("mailgun", "domains", "force_dkim_authority"),  # told of subdomains alone, see below
}


@pytest.fixture(scope="module", autouse=True)
def quick_keys() -> Iterator[None]:
    """Take keys from a small stock: they are slow to make, and any will do."""
    make = rsa.generate_private_key
    stock = {bits: cycle([make(65537, bits) for _ in range(4)]) for bits in (1024, 2048)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rsa, "generate_private_key", lambda _, key_size: next(stock[key_size]))
        yield


def account_with(config: Config) -> Account:
    account = Account()
    account.apply(config)
    return account


def told(account: Account, row: Row, head: Any, base: Any) -> dict[str, str]:
    """Return the causes of what differs at the row's address, and no more than that."""
    found = causes(drift_of(account, row.config(head), row.config(base)))
    return found.get(row.address, {})


def test_every_field_that_can_be_compared_is_in_the_table() -> None:
    there = {
        (service.name, kind.name, field.ours)
        for service in SERVICES.values()
        for kind in service.kinds
        for field in kind.fields
        if not (field.write_only or field.implied)
    }
    assert {(row.service, row.kind, row.field) for row in ROWS} == there - UNTOLD


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_field_tells_a_hand_from_a_merge_from_both(row: Row) -> None:
    one, two, *more = row.values
    account = account_with(row.config(one))
    assert told(account, row, one, one) == {}
    assert told(account, row, two, one) == {row.field: "pending"}
    if row.fixed:
        return
    account.apply(row.config(two))
    assert told(account, row, one, one) == {row.field: "drift"}
    assert told(account, row, two, one) == {}
    for three in more:
        assert told(account, row, three, one) == {row.field: "conflict"}


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_field_of_which_nobody_knows_what_was_applied_is_of_unknown_cause(row: Row) -> None:
    one, two, *_ = row.values
    found = causes(drift_of(account_with(row.config(one)), row.config(two)))
    assert found[row.address] == {row.field: "unknown"}


THINGS = {
    "postmark-domains": ("postmark", "domains", {"example.org": {}}, "t/domains/example.org"),
    "postmark-senders": (
        "postmark",
        "senders",
        {"ops@example.org": {"name": "Ops"}},
        "t/senders/ops@example.org",
    ),
    "postmark-streams": (
        "postmark",
        "streams",
        {"news": {"type": "broadcasts", "name": "N"}},
        "t/streams/news",
    ),
    "postmark-webhooks": (
        "postmark",
        "webhooks",
        [{"url": HOOK, "triggers": ["bounce"]}],
        f"t/webhooks/outbound/{HOOK}",
    ),
    "mailgun-domains": ("mailgun", "domains", {DOMAIN: {}}, f"t/domains/{DOMAIN}"),
    "mailgun-account_webhooks": (
        "mailgun",
        "account_webhooks",
        [{"url": HOOK, "events": ["opened"]}],
        f"t/account_webhooks/{HOOK}",
    ),
}


def declaring(service: str, collection: str, things: Any) -> Config:
    return yaml("t: " + json.dumps({**BASES[service], collection: things}))


def absent(things: Any) -> Any:
    if isinstance(things, dict):
        return {name: {"ensure": "absent"} for name in things}
    return [{"url": each["url"], "ensure": "absent"} for each in things]


@pytest.mark.parametrize("name", THINGS)
def test_a_thing_that_a_hand_deleted_or_made_again_is_told_from_one_that_waits(name: str) -> None:
    service, collection, things, address = THINGS[name]
    there = declaring(service, collection, things)
    gone = declaring(service, collection, absent(things))
    empty = declaring(service, collection, type(things)())

    def cause(account: Account, head: Config, base: Config) -> str:
        drift = drift_of(account, head, base)
        found = {str(each.address): str(each.cause) for each in drift.differences}
        return found.get(address, "")

    account = account_with(there)
    assert cause(account, there, there) == ""
    assert cause(account, gone, there) == "pending"
    assert cause(account, gone, gone) == "drift"
    assert cause(account, empty, there) == ""
    account.apply(gone)
    assert cause(account, gone, there) == ""
    assert cause(account, there, there) == "drift"
    assert cause(account, there, gone) == "pending"
    assert cause(account_with(empty), there, empty) == "pending"


def test_a_webhook_that_a_hand_made_twice_is_drift() -> None:
    there = declaring("postmark", "webhooks", [{"url": HOOK, "triggers": ["bounce"]}])
    account = account_with(there)
    account.by_hand(
        "postmark", "POST", "/webhooks", json={"Url": HOOK, "MessageStream": "outbound"}
    )
    drift = drift_of(account, there, there)
    (twice,) = drift.differences
    assert (str(twice.cause), twice.fields, "there are 2 of these" in twice.reason) == (
        "drift",
        (),
        True,
    )
    assert len(drift.unmanaged) == 1


def test_a_list_that_others_add_to_drifts_only_where_ours_are_missing() -> None:
    def hooks(mode: str, *urls: str) -> Config:
        webhooks = {"mode": mode, "opened": [f"{HOOK}/{each}" for each in urls]}
        return declaring("mailgun", "domains", {DOMAIN: {"webhooks": webhooks}})

    account = account_with(hooks("exact", "a", "foreign"))

    def cause(head: Config, base: Config) -> dict[str, dict[str, str]]:
        return causes(drift_of(account, head, base))

    def opened(word: str) -> dict[str, dict[str, str]]:
        return {f"t/domains/{DOMAIN}/webhooks": {"opened": word}}

    assert cause(hooks("additive", "a"), hooks("additive", "a")) == {}
    assert cause(hooks("exact", "a"), hooks("additive", "a")) == opened("pending")
    assert cause(hooks("exact", "a"), hooks("exact", "a")) == opened("drift")
    assert cause(hooks("additive", "a", "b"), hooks("additive", "a")) == opened("pending")
    assert cause(hooks("additive", "b"), hooks("additive", "b")) == opened("drift")
    assert cause(hooks("additive", "b", "c"), hooks("additive", "b")) == opened("conflict")


def test_what_only_another_change_will_bring_forth_is_no_difference_yet() -> None:
    """Until a subdomain has keys of its own, whether they sign cannot differ."""

    def family(**child: Any) -> Config:
        names = {
            "example.org": {},
            "sub.example.org": {"tracking": {"dkim_signing": True}, **child},
        }
        return declaring("mailgun", "domains", names)

    account = account_with(family())
    found = causes(drift_of(account, family(force_dkim_authority=True), family()))
    assert found == {"t/domains/sub.example.org": {"force_dkim_authority": "pending"}}


@pytest.mark.parametrize(("scheme", "cause"), [("http", "pending"), ("https", "drift")])
def test_a_certificate_is_missing_since_a_merge_or_by_hand(scheme: str, cause: str) -> None:
    def links(scheme: str) -> Config:
        return declaring("mailgun", "domains", {DOMAIN: {"web_scheme": scheme}})

    account = account_with(links("http"))
    account.control("mailgun_us", "POST", "dns", {"domain": DOMAIN, "published": True})
    account.by_hand("mailgun_us", "PUT", f"/v4/domains/{DOMAIN}/verify")
    found = causes(drift_of(account, links("https"), links(scheme)))
    assert found[f"t/domains/{DOMAIN}/certificate"] == {"requested": cause}


def test_a_merge_that_was_not_applied_alone_ends_with_three_and_a_hand_with_two() -> None:
    row = ROWS[1]
    account = account_with(row.config("none"))
    pending = drift_of(account, row.config("html_only"), row.config("none"))
    assert (pending.state, exit_code_of(pending.state)) == (State.PENDING, 3)
    account.apply(row.config("html_and_text"))
    drift = drift_of(account, row.config("none"), row.config("none"))
    assert (drift.state, exit_code_of(drift.state)) == (State.DRIFT, 2)


class Watch(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.methods: set[str] = set()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.methods.add(request.method)
        return self._inner.handle_request(request)


def test_nothing_but_get_is_ever_sent() -> None:
    account = Account(Watch)
    for row in ROWS:
        account.sandbox.world.reset()
        assert isinstance(account.transport, Watch)
        account.apply(row.config(row.values[0]))
        account.transport.methods.clear()
        drift_of(account, row.config(row.values[1]), row.config(row.values[0]))
        assert account.transport.methods == {"GET"}
