"""Cross-checks of a Postmark provider's YAML: what the service would refuse, said beforehand."""

from collections.abc import Iterator

from reconciler.model import Provider
from reconciler.providers.checks import (
    duplicate_domains,
    may_mean,
    settings_of_absent,
    some,
)
from reconciler.providers.desired import host_name
from reconciler.providers.postmark.default_streams import DEFAULTS, DOCUMENTED
from reconciler.providers.postmark.public_domains import NO_SENDERS, PUBLIC
from reconciler.providers.postmark.streams import BROADCASTS_NEED_A_WAY_OUT
from reconciler.source import Finding, Node

_RESERVED = {"all"}


def check(provider: Provider) -> Iterator[Finding]:
    """Yield every finding; the YAML may hold mistakes that were found before."""
    yield from _missing_tokens(provider)
    yield from _renamed_server(provider)
    yield from _delivery_without_webhook(provider)
    yield from _unknown_streams(provider)
    yield from _impossible_streams(provider)
    yield from _webhooks_of_inbound(provider)
    yield from _settings_of_absent_webhooks(provider)
    yield from _foreign_return_paths(provider)
    yield from _domains_of_others(provider)
    yield from _undocumented_fields(provider)
    yield from duplicate_domains(provider)
    for collection in ("domains", "senders", "streams"):
        yield from settings_of_absent(provider, collection)


def _missing_tokens(provider: Provider) -> Iterator[Finding]:
    """Each endpoint takes one kind of token (postmark.md §1.3)."""
    needs = {
        "account_token": ("domains", "senders"),
        "token": ("tracking", "settings", "streams", "webhooks"),
    }
    given = set(provider.node.children)
    if {"server", "account_token"} <= given:
        given.add("token")
    if not given & set(needs):
        message = f"`{provider.name}` needs a `token`, an `account_token`, or both"
        yield Finding(provider.location, message)
        return
    for token, keys in needs.items():
        for key in keys:
            node = provider.node.at(key)
            if node and not node.broken and token not in given:
                yield Finding(provider.node.keys[key], f"`{key}` needs the key `{token}`")


def _renamed_server(provider: Provider) -> Iterator[Finding]:
    """After a rename the server could not be found by its former name: both names are one."""
    name, new = provider.node.text("server"), provider.node.text("settings.name")
    if name and new and name != new:
        message = (
            f"`name`: the provider finds its server by `server: {name}`, so it cannot rename it; "
            f"give both the same name, or rename it with `token` and without `server`"
        )
        yield Finding(provider.node.children["settings"].children["name"].location, message)


def _delivery_without_webhook(provider: Provider) -> Iterator[Finding]:
    """Deliveries are reported by webhooks only (postmark.md §8)."""
    delivery = provider.node.at("tracking.delivery")
    if delivery is None or delivery.broken or delivery.data is not True:
        return
    if not may_mean("delivery", provider, "webhooks") and not any(
        _may_report_delivery(webhook) for webhook in _webhooks(provider)
    ):
        message = (
            "`delivery: true` needs a webhook with the trigger `delivery`: "
            "Postmark reports deliveries in no other way"
        )
        yield Finding(delivery.location, message)


def _may_report_delivery(webhook: Node) -> bool:
    """Whether a webhook has the trigger, or something wrong in its place."""
    triggers = webhook.children.get("triggers")
    if webhook.text("ensure") == "absent":
        return False
    if triggers is None:
        return webhook.broken and not webhook.children
    known = [each.data for each in triggers.items if not each.broken]
    doubtful = [each for each in triggers.items if each.broken and each.data not in known]
    if triggers.items:
        return "delivery" in triggers.data or bool(doubtful)
    delivery = triggers.children.get("delivery")
    return triggers.broken or (delivery is not None and delivery.data is not False)


def _unknown_streams(provider: Provider) -> Iterator[Finding]:
    known = DEFAULTS | {
        name
        for name, stream in provider.node.entries("streams")
        if stream.text("ensure") != "absent"
    }
    listing = some(known)
    for node in _named_streams(provider):
        if not isinstance(node.data, str) or node.broken or node.data in known:
            continue
        if not may_mean(node.data, provider, "streams"):
            message = (
                f"stream `{node.data}` is neither a default stream nor declared under `streams`; "
                f"known here: {listing}. If the server's own broadcast stream is called so, "
                f"declare it: `streams: {{{node.data}: {{}}}}`"
            )
            yield Finding(node.location, message)


