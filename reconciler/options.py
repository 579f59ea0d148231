"""How a run reaches its accounts: the operator says so, never the YAML."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class EmbeddedSandbox(Protocol):
    """What a run needs of `sandbox.Sandbox`."""

    def token_for(self, service: str, key: str, provider: str) -> str: ...

    def transport(self) -> Any: ...


def _in_silence(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Options:
    """`connections` is how many requests may be under way at once.

    With a `sandbox` nothing else is talked to. `untrusted` resolves no reference to a secret.
    `tell` is given what is worth a note, `watch` each request; both as a line of text. `pause`
    waits for so many seconds.
    """

    connections: int = 8
    sandbox: EmbeddedSandbox | None = None
    untrusted: bool = False
    tell: Callable[[str], None] = _in_silence
    watch: Callable[[str], None] | None = None
    pause: Callable[[float], None] = time.sleep
