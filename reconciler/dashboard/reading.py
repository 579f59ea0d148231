"""A status document, read: JSON that somebody else may have written, taken for no more than it is.

It accepts what `schemas/status.schema.json` does, in the time that a loop takes.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from reconciler.dashboard.document import (
    Connection,
    Domain,
    Flag,
    Provider,
    Scalar,
    Sender,
    Setting,
    Status,
    Stream,
    Tested,
    Token,
    Value,
    Webhook,
)
from reconciler.errors import InvalidReport
from reconciler.model import DnsRecord
from reconciler.source import printable, shortened

FORMAT_VERSION = "1"
SERVICES = ("postmark", "mailgun")
CHECKS = ("DKIM", "Return-Path", "SPF", "CNAME")
MANAGED = ("declared", "unmanaged")
VERIFIED = ("verified", "unverified", "unknown")
LONGEST_TEXT = 4096
"""In characters: a key of 4096 bits as a DNS record has fewer than 800."""
MOST_DOMAINS, MOST_OTHERS, MOST_LINES = 100_000, 1000, 20
DEEPEST = 10
_HIGHEST = 10**15
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(\.[0-9]{1,6})?(Z|\+00:00)")
_T = TypeVar("_T")


def status_of(document: Any) -> Status:
    """Return what a status document says. Raises InvalidReport, naming the place in it."""
    is_status = isinstance(document, Mapping) and document.get("command") == "status"
    if not is_status:
        raise InvalidReport("not a status document of esp-reconcile")
    if document.get("format_version") != FORMAT_VERSION:
        raise InvalidReport(f"not of format {FORMAT_VERSION}, which this version reads")
    read = _Reader(document, "")
    read.check_keys("format_version", "command", "at", "commit", "providers")
    providers = tuple(map(_provider, read.each("providers")))
    names = [each.name for each in providers]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InvalidReport(f"`providers` names {shortened(twice)} twice")
    return Status(read.time("at"), read.text_or_none("commit"), providers)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes values of the type that they must have out of a mapping at a place of the document."""

    data: Any
    place: str

    def __post_init__(self) -> None:
        if not isinstance(self.data, Mapping):
            raise InvalidReport(f"`{self.place}` is no mapping")

    def check_keys(self, *known: str) -> None:
        for key in known:
            if key not in self.data:
                raise InvalidReport(f"`{self._at(key)}` is missing")
        for key in self.data:
            if key not in known:
                raise InvalidReport(f"`{self._at(key)}` is no key of a status document")

    def text(self, key: str) -> str:
        return _text(self.data.get(key), self._at(key))

    def text_or_none(self, key: str) -> str | None:
        return None if self.data.get(key) is None else self.text(key)

    def word(self, key: str, words: Iterable[str]) -> str:
        return _word(self.data.get(key), tuple(words), self._at(key))

    def words(self, key: str, names: Iterable[str], words: Iterable[str]) -> dict[str, str]:
        """Return a mapping of some `names` to one of the `words` each."""
        below = self.below(key)
        return {_word(name, names, below.place): below.word(name, words) for name in below.data}

    def time(self, key: str) -> datetime:
        at = _time(self.text(key))
        if at is None:
            raise InvalidReport(f"`{self._at(key)}` is no time in UTC such as 2026-11-27T22:50:00Z")
        return at

    def flag(self, key: str) -> bool:
        value = self.data.get(key)
        if not isinstance(value, bool):
            raise InvalidReport(f"`{self._at(key)}` is neither true nor false")
        return value

    def number_or_none(self, key: str) -> float | None:
        value: float | None = self.data.get(key)
        if value is not None and not (_is_number(value) and value >= 0):
            raise InvalidReport(f"`{self._at(key)}` is no number, or none that could be counted")
        return value

    def scalar(self, key: str) -> Scalar:
        return _scalar(self.data.get(key), self._at(key))

    def value(self, key: str) -> Value:
        return _value(self.data.get(key), self._at(key))

    def values(self, key: str) -> dict[str, Value]:
        value = _value(self.below(key).data, self._at(key))
        return dict(value)

    def lines(self, key: str) -> tuple[str, ...]:
        """Return the first of the lines of a text, none for null."""
        value = self.data.get(key)
        if not isinstance(value, str | None):
            raise InvalidReport(f"`{self._at(key)}` is no text")
        lines = (value or "").split("\n")
        told = [printable(shortened(each)) for each in lines[:MOST_LINES] if each]
        more = [f"and {len(lines) - MOST_LINES:,} more"] * (len(lines) > MOST_LINES)
        return (*told, *more)

    def below(self, key: str) -> "_Reader":
        return _Reader(self.data.get(key), self._at(key))

    def below_or_none(self, key: str) -> "_Reader | None":
        return None if self.data.get(key) is None else self.below(key)

    def each(self, key: str, most: int = MOST_OTHERS) -> "Sequence[_Reader]":
        return self.list(key, _Reader, most)

    def list(
        self, key: str, reading: Callable[[Any, str], _T], most: int = MOST_OTHERS
    ) -> Sequence[_T]:
        values = self.data.get(key)
        if not isinstance(values, list):
            raise InvalidReport(f"`{self._at(key)}` is no list")
        if len(values) > most:
            raise InvalidReport(f"`{self._at(key)}` has over {most:,} entries")
        return [reading(value, f"{self._at(key)}[{number}]") for number, value in enumerate(values)]

    def _at(self, key: str) -> str:
        name = printable(shortened(key))
        return f"{self.place}.{name}" if self.place else name


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).astimezone(UTC) if _TIME.fullmatch(text) else None
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) <= _HIGHEST


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise InvalidReport(f"`{place}` is no text")
    if len(value) > LONGEST_TEXT:
        raise InvalidReport(f"`{place}` is longer than {LONGEST_TEXT:,} characters")
    return printable(value)


