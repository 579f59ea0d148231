"""BIND, DNSControl and external-dns: what a reader would take without a word, and wrongly."""

from pathlib import Path

import pytest
import yaml
from jsonschema import ValidationError
from readers import ENDPOINT, bind, dnscontrol
from wanted import KEY, RECORDS, asked

from reconciler.handover import ZoneRecord, hand_over


def test_a_line_of_bind_says_name_ttl_and_class_and_quotes_a_text() -> None:
    text = hand_over(
        [
            asked("TXT", "k._domainkey.example.com", KEY),
            asked("MX", "mg.example.com", "mxa.mailgun.org", "10"),
            asked("TXT", "q.example.com", 'a "b"; \\ é'),
        ],
        "bind",
        ttl=300,
    ).text
    assert text.splitlines()[1:] == [
        f'k._domainkey.example.com. 300 IN TXT ( "{KEY[:255]}" "{KEY[255:]}" )',
        "mg.example.com. 300 IN MX 10 mxa.mailgun.org.",
        'q.example.com. 300 IN TXT ( "a \\"b\\"; \\\\ \\195\\169" )',
    ]


@pytest.mark.parametrize("value", ["$INCLUDE /etc/passwd", ") ( ;", '" ) \\', "@", "\\000", "a\\"])
def test_a_text_stays_in_its_quotes_for_bind(value: str, tmp_path: Path) -> None:
    text = hand_over([asked("TXT", "a.example.com", value)], "bind").text
    assert bind(text, tmp_path) == [ZoneRecord("a.example.com", "TXT", value)]


def test_the_reader_that_compares_values_sees_a_text_without_quotes(tmp_path: Path) -> None:
    """BIND itself is content with what is left of it."""
    text = "a.example.com. 3600 IN TXT k=rsa; p=abc\n"
    assert bind(text, tmp_path) == [ZoneRecord("a.example.com", "TXT", "k=rsa")]


@pytest.mark.parametrize(
    "value", ["a\u2028b", '");process.exit(1);//', "</script>", "'`${1}", "\\u0022", "\\"]
)
def test_a_text_stays_in_its_string_for_javascript(value: str, tmp_path: Path) -> None:
    text = hand_over([asked("TXT", "example.com", value)], "dnscontrol").text
    assert dnscontrol(text, tmp_path) == [ZoneRecord("example.com", "TXT", value)]
    assert "\u2028" not in text


def test_a_call_of_dnscontrol_is_relative_to_its_zone() -> None:
    records = [
        asked("TXT", "example.com", "k=rsa; p=…"),
        asked("CNAME", "pm-bounces.example.com", "pm.mtasv.net"),
        asked("MX", "mg.example.com", "mxa.mailgun.org", "10"),
    ]
    assert hand_over(records, "dnscontrol").text == (
        "// example.com: add this below its D()\n"
        'D_EXTEND("example.com",\n'
        '  TXT("@", "k=rsa; p=\\u2026", TTL(3600)),\n'
        '  MX("mg", 10, "mxa.mailgun.org.", TTL(3600)),\n'
        '  CNAME("pm-bounces", "pm.mtasv.net.", TTL(3600))\n'
        ");\n"
    )


def test_external_dns_is_to_be_told_the_types_that_it_leaves_alone() -> None:
    text = hand_over([asked("TXT", "a.example.com", "x")], "external-dns").text
    assert text.splitlines()[0].endswith(": --managed-record-types=TXT")
    text = hand_over(RECORDS, "external-dns").text
    for kind in ("A", "CNAME", "MX", "TXT"):
        assert f"--managed-record-types={kind}" in text.splitlines()[0].split(" ")


def test_the_schema_refuses_a_target_with_a_final_dot() -> None:
    text = hand_over([asked("CNAME", "a.example.com", "pm.mtasv.net")], "external-dns").text
    with pytest.raises(ValidationError):
        ENDPOINT.validate(yaml.safe_load(text.replace("mtasv.net", "mtasv.net.")))


def test_objects_of_zones_that_differ_in_signs_only_have_two_names() -> None:
    records = [asked("TXT", host, "x") for host in ("a-b.com", "x.a-b.com", "a.b.com")]
    text = hand_over(records, "external-dns", zone_of=lambda name: name.removeprefix("x.")).text
    found = {each["metadata"]["name"] for each in yaml.safe_load_all(text)}
    assert len(found) == 2
