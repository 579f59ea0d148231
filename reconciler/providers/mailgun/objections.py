"""What Mailgun would refuse for the sake of other things, as far as what was read can tell."""

from collections.abc import Iterator

from reconciler.model import Address, Provider, Resource, Snapshot
from reconciler.providers.mailgun.account_webhooks import AccountWebhooks
from reconciler.providers.mailgun.events import MOST_URLS

Objection = tuple[Address, str, str]


def too_many_urls(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Objection]:
    """Yield each account webhook with an event that would have too many URLs (mailgun.md §8.3)."""
    collection = provider.address / AccountWebhooks.name
    after = {
        address: _events(resource)
        for address, resource in {**live, **desired}.items()
        if address.parts[:-1] == collection.parts
    }
    for address in sorted(after.keys() & desired.keys()):
        for event in sorted(after[address] - _events(live.get(address))):
            urls = sorted(other.name for other in after if event in after[other])
            if len(urls) > MOST_URLS:
                yield address, "events", _reason(event, urls)


def _events(resource: Resource | None) -> set[str]:
    return set(resource.attributes.get("events", ())) if resource else set()


def _reason(event: str, urls: list[str]) -> str:
    return (
        f"`{event}` would have {len(urls)} URLs together with those that are there "
        f"({', '.join(urls)}), and Mailgun takes {MOST_URLS}; remove one there"
    )
