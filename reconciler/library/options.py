"""How a run reaches its accounts: the operator says so, never the YAML."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class EmbeddedSandbox(Protocol):
    """What a run needs of `sandbox.Sandbox`."""

    def token_for(self, service: str, key: str, provider: str) -> str: ...

    def transport(self) -> Any: ...


def do_nothing(*_: object) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """`connections` is how many requests may be under way at once, and `rate` how many calls a
    minute to begin with, for each credential, instead of what its service documents. No more than
    `max_calls` are made, repeats included.

    With a `sandbox` nothing else is talked to. `untrusted` resolves no reference to a secret.
    `tell` is given what is worth a note, `watch` each request; both as a line of text.
    `before_write` is called before each request that may change something. `pause` waits for so
    many seconds, which `clock` counts.
    """

    connections: int = 8
    rate: int | None = None
    max_calls: int | None = None
    sandbox: EmbeddedSandbox | None = None
    untrusted: bool = False
    tell: Callable[[str], None] = do_nothing
    watch: Callable[[str], None] | None = None
    before_write: Callable[[], None] = do_nothing
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
