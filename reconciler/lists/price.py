"""What a validation costs: graduated bands, counted for an account and a month.

No API tells prices, or how much of the month's bands is used. So without that a cost has two
bounds, and the service's control panel has the last word.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal, InvalidOperation
from typing import Any

from reconciler.errors import UsageError

_PER = 100
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Band:
    """So many validations at a price for each hundred, in USD."""

    size: int
    price: Decimal


Bands = Sequence[Band]
_SIZES = (5_000, 45_000, 50_000, 150_000, 250_000)
PLANS: Mapping[str, Bands] = {
    plan: tuple(map(Band, _SIZES, map(Decimal, prices)))
    for plan, prices in {
        "foundation": ("1.20", "0.80", "0.50", "0.35", "0.25"),
        "scale": ("0", "0.80", "0.50", "0.35", "0.25"),
    }.items()
}
"""The vendor's table (help article 6749887012891); nothing is stated beyond its last band."""


@dataclass(frozen=True, slots=True)
class Cost:
    """In USD. `from_zero` is for the first list of a month; the bounds hold for any other one.

    `is_stated` says whether all of it falls into bands that the vendor states: what lies beyond
    is counted at the last one's price.
    """

    addresses: int
    from_zero: Decimal
    at_most: Decimal
    at_least: Decimal
    is_stated: bool

    @property
    def is_exact(self) -> bool:
        return self.at_most == self.at_least


def cost(count: int, bands: Bands, used: int | None = None) -> Cost:
    """Return the cost of so many validations, after `used` others of the month, if that is known.

    The cost is piecewise linear in what was used, so that its extremes are where either end of the
    list meets a border between bands.
    """
    stated = sum(band.size for band in bands)
    if used is not None:
        exact = _charged(count, bands, used)
        return Cost(count, exact, exact, exact, is_stated=used + count <= stated)
    borders = list(_borders(bands))
    starts = {0, *borders, *(border - count for border in borders if border >= count)}
    sums = [_charged(count, bands, start) for start in starts]
    return Cost(count, _charged(count, bands, 0), max(sums), min(sums), is_stated=count <= stated)


def _borders(bands: Bands) -> Iterator[int]:
    border = 0
    for band in bands:
        border += band.size
        yield border


def _charged(count: int, bands: Bands, used: int) -> Decimal:
    """Return the price of validations number `used` + 1 to `used` + `count`."""
    total, left, begin = Decimal(0), count, used
    for band in bands:
        if begin >= band.size:
            begin -= band.size
            continue
        taken = min(left, band.size - begin)
        total, left, begin = total + taken * band.price, left - taken, 0
    total += left * bands[-1].price
    return (total / _PER).quantize(_CENT, ROUND_UP)


def bands_of(text: str, place: str) -> Bands:
    """Read bands as JSON: `[[5000, "1.20"], [45000, "0.80"]]`. Raises UsageError."""
    try:
        bands = tuple(_band(*each) for each in json.loads(text))
    except (ValueError, TypeError, RecursionError, InvalidOperation):
        bands = ()
    if not bands:
        raise UsageError(
            f"{place}: bands are wanted as [[validations, USD for a hundred], …], "
            'such as [[5000, "1.20"], [45000, "0.80"]]'
        )
    return bands


def _band(size: Any, price: Any) -> Band:
    amount = Decimal(str(price))
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise ValueError
    if not amount.is_finite() or amount < 0:
        raise ValueError
    return Band(size, amount)
