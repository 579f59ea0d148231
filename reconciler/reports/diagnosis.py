"""Diagnoses of DNS, as text for people and as data for programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from reconciler.dns.findings import Finding, Verdict
from reconciler.dns.senders import BULK, Advice
from reconciler.model import Address, DnsRecord
from reconciler.reports.changes import coloured
from reconciler.reports.table import table
from reconciler.source import printable

_HOLDS = {True: "yes", False: "no", None: "cannot be seen"}


class Diagnosed(Protocol):
    """What was found of one domain."""

    @property
    def address(self) -> Address: ...
    @property
    def all_findings(self) -> Sequence[Finding]: ...
    @property
    def advice(self) -> Sequence[Advice]: ...
    @property
    def untold(self) -> Sequence[DnsRecord]: ...
    @property
    def is_healthy(self) -> bool: ...


def diagnoses_as_text(found: Sequence[Diagnosed]) -> str:
    """Return, by domain, a line for each record, with what is wrong and the way out below it."""
    blocks = ["\n".join(_block(each)) for each in found]
    if any(each.advice for each in found):
        blocks.append(BULK)
    return "\n\n".join([*blocks, _summary(found)])


def _block(found: Diagnosed) -> Iterator[str]:
    yield printable(str(found.address))
    if not found.all_findings:
        yield "  it does not exist yet, so that its service asks for nothing: `apply` creates it"
    rows = [[str(each.verdict), each.purpose, each.type, each.host] for each in found.all_findings]
    for each, line in zip(found.all_findings, table(rows, indent=2).split("\n"), strict=False):
        word = str(each.verdict)
        yield line.replace(word, coloured(word, _colour(each)), 1)
        if each.verdict is not Verdict.OK or each.purpose == "DMARC":
            yield from (f"      {text}" for text in (each.fact, each.advice) if text)
    for record in found.untold:
        yield f"  {record.purpose} {record.type} {printable(record.host)}: no value is told yet"
    yield from _asked(found.advice)


def _colour(finding: Finding) -> str:
    if not finding.is_fault:
        return "done"
    return "skipped" if finding.verdict is Verdict.UNKNOWN else "failed"


def _asked(advice: Sequence[Advice]) -> Iterator[str]:
    if advice:
        yield "  Bulk senders:"
    rows = [[_HOLDS[each.holds], each.about] for each in advice]
    for each, line in zip(advice, table(rows, indent=4).split("\n"), strict=False):
        yield line if each.holds else f"{line}: {printable(each.sentence)}"


def _summary(found: Sequence[Diagnosed]) -> str:
    ill = sum(not each.is_healthy for each in found)
    if not found:
        return "There is no domain."
    return f"Diagnosis: {len(found) - ill} of {len(found)} healthy."


def diagnoses_as_document(found: Sequence[Diagnosed]) -> dict[str, Any]:
    """Return all records in one list, each with its domain, and what receivers ask by domain."""
    return {
        "format_version": "1",
        "command": "domains diagnose",
        "healthy": all(each.is_healthy for each in found),
        "records": [
            {"address": str(each.address), **_finding(finding)}
            for each in found
            for finding in each.all_findings
        ],
        "senders": [
            {
                "domain": each.address.name,
                "about": advice.about,
                "holds": advice.holds,
                "sentence": advice.sentence,
                "asked_by": list(advice.asked_by),
            }
            for each in found
            for advice in each.advice
        ],
    }


def _finding(finding: Finding) -> Mapping[str, Any]:
    return {
        "domain": finding.domain,
        "purpose": finding.purpose,
        "type": finding.type,
        "host": finding.host,
        "expected": finding.expected,
        "authority": _values(finding.authority),
        "resolver": _values(finding.resolver),
        "verdict": str(finding.verdict),
        "is_fault": finding.is_fault,
        "fact": finding.fact,
        "advice": finding.advice,
    }


def _values(values: Sequence[str] | None) -> list[str] | None:
    """Return the values, null where nobody could be asked."""
    return None if values is None else list(values)
