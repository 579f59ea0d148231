"""A folder with files that the real `sops` encrypted, for a key that `age-keygen` made."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from required import needs

from reconciler.model import Reference, Secret
from reconciler.secrets import Resolver
from reconciler.source import Location

PLAIN = """\
postmark: {account_token: canary-account}
mailgun:
  api_key: canary-mailgun
  list: [canary-first, canary-second]
number: 12
"""


@dataclass(frozen=True)
class Vault:
    """`environment` is what the program would be started with: a home of its own, and the key."""

    folder: Path
    environment: Mapping[str, str]
    recipient: str

    def sops(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            ["sops", *arguments],
            cwd=self.folder,
            env=dict(self.environment),
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def encrypt(self, name: str, plain: str, store: str = "yaml") -> Path:
        """Encrypt without a plain file ever being there."""
        types = ("--input-type", store, "--output-type", store)
        arguments = ("encrypt", "--age", self.recipient, "--filename-override", name, *types)
        path = self.folder / name
        path.write_text(self.sops(*arguments, stdin=plain), encoding="utf-8")
        return path

    def reference(self, key: str, name: str = "secrets.sops.yaml") -> Reference:
        return Reference("sops", name, Location(str(self.folder / "esp.yaml"), 5, 12), key)

    def resolver(self, **environment: str) -> Resolver:
        return Resolver({**self.environment, **environment})

    def resolve(self, key: str, name: str = "secrets.sops.yaml", **environment: str) -> Secret:
        return self.resolver(**environment).resolve(self.reference(key, name))


def new_key(folder: Path, name: str) -> tuple[Path, str]:
    """Make an age key; return its file and its public half."""
    path = folder / name
    subprocess.run(["age-keygen", "-o", str(path)], capture_output=True, check=True)
    public = subprocess.run(
        ["age-keygen", "-y", str(path)], capture_output=True, text=True, check=True
    )
    return path, public.stdout.strip()


def open_vault(folder: Path) -> Vault:
    needs("sops")
    home = folder / "home"
    home.mkdir()
    key, recipient = new_key(home, "key.txt")
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "SOPS_AGE_KEY_FILE": str(key),
        "SOPS_DISABLE_VERSION_CHECK": "true",
    }
    (folder / "conf").mkdir()
    vault = Vault(folder / "conf", environment, recipient)
    vault.encrypt("secrets.sops.yaml", PLAIN)
    return vault
