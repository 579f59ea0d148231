"""Adopt what is live: read it, say it in YAML, and hold the YAML against it before it is written.

What comes of it is loaded and planned like any other configuration. What the schema refuses, or
what the plan would change, is taken out again and told: nothing that was read is lost from sight,
and the next plan is empty.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from reconciler.config import load_config
from reconciler.config.description import place_at
from reconciler.config.insertion import inserted
from reconciler.config.places import keys_by_place
from reconciler.engine.adopt import Author, Draft, LeftOut, References
from reconciler.engine.inventory import take_stock
from reconciler.engine.live import Collection as Listing
from reconciler.engine.live import Progress, in_silence, read_live
from reconciler.engine.plan import build_plan
from reconciler.engine.selection import EVERYTHING, Selection, check_met, named
from reconciler.errors import ConfigError, ReconcileError
from reconciler.library.credentials import resolver
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.model import (
    Account,
    Address,
    Change,
    Config,
    FieldChange,
    Reference,
    Resource,
    Sealed,
    Secret,
    Snapshot,
    as_text,
)
from reconciler.providers import SERVICES
from reconciler.source import Location, Node, nothing

_ROUNDS = 20
Texts = Mapping[Path, str]
Barred = dict[tuple[Address, str], str]
Charge = tuple[Location, str, Address | None]
"""Where something is wrong, what, and the thing that it is about, if that is known."""


@dataclass(frozen=True, slots=True)
class Imported:
    """Files as they were and as they are to be, and what is to be known of it.

    `added` are the addresses that are declared now, `left_out` is what is live and cannot be
    declared, `secrets` what the new references have to lead to, by name. `together` are providers,
    by name, that see the same things, of which each is declared by one of them.
    """

    before: Texts
    after: Texts
    added: tuple[Address, ...]
    left_out: tuple[LeftOut, ...]
    secrets: Mapping[str, Secret]
    together: Sequence[Sequence[str]] = ()


def import_live(
    texts: Texts,
    options: Options,
    selection: Selection = EVERYTHING,
    *,
    providers: Collection[str] = (),
    full: bool = False,
    refer: Callable[[str], Any] = lambda name: {"env": name},
    taken: Mapping[str, Sealed] = nothing(),
    progress: Progress = in_silence,
) -> Imported:
    """Return files, given by their content, with what is live in their providers added.

    With `providers` it is added to these only; the others of the same services are looked at too,
    for what they declare of the same accounts. `refer` says how a secret is referred to by its
    name; those `taken` lead to secrets already, and are used for these only.
    Raises ConfigError for what is wrong with them as they are, and what a plan raises.
    """
    whole = _load(texts)
    config = _concerning(whole, providers)
    # To read takes tokens only: what is sent as content need not be at hand.
    with Planner.open(replace(config, desired={}), options) as planner:
        stock = take_stock(
            config,
            planner.sessions,
            selection,
            connections=options.connections,
            progress=progress,
            pause=options.pause,
        )

        def look(collections: Iterable[Listing]) -> Snapshot:
            return read_live({}, collections, planner.sessions, connections=options.connections)

        check_met(selection, stock.live, named(config))
        known = {**dict.fromkeys(_names_in(whole)), **taken}
        author = Author(_unsaid, References(refer, known, resolver().is_token), full=full)
        desk = _Desk(texts, config, stock.live, author, look, frozenset(providers))
        together = [each for each in stock.together if not providers or {*each} & {*providers}]
        return replace(desk.written(), together=together)


def server_names(texts: Texts, options: Options, provider: str) -> list[str]:
    """Return the servers of a provider's account, or what else a provider can be one of."""
    config = _load(texts)
    with Planner.open(replace(config, desired={}), options) as planner:
        account = config.providers[provider]
        return list(account.service.servers(planner.sessions[provider]))


def _concerning(config: Config, providers: Collection[str]) -> Config:
    """Return the part of a configuration that providers, or else all, have to do with."""
    services = {config.providers[each].service for each in providers}
    chosen = {
        name: account
        for name, account in config.providers.items()
        if account.service in services or not providers
    }
    desired = {
        address: each for address, each in config.desired.items() if address.provider in chosen
    }
    return replace(config, providers=chosen, desired=desired)


def _load(texts: Texts) -> Config:
    return load_config([], SERVICES, {path: text.encode() for path, text in texts.items()})


def _unsaid(service: str) -> Callable[[tuple[str, ...]], Any]:
    def unsaid(path: tuple[str, ...]) -> Any:
        return place_at(service, path).default

    return unsaid


