"""What a plan should say beside its changes of DKIM and certificates: what they will break."""

from collections.abc import Iterator

from reconciler.model import Address, Provider, Resource, Snapshot
from reconciler.providers.mailgun.certificates import Certificates
from reconciler.providers.mailgun.dkim import (
    SELECTOR,
    SIGNING,
    Dkim,
    Key,
    key_to_activate,
    renamed_key,
    signing_keys,
)

Remark = tuple[Address, str]


def remarks(provider: Provider, desired: Snapshot, live: Snapshot) -> Iterator[Remark]:
    for address, resource in desired.items():
        found = live.get(address)
        if address.provider != provider.name:
            continue
        if isinstance(resource.kind, Dkim) and found:
            yield from ((address, text) for text in _of_dkim(resource, found))
        if isinstance(resource.kind, Certificates) and not found:
            text = (
                "a tracking certificate is requested once Mailgun finds the domain's CNAME: "
                "publish it and apply again; https links are broken until then"
            )
            yield address, text


def _of_dkim(desired: Resource, live: Resource) -> Iterator[str]:
    keys: tuple[Key, ...] = live.facts.get("keys", ())
    selector = desired.attributes.get(SELECTOR)
    if _changes(SIGNING, desired, live) and desired.attributes[SIGNING]:
        yield from _of_activation(key_to_activate(keys, selector))
    elif _changes(SIGNING, desired, live):
        names = ", ".join(key.selector for key in signing_keys(keys))
        yield f"this deactivates the last active DKIM key ({names}): mail is sent unsigned"
    if _changes(SELECTOR, desired, live):
        yield from _of_selector(desired.attributes[SELECTOR], keys)


def _changes(name: str, desired: Resource, live: Resource) -> bool:
    return (
        name in desired.attributes
        and name in live.attributes
        and desired.attributes[name] != live.attributes[name]
    )


def _of_activation(key: Key | None) -> Iterator[str]:
    if key and not key.is_valid:
        yield (
            f"Mailgun does not find the record of the key {key.selector}, and may refuse to "
            f"activate it; publish it first: {key.host} TXT {key.value}"
        )


def _of_selector(selector: str, keys: tuple[Key, ...]) -> Iterator[str]:
    """A key that is there by that selector takes over; otherwise one is renamed."""
    if named := [key for key in keys if key.selector == selector]:
        yield from _of_activation(named[0])
    elif key := renamed_key(keys):
        host = f"{selector}._domainkey.{key.host.partition('._domainkey.')[2]}"
        yield (
            "the change of selector is disruptive: mail fails DKIM until the new name is in DNS; "
            f"publish it first: {host} TXT {key.value}"
        )
