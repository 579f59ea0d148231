"""octoDNS itself: its loader, its schema, and a sync to a zone file that BIND reads."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from octodns.record.exception import ValidationError  # type: ignore[import-untyped]
from octodns.yaml import safe_load  # type: ignore[import-untyped]
from readers import dumped, octodns, octodns_files, run
from wanted import KEY, NEUTRAL, RECORDS, asked

from reconciler.handover import Semicolons, hand_over
from reconciler.handover.record_set import natural

PROGRAMS = Path(sys.executable).parent
NAME_SERVERS = "'':\n  type: NS\n  values: [ns1.example.net., ns2.example.net.]\n"
VALIDATORS = {
    "enabled": ["strict"],
    "record": {
        "validators": {
            "CNAME": ["target-value-best-practice"],
            "MX": ["mx-value-best-practice"],
        }
    },
}
BOTH = pytest.mark.parametrize("semicolons", ["escaped", "plain"])


@BOTH
def test_the_records_arrive_where_the_provider_is_set_as_the_comment_says(
    semicolons: Semicolons, tmp_path: Path
) -> None:
    text = hand_over(RECORDS, "octodns", octodns_semicolons=semicolons).text
    is_escaped = "`escaped_semicolons: true`" in text
    assert is_escaped == (semicolons == "escaped")
    assert sorted(octodns(text, tmp_path, is_escaped=is_escaped)) == sorted(NEUTRAL)


def test_the_other_setting_refuses_a_key(tmp_path: Path) -> None:
    key = [asked("TXT", "k._domainkey.example.com", KEY)]
    with pytest.raises(ValidationError, match="unescaped ;"):
        octodns(hand_over(key, "octodns", octodns_semicolons="plain").text, tmp_path)
    with pytest.raises(ValidationError, match="double escaped ;"):
        octodns(hand_over(key, "octodns").text, tmp_path, is_escaped=False)


@BOTH
def test_a_sync_makes_a_zone_file_with_these_values(semicolons: Semicolons, tmp_path: Path) -> None:
    text = hand_over(RECORDS, "octodns", octodns_semicolons=semicolons).text
    zones = octodns_files(text, tmp_path)
    (tmp_path / "servers").mkdir()
    for zone in zones:
        (tmp_path / "servers" / f"{zone}.yaml").write_text(NAME_SERVERS, encoding="ascii")
    sync(tmp_path, zones, is_escaped=semicolons == "escaped")
    found = [each for zone in zones for each in dumped(zone, tmp_path / "out" / f"{zone}.")]
    assert sorted(found) == sorted(NEUTRAL)


def sync(folder: Path, zones: list[str], *, is_escaped: bool) -> None:
    """Have octoDNS write zone files of our entries, and of name servers, which a zone needs."""
    source = {"class": "octodns.provider.yaml.YamlProvider", "escaped_semicolons": is_escaped}
    providers = {
        "ours": {**source, "directory": str(folder)},
        "servers": {**source, "directory": str(folder / "servers")},
        "file": {"class": "octodns_bind.ZoneFileProvider", "directory": str(folder / "out")},
    }
    planned = {f"{zone}.": {"sources": ["ours", "servers"], "targets": ["file"]} for zone in zones}
    config = {"manager": {"validators": VALIDATORS}, "providers": providers, "zones": planned}
    (folder / "config.yaml").write_text(yaml.safe_dump(config), encoding="ascii")
    chosen = ["--config-file", str(folder / "config.yaml"), "--doit", "--force", "--quiet"]
    subprocess.run(
        [PROGRAMS / "octodns-sync", *chosen], check=True, capture_output=True, timeout=60
    )


def test_the_zones_are_as_octodns_own_schema_says(tmp_path: Path) -> None:
    schema = json.loads(run(PROGRAMS / "octodns-schema", "--kind", "zone"))
    validator = Draft202012Validator(schema)
    for zone in octodns_files(hand_over(RECORDS, "octodns").text, tmp_path):
        validator.validate(yaml.safe_load((tmp_path / f"{zone}.yaml").read_text(encoding="ascii")))


def test_several_types_at_one_name_are_a_list_and_the_zone_itself_comes_first() -> None:
    text = hand_over(
        [
            asked("TXT", "example.com", "a; b"),
            asked("MX", "example.com", "mxa.mailgun.org", "10"),
            asked("CNAME", "b10.example.com", "a.example"),
            asked("CNAME", "b2.example.com", "a.example"),
            asked("TXT", "no.example.com", "yes"),
        ],
        "octodns",
    ).text
    assert text.split("---\n", maxsplit=1)[1] == (
        "'':\n"
        "  - ttl: 3600\n    type: MX\n    value:\n"
        "      exchange: mxa.mailgun.org.\n      preference: 10\n"
        "  - ttl: 3600\n    type: TXT\n    value: a\\; b\n"
        "b2:\n  ttl: 3600\n  type: CNAME\n  value: a.example.\n"
        "b10:\n  ttl: 3600\n  type: CNAME\n  value: a.example.\n"
        "'no':\n  ttl: 3600\n  type: TXT\n  value: 'yes'\n"
    )


@given(names=st.lists(st.text("ab019*_-.", max_size=6), max_size=12, unique=True))
@settings(max_examples=200)
def test_our_natural_order_is_octodns_own(names: list[str]) -> None:
    said = "".join(f"'{name}': 1\n" for name in sorted(names, key=natural))
    assert (safe_load(said) or {}) == dict.fromkeys(names, 1)
