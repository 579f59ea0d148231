"""What a plan should say beside its changes of DKIM and certificates: what they will break."""

from collections.abc import Iterator, Sequence

from reconciler.model import Address, Provider, Resource, Snapshot
from reconciler.providers.mailgun.certificates import Certificates
from reconciler.providers.mailgun.dkim import SELECTOR, SIGNING, Dkim, keys_of
from reconciler.providers.mailgun.domain_fields import (
    AUTHORITY,
    AUTOMATIC,
    PREFIX,
    changed_in_dns,
)
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.keys import Course, Key, course

Remark = tuple[Address, str]


def remarks(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Remark]:
    for address, resource in desired.items():
        found = live.get(address)
        if address.provider != provider.name:
            continue
        if isinstance(resource.kind, Dkim) and found and _keys_stay(resource, desired, live):
            yield from ((address, text) for text in _of_dkim(resource, found))
        if isinstance(resource.kind, Domains) and found:
            dkim = live.get(address / Dkim.name)
            yield from ((address, text) for text in _of_records(resource, found, dkim))
        if isinstance(resource.kind, Certificates) and not found:
            text = (
                "a tracking certificate is requested once Mailgun finds the domain's CNAME: "
                "publish it and apply again; https links are broken until then"
            )
            yield address, text


def _keys_stay(dkim: Resource, desired: Snapshot, live: Snapshot) -> bool:
    """Whether no change of the domain gives it other keys than those that were read."""
    domain = Address(dkim.address.parts[:-1])
    wanted, found = desired.get(domain), live.get(domain)
    return not (wanted and found and {AUTOMATIC, AUTHORITY} & changed_in_dns(wanted, found))


def _of_dkim(desired: Resource, live: Resource) -> Iterator[str]:
    keys = keys_of(desired, live)
    wanted = desired.kind.meet(desired, live).attributes
    signing, selector = wanted.get(SIGNING), wanted.get(SELECTOR)
    way = course(keys, signing, selector)
    if way.rename and selector:
        yield _of_rename(way.rename, selector)
    for key in way.activate:
        if not key.is_valid and key != way.rename:
            yield (
                f"Mailgun may refuse to activate the key {key.selector} until it finds its record"
            )
    yield from _of_deactivation(way, signing=signing)


def _of_rename(key: Key, selector: str) -> str:
    host = f"{selector}._domainkey.{key.host.partition('._domainkey.')[2]}"
    return (
        "the change of selector is disruptive: mail fails DKIM until the new name is in DNS; "
        f"publish it first: {host} {key.type} {key.value}"
    )


def _of_deactivation(way: Course, *, signing: bool | None) -> Iterator[str]:
    names = ", ".join(key.selector for key in way.deactivate)
    if names and signing is False:
        yield f"this deactivates the last active DKIM key ({names}): mail is sent unsigned"
    elif names:
        yield f"this lets the key {names} no longer sign"


def _dkim_hosts(domain: Resource, dkim: Resource | None) -> Sequence[str]:
    """Return where DKIM records stand, as far as what was read tells."""
    hosts = [each.host for each in domain.records if each.purpose == "DKIM"]
    return hosts or [key.host for key in (dkim.facts["keys"] if dkim else ())]


def _of_records(desired: Resource, live: Resource, dkim: Resource | None) -> Iterator[str]:
    """Yield what a change of a domain takes the use from in DNS."""
    changed, name = changed_in_dns(desired, live), live.address.name
    if PREFIX in changed:
        old, new = (f"{each.attributes[PREFIX]}.{name}" for each in (live, desired))
        found = next((each.value for each in live.records if each.purpose == "tracking"), "")
        target = found or f"with the target of {old}"
        yield (
            f"the change of `{PREFIX}` needs another record: publish {new} CNAME {target} first, "
            f"or tracked links are broken; leave {old}, which links in mail that was sent lead to"
        )
    for field in (AUTOMATIC, AUTHORITY):
        if field in changed:
            hosts = ", ".join(_dkim_hosts(live, dkim))
            yield (
                f"the change of `{field}` makes other DKIM records: mail fails DKIM until those "
                f"that `domains records {name}` then shows are published"
                + (f"; leave {hosts} until then" if hosts else "")
            )
