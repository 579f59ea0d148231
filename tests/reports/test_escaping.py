"""Foreign text anywhere in Markdown is one run of text, character by character what it was."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from reconciler.reports.comment import Earlier, planning_body
from reconciler.reports.escaping import (
    command_message,
    command_property,
    markdown_block,
    markdown_cell_code,
    markdown_code,
    markdown_text,
    output_value,
)
from reconciler.reports.links import NO_LINKS
from reconciler.reports.markdown import report_as_markdown
from reconciler.reports.report import Found, Report
from reconciler.source import Finding, Location, printable

MARKDOWN = MarkdownIt("gfm-like")
assert MARKDOWN.linkify is not None
# Names of hosts without `www.` are no links on a forge.
MARKDOWN.linkify.set({"fuzzy_link": False})
MARK = "\u200b"
FRAMES = ("{}", "- {}", "  - {}", "1. {}", "> {}", "- `~` `a`: {}", "| a |\n|---|\n| {} |")
OPENERS = (
    *("# h", "###### h", "- x", "+ x", "* x", "1. x", "1) x", "007. x", "> q", "---", "***", "==="),
    *("```", "~~~", "<div>", "<!-- x", "    code", "| a | b |", "[x]: http://a.example.com", "\tx"),
    *("-", "+", "#", "=", "1.", "- ", "[ ] x", "$$", ":---", "a\\", "\\", "&amp;", "&#35; h"),
)
MAIL = ("a@b.example.com", "a@-b.example.com", "a@_b.example.com", "a@.example.com", "a@b-.co")
TEXTS = (
    st.text(max_size=40)
    | st.text(" `|\\<>@#&*_[]()!~:./w\n-+=1.$^{}\"'", max_size=25)
    | st.builds(str.__add__, st.text(" ", max_size=6), st.sampled_from(OPENERS + MAIL))
)


def tokens_of(text: str) -> list[Token]:
    tokens = MARKDOWN.parse(text)
    return [*tokens, *(child for each in tokens for child in each.children or ())]


def structure_of(text: str) -> list[str]:
    """Return what a text of Markdown is made of, besides plain text."""
    kinds = (token.type for token in tokens_of(text))
    return [kind for kind in kinds if kind not in {"text", "text_special"}]


def read_back(text: str) -> str:
    """Return the text of an only line, without what parts references."""
    words = (token.content for token in tokens_of(text) if token.type in {"text", "text_special"})
    return "".join(words).replace(MARK, "")


def check_text(text: str) -> None:
    for frame in FRAMES:
        assert structure_of(frame.format(markdown_text(text))) == structure_of(frame.format("x"))
    assert read_back(markdown_text(f"{text}.")) == f"{printable(text)}."


@pytest.mark.parametrize("spaces", range(6))
@pytest.mark.parametrize("text", OPENERS)
def test_no_beginning_opens_a_block_wherever_it_stands(text: str, spaces: int) -> None:
    check_text(" " * spaces + text)


@given(TEXTS.filter(str.strip))
def test_any_text_is_one_run_of_text_and_nothing_is_lost_of_it(text: str) -> None:
    check_text(text)


@pytest.mark.parametrize("text", MAIL)
def test_an_address_is_neither_a_link_nor_a_mention(text: str) -> None:
    # GitHub links what has a dot somewhere behind the sign, and only that sign before it.
    assert not re.search(r"[\w.+-]@|@[\w.-]", markdown_text(text))


@given(TEXTS)
def test_code_is_read_back_sign_by_sign(text: str) -> None:
    tokens = tokens_of(f"a {markdown_code(text)} b")
    (code,) = [token for token in tokens if token.type == "code_inline"]
    assert code.content == (printable(text) or " ")
    assert [token.content for token in tokens if token.type == "text"] == ["a ", " b"]


@given(TEXTS.filter(lambda text: "\\|" not in text))
def test_code_in_a_cell_is_read_back_sign_by_sign(text: str) -> None:
    tokens = tokens_of(f"| a | b |\n|---|---|\n| {markdown_cell_code(text)} | `b` |\n")
    codes = [token.content for token in tokens if token.type == "code_inline"]
    assert codes == [printable(text) or " ", "b"]


@given(TEXTS)
def test_a_block_of_code_is_read_back_line_by_line(text: str) -> None:
    tokens = tokens_of(f"a\n\n{markdown_block(text)}\n\n# b")
    (fence,) = [token for token in tokens if token.type == "fence"]
    assert fence.content == "".join(f"{printable(line)}\n" for line in text.split("\n"))
    assert [token.content for token in tokens if token.type == "text"] == ["a", "b"]


@given(TEXTS)
def test_a_command_is_undone_as_the_runner_does_it(text: str) -> None:
    codes = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
    for escaped, known in ((command_message(text), (0, 1, 4)), (command_property(text), range(5))):
        assert not re.search(r"[\r\n]", escaped)
        read = escaped
        for code, sign in (codes[each] for each in known):
            read = read.replace(code, sign)
        assert read == text
    assert not re.search(r"[:,]", command_property(text))


@given(TEXTS)
def test_an_output_is_one_line(text: str) -> None:
    assert len(f"name={output_value(text)}".splitlines()) == 1


@pytest.mark.parametrize("text", [" # h", "  - x", "     code", " <!-- x", "   1. x"])
def test_what_stands_first_in_its_line_of_a_report_opens_nothing(text: str) -> None:
    found = Found("error", Finding(Location("esp.yaml", 3, 1), text))
    one = report_as_markdown(Report("validate", "invalid", findings=(found,)))
    other = planning_body(NO_LINKS, Earlier("a", text, "", (text, text)))
    for body, headings, items in ((one, 1, 1), (other, 1, 2)):
        kinds = structure_of(body)
        assert kinds.count("heading_open") == headings
        assert kinds.count("list_item_open") == items
        assert not {"code_block", "ordered_list_open"} & set(kinds)
