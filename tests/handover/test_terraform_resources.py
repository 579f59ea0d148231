"""Terraform: literals in which nothing is a template, and names that do not meet."""

import re
from pathlib import Path

import pytest
from readers import cloudflare, route53
from wanted import KEY, asked

from reconciler.handover import ZoneRecord, hand_over

BOTH = pytest.mark.parametrize("form", ["terraform-cloudflare", "terraform-route53"])
READERS = {"terraform-cloudflare": cloudflare, "terraform-route53": route53}


def names(text: str) -> list[str]:
    return re.findall(r'^resource "\w+" "([\w-]+)"', text, flags=re.MULTILINE)


@BOTH
@pytest.mark.parametrize(
    "value",
    [
        "exists:%{i}._spf.example.org",
        "${path.module}",
        "$${a} $$${a} %%{if true} %%%{ $ { % {",
        '"} resource "x" "y" {',
        '\\"${a}\\',
        "/* # // EOF <<EOF",
        "\u2028 é \U0001f600 " + "\u00e9" * 300,
    ],
)
def test_a_text_is_no_template_and_ends_where_it_ends(
    form: str, value: str, tmp_path: Path
) -> None:
    text = hand_over([asked("TXT", "a.example.com", value)], form).text
    assert READERS[form](text, tmp_path) == [ZoneRecord("a.example.com", "TXT", value)]


def test_cloudflare_has_a_long_text_in_quoted_strings_of_255() -> None:
    text = hand_over([asked("TXT", "a.example.com", KEY)], "terraform-cloudflare").text
    assert f'content = "\\"{KEY[:255]}\\" \\"{KEY[255:]}\\""\n' in text


def test_route_53_has_a_long_text_in_strings_without_a_gap_or_outer_quotes() -> None:
    text = hand_over([asked("TXT", "a.example.com", KEY)], "terraform-route53").text
    assert f'    "{KEY[:255]}\\"\\"{KEY[255:]}",\n' in text


def test_a_cut_within_a_character_is_one_of_bytes() -> None:
    value = "a" * 254 + "é"
    text = hand_over([asked("TXT", "a.example.com", value)], "terraform-cloudflare").text
    assert r'a\\195\" \"\\169\""' in text
    text = hand_over([asked("TXT", "a.example.com", value)], "terraform-route53").text
    assert r'a\\303\"\"\\251"' in text


def test_all_values_of_a_name_and_type_are_one_resource_for_route_53_alone() -> None:
    records = [asked("MX", "mg.example.com", f"mx{each}.mailgun.org", "10") for each in ("a", "b")]
    assert len(names(hand_over(records, "terraform-route53").text)) == 1
    assert len(names(hand_over(records, "terraform-cloudflare").text)) == 2


@BOTH
def test_names_that_differ_in_signs_only_are_two_resources(form: str) -> None:
    hosts = ["a-b.example.com", "a.b.example.com", "a_b.example.com", "*.a.b.example.com"]
    found = names(hand_over([asked("TXT", host, "x") for host in hosts], form).text)
    assert len(set(found)) == len(hosts)


@BOTH
def test_another_value_is_a_change_and_no_replacement(form: str) -> None:
    before, after = (
        names(hand_over([asked("TXT", "20260101pm._domainkey.example.com", value)], form).text)
        for value in ("k=rsa; p=old", "k=rsa; p=new")
    )
    assert before == after
    assert re.fullmatch(r"txt_20260101pm_domainkey_example_com_[0-9a-f]{8}", before[0])


@BOTH
def test_the_comment_says_what_is_to_be_declared_for_the_zones(form: str) -> None:
    records = [asked("TXT", f"a.{zone}", "x") for zone in ("example.com", "example.co.uk")]
    text = hand_over(records, form).text
    assert text.startswith('# The IDs of the zones: variable "zone_ids" { type = map(string) }\n')
    assert "# with example.co.uk, example.com\n" in text
