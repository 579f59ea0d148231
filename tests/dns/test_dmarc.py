"""DMARC: reading a record and finding the one that counts, with checkdmarc as the judge."""

import time
from collections.abc import Mapping

import pytest
from checkdmarc.dmarc import (  # type: ignore[import-untyped]
    DMARCRecordNotFound,
    parse_dmarc_record,
    query_dmarc_record,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from judges import Resolver, asker

from reconciler.dns.dmarc import LEAST, MOST_LOOKUPS, Policy, aligned, find, is_dmarc, parse

MAIL = {("example.com", "MX"): ("10 mx.example.com",), ("mx.example.com", "A"): ("203.0.113.1",)}


def zone_of(records: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {(f"_dmarc.{domain}", "TXT"): (text,) for domain, text in records.items()}


@pytest.mark.parametrize(
    "text", ["v=DMARC1", "v=DMARC1;", "V = DMARC1 ; p=none", "v=DMARC1; p=reject; rua=mailto:a@b.c"]
)
def test_a_record_is_known_by_its_version(text: str) -> None:
    assert is_dmarc(text)
    assert not parse(text).faults


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v=dmarc1; p=none",
        "v=DMARC12; p=none",
        " v=DMARC1; p=none",
        "p=none; v=DMARC1",
        "v=spf1",
    ],
)
def test_anything_else_is_no_dmarc_record(text: str) -> None:
    assert not is_dmarc(text)
    assert parse(text) == Policy(faults=('it does not begin with "v=DMARC1"',), is_ignored=True)


def test_the_least_record_asks_for_nothing_and_is_whole() -> None:
    assert parse(LEAST) == Policy()
    assert "pct" not in LEAST


def test_every_tag_is_read() -> None:
    assert parse(
        "v=DMARC1;p=Reject ; SP=quarantine; np=none; psd=n; t=y; adkim=s; aspf=S; fo=1:d:s;"
        "rua=mailto:A@x.org, https://x.org/report!10m ; ruf=mailto:b@x.org; unknown=x"
    ) == Policy(
        p="reject",
        sp="quarantine",
        np="none",
        psd="n",
        is_test=True,
        adkim="s",
        aspf="s",
        rua=("mailto:A@x.org", "https://x.org/report"),
        ruf=("mailto:b@x.org",),
        fo="1:d:s",
        remarks=("a limit of size in rua= was removed by RFC 9989",),
    )


def test_what_is_left_out_follows_the_tag_above() -> None:
    assert (parse("v=DMARC1; p=reject").sp, parse("v=DMARC1; p=reject").np) == ("reject", "reject")
    assert parse("v=DMARC1; p=reject; sp=none").np == "none"


def test_removed_tags_have_no_effect_and_a_word() -> None:
    assert parse("v=DMARC1; p=none; pct=50; rf=afrf; ri=86400").remarks == (
        "pct= was removed by RFC 9989 and has no effect",
        "rf= was removed by RFC 9989 and has no effect",
        "ri= was removed by RFC 9989 and has no effect",
    )


def test_a_missing_policy_is_none_with_a_word() -> None:
    policy = parse("v=DMARC1; rua=mailto:a@x.org")
    assert (policy.p, policy.faults) == ("none", ())
    assert policy.remarks == ("it has no p=, which means none; older receivers ignore it",)


FAULTS = {
    "p=no; rua=mailto:a@x.org": "p=no is none of none, quarantine, reject, and counts as none",
    "p=none; sp=x": "sp=x is none of none, quarantine, reject, and counts as none",
    "p=none; t=x": "t=x is none of y, n, and counts as n",
    "p=none; adkim=strict": "adkim=strict is none of r, s, and counts as r",
    "p=none; psd=x": "psd=x is none of y, n, u, and counts as u",
    "p=none; fo=0:1": "fo=0:1 is no list of 0 or 1, d and s, and counts as 0",
    "p=none; fo=d:d": "fo=d:d is no list of 0 or 1, d and s, and counts as 0",
    "p=none; fo=2": "fo=2 is no list of 0 or 1, d and s, and counts as 0",
    "p=none; rua=a@x.org": 'rua= has "a@x.org", which is no URI: write mailto:a@x.org',
    "p=none; ruf=reports": 'ruf= has "reports", which is no URI',
    "p=none; rua=mailto:a@x.org,": 'rua= has "", which is no URI',
    "p=none; rua=mailto:reports": 'rua= has "mailto:reports", which is no URI',
    "p=none; p=reject": "it has p= twice; receivers differ in which counts",
    "p=none; oops\x1b[31m": r'"oops\x1b[31m" in it is no tag',
}


