"""YAML in, desired state out: read, checked against schema and cross-references, all at once."""

import hashlib
import json
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from reconciler.config.schema import check_schema, load_schema
from reconciler.config.syntax import parse
from reconciler.errors import ConfigError
from reconciler.files import LeadsOut
from reconciler.model import Account, Address, Config, Resource, Service
from reconciler.source import Finding, Location, Node

__all__ = ["load_config", "load_schema"]


def load_config(paths: Sequence[Path], services: Mapping[str, Service]) -> Config:
    """Load files and folders as one configuration; a folder stands for the YAML files in it.

    Raises ConfigError with every finding of all files.
    """
    findings: list[Finding] = []
    roots = [root for path in _files(paths, findings) if (root := _read(path, findings))]
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
    warnings = [finding for each in providers.values() for finding in each.service.warn(each)]
    if findings:
        raise ConfigError(list(dict.fromkeys(findings)), warnings)
    return Config(providers, desired, _digest(providers.values()), tuple(sorted(warnings)))


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


def _read(path: Path, findings: list[Finding]) -> Node | None:
    try:
        root, found = parse(path, str(path))
    except LeadsOut as problem:
        # Messages quote keys, and those of a file elsewhere are nobody's business.
        findings.append(_about(path, f"{problem.strerror}; name the file that it leads to"))
        return None
    except OSError as problem:
        findings.append(_unreadable(path, problem))
        return None
    findings.extend(found)
    if root is not None:
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
