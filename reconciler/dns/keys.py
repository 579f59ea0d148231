"""DKIM keys as they are published: their kind and size, and what is wrong with them (RFC 6376)."""

import re
from base64 import b64decode
from dataclasses import dataclass

from reconciler.source import printable, shortened

SHORTEST_RSA = 1024
"""Verifiers take no shorter key; signers should have 2048 bits (RFC 8301 §3.2)."""
_LONGEST_RSA = 65_536
_ED25519_OCTETS = 32
_FOREIGN_TO_BASE64 = re.compile(r"[^A-Za-z0-9+/=]|=(?!=?\Z)")
_SEQUENCE, _INTEGER, _BITS = 0x30, 0x02, 0x03
_LONG_FORM = 0x80


@dataclass(frozen=True, slots=True)
class Key:
    """A published key. `bits` is its size, where it can be told; `fault` why it does not work."""

    type: str
    bits: int | None = None
    fault: str = ""


def key_of(text: str) -> Key:
    """Read the TXT value at a DKIM name."""
    tags, fault = _tags(text)
    kind = tags.get("k", "rsa").lower()
    if tags.get("v", "DKIM1") != "DKIM1":
        version = printable(shortened(tags["v"]))
        fault = fault or f'its version is "{version}" instead of DKIM1'
    if fault:
        return Key(printable(shortened(kind)), None, fault)
    if "p" not in tags:
        return Key(kind, None, "it has no p=, the key itself")
    published = "".join(tags["p"].split())
    if not published:
        return Key(kind, None, "it is revoked: its p= is empty")
    if foreign := _FOREIGN_TO_BASE64.search(published):
        character = printable(foreign[0])
        return Key(kind, None, f'its p= is not base64: it has "{character}" in it')
    return _read(kind, published, len(text))


def _tags(text: str) -> tuple[dict[str, str], str]:
    """Return the tags of a record, the first of each name, and what is wrong with them."""
    tags: dict[str, str] = {}
    fault = ""
    for part in filter(str.strip, text.split(";")):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals:
            fault = fault or f'"{printable(shortened(name))}" in it is no tag'
        elif name in tags:
            fault = fault or f'it has the tag "{printable(shortened(name))}" twice'
        tags.setdefault(name, value.strip())
    return tags, fault


def _read(kind: str, published: str, length: int) -> Key:
    """Read a key in base64, from a record of so many characters."""
    data = b64decode(published[: len(published) // 4 * 4])
    if kind == "rsa":
        bits, fault = _rsa(data, length)
    elif kind == "ed25519":
        bits, fault = _ed25519(data, length)
    else:
        bits, fault = None, "verifiers know no key of its type"
    if not fault and len(published) % 4:
        fault = "its p= is not base64: its length is no multiple of four"
    return Key(printable(shortened(kind)), bits, fault)


def _rsa(data: bytes, length: int) -> tuple[int | None, str]:
    try:
        bits, is_cut = _modulus(data)
    except _Garbage:
        return None, "its p= is no RSA key"
    if is_cut:
        return bits, f"it is cut off at {length} characters"
    if bits < SHORTEST_RSA:
        return bits, f"it is short: {bits} bits, and verifiers take {SHORTEST_RSA} at least"
    return bits, ""


def _ed25519(data: bytes, length: int) -> tuple[int | None, str]:
    """Judge a key that is published as it is (RFC 8463 §4.2)."""
    if len(data) < _ED25519_OCTETS - 2:  # what lacks its last group of base64 has 30
        return None, f"it is cut off at {length} characters"
    if len(data) > _ED25519_OCTETS:
        return None, f"its p= is no Ed25519 key: it has {len(data)} octets, not {_ED25519_OCTETS}"
    return _ED25519_OCTETS * 8, ""


class _Garbage(ValueError):
    """It is no RSA key in DER."""


def _modulus(data: bytes) -> tuple[int, bool]:
    """Return the bits of an RSA key's modulus, and whether the key ends before it says it does.

    It is a SubjectPublicKeyInfo, or the RSAPublicKey in it alone (RFC 6376 §3.6.1 and errata).
    """
    start, size = _inside(data, 0, _SEQUENCE)
    is_cut = start + size > len(data)
    if data[start : start + 1] == bytes([_SEQUENCE]):
        algorithm, size = _inside(data, start, _SEQUENCE)
        bits, _ = _inside(data, algorithm + size, _BITS)
        start, _ = _inside(data, bits + 1, _SEQUENCE)  # after the count of unused bits
    at, size = _inside(data, start, _INTEGER)
    modulus = data[at : at + size]
    if not any(modulus) or size * 8 > _LONGEST_RSA:
        raise _Garbage
    if not is_cut:
        _inside(data, at + size, _INTEGER)
    missing = size - len(modulus)
    return int.from_bytes(modulus, "big").bit_length() + missing * 8, is_cut


def _inside(data: bytes, at: int, tag: int) -> tuple[int, int]:
    """Return where the contents of a DER element begin, and how long it says they are."""
    if data[at : at + 1] != bytes([tag]) or at + 1 >= len(data):
        raise _Garbage
    size, start = data[at + 1], at + 2
    if size & _LONG_FORM:
        octets = size & ~_LONG_FORM
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    return start, size
