"""What the contract tests of Mailgun share: a sandbox to drive, and requests to compare."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

import httpx
import requests
import responses
from account import Account, yaml
from mailgun.client import Client
from program import Served, served

_ANY = re.compile(".*")

__all__ = ["Account", "Sent", "Served", "fresh", "ours", "served", "theirs", "vendor", "yaml"]


def fresh(server: Served) -> Served:
    """Return the running sandbox as new."""
    # Not by httpx, which builds a TLS context for each of such calls.
    reset = Request(f"{server.ports['postmark']['url']}/_sandbox/reset", method="POST")
    urlopen(reset).close()
    return server


@contextmanager
def vendor(server: Served, region: str = "us") -> Iterator[Client]:
    """Open the vendor's client on the sandbox, in a region."""
    port = server.ports[f"mailgun_{region}"]
    key = server.ports["mailgun_us"]["api_key"]
    with Client(auth=("api", key), api_url=port["url"]) as client:
        yield client


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """A request as the service understands it: fields of form and query alike, in any order."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()


def _sent(method: str | None, url: str | None, body: bytes | str | None) -> Sent:
    parts = urlsplit(url or "")
    text = body.decode() if isinstance(body, bytes) else body or ""
    return Sent(
        str(method), parts.path.rstrip("/"), tuple(sorted(parse_qsl(parts.query) + parse_qsl(text)))
    )


def theirs(call: Callable[[Client], Any]) -> Sent:
    """Return the one request that the vendor's client makes."""
    seen: list[Sent] = []

    def note(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        body = request.body
        seen.append(
            _sent(request.method, request.url, body if isinstance(body, bytes | str) else b"")
        )
        return 200, {}, "{}"

    with responses.RequestsMock() as mock:
        for method in ("GET", "POST", "PUT", "DELETE"):
            mock.add_callback(method, _ANY, callback=note)
        mock.assert_all_requests_are_fired = False
        with Client(auth=("api", "key-0123456789abcdef0123456789abcdef")) as client:
            call(client)
    (found,) = seen
    return found


class _Ours(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self.seen: list[Sent] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(_sent(request.method, str(request.url), request.read()))
        return self._inner.handle_request(request)


def ours(content: str, before: str = "", region: str = "us") -> list[Sent]:
    """Return the requests by which a domain with these settings is applied, after `before`."""
    account = Account(around=_Ours)
    assert isinstance(account.transport, _Ours)
    for each in (before, content):
        account.transport.seen.clear()
        if each:
            account.apply(
                yaml(
                    f"m: {{service: mailgun, token: {{env: A}}, region: {region}, "
                    f"domains: {{mg.example.com: {each}}}}}"
                )
            )
    return account.transport.seen
