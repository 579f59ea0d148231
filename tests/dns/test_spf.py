"""SPF: merging an include, and counting look-ups, with pyspf and checkdmarc as judges."""

import re
import time
from itertools import count

import pytest
from checkdmarc.spf import (  # type: ignore[import-untyped]
    SPFError,
    parse_spf_record,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import HOST, Resolver, Zone, asker, pyspf_verdict

from reconciler.dns.spf import Count, includes, is_spf, lookups, merged


def spf_zone(**records: str) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return a zone with a record at `name.example.net` for each keyword."""
    return {(f"{name}.example.net", "TXT"): (text,) for name, text in records.items()}


HEALTHY = {
    ("a.example.net", "A"): ("203.0.113.1",),
    ("mx.example.net", "MX"): ("10 a.example.net", "20 a.example.net"),
    ("six.example.net", "AAAA"): ("2001:db8::1",),
    **spf_zone(
        plain="v=spf1 ip4:203.0.113.0/24 -all",
        two="v=spf1 include:plain.example.net a:a.example.net ~all",
        everyone="v=spf1 +all",
        shouting="V=SPF1 INCLUDE:PLAIN.EXAMPLE.NET. ?ALL",
        broken="v=spf1 ip4:300.0.0.1 -all",
        loop="v=spf1 include:pool.example.net -all",
        pool="v=spf1 redirect=loop.example.net",
    ),
    ("twice.example.net", "TXT"): ("v=spf1 -all", "v=spf1 ~all"),
    ("other.example.net", "TXT"): ("some-verification=1",),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SpF1  a", True),
        ("v=spf10 a", False),
        ("v=spf1\ta", False),
        (" v=spf1 a", False),
        ("", False),
        ("v=DMARC1; p=none", False),
        ("v=spf1\n", False),
    ],
)
def test_a_record_is_known_by_its_version(text: str, expected: bool) -> None:  # noqa: FBT001
    assert is_spf(text) is expected


@pytest.mark.parametrize(
    ("existing", "expected"),
    [
        ("v=spf1 -all", "v=spf1 include:mailgun.org -all"),
        ("v=spf1 a mx ~all", "v=spf1 a mx include:mailgun.org ~all"),
        ("v=spf1 a ALL", "v=spf1 a include:mailgun.org ALL"),
        ("v=spf1 a", "v=spf1 a include:mailgun.org"),
        ("v=spf1", "v=spf1 include:mailgun.org"),
        ("v=spf1 a redirect=x.org", "v=spf1 a include:mailgun.org redirect=x.org"),
        ("v=spf1   a \t mx  ?all ", "v=spf1 a mx include:mailgun.org ?all"),
        ("v=spf1 a -all exp=e.org", "v=spf1 a include:mailgun.org -all exp=e.org"),
        ("v=spf1 Include:Mailgun.ORG -all", "v=spf1 Include:Mailgun.ORG -all"),
        ("v=spf1 +include:mailgun.org. -all", "v=spf1 +include:mailgun.org. -all"),
        (
            "v=spf1 include:mailgun.org a include:MAILGUN.org -all",
            "v=spf1 include:mailgun.org a -all",
        ),
        ("v=spf1 a -all include:mailgun.org", "v=spf1 a include:mailgun.org -all"),
        ("v=spf1 a -all -all", "v=spf1 a include:mailgun.org -all -all"),
        (
            "v=spf1 a ?include:mailgun.org -all",
            "v=spf1 a include:mailgun.org ?include:mailgun.org -all",
        ),
        (
            "v=spf1 include:eu.mailgun.org -all",
            "v=spf1 include:eu.mailgun.org include:mailgun.org -all",
        ),
        ("v=spf1 exists:all.x.org ~all", "v=spf1 exists:all.x.org include:mailgun.org ~all"),
    ],
)
def test_an_include_is_merged_where_it_is_evaluated(existing: str, expected: str) -> None:
    assert merged(existing, "mailgun.org") == expected
    assert merged(existing, "include:mailgun.org") == expected


def test_only_an_spf_record_can_be_merged() -> None:
    with pytest.raises(ValueError, match="no SPF record: v=DMARC1"):
        merged("v=DMARC1; p=none", "mailgun.org")


def test_the_includes_of_a_record_are_told() -> None:
    assert includes("v=spf1 a include:One.org ?INCLUDE:two.org -all") == ("One.org", "two.org")


WORDS = st.sampled_from(
    [
        *("a", "mx", "+a:a.example.net/24//64", "ip4:203.0.113.7", "-ip6:2001:db8::/32", "?ptr"),
        *("include:plain.example.net", "INCLUDE:two.example.net", "exists:a.example.net"),
        *("include:mailgun.org", "?include:MailGun.org", "+Include:mailgun.org."),
    ]
)
ENDS = st.sampled_from(["-all", "~ALL", "?all", "all", "redirect=plain.example.net", ""])
NOTES = st.sampled_from(["x-note=1", ""])
BLANKS = st.sampled_from([" ", "  ", "   "])


@st.composite
def records(draw: st.DrawFn, most: int = 8) -> str:
    words = [*draw(st.lists(WORDS, max_size=most)), draw(ENDS), draw(NOTES)]
    version = draw(st.sampled_from(["v=spf1", "V=SPF1"]))
    return version + "".join(draw(BLANKS) + word for word in words)


def is_ours(word: str) -> bool:
    return word.lower().lstrip("+").removesuffix(".") == "include:mailgun.org"


@given(records())
def test_merged_twice_is_merged_once(record: str) -> None:
    once = merged(record, "mailgun.org")
    assert merged(once, "mailgun.org") == once


@given(records())
def test_merging_keeps_the_terms_of_the_owner_in_their_order(record: str) -> None:
    after = merged(record, "mailgun.org").split()
    assert [word for word in after if not is_ours(word)] == [
        word for word in record.split() if not is_ours(word)
    ]
    assert sum(map(is_ours, after)) == 1


@settings(max_examples=60)
@given(records(most=2))
def test_a_merged_record_passes_what_the_include_names(record: str) -> None:
    zone = {
        **{key: value for key, value in HEALTHY.items() if key[1] == "TXT"},
        ("example.org", "A"): ("203.0.113.9",),
        ("example.org", "MX"): ("10 a.example.net",),
        ("a.example.net", "A"): ("203.0.113.1",),
        ("mailgun.org", "TXT"): (f"v=spf1 ip4:{HOST} ~all",),
    }
    words = merged(record.replace("?ptr", ""), "mailgun.org").split()
    words = [word for word in words if "exists" not in word]  # it passes everybody
    assert pyspf_verdict(zone, " ".join(words))[0] == "pass"


HEALTHY_ROOTS = [
    ("v=spf1", 0),
    ("v=spf1 -all", 0),
    ("v=spf1 ip4:203.0.113.1 ip6:2001:db8::/48 -all", 0),
    ("v=spf1 include:plain.example.net -all", 1),
    ("v=spf1 include:two.example.net mx:mx.example.net ~all", 4),
    ("v=spf1 Include:Shouting.Example.Net a:A.example.net/24//64 -ALL", 3),
    ("v=spf1 redirect=two.example.net", 3),
    ("v=spf1 include:everyone.example.net a:a.example.net -all", 1),
    ("v=spf1 -all a:a.example.net include:nothing.example.net", 0),
    ("v=spf1 exists:a.example.net include:nothing.example.net", 1),
    ("v=spf1 a:a.example.net exp=explain.example.net x-note=1 -all", 1),
    ("v=spf1 ip4:0.0.0.0/0 -all", 0),
    ("v=spf1 " + "a:a.example.net " * 10 + "-all", 10),
]
BROKEN_ROOTS = [
    ("v=spf1 " + "a:a.example.net " * 11 + "-all", "needs 11 DNS look-ups"),
    (
        "v=spf1 include:two.example.net include:two.example.net " * 1 + "mx:mx.example.net " * 5,
        "11",
    ),
    ("v=spf1 include:twice.example.net -all", "has 2 SPF records"),
    ("v=spf1 redirect=twice.example.net", "has 2 SPF records"),
    ("v=spf1 include:other.example.net -all", "other.example.net has no SPF record"),
    ("v=spf1 redirect=nothing.example.net", "nothing.example.net has no SPF record"),
    ("v=spf1 include:loop.example.net -all", "leads back to loop.example.net"),
    ("v=spf1 redirect=example.org", "leads back to example.org"),
    ("v=spf1 include:Example.Org. -all", "leads back to example.org"),
    ("v=spf1 include:broken.example.net -all", "of broken.example.net is broken"),
    ("v=spf1 a:n1.example.net a:n2.example.net mx:n3.example.net -all", "3 of its DNS look-ups"),
    ("v=spf1 include: -all", '"include:" is no valid term'),
    ("v=spf1 ip4:1.2.3.4/33 -all", "no valid term"),
    ("v=spf1 ip4:1.2.3 -all", "no valid term"),
    ("v=spf1 ip4:01.2.3.4 -all", "no valid term"),
    ("v=spf1 ip6:2001:db8::/129 -all", "no valid term"),
    ("v=spf1 ip6:fe80::1%eth0 -all", "no valid term"),
    ("v=spf1 a/33 -all", "no valid term"),
    ("v=spf1 a:a.example.net//129 -all", "no valid term"),
    ("v=spf1 ip:1.2.3.4 -all", "no valid term"),
    ("v=spf1 exists -all", "no valid term"),
    ("v=spf1 all:x.org", "no valid term"),
    ("v=spf1 -all/24", "no valid term"),
    ("v=spf1 include:plain.example.net, -all", "no valid term"),
    ("v=spf1 a:localhost -all", "no valid term"),
    ("v=spf1 a:%{x}.org -all", "no valid term"),
    ("v=spf1 redirect=a.org redirect=b.org", '"redirect=" more than once'),
    ("v=spf1 include:plain.example.net\t-all", r'"include:plain.example.net\t-all" is no'),
    ("v=spf1 +mx: -all", "no valid term"),
    ("v=spf1 \N{EN DASH}all", "no valid term"),
]


@pytest.mark.parametrize(("record", "expected"), HEALTHY_ROOTS)
def test_look_ups_are_counted_as_pyspf_does(record: str, expected: int) -> None:
    assert lookups(record, "example.org", asker(HEALTHY)) == Count(expected, 0)
    result, counted, _ = pyspf_verdict(HEALTHY, record)
    assert (result != "permerror", counted) == (True, expected)


@pytest.mark.parametrize(
    ("record", "expected"),
    # It reads on where everybody passes already, and takes no version in capitals.
    [
        each
        for each in HEALTHY_ROOTS
        if not {"everyone", "exists", "Shouting"} & set(re.split(r"\W", each[0]))
    ],
)
def test_look_ups_are_counted_as_checkdmarc_does(record: str, expected: int) -> None:
    told = parse_spf_record(record, "example.org", resolver=Resolver(HEALTHY))
    assert told["dns_lookups"] == expected


@pytest.mark.parametrize(("record", "expected"), BROKEN_ROOTS)
def test_a_broken_record_is_explained_and_pyspf_agrees(record: str, expected: str) -> None:
    found = lookups(record, "example.org", asker(HEALTHY))
    assert expected in found.error
    assert found.error.isprintable()
    if record.isascii():
        assert pyspf_verdict(HEALTHY, record)[0] == "permerror"


@pytest.mark.parametrize(
    "record", [each for each, _ in BROKEN_ROOTS if "include:" in each and "\t" not in each]
)
def test_checkdmarc_refuses_broken_includes_too(record: str) -> None:
    with pytest.raises(SPFError):
        parse_spf_record(record, "example.org", resolver=Resolver(HEALTHY))


NAMES = ("n0", "n1", "n2", "n3", "n4")
TARGETS = st.sampled_from([f"{name}.example.net" for name in (*NAMES, "N1", "none")])
TERMS = st.one_of(
    st.builds("{}{}:{}".format, st.sampled_from("+-~?"), st.just("include"), TARGETS),
    st.builds("{}:{}".format, st.sampled_from(["a", "A", "mx", "include"]), TARGETS),
    st.sampled_from(["ip4:203.0.113.9", "a/24", "mx", "~all", "-ALL", "?all", "ip4:1", "x=1"]),
    st.sampled_from(["exists:none.example.net", "exp=x.example.net"]),
)


@st.composite
def zones(draw: st.DrawFn) -> dict[tuple[str, str], tuple[str, ...]]:
    """Draw five names, each with none to two records of any number of terms, and hosts or none."""
    zone: dict[tuple[str, str], tuple[str, ...]] = {}
    for name in NAMES:
        texts = st.lists(sender_records(f"{name}.example.net"), min_size=1, max_size=2)
        zone[f"{name}.example.net", "TXT"] = tuple(draw(texts)[: draw(st.sampled_from([1, 1, 2]))])
        if draw(st.booleans()):
            zone[f"{name}.example.net", "A"] = ("203.0.113.1",)
            zone[f"{name}.example.net", "MX"] = (f"10 {name}.example.net",)
    return zone


@st.composite
def sender_records(draw: st.DrawFn, domain: str) -> str:
    """Draw a record in which nothing passes everybody, and that does not name itself.

    Where all is said already, pyspf still counts a redirect, and refuses a record in itself.
    """
    words = draw(st.lists(TERMS, max_size=4, unique=True))
    if not any(word.lower().endswith("all") for word in words) and draw(st.booleans()):
        words.append(f"redirect={draw(TARGETS)}")
    return " ".join(["v=spf1", *(each for each in words if domain not in each.lower())])


@settings(max_examples=300)
@given(zones())
def test_any_zone_is_judged_as_pyspf_judges_it(zone: Zone) -> None:
    record = zone["n0.example.net", "TXT"][0]
    found = lookups(record, "n0.example.net", asker(zone))
    result, counted, voids = pyspf_verdict(zone, record, "n0.example.net")
    assert bool(found.error) == (result == "permerror"), (found, result)
    if not found.error:
        assert (found.lookups, found.voids) == (counted, voids)


def test_what_cannot_be_asked_is_unknown_and_not_an_error() -> None:
    found = lookups("v=spf1 include:a.org a:b.org mx -all", "example.org", lambda *_: None)
    assert found == Count(3, 0, unknown=True)


@pytest.mark.parametrize(
    "term", ["include:%{ir}.%{v}._spf.%{d2}", "exists:%{i}._spf.x.org", "a:%{d}", "redirect=%{d}"]
)
def test_a_target_with_macros_counts_and_is_not_followed(term: str) -> None:
    def ask(name: str, kind: str) -> None:
        raise AssertionError(f"{name} {kind}")

    assert lookups(f"v=spf1 {term}", "example.org", ask) == Count(1, 0, macros=True)


def test_a_host_with_an_address_of_either_kind_is_no_void_look_up() -> None:
    zone = {("six.org", "AAAA"): ("2001:db8::1",), ("four.org", "A"): ("203.0.113.1",)}
    record = "v=spf1 a:six.org a:four.org a:none.org mx:six.org exists:six.org -all"
    assert lookups(record, "x.org", asker(zone)) == Count(
        5, 3, "3 of its DNS look-ups find nothing, and SPF allows 2"
    )


def test_eleven_mail_hosts_are_too_many_for_mx() -> None:
    zone = {("x.org", "MX"): tuple(f"10 mx{i}.x.org" for i in range(11))}
    assert "x.org has 11 mail hosts" in lookups("v=spf1 mx -all", "X.org.", asker(zone)).error


def test_names_that_dns_cannot_hold_are_not_asked() -> None:
    def ask(name: str, kind: str) -> list[str]:
        assert name == "example.org", kind
        return ["203.0.113.1"]

    long = "a" * 64
    record = f"v=spf1 a a:{long}.org exists:x..org mx:{'a.' * 130}org include:{long}.org"
    assert "has no SPF record" in lookups(record, "example.org", ask).error


def test_foreign_text_in_an_error_has_no_control_codes() -> None:
    zone = {("x.org", "TXT"): ("v=spf1 a:\x1b[31m\n.org",)}
    error = lookups("v=spf1 include:x.org", "example.org", asker(zone)).error
    assert error == r'the SPF record of x.org is broken: "a:\x1b[31m\n.org" is no valid term'


def endless(name: str, kind: str) -> list[str]:
    """Answer for any name with a record that includes two longer ones."""
    assert kind == "TXT"
    return [f"v=spf1 include:l.{name[-200:]} include:r.{name[-200:]} -all"]


NUMBERS = count()
HOSTILE = {
    "a tree of includes": ("v=spf1 include:x.org include:y.org -all", endless),
    "a chain of redirects": (
        "v=spf1 redirect=x.org",
        lambda *_: [f"v=spf1 redirect=x{next(NUMBERS)}.org"],
    ),
    "a chain of records of 64 KB": (
        "v=spf1 include:x.org -all",
        lambda *_: [f"v=spf1 {'ip4:10.1.2.3 ' * 5_000}include:x{next(NUMBERS)}.org -all"],
    ),
    "10,000 terms": ("v=spf1 " + "a " * 10_000, lambda *_: ["203.0.113.1"]),
    "10,000 networks and a bad one": ("v=spf1" + " ip4:1.1.1.1" * 5_000 + " ip4:1", endless),
    "1 MB in one term": ("v=spf1 a:" + "a1" * 500_000 + "!", endless),
    "1 MB of terms": ("v=spf1" + " include:x.org" * 75_000, endless),
    "64 KB of digits and letters": ("v=spf1 a:" + "a1" * 32_000 + "_", endless),
    "64 KB of slashes": ("v=spf1 a:" + "/1" * 32_000 + "x", endless),
    "64 KB of macros": ("v=spf1 exists:" + "%{" * 32_000, endless),
    "64 KB of delimiters": ("v=spf1 exists:%{i" + "." * 65_000, endless),
    "64 KB of blanks": ("v=spf1 " + " " * 65_000 + "b", endless),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_record_ends_soon_and_is_an_error(what: str) -> None:
    record, ask = HOSTILE[what]
    began = time.process_time()
    found = lookups(record, "example.org", ask)
    assert time.process_time() - began < 2
    assert found.error
    assert len(found.error) < 500
    assert found.lookups <= 41


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_record_is_merged_soon(what: str) -> None:
    record, _ = HOSTILE[what]
    began = time.process_time()
    assert "include:mailgun.org" in merged(record, "mailgun.org")
    assert time.process_time() - began < 2
