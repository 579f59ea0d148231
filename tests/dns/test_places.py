"""Which texts name a name server, and that all others are told to be none."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.dns import Network
from reconciler.dns.servers import Place, Server, place_of
from reconciler.errors import UsageError

GOOD = {
    "192.0.2.53": ("192.0.2.53", 53),
    "192.0.2.53:5353": ("192.0.2.53", 5353),
    "2001:db8::1": ("2001:db8::1", 53),
    "::1": ("::1", 53),
    "[2001:db8::1]": ("2001:db8::1", 53),
    "[2001:db8::1]:65535": ("2001:db8::1", 65535),
    "localhost:1": ("localhost", 1),
    "ns1.example.com": ("ns1.example.com", 53),
    "ns1.example.com.:53": ("ns1.example.com.", 53),
    "dns_1.internal": ("dns_1.internal", 53),
}
BAD = [
    "",
    " ",
    ":",
    ":53",
    "192.0.2.53:",
    "192.0.2.53:0",
    "192.0.2.53:65536",
    "192.0.2.53:-1",
    "192.0.2.53:+53",
    "192.0.2.53:5_3",
    "192.0.2.53:\u0665\u0663",
    f"192.0.2.53:{'9' * 5000}",
    "192.0.2.256",
    "192.0.2",
    "1.2.3.4.5",
    "[192.0.2.53]",
    "[192.0.2.53]:53",
    "[::1",
    "::1]",
    "[::1]53",
    "[::1]:",
    "[]:53",
    "[ns.example.com]:53",
    "2001:db8::g",
    "https://dns.example.com/dns-query",
    "ns..example.com",
    "-ns.example.com",
    "ns1.example.com,ns2.example.com",
    "ns 1.example.com",
    "ns1.example.com\n",
    "a\x1b[31m.example.com",
    f"{'x' * 64}.example.com",
    ".".join(["abcdefghi"] * 30),
]


@pytest.mark.parametrize("text", GOOD)
def test_a_place_is_understood(text: str) -> None:
    place = place_of(text, "resolver")
    assert (place.host, place.port) == GOOD[text]
    assert place_of(str(place), "resolver") == place


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("role", ["resolver", "authority"])
def test_what_is_no_place_is_told_in_one_short_line(text: str, role: str) -> None:
    network = {role: text}
    with pytest.raises(UsageError, match=f"is no {role}: ") as caught:
        Network(resolver=network.get("resolver"), authority=network.get("authority"))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


@given(st.text(string.printable + "\u0665\u200b\ud800", max_size=40))
def test_any_text_is_a_place_or_told_to_be_none(text: str) -> None:
    told = ""
    place = None
    try:
        place = place_of(text, "resolver")
    except UsageError as error:
        told = str(error)
    assert told.isprintable()
    assert bool(told) is (place is None)
    if place:
        assert 0 < place.port < 65536
        assert place_of(str(place), "resolver") == place


def test_a_name_stands_for_its_addresses() -> None:
    assert Server("127.0.0.1", 5353) in Place("localhost", 5353).servers()
    assert Place("nowhere.invalid").servers() == ()


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_no_time_is_no_time_to_wait(seconds: float) -> None:
    with pytest.raises(UsageError, match="no time to wait"):
        Network(timeout=seconds)
    with pytest.raises(UsageError, match="no time to wait"):
        Network(lifetime=seconds)
