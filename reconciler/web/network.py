"""What the environment says of the network: its proxies and certificates, looked at before use.

Their values may hold passwords: only the variables are named.
"""

import functools
import os
import re
import ssl
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import getproxies

import httpx

from reconciler.errors import UsageError
from reconciler.web.address import has_host
from reconciler.web.endpoint import Endpoint, Proxy
from reconciler.web.exchange import Connection

_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_EXCEPTIONS = "no_proxy"
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
    """Return the proxy that the environment has for a URL.

    httpx reads the environment for its client only, and has no public place to ask it:
    `tests/web/test_tunnels.py` notices if that moves.
    """
    pool = _client()._transport_for_url(url)._pool  # type: ignore[attr-defined]  # noqa: SLF001
    place = getattr(pool, "_proxy_url", None)
    if place is None:
        return None
    to = _endpoint(place.scheme.decode("ascii"), place.host, place.port)
    return Proxy(to, pool._proxy_headers, _variable_of_proxy())  # noqa: SLF001


def _variable_of_proxy() -> str:
    """Return the name of the variable that httpx has the proxy of https from.

    None of them, and so "", where the system has settings of its own.
    """
    proxies = getproxies()
    scheme = "https" if proxies.get("https") else "all"
    names = _set({f"{scheme}_proxy"}, os.environ)
    # The name in lower case outweighs the others, and sorts after them.
    return max((each for each in names if os.environ[each] == proxies.get(scheme)), default="")


def _endpoint(scheme: str, host: bytes, port: int | None) -> Endpoint:
    context = ssl_context() if scheme == "https" else None
    return Endpoint(host.decode("ascii"), port or _DEFAULT_PORTS[scheme], context)


def check_network() -> None:
    """Raise UsageError for what the environment says, before anything is sent."""
    _client().close()


def _client() -> httpx.Client:
    with _proxies_of():
        return httpx.Client(verify=ssl_context())


@contextmanager
def _proxies_of(environment: Mapping[str, str] = os.environ) -> Iterator[None]:
    """Let a client be made that uses the proxies of the environment.

    Raises UsageError for a variable that names none, or one that cannot be used.
    """
    for name in _set(_PROXIES, environment):
        _check_proxy(name, environment[name])
    try:
        yield
    except (httpx.InvalidURL, ValueError):
        names = " or ".join(_set({_EXCEPTIONS}, environment))
        if not names:
            raise
        raise UsageError(
            f"{names}: a list of hosts is wanted, as localhost,.example.com; correct or unset it"
        ) from None


def _set(names: set[str], environment: Mapping[str, str]) -> list[str]:
    """Return which of some variables say anything, in whatever letter case they are written."""
    return sorted(each for each in environment if each.lower() in names and environment[each])


def _check_proxy(name: str, value: str) -> None:
    url = value if "://" in value else f"http://{value}"
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
