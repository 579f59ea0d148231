"""What cannot be published is left out with a reason, and keeps back nothing else."""

import pytest
from wanted import asked

from reconciler.errors import InvalidRecord, UsageError
from reconciler.handover import (
    FORMATS,
    ZoneRecord,
    from_dns_record,
    guessed_zone,
    hand_over,
    select,
)
from reconciler.model import DnsRecord, Withheld

GOOD = asked("TXT", "good.example.com", "v=spf1 -all")


def reasons(*records: DnsRecord) -> list[str]:
    """Return why each is left out; the good one beside them never is."""
    found = select([*records, GOOD], zone_of=guessed_zone)
    assert ZoneRecord("good.example.com", "TXT", "v=spf1 -all") in found.records
    return [str(each) for each in found.left_out]


@pytest.mark.parametrize("value", ["", "  "])
def test_a_record_without_a_value_yet_is_left_out(value: str) -> None:
    record = asked("CNAME", "track.example.com", value)
    assert from_dns_record(record) is None
    assert reasons(record) == [
        "track.example.com CNAME is left out: the service tells no value for it yet"
    ]


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("", "is no host name"),
        ("a..example.com", "is no host name"),
        (".example.com", "is no host name"),
        ("a b.example.com", "is no host name"),
        ('a".example.com', "is no host name"),
        ("a\\.example.com", "is no host name"),
        ("a\n.example.com", "is no host name"),
        ("a;.example.com", "is no host name"),
        ("${a}.example.com", "is no host name"),
        ("a.*.example.com", "is no host name"),
        ("-a.example.com", "is no host name"),
        (f"{'a' * 64}.example.com", "is no host name"),
        (".".join(["a" * 63] * 4), "over 253 characters"),
        ("münchen.example", "punycode"),
        ("\u2028.example.com", "punycode"),
        ("localhost", "does not end in a domain"),
        ("*.com", "does not end in a domain"),
        ("192.0.2.1", "does not end in a domain"),
    ],
)
def test_a_name_that_is_none_is_left_out(host: str, why: str) -> None:
    (said,) = reasons(asked("TXT", host, "v=spf1 -all"))
    assert why in said
    assert "the name " in said
    assert said.isprintable()


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (asked("TXT", "a.example.com", "two\nlines"), "a line break"),
        (asked("TXT", "a.example.com", "a\x85b"), "control character"),
        (asked("TXT", "a.example.com", "\ud800"), "not Unicode"),
        (asked("TXT", "a.example.com", "é" * 33000), "66000 bytes"),
        (asked("CNAME", "a.example.com", "a b"), "the target is no host name"),
        (asked("CNAME", "a.example.com", "mailgun"), "the target does not end in a domain"),
        (asked("CNAME", "a.example.com", "*.mailgun.org"), "the target is no host name"),
        (asked("CNAME", "a.example.com", "192.0.2.1"), "the target does not end in a domain"),
        (asked("MX", "a.example.com", "mxa.mailgun.org"), "no priority from 0 to 65535, but none"),
        (asked("MX", "a.example.com", "mxa.mailgun.org", "65536"), "is not from 0 to 65535"),
        (asked("MX", "a.example.com", "mxa.mailgun.org", "-1"), "but '-1'"),
        (asked("MX", "a.example.com", "mxa.mailgun.org", "٣"), "but '٣'"),
        (asked("MX", "a.example.com", "10 mxa.mailgun.org", "10"), "the target is no host name"),
        (asked("MX", "a.example.com", "m_x.mailgun.org", "10"), "underscore"),
        (asked("MX", "_a.example.com", "mxa.mailgun.org", "10"), "underscore"),
        (asked("A", "a.example.com", "2001:db8::1"), "is no plain IPv4 address"),
        (asked("A", "a.example.com", "mailgun.org"), "is no IP address"),
        (asked("AAAA", "a.example.com", 'fe80::1%"x'), "is no plain IPv6 address"),
        (
            asked("SRV", "a.example.com", "1 2 3 a.example.org"),
            "is none of A, AAAA, CNAME, MX, TXT",
        ),
        (asked("TXT\n", "a.example.com", "text"), "is none of A, AAAA"),
    ],
)
def test_a_value_that_no_zone_can_hold_is_left_out(record: DnsRecord, why: str) -> None:
    (said,) = reasons(record)
    assert why in said
    assert said.isprintable()


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(
    "record",
    [
        asked("TXT", "a.example.com", Withheld("v=spf1 include:mailgun.org ~all")),
        asked("CNAME", "a.example.com", Withheld("eu.mailgun.org.")),
        asked("MX", "a.example.com", Withheld("mxa.mailgun.org"), "10"),
        asked("MX", "a.example.com", "mxa.mailgun.org", Withheld("10")),
        asked("TXT", Withheld("A.example.com."), "v=spf1 -all"),
        asked(Withheld("CNAME"), "a.example.com", "eu.mailgun.org"),
    ],
)
def test_what_repeats_a_secret_is_left_out_and_not_written_as_another_value(
    record: DnsRecord, form: str
) -> None:
    (said,) = reasons(record)
    assert "repeats a secret of this run" in said
    assert "copy it from the service itself" in said
    done = hand_over([record, GOOD], form)
    assert done.text == hand_over([GOOD], form).text
    assert [str(each) for each in done.left_out] == [said]


