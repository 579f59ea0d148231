"""Domains and their DNS records, as tables and as data."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Protocol

from reconciler.engine.overview import Overview
from reconciler.engine.plandocument import record_fields
from reconciler.model import Address, DnsRecord
from reconciler.reports.changes import coloured
from reconciler.reports.status_document import domain_as_document
from reconciler.reports.table import table
from reconciler.source import printable


class Verified(Protocol):
    """What became of a look at DNS that a service was asked for."""

    @property
    def address(self) -> Address: ...
    @property
    def is_verified(self) -> bool: ...
    @property
    def sentence(self) -> str: ...
    @property
    def missing(self) -> Sequence[DnsRecord]: ...


Found = Sequence[tuple[Overview, Address]]


def domains_as_text(found: Found) -> str:
    """Return a table of domains for each provider, with the columns of its service."""
    blocks = []
    for overview, addresses in _by_provider(found):
        account = overview.account
        head = ["Domain", "Status", *account.service.domain_checks.purposes, ""]
        rows = [_row(domain_as_document(overview, each)) for each in addresses]
        name = f"{printable(account.name)} ({account.service.name})"
        blocks.append(f"{name}\n{table([head, *rows], indent=2)}")
    return "\n\n".join(blocks) or "There is no domain."


def _by_provider(found: Found) -> Iterator[tuple[Overview, list[Address]]]:
    for _, group in groupby(found, lambda each: each[1].provider):
        pairs = list(group)
        yield pairs[0][0], [address for _, address in pairs]


def _row(domain: dict[str, Any]) -> list[str]:
    checks = ["" if state == "none" else state for state in domain["checks"].values()]
    return [printable(domain["name"]), domain["state"], *checks, domain["managed"]]


def domains_as_document(found: Found) -> dict[str, Any]:
    return {
        "format_version": "1",
        "command": "domains list",
        "providers": [
            {
                "name": overview.account.name,
                "service": overview.account.service.name,
                "domains": [domain_as_document(overview, each) for each in addresses],
            }
            for overview, addresses in _by_provider(found)
        ],
    }


Records = Sequence[tuple[Address, Sequence[DnsRecord]]]
"""By domain, the records that its service asks for."""


def records_as_text(found: Records) -> str:
    blocks = []
    for address, records in found:
        rows = [
            [each.purpose, each.state, each.type, printable(each.host), printable(_value(each))]
            for each in records
        ]
        head = ["Purpose", "State", "Type", "Host", "Value"]
        body = table([head, *rows], indent=2) if rows else "  no records"
        blocks.append(f"{printable(str(address))}\n{body}")
    return "\n\n".join(blocks) or "There is no domain."


def _value(record: DnsRecord) -> str:
    value = record.value or "(not told yet)"
    return f"{record.priority} {value}" if record.priority else value


def records_as_document(found: Records) -> dict[str, Any]:
    return {
        "format_version": "1",
        "command": "domains records",
        "domains": [
            {
                "address": str(address),
                "domain": address.name,
                "records": [record_fields(each) for each in records],
            }
            for address, records in found
        ],
    }


def verifications_as_text(done: Sequence[Verified]) -> str:
    """Return what became of each look at DNS, with the records that are still missing."""
    blocks = []
    for each in done:
        verdict = "done" if each.is_verified else "failed"
        word = coloured(f"{'verified' if each.is_verified else 'not verified':12}", verdict)
        blocks.append(f"{word}  {printable(str(each.address))}: {printable(each.sentence)}")
        blocks += [f"    {printable(_line(record))}" for record in each.missing]
    return "\n".join(blocks) or "There is no domain."


def _line(record: DnsRecord) -> str:
    return f"{record.purpose}  {record.host}  {record.type}  {_value(record)}"


def verifications_as_document(done: Sequence[Verified]) -> dict[str, Any]:
    return {
        "format_version": "1",
        "command": "domains verify",
        "verified": all(each.is_verified for each in done),
        "domains": [
            {
                "address": str(each.address),
                "domain": each.address.name,
                "verified": each.is_verified,
                "fact": each.sentence,
                "missing": [record_fields(record) for record in each.missing],
            }
            for each in done
        ],
    }
