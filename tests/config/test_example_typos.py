"""Every key of the example, misspelt in any of its letters, is refused where it stands."""

from collections.abc import Iterator

import pytest
import yaml
from loading import EXAMPLE, findings, places

TEXT = EXAMPLE.read_text()
CHOSEN = {
    *["transactional", "marketing", "example.com", "old.example.com", "newsletter"],
    *["mg.example.com", "promo.example.com"],
}
"""Names that a user chooses: another one is as good as far as its key goes."""


def keys(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value not in CHOSEN:
            yield key
        yield from keys(value)


KEYS = [
    pytest.param(key, id=f"{key.start_mark.line + 1}-{key.value}")
    for key in keys(yaml.compose(TEXT, yaml.SafeLoader))
]


def test_the_example_is_valid_and_has_keys_to_misspell() -> None:
    assert findings(TEXT) == ()
    assert len(KEYS) > 30


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_example_with_one_letter_changed_is_one_finding(key: yaml.ScalarNode) -> None:
    start, end = key.start_mark.index, key.end_mark.index
    place = (key.start_mark.line + 1, key.start_mark.column + 1)
    positions = {0, len(key.value) // 2, len(key.value) - 1}
    for position in sorted(positions):
        wrong = key.value[:position] + "q" + key.value[position + 1 :]
        assert places(TEXT[:start] + wrong + TEXT[end:]) == [place], wrong


@pytest.mark.parametrize("key", KEYS)
def test_a_key_of_the_example_with_a_letter_missing_or_in_upper_case_is_one_finding(
    key: yaml.ScalarNode,
) -> None:
    start, end = key.start_mark.index, key.end_mark.index
    place = (key.start_mark.line + 1, key.start_mark.column + 1)
    for wrong in (key.value[:-1], key.value.upper(), key.value.title()):
        assert places(TEXT[:start] + wrong + TEXT[end:]) == [place], wrong


@pytest.mark.parametrize("name", sorted(CHOSEN))
def test_a_chosen_name_that_is_no_name_is_refused_in_its_line(name: str) -> None:
    line = next(number for number, each in enumerate(TEXT.splitlines(), 1) if f" {name}:" in each)
    assert places(TEXT.replace(f" {name}:", f" {name}!:", 1)) == [
        (line, TEXT.splitlines()[line - 1].index(f" {name}:") + 2)
    ]
