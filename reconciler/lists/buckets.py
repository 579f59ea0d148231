"""Valid, invalid or risky: our word for what a service, or a free check, says of an address."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

_LETTERS = re.compile(r"[^a-z]+")


class Bucket(StrEnum):
    VALID = "valid"
    INVALID = "invalid"
    RISKY = "risky"


class Verdict(NamedTuple):
    """The service's own words about an address."""

    result: str
    risk: str = ""
    reasons: tuple[str, ...] = ()
    is_role: bool = False
    is_disposable: bool = False
    did_you_mean: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    bucket: Bucket
    reason: str


NOT_ANSWERED: Final = Judgement(Bucket.RISKY, "the service said nothing of it")
_BY_RESULT = {
    "undeliverable": Judgement(Bucket.INVALID, "undeliverable"),
    "donotsend": Judgement(Bucket.INVALID, "harms the sender's reputation"),
    "catchall": Judgement(Bucket.RISKY, "its server takes everything"),
    "acceptall": Judgement(Bucket.RISKY, "its server takes everything"),
    "unknown": Judgement(Bucket.RISKY, "no answer: retry later, which costs again"),
}
_RISKS = {"low", "medium", "high", "unknown"}
_NOT_UNDERSTOOD = Judgement(Bucket.RISKY, "not understood")


def judge(verdict: Verdict) -> Judgement:
    """Return the bucket of a verdict, and why; words that nobody documented make it risky."""
    result, risk = _plain(verdict.result), _plain(verdict.risk)
    if result != "deliverable":
        return _BY_RESULT.get(result, _NOT_UNDERSTOOD)
    if risk not in _RISKS:
        return _NOT_UNDERSTOOD
    if risk != "low":
        return Judgement(Bucket.RISKY, f"risk {risk}")
    if verdict.is_disposable:
        return Judgement(Bucket.RISKY, "disposable")
    return Judgement(Bucket.VALID, "deliverable")


def _plain(word: str) -> str:
    """Return a word without what its spellings differ in: `do_not_send`, `donotsend`."""
    return _LETTERS.sub("", word.lower())
