"""What is written is read as what it was, and looks as a person would write it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.config.insertion import inserted
from reconciler.config.syntax import parse
from reconciler.config.writing import WIDTH, Writer, scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | TEXTS
KEYS = TEXTS.filter(lambda key: key != "<<")
TREES = st.recursive(
    SCALARS, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below, max_size=3)
)
HEAD = "version: 1\nproviders:\n  t:\n"


def read(text: str) -> Any:
    root, findings = parse(text.encode(), "esp.yaml")
    assert findings == []
    assert root
    return root.data


@given(st.dictionaries(KEYS, TREES, min_size=1, max_size=4))
def test_whatever_is_written_is_read_as_it_was(tree: dict[str, Any]) -> None:
    lines = Writer("mailgun", {}).entries(tree, 0)
    assert read("\n".join(lines)) == tree


@given(TEXTS)
def test_a_text_is_read_as_that_text_in_lines_and_in_a_flow(text: str) -> None:
    assert read(f"a: {scalar(text)}\nb: [{scalar(text)}, 1]") == {
        "a": text,
        "b": [text, 1],
    }


@pytest.mark.parametrize(
    "text", ["mg.example.com", "https://hooks.example.com/a", "Newsletter", "Two words", "a/b_c-d"]
)
def test_ordinary_texts_need_no_quotes(text: str) -> None:
    assert scalar(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "no", "yes", "1", "0x1", "1e3", "2026-11-26", "a: b", "a #b", "#a", "- a", "a:", " a"],
)
def test_what_could_be_read_otherwise_is_quoted(text: str) -> None:
    assert scalar(text).startswith('"')


def written(tree: dict[str, Any], notes: dict[tuple[str, ...], str] | None = None) -> str:
    return inserted(f"{HEAD}    service: mailgun\n", "t", "mailgun", tree, notes or {})


def test_short_things_stand_in_one_line_and_long_ones_in_several() -> None:
    long = {f"https://hooks.example.com/{'x' * 30}{number}": None for number in range(3)}
    tree = {
        "domains": {
            "a.example.com": {"spam_action": "tag"},
            "b.example.com": {"webhooks": {"opened": [*long]}},
        }
    }
    lines = written(tree).splitlines()
    assert "      a.example.com: {spam_action: tag}" in lines
    assert "          opened:" in lines
    assert all(len(line) <= WIDTH for line in lines)


def test_keys_stand_in_the_order_of_the_schema_and_names_in_their_own() -> None:
    tree = {
        "domains": {"b.example.com": {"wildcard": True, "spam_action": "tag"}, "a.example.com": {}},
        "webhooks": {"opened": [], "accepted": []},
        "tracking": {"opens": True},
    }
    assert written(tree) == (
        f"{HEAD}    service: mailgun\n"
        "    tracking: {opens: true}\n"
        "    webhooks: {accepted: [], opened: []}\n"
        "    domains:\n"
        "      a.example.com: {}\n"
        "      b.example.com: {spam_action: tag, wildcard: true}\n"
    )


def test_a_note_stands_beside_what_it_is_about_or_above_it_if_it_is_long() -> None:
    tree: dict[str, Any] = {"domains": {"a.example.com": {}, "b.example.com": {}}}
    notes: dict[tuple[str, ...], str] = {
        ("domains", "a.example.com"): "short",
        ("domains", "b.example.com"): "long " * 20,
    }
    lines = written(tree, notes).splitlines()
    assert "      a.example.com: {}  # short" in lines
    assert lines[lines.index("      b.example.com: {}") - 1].startswith("      # long long")


def test_what_nobody_sees_is_written_as_an_escape() -> None:
    text = "a\u202eb\u200bc\U000e0001 d"
    line = scalar(text)
    assert line.isprintable()
    assert read(f"a: {line}") == {"a": text}
