"""DKIM keys as published, with cryptography making them and dkimpy as the judge."""

import time
from base64 import b64decode, b64encode
from functools import cache

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from reconciler.dns.keys import Key, key_of

SPKI = serialization.PublicFormat.SubjectPublicKeyInfo
PKCS1 = serialization.PublicFormat.PKCS1
DER = serialization.Encoding.DER


@cache
def rsa_key(bits: int, form: serialization.PublicFormat = SPKI) -> str:
    """Return a new key in base64; one of 512 bits is no longer made, so that it is written."""
    if bits < 1024:
        modulus = (1 << (bits - 1)) + 1
        number = b"\x00" + modulus.to_bytes(bits // 8, "big")
        inner = b"\x02" + bytes([len(number)]) + number + b"\x02\x03\x01\x00\x01"
        return b64encode(b"\x30" + bytes([len(inner)]) + inner).decode()
    public = rsa.generate_private_key(65537, bits).public_key()
    return b64encode(public.public_bytes(DER, form)).decode()


def ed25519_key() -> str:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    return b64encode(public.public_bytes_raw()).decode()


def ec_key() -> str:
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    return b64encode(public.public_bytes(DER, SPKI)).decode()


def dkimpy_size(text: str) -> int | None:
    """Return the bits that dkimpy sees, None if it refuses the record."""
    try:
        _, bits, _, _ = dkim.evaluate_pk("name", text)
    except (dkim.KeyFormatError, ValueError, AssertionError):
        return None
    return int(bits)


@pytest.mark.parametrize("form", [SPKI, PKCS1])
@pytest.mark.parametrize("bits", [1024, 1536, 2048, 3072])
@pytest.mark.parametrize(
    "around", ["k=rsa; p={}", "v=DKIM1; k=rsa; p={};", "p={}", "t=s ; p = {} "]
)
def test_the_size_of_a_key_is_what_dkimpy_sees(
    around: str, bits: int, form: serialization.PublicFormat
) -> None:
    text = around.format(rsa_key(bits, form))
    assert key_of(text) == Key("rsa", bits)
    assert dkimpy_size(text) == bits


def test_blanks_in_a_key_are_nothing() -> None:
    half = len(rsa_key(2048)) // 2
    text = f"k=rsa; p={rsa_key(2048)[:half]} \t {rsa_key(2048)[half:]}"
    assert key_of(text) == Key("rsa", 2048)


def test_a_key_cut_at_255_is_known_with_the_size_it_had() -> None:
    text = f"k=rsa; p={rsa_key(2048)}"[:255]
    assert key_of(text) == Key("rsa", 2048, "it is cut off at 255 characters")
    assert dkimpy_size(text) is None


@given(st.data())
def test_every_part_of_a_key_has_a_fault(data: st.DataObject) -> None:
    text = f"v=DKIM1; p={rsa_key(2048)}"
    part = text[: data.draw(st.integers(0, len(text) - 5))]
    assert key_of(part).fault


def test_only_the_start_of_a_key_is_a_key_cut_off() -> None:
    text = f"p={rsa_key(3072)}"
    for length in range(60, len(text) - 4):
        assert key_of(text[:length]) == Key("rsa", 3072, f"it is cut off at {length} characters")


def test_an_ed25519_key_is_told_by_its_type() -> None:
    text = f"v=DKIM1; k=ed25519; p={ed25519_key()}"
    assert key_of(text) == Key("ed25519", 256)
    assert "cut off" in key_of(text[:-12]).fault
    assert "no multiple of four" in key_of(text[:-1]).fault


FAULTS = {
    "v=DKIM1; k=rsa": "it has no p=, the key itself",
    "": "it has no p=, the key itself",
    "v=DKIM1; p=": "it is revoked: its p= is empty",
    "k=rsa; p= ;": "it is revoked: its p= is empty",
    "p=MIGf\N{EN DASH}": 'its p= is not base64: it has "\N{EN DASH}" in it',
    'p=MIGf" "AAAA': 'its p= is not base64: it has """ in it',
    "p=MIGf\x1b[31m": r'its p= is not base64: it has "\x1b" in it',
    "p=MI=GfAAA": 'its p= is not base64: it has "=" in it',
    "p=AAAA": "its p= is no RSA key",
    "p=MIGf": "its p= is no RSA key",
    "k=dsa; p=AAAA": "verifiers know no key of its type",
    "k=ed25519; p=" + "AAAA" * 16: "its p= is no Ed25519 key: it has 48 octets, not 32",
    "v=DKIM2; p=AAAA": 'its version is "DKIM2" instead of DKIM1',
    "v=DKIM1 k=rsa p=AAAA": 'its version is "DKIM1 k=rsa p=AAAA" instead of DKIM1',
    "k=rsa; p=AAAA; p=BBBB": 'it has the tag "p" twice',
    "k=rsa; something; p=AAAA": '"something" in it is no tag',
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_told_in_words(text: str) -> None:
    assert key_of(text).fault == FAULTS[text]
    if text.isascii() and "p=MI" not in text and "ed25519" not in text:  # it wants PyNaCl for that
        assert dkimpy_size(text) is None


def test_an_elliptic_key_is_no_rsa_key() -> None:
    assert key_of(f"k=rsa; p={ec_key()}") == Key("rsa", None, "its p= is no RSA key")


def test_a_short_key_is_a_fault() -> None:
    text = f"k=rsa; p={rsa_key(512)}"
    assert key_of(text).bits == dkimpy_size(text) == 512
    assert key_of(text).fault == "it is short: 512 bits, and verifiers take 1024 at least"


def test_a_key_without_its_last_sign_is_no_base64() -> None:
    key = rsa_key(1024)
    assert key.endswith("AQAB")
    assert "cut off" in key_of(f"p={key[:-1]}").fault


@given(st.binary(max_size=80))
def test_octets_that_are_no_key_have_a_fault(octets: bytes) -> None:
    text = b64encode(b"\x30" + octets).decode()
    assert key_of(f"p={text}").fault


@given(st.integers(0, 161), st.integers(0, 255))
def test_a_key_with_one_wrong_octet_is_sized_as_dkimpy_does_or_refused(at: int, octet: int) -> None:
    octets = bytearray(b64decode(rsa_key(1024)))
    octets[at] = octet
    text = f"p={b64encode(octets).decode()}"
    key, size = key_of(text), dkimpy_size(text)
    assert key.fault or size in {key.bits, None}


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    assert key_of(text).fault.isprintable()
    assert key_of(f"k={text}; p=AAAA").type.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "p=" + "A" * 1_000_000,
        "p=" + "MIIB" * 250_000,
        ";" * 1_000_000,
        "a=b;" * 250_000,
        "p=" + "=" * 1_000_000,
        "p=" + b64encode(b"\x30\x84\xff\xff\xff\xff\x02\x84\xff\xff\xff\xff" * 60_000).decode(),
        "p=" + b64encode(b"\x30\xff" + b"\xff" * 700_000).decode(),
        "x" * 1_000_000,
    ],
)
def test_a_megabyte_is_judged_soon(text: str) -> None:
    began = time.process_time()
    assert 0 < len(key_of(text).fault) < 500
    assert time.process_time() - began < 0.5
