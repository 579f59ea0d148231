"""The table from the service's words to our buckets, with every spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.lists.buckets import Bucket, Verdict, judge

V, I, R = Bucket.VALID, Bucket.INVALID, Bucket.RISKY  # noqa: E741 - the initials of the words
TABLE = {
    ("deliverable", "low"): V,
    ("deliverable", "medium"): R,
    ("deliverable", "high"): R,
    ("deliverable", "unknown"): R,
    ("Deliverable", "LOW"): V,
    ("catch_all", "low"): R,
    ("catchall", "low"): R,
    ("accept_all", "low"): R,
    ("catch-all", "high"): R,
    ("unknown", "low"): R,
    ("undeliverable", "low"): I,
    ("undeliverable", "high"): I,
    ("do_not_send", "low"): I,
    ("donotsend", "high"): I,
    ("do-not-send", ""): I,
}


@pytest.mark.parametrize(("words", "bucket"), TABLE.items())
def test_each_verdict_has_its_bucket(words: tuple[str, str], bucket: Bucket) -> None:
    assert judge(Verdict(*words)).bucket is bucket


def test_a_disposable_address_is_never_valid() -> None:
    assert judge(Verdict("deliverable", "low", is_disposable=True)).bucket is R
    assert judge(Verdict("undeliverable", "low", is_disposable=True)).bucket is I


def test_a_role_address_stays_where_it_is() -> None:
    assert judge(Verdict("deliverable", "low", is_role=True)).bucket is V


def test_no_answer_says_that_asking_again_costs() -> None:
    assert judge(Verdict("unknown")).reason == "no answer: retry later, which costs again"


@given(result=st.text(max_size=20), risk=st.text(max_size=10))
def test_words_that_nobody_documented_are_risky(result: str, risk: str) -> None:
    known = {"undeliverable", "donotsend"}
    plain = "".join(sign for sign in result.lower() if "a" <= sign <= "z")
    if plain not in known and (plain, risk.lower().strip()) != ("deliverable", "low"):
        assert judge(Verdict(result, risk)).bucket in {R, V} - (
            {V} if plain != "deliverable" else set()
        )


def test_a_risk_that_nobody_documented_is_risky() -> None:
    assert judge(Verdict("deliverable", "tiny")).bucket is R
    assert judge(Verdict("deliverable", "")).bucket is R
