"""The law of a plan, for every pair of fields of a kind and every pair of kinds of Postmark.

The writes that are sent are among those that the plan shows, and after an apply that says that all
is applied the next plan is empty: from an empty account, and from one that was made by hand.
"""

import json
from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

import pytest
from account import addresses, yaml
from laws import Json
from postmark_truth import SECRETS, wrong
from postmark_writes import Watched, unshown

from reconciler.engine.attempt import Outcome
from reconciler.errors import ConfigError

URL, OTHER_URL = "https://hooks.example.com/a", "https://hooks.example.com/b"
NEW, MADE = "new.example.org", "made.example.org"
SENDER = f"ops@{MADE}"

SERVER: dict[str, Json] = {
    "opens": {"tracking": {"opens": True}},
    "links": {"tracking": {"links": "html_only"}},
    "name": {"settings": {"name": "Post"}},
    "color": {"settings": {"color": "red"}},
    "smtp": {"settings": {"smtp": False}},
    "errors": {"settings": {"smtp_api_error_hooks": True}},
    "raw": {"settings": {"raw_email": True}},
    "bounces": {"settings": {"bounce_content": True}},
    "inbound domain": {"settings": {"inbound_domain": "In.example.org"}},
    "inbound hook": {"settings": {"inbound_hook": {"env": "HOOK"}}},
    "no inbound hook": {"settings": {"inbound_hook": ""}},
    "threshold": {"settings": {"inbound_spam_threshold": 7}},
    "live": {"settings": {"delivery_type": "live"}},
}
MADE_SERVER = {
    "Name": "By hand",
    "Color": "green",
    "TrackLinks": "TextOnly",
    "InboundHookUrl": "https://hooks.example.com/in",
    "InboundDomain": "in.example.net",
    "InboundSpamThreshold": 30,
    "EnableSmtpApiErrorHooks": True,
}
DOMAIN: dict[str, Json] = {
    "return path": {"return_path": f"pm.{MADE}"},
    "no return path": {"return_path": ""},
    "tracking": {"custom_tracking_domain": f"T.{MADE}"},
    "no tracking": {"custom_tracking_domain": ""},
    "present": {"ensure": "present"},
}
SIGNATURE: dict[str, Json] = {
    "name": {"name": "Ops"},
    "reply": {"reply_to": "help@example.org"},
    "no reply": {"reply_to": ""},
    "return path": {"return_path": f"pm.{MADE}"},
    "no return path": {"return_path": ""},
    "note": {"personal_note": "Please."},
    "no note": {"personal_note": ""},
}
STREAM: dict[str, Json] = {
    "type": {"type": "broadcasts"},
    "name": {"name": "Letters"},
    "description": {"description": "All of them"},
    "no description": {"description": ""},
    "handling": {"unsubscribe_handling": "postmark"},
    "own handling": {"unsubscribe_handling": "custom"},
}
WEBHOOK: dict[str, Json] = {
    "open": {"triggers": {"open": True}},
    "open once": {"triggers": {"open": {"first_only": True}}},
    "click": {"triggers": {"click": True}},
    "delivery": {"triggers": {"delivery": False}},
    "bounce": {"triggers": {"bounce": {"include_content": True}}},
    "bounce off": {"triggers": {"bounce": False}},
    "complaint": {"triggers": {"spam_complaint": {"include_content": False}}},
    "change": {"triggers": {"subscription_change": True}},
    "auth": {"auth": {"username": "u", "password": {"env": "P"}}},
    "headers": {"headers": {"X-Team": "mail", "X-Token": {"env": "H"}}},
    "no headers": {"headers": {}},
    "unverified": {"verify": False},
    "verified": {"verify": True},
}
MADE_HOOK = {
    "Triggers": {
        "Open": {"Enabled": False, "PostFirstOpenOnly": False},
        "Delivery": {"Enabled": True},
        "Bounce": {"Enabled": True, "IncludeContent": False},
        "SpamComplaint": {"Enabled": True, "IncludeContent": True},
    },
    "HttpAuth": {"Username": "u", "Password": "by hand"},
    "HttpHeaders": [{"Name": "X-Old", "Value": "1"}],
}


def provider_of(kind: str, declaration: Json) -> Json:
    """Return a provider that declares one thing of a kind."""
    match kind:
        case "server":
            return declaration
        case "domains":
            return {"domains": {MADE: declaration}}
        case "senders":
            return {"senders": {SENDER: {"name": "Ops"} | declaration}}
        case "streams":
            needed = {"type": "broadcasts", "name": "News"}
            return {"streams": {"letters": needed | declaration}}
    return {"webhooks": [{"url": URL, "stream": "outbound", **declaration}]}


def merged(one: Any, other: Any) -> Any:
    """Return both declarations in one; of a contradiction the second holds."""
    if not (isinstance(one, dict) and isinstance(other, dict) and other):
        return other
    return one | {key: merged(one.get(key), value) for key, value in other.items()}


@pytest.fixture(scope="module")
def account() -> Watched:
    return Watched()


