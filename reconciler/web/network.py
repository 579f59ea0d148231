"""What the environment says of the network: its proxies and certificates, looked at before use.

Their values may hold passwords: what cannot be used is told by the variable alone.
"""

import functools
import os
import re
import ssl
import stat
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from urllib.request import getproxies

import httpx

from reconciler.errors import UsageError
from reconciler.web.address import has_host
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import Connection
from reconciler.web.no_proxy import NoProxy

_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_PROXY = re.compile(
    r"https?://([^\s/?#@]*@)?([\w.-]+|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?/?", re.IGNORECASE
)
_HIGHEST_PORT = 65535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"
_CERTIFICATE = re.compile(r"[0-9a-f]{8}\.\d+")
"""How OpenSSL finds one in a folder: by the hash of its subject."""


def connections_to(url: httpx.URL, timeout: float) -> Callable[[], Connection]:
    """Return what makes connections to where a URL leads, by a proxy if the environment has one.

    A step of a request may take `timeout` seconds. Raises UsageError for what the environment says.
    """
    # It loads httpcore, which takes as long as a file of a thousand domains.
    from reconciler.web.connection import Wire  # noqa: PLC0415

    to = _endpoint(url.scheme, url.raw_host, url.port)
    # Plain http goes to loopback only, which no proxy reaches.
    proxy = _proxy_for(url) if to.context else None
    return partial(Wire, to, proxy, timeout)


def _proxy_for(url: httpx.URL) -> Proxy | None:
    """Return the proxy that the environment has for a URL of https.

    Raises UsageError for a variable that names none, or one that cannot be used.
    """
    _check_proxies()
    scheme = "https" if getproxies().get("https") else "all"
    said, name = _said(scheme)
    host, port = url.raw_host.decode("ascii"), url.port or _DEFAULT_PORTS["https"]
    if not said or _no_proxy().holds(host, port):
        return None
    proxy = httpx.Proxy(_with_scheme(said))
    to = _endpoint(proxy.url.scheme, proxy.url.raw_host, proxy.url.port)
    return Proxy(to, list(_authorization(proxy)), name)


def _said(scheme: str) -> tuple[str, str]:
    """Return what the environment says of a scheme's proxy, and the variable that says it.

    No variable, and so "", where the system has settings of its own.
    """
    said = getproxies().get(scheme, "")
    names = _set({f"{scheme}_proxy"})
    # The name in lower case outweighs the others, and sorts after them.
    return said, max((each for each in names if os.environ[each] == said), default="")


def _no_proxy() -> NoProxy:
    said, name = _said("no")
    return NoProxy.read(name, said)


def _authorization(proxy: httpx.Proxy) -> Iterator[tuple[bytes, bytes]]:
    if proxy.raw_auth:
        yield b"Proxy-Authorization", b"Basic " + b64encode(b":".join(proxy.raw_auth))


def _endpoint(scheme: str, host: bytes, port: int | None) -> Endpoint:
    context = ssl_context() if scheme == "https" else None
    return Endpoint(host.decode("ascii"), port or _DEFAULT_PORTS[scheme], context)


def check_network() -> None:
    """Raise UsageError for what the environment says, before anything is sent."""
    _check_proxies()
    ssl_context()


def _check_proxies() -> None:
    for name in _set(_PROXIES):
        _check_proxy(name, os.environ[name])
    _no_proxy()


def _set(names: set[str]) -> list[str]:
    """Return which of some variables say anything, in whatever letter case they are written."""
    return sorted(each for each in os.environ if each.lower() in names and os.environ[each])


def _with_scheme(proxy: str) -> str:
    return proxy if "://" in proxy else f"http://{proxy}"


def _check_proxy(name: str, value: str) -> None:
    url = _with_scheme(value)
    if url.lower().startswith("socks"):
        raise UsageError(
            f"{name}: a SOCKS proxy cannot be used; name one that speaks HTTP, such as "
            "http://proxy.example.com:3128, or unset it"
        )
    match = _PROXY.fullmatch(url)
    if match is None or not 0 < int(match["port"] or 1) <= _HIGHEST_PORT or not _is_usable(url):
        raise UsageError(
            f"{name}: the URL of a proxy, such as http://proxy.example.com:3128, is wanted; "
            "correct or unset it"
        )


def _is_usable(url: str) -> bool:
    try:
        return has_host(httpx.Proxy(url).url)
    except (httpx.InvalidURL, ValueError):
        return False


@functools.cache
def ssl_context() -> ssl.SSLContext:
    """Build the one context of the process: it takes 33 ms, and every client can share it.

    Raises UsageError for a variable that leads to no certificates.
    """
    if file := os.environ.get(_FILE):
        _check_file(file)
    elif folders := os.environ.get(_FOLDER):
        _check_folders(folders)
    try:
        context = httpx.create_ssl_context()
    except OSError as problem:
        names = [name for name in (_FILE, _FOLDER, "SSLKEYLOGFILE") if os.environ.get(name)]
        if not names:
            raise
        why = "no certificate in it" if isinstance(problem, ssl.SSLError) else problem.strerror
        raise _unusable(" or ".join(names), why) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _unusable(names: str, why: str | None) -> UsageError:
    fact = f"{names}: the file cannot be used ({why})"
    return UsageError(f"{fact}; name a file of certificates in PEM format, or unset it")


def _check_file(file: str) -> None:
    """Raise UsageError for a pipe or a device: OpenSSL would wait for what may never end."""
    try:
        mode = Path(file).stat().st_mode
    except (OSError, ValueError):
        # Who opens it says why it cannot be.
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise _unusable(_FILE, "not a regular file")


def _check_folders(folders: str) -> None:
    """Raise UsageError unless there is a certificate: without any, no service would be believed."""
    for folder in folders.split(os.pathsep):
        try:
            if any(_CERTIFICATE.fullmatch(name) for name in os.listdir(folder)):  # noqa: PTH208
                return
        except OSError:
            continue
    raise UsageError(
        f"{_FOLDER}: there is no folder with certificates under the names that `openssl rehash` "
        "gives them; name one, or unset it"
    )
