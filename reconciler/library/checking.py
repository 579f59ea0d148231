"""Check connections: each token proven and told apart, sender and domain looked at."""

from collections.abc import Collection
from dataclasses import replace

from reconciler.engine.examining import Checked, examine
from reconciler.library.credentials import check_trust
from reconciler.library.looking import missing_tokens
from reconciler.library.options import Options
from reconciler.library.reconciler import Planner
from reconciler.model import Config


def check(config: Config, options: Options, providers: Collection[str] = ()) -> list[Checked]:
    """Look at the providers that are named, or at all; sends nothing but GET.

    A token that cannot be resolved keeps no other provider from being looked at. Raises Untrusted,
    and UsageError for a bad base URL.
    """
    chosen = {name: each for name, each in config.providers.items() if name in providers}
    config = replace(config, providers=chosen or config.providers, desired={})
    check_trust(config, options)
    missing = {name: missing_tokens(each, options) for name, each in config.providers.items()}
    reached = {name: each for name, each in config.providers.items() if not missing[name]}
    with Planner.open(replace(config, providers=reached), options) as planner:
        found = examine(
            reached.values(),
            planner.sessions,
            connections=options.connections,
            clock=options.clock,
        )
    return [each for name in config.providers for each in missing[name] or found[name]]
