"""Running the `sops` program: with pipes for all that is secret, and a name for each failure.

What it does and answers was tried with sops 3.13; `set --value-stdin` needs 3.11.
"""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from reconciler.errors import (
    FileTampered,
    NoKeyForFile,
    NotEncrypted,
    SopsFailed,
    SopsMissing,
    SopsTooOld,
)
from reconciler.model import Reference
from reconciler.secrets.environment import may_be_a_secret
from reconciler.source import printable

VARIABLE = "ESP_RECONCILE_SOPS"
TIMEOUT_VARIABLE = "ESP_RECONCILE_SOPS_TIMEOUT"
TIMEOUT = 60.0
OLDEST = (3, 11)
_TAMPERED = {24, 25, 51, 52}
_NO_KEY = 128
_RECIPIENT = re.compile(r"^  (\S+): FAILED", re.MULTILINE)
_INSTALL = (
    "install sops (`go install github.com/getsops/sops/v3/cmd/sops@latest`, or a release of the "
    f"getsops project), or name another program by {VARIABLE}"
)


@dataclass(frozen=True)
class Program:
    """`environment` is ours, and only a part of it is passed on."""

    environment: Mapping[str, str]

    def run(
        self,
        arguments: tuple[str, ...],
        reference: Reference,
        *,
        stdin: str,
    ) -> str:
        """Return what it prints. Raises SecretError, which holds none of it."""
        program = self._path(reference)
        try:
            with subprocess.Popen(  # noqa: S603 - the operator names the program, the YAML cannot
                [program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._environment(),
                text=True,
                encoding="utf-8",
                errors="replace",
            ) as process:
                output, words = _talk(process, stdin, self._timeout(), reference)
        except OSError as problem:
            raise _missing(program, problem.strerror, reference) from None
        if process.returncode:
            self._explain(program, process.returncode, words, reference)
        return output

    def _path(self, reference: Reference) -> str:
        """Return where it is: a relative name would mean another program in another folder."""
        name = self.environment.get(VARIABLE) or "sops"
        found = shutil.which(name, path=self.environment.get("PATH"))
        if found is None:
            raise _missing(name, "there is no such program", reference)
        return str(Path(found).absolute())

    def _environment(self) -> dict[str, str]:
        """Return what sops gets: its keys may be in it, the tokens that the YAML names may not."""
        passed = {
            name: value
            for name, value in self.environment.items()
            if not may_be_a_secret(name, self.environment)
        }
        return {
            # A second lock, from sops 3.13 on: what leads to another Vault was refused before.
            "SOPS_HC_VAULT_ALLOWLIST": self.environment.get("VAULT_ADDR") or "none",
            **passed,
            # Else it asks the internet for its newest version.
            "SOPS_DISABLE_VERSION_CHECK": "true",
        }

    def _timeout(self) -> float:
        said = self.environment.get(TIMEOUT_VARIABLE, "")
        return float(said) if said.isdecimal() and int(said) else TIMEOUT

    def _explain(self, program: str, code: int, words: str, reference: Reference) -> NoReturn:
        """Raise the error that an exit code means; its words may tell content, except of keys."""
        shown = reference.place_and_file
        if code == _NO_KEY:
            recipients = printable(", ".join(_RECIPIENT.findall(words))) or "others"
            raise NoKeyForFile(
                f"{shown}: none of your keys opens it; it is encrypted for {recipients}. sops "
                f"says:\n{_quoted(words)}"
            )
        if code in _TAMPERED:
            raise FileTampered(
                f"{shown}: it was changed after it was encrypted, or is damaged (sops: exit code "
                f"{code}); restore it from Git, and change it with `secrets set` or sops only"
            )
        if "sops metadata not found" in words:
            raise NotEncrypted(
                f"{shown}: it is not encrypted, so it is not read; encrypt it with sops, and "
                "replace the secrets in it if it was ever committed"
            )
        version = self._version(program)
        if version and version < OLDEST:
            said, wanted = (".".join(map(str, each)) for each in (version, OLDEST))
            raise SopsTooOld(f"{shown}: sops {said} is too old, {wanted} is wanted; {_INSTALL}")
        raise SopsFailed(
            f"{shown}: sops failed with exit code {code}; its reason could hold secrets and is not "
            "shown: try `sops decrypt` by hand"
        )

    def _version(self, program: str) -> tuple[int, ...] | None:
        done = subprocess.run(  # noqa: S603 - as above
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=self._environment(),
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        found = re.search(r"(\d+)\.(\d+)", done.stdout)
        return tuple(map(int, found.groups())) if found else None


def _missing(program: str, why: str | None, reference: Reference) -> SopsMissing:
    return SopsMissing(
        f"{reference.place_and_file} needs {printable(program)}, which cannot be run: {why}; "
        f"{_INSTALL}"
    )


def _talk(
    process: subprocess.Popen[str], stdin: str, timeout: float, reference: Reference
) -> tuple[str, str]:
    try:
        return process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise SopsFailed(
            f"{reference.place_and_file}: sops did not end within {timeout:g} seconds; "
            f"{TIMEOUT_VARIABLE} gives it longer"
        ) from None
    finally:
        # A program that sops started may hold the pipes longer than sops lives.
        process.kill()


def _quoted(words: str) -> str:
    return "\n".join(
        f"  {printable(line)}"
        for line in words.splitlines()
        if line.strip() and "SECRET-KEY" not in line
    )
