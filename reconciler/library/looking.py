"""Look at providers as an admin would: connection, tokens, sender, domains, and all the rest."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from reconciler.config.description import place_at
from reconciler.engine.crew import resting
from reconciler.engine.examining import Checked, checked, examine
from reconciler.engine.live import Progress, in_silence
from reconciler.engine.overview import Look, Scope, look_over
from reconciler.fields import UNKNOWN
from reconciler.library.credentials import check_trust, known_for_reading, unresolved
from reconciler.library.options import Options
from reconciler.library.reconciler import sessions_of
from reconciler.model import Account, Config, Health, Observation
from reconciler.providers.api import Reader


def look(
    config: Config,
    options: Options,
    scope: Scope,
    providers: Collection[str] = (),
    *,
    progress: Progress = in_silence,
) -> list[Look]:
    """Look at the providers that are named, or at all; sends nothing but GET.

    What cannot be read is part of what is returned. Raises Untrusted, and UsageError for a bad base
    URL.
    """
    config = only(config, providers)
    reached, missing = reachable(config, options)
    with sessions_of(reached, options, Reader) as sessions:
        found = look_over(
            reached,
            sessions,
            scope,
            connections=options.connections,
            progress=progress,
            pause=resting(options.pause),
        )
        examined = examine(
            reached.providers.values(),
            sessions,
            connections=options.connections,
            clock=options.clock,
        )
    return [
        Look(each, [*missing[name], *examined.get(name, ())], advanced(each), found.get(name))
        for name, each in config.providers.items()
    ]


def only(config: Config, providers: Collection[str]) -> Config:
    """Return a configuration of the providers that are named, or of all without any."""
    chosen = {name: each for name, each in config.providers.items() if name in providers}
    return replace(config, providers=chosen or config.providers)


def reachable(config: Config, options: Options) -> tuple[Config, dict[str, list[Checked]]]:
    """Return what can be read, and by provider the failed looks at tokens that are missing.

    Raises Untrusted.
    """
    check_trust(config, options)
    missing = {name: missing_tokens(each, options) for name, each in config.providers.items()}
    reached = {name: each for name, each in config.providers.items() if not missing[name]}
    desired = {each: it for each, it in config.desired.items() if each.provider in reached}
    config = replace(config, providers=reached, desired=desired)
    return known_for_reading(config, options), missing


def advanced(account: Account) -> dict[str, Any]:
    """Return what the sending application is told, by key: as declared, else as by default."""
    place = place_at(account.service.name, ("advanced",))
    said = {key: account.node.at(f"advanced.{key}") for key in place.keys}
    default = {key: place_at(account.service.name, ("advanced", key)).default for key in said}
    values = {key: default[key] if node is None else node.data for key, node in said.items()}
    return {key: value for key, value in values.items() if value is not UNKNOWN}


def missing_tokens(account: Account, options: Options) -> list[Checked]:
    """Return a failed look for each token of a provider that cannot be resolved."""
    return [
        checked(
            account,
            account.service.token_kinds[key].name,
            Observation(Health.FAILED, str(error)),
            key=key,
        )
        for key, error in unresolved(account, options)
    ]
