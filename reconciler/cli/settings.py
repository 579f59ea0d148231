"""What the options before the command say of a run."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    sandbox: bool = False
    sandbox_dir: str = ".esp-sandbox"
    connections: int = 8
    rate: int | None = None
    untrusted: bool = False
    debug: bool = False
