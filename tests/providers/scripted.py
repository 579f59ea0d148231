"""A service that answers by a script, and real clients that speak to it over httpx."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import httpx
from clock import Clock

from reconciler.model import Account, Kind, Secret
from reconciler.providers import SERVICES
from reconciler.providers.api import ClientT, Connector, KnownSecrets, Reader, Writer
from reconciler.providers.mailgun.session import MailgunSession
from reconciler.providers.postmark.session import PostmarkSession
from reconciler.source import Location, Node
from reconciler.web.answer import Answer, by_name

SERVER_TOKEN = "0b7c3f0e-5a0b-4f3a-9a53-6a5f5cbe3d11"
ACCOUNT_TOKEN = "c1a7fd0a-52a9-49a7-8a8c-3a3a4a3c0f55"
MAILGUN_KEY = "key-0123456789abcdef0123456789abcdef"
PLACE = Location("esp.yaml", 1, 1)

Step = httpx.Response | type[httpx.RequestError] | Callable[[httpx.Request], httpx.Response]


def whole(response: httpx.Response) -> Answer:
    """Return what a service is scripted to answer, as it is when it has come."""
    return Answer(response.status_code, by_name(response.headers.raw), response.content)


@dataclass
class Script(httpx.BaseTransport):
    """Answers one step after the other, the last of them for ever."""

    steps: Sequence[Step]
    seen: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.seen.append(request)
        step = self.steps[min(len(self.seen), len(self.steps)) - 1]
        if isinstance(step, httpx.Response):
            # A fresh one each time: httpx binds a response to its request.
            return httpx.Response(step.status_code, headers=step.headers, content=step.content)
        if isinstance(step, type):
            raise step("", request=request)
        return step(request)


def node(data: Any) -> Node:
    children = {key: node(value) for key, value in data.items()} if isinstance(data, dict) else {}
    return Node(data, PLACE, children, (), dict.fromkeys(children, PLACE))


def provider(service: str, **advanced: Any) -> Account:
    return Account("box", node({"advanced": advanced}), PLACE, SERVICES[service])


class Line:
    """A script, the pauses that were made between its answers, and sessions with it."""

    def __init__(
        self,
        *steps: Step,
        retries: int = 3,
        client_type: type[Reader] = Writer,
        service: str = "postmark",
    ) -> None:
        self.script = Script(steps)
        self.clock = Clock()
        self._provider = provider(service, retry_attempts=retries)
        self._connector: Connector[Any] = Connector(
            client_type, transport=self.script, pause=self.clock.pause, clock=self.clock
        )

    @property
    def known(self) -> KnownSecrets:
        return self._connector.known

    @property
    def pauses(self) -> list[float]:
        return self.clock.pauses

    @property
    def kinds(self) -> Sequence[Kind[Any, Any]]:
        return self._provider.service.kinds

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.script.seen]

    def __enter__(self) -> Self:
        self._connector.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._connector.__exit__()

    def postmark(self) -> PostmarkSession[Any]:
        tokens = {"token": Secret(SERVER_TOKEN), "account_token": Secret(ACCOUNT_TOKEN)}
        session: PostmarkSession[Any] = self._provider.service.connect(
            self._provider, tokens, self._connector
        )
        return session

    def mailgun(self) -> MailgunSession[Any]:
        session: MailgunSession[Any] = self._provider.service.connect(
            self._provider, {"token": Secret(MAILGUN_KEY)}, self._connector
        )
        return session


@contextmanager
def writer(*steps: Step, retries: int = 3) -> Iterator[tuple[Writer, Line]]:
    """Yield a Postmark client with the server token, and its line."""
    with Line(*steps, retries=retries) as line:
        yield line.postmark().server, line


def call(client: Writer, method: str) -> dict[str, Any]:
    """Make a call of a method that all services have."""
    calls: dict[str, Callable[[], dict[str, Any]]] = {
        "GET": lambda: client.get("/x"),
        "POST": lambda: client.post("/x", json={"Name": "n"}),
        "PUT": lambda: client.put("/x", json={"Name": "n"}),
        "PATCH": lambda: client.patch("/x", json={"Name": "n"}),
        "DELETE": lambda: client.delete("/x"),
    }
    return calls[method]()


def connected(connector: Connector[ClientT], service: str, tokens: dict[str, str]) -> Any:
    """Return a service's session over a connector, with these tokens."""
    account = provider(service)
    secrets = {key: Secret(value) for key, value in tokens.items()}
    return account.service.connect(account, secrets, connector)