def make(account: Watched, state: str) -> None:
    """Bring the account into a state: `empty`, or `made` by hand with one of each, otherwise."""
    account.renew()
    if state == "empty":
        return
    account.by_hand("postmark", "PUT", "/server", json=MADE_SERVER)
    paths = {"ReturnPathDomain": f"b.{MADE}", "CustomTrackingDomain": f"c.{MADE}"}
    made = account.by_hand("postmark", "POST", "/domains", json={"Name": MADE})
    account.by_hand("postmark", "PUT", f"/domains/{made['ID']}", json=paths)
    sender = {"FromEmail": SENDER, "Name": "X", "ReplyToEmail": "x@example.org"}
    more = {"ReturnPathDomain": f"b.{MADE}", "ConfirmationPersonalNote": "Hello"}
    account.by_hand("postmark", "POST", "/senders", json=sender | more)
    for name in ("letters", "digests"):
        handling = {"SubscriptionManagementConfiguration": {"UnsubscribeHandlingType": "Custom"}}
        stream = {"ID": name, "Name": "X", "MessageStreamType": "Broadcasts", "Description": "X"}
        account.by_hand("postmark", "POST", "/message-streams", json=stream | handling)
    for stream_id, url in (("outbound", URL), ("digests", OTHER_URL)):
        hook = {"Url": url, "MessageStream": stream_id} | MADE_HOOK
        account.by_hand("postmark", "POST", "/webhooks", json=hook)
    if state == "archived":
        account.by_hand("postmark", "POST", "/message-streams/letters/archive")


def check(account: Watched, provider: Json, *, prune: bool = False) -> None:
    """Hold one plan and its apply to the law."""
    provider = {
        "service": "postmark",
        "token": {"env": "A"},
        "account_token": {"env": "B"},
        "advanced": {"undocumented": True},
    } | provider
    config = yaml("t: " + json.dumps(provider), **SECRETS)
    plan = account.plan(config, prune=prune)
    assert plan.refusals == (), provider
    before = account.state()
    account.new_writes()
    results = account.apply(config, plan)
    sent = account.new_writes()
    assert unshown(plan, sent, before, account.state()) == [], provider
    failed = [each.reason for each in results if each.outcome is not Outcome.APPLIED]
    assert failed == [], provider
    again = account.plan(config, prune=prune)
    assert (addresses(again), again.refusals, again.uncompared) == ([], (), 0), provider
    assert wrong(account, provider) == []
    assert len(sent) >= len(plan.changes)


def pairs(fields: dict[str, Json]) -> Iterator[Json]:
    for one, other in combinations(fields.values(), 2):
        yield merged(one, other)
        yield merged(other, one)


KINDS = {
    "server": SERVER,
    "domains": DOMAIN,
    "senders": SIGNATURE,
    "streams": STREAM,
    "webhooks": WEBHOOK,
}


@pytest.mark.parametrize(
    ("kind", "state"), [*product(KINDS, ["empty", "made"]), ("streams", "archived")]
)
def test_two_fields_of_a_kind_changed_together_come_to_rest(
    account: Watched, kind: str, state: str
) -> None:
    seen: list[Json] = []
    for declaration in pairs(KINDS[kind]):
        if declaration in seen:
            continue
        seen.append(declaration)
        make(account, state)
        check(account, provider_of(kind, declaration))


ABSENT = {"ensure": "absent"}
MOVES: dict[str, list[Json]] = {
    "server": [{"tracking": {"opens": True}, "settings": {"name": "Post", "color": "red"}}],
    "domains": [
        {"domains": {MADE: {"return_path": f"pm.{MADE}"}, NEW: {}}},
        {"domains": {MADE: ABSENT}},
    ],
    "senders": [
        {"senders": {SENDER: {"name": "Ops"}, f"ops@{NEW}": {"name": "New"}}},
        {"senders": {SENDER: ABSENT}},
    ],
    "streams": [
        {"streams": {"letters": {"type": "broadcasts", "name": "Letters"}}},
        {"streams": {"letters": ABSENT}},
        {"streams": {}},
    ],
    "webhooks": [
        {"webhooks": [{"url": URL, "stream": "outbound", "triggers": ["open"]}]},
        {"webhooks": [{"url": URL, "stream": "outbound", "ensure": "absent"}]},
        {"webhooks": [{"url": URL, "stream": "letters", "triggers": ["bounce"]}]},
        {"webhooks": []},
    ],
}


@pytest.mark.parametrize("state", ["empty", "made", "archived"])
@pytest.mark.parametrize("kinds", list(combinations(MOVES, 2)), ids="+".join)
def test_two_kinds_changed_together_come_to_rest(
    account: Watched, kinds: tuple[str, str], state: str
) -> None:
    for one, other in product(*(MOVES[kind] for kind in kinds)):
        for prune in (False, True):
            make(account, state)
            if is_no_configuration(one | other):
                with pytest.raises(ConfigError):
                    check(account, one | other)
            else:
                check(account, one | other, prune=prune)


def is_no_configuration(provider: Json) -> bool:
    """Whether a webhook stands on a stream that nothing declares, which validate refuses."""
    streams: Any = provider.get("streams", {})
    hooks = provider.get("webhooks", [])
    return any(
        each["stream"] == "letters" and "name" not in streams.get("letters", {}) for each in hooks
    )
