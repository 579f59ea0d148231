"""The terms of an SPF record (RFC 7208 §4.6.1, §5, §6 and the grammar of §12)."""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from reconciler.source import printable, shortened

LONGEST_RECORD = 65_535
"""A TXT record holds no more, in octets (RFC 1035 §3.3.14 with the length of RDATA)."""
_LONGEST_LABEL = 63
_IPV4_BITS, _IPV6_BITS = 32, 128
_MECHANISM = re.compile(r"([-+?~]?)([a-z0-9]+)((?:[:/].*)?)\Z", re.IGNORECASE | re.DOTALL)
_MODIFIER = re.compile(r"([a-z][a-z0-9_.-]*)=(.*)\Z", re.IGNORECASE | re.DOTALL)
_PREFIXES = re.compile(r"(?:/(0|[1-9]\d?))?(?://(0|[1-9]\d{0,2}))?\Z")
_MACRO = r"%\{[slodiphv](?:[1-9]\d{0,2})?r?[-.+,/_=]*\}|%[%_-]"
_MACRO_STRING = re.compile(rf"(?:[!-$&-~]|{_MACRO})*\Z", re.IGNORECASE)
_ENDS_IN_MACRO = re.compile(rf"(?:{_MACRO})\Z", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z", re.IGNORECASE)


class Malformed(ValueError):
    """A record breaks RFC 7208, in words; whoever evaluates it ends with a permerror."""


@dataclass(frozen=True, slots=True)
class Term:
    """A mechanism, or a modifier, whose `qualifier` is empty.

    `name` is in lower case; `target` is the domain, address or other value it has, if any.
    """

    name: str
    target: str = ""
    qualifier: str = ""


def terms_of(record: str) -> tuple[Term, ...]:
    """Return the terms of a record behind its `v=spf1`; `Malformed` at the first wrong one."""
    if len(record) > LONGEST_RECORD:
        raise Malformed(
            f"it has {len(record):,} characters, and a TXT record holds {LONGEST_RECORD:,} at most"
        )
    terms = tuple(_term(word) for word in record.split(" ")[1:] if word)
    for name in ("redirect", "exp"):
        if sum(term.name == name for term in terms) > 1:
            raise Malformed(f'it has "{name}=" more than once')
    return terms


def _term(word: str) -> Term:
    term = _modifier(word) or _mechanism(word)
    if term is None:
        raise Malformed(f'"{printable(shortened(word))}" is no valid term')
    return term


def _modifier(word: str) -> Term | None:
    match = _MODIFIER.match(word)
    if match is None:
        return None
    name, value = match[1].lower(), match[2]
    is_right = (
        _is_domain(value) if name in {"redirect", "exp"} else bool(_MACRO_STRING.match(value))
    )
    return Term(name, value) if is_right else None


def _mechanism(word: str) -> Term | None:
    match = _MECHANISM.match(word)
    if match is None:
        return None
    name, rest = match[2].lower(), match[3]
    if name in {"a", "mx"}:
        rest = _without_prefixes(rest)
    mark, target = rest[:1], rest[1:]
    is_right = mark == (":" if target else "") and _is_right(name, target)
    return Term(name, target, match[1] or "+") if is_right else None


def _without_prefixes(rest: str) -> str:
    """Return it without `/24//64` at its end; with it, so that it is refused, if that is wrong."""
    match = _PREFIXES.search(rest)
    if match is None or int(match[1] or 0) > _IPV4_BITS or int(match[2] or 0) > _IPV6_BITS:
        return rest
    return rest[: match.start()]


def _is_right(name: str, target: str) -> bool:
    match name:
        case "all":
            return not target
        case "include" | "exists":
            return _is_domain(target)
        case "a" | "mx" | "ptr":
            return not target or _is_domain(target)
        case "ip4" | "ip6":
            return _is_network(name, target)
        case _:
            return False


def _is_domain(text: str) -> bool:
    """Tell whether it is a domain of at least two labels, with macros or without."""
    if not _MACRO_STRING.match(text):
        return False
    if _ENDS_IN_MACRO.search(text):
        return True
    _, dot, label = text.removesuffix(".").rpartition(".")
    is_label = bool(_LABEL.match(label)) and len(label) <= _LONGEST_LABEL
    return bool(dot) and is_label and not label.isdigit()


def _is_network(name: str, text: str) -> bool:
    address, slash, bits = text.partition("/")
    try:
        size = (IPv4Address if name == "ip4" else IPv6Address)(address).max_prefixlen
    except AddressValueError:
        return False
    is_number = bits.isascii() and bits.isdigit() and len(bits) <= len(str(size))
    is_prefix = is_number and str(int(bits)) == bits and int(bits) <= size
    return "%" not in address and (is_prefix or not slash)
