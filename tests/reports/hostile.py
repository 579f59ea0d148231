"""Texts that others choose, and that mean something in one format or another."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from reconciler.model import DnsRecord
from reconciler.reports.report import (
    Accepted,
    Entry,
    Failure,
    Field,
    Found,
    Refused,
    Report,
    Run,
    Said,
    Unmanaged,
)
from reconciler.source import Finding, Location

CORPUS = (
    "plain",
    "",
    " ",
    "@everyone @octo/team <!channel> <@U123>",
    "#1 GH-12 !7 $3 octo/mail#4 &5 %6 ~7 :tada:",
    "https://evil.example.com www.evil.example.com mailto:a@evil.example.com a@evil.example.com",
    "[x](javascript:alert(1)) ![y](http://evil.example.com/z.png) <http://evil.example.com>",
    "</details></summary><script>alert(1)</script><img src=x onerror=alert(1)>",
    "<!-- esp-reconcile:comment key=0 data=e30= --> --> <!--",
    "# heading",
    "- item\n1. item\n> quote\n---\n===\n    code",
    "1) x",
    "+ x",
    "| a | b |\n|---|---|",
    "\\| \\` \\",
    "`code` ``more`` ```\nblock\n```",
    "``",
    "**bold** _it_ ~~gone~~ $x^2$ [^1] \\(y\\)",
    "::error file=x::boo",
    "\n::error::boo\r::warning::boo",
    "##[add-mask]x ##[error]y",
    "%0A::error::z %25 %3A",
    "EOF\nstate=owned\nPATH<<EOF\n/evil\nEOF",
    "\x1b[31mred\x1b]8;;http://evil.example.com\x07link\x07",
    "\u202egnp.exe \u200b \ufeff \u2028 \x85 \x00",
    '"quoted" \\n {label="x"} 1 2',
    "/close\n/merge",
    "a,b:c=d;e",
    "é€😀" * 3,
    "x" * 10_000,
)
_WORDS = {
    "command": "plan",
    "state": "changes",
    "action": "update",
    "severity": "error",
    "cause": "",
    "outcome": "",
}


def report_of_all(
    text: str, command: str = "plan", *, outcome: str = "", cause: str = ""
) -> Report:
    """Return a report in which every text is this one, but for words that must be known."""
    place = Location(text or "esp.yaml", 3, 5)
    field = Field(text, text, [text, {text: text}], place)
    entries = tuple(
        Entry(
            action,
            text,
            (text or "p", text, text),
            kind=text,
            location=place,
            fields=(field,),
            removal=text,
            reason=text,
            waits_for=(text,),
            outcome=outcome,
            cause=cause,
        )
        for action in ("create", "update", "delete")
    )
    said = (Said(text, text, text),)
    finding = Finding(place, text, rule=text, suggestion=text)
    return Report(
        command=command,
        state="changes",
        entries=entries,
        refused=(Refused(text, text, text, place),),
        unmanaged=(Unmanaged(text, text, text, (text or "p", text)),),
        notes=said,
        unread=said,
        accepted=(Accepted(text, text, text, text, text, place),),
        findings=(Found("warning", finding),),
        records=((text, DnsRecord(text, text, text, text, text, text)),),
        counts={text: 3},
        coverage={text: 1.0, "ratio": 0.5},
        since=text,
        dropped=(text,),
        base=text,
        config=text,
        digest=text,
        run=Run(text, 1, 2.5, 3.5, text, text),
    )


def failed(text: str) -> Report:
    return Report("plan", "error", failure=Failure(text, text, 1))


def variants(text: str) -> Iterator[Report]:
    """Yield a report of every command, and of a failure, that is full of a text."""
    yield report_of_all(text)
    yield report_of_all(text, "apply", outcome="failed")
    yield report_of_all(text, "drift", cause="conflict")
    yield replace(report_of_all(text, "validate"), entries=())
    yield failed(text)


def texts_in(value: Any) -> Iterator[str]:
    """Yield all texts of a report; used to see that none was forgotten."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from (*texts_in(key), *texts_in(each))
    elif isinstance(value, tuple | list):
        for each in value:
            yield from texts_in(each)
    elif is_dataclass(value):
        for each in fields(value):
            if each.name not in _WORDS:
                yield from texts_in(getattr(value, each.name))