def test_a_cname_beside_other_records_is_left_out_with_them() -> None:
    said = reasons(
        asked("CNAME", "a.example.com", "pm.mtasv.net"), asked("TXT", "A.example.com", "text")
    )
    why = "a name with a CNAME has nothing else, and this one is to have TXT"
    assert said == [f"a.example.com {kind} is left out: {why}" for kind in ("CNAME", "TXT")]


def test_two_cnames_of_one_name_are_left_out() -> None:
    (said,) = reasons(
        asked("CNAME", "a.example.com", "pm.mtasv.net"),
        asked("CNAME", "a.example.com", "a.example"),
    )
    assert "is to have a.example, pm.mtasv.net" in said


def test_a_cname_that_two_providers_ask_for_alike_is_one_record() -> None:
    records = [asked("CNAME", f"a.example.com{end}", f"pm.mtasv.net{end}") for end in (".", "")]
    assert reasons(*records) == []


def test_a_cname_at_a_zone_is_left_out_and_the_rest_of_the_zone_is_not() -> None:
    cname = asked("CNAME", "good.example", "pm.mtasv.net")
    text = asked("TXT", "good.example", "text")
    (said,) = reasons(cname, text)
    assert "good.example CNAME is left out: a zone itself can have no CNAME" in said
    assert [each.value for each in select([cname], zone_of=lambda _: "example").records] == [
        "pm.mtasv.net"
    ]


def test_two_spf_records_of_one_name_are_left_out() -> None:
    other = asked("TXT", "a.example.com", "V=SPF1 include:eu.mailgun.org ~all")
    (said,) = reasons(asked("TXT", "a.example.com", "v=spf1 include:mailgun.org ~all"), other)
    assert "two SPF records" in said
    assert reasons(other, asked("TXT", "a.example.com", "v=spf10 is none")) == []


@pytest.mark.parametrize("value", ["é", "a\\b", "\\; x", '"a', 'a" "b'])
def test_what_octodns_would_change_is_left_out_there_only(value: str) -> None:
    record = asked("TXT", "a.example.com", value)
    (said,) = hand_over([record], "octodns").left_out
    assert "octoDNS" in said.why
    assert hand_over([record], "bind").left_out == ()


@pytest.mark.parametrize("ttl", [0, 1, 59, 86401])
def test_a_ttl_that_some_reader_refuses_is_an_error_of_the_command(ttl: int) -> None:
    with pytest.raises(UsageError, match="is not from 60 to 86400 seconds"):
        hand_over([GOOD], "bind", ttl=ttl)


def test_an_unchecked_record_cannot_be_made() -> None:
    with pytest.raises(InvalidRecord, match="is not in lower case"):
        ZoneRecord("A.example.com", "TXT", "text")
    with pytest.raises(InvalidRecord, match="an MX has a priority"):
        ZoneRecord("a.example.com", "TXT", "text", priority=1)
    with pytest.raises(InvalidRecord, match="TTL of 5"):
        ZoneRecord("a.example.com", "TXT", "text", ttl=5)


def test_addresses_have_one_spelling() -> None:
    made = from_dns_record(asked("AAAA", "a.example.com", "2001:DB8:0::1"))
    assert made == ZoneRecord("a.example.com", "AAAA", "2001:db8::1")
