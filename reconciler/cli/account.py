"""From the options before a command to how its run reaches the accounts."""

from pathlib import Path

from reconciler.cli.options import tell
from reconciler.cli.settings import Settings
from reconciler.library.options import EmbeddedSandbox, Options


def options_of(settings: Settings) -> Options:
    return Options(
        connections=settings.connections,
        rate=settings.rate,
        sandbox=_open_sandbox(settings) if settings.sandbox else None,
        untrusted=settings.untrusted,
        tell=tell,
        watch=tell if settings.debug else None,
    )


def _open_sandbox(settings: Settings) -> EmbeddedSandbox:
    from reconciler.sandbox import Sandbox  # noqa: PLC0415 - only who uses it pays its start-up

    return Sandbox(Path(settings.sandbox_dir))
