"""The way to an endpoint: straight, or through a tunnel that a proxy digs."""

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

    Raises httpx.ConnectError, ConnectTimeout and ProxyError, for what nothing was sent to.
    """
    try:
        stream = _tunnel(to, proxy, timeout) if proxy else _straight(to, timeout)
        return _over_tls(stream, to, timeout)
    except FAILURES as problem:
        raise as_of_httpx(problem) from problem


def _straight(to: Endpoint, timeout: float) -> httpcore.NetworkStream:
    return _NETWORK.connect_tcp(to.host, to.port, timeout=time_left(timeout))


def _over_tls(
    stream: httpcore.NetworkStream, to: Endpoint, timeout: float
) -> httpcore.NetworkStream:
    if to.context is None:
        return stream
    return stream.start_tls(to.context, to.host, time_left(timeout))


def _tunnel(to: Endpoint, proxy: Proxy, timeout: float) -> httpcore.NetworkStream:
    stream = _over_tls(_straight(proxy.endpoint, timeout), proxy.endpoint, timeout)
    headers = [(b"Host", to.authority), *proxy.headers]
    try:
        answer = Conversation(stream, timeout).ask(Request("CONNECT", to.authority, headers))
    except httpx.RequestError as problem:
        stream.close()
        raise httpx.ProxyError(f"no tunnel: {problem}") from problem
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        stream.close()
        raise httpx.ProxyError(f"no tunnel: HTTP {answer.status}")
    return stream
