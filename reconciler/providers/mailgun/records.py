"""The DNS records that come with a domain, and what they tell (mailgun.md §4.3)."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import UnexpectedAnswer
from reconciler.model import TO_PUBLISH, VERIFIED, DnsRecord

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")

OPTIONAL = "optional: publish it only if Mailgun is to receive the domain's mail"
_LENGTH_OF_1024 = 256
"""No public key of 1024 bits is as long in base64 (216 characters), none of 2048 as short (392)."""

Row = Mapping[str, Any]


def read_rows(answer: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the DNS records' rows; the lists may be null or missing (mailgun.md §4.3)."""
    for key in ("sending_dns_records", "receiving_dns_records"):
        rows = answer.get(key)
        yield from (row for row in (rows if isinstance(rows, list) else ()) if _is_row(row))


def _is_row(row: Any) -> bool:
    return isinstance(row, dict)


def is_valid(row: Row) -> bool:
    """Anything but `valid`, in whatever letter case, is not verified."""
    return str(row.get("valid")).lower() == "valid"


def tracking_host(domain: str, told: Mapping[str, Any]) -> str:
    """Return the host whose certificate links need. Raises UnexpectedAnswer for what is none."""
    prefix = str(told.get("web_prefix") or "email").lower()
    if not _LABEL.fullmatch(prefix):
        raise UnexpectedAnswer(f"GET {domain}", "its `web_prefix` is no part of a host's name")
    return f"{prefix}.{domain}"


def dns_records(domain: str, answer: Mapping[str, Any]) -> Iterator[DnsRecord]:
    """Yield the DNS records; their order changes from answer to answer (mailgun.md §4.3)."""
    for row in read_rows(answer):
        # MX rows have no name.
        host, kind = str(row.get("name") or domain), str(row.get("record_type", ""))
        value, priority = str(row.get("value", "")), str(row.get("priority") or "")
        wanted = OPTIONAL if kind == "MX" else TO_PUBLISH
        state = VERIFIED if is_valid(row) else wanted
        yield DnsRecord(_purpose(kind, host, value), kind, host, value, state, priority)


def notes_of_records(
    domain: str, told: Mapping[str, Any], answer: Mapping[str, Any]
) -> Iterator[str]:
    """Say what a domain that was never verified asks for, and what Mailgun last saw instead."""
    if told.get("state") == "unverified":
        for record in sorted(dns_records(domain, answer)):
            if record.state == TO_PUBLISH:
                what = f"{record.host} {record.type} {record.value}"
                yield f"publish the {record.purpose} record {what}"
    seen: dict[str, set[str]] = {}
    for row in read_rows(answer):
        cached = row.get("cached")
        if not is_valid(row) and isinstance(cached, list) and cached:
            host, kind = str(row.get("name") or domain), str(row.get("record_type", ""))
            seen.setdefault(f"{kind} {host}", set()).update(str(each) for each in cached)
    for what, values in sorted(seen.items()):
        yield f"Mailgun last saw {what} as {', '.join(sorted(values))}" + _advice(what)


def _advice(what: str) -> str:
    """Never send a domain's mail away from who receives it now (mailgun.md §4.3)."""
    is_mx = what.startswith("MX ")
    return "; leave it so unless Mailgun is to receive the domain's mail" if is_mx else ""


def told_by_keys(domain: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what only the DKIM records tell: the size of the keys, and whose they are (§7.2)."""
    rows = [row for row in read_rows(answer) if "._domainkey." in str(row.get("name", ""))]
    hosts = {str(row["name"]).lower().partition("._domainkey.")[2].rstrip(".") for row in rows}
    sizes = {_key_size(row) for row in rows}
    told: dict[str, Any] = {}
    # A host below the domain was asked for by name, and says nothing of who signs.
    if hosts and all(f".{domain}".endswith(f".{host}") for host in hosts):
        told["force_dkim_authority"] = hosts == {domain}
    if hosts == {domain} and len(sizes) == 1 and None not in sizes:
        told["dkim_key_size"] = sizes.pop()
    return told


def _key_size(row: Row) -> int | None:
    key = re.search(r"p=([A-Za-z0-9+/=]+)", str(row.get("value", "")))
    if row.get("record_type") != "TXT" or key is None:
        return None
    return 1024 if len(key[1]) < _LENGTH_OF_1024 else 2048


def _purpose(kind: str, host: str, value: str) -> str:
    if "._domainkey." in host:
        return "DKIM"
    if value.startswith("v=spf1"):
        return "SPF"
    return {"MX": "receiving", "CNAME": "tracking"}.get(kind, "other")
