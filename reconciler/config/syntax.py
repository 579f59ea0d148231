"""YAML text to nodes that know their places; everything that YAML makes ambiguous is refused.

The tree is built from parser events: PyYAML's own loaders drop duplicate keys silently, follow
YAML 1.1's surprises, expand aliases without end and crash on deep nesting.
"""

import codecs
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from reconciler.source import Finding, Location, Node, nothing, shortened

MAX_DEPTH = 32
MAX_BYTES = 32 * 1024 * 1024
_DROPPED = "<<"
"""The key under which nothing is kept: a merge, or a key that was found wrong."""
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_WORDS = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
_BREAK = re.compile(r"\r\n|\r|\n")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_DECIMAL = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_SOME_READERS = "a number to some YAML readers and text to others"
_QUOTE = "quote it"
_DECIMALS = "quote it, or write a plain decimal number"
_TOO_LONG = ("a number that is too long", _QUOTE)
_LONGEST_DOUBT = 64
_DIGITS = re.compile(r"[-+]?\.?[0-9][0-9_.:]*")
_AMBIGUOUS = tuple(
    (re.compile(pattern), why, way_out)
    for pattern, why, way_out in (
        (r"(?i)y|yes|on", "true in YAML 1.1 and text in YAML 1.2", "write true, or quote it"),
        (r"(?i)n|no|off", "false in YAML 1.1 and text in YAML 1.2", "write false, or quote it"),
        (r"[-+]?0[0-9_]+", "an octal number in YAML 1.1 and not in YAML 1.2", _DECIMALS),
        (r"[-+]?0[xob][0-9a-fA-F_]+", _SOME_READERS, _DECIMALS),
        (r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?", "a base-60 number in YAML 1.1", _QUOTE),
        (
            r"[-+]?[0-9][0-9_]*_[0-9_]*(\.[0-9_]*)?",
            "a number in YAML 1.1 and text in YAML 1.2",
            _DECIMALS,
        ),
        (r"[-+]?(\.[0-9_]+|[0-9]+\.|0[0-9]+\.[0-9]+)", _SOME_READERS, _DECIMALS),
        (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+", _SOME_READERS, _DECIMALS),
        (r"(?i)[-+]?\.inf|\.nan", "not a number that a setting could have", _DECIMALS),
        (
            r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?",
            "a date in YAML 1.1 and text in YAML 1.2",
            _QUOTE,
        ),
        (r"[-+]?([0-9]{19,}(\.[0-9]*)?|[0-9]+\.[0-9]{19,})", *_TOO_LONG),
        (r"=", "a special value in YAML 1.1", _QUOTE),
    )
)
_ODD_BREAK = re.compile("[\x85\u2028\u2029]")
_PROBLEMS = {
    "mapping values are not allowed in this context": (
        "a `:` where no key can stand; check the indentation, and quote a value that holds `: `"
    ),
    "could not find expected ':'": "a key without `:` after it",
    "did not find expected key": "a key is wanted here; check the indentation",
    "found unexpected end of stream": "a quote that is not closed",
    "found unknown escape character": (
        "an unknown escape; in double quotes a backslash is written twice"
    ),
}
"""What the parser's words mean to a person; it is quoted where nothing stands here."""


@dataclass(slots=True)
class _Open:
    """A collection that is still being read."""

    location: Location
    is_mapping: bool
    key: tuple[str, Location] | None = None
    children: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Location] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)
    broken: bool = False

    def close(self) -> Node:
        if self.is_mapping:
            data: Any = {key: node.data for key, node in self.children.items()}
        else:
            data = [node.data for node in self.items]
        children, keys = self.children or nothing(), self.keys or nothing()
        return Node(data, self.location, children, tuple(self.items), keys, broken=self.broken)