def _named_streams(provider: Provider) -> Iterator[Node]:
    if named := provider.node.at("advanced.message_stream"):
        yield named
    for webhook in _webhooks(provider):
        if "stream" in webhook.children and webhook.text("ensure") != "absent":
            yield webhook.children["stream"]


def _webhooks(provider: Provider) -> tuple[Node, ...]:
    webhooks = provider.node.children.get("webhooks")
    return webhooks.items if webhooks else ()


def _foreign_return_paths(provider: Provider) -> Iterator[Finding]:
    """A Return-Path domain is a subdomain of its domain (postmark.md §2.3, error 522)."""
    for name, node in provider.node.entries("domains"):
        return_path = node.text("return_path")
        if node.broken or not return_path:
            continue
        if not host_name(return_path).endswith(f".{host_name(name)}"):
            message = f"`return_path`: a subdomain of {name} is wanted, such as pm-bounces.{name}"
            yield Finding(node.children["return_path"].location, message)


def _domains_of_others(provider: Provider) -> Iterator[Finding]:
    """Nobody who has an account there owns a public mail domain (postmark.md §2.3, §3)."""
    for collection, refused in (("domains", PUBLIC), ("senders", NO_SENDERS)):
        for name, node in provider.node.entries(collection):
            domain = host_name(name.rpartition("@")[2])
            if domain in refused and not node.broken and node.text("ensure") != "absent":
                what = "a public mail domain" if domain in PUBLIC else "nobody's own domain"
                message = f"`{name}`: {domain} is {what}, which Postmark refuses; use one of yours"
                yield Finding(provider.node.children[collection].keys[name], message)


def _impossible_streams(provider: Provider) -> Iterator[Finding]:
    """Yield what no stream can be (postmark.md §7.3)."""
    for name, node in provider.node.entries("streams"):
        place = provider.node.children["streams"].keys[name]
        if name.startswith("pm-") or name in _RESERVED:
            message = f"`{name}`: Postmark keeps this ID for itself; choose another"
            yield Finding(place, message)
        if name in DOCUMENTED and node.text("ensure") == "absent":
            yield Finding(node.children["ensure"].location, f"`{name}` cannot be archived")
        if node.text("type") == "inbound" and name != "inbound":
            message = "`type`: a server has one inbound stream, `inbound`, there by default"
            yield Finding(node.children["type"].location, message)
        if node.text("type") == "broadcasts" and node.text("unsubscribe_handling") == "none":
            message = f"`unsubscribe_handling`: {BROADCASTS_NEED_A_WAY_OUT}"
            yield Finding(node.children["unsubscribe_handling"].location, message)
        for key in ("name", "description"):
            if set(node.text(key) or "") & set("<>"):
                yield Finding(node.children[key].location, f"`{key}` cannot hold < or >")


def _webhooks_of_inbound(provider: Provider) -> Iterator[Finding]:
    """An inbound stream takes no webhooks (postmark.md §8.2, error 1351)."""
    for webhook in _webhooks(provider):
        if webhook.text("stream") == "inbound":
            message = "`stream`: the inbound stream has no webhooks; see `settings.inbound_hook`"
            yield Finding(webhook.children["stream"].location, message)


def _settings_of_absent_webhooks(provider: Provider) -> Iterator[Finding]:
    for webhook in _webhooks(provider):
        if webhook.text("ensure") == "absent" and set(webhook.children) - {
            "ensure",
            "url",
            "stream",
        }:
            message = "the webhook is to be absent, so it cannot have settings; remove them"
            yield Finding(webhook.children["ensure"].location, message)


def _undocumented_fields(provider: Provider) -> Iterator[Finding]:
    """Fields that the vendor does not document want an opt-in (postmark.md §2.6)."""
    allowed = provider.node.at("advanced.undocumented")
    if allowed and allowed.data is True:
        return
    for _, node in provider.node.entries("domains"):
        if found := node.children.get("custom_tracking_domain"):
            message = (
                "`custom_tracking_domain` is not documented by Postmark; set "
                "`advanced: {undocumented: true}` to use it all the same"
            )
            yield Finding(found.location, message)
