"""Addresses: which are none, which are the same, and what can be told from their looks."""

import re
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from disposable_email_domains import blocklist
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

_LONGEST = 512
"""Signs that the service takes in one address (mailgun.md §12.1)."""
_LONGEST_VALID, _LONGEST_LOCAL = 254, 64
_PLAIN_LOCAL = re.compile(r"\w+(?:[.+-]\w+)*", re.ASCII)
_ROLES = {
    "abuse",
    "admin",
    "billing",
    "contact",
    "dns-admin",
    "ftp",
    "help",
    "hostmaster",
    "info",
    "mailer-daemon",
    "marketing",
    "news",
    "no-reply",
    "noc",
    "noreply",
    "office",
    "postmaster",
    "root",
    "sales",
    "security",
    "spam",
    "support",
    "sysadmin",
    "usenet",
    "uucp",
    "webmaster",
    "www",
}


class Fault(StrEnum):
    """Why something in the column of addresses is not worth sending."""

    MISSING = "no address"
    SYNTAX = "bad syntax"
    RESERVED = "reserved domain"
    NO_MAIL = "no mail server"


class Address(NamedTuple):
    """An address as it is sent, and the key under which it is the same as others.

    In the key the local part is in lower case, and the domain in ASCII.
    """

    spelled: str
    key: str

    @property
    def domain(self) -> str:
        return self.key.rpartition("@")[2]


def parsed(text: str) -> Address | Fault:
    """Return the address that a cell holds, or what is wrong with it."""
    text = text.strip()
    if not text:
        return Fault.MISSING
    local, sign, domain = text.rpartition("@")
    if not sign or len(text) > _LONGEST:
        return Fault.SYNTAX
    found = _domain(domain)
    if isinstance(found, Fault):
        return found
    shown, ascii_ = found
    # email-validator takes 22 microseconds an address, and nearly all of them are plain.
    is_plain = len(local) <= _LONGEST_LOCAL and _PLAIN_LOCAL.fullmatch(local)
    if is_plain and len(local) + 1 + max(len(shown.encode()), len(ascii_)) <= _LONGEST_VALID:
        return Address(f"{local}@{shown}", f"{local.lower()}@{ascii_}")
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return Fault.SYNTAX
    return Address(valid.normalized, f"{valid.local_part.lower()}@{valid.ascii_domain}")


@lru_cache(maxsize=2**16)
def _domain(text: str) -> tuple[str, str] | Fault:
    """Return a domain as people and as machines read it."""
    try:
        valid = validate_email(f"a@{text}", check_deliverability=False, strict=True)
    except EmailNotValidError:
        return Fault.RESERVED if _is_reserved(text) else Fault.SYNTAX
    return valid.domain, valid.ascii_domain or valid.domain


def _is_reserved(text: str) -> bool:
    """Whether a domain is of those that no mail goes to, such as `.test` and `.invalid`."""
    name = text.lower()
    return "." in name and any(
        name == each or name.endswith(f".{each}") for each in SPECIAL_USE_DOMAIN_NAMES
    )


ROLE, DISPOSABLE = 1, 2
"""What an address looks like, as bits."""


def looks_of(key: str) -> int:
    """Return whether an address is a function's, and whether its domain is a throw-away one.

    Roles are those of RFC 2142 and of habit. The list of domains is dated, and so it is a hint.
    """
    local, _, domain = key.rpartition("@")
    is_role = local.partition("+")[0] in _ROLES
    return ROLE * is_role + DISPOSABLE * (domain in blocklist)
