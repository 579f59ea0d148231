"""What can be completed: addresses, providers and profiles of the YAML, quietly."""

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import click

from reconciler.cli.configuration import DEFAULT_FILE
from reconciler.errors import ReconcileError


def addresses(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    return _beginning(typed, _known(context))


def targets(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Return what can be explained: addresses and kinds."""
    from reconciler.library.explaining import kinds  # noqa: PLC0415 - as in `actions`

    return _beginning(typed, [*_known(context), *kinds()])


def patterns(context: click.Context, _: click.Parameter, typed: str) -> list[str]:
    """Return addresses, and patterns for all of a provider or a collection."""
    known = _known(context)
    above = {f"{'/'.join(each.split('/')[:length])}/*" for each in known for length in (1, 2)}
    return _beginning(typed, [*known, *above])


def actions(_: click.Context, __: click.Parameter, typed: str) -> list[str]:
    from reconciler.providers import SERVICES  # noqa: PLC0415 - only who completes waits for it

    kinds = (kind for service in SERVICES.values() for kind in service.kinds)
    return _beginning(typed, {"set-untold", *(name for kind in kinds for name in kind.actions)})


def _beginning(typed: str, known: Iterable[str]) -> list[str]:
    return sorted({each for each in known if each.startswith(typed)})


def _known(context: click.Context) -> list[str]:
    """Return the declared addresses; none, and no word, where the YAML cannot be read."""
    from reconciler.config import load_config  # noqa: PLC0415 - as above
    from reconciler.providers import SERVICES  # noqa: PLC0415

    files = [Path(each) for each in context.params.get("files") or [DEFAULT_FILE]]
    with suppress(ReconcileError, OSError):
        return [str(each) for each in load_config(files, SERVICES).desired]
    return []
