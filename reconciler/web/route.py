"""The way to an endpoint: straight, or through a tunnel that a proxy digs."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import httpcore
import httpx

from reconciler.web.conversation import FAILURES, Conversation, as_of_httpx
from reconciler.web.deadline import time_left
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import Request

_NETWORK = httpcore.SyncBackend()


def connect(to: Endpoint, proxy: Proxy | None, timeout: float) -> httpcore.NetworkStream:
    """Return a stream to an endpoint. Each step may take `timeout` seconds.

    Raises httpx.ConnectError and ConnectTimeout, and TunnelError for what the proxy is to blame
    for. Nothing was sent to the endpoint then.
    """
    try:
        if proxy is None:
            return _over_tls(_reached(to, timeout), to, timeout)
        return _over_tls(_tunnel(to, proxy, timeout), to, timeout)
    except FAILURES as problem:
        raise as_of_httpx(problem) from problem


def _reached(to: Endpoint, timeout: float) -> httpcore.NetworkStream:
    return _NETWORK.connect_tcp(to.host, to.port, timeout=time_left(timeout))


def _over_tls(
    stream: httpcore.NetworkStream, to: Endpoint, timeout: float
) -> httpcore.NetworkStream:
    if to.context is None:
        return stream
    with _closed_on_failure(stream):
        return stream.start_tls(to.context, to.host, time_left(timeout))


def _tunnel(to: Endpoint, proxy: Proxy, timeout: float) -> httpcore.NetworkStream:
    """Return a stream that a proxy leads to an endpoint. Raises TunnelError."""
    try:
        stream = _over_tls(_reached(proxy.endpoint, timeout), proxy.endpoint, timeout)
    except (*FAILURES, httpx.RequestError) as problem:
        raise proxy.failure(f"cannot be reached ({type(problem).__name__})") from problem
    with _closed_on_failure(stream):
        _dig(stream, to, proxy, timeout)
    return stream


def _dig(stream: httpcore.NetworkStream, to: Endpoint, proxy: Proxy, timeout: float) -> None:
    """Make a stream to a proxy one to an endpoint behind it. Raises TunnelError."""
    request = Request("CONNECT", to.authority, [(b"Host", to.authority), *proxy.headers])
    try:
        status = Conversation(stream, timeout).ask(request).status
    except httpx.RequestError as problem:
        raise proxy.failure(f"gave no answer ({type(problem).__name__})") from problem
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise proxy.failure(f"answered HTTP {status}")


@contextmanager
def _closed_on_failure(stream: httpcore.NetworkStream) -> Iterator[None]:
    try:
        yield
    except BaseException:
        stream.close()
        raise