def parse(raw: bytes, name: str) -> tuple[Node | None, list[Finding]]:
    """Read the content of a file called `name`. The node is None where no tree could be built."""
    return _Builder(name).build(raw)


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._findings: list[Finding] = []
        self._open: list[_Open] = []
        self._root: Node | None = None

    def build(self, raw: bytes) -> tuple[Node | None, list[Finding]]:
        text = self._decode(raw)
        if text is not None:
            self._read(text)
            is_empty = self._root is None or (self._root.data is None and not self._root.broken)
            if is_empty and not self._findings:
                message = "the file is empty; it needs `version: 1` and `providers:`"
                self._find(Location(self._file), message)
                self._root = None
        return self._root, self._findings

    def _decode(self, raw: bytes) -> str | None:
        if len(raw) > MAX_BYTES:
            self._find(Location(self._file), f"the file is larger than {MAX_BYTES // 2**20} MiB")
            return None
        try:
            return raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        except UnicodeDecodeError as problem:
            before = problem.object[: problem.start]
            self._find(self._after(before), "not UTF-8 text; save the file as UTF-8")
            return None

    def _read(self, text: str) -> None:
        if odd := _ODD_BREAK.search(text):
            # YAML counts a line here and no editor does: every place below would be wrong.
            message = f"an invisible line break (U+{ord(odd[0]):04X}); use an ordinary one"
            self._find(self._after(text[: odd.start()].encode()), message)
            return
        try:
            for event in yaml.parse(text, LOADER):
                if not self._take(event):
                    return
        except yaml.MarkedYAMLError as problem:
            if deep := _too_deep(text, problem.problem_mark):
                self._refuse_depth(deep)
            else:
                self._find(*self._explain(problem, text))
            self._root = None
        except yaml.reader.ReaderError as problem:
            # The parser counts in bytes of the text that it was given.
            where = self._after(text.encode()[: problem.position])
            self._find(where, "a character that YAML does not allow; remove or escape it")
            self._root = None

    def _explain(self, error: yaml.MarkedYAMLError, text: str) -> tuple[Location, str]:
        """Say what is wrong, at the beginning of what was not ended if that is the matter."""
        problem, mark, context = error.problem or "", error.problem_mark, error.context_mark
        reason = _PROBLEMS.get(problem, problem or error.context or "not understood")
        if "expected ',' or" in problem:
            reason = "a bracket that is not closed, or a comma that is missing"
        elif problem == "found character that cannot start any token" and mark:
            character = _character(text, mark.line, mark.column)
            reason = f"{character} cannot begin a value; quote it"
            if character == "\t":
                reason = "a tab; indent with spaces"
        elif problem == "did not find expected node content":
            reason = "a value is wanted here, or a bracket is not closed"
            if mark and self._open and not "\n".join(text.splitlines()[mark.line :]).strip():
                return self._open[-1].location, f"not valid YAML: {reason}"
        unended = context and (not mark or mark.line > context.line)
        if unended and "while parsing a block" not in (error.context or ""):
            mark = context
        place = self._place(mark.line, mark.column) if mark else Location(self._file)
        return place, f"not valid YAML: {reason}"

    def _take(self, event: Any) -> bool:
        """Take one event in; False ends the reading of this file."""
        match event:
            case yaml.DocumentStartEvent() if self._root is not None:
                self._find(self._at(event), "a second document in the file; keep one in each file")
                # What belongs here may stand there: nothing is missing for sure.
                is_mapping = isinstance(self._root.data, dict)
                self._root = replace(self._root, broken=True) if is_mapping else None
                return False
            case yaml.AliasEvent():
                if not any(each.key and each.key[0] == _DROPPED for each in self._open):
                    message = "an alias (`*`): aliases are not supported; write the value out"
                    self._find(self._at(event), message)
                self._add(Node(None, self._at(event), broken=True))
            case yaml.ScalarEvent():
                self._check_decorations(event)
                self._take_scalar(event)
            case yaml.CollectionStartEvent():
                self._check_decorations(event)
                return self._take_start(event)
            case yaml.CollectionEndEvent():
                self._add(self._open.pop().close())
        return True

    def _check_decorations(self, event: Any) -> None:
        if event.anchor:
            message = "an anchor (`&`): anchors are not supported; remove it"
            self._find(self._at(event), message)
        if event.tag:
            self._find(self._at(event), "a tag (`!`): tags are not supported; remove it")

    def _take_start(self, event: Any) -> bool:
        if len(self._open) >= MAX_DEPTH:
            self._refuse_depth(event)
            return False
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(self._at(event), is_mapping, broken=bool(event.tag)))
        return True

    def _refuse_depth(self, event: Any) -> None:
        message = f"nested deeper than {MAX_DEPTH} levels; nothing here needs so many"
        self._find(self._at(event), message)

    def _take_scalar(self, event: Any) -> None:
        location = self._at(event)
        parent = self._open[-1] if self._open else None
        is_key = bool(parent and parent.is_mapping and parent.key is None)
        doubt = _ambiguity(event.value) if event.implicit[0] and not event.tag else None
        if doubt:
            why, way_out = doubt
            noun, advice = ("key", _QUOTE) if is_key else ("value", way_out)
            self._find(location, f"this plain {noun} is {why}; {advice}")
        if parent and is_key:
            self._take_key(parent, _DROPPED if doubt else event.value, location, said=bool(doubt))
        elif doubt or event.tag:
            self._add(Node(event.value, location, broken=True))
        else:
            plain = event.implicit[0]
            self._add(Node(_typed(event.value) if plain else event.value, location))

    def _take_key(self, parent: _Open, key: str, location: Location, *, said: bool) -> None:
        if key == _DROPPED and not said:
            self._find(location, "merge key `<<`: merges are not supported; write the keys out")
        elif key in parent.keys:
            first = parent.keys[key]
            self._find(
                location,
                f"duplicate key `{shortened(key)}`; it stands at {first.line}:{first.column} "
                "already: remove one",
            )
            # Which of the two is meant nobody knows.
            parent.children[key] = replace(parent.children[key], broken=True)
        parent.broken = parent.broken or key == _DROPPED
        parent.key = (key, location)

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        if not parent.is_mapping:
            parent.items.append(node)
        elif parent.key is None:
            if not node.broken:
                self._find(node.location, "a key must be plain text")
            parent.broken = True
            parent.key = (_DROPPED, node.location)
        else:
            key, location = parent.key
            parent.key = None
            if key not in parent.keys and key != _DROPPED:
                parent.children[key] = node
                parent.keys[key] = location

    def _find(self, location: Location, message: str) -> None:
        self._findings.append(Finding(location, message, "yaml-syntax"))

    def _after(self, before: bytes) -> Location:
        """Return the place that comes after these bytes of the file."""
        lines = _BREAK.split(before.decode())
        return self._place(len(lines) - 1, len(lines[-1]))

    def _at(self, event: Any) -> Location:
        return self._place(event.start_mark.line, event.start_mark.column)

    def _place(self, line: int, column: int) -> Location:
        return Location(self._file, line + 1, column + 1)