def _word(value: Any, words: Iterable[str], place: str) -> str:
    known = tuple(words)
    if value not in known:
        raise InvalidReport(f"`{place}` is none of {', '.join(known)}")
    return str(value)


def _scalar(value: Any, place: str) -> Scalar:
    if isinstance(value, str):
        return _text(value, place)
    if value is None or isinstance(value, bool) or _is_number(value):
        return value  # type: ignore[no-any-return]
    raise InvalidReport(f"`{place}` is no text, number, true, false or null")


def _value(value: Any, place: str, depth: int = 0) -> Value:
    if not isinstance(value, list | Mapping):
        return _scalar(value, place)
    if depth == DEEPEST or len(value) > MOST_OTHERS:
        raise InvalidReport(f"`{place}` is too deep or has over {MOST_OTHERS:,} entries")
    if isinstance(value, list):
        return [_value(each, place, depth + 1) for each in value]
    return {_text(key, place): _value(each, place, depth + 1) for key, each in value.items()}


def _provider(read: _Reader) -> Provider:
    read.check_keys(*(name for name in Provider.__slots__ if name != "errors"), "error")
    return Provider(
        name=read.text("name"),
        service=read.word("service", SERVICES),
        connection=_connection(read.below("connection")),
        tokens=tuple(map(_token, read.each("tokens"))),
        sender=_sender(read.below_or_none("sender")),
        region=read.text_or_none("region"),
        default_domain=read.text_or_none("default_domain"),
        tracking=tuple(map(_flag, read.each("tracking"))),
        streams=tuple(map(_stream, read.each("streams"))),
        domains=tuple(map(_domain, read.each("domains", MOST_DOMAINS))),
        webhooks=tuple(map(_webhook, read.each("webhooks", MOST_DOMAINS))),
        advanced=tuple(map(_setting, read.each("advanced"))),
        errors=read.lines("error"),
    )


def _connection(read: _Reader) -> Connection:
    read.check_keys(*Connection.__slots__)
    return Connection(
        state=read.word("state", ("connected", "failed", "unknown")),
        fact=read.text("fact"),
        milliseconds=read.number_or_none("milliseconds"),
        tested=_tested(read.below_or_none("tested")),
    )


def _tested(read: _Reader | None) -> Tested | None:
    if read is None:
        return None
    read.check_keys(*Tested.__slots__)
    return Tested(read.time("at"), read.text("by"), read.flag("passed"))


def _token(read: _Reader) -> Token:
    read.check_keys(*Token.__slots__)
    return Token(
        key=read.text("key"),
        kind=read.text("kind"),
        reference=read.text("reference"),
        state=read.word("state", ("accepted", "refused", "unknown")),
        fact=read.text("fact"),
        where=read.text("where"),
        link=read.text("link"),
    )


def _sender(read: _Reader | None) -> Sender | None:
    if read is None:
        return None
    read.check_keys(*Sender.__slots__)
    return Sender(read.text("address"), read.word("state", VERIFIED), read.text("fact"))


def _flag(read: _Reader) -> Flag:
    read.check_keys(*Flag.__slots__)
    return Flag(
        field=read.text("field"),
        declared=read.scalar("declared"),
        live=read.scalar("live"),
        address=read.text("address"),
        path=read.text("path"),
    )


def _stream(read: _Reader) -> Stream:
    read.check_keys(*Stream.__slots__)
    return Stream(
        name=read.text("name"),
        type=read.text("type"),
        managed=read.word("managed", (*MANAGED, "built-in")),
        state=read.word("state", ("live", "archived", "missing")),
    )


def _domain(read: _Reader) -> Domain:
    read.check_keys(*Domain.__slots__)
    return Domain(
        name=read.text("name"),
        managed=read.word("managed", MANAGED),
        state=read.word("state", (*VERIFIED, "disabled", "missing")),
        checks=read.words("checks", CHECKS, (*VERIFIED, "none")),
        records=tuple(map(_record, read.each("records"))),
        notes=tuple(read.list("notes", _text)),
    )


def _record(read: _Reader) -> DnsRecord:
    read.check_keys(*DnsRecord.__slots__)
    return DnsRecord(**{name: read.text(name) for name in DnsRecord.__slots__})


def _webhook(read: _Reader) -> Webhook:
    read.check_keys(*Webhook.__slots__)
    return Webhook(
        name=read.text("name"),
        managed=read.word("managed", MANAGED),
        state=read.word("state", ("live", "missing")),
        fields=read.values("fields"),
    )


def _setting(read: _Reader) -> Setting:
    read.check_keys(*Setting.__slots__)
    return Setting(read.text("name"), read.value("value"))
