"""Declare a domain in the YAML, or that it is to be absent: the file is edited as text."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.config import load_config
from reconciler.config.insertion import inserted
from reconciler.config.replacement import replaced
from reconciler.errors import ConfigError, UsageError
from reconciler.model import Account, Config
from reconciler.providers import SERVICES
from reconciler.providers.desired import host_name
from reconciler.source import printable

ABSENT = "{ensure: absent}"
Texts = Mapping[Path, str]


@dataclass(frozen=True, slots=True)
class Edit:
    """A file as it was and as it is to be."""

    path: Path
    before: str
    after: str


def declare_domain(config: Config, texts: Texts, provider: str, domain: str) -> Edit:
    """Return the edit that declares a domain for a provider.

    Raises UsageError where it is declared already, and for what would be no valid configuration.
    """
    account = config.providers[provider]
    name = host_name(domain)
    if found := account.node.at("domains"):
        taken = next((each for each in found.keys if host_name(each) == name), None)
        if taken:
            place = found.keys[taken]
            raise UsageError(f"{place}: `{printable(taken)}` is declared already")
    path = _file_of(account)
    tree: dict[str, Any] = {"domains": {name: {}}}
    after = inserted(texts[path], provider, account.service.name, tree, {})
    return _checked(Edit(path, texts[path], after), texts)


def retire_domain(config: Config, texts: Texts, provider: str, domain: str) -> Edit:
    """Return the edit that says `ensure: absent` of a domain, declared so far or not.

    Its settings go, since none could be applied. Raises UsageError as `declare_domain` does, and
    where it is to be absent already.
    """
    account = config.providers[provider]
    name = host_name(domain)
    path = _file_of(account)
    declared = {host_name(key): key for key, _ in account.node.entries("domains")}
    if name not in declared:
        tree = {"domains": {name: {"ensure": "absent"}}}
        after = inserted(texts[path], provider, account.service.name, tree, {})
        return _checked(Edit(path, texts[path], after), texts)
    node = dict(account.node.entries("domains"))[declared[name]]
    place = account.node.children["domains"].keys[declared[name]]
    if node.text("ensure") == "absent":
        raise UsageError(f"{place}: `{printable(name)}` is to be absent already")
    if place.file != str(path):
        raise UsageError(f"{place}: it is declared there, in a profile or another file; edit that")
    keys = ("providers", provider, "domains", declared[name])
    try:
        after = replaced(texts[path], keys, ABSENT)
    except KeyError:
        raise UsageError(f"{place}: it is declared in a profile; edit that") from None
    return _checked(Edit(path, texts[path], after), texts)


def loaded(texts: Texts) -> Config:
    """Return the configuration that texts are. Raises ConfigError."""
    return load_config((), SERVICES, {path: text.encode() for path, text in texts.items()})


def _file_of(account: Account) -> Path:
    return Path(account.location.file)


def _checked(edit: Edit, texts: Texts) -> Edit:
    """Raise UsageError for a text that would be no valid configuration."""
    try:
        loaded({**texts, edit.path: edit.after})
    except ConfigError as error:
        raise UsageError(f"{edit.path} was left as it is: {error.findings[0]}") from None
    return edit
