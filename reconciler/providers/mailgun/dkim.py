"""DKIM of a domain: whether it signs, and with which selector (mailgun.md §7.1, §7.2)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from reconciler.errors import UnexpectedAnswer
from reconciler.fields import FLAG, Codec, Field, FieldTable, text
from reconciler.model import Address, Provider, Resource, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing, listed
from reconciler.source import Node

SIGNING, SELECTOR = "signing", "selector"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A key as the list tells it; `is_active` says that it signs, `is_valid` that DNS has it."""

    selector: str
    host: str
    value: str
    is_active: bool
    is_valid: bool
    is_automatic: bool


class Dkim(PerDomain):
    name = "dkim"
    fields = FieldTable(
        Field(SIGNING, SIGNING, FLAG),
        Field(SELECTOR, SELECTOR, Codec(lambda value: text(value).lower())),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        """Yield what is said of signing, for all domains or one, and of a domain's selector."""
        everywhere = provider.node.at("tracking.dkim_signing")
        for name, node in provider.node.entries(Domains.name):
            found = {
                SIGNING: node.at("tracking.dkim_signing") or everywhere,
                SELECTOR: node.at("dkim.selector"),
            }
            named = {key: each for key, each in found.items() if each}
            if named and node.text("ensure") != "absent":
                place = provider.node.children[Domains.name].keys[name]
                domain = provider.address / Domains.name / host_name(name)
                yield Resource(
                    address=domain / self.name,
                    kind=self,
                    attributes={key: _value(each) for key, each in named.items()},
                    parent=domain,
                    locations={"": place} | {key: each.location for key, each in named.items()},
                )

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        yield self._live(under, _keys(session, under.name))

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Set what is named on a domain that was created just before."""
        live = self._live(Address(desired.address.parts[:-1]), _keys(session, _domain(desired)))
        self._set(session, desired, [n for n in live.attributes if _differs(n, desired, live)])
        return desired

    def update(self, session: Writing, change: Update) -> None:
        self._set(session, change.desired, change.names)

    def _set(self, session: Writing, desired: Resource, names: Iterable[str]) -> None:
        domain = _domain(desired)
        if SELECTOR in names:
            _select(session, domain, desired.attributes[SELECTOR])
        if SIGNING in names and desired.attributes[SIGNING]:
            _sign(session, domain, desired.attributes.get(SELECTOR))
        elif SIGNING in names:
            _switch(session, domain, "deactivate", signing_keys(_own_keys(session, domain)))

    def _live(self, domain: Address, keys: Iterable[Key]) -> Resource:
        own = sorted(key for key in keys if not key.is_automatic)
        return Resource(
            address=domain / self.name,
            kind=self,
            attributes=self.fields.decode(_told(own)),
            remote_id=domain.name,
            parent=domain,
            notes=tuple(_notes(own, keys)),
            facts={"keys": tuple(own)},
        )


def _value(node: Node) -> Any:
    return node.data.lower() if isinstance(node.data, str) else node.data


def _domain(resource: Resource) -> str:
    return resource.address.parts[-2]


def _differs(name: str, desired: Resource, live: Resource) -> bool:
    return name in desired.attributes and desired.attributes[name] != live.attributes[name]


def _keys(session: Reading, domain: str) -> list[Key]:
    path = f"/v4/domains/{domain}/keys"
    items = listed(session.client.get(path), "items", f"GET {path}")
    return [_key(item, f"GET {path}") for item in items]


def _key(item: Mapping[str, Any], request: str) -> Key:
    selector, record = item.get("selector"), item.get("dns_record")
    if not isinstance(selector, str) or not selector or not isinstance(record, Mapping):
        raise UnexpectedAnswer(request, "a key of the list has no selector or no record")
    return Key(
        selector=selector.lower(),
        host=str(record.get("name", "")),
        value=str(record.get("value", "")),
        is_active=record.get("is_active") is True,
        is_valid=str(record.get("valid")).lower() == "valid",
        # The two of automatic sender security are CNAMEs, and nobody's to switch (§7.3).
        is_automatic=str(record.get("record_type")).upper() == "CNAME",
    )


def signing_keys(keys: Iterable[Key]) -> list[Key]:
    return [key for key in keys if key.is_active]


def renamed_key(keys: Iterable[Key]) -> Key | None:
    """Return the key that a change of selector renames: the one that signs, or the only one."""
    keys = list(keys)
    candidates = signing_keys(keys) or keys
    return candidates[0] if len(candidates) == 1 else None


def key_to_activate(keys: Iterable[Key], selector: str | None = None) -> Key | None:
    """Return the key that would sign: the one by that selector, then one that DNS has."""

    def rank(key: Key) -> tuple[bool, bool, str]:
        return key.selector != selector, not key.is_valid, key.selector

    return min(keys, key=rank, default=None)


def _told(own: list[Key]) -> dict[str, Any]:
    """Return what can be said of the keys; without any, the domain is signed for by others."""
    told: dict[str, Any] = {SIGNING: bool(signing_keys(own))} if own else {}
    if key := renamed_key(own):
        told[SELECTOR] = key.selector
    return told


def _notes(own: Iterable[Key], keys: Iterable[Key]) -> Iterator[str]:
    if any(key.is_automatic for key in keys):
        yield "automatic sender security: Mailgun signs with keys that it rotates by itself"
    elif not own:
        yield "it has no DKIM key of its own: the domain above it signs"
    for key in own:
        if not key.is_valid:
            yield f"Mailgun does not find the DKIM record {key.host} in DNS"


def _own_keys(session: Reading, domain: str) -> list[Key]:
    return [key for key in _keys(session, domain) if not key.is_automatic]


def _select(session: Writing, domain: str, selector: str) -> None:
    """Rename the key (§7.2); if another one has the name, that one takes over (§7.1)."""
    own = _own_keys(session, domain)
    named = [key for key in own if key.selector == selector]
    if named:
        _switch(session, domain, "activate", named)
        _switch(session, domain, "deactivate", set(signing_keys(own)) - set(named))
    else:
        session.client.put(f"/v3/domains/{domain}/dkim_selector", form={"dkim_selector": selector})


def _sign(session: Writing, domain: str, selector: str | None) -> None:
    """Activate a key; which one a selector renames may only now be certain."""
    key = key_to_activate(_own_keys(session, domain), selector)
    if key:
        _switch(session, domain, "activate", [key])
        if selector not in {None, key.selector}:
            _select(session, domain, selector)


def _switch(session: Writing, domain: str, word: str, keys: Iterable[Key]) -> None:
    for key in keys:
        session.client.put(f"/v4/domains/{domain}/keys/{quote(key.selector, safe='')}/{word}")
