"""A provider that is begun from the command line: how to reach an account, and no more."""

import os
import re
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.options import is_recursive
from reconciler.config import load_config, read_texts
from reconciler.config.insertion import provider_lines, with_provider
from reconciler.errors import UsageError
from reconciler.library.importing import server_names
from reconciler.library.options import Options
from reconciler.providers import SERVICES
from reconciler.source import printable

_Command = TypeVar("_Command", bound=Callable[..., Any])

STDOUT = Path("standard output")
"""What messages call the file that is only printed."""
SCHEMA = "esp.schema.json"
"""Where an editor looks for the schema, beside the YAML."""
_HEAD = f"# yaml-language-server: $schema={SCHEMA}\nversion: 1\n\nproviders:\n"
_LONGEST_SLUG = 60


_OPTIONS = (
    click.option("--service", type=click.Choice(sorted(SERVICES)), help="Whose account it is."),
    click.option("--token", metavar="REFERENCE", help="env:NAME, file:PATH or sops:FILE#KEY."),
    click.option(
        "--account-token", metavar="REFERENCE", help="Postmark's, for domains and senders."
    ),
    click.option("--region", type=click.Choice(["us", "eu"]), help="Mailgun's."),
    click.option("--provider", metavar="NAME", help="What to call it; else the service's name."),
)


def account_options(command: _Command) -> _Command:
    """Give a command the options that a `NewProvider` is made of."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Begun:
    """Files as they are on the disk, as they are to be added to, and which providers are new."""

    originals: dict[Path, str]
    texts: dict[Path, str]
    providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewProvider:
    """How to reach an account, as the options say it."""

    service: str | None = None
    token: str | None = None
    account_token: str | None = None
    server: str | None = None
    region: str | None = None
    provider: str | None = None

    @property
    def name(self) -> str:
        return self.provider or str(self.service)

    def given(self) -> list[str]:
        return [_option(key) for key, value in asdict(self).items() if value]

    def as_yaml(self) -> dict[str, Any]:
        """Return the provider as its YAML says it. Raises UsageError."""
        for key, service in (
            ("region", "mailgun"),
            ("account_token", "postmark"),
            ("server", "postmark"),
        ):
            if getattr(self, key) and self.service != service:
                raise UsageError(f"{_option(key)} is for {service}")
        tokens = {"token": self.token, "account_token": self.account_token}
        plain = {"service": self.service, "server": self.server, "region": self.region}
        said = {key: value for key, value in plain.items() if value}
        return said | {key: _reference(key, value) for key, value in tokens.items() if value}


def begun(files: tuple[Path, ...], out: Path | None, new: NewProvider, *, force: bool) -> Begun:
    """Return what to add to. Raises UsageError for options that contradict each other."""
    if Path("-") in files:
        raise UsageError("standard input cannot be added to; name a file")
    if new.service is None:
        if given := [*new.given(), *(["--out"] if out else []), *(["--force"] * force)]:
            raise UsageError(f"{given[0]} is for a provider that --service begins")
        texts = read_texts(files, recursive=is_recursive())
        return Begun(texts, texts)
    if len(files) > 1 or (files and out):
        raise UsageError("a provider is begun in one FILE, or in a new one that --out names")
    if files and (files[0].exists() or files[0].is_symlink()):
        return _added(files[0], new)
    out = files[0] if files else out
    if out and (out.exists() or out.is_symlink()) and not force:
        raise UsageError(f"--out {out}: it is there; name it as FILE to add to it, or say --force")
    if out and not os.access(out.parent, os.W_OK | os.X_OK):
        raise UsageError(f"{out}: its folder is not there, or not yours to write to")
    lines = provider_lines(new.name, str(new.service), new.as_yaml(), indent=2)
    text = _HEAD + "".join(f"{line}\n" for line in lines)
    there = read_texts([out]) if out and out.exists() else {}
    return Begun(there, {out or STDOUT: text}, (new.name,))


def _added(file: Path, new: NewProvider) -> Begun:
    texts = read_texts([file])
    if file not in texts:
        raise UsageError(f"{file}: a folder; name the file in it that is to be added to")
    known = load_config([], SERVICES, {file: texts[file].encode()}).providers
    if new.name in known:
        raise UsageError(
            f"{known[new.name].location}: the provider `{printable(new.name)}` is there; "
            "--provider names another, and without --service it is added to"
        )
    text = with_provider(texts[file], new.name, str(new.service), new.as_yaml())
    return Begun(texts, {file: text}, (new.name,))


def with_servers(begun: Begun, run: Options) -> Begun:
    """Add a provider for each server of the account that the new provider reaches.

    Raises UsageError when it names a server, and what reading raises.
    """
    ((file, text),), name = begun.texts.items(), next(iter(begun.providers), None)
    config = load_config([], SERVICES, {file: text.encode()})
    keys = config.providers[name].node.children if name else {}
    if "account_token" not in keys or {"server", "token"} & set(keys):
        raise UsageError("--all-servers takes --account-token, and neither --token nor --server")
    service, taken, added = config.providers[str(name)].service.name, set(config.providers), []
    for server in server_names(begun.texts, run, str(name)):
        slug = _slug(server, taken)
        taken.add(slug)
        added.append(slug)
        said = {"service": service, "server": server, "account_token": keys["account_token"].data}
        text = with_provider(text, slug, service, said)
    return replace(begun, texts={file: text}, providers=(*begun.providers, *added))


def _slug(name: str, taken: Collection[str]) -> str:
    """Return a provider's name made of a server's."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:_LONGEST_SLUG] or "server"
    names = (slug if number == 1 else f"{slug}-{number}" for number in count(1))
    return next(each for each in names if each not in taken)


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _reference(key: str, said: str) -> dict[str, Any]:
    """Return a reference as the YAML says it. Raises UsageError."""
    source, _, target = said.partition(":")
    path, _, inner = target.partition("#")
    if source in {"env", "file"} and target:
        return {source: target}
    if source == "sops" and path and inner:
        return {"sops": {"file": path, "key": inner}}
    # What was given may be the token itself.
    raise UsageError(
        f"{_option(key)}: say where it is kept, as env:NAME, file:PATH or "
        "sops:FILE#KEY, and never the value"
    )