def _too_deep(text: str, mark: yaml.Mark | None) -> Any:
    """Return the event that opens one level too many before `mark`; None if there is none.

    The parser reads up to 1,024 characters ahead of its events, and since libyaml 0.2.6 has a limit
    of its own: what it gave up at may come before the event that our limit speaks at. Read without
    the rest, it gets there.
    """
    depth = 0
    with suppress(yaml.YAMLError):
        for event in yaml.parse(text[: mark.index] if mark else "", LOADER):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > MAX_DEPTH:
                return event
    return None


def _ambiguity(text: str) -> Sequence[str] | None:
    """Return why a plain scalar could be read in two ways, and what to write instead."""
    if len(text) > _LONGEST_DOUBT:
        return _TOO_LONG if _DIGITS.fullmatch(text) else None
    return next((doubt for pattern, *doubt in _AMBIGUOUS if pattern.fullmatch(text)), None)


def _character(text: str, line: int, column: int) -> str:
    """Return the character at a place, counted as the parser counts."""
    lines = _BREAK.split(text)
    return lines[line][column : column + 1] if line < len(lines) else ""


def is_plain(text: str) -> bool:
    """Whether a text is read as that text by everybody, if it stands without quotes."""
    return _typed(text) == text and _ambiguity(text) is None


def _typed(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
