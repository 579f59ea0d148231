"""The validation of a list, as text and as data: free checks, cost, estimate, results."""

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.lists.buckets import Bucket
from reconciler.lists.merging import Tally
from reconciler.lists.price import Cost
from reconciler.lists.surveying import Survey
from reconciler.reports.table import table
from reconciler.source import printable

_MOST_SHOWN = 12
_LISTED = "as the vendor lists it; the control panel has the last word"


def survey_as_text(found: Survey) -> str:
    """Return what the free checks came to, a line each; what there is none of is left out."""
    lines = [(f"{found.rows:,}", "rows")]
    lines += [(f"{count:,}", str(fault)) for fault, count in sorted(found.faults.items())]
    lines += [
        (f"{count:,}", what)
        for count, what in (
            (found.duplicates, "duplicates"),
            (found.without_mail, "whose domain takes no mail"),
            (found.role, "role addresses, which are validated"),
            (found.disposable, "disposable addresses, which are validated"),
        )
        if count
    ]
    lines.append((f"{found.sendable:,}", "to be validated"))
    width = max(len(number) for number, _ in lines)
    return table([(number.rjust(width), what) for number, what in lines], indent=2)


def cost_as_text(cost: Cost, plan: str) -> str:
    """Return what a validation costs, as one or two sentences."""
    addresses = f"{cost.addresses:,} {'address' if cost.addresses == 1 else 'addresses'}"
    beyond = "" if cost.is_stated else " No price is stated for so many: the last one is assumed."
    if cost.is_exact:
        return f"Cost of {addresses} on {plan}: {cost.at_most} USD, {_LISTED}.{beyond}"
    return (
        f"Cost of {addresses} on {plan}: at most {cost.at_most} USD, at least {cost.at_least} USD, "
        f"by what the account validated this month ({cost.from_zero} USD if nothing), "
        f"{_LISTED}.{beyond}"
    )


def estimate_as_text(quantity: int, shares: Mapping[str, Mapping[str, float]]) -> str:
    """Return the percentages of a free preview."""
    lines = [f"Preview of {quantity:,} addresses, from a sample:"]
    for kind, found in shares.items():
        said = ", ".join(f"{printable(name)} {share:.1f} %" for name, share in found.items())
        lines.append(f"  {kind}: {said or 'nothing was said'}")
    return "\n".join(lines)


def results_as_text(tally: Tally) -> str:
    """Return the buckets, and below each the reasons, the most frequent first."""
    rows = []
    for bucket in Bucket:
        rows.append((str(bucket), f"{tally.buckets[bucket]:,}", ""))
        rows += [("", f"{count:,}", why) for why, count in _reasons(tally, bucket)]
    width = max(len(number) for _, number, _ in rows)
    lines = [table([(name, number.rjust(width), why) for name, number, why in rows])]
    flags = ", ".join(f"{count:,} {flag}" for flag, count in sorted(tally.flags.items()))
    lines += [f"Flags: {flags}."] if flags else []
    return "\n".join(lines)


def _reasons(tally: Tally, bucket: Bucket) -> Iterator[tuple[str, int]]:
    reasons = tally.reasons[bucket].most_common()
    if bucket is Bucket.VALID and len(reasons) < 2:  # noqa: PLR2004 - one says no more than the word
        return
    for why, count in reasons[:_MOST_SHOWN]:
        yield printable(why), count
    if rest := sum(count for _, count in reasons[_MOST_SHOWN:]):
        yield "other reasons", rest


def survey_as_document(found: Survey) -> dict[str, Any]:
    return {
        "rows": found.rows,
        "faults": {str(fault): count for fault, count in sorted(found.faults.items())},
        "duplicates": found.duplicates,
        "without_mail": found.without_mail,
        "role": found.role,
        "disposable": found.disposable,
        "to_validate": found.sendable,
    }


def cost_as_document(cost: Cost, plan: str) -> dict[str, Any]:
    """Return a cost; its amounts are texts, as cents want to be exact."""
    return {
        "plan": plan,
        "currency": "USD",
        "addresses": cost.addresses,
        "at_most": str(cost.at_most),
        "at_least": str(cost.at_least),
        "from_zero": str(cost.from_zero),
        "stated": cost.is_stated,
    }


def results_as_document(tally: Tally) -> dict[str, Any]:
    return {
        "rows": tally.rows,
        "duplicates": tally.duplicates,
        "unanswered": tally.unanswered,
        "buckets": {
            str(bucket): {
                "count": tally.buckets[bucket],
                "reasons": dict(tally.reasons[bucket].most_common()),
            }
            for bucket in Bucket
        },
        "flags": dict(sorted(tally.flags.items())),
    }