@dataclass
class _Desk:
    """Writes, reads what was written, and takes out what cannot stand, until all of it can."""

    texts: Texts
    config: Config
    stock: Snapshot
    author: Author
    look: Callable[[Iterable[Listing]], Snapshot]
    chosen: frozenset[str]
    barred: Barred = field(default_factory=dict)

    def written(self) -> Imported:
        for _ in range(_ROUNDS):
            drafts = {
                name: self.author.draft(account, self.stock, self.config.desired, self.barred)
                for name, account in self.config.providers.items()
                if not self.chosen or name in self.chosen
            }
            after = self._with(drafts)
            wrong = self._wrong(after, drafts)
            if not wrong:
                return self._imported(drafts, after)
            self.barred.update(wrong)
        raise ReconcileError(f"no YAML was found that says what is live: {wrong}")

    def _with(self, drafts: Mapping[str, Draft]) -> Texts:
        """Return the files with the drafts in them."""
        texts = dict(self.texts)
        for name, draft in drafts.items():
            account = self.config.providers[name]
            path = Path(account.location.file)
            lost = [f"not declared: {each}" for each in draft.left_out if not each.fields]
            service, tree = account.service.name, self._with_lists_of_profiles(account, draft.tree)
            texts[path] = inserted(texts[path], name, service, tree, draft.notes, lost)
        return texts

    def _with_lists_of_profiles(
        self, account: Account, tree: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return a tree whose lists begin with a profile's items: they stand in their place."""
        nodes = account.node.children
        copied = {
            key: [*nodes[key].data, *value]
            for key, value in tree.items()
            if isinstance(value, list) and key in nodes and self._is_of_a_profile(nodes[key])
        }
        return {**tree, **copied}

    def _is_of_a_profile(self, node: Node) -> bool:
        return node.location in self.config.profiles

    def _wrong(self, after: Texts, drafts: Mapping[str, Draft]) -> Barred:
        """Return what the schema refuses, and what a plan would change."""
        try:
            config = _load(after)
        except ConfigError as error:
            told: list[Charge] = [(each.location, each.message, None) for each in error.findings]
        else:
            told = list(self._to_do(config))
        found = dict(self._accused(told, after, drafts))
        if told and not found.keys() - self.barred.keys():
            raise ReconcileError(f"what is live cannot be said: {told[0][0]}: {told[0][1]}")
        return found

    def _accused(
        self, told: Iterable[Charge], after: Texts, drafts: Mapping[str, Draft]
    ) -> Iterator[tuple[tuple[Address, str], str]]:
        """Yield the statements that stand at the places of which something is told, with that.

        Of several that begin at one place it is the innermost that was not accused before. Where
        none of ours does, what is there already says it of a thing, and so that cannot be added.
        """
        places = {str(path): keys_by_place(text.encode()) for path, text in after.items()}
        for location, reason, entry in told:
            at_place = places[location.file].get((location.line, location.column), ())
            found = [_statements_at(keys, drafts, self.config) for keys in reversed(at_place)]
            fresh = (each for each in found if set(each) - self.barred.keys())
            for each in next(fresh, []) or ([(entry, "")] if entry else []):
                yield each, reason

    def _to_do(self, config: Config) -> Iterator[Charge]:
        """Yield each change that a plan of what is new would make."""
        known = self.author.references.secrets
        new = {
            address: each.kind.seal(
                each, {name: known[_name(to)] for name, to in each.references.items()}
            )
            for address, each in config.desired.items()
            if address not in self.config.desired and address.provider in self.config.providers
        }
        unread = [each for address, each in new.items() if address not in self.stock]
        beside = self.look({Listing(each.parent, each.kind) for each in unread if each.parent})
        plan = build_plan(desired=new, live={**self.stock, **beside})
        for refusal in plan.refusals:
            if refusal.location:
                yield refusal.location, refusal.reason, _entry(new[refusal.address])
        for change in plan.changes:
            place = change.subject.location()
            for each in change.fields or (None,):
                found = each.location if each and each.location else place
                if found:
                    yield found, _would(change, each), _entry(change.subject)

    def _imported(self, drafts: Mapping[str, Draft], after: Texts) -> Imported:
        # What was taken out again refers to nothing, and what is kept already is not kept again.
        used = {
            name: secret
            for name, secret in self.author.references.secrets.items()
            if name not in self.author.references.taken
            and any(re.search(rf"\b{name}\b", text) for text in after.values())
        }
        return Imported(
            self.texts,
            after,
            tuple(address for each in drafts.values() for address in each.addresses),
            tuple(lost for each in drafts.values() for lost in each.left_out),
            used,
        )


def _entry(resource: Resource) -> Address:
    return resource.parent or resource.address


def _would(change: Change, field: FieldChange | None) -> str:
    address = change.subject.address
    if field is None:
        return f"a plan would {change.action} {address}"
    values = f"from {as_text(field.before)} to {as_text(field.after)}"
    return f"a plan would change `{field.name}` of {address} {values}"


def _names_in(config: Config) -> Iterator[str]:
    for resource in config.desired.values():
        yield from map(_name, resource.references.values())


def _name(reference: Reference) -> str:
    return reference.key or reference.target


def _statements_at(
    keys: Sequence[str | int], drafts: Mapping[str, Draft], config: Config
) -> list[tuple[Address, str]]:
    """Return the statements that were written at a place of a file, by the keys that lead there."""
    if len(keys) < len(("providers", "name", "key")) or keys[0] != "providers":
        return []
    _, name, *path = keys
    draft = drafts.get(str(name))
    if draft and len(path) > 1 and isinstance(path[1], int):
        listed = config.providers[str(name)].node.children.get(str(path[0]))
        path[1] -= len(listed.items) if listed else 0
    return draft.statements_at(tuple(map(str, path))) if draft else []
