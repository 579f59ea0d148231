"""What both kinds of webhooks share: event ids and the check of URLs (mailgun.md §8)."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from reconciler.sandbox.mailgun.account import Visit

EVENTS = (
    "accepted",
    "clicked",
    "opened",
    "unsubscribed",
    "delivered",
    "permanent_fail",
    "temporary_fail",
    "complained",
)
MOST_URLS = 3

UrlsByEvent = dict[str, list[str]]


def too_many(event: str) -> str:
    """Use the words for account webhooks; those for domains are not known."""
    return f"unable to add more than {MOST_URLS} urls for event type {event}"


def url_fault(visit: Visit, url: str) -> str | None:
    """Say what is wrong with a URL. Hosts are resolved when they are written (§8.1)."""
    reason = _fault(url, visit.setting("unresolvable_hosts", []))
    return f"{url} is not a valid url: {reason}" if reason else None


def _fault(url: str, unresolvable: Sequence[str]) -> str | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "invalid URL"
    if parts.scheme not in ("http", "https") or "://" not in url:
        return "invalid URL scheme"
    is_found = parts.hostname and parts.hostname not in [host.lower() for host in unresolvable]
    return None if is_found else "host not found"


def as_map(webhooks: Mapping[str, Sequence[str]]) -> dict[str, dict[str, list[str]]]:
    """Only configured events appear (§8.1)."""
    return {event: {"urls": list(urls)} for event, urls in webhooks.items() if urls}
