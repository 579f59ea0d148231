"""From settings and configuration to sessions: here secrets, network and sandbox are chosen."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from reconciler.cli.options import tell
from reconciler.cli.settings import Settings, base_urls
from reconciler.errors import ReconcileError, SecretError, Untrusted
from reconciler.live import Collection, Sessions
from reconciler.model import Config, Reference, Resource, Secret, Snapshot
from reconciler.plan import Selection
from reconciler.providers.api import ClientT, Connector
from reconciler.secrets import Resolver


@functools.cache
def resolver() -> Resolver:
    """Return the one of this run, so that sops decrypts no file twice."""
    return Resolver()


class EmbeddedSandbox(Protocol):
    def token_for(self, service: str, key: str, provider: str) -> str: ...

    def transport(self) -> Any: ...


def _open_sandbox(settings: Settings) -> EmbeddedSandbox:
    from reconciler.sandbox import Sandbox  # noqa: PLC0415 - only who uses it pays its start-up

    return Sandbox(Path(settings.sandbox_dir))


@contextmanager
def open_sessions(
    config: Config,
    settings: Settings,
    client_type: type[ClientT],
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[Sessions]:
    """Open a session a provider, all of whose clients are of one type; close them at the end.

    Raises SecretError, with all that cannot be resolved, and UsageError for a bad base URL.
    """
    sandbox = _open_sandbox(settings) if settings.sandbox else None
    tokens = _all_tokens(config, settings, sandbox)
    with Connector(
        client_type,
        base_urls={} if sandbox else base_urls(),
        connections=settings.connections,
        transport=sandbox.transport() if sandbox else None,
        pause=pause,
        watch=tell if settings.debug else None,
    ) as connector:
        yield {
            provider.name: provider.service.connect(provider, tokens[provider.name], connector)
            for provider in config.providers.values()
        }


def concerned(config: Config, selection: Selection) -> Config:
    """Return the configuration with the providers that a selection meets: others need no token."""
    chosen = {
        name: provider
        for name, provider in config.providers.items()
        if selection.reaches(provider.address)
        or any(address.provider == name and address in selection for address in config.desired)
    }
    return replace(config, providers=chosen, desired=selection.of(config.desired))


def seal_secrets(config: Config, settings: Settings) -> Config:
    """Return the configuration with the secrets in its resources resolved, and sealed.

    Raises SecretError, with all that cannot be resolved, and Untrusted where nothing may be.
    """
    check_trust(config, settings)
    errors: list[ReconcileError] = []
    desired = {
        address: resource.kind.seal(resource, _secrets_of(resource, settings, errors))
        for address, resource in config.desired.items()
    }
    if errors:
        raise SecretError("\n".join(dict.fromkeys(map(str, errors))))
    return replace(config, desired=desired)


def _secrets_of(
    resource: Resource, settings: Settings, errors: list[ReconcileError]
) -> Mapping[str, Secret]:
    secrets: dict[str, Secret] = {}
    for name, reference in resource.references.items():
        try:
            secrets[name] = _resolver_for(settings).resolve(reference)
        except (SecretError, Untrusted) as error:
            if settings.sandbox:
                secrets[name] = Secret("sandbox")
            else:
                errors.append(error)
    return secrets


def _resolver_for(settings: Settings) -> Resolver:
    """Return the resolver of this run. Raises Untrusted when it may have none."""
    if settings.untrusted:
        raise Untrusted("--untrusted resolves no reference")
    return resolver()


def check_trust(config: Config, settings: Settings) -> None:
    """Raise Untrusted, with all references, when there are some and none may be resolved."""
    needed = "\n".join(
        f"{reference.location}: {name}: {reference}" for name, reference in references(config)
    )
    if settings.untrusted and not settings.sandbox and needed:
        raise Untrusted(f"this needs secrets, and --untrusted resolves none:\n{needed}")


def references(config: Config) -> Iterator[tuple[str, Reference]]:
    """Yield every reference to a secret, with the address and field that it is for."""
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            yield f"{provider.address}/{key}", reference
    for address, resource in config.desired.items():
        for name, reference in resource.references.items():
            yield f"{address} {name}", reference


def _all_tokens(
    config: Config, settings: Settings, sandbox: EmbeddedSandbox | None
) -> Mapping[str, Mapping[str, Secret]]:
    tokens: dict[str, dict[str, Secret]] = {name: {} for name in config.providers}
    missing: dict[str, ReconcileError] = {}
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            try:
                tokens[provider.name][key] = _token(reference, settings)
            except (SecretError, Untrusted) as error:
                missing[str(reference)] = error
                if sandbox:
                    stand_in = sandbox.token_for(provider.service.name, key, provider.name)
                    tokens[provider.name][key] = Secret(stand_in)
    if missing and sandbox is None:
        raise SecretError("\n".join(dict.fromkeys(map(str, missing.values()))))
    if missing:
        tell(f"Note: the sandbox's own tokens stand in for {', '.join(missing)}.")
    return tokens


def _token(reference: Reference, settings: Settings) -> Secret:
    token = _resolver_for(settings).resolve_token(reference)
    if settings.sandbox:
        tell(f"Note: {reference} is set and goes to the sandbox, which has tokens of its own.")
    return token


def collections(config: Config, desired: Snapshot, selection: Selection) -> list[Collection]:
    """Return what has to be listed: the collections that the YAML names and the selection meets."""
    wanted = {(resource.address.provider, type(resource.kind)) for resource in desired.values()}
    return [
        Collection(provider.address, kind)
        for provider in config.providers.values()
        for kind in provider.service.kinds
        if kind.parent is None
        and (
            (provider.name, type(kind)) in wanted
            or (
                kind.name in provider.node.children
                and selection.reaches(provider.address / kind.name)
            )
        )
    ]
