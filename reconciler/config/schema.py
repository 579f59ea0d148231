"""JSON Schema over nodes: what the schemas in `schemas/` refuse, said with place and way out."""

import functools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

import jsonschema
from jsonschema.protocols import Validator

from reconciler.config.idn import in_ascii
from reconciler.config.schema_files import whole_schema
from reconciler.source import Finding, Location, Node, shortened

_LONGEST_NAME = 253
_LONGEST_ADDRESS = 254
_LONGEST_WORD = 80
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_DOMAIN = rf"({_LABEL}\.)+(?![0-9]+\Z){_LABEL}"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_MAIL = rf"(?=[^@]{{1,64}}@){_ATOM}(\.{_ATOM})*@{_DOMAIN}"
_HOSTNAME = re.compile(_DOMAIN)
_EMAIL = re.compile(_MAIL)
_IN_SCRIPT = _DOMAIN.replace(r"\Z", "$")
_URL = r"https?://[^\s@/?#]+([/?#][^\s\\<>^`\{|\}\x22]*)?"
PATTERNS = {
    "hostname": f"^{_IN_SCRIPT}$",
    "hostname-or-empty": f"^({_IN_SCRIPT})?$",
    "email": f"^{_MAIL}$".replace(r"\Z", "$"),
    "email-or-empty": f"^({_MAIL})?$".replace(r"\Z", "$"),
    "uri": f"^{_URL}$",
    "uri-or-empty": f"^({_URL})?$",
}
"""What the formats come to as patterns of JavaScript, for who knows no formats."""
_UNKNOWN_KEY, _WRONG_VALUE = "unknown-key", "wrong-value"
_COUNTS = {"required", "minProperties", "maxProperties"}
_Path = tuple[str | int, ...]
_FORMATS = jsonschema.FormatChecker(formats=())
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@_FORMATS.checks("hostname")
def _is_hostname(value: Any) -> bool:
    return not isinstance(value, str) or (
        len(value) <= _LONGEST_NAME and bool(_HOSTNAME.fullmatch(value))
    )


@_FORMATS.checks("hostname-or-empty")
def _is_hostname_or_empty(value: Any) -> bool:
    return value == "" or _is_hostname(value)


@_FORMATS.checks("email")
def _is_email(value: Any) -> bool:
    return not isinstance(value, str) or (
        len(value) <= _LONGEST_ADDRESS and bool(_EMAIL.fullmatch(value))
    )


@_FORMATS.checks("email-or-empty")
def _is_email_or_empty(value: Any) -> bool:
    return value == "" or _is_email(value)


@_FORMATS.checks("uri", raises=ValueError)
def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return True
    parts = urlsplit(value)
    has_host = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    is_plain = value.isascii() and value.isprintable() and not set(value) & set(' \\"<>^`{|}')
    has_credentials = "@" in parts.netloc
    return parts.scheme in {"http", "https"} and has_host and is_plain and not has_credentials


@_FORMATS.checks("uri-or-empty", raises=ValueError)
def _is_url_or_empty(value: Any) -> bool:
    return value == "" or _is_url(value)


def _pattern(
    _: Validator, pattern: str, instance: Any, __: Any
) -> Iterator[jsonschema.ValidationError]:
    """As in JavaScript: a final `$` is the very end, and not before a last line break as well."""
    meant = re.sub(r"\$$", r"\\Z", pattern)
    if isinstance(instance, str) and not re.search(meant, instance):
        yield jsonschema.ValidationError("")


def _unique_items(
    _: Validator, wanted: Any, instance: Any, __: Any
) -> Iterator[jsonschema.ValidationError]:
    """Say which one is there twice, in time that grows with the list and not with its square."""
    seen: set[str] = set()
    for index, item in enumerate(instance if wanted and isinstance(instance, list) else ()):
        content = json.dumps(item, sort_keys=True)
        if content in seen:
            yield jsonschema.ValidationError("", path=[index])
        seen.add(content)


_TYPE_CHECKER = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
)
_Validator: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
    jsonschema.Draft202012Validator,
    {"pattern": _pattern, "uniqueItems": _unique_items},
    type_checker=_TYPE_CHECKER,
)


