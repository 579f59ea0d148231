"""From settings and configuration to sessions: here secrets, network and sandbox are chosen."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from reconciler.cli.options import tell
from reconciler.cli.settings import Settings, base_urls
from reconciler.engine.live import Collection, Sessions
from reconciler.engine.plan import Selection
from reconciler.errors import SecretError, Untrusted
from reconciler.model import Config, Reference, Resource, Secret, Snapshot
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
    tokens = (
        _tokens_for_sandbox(config, settings, sandbox) if sandbox else _all_tokens(config, settings)
    )
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
    # Tokens first, so that none of them is taken for content.
    _all_tokens(config, settings, tolerant=settings.sandbox)
    errors: list[SecretError] = []
    desired = {
        address: resource.kind.seal(resource, _secrets_of(resource, settings, errors))
        for address, resource in config.desired.items()
    }
    _raise_all(errors)
    return replace(config, desired=desired)


def _secrets_of(
    resource: Resource, settings: Settings, errors: list[SecretError]
) -> Mapping[str, Secret]:
    """Resolve what is sent as content; the sandbox, which keeps it in a file, gets stand-ins."""
    if settings.sandbox:
        return {name: Secret(f"stand-in for {each}") for name, each in resource.references.items()}
    secrets: dict[str, Secret] = {}
    for name, reference in resource.references.items():
        try:
            secrets[name] = resolver().resolve(reference)
        except SecretError as error:
            errors.append(error)
    return secrets


def _raise_all(errors: Iterable[SecretError]) -> None:
    """Raise all as one; what is of one type stays of that type."""
    told = {str(error): type(error) for error in errors}
    if told:
        types = set(told.values())
        raise (types.pop() if len(types) == 1 else SecretError)("\n".join(told))


def check_trust(config: Config, settings: Settings) -> None:
    """Raise Untrusted, with all references, when there are some and none may be resolved."""
    needed = "\n".join(
        f"{each.reference.location}: {each.name}: {each.reference}" for each in needs(config)
    )
    if settings.untrusted and not settings.sandbox and needed:
        raise Untrusted(f"this needs secrets, and --untrusted resolves none:\n{needed}")


class Need(NamedTuple):
    """A secret that the YAML wants: `name` says for what; `service` whose token it is, if any."""

    name: str
    reference: Reference
    service: str | None = None

    def resolve(self) -> Secret:
        """Raises SecretError."""
        if self.service:
            return resolver().resolve_token(self.reference, self.service)
        return resolver().resolve(self.reference)


def needs(config: Config) -> Iterator[Need]:
    """Yield every secret that a configuration wants, tokens first."""
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            yield Need(f"{provider.address}/{key}", reference, provider.service.name)
    for address, resource in config.desired.items():
        for name, reference in resource.references.items():
            yield Need(f"{address} {name}", reference)


Tokens = Mapping[str, Mapping[str, Secret]]


def _all_tokens(config: Config, settings: Settings, *, tolerant: bool = False) -> Tokens:
    """Resolve the tokens by provider and key; none at all when `untrusted`.

    Raises SecretError, unless missing ones are tolerated.
    """
    tokens: dict[str, dict[str, Secret]] = {name: {} for name in config.providers}
    errors: list[SecretError] = []
    for provider in () if settings.untrusted else config.providers.values():
        for key, reference in provider.tokens.items():
            try:
                token = resolver().resolve_token(reference, provider.service.name)
                tokens[provider.name][key] = token
            except SecretError as error:
                errors.append(error)
    _raise_all(() if tolerant else errors)
    return tokens


def _tokens_for_sandbox(config: Config, settings: Settings, sandbox: EmbeddedSandbox) -> Tokens:
    """Let the sandbox's own tokens stand in for those that cannot be resolved."""
    resolved = _all_tokens(config, settings, tolerant=True)
    tokens: dict[str, dict[str, Secret]] = {name: {**each} for name, each in resolved.items()}
    stood_in: list[str] = []
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            if key in tokens[provider.name]:
                tell(
                    f"Note: {reference} goes to the sandbox, which has tokens of its own and may "
                    "refuse it; --untrusted keeps yours out."
                )
                continue
            stand_in = sandbox.token_for(provider.service.name, key, provider.name)
            tokens[provider.name][key] = Secret(stand_in)
            stood_in.append(str(reference))
    if stood_in:
        names = ", ".join(dict.fromkeys(stood_in))
        tell(f"Note: the sandbox's own tokens stand in for {names}.")
    return tokens


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
