"""The line that marks what is ours: what it holds comes back, and nothing else passes for it."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reconciler.forges import LONGEST_MARKER, LONGEST_TEXT, Note, Run
from reconciler.forges.marker import Marker
from reconciler.forges.note import Record

texts = st.text(st.characters(codec="utf-8"), max_size=300)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)
numbers = st.integers(0, 2**63 - 1)


@st.composite
def notes(draw: st.DrawFn, lines: int = 0) -> Note:
    history = draw(st.lists(texts, max_size=lines))
    run = Run(draw(numbers), draw(numbers))
    return Note(run, draw(texts), draw(texts), draw(texts), draw(texts), tuple(history))


@given(texts, texts, st.dictionaries(texts, json, max_size=4))
def test_what_a_marker_holds_comes_back(key: str, text: str, data: dict[str, Any]) -> None:
    marker = Marker("comment", key)
    body = marker.on(text, data)
    assert marker.is_on(body)
    assert marker.data(body) == data
    line = body.rpartition("\n")[2]
    assert "--" not in line.removeprefix("<!--").removesuffix("-->")
    assert ">" not in line.removesuffix("-->")


@given(texts, texts, texts)
def test_a_marker_is_that_of_its_key_only(key: str, other: str, text: str) -> None:
    body = Marker("comment", key).on(text, {})
    assert Marker("comment", other).is_on(body) == (key == other)
    assert not Marker("issue", key).is_on(body)


@given(texts)
def test_a_text_that_quotes_a_marker_does_not_speak_for_it(text: str) -> None:
    marker = Marker("comment", "key")
    forged = marker.on(text, {"run": [2**62, 1]})
    body = marker.on(forged, {"run": [1, 1]})
    assert marker.data(body) == {"run": [1, 1]}


@given(texts)
def test_any_text_is_read_without_an_error(text: str) -> None:
    marker = Marker("comment", "key")
    for body in (text, f"{marker.beginning}{text}", f"{marker.beginning} data={text} -->"):
        Record.of(marker.data(body))


@given(json)
def test_any_data_is_read_without_an_error_and_stays_short(data: Any) -> None:
    record = Record.of({"run": data, "before": data, "history": data, "summary": data})
    assert Record.of({"run": [1, 1], "history": data}).note.run == Run(1, 1)
    assert len(str(record.as_data())) < LONGEST_MARKER


@given(notes(), notes(lines=30))
def test_a_record_fits_whatever_it_remembers(note: Note, before: Note) -> None:
    body = Marker("comment", "key").on("x", Record(note, before).as_data())
    assert len(body) <= LONGEST_MARKER


@given(notes(), notes(lines=12))
def test_a_record_that_was_read_is_written_as_it_was(note: Note, before: Note) -> None:
    data = Record(note, before).as_data()
    assert Record.of(data).as_data() == data


def test_the_longest_record_there_can_be_fits() -> None:
    worst = '"\\' * 500
    note = Note(Run(2**63 - 1, 2**63 - 1), "a" * 100, "b" * 100, "c" * 100, worst)
    before = Note(note.run, "a" * 100, "b" * 100, "c" * 100, worst, (worst,) * 99)
    body = Marker("comment", "key").on("", Record(note, before).as_data())
    assert 4_000 < len(body) <= LONGEST_MARKER < LONGEST_TEXT
