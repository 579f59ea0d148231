"""Cross-checks of a Mailgun provider's YAML: what the service would refuse, said beforehand."""

from collections import Counter
from collections.abc import Iterator

from reconciler.model import Provider
from reconciler.providers.checks import (
    declared_domains,
    duplicate_domains,
    may_mean,
    settings_of_absent,
    some,
)
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.events import MOST_URLS
from reconciler.source import Finding, Node

_FORCES = ("force_dkim_authority", "force_root_dkim_host")


def check(provider: Provider) -> Iterator[Finding]:
    """Yield every finding; the YAML may hold mistakes that were found before."""
    yield from _undeclared_default_domain(provider)
    yield from duplicate_domains(provider)
    yield from settings_of_absent(provider, "domains")
    yield from _dkim_hosts_beside_force(provider)
    yield from _account_webhooks(provider)
    yield from _too_many_account_urls(provider)


def _undeclared_default_domain(provider: Provider) -> Iterator[Finding]:
    domain = provider.node.text("domain")
    known = declared_domains(provider)
    if domain and host_name(domain) not in known and not may_mean(domain, provider, "domains"):
        names = f"; declared: {some(known)}" if known else ""
        message = f"`domain` {domain} is not declared under `domains`{names}"
        yield Finding(provider.node.children["domain"].location, message)


def _dkim_hosts_beside_force(provider: Provider) -> Iterator[Finding]:
    """A host of one's own goes with neither force (mailgun.md §4.6)."""
    for _, node in provider.node.entries("domains"):
        host = node.children.get("dkim_host_name")
        forced = [key for key in _FORCES if _is_on(node, key)]
        if host and forced and not host.broken:
            message = f"`dkim_host_name` cannot stand beside `{forced[0]}: true`; remove one"
            yield Finding(host.location, message)


def _is_on(node: Node, path: str) -> bool:
    found = node.at(path)
    return found is not None and found.data is True and not found.broken


def _webhooks(provider: Provider) -> tuple[Node, ...]:
    webhooks = provider.node.children.get("account_webhooks")
    return webhooks.items if webhooks else ()


def _account_webhooks(provider: Provider) -> Iterator[Finding]:
    """One that is there has events; one that is to go has nothing else."""
    for webhook in _webhooks(provider):
        is_absent = webhook.text("ensure") == "absent"
        if is_absent and set(webhook.children) - {"ensure", "url"}:
            message = "the webhook is to be absent, so it cannot have settings; remove them"
            yield Finding(webhook.children["ensure"].location, message)
        is_whole = not webhook.broken and webhook.is_sound()
        if is_whole and not is_absent and "events" not in webhook.children:
            message = "an account webhook needs the key `events`, such as `events: [delivered]`"
            yield Finding(webhook.location, message)


def _too_many_account_urls(provider: Provider) -> Iterator[Finding]:
    """Each event takes three URLs (mailgun.md §8.3)."""
    counts: Counter[str] = Counter()
    for webhook in _webhooks(provider):
        events = webhook.children.get("events")
        if events is None or events.broken or webhook.text("ensure") == "absent":
            continue
        for event in events.items:
            if event.broken or not isinstance(event.data, str):
                continue
            counts[event.data] += 1
            if counts[event.data] == MOST_URLS + 1:
                message = f"`{event.data}`: at most {MOST_URLS} URLs an event are allowed"
                yield Finding(event.location, f"{message}; remove some")


def keys_beside_automatic_security(provider: Provider) -> Iterator[Finding]:
    """Yield a warning for what has no effect where Mailgun keeps the keys (mailgun.md §7.3)."""
    everywhere = provider.node.at("tracking.dkim_signing")
    for _, node in provider.node.entries("domains"):
        if not _is_on(node, "use_automatic_sender_security"):
            continue
        for found in (
            node.at("tracking.dkim_signing") or everywhere,
            node.at("dkim.selector"),
            node.at("dkim_key_size"),
        ):
            if found:
                message = (
                    "this has no effect beside `use_automatic_sender_security: true`: "
                    "Mailgun keeps the keys"
                )
                yield Finding(found.location, message)
