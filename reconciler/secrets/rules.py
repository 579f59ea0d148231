"""The `.sops.yaml` by which sops would encrypt: found as sops finds it, judged, and written anew.

It says for whom a file is encrypted, and so to which servers the data key and the operator's login
go. sops is never shown the file itself: it gets what was understood here and nothing else, so that
no way of writing YAML can hide an address.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import yaml

from reconciler.errors import SecretError
from reconciler.files import read_below, read_plainly
from reconciler.model import Reference
from reconciler.secrets.files import folder_of
from reconciler.secrets.keyservers import ARN, AZURE, vault_key
from reconciler.source import printable, shortened

VARIABLE = "SOPS_CONFIG"
NAME = ".sops.yaml"
MAX_BYTES = 64 * 1024
_MOST_FOLDERS = 100
"""How far up sops looks."""
_MOST_VALUES = 10_000
"""Aliases may name one value any number of times."""
_PART = "tag:yaml.org,2002:"
_ANYTHING = ".*"
_CALLED = r"[\w.:/-]+"
_KEYS: Mapping[str, str] = {
    "kms": rf"{ARN}(\+{ARN})?",
    "arn": ARN,
    "role": ARN,
    "gcp_kms": _CALLED,
    "resource_id": _CALLED,
    "hckms": r"[a-z0-9-]+:[\w-]+",
    "key_id": r"[a-z0-9-]+:[\w-]+",
    "azure_keyvault": rf"{AZURE}/keys/[\w-]+(/\w*)?",
    "vaultUrl": f"{AZURE}/?",
    "pgp": r"(0x)?[0-9A-Fa-f ]{8,60}!?",
    "age": _ANYTHING,
}
"""How each kind of key is called; what of it names a server may name known ones only."""
_VAULT = {"hc_vault_transit_uri", "hc_vault"}
_FREE = {
    *("path_regex", "aws_profile", "key", "version", "shamir_threshold", "mac_only_encrypted"),
    *("encrypted_suffix", "encrypted_regex", "encrypted_comment_regex"),
    *("unencrypted_suffix", "unencrypted_regex", "unencrypted_comment_regex"),
}
_OUTER = {"creation_rules", "key_groups", "merge", "stores", "indent"}
_STORES = {"yaml", "json", "json_binary", "dotenv", "ini"}
_USED = ("creation_rules", "stores")


@dataclass(frozen=True, slots=True)
class Rules:
    """What sops is to know of its configuration, as text; `folder` is what its patterns start at.

    `folder` is None, and the text says nothing, where there is no configuration.
    """

    text: str
    folder: Path | None

    def name_for(self, path: Path, copy: Path) -> Path:
        """Return what to call a file, so that patterns in the `copy`'s folder see the same."""
        if self.folder and path.is_relative_to(self.folder):
            return copy / path.relative_to(self.folder)
        return path


def find_rules(reference: Reference, path: PurePath, environment: Mapping[str, str]) -> Rules:
    """Return the rules for a file at `path` in the folder of the YAML.

    Raises SecretError for what cannot be read, is not understood or leads to a foreign server.
    """
    for place, read in _places(folder_of(reference) / path.parent, environment):
        shown = f"{reference.location}: {printable(str(place))}"
        try:
            content = read()
        except FileNotFoundError:
            if environment.get(VARIABLE):
                raise SecretError(f"{shown} ({VARIABLE}) is not there") from None
            continue
        except OSError as problem:
            raise SecretError(f"{shown}: {problem.strerror}") from None
        return Rules(_understood(content, shown, environment), place.parent)
    return Rules("", None)


def _places(
    folder: Path, environment: Mapping[str, str]
) -> Iterator[tuple[Path, Callable[[], bytes]]]:
    """Yield where sops looks, nearest first, each with how it is read."""
    if named := environment.get(VARIABLE):
        path = Path(named).absolute()
        yield path, partial(read_plainly, path, MAX_BYTES)
        return
    start = folder.resolve()
    for each in (start, *start.parents)[:_MOST_FOLDERS]:
        yield each / NAME, partial(read_below, each, PurePath(NAME), MAX_BYTES)


def _understood(content: bytes, shown: str, environment: Mapping[str, str]) -> str:
    try:
        document = _parsed(content)
        used = {name: each for name, each in document.items() if name in _USED}
        _check(used, "", environment)
    except _NotUnderstood as problem:
        raise SecretError(f"{shown}: {printable(str(problem))}") from None
    return json.dumps(used, ensure_ascii=False)


def _parsed(content: bytes) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise _NotUnderstood(f"it is larger than {MAX_BYTES // 1024} KiB")
    try:
        node = yaml.compose(content.decode("utf-8-sig"), yaml.SafeLoader)
        document = _Reader().plain(node) or {}
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise _NotUnderstood("it is not YAML that can be read") from None
    if not isinstance(document, dict):
        raise _NotUnderstood("it is not a mapping")
    return document


class _NotUnderstood(Exception):
    pass


class _Reader:
    """From YAML's nodes to plain data; what only some readers understand is refused."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def plain(self, node: yaml.Node | None) -> Any:
        self._left -= 1
        if self._left < 0:
            raise _NotUnderstood("it holds too many values, or a value within itself")
        match node:
            case None:
                return None
            case yaml.MappingNode():
                return {self._name(key): self.plain(value) for key, value in node.value}
            case yaml.SequenceNode():
                return [self.plain(each) for each in node.value]
            case _:
                return _scalar(node)

    def _name(self, node: yaml.Node) -> str:
        name = self.plain(node)
        if not isinstance(name, str):
            raise _NotUnderstood("a key of it is no text")
        return name


def _scalar(node: yaml.Node) -> Any:
    text = str(node.value)
    match node.tag.removeprefix(_PART):
        case "null":
            return None
        case "bool":
            return text.lower() in {"true", "yes", "on"}
        case "int" if re.fullmatch(r"-?[0-9]{1,9}", text):
            return int(text)
        case "str" | "int" | "float" | "timestamp":
            return text
    raise _NotUnderstood(
        f"it holds {shortened(text)!r}, which not every reader takes; write it out"
    )


def _check(value: Any, name: str, environment: Mapping[str, str]) -> None:
    """Raise _NotUnderstood unless all below a key is known, and leads to no foreign server."""
    if isinstance(value, dict):
        for key, each in value.items():
            if name == "context":
                continue
            if key not in {*_KEYS, *_VAULT, *_FREE, *_OUTER, *_STORES, "context"}:
                raise _NotUnderstood(f"`{shortened(key)}` is not known here; take it out")
            _check(each, key, environment)
    elif isinstance(value, list):
        for each in value:
            _check(each, name, environment)
    elif name in _KEYS or name in _VAULT:
        pattern = vault_key(environment) if name in _VAULT else _KEYS[name]
        for each in str("" if value is None else value).split(","):
            if each.strip() and not re.fullmatch(pattern, each.strip(), re.ASCII):
                raise _NotUnderstood(_foreign(name, each.strip()))


def _foreign(name: str, value: str) -> str:
    way_out = "; set VAULT_ADDR to its beginning if it is your Vault" if name in _VAULT else ""
    return f"`{name}` would lead sops to {shortened(value)}, which is not known{way_out}"
