"""YAML in, desired state out: read, checked against schema and cross-references, all at once."""

import hashlib
import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from reconciler.config.profiles import Profiles
from reconciler.config.schema import check_schema
from reconciler.config.schema_files import load_schema
from reconciler.config.sources import Source, content_of, is_ours, read_texts, sources_in
from reconciler.config.syntax import MAX_BYTES, parse
from reconciler.errors import ConfigError
from reconciler.model import Account, Address, Config, Reference, Resource, Service
from reconciler.source import Finding, Location, Node, nothing

__all__ = ["MAX_BYTES", "load_config", "load_schema", "read_texts"]

_TWICE = "declared-twice"
NO_TEXTS: Mapping[Path, bytes] = nothing()


def load_config(
    paths: Sequence[Path],
    services: Mapping[str, Service],
    texts: Mapping[Path, bytes] = NO_TEXTS,
    *,
    recursive: bool = False,
    found: Container[Path] = (),
) -> Config:
    """Load files and folders as one configuration; a folder stands for the YAML files in it.

    With `recursive` also for those in folders below it. What in a folder is no configuration is
    passed over with a warning. `texts` are read instead of the files at these paths, which need not
    be there; those `found` are passed over as the files in a folder are. Raises ConfigError with
    every finding of all files.
    """
    findings: list[Finding] = []
    passed_over: list[Finding] = []
    sources = [Source(path, is_found=path in found) for path in texts]
    others = [path for path in paths if path not in texts]
    sources += sources_in(others, findings, recursive=recursive)
    read = [root for each in sources if (root := _read(each, texts, findings, passed_over))]
    if passed_over and not read and not findings:
        findings.extend(passed_over)
    profiles = Profiles()
    findings.extend(profiles.collect(read))
    roots = [_checked(profiles.applied(root, findings), findings) for root in read]
    providers = dict(_merge(roots, services, findings))
    for provider in providers.values():
        findings.extend(provider.service.check(provider))
    desired = _desired(providers.values(), findings)
    doubtful = (finding for each in providers.values() for finding in each.service.warn(each))
    warnings = [*passed_over, *profiles.told(doubtful)]
    findings.extend(profiles.unused())
    if findings:
        raise ConfigError(list(dict.fromkeys(profiles.told(findings))), warnings)
    told = tuple(sorted(warnings)), profiles.places()
    digest, references = _digest(providers.values()), _references(providers, desired)
    return Config(providers, desired, digest, *told, references)


def _references(
    providers: Mapping[str, Account], desired: Mapping[Address, Resource]
) -> tuple[Reference, ...]:
    tokens = (each for provider in providers.values() for each in provider.tokens.values())
    content = (each for resource in desired.values() for each in resource.references.values())
    return (*tokens, *content)


def _read(
    source: Source,
    texts: Mapping[Path, bytes],
    findings: list[Finding],
    passed_over: list[Finding],
) -> Node | None:
    raw = texts[source.path] if source.path in texts else content_of(source.path, findings)
    if raw is None:
        return None
    root, found = parse(raw, str(source.path))
    if source.is_found and root is not None and not is_ours(root):
        message = "no `version: 1`, no `providers:` and no `profiles:`, so that it was skipped"
        place = Location(str(source.path))
        passed_over.append(Finding(place, message, "not-configuration"))
        return None
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
                findings.append(Finding(place, message, _TWICE))
                continue
            seen[name] = place
            named = node.at("service")
            service = services.get(str(named.data)) if named else None
            if service:
                yield name, Account(name, node, place, service)


def _desired(providers: Iterable[Account], findings: list[Finding]) -> dict[Address, Resource]:
    """Return the resources of the providers in which nothing was found wrong."""
    desired: dict[Address, Resource] = {}
    for provider in providers:
        if provider.node.is_sound():
            said = {finding.location for finding in findings}
            findings.extend(
                each for each in _declare(provider, desired) if each.location not in said
            )
    return desired


def _declare(provider: Account, desired: dict[Address, Resource]) -> Iterator[Finding]:
    """Add a provider's resources to `desired`; yield those that are there already."""
    for kind in provider.service.kinds:
        for resource in kind.declared(provider):
            place = resource.location() or provider.location
            if resource.address in desired:
                first = desired[resource.address].location()
                name = resource.address.name
                message = f"`{name}` is declared twice; first at {first}"
                yield Finding(place, message, _TWICE)
            desired[resource.address] = resource


def _digest(providers: Iterable[Account]) -> str:
    content = {provider.name: provider.node.data for provider in providers}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
