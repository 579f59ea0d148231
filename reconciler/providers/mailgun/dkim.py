"""DKIM of a domain: whether it signs, and with which selector (mailgun.md §7.1, §7.2)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.errors import NotFound
from reconciler.fields import FLAG, Codec, Field, FieldTable, text
from reconciler.model import UNSETTLED, Address, Create, Path, Provider, Resource, Statement, Update
from reconciler.providers.desired import host_name
from reconciler.providers.mailgun.domain_fields import AUTHORITY, AUTOMATIC, DKIM_HOSTS
from reconciler.providers.mailgun.domains import Domains
from reconciler.providers.mailgun.keys import (
    Course,
    Key,
    are_automatic,
    by_selector,
    course,
    read_keys,
    rename,
    renamed_key,
    signing_keys,
    switch,
    switchable,
    without_automatic,
)
from reconciler.providers.mailgun.lineage import ancestors
from reconciler.providers.mailgun.per_domain import PerDomain
from reconciler.providers.mailgun.session import Reading, Writing, look_at_dns
from reconciler.providers.steps import Step, take
from reconciler.source import Node

SIGNING, SELECTOR = "signing", "selector"
KEPT, HOSTED = "keys_are_kept", "keys_are_hosted"
ABOVE = "signed_above"
"""A fact: the domain above is about to sign, with keys that are not told here."""


def _read_selectors(value: Any) -> str | list[str]:
    """Read the selector of the one key that is meant, or those of several."""
    return [text(each) for each in value] if isinstance(value, list) else text(value)


class Dkim(PerDomain):
    name = "dkim"
    dns_fields = frozenset({SIGNING, SELECTOR})  # to sign, Mailgun may have to look at DNS first
    fields = FieldTable(
        Field(SIGNING, SIGNING, FLAG),
        Field(SELECTOR, SELECTOR, Codec(_read_selectors)),
        # What the domain itself is said to do: Mailgun keeps its keys, or they stand elsewhere.
        Field(KEPT, KEPT, write_only=True, implied=True),
        Field(HOSTED, HOSTED, write_only=True, implied=True),
    )

    def declared(self, provider: Provider) -> Iterator[Resource]:
        """Yield what is said of signing, for all domains or one, and of a domain's selector.

        One that is not said to sign follows those below: a look at DNS for them may let it.
        """
        said = list(self._said(provider))
        below = {} if all(each.attributes.get(SIGNING) for each in said) else _below(provider)
        for each in said:
            signs = each.attributes.get(SIGNING)
            yield each if signs else replace(each, follows=tuple(below.get(each.parent, ())))

    def _said(self, provider: Provider) -> Iterator[Resource]:
        everywhere = provider.node.at("tracking.dkim_signing")
        for name, node in provider.node.entries(Domains.name):
            found = {
                SIGNING: node.at("tracking.dkim_signing") or everywhere,
                SELECTOR: node.at("dkim.selector"),
            }
            named = {key: each for key, each in found.items() if each}
            if named and _stays(node):
                place = provider.node.children[Domains.name].keys[name]
                domain = provider.address / Domains.name / host_name(name)
                yield Resource(
                    address=domain / self.name,
                    kind=self,
                    attributes={key: _value(each) for key, each in named.items()} | _implied(node),
                    parent=domain,
                    locations={"": place} | {key: each.location for key, each in named.items()},
                )

    def keys(self, address: Address, field: str) -> Path:
        domain = address.parts[1:-1]
        if field == SIGNING:
            return (*domain, "tracking", "dkim_signing")
        return (*domain, "dkim", field)

    def stated(self, live: Resource) -> Iterator[Statement]:
        signing, selector = (live.attributes.get(each) for each in (SIGNING, SELECTOR))
        are_others = not keys_of(live, live)
        yield Statement(self.keys(live.address, SIGNING), signing, SIGNING, fits_all=are_others)
        if isinstance(selector, str):
            keys = self.keys(live.address, SELECTOR)
            yield Statement(keys, selector, SELECTOR, is_incidental=True)

    def list(self, session: Reading, under: Address) -> Iterable[Resource]:
        yield self._live(under, read_keys(session, under.name))

    def foreseen(
        self, desired: Resource, live: Resource, changes: Sequence[Create | Update]
    ) -> Resource:
        """Who keeps the keys, and which they are, only a change of the domain will show.

        A look at DNS may let a key sign that is not to: one for a domain below as well.
        """
        own = [each for each in changes if _domain_of(each) == desired.parent]
        below = [each for each in changes if _domain_of(each) != desired.parent]
        changed = {each.name: each.after for change in own for each in change.fields}
        if {AUTHORITY, AUTOMATIC} & changed.keys():
            return _with_other_keys(live, changed)
        is_looked_for = any(map(looks_at_dns, own)) or any(map(_is_signed_above, below))
        if is_looked_for and live.attributes.get(SIGNING) is False:
            return _with_a_key_that_may_sign(desired, live)
        return live

    def meet(self, desired: Resource, live: Resource) -> Resource:
        """Compare nothing that others keep; where nothing signs, a key by the name is enough."""
        keys = keys_of(desired, live)
        are_told = live.facts["keys"] or live.facts.get(ABOVE) or desired.attributes.get(KEPT)
        are_others = not keys and bool(are_told)
        hidden = {SIGNING, SELECTOR} if are_others else set()
        signs = desired.attributes.get(SIGNING, bool(signing_keys(keys)))
        is_settled = live.attributes.get(SELECTOR) != UNSETTLED
        if is_settled and not signs and by_selector(keys, desired.attributes.get(SELECTOR)):
            hidden.add(SELECTOR)
        known = {name: each for name, each in desired.attributes.items() if name not in hidden}
        return replace(desired, attributes=known)

    def impossible(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        keys, selector = keys_of(desired, live), desired.attributes.get(SELECTOR)
        if keys and selector and not by_selector(keys, selector) and not renamed_key(keys):
            names = ", ".join(key.selector for key in signing_keys(keys) or keys)
            yield (
                SELECTOR,
                (
                    f"which of the keys {names} would become `{selector}` cannot be told; name one "
                    f"of them, or make a key `{selector}`, or delete those that are not used"
                ),
            )

    def doubts(self, desired: Resource, live: Resource) -> Iterator[tuple[str, str]]:
        if keys_of(desired, live):
            return
        fact = "the domain above it signs, with a key of its own"
        way_out = f"`{AUTHORITY}: true` gives this one a key"
        is_kept = desired.attributes.get(KEPT) or are_automatic(live.facts["keys"])
        if is_kept:
            fact = "Mailgun keeps the keys and chooses their selectors"
            way_out = f"`{AUTOMATIC}: false` gives the domain keys of its own"
        for name in (SIGNING, SELECTOR):
            is_so = is_kept and name == SIGNING and desired.attributes.get(name) is True
            if name in desired.attributes and not is_so:
                yield name, f"{fact}, so that it was not compared; {way_out}, or take it off"

    def create(self, session: Writing, desired: Resource) -> Resource:
        """Set what is named on a domain that was created just before."""
        domain = Address(desired.address.parts[:-1])
        live = self._live(domain, read_keys(session, domain.name))
        known = self.meet(desired, live)
        names = [name for name in live.attributes if _differs(name, known, live)]
        if known.attributes.get(SIGNING) is False and SIGNING not in names:
            names.append(SIGNING)  # a look at DNS may still let a key sign
        self._set(session, known, names)
        return desired

    def update(self, session: Writing, change: Update) -> None:
        self._set(session, change.desired, change.names)

    def _set(self, session: Writing, desired: Resource, names: Sequence[str]) -> None:
        """Read the keys anew: a change of the domain may have brought others forth."""
        domain = desired.address.parts[-2]
        signing = desired.attributes[SIGNING] if SIGNING in names else None
        # Also a selector that is as it should be says which key is to sign.
        selector = desired.attributes.get(SELECTOR) if SELECTOR in names or signing else None
        keys = self._keys(session, desired)
        way = course(keys, signing, selector)

        def do_rename(_: tuple[str, ...]) -> None:
            rename(session, domain, str(selector))

        def do_switch(_: tuple[str, ...]) -> None:
            # A look may let a key sign that is not to, or another one than the one that is named.
            is_open = signing is False or not (signing or way.rename or signing_keys(keys))
            looked_for = list(_looked_for(session, desired)) if is_open else []
            for each in looked_for:
                look_at_dns(session, each)
            is_stale = looked_for or way.rename
            if switch(session, domain, left() if is_stale else way):
                switch(session, domain, left())

        def left() -> Course:
            return course(self._keys(session, desired), signing, selector)

        steps = [Step((SELECTOR,), do_rename)] if way.rename else []
        rest = tuple(name for name in names if not (way.rename and name == SELECTOR))
        take([*steps, Step(rest, do_switch)] if rest else steps)

    def _keys(self, session: Reading, desired: Resource) -> tuple[Key, ...]:
        domain = Address(desired.address.parts[:-1])
        return keys_of(desired, self._live(domain, read_keys(session, domain.name)))

    def _live(self, domain: Address, keys: Sequence[Key]) -> Resource:
        return Resource(
            address=domain / self.name,
            kind=self,
            attributes=self.fields.decode({SIGNING: True} if are_automatic(keys) else _told(keys)),
            remote_id=domain.name,
            parent=domain,
            notes=tuple(_notes(keys)),
            facts={"keys": tuple(keys)},
        )


def keys_of(desired: Resource, live: Resource) -> tuple[Key, ...]:
    """Return the keys that can be switched: those of the domain, if nobody else keeps them."""
    if desired.attributes.get(KEPT):
        return ()
    are_hosted = desired.attributes.get(HOSTED) is True
    domain = live.address.parts[-2]
    return switchable(live.facts["keys"], domain, are_hosted=are_hosted)


def _looked_for(session: Writing, desired: Resource) -> Iterator[str]:
    """Yield for which domains DNS is still to be looked up, and the keys of this one with it."""
    if session.looks.is_wanted(domain := desired.address.parts[-2]):
        yield domain
    for each in desired.follows:
        if session.looks.is_wanted(each.name) and _is_signed_for(session, each.name):
            yield each.name


def _is_signed_for(session: Reading, domain: str) -> bool:
    """Whether a domain above signs for one, if that is there: it may not have been made."""
    try:
        return not switchable(read_keys(session, domain), domain, are_hosted=False)
    except NotFound:
        return False


def _domain_of(change: Create | Update) -> Address:
    return change.subject.parent or change.subject.address


def _with_other_keys(live: Resource, changed: Mapping[str, Any]) -> Resource:
    """Return what is known of a domain whose keys will be others than before."""
    if changed.get(AUTHORITY) is False:
        return replace(live, attributes={}, facts={"keys": (), ABOVE: True})
    left = () if AUTHORITY in changed else without_automatic(live.facts["keys"])
    unsettled = dict.fromkeys((SIGNING, SELECTOR), UNSETTLED)
    return replace(live, attributes=unsettled, facts={"keys": left})


def _with_a_key_that_may_sign(desired: Resource, live: Resource) -> Resource:
    """Return a domain that does not sign, in view of a look at DNS, after which a key may.

    Which of several that is, Mailgun chooses; a single one has its selector already.
    """
    unsettled = {}
    if desired.attributes.get(SIGNING) is False:
        unsettled = {SIGNING: UNSETTLED}
    elif SIGNING not in desired.attributes and len(keys_of(desired, live)) > 1:
        unsettled = {SELECTOR: UNSETTLED}
    return replace(live, attributes={**live.attributes, **unsettled})


def _is_signed_above(change: Create | Update) -> bool:
    """Whether DNS is looked up for a domain that may be signed for by one above it."""
    known = {} if isinstance(change, Create) else change.live.attributes
    has_own = {**known, **change.desired.attributes}.get(AUTHORITY) is True
    return looks_at_dns(change) and not has_own


def looks_at_dns(change: Create | Update) -> bool:
    """Whether Mailgun looks at a domain's DNS for a change, and so may change more than it names.

    It does for each that is new. No key has to be looked for to let none sign.
    """
    if isinstance(change, Create):
        return True
    names = set(change.names) & change.desired.kind.dns_fields
    is_off = SIGNING in names and change.desired.attributes[SIGNING] is False
    return bool(names - {SIGNING} if is_off else names)


def _below(provider: Provider) -> Mapping[Address | None, list[Address]]:
    """Return, by domain, those that are declared below it."""
    collection, found = provider.address / Domains.name, dict[Address | None, list[Address]]()
    names = [host_name(name) for name, node in provider.node.entries(Domains.name) if _stays(node)]
    for name in names:
        for above in ancestors(name):
            found.setdefault(collection / above, []).append(collection / name)
    return found


def _stays(node: Node) -> bool:
    return node.text("ensure") != "absent"


def _implied(node: Node) -> dict[str, bool]:
    """Return what a domain's other keys say of its DKIM keys."""
    said = {
        KEPT: _is_said(node, AUTOMATIC),
        HOSTED: any(_is_said(node, each) for each in DKIM_HOSTS),
    }
    return {name: True for name, is_said in said.items() if is_said}


def _is_said(node: Node, name: str) -> bool:
    found = node.at(name)
    return bool(found and found.data)


def _value(node: Node) -> Any:
    return node.data.lower() if isinstance(node.data, str) else node.data


def _differs(name: str, desired: Resource, live: Resource) -> bool:
    return name in desired.attributes and desired.attributes[name] != live.attributes[name]


def _told(keys: Sequence[Key]) -> dict[str, Any]:
    """Return what can be said of the keys; without any, the domain is signed for by others."""
    if not keys:
        return {}
    selectors = [key.selector for key in signing_keys(keys) or keys]
    selector = selectors[0] if len(selectors) == 1 else selectors
    return {SIGNING: bool(signing_keys(keys)), SELECTOR: selector}


def _notes(keys: Sequence[Key]) -> Iterator[str]:
    if are_automatic(keys):
        yield "automatic sender security: Mailgun signs with keys that it rotates by itself"
    for key in keys:
        if not key.is_valid:
            verdict = "" if key.verdict in {"unknown", "none"} else f", and calls it {key.verdict}"
            yield f"Mailgun does not find the DKIM record in DNS{verdict}: publish {key.record}"
