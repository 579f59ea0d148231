"""What may be told: a service's words and its answers may repeat a secret of this run.

A text is searched for all secrets at once, in a form that most ways of writing share: without
blanks, signs, colours and letter case, escapes undone. Secrets are sought there plain, as
hexadecimal digits and as base64, each as UTF-8 and as UTF-16, and as UTF-8 in base32 and in two of
these, one over the other. What is encoded is sought as such: to decode all that may be so would
take too long.
"""

import base64
import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from json import detect_encoding
from threading import Lock, local
from typing import Any, TypeVar
from unicodedata import normalize
from urllib.parse import unquote

from reconciler.errors import ServiceError
from reconciler.model import Sealed, Secret, Withheld
from reconciler.web.answer import Answer

JsonT = TypeVar("JsonT")

_IN_REFUSALS = 4
"""Letters. What is shorter stands in every text by chance, and would make each of them suspect."""
_IN_ANSWERS = 6
"""Letters. A false alarm hides a refusal's words there, and a setting's value here."""
_MOST_REMEMBERED, _LONGEST_REMEMBERED = 1024, 4096
"""Answers that told no secret, and characters of one."""
_ROUNDS = 4
"""How often a text may have been escaped."""
_IN_URL = re.compile(r"://(?:[^/?#@]*:)?([^/?#]+)@")
_NOT_ALNUM = bytes(code for code in range(128) if not chr(code).isalnum())
_SIGNS = re.compile(r"[\W_]+")
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-f]{1,6})\}|(?-i:U)(00(?:0[0-9a-f]|10)[0-9a-f]{4})|u([0-9a-f]{4})|x([0-9a-f]{2})"
    r"|([0-3][0-7]{2})|([^ux]))",
    re.IGNORECASE,
)
_OF_JAVASCRIPT = re.compile(r"%(?=u[0-9a-f]{4})", re.IGNORECASE)
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
"""Any control sequence of a terminal, but most are for colours."""
_QUOTED_PRINTABLE = re.compile(r"=(?=[0-9a-f]{2})", re.IGNORECASE)


class _Here(local):
    is_learning = False


