"""A saved report, read: JSON that somebody else may have written, taken for no more than it is."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.engine.plandocument import digest_of
from reconciler.errors import InvalidReport
from reconciler.fields import UNKNOWN
from reconciler.model import DnsRecord
from reconciler.reports.report import (
    ACTIONS,
    CAUSES,
    OUTCOMES,
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

FORMAT_VERSION = "1"
_COMMANDS = ("validate", "plan", "apply", "drift")
_STATES = {
    "validate": ("valid", "invalid"),
    "plan": ("in-sync", "changes", "refused"),
    "apply": ("in-sync", "applied", "partial", "failed"),
    "drift": ("in-sync", "drift", "pending", "partial", "error"),
}
_HIGHEST = 10**15
_AT_A_PLACE = re.compile(r"([^:]+):(\d{1,9}):(\d{1,9}): (.+)")
_DEEPEST = 200
"""How deep a value may be nested: what is declared is never a tenth of it."""

Where = Callable[[str], str]
"""Turns the name of a file, as the run was given it, into how it is to be told."""


def report_from(text: str | bytes, name: str, where: Where = str) -> Report:
    """Return what a saved report says; `name` is what to call it in messages.

    Raises InvalidReport for what is not whole, not ours, of another format, or a plan that is not
    as its digest says.
    """
    try:
        document = json.loads(text)
        _check_depth(document)
        return report_of(document, where)
    except (ValueError, RecursionError):
        raise InvalidReport(
            f"{name}: not a report in JSON; `--report json=FILE` saves one"
        ) from None
    except InvalidReport as problem:
        raise InvalidReport(f"{name}: {problem}") from None


def report_of(document: Mapping[str, Any], where: Where = str) -> Report:
    """Return what the JSON of a run says. Raises InvalidReport."""
    read = _Reader(document, where)
    if "format_version" not in document:
        raise InvalidReport("not a report of esp-reconcile")
    if document["format_version"] != FORMAT_VERSION:
        raise InvalidReport(f"not of format {FORMAT_VERSION}, which this version reads")
    if "error" in document and "state" not in document:
        return _failed(read)
    command = read.word("command", _COMMANDS)
    _check_digest(document)
    return Report(
        command=command,
        state=read.word("state", _STATES[command]),
        entries=tuple(map(_entry, read.each(_LISTS.get(command, "changes")))),
        refused=tuple(map(_refused, read.each("refused"))),
        unmanaged=tuple(map(_unmanaged, read.each("unmanaged"))),
        notes=tuple(map(_note, read.each("notes"))),
        unread=tuple(map(_unread, read.each("unread"))),
        accepted=tuple(map(_accepted, read.each("accepted"))),
        findings=tuple(map(_found, read.each("findings"))),
        records=tuple(map(_record, read.each("records"))),
        counts=read.numbers("summary"),
        coverage=read.numbers("coverage"),
        compared=document.get("compared") is not False,
        since=read.text("since", ""),
        dropped=tuple(read.texts("dropped")),
        providers=tuple(read.texts("providers")),
        base=read.text("base", ""),
        config=read.text("config", ""),
        digest=read.text("digest", "") or read.text("plan", ""),
        failure=_failure(read.below("error")) if "error" in document else None,
        run=_run(read.below("run")),
    )


_LISTS = {"apply": "results", "drift": "differences"}


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes values of the type that they must have out of a mapping."""

    data: Mapping[str, Any]
    where: Where

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            raise InvalidReport("a list or a value stands where a mapping is wanted")

    def text(self, key: str, default: str | None = None) -> str:
        value = self.data.get(key, default)
        if value is None and default is not None:
            return default
        if not isinstance(value, str):
            raise InvalidReport(f"`{key}` is missing, or no text")
        return value

    def word(self, key: str, words: Iterable[str], default: str | None = None) -> str:
        value = self.text(key, default)
        if value not in words and value != default:
            raise InvalidReport(f"`{key}` is not one of {', '.join(words)}")
        return value

    def texts(self, key: str) -> list[str]:
        values = self._list(key)
        if not all(isinstance(each, str) for each in values):
            raise InvalidReport(f"`{key}` holds what is no text")
        return values

    def each(self, key: str) -> list["_Reader"]:
        return [_Reader(each, self.where) for each in self._list(key)]

    def below(self, key: str) -> "_Reader":
        value = self.data.get(key)
        return _Reader({} if value is None else value, self.where)

    def number(self, key: str) -> float | None:
        value = self.data.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if value is not None and not (is_number and abs(value) <= _HIGHEST):
            raise InvalidReport(f"`{key}` is no number, or none that could be counted")
        return value

    def numbers(self, key: str) -> dict[str, Any]:
        below = self.below(key)
        return {name: below.number(name) or 0 for name in below.data}

    def location(self) -> Location | None:
        if self.data.get("location") is None:
            return None
        return self.below("location").place()

    def place(self) -> Location:
        line, column = (max(0, int(self.number(key) or 0)) for key in ("line", "column"))
        return Location(self.where(self.text("file")), line, column)

    def _list(self, key: str) -> list[Any]:
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise InvalidReport(f"`{key}` is no list")
        return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        below = [each for each in level if isinstance(each, dict | list)]
        if not below:
            return
        level = [each for one in below for each in (one.values() if isinstance(one, dict) else one)]
    raise RecursionError


