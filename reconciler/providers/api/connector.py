"""Connections to a service, and the clients that use them."""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

import httpx

from reconciler.model import Provider, Sealed
from reconciler.providers.api.auth import SecretAuth
from reconciler.providers.api.client import Dialect, Line, Reader, Writer
from reconciler.providers.api.disclosure import KnownSecrets
from reconciler.providers.api.network import proxies_of, ssl_context
from reconciler.providers.api.throttle import Pace

ClientT = TypeVar("ClientT", bound=Reader, covariant=True)  # noqa: PLC0105 - sessions share it


@dataclass(frozen=True)
class Connector(Generic[ClientT]):
    """Makes clients of one type: `Connector(Reader)` makes no other than reading ones.

    `base_urls` replaces the built-in ones by site name; `transport` replaces the network;
    `watch` is told each request in a line of text, and `before_write` is called before each that
    may change something. `known` are the run's secrets, to which those are added that a client is
    made with. The connections stay open until the `with` block around it ends.
    """

    client_type: type[ClientT]
    base_urls: Mapping[str, str] = field(default_factory=dict)
    connections: int = 8
    transport: httpx.BaseTransport | None = None
    pause: Callable[[float], None] = time.sleep
    watch: Callable[[str], None] | None = None
    before_write: Callable[[], None] = lambda: None
    known: KnownSecrets = field(default_factory=KnownSecrets)
    _pools: ExitStack = field(default_factory=ExitStack, init=False)
    _paces: dict[Sealed, Pace] = field(default_factory=dict, init=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pools.close()

    def pool(self, provider: Provider, site: str, built_in_url: str) -> httpx.Client:
        """Open the connections of one provider's account."""
        base_url = self.base_urls.get(site, built_in_url)
        limits = httpx.Limits(
            # Equal, or httpx opens a new connection for nearly every request above 20.
            max_connections=self.connections,
            max_keepalive_connections=self.connections,
        )
        network: dict[str, Any] = (
            {"transport": self.transport} if self.transport else {"verify": ssl_context()}
        )
        # Plain http goes to loopback only, which no proxy reaches.
        use_proxies = not self.transport and httpx.URL(base_url).scheme != "http"
        with proxies_of() if use_proxies else nullcontext():
            client = httpx.Client(
                base_url=base_url,
                timeout=provider.timeout,
                limits=limits,
                headers={"Accept": "application/json", "User-Agent": "esp-reconcile"},
                event_hooks={}
                if issubclass(self.client_type, Writer)
                else {"request": [_only_get]},
                trust_env=use_proxies,
                follow_redirects=False,
                **network,
            )
        return self._pools.enter_context(client)

    def client(
        self,
        provider: Provider,
        pool: httpx.Client,
        auth: SecretAuth,
        dialect: Dialect,
        pace: Pace | None = None,
    ) -> ClientT:
        return self.client_type(self._line(pool, auth, dialect, provider.retry_attempts, pace))

    def onlooker(
        self, pool: httpx.Client, auth: SecretAuth, dialect: Dialect, pace: Pace | None = None
    ) -> Reader:
        """Make a client that asks once and can only read, whatever this connector's others can."""
        return Reader(self._line(pool, auth, dialect, 0, pace))

    def _line(
        self,
        pool: httpx.Client,
        auth: SecretAuth,
        dialect: Dialect,
        retries: int,
        pace: Pace | None,
    ) -> Line:
        self.known.add(auth.secret)
        return Line(
            pool,
            auth,
            dialect,
            retries,
            self.pause,
            self.known,
            pace,
            self.watch,
            self.before_write,
        )

    def shared_pace(self, auth: SecretAuth, pace: Pace) -> Pace:
        """Return the pace of all clients that use a secret: the first that was given for it."""
        return self._paces.setdefault(auth.identity(), pace)


def _only_get(request: httpx.Request) -> None:
    if request.method != "GET":
        raise AssertionError(f"a reading client was asked to {request.method}")
