"""What NO_PROXY says, in the ways that other tools write it."""

import pytest

from reconciler.errors import UsageError
from reconciler.web.no_proxy import NoProxy

HOST = "api.example.test"


@pytest.mark.parametrize(
    ("value", "host", "port"),
    [
        ("*", HOST, 443),
        ("a,*", HOST, 443),
        ("*:443", HOST, 443),
        (HOST, HOST, 443),
        ("API.Example.Test", HOST, 443),
        ("a b\texample.test", HOST, 443),
        (" a , example.test ", HOST, 443),
        (".example.test", HOST, 443),
        ("*.example.test", HOST, 443),
        ("*example.test", HOST, 443),
        ("example.test:443", HOST, 443),
        ("example.test:*", HOST, 8443),
        ("example.test/path", HOST, 443),
        ("https://example.test", HOST, 443),
        ("all://u:p@example.test", HOST, 443),
        ("localhost:*", "localhost", 443),
        ("127.0.0.1", "127.0.0.1", 443),
        ("127.0.0.1:8443", "127.0.0.1", 8443),
        ("10.0.0.0/8", "10.9.8.7", 443),
        ("::1", "::1", 443),
        ("0:0:0::1", "::1", 443),
        ("[::1]", "::1", 443),
        ("[::1]:8443", "::1", 8443),
        ("[::1]:*", "::1", 8443),
        ("fe80::/10", "fe80::7", 443),
        ("[fe80::]/10", "fe80::7", 443),
        ("fe80::7%eth0", "fe80::7", 443),
    ],
)
def test_a_host_that_is_meant_is_reached_without_a_proxy(value: str, host: str, port: int) -> None:
    assert NoProxy.read("NO_PROXY", value).holds(host, port)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ", ,",
        "ple.test",
        "api.example.test.evil",
        ".api.example.test",
        "example.test:80",
        "*:80",
        "http://api.example.test",
        "http://nonsense::",
        "localhost:*",
        "[::1],[::1]:80,fe80::/10,::/0,10.0.0.0/8,0.0.0.0/0",
        "10.0.0.0/99",
        "<local>",
        "a_b,xn--mnchen-3ya.example,m\u00fcnchen.example",
    ],
)
def test_a_host_that_is_not_meant_goes_by_the_proxy(value: str) -> None:
    assert not NoProxy.read("NO_PROXY", value).holds(HOST, 443)


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("10.0.0.0/8", "11.0.0.1"),
        ("10.0.0.0/8", "fe80::7"),
        ("fe80::/10", "10.0.0.1"),
        ("::1", "::2"),
        ("127.0.0.1", "127.0.0.2"),
    ],
)
def test_an_address_is_excepted_by_its_own_network_only(value: str, other: str) -> None:
    assert not NoProxy.read("NO_PROXY", value).holds(other, 443)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a, [::1", "`[::1`"),
        ("[canary]", "`[canary]`"),
        ("a:b", "`a:b`"),
        ("a:" + "9" * 9, "`a:999999999`"),
        ("::::", "`::::`"),
        ("a\x1b:b", "`a\\x1b:b`"),
        ("https://u:canary@a,https://u:canary,more@a:b", "entry 2"),
    ],
)
def test_an_entry_of_which_nothing_can_be_made_is_named_unless_a_password_may_be_in_it(
    value: str, told: str
) -> None:
    with pytest.raises(UsageError) as refused:
        NoProxy.read("no_proxy", value)
    assert str(refused.value) == (
        f"no_proxy: a list of hosts is wanted, as localhost,.example.com, and {told} is none; "
        "correct or unset it"
    )
