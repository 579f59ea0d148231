"""Connections to a service, and the clients that use them."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, Self, TypeVar

import httpx

from reconciler.model import Provider, Sealed
from reconciler.providers.api.auth import SecretAuth
from reconciler.providers.api.budget import Budget
from reconciler.providers.api.client import Dialect, Line, Reader, Writer
from reconciler.providers.api.disclosure import KnownSecrets
from reconciler.providers.api.governor import Governor, Start
from reconciler.providers.api.pool import Pool
from reconciler.providers.api.standing import Standing
from reconciler.web.exchange import Connection, InProcess
from reconciler.web.network import connections_to

_DEADLINE = 2
"""How many times its provider's timeout, which is for each step, a whole request may take."""

ClientT = TypeVar("ClientT", bound=Reader, covariant=True)  # noqa: PLC0105 - sessions share it


@dataclass(frozen=True)
class Connector(Generic[ClientT]):
    """Makes clients of one type: `Connector(Reader)` makes no other than reading ones.

    `base_urls` replaces the built-in ones by site name; `transport` replaces the network;
    `watch` is told each request in a line of text, and `before_write` is called before each that
    may change something. `known` are the run's secrets, to which those are added that a client is
    made with. `rate` is how many calls a minute to begin with, for each credential, instead of what
    its service documents; `budget` is how many calls may be made in all; `clock` counts the seconds
    that `pause` waits. The connections stay open until the `with` block around it ends.
    """

    client_type: type[ClientT]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    watch: Callable[[str], None] | None = None
    before_write: Callable[[], None] = lambda: None
    known: KnownSecrets = field(default_factory=KnownSecrets)
    _opened: ExitStack = field(default_factory=ExitStack, init=False)
    rate: int | None = None
    budget: Budget = field(default_factory=Budget)
    clock: Callable[[], float] = time.monotonic
    _governors: dict[Sealed, Governor] = field(default_factory=dict, init=False)
    _standings: dict[object, Standing] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def pool(self, provider: Provider, site: str, built_in_url: str) -> Pool:
        """Open the connections of one provider's account."""
        base_url = httpx.URL(self.base_urls.get(site, built_in_url))
        reads_only = not issubclass(self.client_type, Writer)
        make = (
            partial(InProcess, base_url, self.transport)
            if self.transport
            else connections_to(base_url, provider.timeout)
        )
        return Pool(base_url, lambda: self._kept(make()), reads_only=reads_only)

    def _kept(self, connection: Connection) -> Connection:
        """Have a connection closed in the end."""
        self._opened.callback(connection.close)
        return connection

    def client(
        self,
        provider: Provider,
        pool: Pool,
        auth: SecretAuth,
        dialect: Dialect,
        start: Start | None = None,
    ) -> ClientT:
        """Make a client. `start` is what the service documents of how many calls it allows."""
        # A key may be good in one region and refused in the other.
        shared_by = (provider.name, (auth.identity(), str(pool.base_url)))
        standings = [self._standings.setdefault(each, Standing()) for each in shared_by]
        line = self._line(provider, pool, auth, dialect, start)
        return self.client_type(replace(line, retries=provider.retry_attempts, standings=standings))

    def onlooker(
        self,
        provider: Provider,
        pool: Pool,
        auth: SecretAuth,
        dialect: Dialect,
        start: Start | None = None,
    ) -> Reader:
        """Make a client that asks once and can only read, whatever this connector's others can."""
        return Reader(self._line(provider, pool, auth, dialect, start))

    def _line(
        self,
        provider: Provider,
        pool: Pool,
        auth: SecretAuth,
        dialect: Dialect,
        start: Start | None,
    ) -> Line:
        """Return what asks once."""
        self.known.add(auth.secret)
        return Line(
            pool,
            auth,
            dialect,
            self._governor(auth, start),
            retries=0,
            seconds=_DEADLINE * provider.timeout,
            pause=self.pause,
            known=self.known,
            watch=self.watch,
            before_write=self.before_write,
            budget=self.budget,
        )

    def _governor(self, auth: SecretAuth, start: Start | None) -> Governor:
        """Return the governor of all clients that use a secret, which the first one begins."""
        if self.rate:
            start = Start(self.rate)
        governor = Governor(start, self.clock)
        return self._governors.setdefault(auth.identity(), governor)
