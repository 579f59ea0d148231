"""The key that files are encrypted for: made once, by age itself, where sops looks for it."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import SecretError

_KEYS = ("sops", "age", "keys.txt")


def age_recipient(environment: Mapping[str, str] = os.environ) -> tuple[str, Path, bool]:
    """Return the public key to encrypt for, the file of the key, and whether it was made now.

    It is where sops looks for it. Raises SecretError without age-keygen, or where no key can be.
    """
    path = Path(environment.get("SOPS_AGE_KEY_FILE") or _home(environment).joinpath(*_KEYS))
    try:
        if is_new := not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keygen("-o", str(path))
        return _keygen("-y", str(path)).split()[0], path, is_new
    except FileNotFoundError:
        raise SecretError("age-keygen is not there, which makes keys; install age") from None
    except (OSError, subprocess.SubprocessError, IndexError):
        raise SecretError(f"{path}: no age key can be made or read there; look at it") from None


def _home(environment: Mapping[str, str]) -> Path:
    return Path(environment.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _keygen(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 - the path is the operator's
        ["age-keygen", *arguments],  # noqa: S607 - as sops is found
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    return done.stdout
