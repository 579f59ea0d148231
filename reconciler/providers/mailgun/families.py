"""Domains above and below each other that two providers declare: nobody plans them together."""

from collections.abc import Iterator

from reconciler.model import Address, Provider, Snapshot
from reconciler.providers.mailgun.domain_fields import changed_in_dns
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.lineage import ancestors


def strangers(
    provider: Provider, desired: Snapshot, live: Snapshot
) -> Iterator[tuple[Address, str]]:
    """Yield each domain below one of another provider's, if one of the two is to change.

    Keys are inherited (mailgun.md §7.2), so that a change of one may lead to one of the other.
    """
    others: dict[str, list[Address]] = {}
    own: list[Address] = []
    for address, resource in desired.items():
        if isinstance(resource.kind, Domains):
            is_own = address.provider == provider.name
            (own if is_own else others.setdefault(address.name, [])).append(address)
    for address in own if others else ():
        for above in (each for name in ancestors(address.name) for each in others.get(name, ())):
            changes = any(_is_to_change(each, desired, live) for each in (address, above))
            if changes and _may_share(address, above, live):
                yield (
                    address,
                    (
                        f"it stands below {above}, which another provider declares: what a change "
                        "of the one does to the DKIM keys of the other is not foreseen, and shows "
                        "in the next plan; declare both in one provider"
                    ),
                )


def _may_share(one: Address, other: Address, live: Snapshot) -> bool:
    """Whether two domains may be of one account: who lists an account sees all of its domains."""
    return all(
        each not in live or beside.root / Domains.name / each.name in live
        for each, beside in ((one, other), (other, one))
    )


def _is_to_change(address: Address, desired: Snapshot, live: Snapshot) -> bool:
    wanted, found = desired[address], live.get(address)
    if wanted.absent or found is None:
        return wanted.absent != (found is None)
    return bool(changed_in_dns(wanted, found))
