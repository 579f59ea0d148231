"""What does not fit is cut by meaning: the gravest stays, and how much is shown is said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reports.fitting import Item, Section, fitted

SHOWN = re.compile(r"> Shown ([\d,]+) of ([\d,]+), the gravest first")


def section(title: str, number: int, rank: int, *, is_folded: bool = False) -> Section:
    items = [Item(f"- {title} {each}") for each in range(number)]
    return Section(title, items, rank, is_folded=is_folded)


def test_all_is_shown_where_there_is_room_and_nothing_is_said_of_it() -> None:
    text = fitted("above", [section("one", 3, 0), section("two", 2, 1)], "below", most=1_000)
    assert text == (
        "above\n\n**one**\n\n- one 0\n- one 1\n- one 2\n\n**two**\n\n- two 0\n- two 1\n\nbelow"
    )


def test_what_is_grave_takes_the_room_of_what_stands_above_it() -> None:
    text = fitted("", [section("late", 50, 1), section("grave", 20, 0)], "", most=500)
    assert "- grave 19\n" in f"{text}\n"
    assert text.index("- late") < text.index("- grave")
    found = SHOWN.search(text)
    assert found is not None
    assert found[2] == "70"
    assert text.count("- ") == int(found[1])


def test_a_section_says_how_much_of_it_is_shown() -> None:
    text = fitted("", [section("one", 100, 0)], "", most=400, elsewhere="the rest is there")
    shown = text.count("- one")
    assert 0 < shown < 100
    assert f"**one**, shown {shown} of 100" in text
    assert f"> Shown {shown} of 100, the gravest first; the rest is there." in text


def test_an_object_that_stands_for_many_counts_as_many() -> None:
    items = [Item("- a", 40), Item("- b", 160), Item("x" * 500, 12)]
    text = fitted("", [Section("all", items, 0)], "", most=300)
    assert "> Shown 200 of 212" in text


def test_what_is_folded_is_closed_however_little_is_shown() -> None:
    for most in range(100, 2_000, 50):
        text = fitted("", [section("one", 50, 0, is_folded=True)], "", most=most)
        assert text.count("<details>") == text.count("</details>")


@given(
    numbers=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5), st.booleans()), max_size=6),
    most=st.integers(150, 3_000),
    letter=st.sampled_from("aé€😀"),
)
def test_it_always_fits_in_whichever_unit(
    numbers: list[tuple[int, int, bool]], most: int, letter: str
) -> None:
    def in_bytes(text: str) -> int:
        return len(text.encode())

    for size in (len, in_bytes):
        sections = [
            Section(letter, [Item(f"- {letter * 9}")] * number, rank, is_folded=is_folded)
            for number, rank, is_folded in numbers
        ]
        text = fitted("above", sections, "below", most=most, size=size)
        assert size(text) <= most
        assert text.startswith("above")
        assert text.endswith("below")
        assert text.count("- ") == sum(each.shown for each in sections)


@pytest.mark.parametrize("number", [1, 2, 1_000])
def test_nothing_is_cut_while_all_fits_exactly(number: int) -> None:
    whole = fitted("", [section("one", number, 0)], "", most=10**6)
    assert SHOWN.search(whole) is None
