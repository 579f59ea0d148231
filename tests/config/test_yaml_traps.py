"""What YAML makes ambiguous or dangerous ends in a finding with its place (design.md §5.2)."""

import time

import pytest
import yaml
from loading import MAILGUN, POSTMARK, findings, load, only, places, said

from reconciler.config import syntax

BOM = b"\xef\xbb\xbf"
TOO_DEEP = "nested deeper than 32 levels; nothing here needs so many"


def stream_named(value: str) -> str:
    return f"{POSTMARK}    streams: {{news: {{name: {value}}}}}\n"


def test_a_duplicate_key_is_found_at_the_second_and_names_the_first() -> None:
    text = f"{POSTMARK}    tracking: {{opens: true, opens: false}}\n"
    message = "duplicate key `opens`; it stands at 7:16 already: remove one"
    assert said(text) == (7, 29, message)


def test_each_further_duplicate_is_one_finding() -> None:
    text = f"{POSTMARK}    tracking:\n      opens: true\n      opens: true\n      opens: true\n"
    assert places(text) == [(9, 7), (10, 7)]


def test_a_provider_twice_in_a_file_is_a_duplicate_key() -> None:
    assert said(f"{POSTMARK}  p: {{service: mailgun}}\n")[:2] == (7, 3)


def test_keys_that_differ_in_quotes_only_are_duplicates() -> None:
    assert places(f"{POSTMARK}    tracking: {{opens: true, 'opens': true}}\n") == [(7, 29)]


def test_an_anchor_is_refused_where_it_stands() -> None:
    assert said(f"{POSTMARK}    tracking: &shared {{opens: true}}\n")[:2] == (7, 15)
    assert said(f"{POSTMARK}    tracking: {{&shared opens: true}}\n")[:2] == (7, 16)


def test_an_alias_is_refused_where_it_stands_and_hides_nothing_else() -> None:
    text = f"{POSTMARK}    tracking: *shared\n    advanced: {{timeout: 1}}\n"
    assert places(text) == [(7, 15), (8, 25)]


def test_an_alias_as_a_key_is_refused() -> None:
    assert places(f"{POSTMARK}    *shared : 1\n") == [(7, 5)]


def test_an_alias_bomb_is_refused_at_once() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    started = time.monotonic()
    found = findings("\n".join(lines))
    assert time.monotonic() - started < 2
    assert sum("alias" in each.message for each in found) == 29 * 9


def test_an_anchor_that_holds_itself_is_refused() -> None:
    assert places("&a [*a]\n") == [(1, 1), (1, 1), (1, 5)]


@pytest.mark.parametrize("merged", ["{opens: true}", "*shared", "[*shared, *other]"])
def test_a_merge_key_is_one_finding_whatever_is_merged(merged: str) -> None:
    line, column, message = said(f"{POSTMARK}    tracking:\n      <<: {merged}\n")
    assert (line, column) == (8, 7)
    assert "write the keys out" in message


def test_what_a_merge_could_have_brought_is_not_missed() -> None:
    text = "version: 1\nproviders:\n  m:\n    <<: *base\n    service: mailgun\n"
    assert places(text) == [(4, 5)]
    assert places(f"{MAILGUN}    domain: mg.example.com\n    domains: {{<<: *base}}\n") == [(8, 15)]


@pytest.mark.parametrize("tag", ["!!bool", "!", "!own", "!<tag:x.org,2000:y>", "!!python/none"])
def test_a_tag_is_refused_where_it_stands(tag: str) -> None:
    line, column, message = said(f"{POSTMARK}    tracking: {{opens: {tag} true}}\n")
    assert (line, column) == (7, 23)
    assert message.endswith("tags are not supported; remove it")


def test_tags_of_mappings_keys_and_files_are_refused() -> None:
    assert places(f"{POSTMARK}    tracking: !!map {{opens: true}}\n") == [(7, 15)]
    assert places(f"{POSTMARK}    tracking: {{!!str opens: true}}\n") == [(7, 16)]
    assert places("!!python/object/apply:os.system ['true']\n") == [(1, 1)]


def test_mistakes_below_a_tag_are_found_too() -> None:
    assert places(f"{POSTMARK}    tracking: !!map {{opns: true}}\n") == [(7, 15), (7, 22)]


def test_a_second_document_is_refused_and_the_first_one_still_checked() -> None:
    assert places(f"{POSTMARK}    trackin: {{}}\n---\nversion: 1\n") == [(7, 5), (8, 1)]
    assert places(f"{POSTMARK}---\n") == [(7, 1)]


def test_a_separator_in_the_middle_of_a_file_is_one_finding() -> None:
    assert places("version: 1\n---\nproviders: {}\n") == [(2, 1)]
    assert places(f"---\n---\n{POSTMARK}") == [(2, 1)]


