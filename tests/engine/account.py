"""Both services in memory, and the engine's steps on them, without waiting."""

import tempfile
import textwrap
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
from clock import Clock

from reconciler.config import load_config
from reconciler.engine.attempt import Result
from reconciler.engine.authority import Authority
from reconciler.engine.live import Sessions
from reconciler.engine.plan import Plan
from reconciler.engine.refresh import make_plan
from reconciler.engine.selection import EVERYTHING, Selection
from reconciler.library.options import Options
from reconciler.library.reconciler import Reconciler
from reconciler.model import Config, Secret
from reconciler.providers import SERVICES
from reconciler.providers.api import ClientT, Connector, Reader, Writer
from reconciler.sandbox import Sandbox

HOSTS = {
    "postmark": "https://api.postmarkapp.com",
    "mailgun_us": "https://api.mailgun.net",
    "mailgun_eu": "https://api.eu.mailgun.net",
}


def yaml(text: str, **secrets: str) -> Config:
    """Load a configuration as plan and apply see it, its references resolved by `secrets`."""
    indented = textwrap.indent(textwrap.dedent(text), "  ")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "esp.yaml")
        path.write_text("version: 1\nproviders:\n" + indented, encoding="utf-8")
        config = load_config([path], SERVICES)
    return replace(
        config,
        desired={
            address: resource.kind.seal(
                resource,
                {
                    name: Secret(secrets.get(reference.target, "unset"))
                    for name, reference in resource.references.items()
                },
            )
            for address, resource in config.desired.items()
        },
    )


class Account:
    """`around` wraps the sandbox's transport, to count or to disturb."""

    def __init__(
        self, around: Callable[[httpx.BaseTransport], httpx.BaseTransport] = lambda inner: inner
    ) -> None:
        self.sandbox = Sandbox()
        self.sandbox.world.settings["mailgun_delete_delay"] = 0
        self.transport = around(self.sandbox.transport())
        self.clock = Clock()
        self.tokens_left_out: set[str] = set()

    @property
    def waited(self) -> list[float]:
        return self.clock.pauses

    @contextmanager
    def sessions(self, config: Config, client_type: type[ClientT]) -> Any:
        with Connector(
            client_type, transport=self.transport, pause=self.clock.pause, clock=self.clock
        ) as connector:
            yield {
                provider.name: provider.service.connect(
                    provider,
                    {
                        key: token
                        for key, token in self._tokens(provider.service.name, provider.name).items()
                        if key in provider.tokens
                    },
                    connector,
                )
                for provider in config.providers.values()
            }

    def _tokens(self, service: str, name: str) -> dict[str, Secret]:
        keys = set(SERVICES[service].token_keys) - self.tokens_left_out
        return {key: Secret(self.sandbox.token_for(service, key, name)) for key in keys}

    def plan(
        self, config: Config, *, only: Sequence[str] = (), prune: bool = False, connections: int = 8
    ) -> Plan:
        with self.sessions(config, Reader) as sessions:
            return self.plan_with(sessions, config, Selection(tuple(only)), prune, connections)

    def plan_with(
        self,
        sessions: Sessions,
        config: Config,
        selection: Selection = EVERYTHING,
        prune: bool = False,  # noqa: FBT001, FBT002
        connections: int = 8,
    ) -> Plan:
        return make_plan(
            config,
            sessions,
            selection,
            prune=prune,
            connections=connections,
            pause=self.clock.pause,
        )

    def apply(self, config: Config, plan: Plan | None = None) -> list[Result]:
        with self.sessions(config, Writer) as sessions:
            options = Options(pause=self.clock.pause)
            reconciler = Reconciler(config, EVERYTHING, sessions, options)
            return reconciler.apply(plan or reconciler.plan())

    def confirm(self, authority: Authority) -> Plan:
        """Return the plan that a file authorises, after a look at what it touches."""
        with self.sessions(authority.config, Writer) as sessions:
            options = Options(pause=self.clock.pause)
            return Reconciler(authority.config, EVERYTHING, sessions, options).confirm(authority)

    def control(self, site: str, method: str, path: str, body: Any = None) -> Any:
        with httpx.Client(transport=self.sandbox.transport(), base_url=HOSTS[site]) as client:
            return client.request(method, f"/_sandbox/{path}", json=body).json()

    def requests(self, site: str) -> list[str]:
        log = self.control(site, "GET", "requests")
        return [f"{entry['method']} {entry['path']}" for entry in log]

    def forget_requests(self) -> None:
        for site in HOSTS:
            self.control(site, "DELETE", "requests")

    def by_hand(self, site: str, method: str, path: str, **content: Any) -> Any:
        """Call the service as an admin would, past the reconciler."""
        credentials = self.sandbox.credentials
        client = httpx.Client(transport=self.sandbox.transport(), base_url=HOSTS[site])
        headers = {"accept": "application/json"}
        if site == "postmark":
            is_account = path.startswith(("/domains", "/senders", "/servers"))
            kind = "Account" if is_account else "Server"
            key = "account_token" if is_account else "token"
            token = self.sandbox.token_for("postmark", key, content.pop("provider", "t"))
            headers[f"X-Postmark-{kind}-Token"] = token
        else:
            client.auth = httpx.BasicAuth("api", credentials["mailgun_api_key"])
        with client:
            response = client.request(method, path, headers=headers, **content)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None


def addresses(plan: Plan) -> list[str]:
    return [f"{change.action} {change.subject.address}" for change in plan.changes]


def outcomes(results: Sequence[Result]) -> dict[str, str]:
    return {str(result.change.subject.address): str(result.outcome) for result in results}
