"""Which URLs may take the place of the built-in ones: the operator says so, never the YAML."""

import ipaddress
import os
import re
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from reconciler.errors import UsageError
from reconciler.web.address import has_host

URL_VARIABLES = {
    "ESP_RECONCILE_POSTMARK_URL": "postmark",
    "ESP_RECONCILE_MAILGUN_US_URL": "mailgun_us",
    "ESP_RECONCILE_MAILGUN_EU_URL": "mailgun_eu",
}


_PLAIN_URL = re.compile(
    r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(/[\w.~%/-]*)?", re.IGNORECASE | re.ASCII
)
"""No user, no query, no fragment, nothing that two parsers of URLs could read differently."""


def base_urls(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the base URLs that replace the built-in ones, by site.

    Raises UsageError for anything but https, or http on loopback.
    """
    return {
        site: _checked(variable, environment[variable])
        for variable, site in URL_VARIABLES.items()
        if environment.get(variable)
    }


def _checked(variable: str, text: str) -> str:
    if not (_PLAIN_URL.fullmatch(text) and _is_safe(text) and _is_usable(text)):
        raise UsageError(
            f"{variable}: an https URL is wanted, or an http one on loopback such as "
            "http://127.0.0.1:8025"
        )
    # Every path begins with its version; some SDKs ask for a base URL that ends in one.
    return re.sub(r"/v\d+$", "", text.rstrip("/"))


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_sane = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return port_is_sane and (parts.scheme == "https" or _is_loopback(parts.hostname))


def _is_loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _is_usable(url: str) -> bool:
    """Whether requests can be built from a base URL: its host name may be one in looks only."""
    try:
        return has_host(httpx.Request("GET", url).url)
    except (httpx.InvalidURL, ValueError):
        return False