def test_document_markers_around_the_one_document_are_fine() -> None:
    assert findings(f"---\n{POSTMARK}...\n") == ()


@pytest.fixture(params=["CSafeLoader", "SafeLoader"])
def _loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML parses by libyaml, or, on a machine without it, by itself."""
    monkeypatch.setattr(syntax, "LOADER", getattr(yaml, request.param))


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize(
    ("opening", "column"),
    [
        ("[", 33),
        ("{", 33),
        ("- ", 65),
        ("? ", 65),
        ("[{a: ", 81),
        ("- - ? ", 65),
        ("[é😀, {b: ", 145),
    ],
)
def test_a_million_openings_are_refused_at_once(opening: str, column: int) -> None:
    started = time.monotonic()
    found = said(opening * 1_000_000)
    assert time.monotonic() - started < 5
    assert found == (1, column, TOO_DEEP)


@pytest.mark.usefixtures("_loader")
@pytest.mark.parametrize("opening", ["-", "a:", "[", "{a:"])
def test_deep_nesting_over_lines_is_found_in_its_line(opening: str) -> None:
    lines = (" " * depth + opening for depth in range(2000))
    assert said("\n".join(lines)) == (33, 33, TOO_DEEP)


@pytest.mark.usefixtures("_loader")
def test_thirty_two_levels_are_not_too_deep() -> None:
    assert TOO_DEEP not in said(f"{'[' * 32}{']' * 32}")
    assert said(f"{'[' * 33}{']' * 33}") == (1, 33, TOO_DEEP)


@pytest.mark.usefixtures("_loader")
def test_nesting_that_the_parser_gave_up_at_is_found_where_our_limit_is() -> None:
    # It reads ahead, and gives up at what cannot begin a value or at a limit of its own.
    assert said(f"{POSTMARK}    tracking: {'[' * 5000}") == (7, 44, TOO_DEEP)
    assert said(f"{POSTMARK}    é😀: {'[' * 5000}") == (7, 38, TOO_DEEP)
    assert said(f"{'[' * 33}@") == (1, 33, TOO_DEEP)
    assert said(f"{'[' * 32}@")[2] != TOO_DEEP
    assert places(f"a: &a 1\nb: {'[' * 5000}") == [(1, 4), (2, 35)]


def test_invalid_utf8_is_found_at_its_character() -> None:
    message = "not UTF-8 text; save the file as UTF-8"
    assert said(POSTMARK.encode() + b"    sender: caf\xe9@example.com\n") == (7, 16, message)
    assert said("# é😀 ".encode() + b"\xff\n") == (1, 6, message)
    assert said(BOM + b"ab\xff") == (1, 3, message)
    assert said(b"a: 1\r\nb: 2\r\n\xff") == (3, 1, message)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-16-le", "utf-32", "latin-1"])
def test_other_encodings_are_refused_in_the_first_line(encoding: str) -> None:
    assert only(f"# café\n{POSTMARK}".encode(encoding)).location.line == 1


def test_a_byte_order_mark_is_passed_over_and_shifts_no_place() -> None:
    assert findings(BOM + POSTMARK.encode()) == ()
    assert places(BOM + b"version: 2\nproviders: {p: {service: x}}\n") == [(1, 10), (2, 26)]


@pytest.mark.parametrize("content", ["", " \n\n", "# only\n# words\n", "---\n", "null\n", "~"])
def test_a_file_without_content_says_what_it_needs(content: str) -> None:
    message = "the file is empty; it needs `version: 1` and `providers:`"
    # Of the file as a whole: it has no line.
    assert said(content) == (0, 0, message)


@pytest.mark.parametrize("content", ["- 1\n", "hello\n", "42\n", "[]", "'text'"])
def test_a_file_that_is_no_mapping_is_refused(content: str) -> None:
    line, column, message = said(content)
    assert (line, column) == (1, 1)
    assert message.startswith("the file: a mapping is wanted")


@pytest.mark.parametrize("character", ["\0", "\x07", "\x1b", "\x7f", "\ufffe"])
def test_a_control_character_is_found_at_its_place(character: str) -> None:
    message = "a character that YAML does not allow; remove or escape it"
    assert said(f"# éé😀\n{POSTMARK}    sender: a{character}b\n") == (8, 14, message)


@pytest.mark.parametrize("character", ["\x85", "\u2028", "\u2029"])
def test_a_line_break_that_editors_do_not_count_is_refused(character: str) -> None:
    text = f'{POSTMARK}    streams: {{a: {{name: "x{character}y"}}}}\n    foo: 1\n'
    line, column, message = said(text)
    assert (line, column) == (7, 27)
    assert f"U+{ord(character):04X}" in message


def test_places_count_characters_and_any_ordinary_line_break() -> None:
    assert places('version: 1 # é\r\nproviders: {"😀é": {}, x: 1}\r\n')[0] == (2, 13)
    assert places("version: 1\rproviders: []\r") == [(2, 12)]


@pytest.mark.parametrize("word", ["no", "No", "off", "OFF", "n", "N"])
def test_words_for_false_are_refused_with_false_as_the_way_out(word: str) -> None:
    message = "this plain value is false in YAML 1.1 and text in YAML 1.2; write false, or quote it"
    assert said(f"{POSTMARK}    tracking: {{opens: {word}}}\n") == (7, 23, message)


@pytest.mark.parametrize("word", ["yes", "YES", "on", "On", "y", "Y"])
def test_words_for_true_are_refused_with_true_as_the_way_out(word: str) -> None:
    message = "this plain value is true in YAML 1.1 and text in YAML 1.2; write true, or quote it"
    assert said(f"{POSTMARK}    tracking: {{opens: {word}}}\n") == (7, 23, message)


@pytest.mark.parametrize("key", ["no", "on", "yes", "0123", "1_000", "12:30", "1e3"])
def test_ambiguous_keys_are_one_finding_with_quotes_as_the_way_out(key: str) -> None:
    line, column, message = said(f"version: 1\nproviders:\n  {key}: {{service: nothing}}\n")
    assert (line, column) == (3, 3)
    assert message.startswith("this plain key is ")
    assert message.endswith("; quote it")


AMBIGUOUS = """
    0123 0o17 0x1F 0b11 +0123 00 09 1_000 1_ 1_000.5 12:30:45 1:30 -1:30 0:30.5 190:20:30.15
    1e3 1E3 1.5e-3 .5e1 1e400 .5 1. -1. 01.5 2024-01-01 2024-1-1 2001-12-14t21:59:43.10-05:00
    .inf -.INF +.Inf .nan .NaN = 1.1234567890123456789 1234567890123456789 12345678901234567890.5
