"""Sending domains, by their names: which are meant, how they stand, and what is asked of them."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.engine.crew import resting
from reconciler.engine.live import Progress, in_silence
from reconciler.engine.overview import DOMAINS, Overview, Scope, look_over
from reconciler.engine.selection import did_you_mean
from reconciler.errors import ReconcileError, UsageError
from reconciler.library.credentials import known_for_reading
from reconciler.library.options import Options, do_nothing
from reconciler.library.reconciler import sessions_of
from reconciler.model import (
    TO_PUBLISH,
    Account,
    Address,
    Config,
    DnsRecord,
    Performed,
)
from reconciler.providers.api import Reader, Writer
from reconciler.source import printable

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 60.0
"""Seconds between two looks: Mailgun's take minutes (mailgun.md §4.9), and DNS is no faster."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which domains are meant: these names, or all; of these providers, or of all."""

    names: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()

    def has(self, address: Address) -> bool:
        if self.providers and address.provider not in self.providers:
            return False
        return not self.names or {address.name, str(address)} & {*self.names} != set()


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain, with the overview of the provider that it was found behind."""

    address: Address
    overview: Overview

    @property
    def records(self) -> Sequence[DnsRecord]:
        """What its service asks for in DNS."""
        live = self.overview.live.get(self.address)
        return live.records if live else ()


def domains_of(
    config: Config,
    options: Options,
    choice: Choice,
    *,
    progress: Progress = in_silence,
) -> list[Domain]:
    """Read domains, declared or not; sends nothing but GET.

    Raises UsageError for a name that is neither declared nor live, ReconcileError where a provider
    could not be read.
    """
    named = {name.rsplit("/", 1)[-1] for name in choice.names}
    scope = Scope(frozenset({DOMAINS}), in_full=True, domains=frozenset(named))
    known = known_for_reading(_of_those(config, _accounts(config, choice)), options)
    with sessions_of(known, options, Reader) as sessions:
        found = look_over(
            known,
            sessions,
            scope,
            connections=options.connections,
            progress=progress,
            pause=resting(options.pause),
        )
    _check_read(found.values())
    domains = [
        Domain(address, overview)
        for overview in found.values()
        for address in overview.of_kind(DOMAINS)
    ]
    _check_names(choice, domains)
    return [each for each in domains if choice.has(each.address)]


def _accounts(config: Config, choice: Choice) -> dict[str, Account]:
    """Return the providers that are meant and have domains to read."""
    return {
        name: each
        for name, each in config.providers.items()
        if (not choice.providers or name in choice.providers)
        and any(kind.name == DOMAINS for kind in each.service.readable(each))
    }


def _of_those(config: Config, accounts: Mapping[str, Account]) -> Config:
    desired = {each: it for each, it in config.desired.items() if each.provider in accounts}
    return replace(config, providers=accounts, desired=desired)


def _check_read(overviews: Iterable[Overview]) -> None:
    unread = [each for overview in overviews for each in overview.unread]
    if unread:
        raise ReconcileError("\n".join(f"{each.address}: {each.error}" for each in unread))


def _check_names(choice: Choice, domains: Sequence[Domain]) -> None:
    for name in choice.names:
        if not any(Choice((name,)).has(each.address) for each in domains):
            known = [each.address.name for each in domains]
            hint = did_you_mean(name, known) or "; `domains list` shows which there are"
            raise UsageError(f"no domain is called `{printable(name)}`{hint}")


@dataclass(frozen=True, slots=True)
class Verification:
    """What became of asking for one domain: its service's last words, or why there are none."""

    domain: Domain
    performed: Performed | None = None
    error: ReconcileError | None = None

    @property
    def address(self) -> Address:
        return self.domain.address

    @property
    def is_verified(self) -> bool:
        return self.performed is not None and self.performed.succeeded

    @property
    def sentence(self) -> str:
        return self.performed.sentence if self.performed else str(self.error)

    @property
    def missing(self) -> Sequence[DnsRecord]:
        """The records that are still to be published."""
        records = self.performed.live.records if self.performed else ()
        return [each for each in records if each.state == TO_PUBLISH]


def verify(
    config: Config,
    options: Options,
    domains: Sequence[Domain],
    *,
    wait: float,
    clock: Callable[[], float] = time.monotonic,
    came: Callable[[Sequence[Verification], float], None] = lambda *_: None,
) -> list[Verification]:
    """Have services look at DNS, again and again until all are verified or `wait` seconds passed.

    `came` is told what is known after each round, and in how many seconds the next one begins.
    """
    names = {each.address.provider for each in domains}
    accounts = {name: config.providers[name] for name in config.providers if name in names}
    known = {each.address: Verification(each) for each in domains}
    began, pause = clock(), FIRST_PAUSE
    quiet = replace(options, tell=do_nothing)  # who read the domains was told already
    own = known_for_reading(_of_those(config, accounts), quiet)
    with sessions_of(own, quiet, Writer) as sessions:
        while True:
            for each in [each for each in known.values() if not each.is_verified]:
                session = sessions[each.domain.address.provider]
                known[each.domain.address] = _asked(each.domain, session)
            left = wait - (clock() - began)
            is_over = all(each.is_verified for each in known.values()) or left <= 0
            came(list(known.values()), 0 if is_over else min(pause, left))
            if is_over:
                return list(known.values())
            options.pause(min(pause, left))
            pause = min(pause * 2, LONGEST_PAUSE)


def _asked(domain: Domain, session: object) -> Verification:
    live = domain.overview.live.get(domain.address)
    if live is None:
        fact = f"{domain.address}: it does not exist yet; `apply` creates it"
        return Verification(domain, error=ReconcileError(fact))
    try:
        return Verification(domain, live.kind.perform(session, live, "verify"))
    except ReconcileError as error:
        return Verification(domain, error=error)
