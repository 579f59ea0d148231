"""Prices: the vendor's worked example, and bounds that hold whatever was used before."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import UsageError
from reconciler.lists.price import PLANS, bands_of, cost

FOUNDATION, SCALE = PLANS["foundation"], PLANS["scale"]


def test_ten_thousand_addresses_cost_what_the_worked_example_says() -> None:
    assert cost(10_000, FOUNDATION).from_zero == 100
    assert cost(10_000, SCALE).from_zero == 40
    assert cost(10_000, FOUNDATION, used=0).at_most == cost(10_000, FOUNDATION).at_most == 100
    assert cost(10_000, SCALE, used=0).at_most == 40


def test_free_validations_may_be_used_up() -> None:
    found = cost(10_000, SCALE)
    assert found.at_most == 80
    assert found.at_least == 25


@pytest.mark.parametrize(
    ("count", "price"),
    [
        (0, "0"),
        (1, "0.02"),
        (5_000, "60"),
        (50_000, "420"),
        (100_000, "670"),
        (250_000, "1195"),
        (500_000, "1820"),
    ],
)
def test_the_bands_add_up(count: int, price: str) -> None:
    assert cost(count, FOUNDATION, used=0).at_most == Decimal(price)


@given(
    count=st.integers(0, 600_000),
    used=st.integers(0, 700_000),
    plan=st.sampled_from([FOUNDATION, SCALE]),
)
def test_the_bounds_hold_whatever_was_used_before(count: int, used: int, plan: object) -> None:
    bounds, exact = cost(count, plan), cost(count, plan, used)  # type: ignore[arg-type]
    assert bounds.at_least <= exact.at_least == exact.at_most <= bounds.at_most
    assert bounds.at_least <= bounds.from_zero <= bounds.at_most


def test_beyond_the_last_band_no_price_is_stated() -> None:
    assert cost(500_000, FOUNDATION).is_stated
    assert not cost(500_001, FOUNDATION).is_stated
    assert not cost(1, FOUNDATION, used=500_000).is_stated


def test_own_prices_take_the_place_of_the_table() -> None:
    bands = bands_of('[[100, "2.00"], [1000, 1]]', "FILE")
    assert cost(200, bands, used=0).at_most == 3


@pytest.mark.parametrize(
    "text",
    ["", "{}", "[]", "[1]", '[["a", 1]]', "[[0, 1]]", "[[5, -1]]", '[[5, "NaN"]]', "[[true, 1]]",
     '[[5, "x"]]', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_price_list_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="bands are wanted"):
        bands_of(text, "FILE")