@pytest.mark.parametrize("tags", FAULTS)
def test_a_fault_is_told_in_words(tags: str) -> None:
    policy = parse(f"v=DMARC1; {tags}")
    assert policy.faults == (FAULTS[tags],)
    assert (policy.p, policy.is_ignored) == ("none", False)


def test_a_record_with_neither_a_valid_policy_nor_reports_is_ignored() -> None:
    policy = parse("v=DMARC1; p=block")
    assert policy.is_ignored
    assert policy.faults[-1] == "receivers ignore it, as it has no valid p= and no valid rua="


TAGS = {
    "p": ["none", "quarantine", "REJECT"],
    "sp": ["none", "Quarantine", "reject"],
    "np": ["none", "quarantine", "reject"],
    "psd": ["y", "n", "u"],
    "t": ["y", "N"],
    "adkim": ["r", "s", "x"],
    "aspf": ["R", "s", "relaxed"],
    "fo": ["0", "1", "d:s", "1:d:s", "0:1", "s:s"],
    "pct": ["0", "50"],
    "ri": ["86400"],
    "rua": ["mailto:Reports@example.com", "mailto:a@example.com,mailto:b@example.com"],
    "ruf": ["mailto:a@example.com"],
    "other": ["x"],
}


@st.composite
def written(draw: st.DrawFn) -> str:
    names = draw(st.lists(st.sampled_from(sorted(TAGS)), unique=True))
    tags = [f"{name}{draw(EQUALS)}{draw(st.sampled_from(TAGS[name]))}" for name in names]
    return draw(st.sampled_from([";", "; ", " ; "])).join(["v=DMARC1", *tags])


EQUALS = st.sampled_from(["=", " = ", "= "])


@settings(max_examples=150, deadline=None)
@given(written())
def test_any_record_is_read_as_checkdmarc_reads_it(text: str) -> None:
    told = parse_dmarc_record(text, "example.com", resolver=Resolver(MAIL))["tags"]
    policy = parse(text)
    ours = {name: getattr(policy, name) for name in ("p", "sp", "np", "psd", "adkim", "aspf", "fo")}
    assert ours == {name: told[name]["value"] for name in ours}
    assert policy.is_test == (told["t"]["value"] == "y")
    for name in {"rua", "ruf"} & told.keys():
        addresses = [f"mailto:{each['address']}" for each in told[name]["value"]]
        assert list(getattr(policy, name)) == addresses


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    policy = parse(f"v=DMARC1;{text}")
    assert all(each.isprintable() for each in (*policy.faults, *policy.remarks))


LABELS = ["mail", "eu", "shop", "example", "co", "uk"]
PLACES = [".".join(LABELS[i:]) for i in range(len(LABELS))]


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(PLACES),
        st.sampled_from(["v=DMARC1; p=none", "v=DMARC1; psd=y; p=reject", "v=DMARC1; psd=n"]),
    )
)
def test_the_policy_is_found_where_checkdmarc_finds_it(records: dict[str, str]) -> None:
    zone = {**zone_of(records), (PLACES[0], "TXT"): ("something",)}
    found = find(PLACES[0], asker(zone))
    try:
        told = query_dmarc_record(PLACES[0], resolver=Resolver(zone), ignore_unrelated_records=True)
    except DMARCRecordNotFound:
        assert (found.place, found.policy) == ("", None)
    else:
        assert (found.place, found.policy) == (told["location"], parse(told["record"]))


def test_a_subdomain_is_under_the_policy_for_subdomains() -> None:
    zone = zone_of({"example.com": "v=DMARC1; p=none; sp=reject"})
    found = find("News.Example.com.", asker(zone))
    assert (found.place, found.organisation, found.asks) == ("example.com", "example.com", "reject")
    assert find("example.com", asker(zone)).asks == "none"


