"""What a value means is compared, not how it is written; whatever strangers publish is judged."""

import re

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wanting import SPF, dkim, key, receiving, return_path, spf

from reconciler.dns import Finding, Network, Verdict, Wanted, diagnose
from reconciler.dns.answers import value_text
from reconciler.dns.causes import zone_line
from reconciler.dns.cloudflare import is_cloudflare
from reconciler.dns.comparing import compare
from reconciler.dns.spf import is_spf
from reconciler.model import Withheld

DOMAIN = "mail.example.org"
LONG = key(0)
P = LONG.partition("p=")[2]
TYPES = ["TXT", "CNAME", "MX", "NS", "A", "txt", "NONSENSE", ""]
blanks = st.text(" \t", max_size=2)


def verdict(wanted: Wanted, *values: str) -> str:
    return compare(wanted, [wanted], values).verdict


@given(st.permutations(["v=DKIM1", "k=rsa", "p=", "t=s", ""]), st.data())
def test_a_key_is_the_same_however_it_is_written(tags: list[str], data: st.DataObject) -> None:
    at = data.draw(st.lists(st.integers(0, len(P)), max_size=4).map(sorted))
    pieces = [P[one:other] for one, other in zip([0, *at], [*at, len(P)], strict=True)]
    written = [" ".join(["p=", *pieces]) if tag == "p=" else tag for tag in tags]
    text = ";".join(f"{data.draw(blanks)}{tag}{data.draw(blanks)}" for tag in written)
    assert verdict(dkim(DOMAIN, f"k=rsa; t=s; p={P}"), text) == "ok"


@given(st.integers(20, len(LONG) - 1))
def test_a_key_that_is_cut_anywhere_is_broken(length: int) -> None:
    assert verdict(dkim(DOMAIN, LONG), LONG[:length]) == "broken-key"


@given(st.sampled_from(TYPES), st.text(max_size=30), st.lists(st.text(max_size=30), max_size=4))
def test_any_values_have_a_verdict(kind: str, value: str, values: list[str]) -> None:
    for host in (DOMAIN, f"x._domainkey.{DOMAIN}"):
        wanted = Wanted(DOMAIN, "any", kind, host, value)
        judgement = compare(wanted, [wanted], values)
        assert judgement.verdict in set(Verdict)
        assert judgement.fact
        if not values:
            assert judgement.verdict == "missing"
        if values == [value] and kind == "TXT":
            assert judgement.is_ok


terms = st.sampled_from(
    ["mx", "a", "ip4:192.0.2.1", "include:spf.example.com", "?include:mailgun.org", "exists:a.b"]
)
ends = st.sampled_from(["", "~all", "-all", "?all", "redirect=_spf.example.com"])


@given(st.lists(st.tuples(st.lists(terms, max_size=4), ends), min_size=1, max_size=3))
def test_the_merged_record_is_what_was_missing(parts: list[tuple[list[str], str]]) -> None:
    records = list({" ".join(["v=spf1", *words, end]).strip() for words, end in parts})
    wanted = spf(DOMAIN)
    judgement = compare(wanted, [wanted], records)
    assert judgement.verdict == "merge-spf"
    together = re.findall(r"`([^`]*)`", judgement.advice)[-1]
    assert is_spf(together)
    assert compare(wanted, [wanted], [together]).is_ok
    words = together.split()
    assert sum(word.endswith("all") or word.startswith("redirect=") for word in words) <= 1
    assert {word for each in records for word in each.split()[1:] if ":" in word} <= set(words)


@pytest.mark.parametrize(
    "record",
    [
        SPF,
        SPF.upper(),
        "v=spf1  include:mailgun.org.   -all",
        "v=spf1 mx include:spf.example.com +include:mailgun.org",
    ],
)
def test_an_spf_record_with_the_include_will_do(record: str) -> None:
    assert verdict(spf(DOMAIN), "other=text", record) == "ok"


def test_an_spf_record_of_addresses_is_merged_too() -> None:
    wanted = Wanted(DOMAIN, "SPF", "TXT", DOMAIN, "v=spf1 ip4:192.0.2.7 ~all")
    judgement = compare(wanted, [wanted], ["v=spf1 mx -all"])
    assert judgement.verdict == "merge-spf"
    assert "`v=spf1 mx ip4:192.0.2.7 -all`" in judgement.advice


