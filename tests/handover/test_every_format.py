"""Each format says the same, to its real reader: no record more, none less, each value whole."""

import random
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from readers import READERS
from wanted import DRAWN, KEY, NEUTRAL, RECORDS, asked

from reconciler.errors import UsageError
from reconciler.handover import FORMATS, ZoneRecord, as_json, guessed_zone, hand_over, select
from reconciler.model import DnsRecord

EVERY = pytest.mark.parametrize("form", FORMATS)


def read(form: str, records: list[DnsRecord]) -> list[ZoneRecord]:
    with TemporaryDirectory() as folder:
        return sorted(READERS[form](hand_over(records, form).text, Path(folder)))


def test_every_format_has_a_reader_here() -> None:
    assert READERS.keys() == FORMATS.keys()


@EVERY
def test_the_records_of_both_services_arrive_as_they_are(form: str) -> None:
    assert read(form, RECORDS) == sorted(NEUTRAL)
    assert hand_over(RECORDS, form).left_out == ()


@EVERY
@given(records=DRAWN)
@settings(max_examples=15)
def test_whatever_a_service_tells_arrives_whole_or_is_left_out(
    form: str, records: list[DnsRecord]
) -> None:
    left_out = hand_over(records, form).left_out
    found = select(records, zone_of=guessed_zone)
    only_here = len(set(left_out) - set(found.left_out))
    arrived = read(form, records)
    assert set(arrived) <= set(found.records)
    assert len(arrived) == len(found.records) - _refused(form, found.records)
    assert (only_here > 0) == (_refused(form, found.records) > 0)


def _refused(form: str, records: tuple[ZoneRecord, ...]) -> int:
    """Count what one format cannot say: octoDNS has texts of its own kind."""
    if form != "octodns":
        return 0
    return sum(
        each.type == "TXT"
        and (
            not each.value.isascii()
            or "\\" in each.value
            or each.value[0] == '"'
            or '" "' in each.value
        )
        for each in records
    )


@EVERY
@given(records=DRAWN)
@settings(max_examples=50)
def test_a_text_is_ascii_and_has_lines_that_we_wrote(form: str, records: list[DnsRecord]) -> None:
    text = hand_over(records, form).text
    assert text.replace("\n", "").isprintable()
    assert text.isascii()


@EVERY
@given(records=DRAWN)
@settings(max_examples=50)
def test_records_in_any_order_and_told_twice_give_the_same_bytes(
    form: str, records: list[DnsRecord]
) -> None:
    shuffled = records * 2
    random.Random(len(records)).shuffle(shuffled)
    assert hand_over(shuffled, form) == hand_over(records, form)


@EVERY
def test_a_ttl_that_is_asked_for_is_the_one_of_all(form: str, tmp_path: Path) -> None:
    text = hand_over(RECORDS, form, ttl=300).text
    assert {each.ttl for each in READERS[form](text, tmp_path)} == {300}


@EVERY
def test_a_text_of_5000_characters_arrives_whole(form: str) -> None:
    text = "".join(chr(33 + number % 90) for number in range(5000)).replace("\\", "/")
    assert read(form, [asked("TXT", "long.example.com", text)]) == [
        ZoneRecord("long.example.com", "TXT", text)
    ]


@EVERY
def test_many_domains_are_handed_over(form: str) -> None:
    records = [asked("TXT", f"k._domainkey.d{number}.example.com", KEY) for number in range(300)]
    assert len(read(form, records)) == 300


@EVERY
def test_nothing_to_hand_over_is_no_text(form: str) -> None:
    assert hand_over([], form).text == ""


def test_the_data_say_what_the_formats_say() -> None:
    said = as_json(NEUTRAL, zone_of=guessed_zone)
    zones = {each.pop("zone") for each in said}
    assert zones == {"example.com", "example.co.uk"}
    assert sorted(ZoneRecord(**each) for each in said) == sorted(NEUTRAL)


def test_an_unknown_format_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"'ini' is no format: there are bind, octodns, .*dns$"):
        hand_over(RECORDS, "ini")