def _check_digest(document: Mapping[str, Any]) -> None:
    """Raise InvalidReport for a plan that was edited; what was noted in it later does not count."""
    digest = document.get("digest")
    content = {k: v for k, v in document.items() if k not in {"digest", "run", "applied"}}
    if digest is not None and digest != digest_of(content):
        raise InvalidReport("edited or damaged since it was written; plan again")


def _failed(read: _Reader) -> Report:
    failure = _failure(read.below("error"))
    return Report(
        command=read.word("command", _COMMANDS, ""),
        state="error",
        findings=tuple(map(_found, read.each("findings"))) or _placed(failure, read.where),
        failure=failure,
        run=_run(read.below("run")),
    )


def _placed(failure: Failure, where: Where) -> tuple[Found, ...]:
    """Return what an error says of places in the YAML, if it says nothing else."""
    lines = [_AT_A_PLACE.fullmatch(line) for line in failure.message.split("\n")]
    return tuple(
        Found("error", Finding(Location(where(file), int(line), int(column)), text, rule="error"))
        for match in lines
        if match and all(lines)
        for file, line, column, text in [match.groups()]
    )


def _failure(read: _Reader) -> Failure:
    code = read.number("exit_code")
    return Failure(read.text("type"), read.text("message"), int(code or 1))


def entry_of(document: Mapping[str, Any]) -> Entry:
    """Return what the JSON of one change says."""
    return _entry(_Reader(document, str))


def _entry(read: _Reader) -> Entry:
    path = read.texts("path")
    if not path:
        raise InvalidReport("`path` is empty")
    return Entry(
        action=read.word("action", ACTIONS),
        address=read.text("address"),
        path=tuple(path),
        twin=read.text("twin", ""),
        kind=read.text("kind", ""),
        location=read.location(),
        fields=tuple(map(_field, read.each("fields"))),
        pruned=read.data.get("pruned") is True,
        removal=read.text("removal", ""),
        waits_for=tuple(read.texts("waits_for")),
        outcome=read.word("outcome", OUTCOMES, ""),
        reason=read.text("reason", ""),
        cause=read.word("cause", CAUSES, ""),
    )


def _field(read: _Reader) -> Field:
    data = read.data
    live, declared = ("live", "declared") if "live" in data else ("before", "after")
    return Field(
        name=read.text("name"),
        before=data.get(live),
        after=data.get(declared),
        location=read.location(),
        keys=None if data.get("keys") is None else frozenset(read.texts("keys")),
        cause=read.word("cause", CAUSES, ""),
        applied=data.get("applied", UNKNOWN),
    )


def _refused(read: _Reader) -> Refused:
    return Refused(
        read.text("address"), read.text("field", ""), read.text("reason"), read.location()
    )


def _unmanaged(read: _Reader) -> Unmanaged:
    return Unmanaged(
        read.text("address"),
        read.text("kind", ""),
        read.text("remote_id", "") or None,
        tuple(read.texts("path")),
        read.text("twin", ""),
    )


def _unread(read: _Reader) -> Said:
    return Said(read.text("address"), read.text("reason"))


def _note(read: _Reader) -> Said:
    return Said(read.text("address"), read.text("text"), read.text("field", ""))


def _accepted(read: _Reader) -> Accepted:
    address = read.text("address")
    return Accepted(
        address,
        read.text("pattern", address),
        read.text("field", ""),
        read.text("reason", ""),
        read.text("expires", ""),
        read.location(),
    )


def _found(read: _Reader) -> Found:
    finding = Finding(
        read.place(),
        read.text("message"),
        rule=read.text("rule", "service-rule"),
        suggestion=read.text("suggestion", ""),
    )
    return Found(read.word("severity", ("error", "warning")), finding)


def _record(read: _Reader) -> tuple[str, DnsRecord]:
    record = DnsRecord(
        purpose=read.text("purpose"),
        type=read.text("type"),
        host=read.text("host"),
        value=read.text("value"),
        state=read.text("state"),
        priority=read.text("priority", ""),
    )
    return read.text("address"), record


def _run(read: _Reader) -> Run:
    code = read.number("exit_code")
    return Run(
        version=read.text("version", ""),
        exit_code=None if code is None else int(code),
        ended=read.number("ended"),
        seconds=read.number("seconds"),
        repository=read.text("repository", ""),
        head=read.text("head", ""),
        folder=read.text("folder", ""),
    )
