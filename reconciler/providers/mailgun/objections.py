"""What Mailgun would refuse for the sake of other things, as far as what was read can tell."""

from collections.abc import Iterator

from reconciler.model import Address, Provider, Resource, Snapshot
from reconciler.providers.mailgun.account_webhooks import AccountWebhooks
from reconciler.providers.mailgun.dkim import SELECTOR, Dkim
from reconciler.providers.mailgun.domain_fields import AUTHORITY, AUTOMATIC
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.events import MOST_URLS
from reconciler.providers.mailgun.lineage import ancestors

Objection = tuple[Address, str, str]


def deletions_refused(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Objection]:
    """Yield the domains that are to go and that Mailgun does not delete (mailgun.md §4.8)."""
    own = {
        address: resource
        for address, resource in desired.items()
        if address.provider == provider.name and isinstance(resource.kind, Domains)
    }
    leaving = [each for each, resource in own.items() if resource.absent and each in live]
    coming = _coming(own, live) if leaving else {}
    for address in leaving:
        if why := _why_it_stays(live[address], desired, coming.get(address, [])):
            yield address, "ensure", why


def _why_it_stays(live: Resource, desired: Snapshot, coming: list[str]) -> str:
    if live.facts["is_sandbox"]:
        return "the account's sandbox domain cannot be deleted; take it off the YAML"
    if live.facts["is_disabled"]:
        return (
            "a disabled domain cannot be deleted; ask Mailgun's support to enable or delete it, or "
            "take it off the YAML"
        )
    signed = [each for each in live.facts.get("signs_for", ()) if not _leaves(live, each, desired)]
    others, signs = signed or sorted(coming), "signs" if signed else "would sign"
    if not others:
        return ""
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return (
        f"its DKIM key {signs} for {others[0]}{more}, so that it cannot be deleted; declare "
        f"`{AUTHORITY}: true` there, or `ensure: absent`"
    )


def in_two_regions(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Objection]:
    """Yield each new domain that another region is to have as well (mailgun.md §1)."""
    regions: dict[str, dict[str, Address]] = {}
    own: list[Resource] = []
    for address, resource in desired.items():
        if isinstance(resource.kind, Domains) and not resource.absent:
            regions.setdefault(address.name, {}).setdefault(resource.facts["region"], address)
            if address.provider == provider.name and address not in live:
                own.append(resource)
    for resource in own:
        others = regions[resource.address.name].items()
        for region, other in others if len(others) > 1 else ():
            if region != resource.facts["region"]:
                fact = f"{other} declares it in {region.upper()} as well"
                why = f"{fact}, and a domain lives in one region only; keep one of the two"
                yield resource.address, "", why


def selectors_of_one_key(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[Objection]:
    """Yield the selector of each new domain that would be made for a key that is being renamed.

    A selector that comes with a domain makes a key where the authority is (mailgun.md §4.6, §7.2),
    and of two nobody can tell which one a change of selector renames.
    """
    collection = provider.address / Domains.name
    own = {
        address: resource
        for address, resource in desired.items()
        if address.provider == provider.name and isinstance(resource.kind, Dkim)
    }
    renamed = {
        domain: resource.attributes[SELECTOR]
        for address, resource in own.items()
        if SELECTOR in resource.attributes and (domain := Address(address.parts[:-1])) in live
        if _is_renamed(resource, live.get(address))
        or _has_other_keys(desired[domain], live[domain])
    }
    for address, resource in own.items() if renamed else ():
        domain = Address(address.parts[:-1])
        above = next((each for each in ancestors(domain.name) if collection / each in renamed), "")
        is_new = domain not in live and _is_given_away(desired[domain], None)
        if above and is_new and SELECTOR in resource.attributes:
            why = _two(above, renamed[collection / above])
            yield from ((domain, f"dkim.{SELECTOR}", why), (address, SELECTOR, why))


def _is_renamed(desired: Resource, live: Resource | None) -> bool:
    if live is None:
        return False
    known = live.kind.meet(desired, live).attributes
    return SELECTOR in known and live.attributes.get(SELECTOR) != known[SELECTOR]


def _has_other_keys(desired: Resource, live: Resource) -> bool:
    """Whether a domain gets keys of its own, of which one is to have the selector."""
    had, has = live.attributes, desired.attributes
    is_kept_no_more = had.get(AUTOMATIC) is True and has.get(AUTOMATIC) is False
    return is_kept_no_more or (had.get(AUTHORITY) is False and has.get(AUTHORITY) is True)


def _two(above: str, selector: str) -> str:
    return (
        f"{above} signs for it, and its key gets the selector `{selector}` in the same run; apply "
        f"the one and then the other, or declare `{AUTHORITY}: true`, which gives this one a key"
    )


def _coming(desired: Snapshot, live: Snapshot) -> dict[Address, list[str]]:
    """Return, by domain, the names below it that are about to sign with its key."""
    found: dict[Address, list[str]] = {}
    for address, wanted in desired.items():
        if wanted.absent or not _is_given_away(wanted, live.get(address)):
            continue
        collection = Address(address.parts[:-1])
        # The topmost one that is there signs (mailgun.md §7.2: the root's authority is inherited).
        above = [collection / each for each in ancestors(address.name)]
        there = [each for each in above if each in live]
        if there:
            found.setdefault(there[-1], []).append(address.name)
    return found


def _is_given_away(wanted: Resource, live: Resource | None) -> bool:
    """Whether a domain is not going to have a key of its own, which it has by now or never had."""
    if live is None:
        return not wanted.attributes.get(AUTHORITY)
    has_own = live.attributes.get(AUTHORITY) is True
    return has_own and wanted.attributes.get(AUTHORITY) is False


def _leaves(live: Resource, name: str, desired: Snapshot) -> bool:
    """Whether another domain gets a key of its own before."""
    other = desired.get(Address((*live.address.parts[:-1], name)))
    return other is not None and other.attributes.get(AUTHORITY) is True


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
