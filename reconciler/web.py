"""HTTP to places that are no provider: forges, and receivers of messages and heartbeats.

One request and its whole answer: no redirect is followed, no cookie kept, nothing repeated. A URL
and a header may be secrets, so no error quotes them.
"""

import asyncio
import functools
import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from reconciler.errors import (
    OutcomeUnknown,
    ServiceError,
    Unavailable,
    UnexpectedAnswer,
    UsageError,
)
from reconciler.model import Secret
from reconciler.source import nothing

LONGEST_ANSWER = 16 * 2**20
"""Bytes."""
SECONDS = 30.0
"""What a whole request may take, its answer included."""

_LONGEST_ADDRESS = 4096
_ADDRESS = re.compile(
    r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(/[\w.~%!$&'()*+,;=:@/-]*)?"
    r"(\?[\w.~%!$&'()*+,;=:@/?-]*)?",
    re.IGNORECASE | re.ASCII,
)
"""No user, no fragment, nothing that two parsers of URLs could read differently."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_NETWORK_VARIABLES = "HTTPS_PROXY, NO_PROXY, SSL_CERT_FILE or SSL_CERT_DIR"

Header = str | Secret


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the names of `headers` are found in any letter case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TooLong(UnexpectedAnswer):
    """An answer to a read is longer than LONGEST_ANSWER; a smaller part may be asked for."""


class _TooLongError(Exception):
    """An answer is longer than LONGEST_ANSWER."""


class _EncodedError(Exception):
    """An answer is compressed, which was not asked for."""


def check_address(url: str, what: str) -> str:
    """Return a URL that may be sent to: https, or http on loopback.

    Raises UsageError, which says `what` holds it and does not quote it: it may be a secret.
    """
    is_plain = len(url) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(url)
    if not (is_plain and _is_safe(url)):
        raise UsageError(
            f"{what}: an https URL without user and fragment is wanted, or an http one on loopback "
            "such as http://127.0.0.1:8025; correct it"
        )
    return url


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_sane = parts.port is None or parts.port > 0
        httpx.Request("GET", url)
    except (httpx.InvalidURL, ValueError):
        return False
    return port_is_sane and (parts.scheme == "https" or _is_loopback(parts.hostname))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


class Web:
    """Sends requests, one at a time, in the thread that made it; it is a context manager.

    httpx limits single reads and writes only, and who sends a byte every few seconds keeps to that
    for ever. A deadline for the whole is what asyncio has.
    """

    def __init__(
        self, *, headers: Mapping[str, Header] = nothing(), seconds: float = SECONDS
    ) -> None:
        """Raises UsageError when the environment names a proxy or certificates that are none."""
        self._headers = {"User-Agent": "esp-reconcile", "Accept-Encoding": "identity", **headers}
        self._seconds = seconds
        self._client = _client(seconds)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._runner.run(self._client.aclose())
        finally:
            self._runner.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, Header] = nothing(),
        place: str = "",
    ) -> Answer:
        """Send a request and return its answer, whatever its status.

        `place` stands for the URL in messages, its host if there is none. Raises Unavailable when
        no answer came, UnexpectedAnswer for one that cannot be taken, and OutcomeUnknown for either
        if the request may have changed something.
        """
        check_address(url, place or "the URL")
        request = httpx.Request(
            method,
            url,
            headers=_opened({**self._headers, **headers}),
            json=json,
            content=content,
            extensions={"timeout": httpx.Timeout(self._seconds).as_dict()},
        )
        host = urlsplit(url).hostname or ""
        try:
            return self._runner.run(self._ask(request))
        except (httpx.RequestError, TimeoutError, _TooLongError, _EncodedError) as problem:
            error = _no_answer(f"{method} {place or host}", host, problem, self._seconds)
        raise error

    async def _ask(self, request: httpx.Request) -> Answer:
        async with asyncio.timeout(self._seconds):
            # The client itself logs each URL, adds cookies and follows redirects; its transports,
            # which it chooses by the proxies of the environment, do nothing of the kind.
            transport = self._client._transport_for_url(request.url)  # noqa: SLF001
            response = await transport.handle_async_request(request)
            try:
                return Answer(response.status_code, response.headers, await _content(response))
            finally:
                await response.aclose()


async def _content(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity").strip().lower() not in {"identity", ""}:
        raise _EncodedError
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > LONGEST_ANSWER:
            raise _TooLongError
    return bytes(content)


def _opened(headers: Mapping[str, Header]) -> list[tuple[bytes, bytes]]:
    """Return headers as they are sent: the one place where their secrets are opened."""
    revealed = {
        name: value.reveal() if isinstance(value, Secret) else value
        for name, value in headers.items()
    }
    return [
        (name.encode(), value.encode(errors="surrogateescape")) for name, value in revealed.items()
    ]


def _client(seconds: float) -> httpx.AsyncClient:
    # Plain http goes to loopback only, which no proxy reaches.
    direct = httpx.AsyncHTTPTransport(verify=_believing_nobody(), trust_env=False)
    try:
        return httpx.AsyncClient(verify=_ssl_context(), timeout=seconds, mounts={"http://": direct})
    except (httpx.InvalidURL, ValueError, ImportError, OSError):
        raise UsageError(
            f"{_NETWORK_VARIABLES}: the environment names a proxy or certificates that cannot be "
            "used; correct or unset them"
        ) from None


@functools.cache
def _believing_nobody() -> ssl.SSLContext:
    """Return a context that accepts no certificate, for where none is to be shown."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    """Build the one context of the process: it takes 33 ms, and every client can share it."""
    return httpx.create_ssl_context()


def _no_answer(request: str, host: str, problem: Exception, seconds: float) -> ServiceError:
    """Return what it means that no answer could be taken; httpx's own words may quote the URL."""
    if isinstance(problem, _TooLongError):
        fact = f"the answer of {host} is longer than {LONGEST_ANSWER // 2**20} MiB"
    elif isinstance(problem, _EncodedError):
        fact = f"the answer of {host} is compressed, which was not asked for"
    elif isinstance(problem, TimeoutError):
        fact = f"{host} took longer than {seconds:g} seconds"
    else:
        fact = f"no answer from {host} ({type(problem).__name__})"
    if not (request.startswith(("GET ", "HEAD ")) or isinstance(problem, _NEVER_SENT)):
        return OutcomeUnknown(
            request,
            f"{fact}; whether it took effect is not known",
            advice="Check the network, and look before running again.",
        )
    if isinstance(problem, _TooLongError | _EncodedError):
        error = TooLong if isinstance(problem, _TooLongError) else UnexpectedAnswer
        advice = "Check the address, and what stands between here and there."
        return error(request, fact, advice=advice)
    return Unavailable(request, fact, advice="Check the network, and try again later.")
