"""The secrets that a configuration refers to: which there are, and what they are for this run."""

import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from reconciler.errors import SecretError, Untrusted
from reconciler.library.options import EmbeddedSandbox, Options
from reconciler.model import Account, Address, Config, Reference, Resource, Secret
from reconciler.secrets import Resolver, may_be_a_secret

Tokens = Mapping[str, Mapping[str, Secret]]
"""By provider, and by the token's key in the YAML."""


@functools.cache
def resolver() -> Resolver:
    """Return the one of this run, so that sops decrypts no file twice."""
    return Resolver()


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


def check_trust(config: Config, options: Options) -> None:
    """Raise Untrusted, with all references, when there are some and none may be resolved."""
    needed = "\n".join(
        f"{each.reference.location}: {each.name}: {each.reference}" for each in needs(config)
    )
    if options.untrusted and not options.sandbox and needed:
        raise Untrusted(f"this needs secrets, and --untrusted resolves none:\n{needed}")


def seal_secrets(config: Config, options: Options) -> Config:
    """Return the configuration with the secrets in its resources resolved, and sealed.

    Raises SecretError, with all that cannot be resolved, and Untrusted where nothing may be.
    """
    check_trust(config, options)
    if not options.sandbox:
        # Tokens first, so that none of them is taken for content.
        tokens(config, options)
    errors: list[SecretError] = []
    desired = {
        address: resource.kind.seal(resource, _secrets_of(resource, options, errors))
        if resource.references or resource.secrets
        else resource
        for address, resource in config.desired.items()
    }
    _raise_all(errors)
    return replace(config, desired=desired)


def seal_what_resolves(
    config: Config, options: Options
) -> tuple[Config, Mapping[Address, frozenset[str]]]:
    """Return a configuration with its secrets sealed, and the fields whose secrets are not known.

    Those hold what is equal to no secret. For what was declared once: its references may lead
    nowhere by now. Raises Untrusted where none may be resolved.
    """
    check_trust(config, options)
    sealed: dict[Address, Resource] = {}
    unknown: dict[Address, frozenset[str]] = {}
    for address, resource in config.desired.items():
        found = _secrets_of(resource, options, [])
        missing = resource.references.keys() - found.keys()
        stand_ins = {name: _made_up(resource.references[name]) for name in missing}
        is_plain = not (resource.references or resource.secrets)
        sealed[address] = resource if is_plain else resource.kind.seal(resource, found | stand_ins)
        unknown[address] = fields_of(sealed[address], missing)
    return replace(config, desired=sealed), {
        each: names for each, names in unknown.items() if names
    }


def known_for_reading(config: Config, options: Options) -> Config:
    """Return a configuration to read with: of its secrets all that resolve are known.

    So no answer that repeats one is shown; one that leads nowhere is nobody's loss. Raises
    SecretError for tokens, and Untrusted where nothing may be resolved.
    """
    check_trust(config, options)
    if not options.sandbox:
        # Tokens first, so that none of them is taken for content.
        tokens(config, options)
    return seal_what_resolves(config, options)[0]


def fields_of(resource: Resource, references: Iterable[str]) -> frozenset[str]:
    """Return the fields that references of these names are values of, or values in."""
    return frozenset(
        field
        for field in resource.attributes
        for name in references
        if name == field or name.startswith(f"{field}.")
    )


def _secrets_of(
    resource: Resource, options: Options, errors: list[SecretError]
) -> dict[str, Secret]:
    """Resolve what is sent as content; the sandbox, which keeps it in a file, gets stand-ins."""
    if options.sandbox:
        return {name: _made_up(each) for name, each in resource.references.items()}
    secrets: dict[str, Secret] = {}
    for name, reference in resource.references.items():
        try:
            secrets[name] = resolver().resolve(reference)
        except SecretError as error:
            errors.append(error)
    return secrets


def _made_up(reference: Reference) -> Secret:
    """Return a text that any field takes, a URL as well as a password; always the same one."""
    digest = hashlib.sha256(str(reference).encode()).hexdigest()
    return Secret(f"https://secret.example/{digest[:8]}")


def _raise_all(errors: Iterable[SecretError]) -> None:
    """Raise all as one; what is of one type stays of that type."""
    told = {str(error): type(error) for error in errors}
    if told:
        types = set(told.values())
        raise (types.pop() if len(types) == 1 else SecretError)("\n".join(told))


def heard_of(config: Config, options: Options) -> Iterator[Secret]:
    """Yield what the environment holds of all that the files refer to.

    A service may repeat the secret of a provider that this run has nothing to do with.
    """
    environment = resolver().environment
    for reference in () if options.sandbox or options.untrusted else config.references:
        name = reference.target
        is_meant = reference.source == "env" and may_be_a_secret(name, environment)
        if is_meant and (value := environment.get(name, "").strip()):
            yield Secret(value)


def tokens(config: Config, options: Options) -> Tokens:
    """Resolve the tokens; the sandbox has its own, and real ones are never sent there.

    Raises SecretError, with all that cannot be resolved.
    """
    return _stand_ins(config, options.sandbox, options) if options.sandbox else _tokens(config)


def _tokens(config: Config) -> Tokens:
    found: dict[str, dict[str, Secret]] = {name: {} for name in config.providers}
    errors: list[SecretError] = []
    for provider in config.providers.values():
        for key, reference in provider.tokens.items():
            try:
                token = resolver().resolve_token(reference, provider.service.name)
                found[provider.name][key] = token
            except SecretError as error:
                errors.append(error)
    _raise_all(errors)
    return found


def unresolved(account: Account, options: Options) -> Iterator[tuple[str, SecretError]]:
    """Yield the keys of a provider's tokens that cannot be resolved, and why; none in a sandbox."""
    for key, reference in account.tokens.items() if not options.sandbox else ():
        try:
            resolver().resolve_token(reference, account.service.name)
        except SecretError as error:
            yield key, error


def _stand_ins(config: Config, sandbox: EmbeddedSandbox, options: Options) -> Tokens:
    # A plan without changes, once saved, asks for no token at all.
    if any(needs(config)):
        options.tell(_note_of_stand_ins(config))
    return {
        provider.name: {
            key: Secret(sandbox.token_for(provider.service.name, key, provider.name))
            for key in provider.tokens
        }
        for provider in config.providers.values()
    }


def _note_of_stand_ins(config: Config) -> str:
    """Say what is not read: no variable, no file and no program is asked for a real secret."""
    tokens, contents = (
        ", ".join(dict.fromkeys(str(each.reference) for each in needs(config) if wanted(each)))
        for wanted in (lambda need: need.service, lambda need: not need.service)
    )
    made_up = f", and made-up texts for {contents}" if contents else ""
    return f"Note: the sandbox's own tokens stand in for {tokens}{made_up}."
