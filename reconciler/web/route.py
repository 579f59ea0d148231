"""The way to an endpoint: straight, or through a tunnel that a proxy digs."""

from http import HTTPStatus

import httpcore
import httpx

from reconciler.web.conversation import FAILURES, Conversation, as_of_httpx
from reconciler.web.deadline import time_left
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import RawHeaders, Request

_NETWORK = httpcore.SyncBackend()


def connect(to: Endpoint, proxy: Proxy | None, timeout: float) -> httpcore.NetworkStream:
    """Return a stream to an endpoint. Each step may take `timeout` seconds.

    Raises httpx.ConnectError, ConnectTimeout and ProxyError, for what nothing was sent to.
    """
    first = proxy.endpoint if proxy else to
    try:
        stream = _NETWORK.connect_tcp(first.host, first.port, timeout=time_left(timeout))
        try:
            stream = _over_tls(stream, first, timeout)
            if proxy:
                _dig(stream, to, proxy.headers, timeout)
                stream = _over_tls(stream, to, timeout)
        except BaseException:
            stream.close()
            raise
    except FAILURES as problem:
        raise as_of_httpx(problem) from problem
    return stream


def _over_tls(
    stream: httpcore.NetworkStream, to: Endpoint, timeout: float
) -> httpcore.NetworkStream:
    if to.context is None:
        return stream
    return stream.start_tls(to.context, to.host, time_left(timeout))


def _dig(stream: httpcore.NetworkStream, to: Endpoint, headers: RawHeaders, timeout: float) -> None:
    """Make a stream to a proxy one to an endpoint behind it. Raises httpx.ProxyError."""
    request = Request("CONNECT", to.authority, [(b"Host", to.authority), *headers])
    try:
        status = Conversation(stream, timeout).ask(request).status
    except httpx.RequestError as problem:
        raise httpx.ProxyError(f"no tunnel: {problem}") from problem
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        raise httpx.ProxyError(f"no tunnel: HTTP {status}")
