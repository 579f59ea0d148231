"""Look over providers: all that an admin would see of them, and what could not be read."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reconciler.engine.examining import Checked
from reconciler.engine.failures import Lenient, Unread
from reconciler.engine.live import Collection as Listing
from reconciler.engine.live import Progress, Sessions, in_silence, read_wanted
from reconciler.engine.pruning import identity
from reconciler.model import Account, Address, Config, DomainState, Kind, Resource, Snapshot

DOMAINS = "domains"
Pause = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Scope:
    """How much is looked at: which kinds (all without any), and whether domains are read in full.

    Of `domains`, if any are named, only those are read in full.
    """

    kinds: frozenset[str] = frozenset()
    in_full: bool = False
    domains: frozenset[str] = frozenset()

    def has(self, kind: Kind[Any, Any]) -> bool:
        return not self.kinds or kind.name in self.kinds

    def is_read_in_full(self, domain: str) -> bool:
        return self.in_full and (not self.domains or domain in self.domains)


@dataclass(frozen=True, slots=True)
class Overview:
    """What was found behind one provider.

    `managed` is what is live and declared, by it or by another provider of the account; `unread` is
    what could not be read, and why.
    """

    account: Account
    live: Snapshot
    desired: Snapshot
    managed: frozenset[Address]
    unread: Sequence[Unread]

    def of_kind(self, name: str) -> Iterator[Address]:
        """Yield the addresses at the top of a kind of what is live, or is declared to be there."""
        declared = (address for address, each in self.desired.items() if not each.absent)
        for address in sorted({*self.live, *declared}):
            if address.parts[1:2] == (name,) and self._kind_of(address).name == name:
                yield address

    def _kind_of(self, address: Address) -> Kind[Any, Any]:
        return (self.live.get(address) or self.desired[address]).kind

    def is_declared(self, address: Address) -> bool:
        return address in self.desired or address in self.managed

    def domain_state(self, address: Address) -> DomainState:
        if live := self.live.get(address):
            return self.account.service.domain_state(live)
        is_unread = any(each.address in address.lineage() for each in self.unread)
        return DomainState.UNKNOWN if is_unread else DomainState.MISSING


@dataclass(frozen=True, slots=True)
class Look:
    """What is known of one provider; without an `overview` no token leads to it.

    `advanced` are the settings of the sending application, defaults included.
    """

    account: Account
    checks: Sequence[Checked]
    advanced: Mapping[str, Any]
    overview: Overview | None = None


def look_over(
    config: Config,
    sessions: Sessions,
    scope: Scope,
    *,
    connections: int,
    progress: Progress = in_silence,
    pause: Pause = time.sleep,
) -> Mapping[str, Overview]:
    """Return what there is behind each provider that has a session; a failure is part of it."""
    accounts = {name: each for name, each in config.providers.items() if name in sessions}
    failures = Lenient()
    found = read_wanted(
        _Glance(accounts, scope),
        _listings(accounts.values(), scope),
        sessions,
        connections=connections,
        progress=progress,
        pause=pause,
        failures=failures,
    )
    live, unread = failures.readable(found), list(failures.unread())
    declared = {identity(each) for address, each in live.items() if address in config.desired}
    managed = frozenset(each.address for each in live.values() if identity(each) in declared)
    return {
        name: Overview(
            account=account,
            live=_of(name, live),
            desired=_of(name, config.desired),
            managed=managed,
            unread=[each for each in unread if each.address.provider == name],
        )
        for name, account in accounts.items()
    }


def _of(provider: str, resources: Snapshot) -> Snapshot:
    return {address: each for address, each in resources.items() if address.provider == provider}


def _listings(accounts: Iterable[Account], scope: Scope) -> Iterator[Listing]:
    for account in accounts:
        for kind in account.service.readable(account):
            if kind.parent is None and scope.has(kind):
                yield Listing(account.address, kind)


@dataclass(frozen=True, slots=True)
class _Glance:
    """Wants the lists, of domains as much as the scope says, and what stands below the default one.

    Its settings stand for those of its provider.
    """

    accounts: Mapping[str, Account]
    scope: Scope

    def is_incomplete(self, live: Resource) -> bool:
        is_domain = live.kind.name == DOMAINS and not live.kind.lists_in_full
        return is_domain and self.scope.is_read_in_full(live.address.name)

    def below(self, parents: Iterable[Resource]) -> Iterator[Listing]:
        for parent in parents:
            account = self.accounts[parent.address.provider]
            if parent.address.name == account.service.default_domain(account):
                for kind in account.service.readable(account):
                    if kind.parent is type(parent.kind) and self.scope.has(kind):
                        yield Listing(parent.address, kind)