def test_the_organisation_is_below_a_public_suffix() -> None:
    zone = zone_of({"co.uk": "v=DMARC1; psd=y; sp=quarantine"})
    found = find("mail.example.co.uk", asker(zone))
    assert (found.place, found.organisation, found.asks) == (
        "co.uk",
        "example.co.uk",
        "quarantine",
    )


def test_two_records_at_a_name_are_none_and_the_next_one_counts() -> None:
    zone = {
        ("_dmarc.a.example.com", "TXT"): ("v=DMARC1; p=none", "v=DMARC1; p=reject", "other"),
        ("_dmarc.example.com", "TXT"): ("v=DMARC1; p=reject",),
    }
    found = find("a.example.com", asker(zone))
    assert found.place == "example.com"
    assert found.faults == ("_dmarc.a.example.com has 2 DMARC records: receivers take none",)


def test_a_record_that_is_nearly_one_is_told() -> None:
    found = find("example.com", asker(zone_of({"example.com": "v=dmarc1; p=none"})))
    assert found.policy is None
    assert found.faults == ('_dmarc.example.com has a record that does not begin with "v=DMARC1"',)


def test_a_name_that_cannot_be_asked_is_unknown_and_not_missing() -> None:
    found = find("a.example.com", lambda *_: None)
    assert (found.policy, found.unknown) == (None, True)


@pytest.mark.parametrize("labels", [1, 2, 7, 8, 9, 40])
def test_the_walk_takes_eight_look_ups_at_most(labels: int) -> None:
    asked = []

    def ask(name: str, kind: str) -> list[str]:
        asked.append(f"{name} {kind}")
        return []

    domain = ".".join(f"l{i}" for i in range(labels))
    find(domain, ask)
    assert len(asked) == min(labels, MOST_LOOKUPS)
    assert asked[0] == f"_dmarc.{domain} TXT"
    assert asked[-1] == f"_dmarc.l{labels - 1} TXT"


@pytest.mark.parametrize(
    ("domain", "mode", "expected"),
    [
        ("a.example.com", "s", True),
        ("A.example.com.", "r", True),
        ("example.com", "r", True),
        ("example.com", "s", False),
        ("pm-bounces.a.example.com", "r", True),
        ("b.example.com", "r", True),
        ("example.org", "r", False),
        ("own.example.com", "r", False),
    ],
)
def test_alignment_goes_by_the_organisation(domain: str, mode: str, *, expected: bool) -> None:
    records = {"example.com": "v=DMARC1; p=none", "own.example.com": "v=DMARC1; psd=n; p=none"}
    ask = asker(zone_of(records))
    assert aligned(find("a.example.com", ask), domain, ask, mode=mode) is expected


def test_without_a_policy_the_domains_above_and_below_are_aligned() -> None:
    author = find("a.example.com", asker({}))
    assert aligned(author, "example.com", asker({}), mode="r") is True
    assert aligned(author, "b.a.example.com", asker({}), mode="r") is True
    assert aligned(author, "b.example.com", asker({}), mode="r") is False
    assert aligned(author, "ample.com", asker({}), mode="r") is False


def test_alignment_is_unknown_where_nobody_could_be_asked() -> None:
    author = find("a.example.com", lambda *_: None)
    assert aligned(author, "example.com", lambda *_: None, mode="r") is None
    assert aligned(author, "a.example.com", lambda *_: None, mode="r") is True


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1" + ";" * 1_000_000,
        "v=DMARC1;" + "x;" * 500_000,
        "v=DMARC1;" + "p=reject;" * 100_000,
        "v=DMARC1; rua=" + "," * 1_000_000,
        "v=DMARC1; rua=" + "mailto:a@b!1," * 80_000,
        "v=DMARC1; fo=" + "d:" * 500_000,
        "v=DMARC1; p=" + "x" * 1_000_000,
        "v" + " " * 1_000_000,
    ],
)
def test_a_megabyte_is_read_soon(text: str) -> None:
    began = time.process_time()
    policy = parse(text)
    assert time.process_time() - began < 2
    assert sum(map(len, policy.faults)) < 1000