"""


@pytest.mark.parametrize("value", AMBIGUOUS.split())
def test_plain_values_that_readers_disagree_on_are_refused_once(value: str) -> None:
    line, column, message = said(stream_named(value))
    assert (line, column) == (7, 28)
    assert message.startswith("this plain value is ")
    assert "quote it" in message
    assert findings(stream_named(f"'{value}'")) == ()
    assert (
        findings(f"{POSTMARK}    streams:\n      a:\n        name: >-\n          {value}\n") == ()
    )


@pytest.mark.parametrize("value", AMBIGUOUS.split())
def test_ambiguous_values_are_refused_in_number_fields_too(value: str) -> None:
    assert places(f"{POSTMARK}    advanced: {{timeout: {value}}}\n") == [(7, 25)]


PLAIN_TEXTS = """
    e3 E5 tRUE nUll 1.2.3 v1 1.2.3.4 _1 . .. -- 12a 1:99 2024-01 0xyz 1-2 a:b norway one only yess
    inf nan 2024-01-01x
"""


@pytest.mark.parametrize("value", [*PLAIN_TEXTS.split(), "2024-01-01 begins the year", "no way"])
def test_plain_values_that_are_text_everywhere_are_text(value: str) -> None:
    desired = load(stream_named(value)).desired.values()
    assert [each.attributes["name"] for each in desired] == [value]


@pytest.mark.parametrize(("value", "kind"), [("12", "a number"), ("-1.5", "a decimal number")])
def test_plain_numbers_are_numbers(value: str, kind: str) -> None:
    assert said(stream_named(value))[2] == f"`name`: text is wanted, not {kind}; quote it"


@pytest.mark.parametrize("value", ["true", "True", "FALSE"])
def test_plain_truth_values_are_truth_values(value: str) -> None:
    assert said(stream_named(value))[2] == "`name`: text is wanted, not true or false; quote it"


@pytest.mark.parametrize("digits", [19, 64, 65, 5000, 1_000_000])
def test_integers_of_any_length_end_in_a_finding(digits: int) -> None:
    text = f"{POSTMARK}    advanced: {{batch_size: {'7' * digits}}}\n"
    assert said(text) == (7, 28, "this plain value is a number that is too long; quote it")


@pytest.mark.parametrize("value", ["1" + "_" * 500_000 + "x", "a." * 300_000, "1:1" * 300_000])
def test_very_long_scalars_are_checked_at_once(value: str) -> None:
    started = time.monotonic()
    assert places(f"{POSTMARK}    sender: {value}\n") == [(7, 13)]
    assert time.monotonic() - started < 2


def test_digits_of_other_scripts_are_text() -> None:
    assert said(f"{POSTMARK}    advanced: {{timeout: ٣٠}}\n")[:2] == (7, 25)


@pytest.mark.parametrize("escape", ["\\ud800", "\\udfff", "\\ud83d\\ude00", "\\UFFFFFFFF"])
def test_escapes_that_are_no_characters_are_refused(escape: str) -> None:
    assert only(stream_named(f'"{escape}"')).location.line == 7
    assert only(f'{POSTMARK}    "{escape}": 1\n').location.line == 7


@pytest.mark.parametrize("key", ["[a, b]", "{a: b}", "[]"])
def test_a_complex_key_is_one_finding(key: str) -> None:
    assert said(f"{POSTMARK}    ? {key}\n    : 1\n") == (7, 7, "a key must be plain text")


def test_a_complex_key_hides_no_other_mistake() -> None:
    assert places(f"{POSTMARK}    ? [a]\n    : 1\n    foo: 1\n") == [(7, 7), (9, 5)]


@pytest.mark.parametrize("key", ["~", "null", "1", "true", "1.5", "''"])
def test_keys_that_look_like_other_types_are_unknown_keys(key: str) -> None:
    line, column, message = said(f"{POSTMARK}    {key}: 1\n")
    assert (line, column) == (7, 5)
    assert message.startswith("unknown key ")


@pytest.mark.parametrize("key", ["domains", "streams", "tracking", "advanced"])
def test_nothing_where_a_mapping_is_wanted_offers_an_empty_one(key: str) -> None:
    message = f"`{key}`: a mapping is wanted, not nothing; write {{}} for none"
    assert said(f"{POSTMARK}    {key}:\n") == (7, 6 + len(key), message)
    assert said(f"{POSTMARK}    {key}: ~\n") == (7, 7 + len(key), message)


def test_nothing_where_a_list_or_a_text_is_wanted_offers_a_way_out() -> None:
    message = "`webhooks`: a list is wanted, not nothing; write [] for none"
    assert said(f"{POSTMARK}    webhooks:\n")[2] == message
    message = "`name`: text is wanted, not nothing; remove the key if there is none"
    assert said(stream_named(""))[2] == message


def test_a_domain_or_provider_without_a_value_is_refused() -> None:
    assert said(f"{POSTMARK}    domains:\n      example.com:\n")[:2] == (8, 19)
    assert said("version: 1\nproviders:\n  p:\n")[:2] == (3, 5)


def test_a_tab_as_indentation_is_named() -> None:
    text = "version: 1\nproviders:\n\tp:\n\t\tservice: postmark\n"
    assert said(text) == (3, 1, "not valid YAML: a tab; indent with spaces")


def test_a_tab_between_key_and_value_is_fine() -> None:
    assert findings(POSTMARK.replace("version: 1", "version:\t1")) == ()


@pytest.mark.parametrize(
    ("added", "place", "word"),
    [
        ("tracking: {opens: true\n    sender: a@example.com\n", (7, 15), "bracket"),
        ("tracking: {opens: true\n", (7, 15), "bracket"),
        ("sender: 'a@example.com\n    tracking: {}\n", (7, 13), "quote that is not closed"),
        ("sender\n    tracking: {}\n", (7, 5), "without `:`"),
        ("sender: a: b\n", (7, 14), "quote a value that holds"),
        ("sender: @a\n", (7, 13), "@ cannot begin a value; quote it"),
        ("sender: `a\n", (7, 13), "` cannot begin a value; quote it"),
        ('sender: "\\q"\n', (7, 14), "a backslash is written twice"),
        ("tracking: {}\n   sender: x\n", (8, 4), "check the indentation"),
    ],
)
def test_a_syntax_error_is_one_finding_at_its_cause(
    added: str, place: tuple[int, int], word: str
) -> None:
    line, column, message = said(f"{POSTMARK}    {added}")
    assert (line, column) == place
    assert message.startswith("not valid YAML: ")
    assert word in message


@pytest.mark.parametrize("key", ['"a\\nb"', '"a\\e[31mb"', '"a\\u202eb"', '"a\\u2028b"'])
def test_a_finding_is_one_printable_line_whatever_it_quotes(key: str) -> None:
    for text in (f"{POSTMARK}    {key}: 1\n", f"{POSTMARK}    tracking: {{{key}: 1, {key}: 2}}\n"):
        assert all(str(each).isprintable() for each in findings(text))
        assert findings(text) != ()


def test_a_long_key_is_quoted_in_part() -> None:
    assert len(only(f"{POSTMARK}    ? {'k' * 100_000}\n    : 1\n").message) < 300
