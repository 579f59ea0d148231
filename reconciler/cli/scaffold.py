"""The files of a configuration repository, besides the configuration."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reconciler.errors import UsageError

IGNORED = """\
# What esp-reconcile keeps for itself, plans, and secrets that are not encrypted.
.esp-sandbox/
plan.json
secrets/
*.dec.*
"""
HOOKS = """\
# Checks the YAML before each commit; `pre-commit install` switches it on.
repos:
  - repo: local
    hooks:
      - id: esp-reconcile-validate
        name: esp-reconcile validate
        entry: esp-reconcile validate
        language: system
        files: ^esp\\.yaml$
"""
RULES = """\
# For whom sops encrypts; further recipients follow after a comma.
creation_rules:
  - path_regex: \\.sops\\.(yaml|json|env|ini)$
    age: {recipient}
"""
EXAMPLES: Mapping[str, str] = {
    "mailgun": """\
    # tracking: {opens: true, clicks: true}      # for every domain below
    # domains:
    #   mg.example.com: {}
    #   promo.example.com: {tracking: {clicks: false}}
""",
    "postmark": """\
    # tracking: {opens: true, links: html_and_text}
    # domains:                                   # wants `account_token`
    #   example.com: {return_path: pm-bounces.example.com}
    # streams:
    #   newsletter: {type: broadcasts, name: Newsletter}
    # webhooks:
    #   - {url: https://hooks.example.com/postmark, triggers: [bounce, spam_complaint]}
""",
}
"""What could stand in a provider, for who has nothing to import yet."""
_KEYS = ("sops", "age", "keys.txt")


def age_recipient(environment: Mapping[str, str] = os.environ) -> tuple[str, Path]:
    """Return the public key to encrypt for, and the file of the key, which is made if missing.

    It is where sops looks for it. Raises UsageError without age-keygen, or where no key can be.
    """
    path = Path(environment.get("SOPS_AGE_KEY_FILE") or _home(environment).joinpath(*_KEYS))
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _keygen("-o", str(path))
        return _keygen("-y", str(path)).split()[0], path
    except FileNotFoundError:
        raise UsageError(
            "--secrets sops needs age-keygen, to make a key; install age, or say --secrets env"
        ) from None
    except (OSError, subprocess.SubprocessError, IndexError):
        raise UsageError(f"{path}: no age key can be made or read there; look at it") from None


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
