"""Fields of request bodies as tables: how each is read, and the code that refuses it."""

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reconciler.sandbox.postmark.answers import Refused
from reconciler.sandbox.postmark.calls import Json

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
DOMAIN = re.compile(rf"(?:{LABEL}\.)+{LABEL}", re.IGNORECASE)
ADDRESS = re.compile(rf"[^\s@<>,;:\"()\[\]\\]+@(?:{LABEL}\.)+{LABEL}", re.IGNORECASE)
INTERNAL = [
    ipaddress.ip_network(network)
    for network in ("127.0.0.0/8", "10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "::1/128")
]
PUBLIC_MAIL_DOMAINS = frozenset(
    {
        "gmail.com", "googlemail.com", "yahoo.com", "ymail.com", "hotmail.com", "outlook.com",
        "live.com", "msn.com", "aol.com", "icloud.com", "me.com", "mac.com", "gmx.com", "gmx.de",
        "gmx.net", "web.de", "mail.com", "mail.ru", "yandex.ru", "yandex.com", "protonmail.com",
        "proton.me", "zoho.com", "qq.com", "163.com", "comcast.net",
    }
)  # fmt: skip

Reader = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """`read` turns a given value into the kept one.

    It raises ValueError for a value that the service refuses with `code`, TypeError for a value
    of another JSON type than the field's.
    """

    name: str
    read: Reader
    code: int = 403


def read_fields(given: Json, fields: Sequence[Field]) -> Json:
    """Return the kept values of the fields that are given; null means not given."""
    kept: Json = {}
    for field in fields:
        value = given.get(field.name.lower())
        if value is not None:
            kept[field.name] = _read(field, value)
    return kept


def _read(field: Field, value: Any) -> Any:
    try:
        return field.read(value)
    except ValueError:
        raise Refused(field.code, **_words(field, value)) from None
    except TypeError:
        raise Refused(403, field=field.name) from None


def _words(field: Field, value: Any) -> Mapping[str, str]:
    return {"field": field.name, "domain": str(value), "name": str(value)}


def require(given: Json, name: str, code: int) -> None:
    if given.get(name.lower()) in (None, ""):
        raise Refused(code, field=name)


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def text_up_to(longest: int) -> Reader:
    def read(value: Any) -> str:
        if len(text(value)) > longest:
            raise ValueError
        return str(value)

    return read


def text_matching(pattern: str) -> Reader:
    def read(value: Any) -> str:
        if not re.fullmatch(pattern, text(value)):
            raise ValueError
        return str(value)

    return read


def or_empty(read: Reader) -> Reader:
    """Let an empty string clear the field (postmark.md §1.1)."""
    return lambda value: value if value == "" else read(value)


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def number(lowest: int, highest: int) -> Reader:
    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise TypeError
        if not lowest <= value <= highest:
            raise ValueError
        return value

    return read


def one_of(*choices: str) -> Reader:
    """Read a choice in any letter case and keep it in the documented one."""
    by_folded = {choice.lower(): choice for choice in choices}

    def read(value: Any) -> str:
        try:
            return by_folded[text(value).lower()]
        except KeyError:
            raise ValueError from None

    return read


def domain_name(value: Any) -> str:
    if not DOMAIN.fullmatch(text(value)):
        raise ValueError
    return str(value)


def subdomain_of(parent: str) -> Reader:
    def read(value: Any) -> str:
        if not domain_name(value).lower().endswith(f".{parent.lower()}"):
            raise ValueError
        return str(value)

    return read


def email_address(value: Any) -> str:
    if not ADDRESS.fullmatch(text(value)):
        raise ValueError
    return str(value)


def web_url(value: Any) -> str:
    parts = urlsplit(text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or re.search(r"\s", value):
        raise ValueError
    return str(value)


def public_url(value: Any) -> str:
    """Refuse addresses that are plainly internal (postmark.md §5, code 606)."""
    host = urlsplit(web_url(value)).hostname or ""
    if host == "localhost" or host.endswith(".localhost") or _is_internal(host):
        raise ValueError
    return str(value)


def _is_internal(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in INTERNAL)
