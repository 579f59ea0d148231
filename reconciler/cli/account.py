"""From settings and configuration to sessions: here secrets, network and sandbox are chosen."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from reconciler.cli.options import tell
from reconciler.cli.settings import Settings, base_urls
from reconciler.errors import ReconcileError, SecretError
from reconciler.live import Collection, Sessions
from reconciler.model import Config, Provider, Reference, Resource, Secret, Snapshot
from reconciler.plan import Selection
from reconciler.providers.api import ClientT, Connector
from reconciler.secrets import resolve, resolve_token


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
    tokens = _all_tokens(config, sandbox)
    with Connector(
        client_type,
        base_urls={} if sandbox else base_urls(),
        connections=settings.connections,
        transport=sandbox.transport() if sandbox else None,
        pause=pause,
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

    Raises SecretError, with all that cannot be resolved.
    """
    errors: list[ReconcileError] = []
    desired = {
        address: resource.kind.seal(resource, _secrets_of(resource, settings, errors))
        for address, resource in config.desired.items()
    }
    if errors:
        raise SecretError("\n".join(str(error) for error in errors))
    return replace(config, desired=desired)


def _secrets_of(
    resource: Resource, settings: Settings, errors: list[ReconcileError]
) -> Mapping[str, Secret]:
    secrets: dict[str, Secret] = {}
    for name, reference in resource.references.items():
        try:
            secrets[name] = resolve(reference)
        except SecretError as error:
            if settings.sandbox:
                secrets[name] = Secret("sandbox")
            else:
                errors.append(error)
    return secrets


def _all_tokens(
    config: Config, sandbox: EmbeddedSandbox | None
) -> Mapping[str, Mapping[str, Secret]]:
    tokens: dict[str, dict[str, Secret]] = {}
    errors: list[ReconcileError] = []
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            try:
                token = _token(provider, key, reference, sandbox)
                tokens.setdefault(provider.name, {})[key] = token
            except SecretError as error:
                errors.append(error)
    if errors:
        raise SecretError("\n".join(str(error) for error in errors))
    return tokens


def _token(
    provider: Provider, key: str, reference: Reference, sandbox: EmbeddedSandbox | None
) -> Secret:
    if sandbox is None:
        return resolve_token(reference)
    try:
        token = resolve_token(reference)
    except SecretError:
        return Secret(sandbox.token_for(provider.service.name, key, provider.name))
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
