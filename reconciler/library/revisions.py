"""The configuration as it was at a commit, and what of it is declared otherwise since."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.config import MAX_BYTES, load_config
from reconciler.config.sources import ACCEPTED_FILE
from reconciler.errors import ConfigError, RevisionError
from reconciler.git import Repository
from reconciler.model import Account, Address, Config, Reference, Resource
from reconciler.providers import SERVICES

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Revision:
    """A configuration at a commit; `has_changed` says which other files are not as they were."""

    config: Config
    commit: str
    has_changed: Callable[[Path], bool]


def revision_at(ref: str, paths: Sequence[Path], *, recursive: bool = False) -> Revision:
    """Return what the files and folders at `paths` declared at a ref of their repository.

    Where nothing was there, nothing was declared. Raises RevisionError, and ConfigError for what
    was no configuration then.
    """
    if STDIN in paths:
        raise RevisionError("standard input has no past; name the files")
    repository = Repository.of(paths[0] if paths[0].is_dir() else paths[0].parent)
    commit = repository.commit_of(ref)
    texts = repository.texts_at(ref, paths, recursive=recursive, most=MAX_BYTES)
    texts = {path: text for path, text in texts.items() if path.name != ACCEPTED_FILE}

    @cache  # many references lead into one file
    def has_changed(path: Path) -> bool:
        return not repository.is_same(commit, path, most=MAX_BYTES)

    return Revision(_loaded(ref, texts, paths), commit, has_changed)


def head_of(paths: Sequence[Path]) -> str | None:
    """Return the commit that a configuration stands at, if Git knows."""
    if STDIN in paths:
        return None
    folder = paths[0] if paths[0].is_dir() else paths[0].parent
    try:
        return Repository.of(folder).commit_of("HEAD")
    except RevisionError:
        return None


def _loaded(ref: str, texts: dict[Path, bytes], paths: Sequence[Path]) -> Config:
    if not texts:
        return Config({}, {}, "")
    try:
        return load_config((), SERVICES, texts, found=texts.keys() - set(paths))
    except ConfigError as error:
        raise RevisionError(
            f"the configuration at {ref} cannot be read: {error.findings[0]}"
            + (f", and {len(error.findings) - 1} more" if len(error.findings) > 1 else "")
        ) from None


@dataclass(frozen=True, slots=True)
class Since:
    """What is declared otherwise than it was: `touched` now, `dropped` then and not now."""

    touched: frozenset[Address]
    dropped: tuple[Address, ...]


def changed_since(then: Revision, now: Config) -> Since:
    """Return what of a configuration is declared otherwise than at a revision.

    A secret counts as changed with its reference, or with the file that this leads into: what a
    variable held then nobody knows.
    """
    before, led = then.config, _led_elsewhere(then.config, now)
    touched = {
        address
        for address, resource in now.desired.items()
        if address.provider in led
        or _said(resource) != _said_of(before, address)
        or any(then.has_changed(path) for path in _files(resource))
    }
    dropped = sorted(before.desired.keys() - now.desired.keys())
    return Since(frozenset(touched), tuple(dropped))


def _said_of(config: Config, address: Address) -> object:
    return _said(config.desired[address]) if address in config.desired else None


def _said(resource: Resource) -> object:
    """Return what the YAML says of a resource, wherever it says it, and of what stands around."""
    references = {name: _led_to(each) for name, each in resource.references.items()}
    written = resource.secrets.keys() - references.keys()
    sealed = {name: resource.secrets[name].sealed() for name in written}
    around = resource.needs, resource.follows
    return resource.attributes, resource.absent, around, references, sealed


def _led_to(reference: Reference) -> tuple[str, str, str]:
    return reference.source, reference.target, reference.key


def _led_elsewhere(before: Config, now: Config) -> set[str]:
    """Return the providers whose addresses lead elsewhere by now: to another account or server."""
    return {
        name
        for name, account in now.providers.items()
        if name not in before.providers or _reach(account) != _reach(before.providers[name])
    }


def _reach(account: Account) -> object:
    said = [account.node.text(key) for key in ("service", "region", "server")]
    return said, {key: _led_to(each) for key, each in account.tokens.items()}


def _files(resource: Resource) -> Iterator[Path]:
    for reference in resource.references.values():
        if path := file_of(reference):
            yield path


def file_of(reference: Reference) -> Path | None:
    """Return the file that a reference leads into; None for a variable."""
    if reference.source == "env":
        return None
    return Path(reference.location.file).parent / reference.target
