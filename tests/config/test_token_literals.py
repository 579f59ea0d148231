"""A secret that stands in the YAML is refused, and what is said about it does not repeat it."""

import pytest
from loading import MAILGUN, POSTMARK, findings, only, places, said

GUID = "2f1c6d4e-90ab-4cde-8f01-23456789abcd"
KEY = "key-3ax6xnjp29jd6fds4gc373sgvjxteol0"
LONG = "3ax6xnjp29jd6fds4gc373sgvjxteol0-28e9457d-1a2b3c4d"
WORD = "Sup3rSecretT0kenValue"
HEX = "deadbeefdeadbeefdeadbeefdeadbeef"
DIGITS = "7340917340917340"


def is_told(literal: str, content: str) -> bool:
    """Whether any recognisable part of a literal stands in what is said."""
    told = "\n".join(str(each) for each in findings(content))
    pieces = {literal[start : start + 8] for start in range(len(literal) - 7)}
    return any(piece in told for piece in pieces)


@pytest.mark.parametrize("literal", [GUID, KEY, LONG, WORD, HEX, DIGITS, "0" + DIGITS, "1e9"])
@pytest.mark.parametrize(
    "shape",
    [
        "{}",
        "'{}'",
        '"{}"',
        "[{}]",
        "[[{}]]",
        "{{{}}}",
        "{{{}: }}",
        "{{'{}': x}}",
        "{{value: {}}}",
        "{{literal: {}}}",
        "{{env: [{}]}}",
        "{{env: {{{}: 1}}}}",
        "{{file: [{}]}}",
        "{{sops: {}}}",
        "{{sops: [{}]}}",
        "{{sops: {{{}: 1}}}}",
        "{{sops: {{file: [{}], key: a}}}}",
        "{{sops: {{file: a, key: {{x: {}}}}}}}",
        "|\n      {}",
        ">-\n      {}",
        "\n      {}",
        "\n      - {}",
        "&{}",
        "*{}",
        "!{} x",
        "!!str {}",
        "{{env: A, other: {}}}",
        "{{env: A, file: B, sops: {}}}",
    ],
)
def test_a_literal_is_refused_and_never_repeated(shape: str, literal: str) -> None:
    text = POSTMARK.replace("{env: SERVER}", shape.format(literal))
    assert findings(text) != ()
    assert not is_told(literal, text)


@pytest.mark.parametrize("literal", [GUID, KEY, LONG, HEX])
@pytest.mark.parametrize("source", ["env", "file"])
def test_a_literal_in_place_of_a_name_or_a_path_is_refused(source: str, literal: str) -> None:
    text = POSTMARK.replace("{env: SERVER}", f"{{{source}: {literal}}}")
    assert places(text) == [(5, 15 + len(source))]
    assert only(text).message.endswith("what stands here is not repeated")
    assert not is_told(literal, text)


@pytest.mark.parametrize("key", ["tokn", "Token", "account-token", "api_key", "password", "key"])
def test_a_literal_under_a_wrong_key_is_not_repeated(key: str) -> None:
    text = f"{POSTMARK}    {key}: {WORD}\n"
    assert [line for line, _ in places(text)] == [7]
    assert not is_told(WORD, text)


@pytest.mark.parametrize("broken", [f"token {WORD}", f"token: {WORD}: x", f"token: '{WORD}"])
def test_a_literal_in_a_line_that_is_no_yaml_is_not_repeated(broken: str) -> None:
    text = POSTMARK.replace("token: {env: SERVER}", broken, 1)
    assert findings(text) != ()
    assert not is_told(WORD, text)


def test_a_literal_is_one_finding_that_shows_the_way_out() -> None:
    line, column, message = said(MAILGUN.replace("{env: KEY}", KEY))
    assert (line, column) == (5, 12)
    assert "{env: NAME}, {file: PATH} or {sops: {file: PATH, key: KEY}}" in message


@pytest.mark.parametrize(
    "reference",
    [
        "{env: A, file: B}",
        "{env: A, sops: {file: b, key: c}}",
        "{file: A, sops: {file: b, key: c}}",
    ],
)
def test_more_than_one_source_is_one_finding(reference: str) -> None:
    assert places(MAILGUN.replace("{env: KEY}", reference)) == [(5, 12)]


def test_no_source_is_one_finding() -> None:
    assert places(MAILGUN.replace("{env: KEY}", "{}")) == [(5, 12)]
    assert places(MAILGUN.replace("{env: KEY}", "")) == [(5, 11)]


def test_a_misspelt_source_is_one_finding_with_what_was_meant() -> None:
    message = "unknown key `evn`; did you mean `env`?"
    assert said(MAILGUN.replace("{env: KEY}", "{evn: KEY}")) == (5, 13, message)
    message = "unknown key `fil`; did you mean `file`?"
    assert said(MAILGUN.replace("{env: KEY}", "{env: A, fil: B}")) == (5, 21, message)


@pytest.mark.parametrize("name", ["A-B", "1A", "A B", "A=B", "Ä", "$A", "A" * 129, "''"])
def test_a_name_that_no_environment_variable_has_is_refused(name: str) -> None:
    assert places(MAILGUN.replace("{env: KEY}", f"{{env: {name}}}")) == [(5, 18)]


@pytest.mark.parametrize(
    "reference",
    [
        "{env: _KEY_1}",
        "{env: mailgun_key}",
        "{file: ../secrets/mailgun.key}",
        "{file: /run/secrets/mailgun-key}",
        "{file: the-mailgun-key-of-the-marketing-account}",
        "{sops: {file: secrets.sops.yaml, key: mailgun.api_key}}",
    ],
)
def test_references_are_accepted(reference: str) -> None:
    assert findings(MAILGUN.replace("{env: KEY}", reference)) == ()
