"""Where may be sent to, if a variable says where: the address may itself be a secret."""

import ipaddress
import re
from urllib.parse import urlsplit

import httpx

from reconciler.errors import UsageError

_LONGEST = 4096
_FORM = re.compile(
    r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(/[\w.~%!$&'()*+,;=:@/-]*)?"
    r"(\?[\w.~%!$&'()*+,;=:@/?-]*)?",
    re.IGNORECASE | re.ASCII,
)
"""No user, no fragment, nothing that two parsers of URLs could read differently."""


def check_address(url: str, what: str) -> str:
    """Return a URL that may be sent to: https, or http on loopback.

    Raises UsageError, which says `what` holds it and does not quote it: it may be a secret.
    """
    is_plain = len(url) <= _LONGEST and _FORM.fullmatch(url)
    if not (is_plain and _is_safe(url)):
        raise UsageError(
            f"{what}: an https URL without user and fragment is wanted, or an http one on loopback "
            "such as http://127.0.0.1:8025; correct it"
        )
    return url


def has_host(url: httpx.URL) -> bool:
    """Whether the host of a URL can be looked up: not all that a URL may hold is a name."""
    try:
        url.raw_host.decode("ascii").encode("idna")
    except UnicodeError:
        return False
    return True


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_sane = (parts.port is None or parts.port > 0) and has_host(httpx.URL(url))
    except (httpx.InvalidURL, ValueError):
        return False
    return is_sane and (parts.scheme == "https" or _is_loopback(parts.hostname))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
