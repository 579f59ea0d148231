"""Addresses: held against email-validator, whose short cut this is."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import given
from hypothesis import strategies as st

from reconciler.lists.addresses import DISPOSABLE, ROLE, Address, Fault, looks_of, parsed

LOCALS = st.text("aZ09_.+-'!\"@ é\\", max_size=12) | st.text("ab.", min_size=60, max_size=66)
DOMAINS = st.sampled_from(
    ["example.com", "EXAMPLE.com", "bücher.example.com", "test", "a.test", "x", "", "-a.com"]
) | st.text("aB9.-é", max_size=12)


@given(local=LOCALS, domain=DOMAINS)
def test_the_short_cut_finds_what_the_library_finds(local: str, domain: str) -> None:
    text = f"{local}@{domain}".strip()
    found = parsed(text)
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        assert isinstance(found, Fault)
    else:
        assert isinstance(found, Address)
        assert found.spelled.lower() == valid.normalized.lower()
        assert found.key == f"{valid.local_part.lower()}@{valid.ascii_domain}"


@given(length=st.integers(2, 260))
def test_no_address_is_longer_than_the_standard_allows(length: int) -> None:
    labels = "a." * (length // 2) + "com"
    text = f"{'l' * 60}@{labels}"
    assert isinstance(parsed(text), Address) == (len(text) <= 254)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.MISSING),
        ("  ", Fault.MISSING),
        ("ann", Fault.SYNTAX),
        ("a@b@example.com", Fault.SYNTAX),
        (f"{'a' * 65}@example.com", Fault.SYNTAX),
        ('"ann b"@example.com', Fault.SYNTAX),
        ("ann@[192.0.2.1]", Fault.SYNTAX),
        ("Ann <ann@example.com>", Fault.SYNTAX),
        ("ann@example", Fault.SYNTAX),
        ("ann@foo.test", Fault.RESERVED),
        ("ann@foo.invalid", Fault.RESERVED),
        ("x" * 100_000 + "@example.com", Fault.SYNTAX),
    ],
)
def test_what_is_no_address_has_a_reason(text: str, fault: Fault) -> None:
    assert parsed(text) is fault


def test_the_longest_local_part_is_an_address() -> None:
    assert parsed(f"{'a' * 64}@example.com") == (f"{'a' * 64}@example.com",) * 2


def test_addresses_are_the_same_that_differ_in_letter_case_only() -> None:
    assert parsed(" Ann@Example.COM ") == ("Ann@example.com", "ann@example.com")
    assert parsed("ann@BÜCHER.de") == ("ann@bücher.de", "ann@xn--bcher-kva.de")
    assert parsed("a.nn+x@example.com") != parsed("ann@example.com")


@pytest.mark.parametrize(
    ("key", "looks"),
    [
        ("info@example.com", ROLE),
        ("info+a@example.com", ROLE),
        ("information@example.com", 0),
        ("ann@mailinator.com", DISPOSABLE),
        ("no-reply@mailinator.com", ROLE + DISPOSABLE),
    ],
)
def test_looks_are_told(key: str, looks: int) -> None:
    assert looks_of(key) == looks