@functools.cache
def _validator(name: str) -> Validator:
    validator: Validator = _Validator(whole_schema(name), format_checker=_FORMATS)
    return validator


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A finding and the path of what it is about; `key` or `word` is what must be meant there."""

    path: _Path
    finding: Finding
    key: str = ""
    word: str = ""


def check_schema(root: Node, name: str = "esp.schema.json") -> tuple[Node, list[Finding]]:
    """Return the tree with what a schema refuses marked as broken, and the findings.

    A misspelt key or word is reported and read as what it must mean, so that it hides no other
    mistake and causes none. Values that were found broken before are passed over.
    """
    findings: dict[Finding, None] = {}
    while True:
        mistakes = [
            mistake
            for error in _validator(name).iter_errors(root.data)
            for mistake in _explain(error, root)
        ]
        if not mistakes:
            return root, list(findings)
        misspelt = {each.path: each for each in mistakes if each.key or each.word}
        wrong = misspelt or {each.path: each for each in mistakes}
        findings.update((each.finding, None) for each in (wrong.values() if misspelt else mistakes))
        root = _mended(root, wrong)
        if not misspelt:
            return root, list(findings)


def _mended(node: Node, wrong: Mapping[_Path, _Mistake], path: _Path = ()) -> Node:
    """Return the tree with what is wrong marked as broken, and what is misspelt mended."""
    mistake = wrong.get(path)
    names = {
        name: (found.key if (found := wrong.get((*path, name))) else "") or name
        for name in node.children
    }
    children = {
        names[name]: _mended(child, wrong, (*path, name)) for name, child in node.children.items()
    }
    items = tuple(_mended(item, wrong, (*path, index)) for index, item in enumerate(node.items))
    data = node.data
    if children:
        data = {name: child.data for name, child in children.items()}
    elif items:
        data = [item.data for item in items]
    return replace(
        node,
        data=(mistake.word if mistake else "") or data,
        children=children,
        items=items,
        keys={names.get(name, name): place for name, place in node.keys.items()},
        broken=node.broken or mistake is not None,
    )


def _explain(error: Any, root: Node) -> Iterator[_Mistake]:
    path = tuple(error.absolute_path)
    node = _node_at(root, path)
    if node is None:
        return
    if error.validator == "additionalProperties":
        yield from _unknown_keys(error, node, path)
    elif "propertyNames" in error.absolute_schema_path:
        place = node.keys.get(error.instance, node.location)
        yield _Mistake((*path, error.instance), Finding(place, _message(error), _UNKNOWN_KEY))
    elif node.broken:
        return
    elif error.validator == "required" and (_is_known(error, node) or not _is_secret(error)):
        yield _missing_key(error, node, path, _place(root, path))
    elif error.validator == "enum":
        is_item = isinstance(path[-1], int)
        word = "" if is_item else _nearest(error.instance, error.validator_value) or ""
        message = f"{_name(path)}: {_message(error)}"
        finding = Finding(node.location, message, _WRONG_VALUE, word)
        yield _Mistake(path, finding, word=word)
    elif error.validator not in _COUNTS or _is_known(error, node):
        message = f"{_name(path)}: {_message(error)}"
        yield _Mistake(path, Finding(node.location, message, _WRONG_VALUE))


def _unknown_keys(error: Any, node: Node, path: _Path) -> Iterator[_Mistake]:
    known = list(error.schema.get("properties", ()))
    free = [key for key in known if key not in node.children]
    for key in node.children:
        if key in known:
            continue
        meant = _nearest(key, free) or ""
        if meant:
            free.remove(meant)
        nearest = meant or _nearest(key, known)
        message = f"unknown key `{shortened(key)}`" + (
            f"; did you mean `{nearest}`?" if nearest else _listing(known)
        )
        if not nearest and _is_secret(error):
            message = str(error.schema["errorMessage"])
        finding = Finding(node.keys[key], message, _UNKNOWN_KEY, nearest or "")
        yield _Mistake((*path, key), finding, key=meant)


def _is_secret(error: Any) -> bool:
    """Whether what stands here may be a secret in the wrong place, and is not to be quoted."""
    return "errorMessage" in error.schema


def _is_known(error: Any, node: Node) -> bool:
    """Whether all keys of a mapping are as they should be, so that they can be counted."""
    known = error.schema.get("properties", node.children)
    return all(key in known and not child.broken for key, child in node.children.items())


def _missing_key(error: Any, node: Node, path: _Path, place: Location) -> _Mistake:
    missing = next(key for key in error.validator_value if error.message.startswith(f"{key!r} "))
    misspelt = _nearest(missing, node.children)
    if misspelt and error.schema.get("additionalProperties", True):
        message = f"unknown key `{shortened(misspelt)}`; did you mean `{missing}`?"
        finding = Finding(node.keys[misspelt], message, _UNKNOWN_KEY, missing)
        return _Mistake((*path, misspelt), finding, key=missing)
    known = error.schema.get("properties", {})
    example = next(iter(known.get(missing, {}).get("examples", ())), None)
    hint = f", such as `{missing}: {example}`" if isinstance(example, str | int) else ""
    message = f"{_name(path)} needs the key `{missing}`{hint}"
    return _Mistake(path, Finding(place, message, "missing-key"))


def _node_at(root: Node, path: Sequence[Any]) -> Node | None:
    node: Node | None = root
    for part in path:
        if node is None:
            return None
        node = node.items[part] if isinstance(part, int) else node.children.get(part)
    return node


def _place(root: Node, path: Sequence[Any]) -> Location:
    """Return where a mapping is named: at its key, or where it begins."""
    if path and isinstance(path[-1], str):
        parent = _node_at(root, path[:-1])
        if parent and path[-1] in parent.keys:
            return parent.keys[path[-1]]
    node = _node_at(root, path)
    return node.location if node else root.location


def _name(path: Sequence[Any]) -> str:
    """Name a value by the keys that lead to it, without those that only group."""
    keys = [str(part) for part in path if isinstance(part, str)]
    if not keys:
        return "the file"
    item = "an item of " if isinstance(path[-1], int) else ""
    return f"{item}`{shortened(keys[-1])}`"


def _nearest(word: Any, known: Iterable[Any]) -> str | None:
    if not isinstance(word, str) or len(word) > _LONGEST_WORD:
        return None
    words = [str(candidate) for candidate in known if isinstance(candidate, str)]
    lowered = {candidate.lower(): candidate for candidate in words}
    close = get_close_matches(word.lower().replace("-", "_"), list(lowered), n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def _listing(known: Iterable[Any]) -> str:
    return f"; known here: {', '.join(sorted(str(word) for word in known))}"


def _message(error: Any) -> str:
    if "errorMessage" in error.schema:
        return str(error.schema["errorMessage"]) + _hint_for_idn(error)
    explain = _MESSAGES.get(error.validator)
    return explain(error) if explain else f"not allowed here ({error.validator})"


def _hint_for_idn(error: Any) -> str:
    """Name the form that DNS knows of an international name: the services take no other."""
    value, kind = error.instance, str(error.validator_value)
    is_name = error.validator == "format" and kind.startswith(("hostname", "email"))
    if not is_name or not isinstance(value, str) or value.isascii() or len(value) > _LONGEST_NAME:
        return ""
    written = in_ascii(value)
    return f"; write it as `{written}`" if _FORMATS.conforms(written, kind) else ""


def _type_message(error: Any) -> str:
    types = error.validator_value
    names = [_TYPES[each] for each in ([types] if isinstance(types, str) else types)]
    hint = ""
    if error.instance is None:
        hint = {"object": "; write {} for none", "array": "; write [] for none"}.get(
            str(types), "; remove the key if there is none"
        )
    elif types == "string" and not isinstance(error.instance, dict | list):
        hint = "; quote it"
    elif types != "array" and re.fullmatch(r"true|false|[0-9.]+", str(error.instance)):
        hint = "; write it without quotes"
    return f"{' or '.join(names)} is wanted, not {_described(error.instance)}{hint}"


def _enum_message(error: Any) -> str:
    allowed = error.validator_value
    words = ", ".join(json.dumps(each) if isinstance(each, bool) else each for each in allowed)
    nearest = _nearest(error.instance, allowed)
    return f"one of {words} is wanted" + (f"; did you mean `{nearest}`?" if nearest else "")


def _range_message(error: Any) -> str:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    return f"a number from {low} to {high} is wanted" if high else f"at least {low} is wanted"


_MESSAGES: Mapping[str, Callable[[Any], str]] = {
    "type": _type_message,
    "enum": _enum_message,
    "const": lambda error: f"{json.dumps(error.validator_value)} is wanted",
    "minimum": _range_message,
    "maximum": _range_message,
    "minLength": lambda _: "a text that is not empty is wanted",
    "maxLength": lambda error: f"at most {error.validator_value} characters are allowed",
    "maxItems": lambda error: f"at most {error.validator_value} are allowed; remove some",
    "uniqueItems": lambda _: "the same value stands here already; remove one",
    "minProperties": lambda _: "at least one entry is wanted",
}


def _described(value: Any) -> str:
    names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false", int: "a number"}
    return "nothing" if value is None else names.get(type(value), "a decimal number")
