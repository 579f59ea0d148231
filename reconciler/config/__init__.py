"""YAML in, desired state out: read, checked against schema and cross-references, all at once."""

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from reconciler.config.profiles import Profiles
from reconciler.config.schema import check_schema, load_schema
from reconciler.config.syntax import MAX_BYTES, parse
from reconciler.errors import ConfigError
from reconciler.files import LeadsOut, read_plainly
from reconciler.model import Account, Address, Config, Resource, Service
from reconciler.source import Finding, Location, Node, nothing

__all__ = ["load_config", "load_schema", "read_texts"]

NO_TEXTS: Mapping[Path, bytes] = nothing()


def load_config(
    paths: Sequence[Path], services: Mapping[str, Service], texts: Mapping[Path, bytes] = NO_TEXTS
) -> Config:
    """Load files and folders as one configuration; a folder stands for the YAML files in it.

    `texts` are read instead of the files at these paths, which need not be there.
    Raises ConfigError with every finding of all files.
    """
    findings: list[Finding] = []
    files = [*texts, *(each for each in _files(paths, findings) if each not in texts)]
    read = [root for path in files if (root := _read(path, texts, findings))]
    profiles = Profiles()
    findings.extend(profiles.collect(read))
    roots = [_checked(profiles.applied(root, findings), findings) for root in read]
    providers = dict(_merge(roots, services, findings))
    for provider in providers.values():
        findings.extend(provider.service.check(provider))
    desired: dict[Address, Resource] = {}
    for provider in providers.values():
        if provider.node.is_sound():
            said = {finding.location for finding in findings}
            findings.extend(
                each for each in _declare(provider, desired) if each.location not in said
            )
    doubtful = (finding for each in providers.values() for finding in each.service.warn(each))
    warnings = list(profiles.told(doubtful))
    findings.extend(profiles.unused())
    if findings:
        raise ConfigError(list(dict.fromkeys(profiles.told(findings))), warnings)
    return Config(providers, desired, _digest(providers.values()), tuple(sorted(warnings)))


def read_texts(paths: Sequence[Path]) -> dict[Path, str]:
    """Return the content of files, and of the YAML files in folders, with its own line breaks.

    Raises ConfigError as `load_config` does; what it would find in them is not looked for.
    """
    findings: list[Finding] = []
    raw = {path: _content(path, findings) for path in _files(paths, findings)}
    texts = {}
    for path, content in raw.items():
        try:
            texts[path] = (content or b"").decode()
        except UnicodeDecodeError:
            findings.append(_about(path, "not UTF-8 text; save the file as UTF-8"))
    if findings:
        raise ConfigError(findings, [])
    return texts


def _files(paths: Iterable[Path], findings: list[Finding]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in paths:
        try:
            is_folder = stat.S_ISDIR(path.stat().st_mode)
            found = _yaml_files(path) if is_folder else [path]
        except FileNotFoundError:
            is_link = path.is_symlink()
            message = "a link to what is not there" if is_link else f"no such file{_way_out(path)}"
            findings.append(_about(path, message))
        except (OSError, ValueError) as problem:
            findings.append(_unreadable(path, problem))
        else:
            files.update(dict.fromkeys(found))
            if not found:
                findings.append(
                    _about(
                        path, "no YAML file in this folder; hidden ones and `*.sops.*` do not count"
                    )
                )
    return list(files)


def _way_out(missing: Path) -> str:
    """Return the file or folder of the nearest name, or else how a configuration begins."""
    beside: list[Path] = []
    with suppress(OSError, ValueError):
        beside = [each for each in missing.parent.iterdir() if each.is_dir()]
        beside += _yaml_files(missing.parent)
    names = {each.stem: each for each in beside if not each.name.startswith(".")}
    if near := get_close_matches(missing.stem, names, n=1):
        return f"; did you mean `{names[near[0]]}`?"
    return "; name your configuration, or begin one with `version: 1` and `providers:`"


def _about(path: Path, message: str) -> Finding:
    return Finding(Location(str(path)), message)


def _unreadable(path: Path, problem: OSError | ValueError) -> Finding:
    reason = problem.strerror if isinstance(problem, OSError) else problem
    return _about(path, f"cannot be read: {reason}")


def _yaml_files(folder: Path) -> list[Path]:
    """Return the configuration files in a folder; hidden and SOPS files are something else."""
    return [
        path
        for path in sorted(folder.iterdir())
        if path.suffix in {".yaml", ".yml"}
        and ".sops." not in path.name
        and not path.name.startswith(".")
        and not path.is_dir()
    ]


def _content(path: Path, findings: list[Finding]) -> bytes | None:
    try:
        return read_plainly(path, MAX_BYTES)
    except LeadsOut as problem:
        # Messages quote keys, and those of a file elsewhere are nobody's business.
        findings.append(_about(path, f"{problem.strerror}; name the file that it leads to"))
    except OSError as problem:
        findings.append(_unreadable(path, problem))
    return None


def _read(path: Path, texts: Mapping[Path, bytes], findings: list[Finding]) -> Node | None:
    raw = texts[path] if path in texts else _content(path, findings)
    if raw is None:
        return None
    root, found = parse(raw, str(path))
    findings.extend(found)
    return root


def _checked(root: Node, findings: list[Finding]) -> Node:
    root, found = check_schema(root)
    findings.extend(found)
    return root


def _merge(
    roots: Iterable[Node], services: Mapping[str, Service], findings: list[Finding]
) -> Iterator[tuple[str, Account]]:
    seen: dict[str, Location] = {}
    for root in roots:
        for name, node in root.entries("providers"):
            place = root.children["providers"].keys[name]
            if name in seen:
                message = f"provider `{name}` is declared twice; first at {seen[name]}"
                findings.append(Finding(place, message))
                continue
            seen[name] = place
            named = node.at("service")
            service = services.get(str(named.data)) if named else None
            if service:
                yield name, Account(name, node, place, service)


def _declare(provider: Account, desired: dict[Address, Resource]) -> Iterator[Finding]:
    """Add a provider's resources to `desired`; yield those that are there already."""
    for kind in provider.service.kinds:
        for resource in kind.declared(provider):
            place = resource.location() or provider.location
            if resource.address in desired:
                first = desired[resource.address].location()
                name = resource.address.name
                yield Finding(place, f"`{name}` is declared twice; first at {first}")
            desired[resource.address] = resource


def _digest(providers: Iterable[Account]) -> str:
    content = {provider.name: provider.node.data for provider in providers}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
