"""What a Postmark account holds, against what the YAML says: the field tables are not asked."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from account import Account
from laws import Json, is_kept

from reconciler.model import Config

SECRETS = {"P": "pass-1", "H": "token-1", "HOOK": "https://u:pass-2@hooks.example.com/in"}
LINKS = {
    "none": "None",
    "html_and_text": "HtmlAndText",
    "html_only": "HtmlOnly",
    "text_only": "TextOnly",
}
TRIGGERS = {
    "open": ("Open", {"first_only": "PostFirstOpenOnly"}),
    "click": ("Click", {}),
    "delivery": ("Delivery", {}),
    "bounce": ("Bounce", {"include_content": "IncludeContent"}),
    "spam_complaint": ("SpamComplaint", {"include_content": "IncludeContent"}),
    "subscription_change": ("SubscriptionChange", {}),
}
SERVER_NAMES = {
    "tracking.opens": "TrackOpens",
    "tracking.links": "TrackLinks",
    "settings.name": "Name",
    "settings.color": "Color",
    "settings.smtp": "SmtpApiActivated",
    "settings.smtp_api_error_hooks": "EnableSmtpApiErrorHooks",
    "settings.raw_email": "RawEmailEnabled",
    "settings.bounce_content": "IncludeBounceContentInHook",
    "settings.inbound_domain": "InboundDomain",
    "settings.inbound_hook": "InboundHookUrl",
    "settings.inbound_spam_threshold": "InboundSpamThreshold",
}


def own_server(account: Account) -> Json:
    state = account.sandbox.world.postmark
    found: Json = state["servers"][str(state["kept_for"]["t"])]
    return found


def wrong(account: Account, provider: Json) -> list[tuple[Any, ...]]:
    """Return what of the account is not as the YAML says, without a use of our field tables."""
    state, server = account.sandbox.world.postmark, own_server(account)
    found = {
        "domains": {each["Name"].lower(): each for each in state["domains"].values()},
        "senders": {each["EmailAddress"].lower(): each for each in state["senders"].values()},
        "streams": {k: v for k, v in server["streams"].items() if not v["ArchivedAt"]},
    }
    pairs = list(_server_pairs(provider, server))
    for kind, live in found.items():
        for name, each in provider.get(kind, {}).items():
            pairs.append((name, is_kept(each), name.lower() in live))
            if is_kept(each):
                pairs += _pairs(each, live.get(name.lower(), {}))
    hooks = {(each["MessageStream"], each["Url"]): each for each in server["webhooks"].values()}
    for each in provider.get("webhooks", ()):
        key = each["stream"], each["url"]
        pairs.append((key, is_kept(each), key in hooks))
        if is_kept(each):
            pairs += _webhook_pairs(each, hooks.get(key, {}))
    return [pair for pair in pairs if pair[1] != pair[2]]


Pairs = Iterator[tuple[Any, Any, Any]]
THEIRS = {
    "return_path": "ReturnPathDomain",
    "custom_tracking_domain": "CustomTrackingDomain",
    "reply_to": "ReplyToEmailAddress",
    "personal_note": "ConfirmationPersonalNote",
    "name": "Name",
    "description": "Description",
    "type": "MessageStreamType",
}


def _pairs(declaration: Json, live: Json) -> Pairs:
    """Yield name, declared value, and live one, of plain fields."""
    for name in THEIRS.keys() & declaration.keys():
        yield name, folded(declaration[name]), folded(live.get(THEIRS[name]) or "")
    if "unsubscribe_handling" in declaration:
        now = live["SubscriptionManagementConfiguration"]["UnsubscribeHandlingType"]
        yield "unsubscribe_handling", declaration["unsubscribe_handling"], now.lower()


def _server_pairs(provider: Json, server: Json) -> Pairs:
    for section in ("tracking", "settings"):
        for name, value in provider.get(section, {}).items():
            if name not in {"delivery", "delivery_type"}:
                theirs = SERVER_NAMES[f"{section}.{name}"]
                wanted = SECRETS["HOOK"] if isinstance(value, dict) else value
                yield name, LINKS.get(wanted, wanted), server[theirs]


def _webhook_pairs(declaration: Json, live: Json) -> Pairs:
    triggers = declaration.get("triggers", {})
    if isinstance(triggers, list):
        triggers = {name: name in triggers for name in TRIGGERS}
    for name, wanted in triggers.items():
        theirs, options = TRIGGERS[name]
        now = live["Triggers"][theirs]
        yield name, wanted is not False, now["Enabled"]
        for option, value in wanted.items() if isinstance(wanted, dict) else ():
            yield option, value, now[options[option]]
    if "auth" in declaration:
        wanted = {"Username": declaration["auth"]["username"], "Password": SECRETS["P"]}
        yield "auth", wanted, live["HttpAuth"]
    if "headers" in declaration:
        wanted = {
            name: SECRETS["H"] if isinstance(value, dict) else value
            for name, value in declaration["headers"].items()
        }
        yield "headers", wanted, {each["Name"]: each["Value"] for each in live["HttpHeaders"]}


def undeclared(account: Account, config: Config) -> Json:
    """Return everything in the account that the configuration has no word for."""
    own = {tuple(part.lower() for part in address.parts[1:]) for address in config.desired}
    state, server = account.sandbox.world.postmark, own_server(account)
    things = [
        *(("domains", each["Name"], each) for each in state["domains"].values()),
        *(("senders", each["EmailAddress"], each) for each in state["senders"].values()),
        *(("streams", each["ID"], each) for each in server["streams"].values()),
    ]
    found: Json = {
        f"{kind}/{name}": each for kind, name, each in things if (kind, name.lower()) not in own
    }
    # One with a declared URL may be replaced by that.
    urls = {parts[-1] for parts in own if parts[0] == "webhooks"}
    hooks = server["webhooks"].values()
    found |= {f"webhooks/{h['ID']}": h for h in hooks if h["Url"].lower() not in urls}
    return deepcopy(found)


def folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value
