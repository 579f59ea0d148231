"""A DNS record as a zone holds it: whole, checked, and in one spelling."""

import ipaddress
import re
from dataclasses import dataclass

from reconciler.errors import InvalidRecord
from reconciler.model import DnsRecord
from reconciler.source import shortened

DEFAULT_TTL = 3600
SHORTEST_TTL, LONGEST_TTL = 60, 86400
"""What every reader takes, in seconds; Cloudflare refuses anything else."""
WITHHELD = (
    "it repeats a secret of this run, which is not written; copy it from the service itself, or"
    " give the secret a value that no record repeats"
)
_ADDRESS_VERSIONS = {"A": 4, "AAAA": 6}
_TYPES = ("A", "AAAA", "CNAME", "MX", "TXT")
_LONGEST_NAME = 253
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_HIGHEST_PRIORITY = 0xFFFF
_MOST_STRINGS, _LONGEST_STRING = 256, 255


@dataclass(frozen=True, slots=True, order=True)
class ZoneRecord:
    """A record to publish. Raises `InvalidRecord` if it is none that every zone can hold.

    `name`, and the host in the `value` of a CNAME or MX, are in lower case, without a final dot.
    The value of a TXT is its text, neither quoted nor cut. `priority` is given for MX alone, and
    `ttl` is in seconds.
    """

    name: str
    type: str
    value: str
    ttl: int = DEFAULT_TTL
    priority: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no zone can hold, whoever made the record."""
        if problem := _problem(self):
            raise InvalidRecord(self.label, problem)

    @property
    def label(self) -> str:
        """What a message calls it."""
        return f"{shortened(self.name) or '(no name)'} {shortened(self.type)}"


def from_dns_record(record: DnsRecord, ttl: int = DEFAULT_TTL) -> ZoneRecord | None:
    """Return what to publish for a record that a service asks for; None if it tells no value yet.

    Raises `InvalidRecord`, also for one that repeats a secret: what stands for that is no value.
    """
    if record.is_withheld:
        raise InvalidRecord(f"{shortened(record.host)} {shortened(record.type)}", WITHHELD)
    if not record.value.strip():
        return None
    kind = record.type.upper()
    value = _value(kind, record.value)
    priority = _priority(record) if kind == "MX" else None
    return ZoneRecord(_spelt(record.host), kind, value, ttl, priority)


def _value(kind: str, said: str) -> str:
    if kind == "TXT":
        return said
    try:
        return str(ipaddress.ip_address(said)) if kind in _ADDRESS_VERSIONS else _spelt(said)
    except ValueError:
        return said


def _spelt(host: str) -> str:
    return host.removesuffix(".").lower()


def _priority(record: DnsRecord) -> int:
    text = record.priority.strip()
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_HIGHEST_PRIORITY))):
        told = f"but {shortened(text)!r}" if text else "but none"
        raise InvalidRecord(
            f"{shortened(record.host)} MX",
            f"the service tells no priority from 0 to {_HIGHEST_PRIORITY}, {told}",
        )
    return int(text)


def _problem(record: ZoneRecord) -> str:
    """Return what is wrong with a record, "" if nothing is."""
    if record.type not in _TYPES:
        return f"the type is none of {', '.join(_TYPES)}"
    if not SHORTEST_TTL <= record.ttl <= LONGEST_TTL:
        return f"a TTL of {record.ttl} is not from {SHORTEST_TTL} to {LONGEST_TTL} seconds"
    return _name_problem(record) or _value_problem(record)


def _name_problem(record: ZoneRecord) -> str:
    host = record.name.removeprefix("*.")
    if problem := _host_problem(host):
        return f"the name {problem}"
    if len(record.name) > _LONGEST_NAME:
        return f"the name has over {_LONGEST_NAME} characters"
    if record.type in {"A", "AAAA", "MX"} and "_" in host:
        return f"no {record.type} may stand at a name with an underscore"
    return ""


def _value_problem(record: ZoneRecord) -> str:
    is_mx = record.type == "MX"
    if is_mx != (record.priority is not None):
        return "an MX has a priority, and no other record has one"
    if record.priority is not None and not 0 <= record.priority <= _HIGHEST_PRIORITY:
        return f"the priority {record.priority} is not from 0 to {_HIGHEST_PRIORITY}"
    if record.type == "TXT":
        return _text_problem(record.value)
    if version := _ADDRESS_VERSIONS.get(record.type):
        return _address_problem(record.value, version)
    if problem := _host_problem(record.value):
        return f"the target {problem}"
    return "the target of an MX may have no underscore" if is_mx and "_" in record.value else ""


def _host_problem(host: str) -> str:
    labels = host.split(".")
    if not host.isascii():
        return "is not ASCII: an international name is published in punycode (xn--...)"
    if host != host.lower():
        return "is not in lower case"
    if not all(map(_LABEL.fullmatch, labels)):
        return (
            "is no host name: labels of 1 to 63 letters, digits, dashes and underscores,"
            " with dots between them"
        )
    if len(labels) == 1 or labels[-1].isdecimal():
        return "does not end in a domain"
    return f"has over {_LONGEST_NAME} characters" if len(host) > _LONGEST_NAME else ""


def _text_problem(text: str) -> str:
    if not text:
        return "the text is empty"
    if _CONTROL.search(text):
        return "the text has a line break or another control character"
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        return "the text is not Unicode (half of a surrogate pair)"
    if size > _MOST_STRINGS * _LONGEST_STRING - 1:
        return f"the text has {size} bytes, more than a record holds"
    return ""


def _address_problem(value: str, version: int) -> str:
    """A scope, as in `fe80::1%eth0`, would pass as a part of an address, whatever is in it."""
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return f"{shortened(value)!r} is no IP address"
    is_plain = address.version == version and str(address) == value and "%" not in value
    return "" if is_plain else f"{shortened(value)!r} is no plain IPv{version} address"
