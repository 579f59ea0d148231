"""Base URLs from the environment: https anywhere, http on loopback only, and nothing odd."""

import ipaddress
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.providers.api.base_urls import URL_VARIABLES, base_urls

VARIABLE = "ESP_RECONCILE_POSTMARK_URL"


def base_url(text: str) -> str:
    return base_urls({VARIABLE: text})["postmark"]


@pytest.mark.parametrize(
    "url",
    [
        "https://api.example.com",
        "https://api.example.com:8443",
        "https://gateway.example.com/postmark",
        "https://192.0.2.7",
        "https://[2001:db8::1]:443",
        "https://localhost",
        "HTTPS://API.example.com",
        "http://127.0.0.1:8025",
        "http://127.255.255.254",
        "http://localhost:8025",
        "http://LOCALHOST:1",
        "http://[::1]:8025",
        "http://127.0.0.1:65535/base",
    ],
)
def test_https_is_taken_from_anywhere_and_http_from_loopback(url: str) -> None:
    assert base_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://10.0.0.1",
        "http://0.0.0.0:8025",
        "http://[::]:8025",
        "http://[2001:db8::1]",
        "http://128.0.0.1",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://127.1",
        "http://2130706433",
        "http://0x7f000001",
        "http://127.0.0.1@api.example.com",
        "http://api.example.com@127.0.0.1",
        "https://user:password@api.example.com",
        "https://token@api.example.com",
        "https://@api.example.com",
        "https://api.example.com?x=1",
        "https://api.example.com?",
        "https://api.example.com/#frag",
        "https://api.example.com#",
        "http://127.0.0.1:8025\\@api.example.com",
        "http://127.0.0.1\\.example.com",
        "https://api.example.com\\x",
        " https://api.example.com",
        "https://api.example.com ",
        "https://api.example.com\n",
        "https://api.exa\nmple.com",
        "https://api.exa\tmple.com",
        "https://api.example.com/a b",
        "https://api.example.com/\x00",
        "https://b\u00fccher.example",
        "https://\uff41pi.example.com",
        "http://\u2460\u2461\u2466.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "unix:///run/x",
        "//api.example.com",
        "api.example.com",
        "127.0.0.1:8025",
        "https://",
        "https:///path",
        "https://:443",
        "https:api.example.com",
        "https://api.example.com:0",
        "https://api.example.com:65536",
        "https://api.example.com:-1",
        "https://api.example.com:x",
        "https://[::1",
        "https://[nonsense]",
        "https://[127.0.0.1]",
        "garbage",
        "   ",
    ],
)
def test_everything_else_is_a_usage_error_that_names_the_variable(url: str) -> None:
    with pytest.raises(UsageError, match=f"{VARIABLE}: an https URL is wanted") as caught:
        base_url(url)
    assert caught.value.exit_code == 64
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "stripped"),
    [
        ("https://api.example.com/", "https://api.example.com"),
        ("https://api.example.com/v3", "https://api.example.com"),
        ("https://api.example.com/v3/", "https://api.example.com"),
        ("https://api.example.com/v12//", "https://api.example.com"),
        ("https://api.example.com/base/v4", "https://api.example.com/base"),
        ("https://api.example.com/v3/v4", "https://api.example.com/v3"),
        ("https://api.example.com/dev3", "https://api.example.com/dev3"),
        ("http://127.0.0.1:8025/v3", "http://127.0.0.1:8025"),
    ],
)
def test_a_version_at_the_end_is_stripped_once(url: str, stripped: str) -> None:
    assert base_url(url) == stripped


def test_each_variable_replaces_the_url_of_its_own_site() -> None:
    urls = {name: f"https://{site}.example.com" for name, site in URL_VARIABLES.items()}
    wanted = [url.replace("_", "-") for url in urls.values()]
    found = base_urls(dict(zip(urls, wanted, strict=True)))
    assert found == dict(zip(URL_VARIABLES.values(), wanted, strict=True))
    assert set(found) == {"postmark", "mailgun_us", "mailgun_eu"}


def test_what_is_not_set_or_empty_replaces_nothing() -> None:
    assert base_urls({}) == {}
    assert base_urls({VARIABLE: ""}) == {}


PIECES = st.sampled_from(
    [
        *("http", "https", "HTTP", "://", ":", "/", "//", "@", "\\", "?", "#", "%2e", "%00", "%"),
        *("127.0.0.1", "localhost", "[::1]", "evil.example", "8025", "0", "xn--", "..", "-", "v3"),
        *(" ", "\n", "\x00", "\u3002", "\u0661", "[", "]", ";", "&", "'", "_"),
    ]
)


@given(st.lists(PIECES, max_size=10).map("".join) | st.text(max_size=30))
def test_whatever_is_accepted_means_the_same_to_the_client(text: str) -> None:
    try:
        found = base_url(f"http://{text}")
    except (UsageError, KeyError):
        return
    ours, theirs = urlsplit(found), httpx.URL(found)
    assert ours.hostname is not None
    assert theirs.host == ours.hostname.lower()
    assert not theirs.userinfo
    assert theirs.host == "localhost" or ipaddress.ip_address(theirs.host).is_loopback
    with httpx.Client(base_url=found) as client:
        request = client.build_request("GET", "/v4/domains")
    assert request.url.host == theirs.host
    assert request.url.path.endswith("/v4/domains")


@given(st.lists(PIECES, max_size=10).map("".join))
def test_whatever_https_url_is_accepted_the_client_can_build_requests_with(text: str) -> None:
    try:
        found = base_url(f"https://{text}")
    except (UsageError, KeyError):
        return
    request = httpx.Request("GET", f"{found}/v4/domains")
    assert request.url.scheme == "https"
    assert request.headers["Host"]


@pytest.mark.parametrize("host", ["a..b", "..", ".p", "x" * 64, f"{'x' * 64}.example.com"])
def test_what_only_looks_like_the_name_of_a_host_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match=VARIABLE):
        base_url(f"https://{host}:1")