def test_mail_servers_are_compared_as_a_set() -> None:
    first, second = receiving(DOMAIN)
    both = ["10 MXB.mailgun.org.", "10 mxa.mailgun.org"]
    assert compare(first, [first, second], both).is_ok
    assert compare(second, [first, second], both[:1]).is_ok
    assert compare(first, [first, second], both[:1]).verdict == "missing"
    assert compare(first, [first, second], [*both, "20 mx.example.com"]).verdict == "other-mx"
    without = Wanted(DOMAIN, "receiving", "MX", DOMAIN, "mxa.mailgun.org")
    assert compare(without, [without], ["50 mxa.mailgun.org"]).is_ok


@pytest.mark.parametrize(
    ("expected", "found", "position", "wanted_part", "found_part"),
    [
        ("pm.mtasv.net", "pm.mtasv.com", 10, "`net`", "`com`"),
        ("pm.mtasv.net", "pm.mtasv.net.example.org", 13, "the end", "`.example.org`"),
        ("pm.mtasv.net", "x", 1, "`pm.mtasv.net`", "`x`"),
    ],
)
def test_the_first_difference_is_told(
    expected: str, found: str, position: int, wanted_part: str, found_part: str
) -> None:
    wanted = Wanted(DOMAIN, "Return-Path", "CNAME", DOMAIN, expected)
    fact = compare(wanted, [wanted], [found]).fact
    assert f"from character {position} on: {wanted_part} is wanted" in fact
    assert fact.endswith(f"there is {found_part}")


@given(st.text(max_size=600).filter(bool))
def test_the_line_to_add_is_read_back_as_what_is_wanted(text: str) -> None:
    line = zone_line(Wanted(DOMAIN, "any", "TXT", DOMAIN, text))
    name, ttl, _, kind, data = line.split(" ", 4)
    read = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), data)
    assert (name, ttl, value_text(read)) == (f"{DOMAIN}.", "3600", text)


def test_the_line_of_any_value_is_a_line() -> None:
    assert zone_line(return_path(DOMAIN)).endswith(" 3600 IN CNAME pm.mtasv.net.")
    assert zone_line(receiving(DOMAIN)[0]).endswith(" 3600 IN MX 10 mxa.mailgun.org.")
    assert "\\\\ud800" in zone_line(Wanted(DOMAIN, "any", "TXT", DOMAIN, "\ud800"))


def test_what_strangers_publish_can_be_shown() -> None:
    evil = "\x1b[2J\n::error::\u202e"
    finding = Finding(
        DOMAIN, "DKIM", "TXT", evil, evil, (evil,), (evil,), Verdict.MISMATCH, evil, evil
    )
    texts = [finding.host, finding.expected, finding.fact, finding.advice]
    texts += [*(finding.authority or ()), *(finding.resolver or ())]
    assert all(each.isprintable() for each in texts)


def test_cloudflare_is_told_by_all_addresses() -> None:
    assert is_cloudflare(["104.16.0.1", "172.67.255.255", "2606:4700::1"])
    assert not is_cloudflare([])
    assert not is_cloudflare(["104.16.0.1", "192.0.2.1"])
    assert not is_cloudflare(["104.15.255.255"])
    assert not is_cloudflare(["2606:4701::1"])


@pytest.mark.parametrize(
    "secret",
    [
        Wanted(DOMAIN, "receiving", "MX", DOMAIN, Withheld("mxa.mailgun.org"), "10"),
        Wanted(DOMAIN, "receiving", "MX", DOMAIN, "mxa.mailgun.org", Withheld("10")),
        Wanted(DOMAIN, "receiving", "MX", Withheld(DOMAIN), "mxa.mailgun.org", "10"),
    ],
)
def test_what_repeats_a_secret_is_neither_looked_up_nor_compared(secret: Wanted) -> None:
    beside = Wanted(DOMAIN, "receiving", "MX", secret.host, "mxb.mailgun.org", "10")
    # Nobody is there to answer: with the name servers asked, it would say so.
    network = Network("127.0.0.1:9", "127.0.0.1:9", 0.05, 0.1)
    for found in diagnose([secret, beside], network):
        assert found.verdict is Verdict.UNKNOWN
        assert found.is_fault
        assert "repeats a secret of this run" in found.fact