class KnownSecrets:
    """All secrets of a run, as far as they are known by now; to be used from any thread.

    `said` is what the YAML itself says in the clear, and the words that a service documents: a text
    that is one of them, and nothing else, tells nobody what he does not know.
    """

    def __init__(self, said: Iterable[str] = ()) -> None:
        self._said = frozenset(map(_as_a_name, said))
        self._known: set[Sealed] = set()
        self._needles: tuple[str, ...] = ()
        self._in_refusals: tuple[str, ...] = ()
        self._harmless: dict[str, tuple[str, ...]] = {}
        self._lock = Lock()
        self._expected: list[Callable[[], object]] = []
        self._learning = Lock()
        self._here = _Here()

    def expect(self, learn: Callable[[], object]) -> None:
        """Have a secret learnt before any answer is shown, in which it may stand.

        `learn` may be called from any thread, and again when the secret is known.
        """
        self._expected.append(learn)

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Let this thread ask for what it is about to learn, whatever else is to be learnt."""
        self._here.is_learning = True
        try:
            yield
        finally:
            self._here.is_learning = False

    def add(self, *secrets: Secret) -> None:
        """Know more secrets; whoever learns one says so before it is used."""
        with self._lock:
            new = [each for each in secrets if each.sealed() not in self._known]
            self._known.update(each.sealed() for each in new)
            needles = [needle for each in new for needle in _needles(each.reveal())]
            self._needles += tuple(each for each in needles if len(each) >= _IN_ANSWERS)
            self._in_refusals += tuple(each for each in needles if len(each) < _IN_ANSWERS)

    def add_doubtful(self, *secrets: Secret) -> None:
        """Know what may be a secret or an ordinary word: it is sought in refusals only."""
        with self._lock:
            self._in_refusals += tuple(each for one in secrets for each in _needles(one.reveal()))

    def are_told(self, text: str, sent: Iterable[Secret] = ()) -> bool:
        """Whether a text tells one of them, or one of those that were `sent` with a request."""
        self._learn()
        more = [needle for each in sent for needle in _needles(each.reveal())]
        return _holds(text, (*self._needles, *self._in_refusals, *more))

    def withheld(self, answer: JsonT) -> JsonT:
        """Return an answer's JSON in which each text or number that tells a secret is `Withheld`.

        Keys stay: what they are called is known to whoever looks for them.
        """
        if self._expected:
            self._learn()
        if self._is_harmless("\0".join(_texts(answer))):
            return answer
        safe: Any = answer
        if isinstance(answer, str | int | float) and _as_a_name(str(answer)) not in self._said:
            safe = Withheld(str(answer))
        elif isinstance(answer, dict):
            safe = {key: self.withheld(value) for key, value in answer.items()}
        elif isinstance(answer, list):
            safe = [self.withheld(value) for value in answer]
        return safe  # type: ignore[no-any-return]

    def _is_harmless(self, text: str) -> bool:
        """Whether a text tells none; many answers are the same, and looked at once."""
        needles = self._needles
        if self._harmless.get(text) is needles:
            return True
        if _holds(text, needles):
            return False
        if len(self._harmless) >= _MOST_REMEMBERED:
            self._harmless.clear()
        if len(text) <= _LONGEST_REMEMBERED:
            self._harmless[text] = needles
        return True

    def _learn(self) -> None:
        """Learn what is expected; what cannot be learnt is told by who needs it."""
        if self._here.is_learning:
            return
        with self._learning:
            while self._expected:
                with suppress(ServiceError):
                    self._expected[0]()
                del self._expected[0]


def _holds(text: str, needles: Iterable[str]) -> bool:
    for form in _forms(text):
        # A loop, and not `any`: this is done to every answer, and takes half the time.
        for needle in needles:
            if needle in form:
                return True
    return False


def _needles(secret: str) -> Iterator[str]:
    """Yield what stands in the forms of a text that tells a secret, or the password of a URL."""
    for value in (secret, *_IN_URL.findall(secret)):
        plain = _compact(value)
        if len(plain) < _IN_REFUSALS:
            continue
        yield plain
        if len(rest := _ascii_only(plain)) >= _IN_ANSWERS and rest != plain:
            yield rest
        utf_8 = value.encode("utf-8", "surrogatepass")
        for data in (utf_8, *_as_utf_16(value)):
            yield from _long_enough(data.hex(), *_as_base64(data))
        yield from _long_enough(*_as_base32(utf_8), *_encoded_twice(utf_8))


def _long_enough(*encoded: str) -> Iterator[str]:
    return (each for each in map(_compact, encoded) if len(each) >= _IN_ANSWERS)


def _as_utf_16(value: str) -> Iterator[bytes]:
    """Yield what both orders of bytes have in common, as long as it is ASCII."""
    yield value.encode("utf-16-le", "surrogatepass").rstrip(b"\0")
    if not value.isascii():
        yield value.encode("utf-16-be", "surrogatepass")


def _as_base64(data: bytes) -> Iterator[str]:
    """Yield the digits that data alone decides, wherever among other data it begins."""
    for before in range(3):
        digits = base64.b64encode(bytes(before) + data).decode()
        yield digits[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def _as_base32(data: bytes) -> Iterator[str]:
    for before in range(5):
        digits = base64.b32encode(bytes(before) + data).decode()
        yield digits[-(-before * 8 // 5) : (before + len(data)) * 8 // 5]


def _encoded_twice(data: bytes) -> Iterator[str]:
    """Yield base64 in base64 and in hexadecimal digits, and these, large or small, in base64."""
    for digits in _as_base64(data):
        yield digits.encode().hex()
        yield from _as_base64(digits.encode())
    for digits in (data.hex(), data.hex().upper()):
        yield from _as_base64(digits.encode())


def _forms(text: str) -> Iterator[str]:
    """Yield what a text could mean, each without signs and letter case."""
    for each in _readings(text):
        form = _compact(each)
        yield form
        if not form.isascii():
            # What was read in another alphabet than it was written in.
            yield _ascii_only(form)
        if "0x" in form:
            yield form.replace("0x", "")


def _readings(text: str) -> Iterator[str]:
    yield text
    for _ in range(_ROUNDS):
        if _QUOTED_PRINTABLE.search(text):
            yield unquote(_QUOTED_PRINTABLE.sub("%", text))
        before = text
        for undo in _UNDOING:
            if (undone := undo(text)) != text:
                yield (text := undone)
        if text == before:
            return


def _without_colours(text: str) -> str:
    return _COLOUR.sub("", text) if "\x1b" in text or "\x9b" in text else text


def _without_percents(text: str) -> str:
    return unquote(_OF_JAVASCRIPT.sub(r"\\", text)) if "%" in text else text


def _without_backslashes(text: str) -> str:
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_character, text)
    # Two halves of one character, as JSON writes what lies beyond the first 65536.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _character(escape: re.Match[str]) -> str:
    *hexadecimal, octal, other = escape.groups()
    if other:
        return "" if other in "abfnrtv" else other
    code = int(octal, 8) if octal else int("".join(filter(None, hexadecimal)), 16)
    return chr(code) if code < 0x110000 else ""  # noqa: PLR2004 - the end of Unicode


_UNDOING = (_without_colours, _without_percents, _without_backslashes, html.unescape)


def _compact(text: str) -> str:
    if text.isascii():
        return text.lower().encode().translate(None, _NOT_ALNUM).decode()
    return _SIGNS.sub("", normalize("NFKC", text).casefold())


def _ascii_only(text: str) -> str:
    return text.encode("ascii", "ignore").decode()


def _as_a_name(text: str) -> str:
    return text.strip().rstrip(".").casefold()


def _texts(value: Any) -> list[str]:
    """Return all texts and numbers of a JSON value; recursion would take thrice as long."""
    found: list[str] = []
    left = [value]
    while left:
        each = left.pop()
        kind = type(each)
        if kind is str:
            found.append(each)
        elif kind is int or kind is float:
            found.append(str(each))
        elif kind is dict:
            left.extend(each.values())
        elif kind is list:
            left.extend(each)
    return found


def texts_in(content: Any) -> Iterator[str]:
    """Yield all texts, keys as well, of plain data such as a YAML document's."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, Mapping | list):
        for value in (*content, *content.values()) if isinstance(content, Mapping) else content:
            yield from texts_in(value)


def secrets_in(content: Any) -> Iterator[Secret]:
    if isinstance(content, Secret):
        yield content
    elif isinstance(content, Mapping | list):
        for value in content.values() if isinstance(content, Mapping) else content:
            yield from secrets_in(value)


def content_as_text(answer: Answer) -> str:
    """Return the body as text: the charset that its header names may be none for text."""
    return answer.body.decode(detect_encoding(answer.body), "replace")


def safe_text(text: str) -> str:
    """Return a service's own words on one line, without control characters, at most 300 long."""
    line = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(line.split())[:300]
