"""Files that the `sops` program decrypts and edits; nothing decrypted ever touches a disk.

What sops does and answers was tried with 3.13; `set --value-stdin` needs 3.11.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from reconciler.errors import (
    FileTampered,
    NoKeyForFile,
    NotEncrypted,
    NotInFile,
    SecretError,
    SopsFailed,
    SopsMissing,
    SopsTooOld,
)
from reconciler.model import Reference, Secret
from reconciler.secrets.environment import may_be_a_token
from reconciler.secrets.files import confined, content_of
from reconciler.secrets.keyservers import foreign_servers
from reconciler.source import printable, shortened

VARIABLE = "ESP_RECONCILE_SOPS"
TIMEOUT_VARIABLE = "ESP_RECONCILE_SOPS_TIMEOUT"
TIMEOUT = 60.0
OLDEST = (3, 11)
MAX_BYTES = 1024 * 1024
_STORES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "dotenv", ".ini": "ini"}
_STEP = re.compile(r"\[(\d+)\]")
_TAMPERED = {24, 25, 51, 52}
_NO_KEY = 128
_RECIPIENT = re.compile(r"^  (\S+): FAILED", re.MULTILINE)
_INSTALL = (
    "install sops (`go install github.com/getsops/sops/v3/cmd/sops@latest`, or a release of the "
    f"getsops project), or name another program by {VARIABLE}"
)

Tree = Mapping[str, Any]
"""Mappings and lists, down to `Secret`s; what is no text in the file is None here."""


@dataclass
class Sops:
    """One run's use of the program. `environment` is ours, and only a part of it is passed on."""

    environment: Mapping[str, str]
    _decrypted: dict[Path, Tree | SecretError] = field(default_factory=dict, repr=False)

    def lookup(self, reference: Reference) -> Secret:
        """Return the value that a reference names. Raises SecretError."""
        tree = self.tree(reference)
        steps = list(_steps(reference.key))
        found: Any = tree
        for step in steps:
            found = _below(found, step)
        if isinstance(found, Secret):
            return found
        shown = f"{reference.location}: {reference.target}"
        if found is _MISSING:
            near = get_close_matches(reference.key, list(key_names(tree)), n=1, cutoff=0.5)
            hint = f"; did you mean `{printable(near[0])}`?" if near else ""
            raise NotInFile(f"{shown}: there is no `{reference.key}` in it{hint}")
        raise NotInFile(f"{shown}: `{reference.key}` is not a text in it; name one, or quote it")

    def tree(self, reference: Reference) -> Tree:
        """Return the file's decrypted content, asked for once. Raises SecretError."""
        path = confined(reference)
        if path not in self._decrypted:
            try:
                self._decrypted[path] = self._decrypt(path, reference)
            except SecretError as error:
                self._decrypted[path] = error
        known = self._decrypted[path]
        if isinstance(known, SecretError):
            raise known
        return known

    def set(self, reference: Reference, value: Secret) -> None:
        """Write a value into the file, which sops encrypts before it does. Raises SecretError.

        A file that is not there yet is made by the creation rules in a `.sops.yaml` beside it.
        """
        path = confined(reference)
        if not path.exists():
            self._create(path, reference, value)
            return
        self._check_source(path, reference)
        index = "".join(f"[{json.dumps(step)}]" for step in _steps(reference.key))
        store = _store(path)
        types = ("--input-type", store, "--output-type", store)
        arguments = ("set", *types, "--value-stdin", str(path), index)
        self._run(arguments, reference, stdin=json.dumps(value.reveal()))
        self._decrypted.pop(path, None)

    def _create(self, path: Path, reference: Reference, value: Secret) -> None:
        content: Any = value.reveal()
        for step in reversed([*_steps(reference.key)]):
            content = {str(step): content}
        types = ("--input-type", "json", "--output-type", _store(path))
        arguments = ("encrypt", "--filename-override", str(path), *types)
        try:
            encrypted = self._run(arguments, reference, stdin=json.dumps(content), at=path.parent)
        except SopsFailed:
            raise SopsFailed(
                f"{reference.location}: {reference.target} is not there, and sops made no new "
                "one: a `.sops.yaml` beside it has to say for whom to encrypt"
            ) from None
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(encrypted)
        except OSError as problem:
            raise SecretError(
                f"{reference.location}: {reference.target}: {problem.strerror}"
            ) from None

    def _decrypt(self, path: Path, reference: Reference) -> Tree:
        self._check_source(path, reference)
        arguments = ("decrypt", "--input-type", _store(path), "--output-type", "json", str(path))
        output = self._run(arguments, reference)
        try:
            content = _as_secrets(json.loads(output))
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise SopsFailed(f"{reference.location}: {reference.target}: it holds no mapping")
        return content

    def _check_source(self, path: Path, reference: Reference) -> None:
        """Raise SecretError unless it is a file, and one that leads sops to no foreign server."""
        content = content_of(path, reference, MAX_BYTES)
        may_have_tags = _store(path) != "yaml"
        found = foreign_servers(content, self.environment, may_have_tags=may_have_tags)
        if found:
            raise SecretError(
                f"{reference.location}: {reference.target} would lead sops to "
                f"{shortened(printable(found[0]))}, which the operator did not name; set "
                "VAULT_ADDR to it if it is your Vault"
            )

    def _run(
        self,
        arguments: tuple[str, ...],
        reference: Reference,
        *,
        stdin: str = "",
        at: Path | None = None,
    ) -> str:
        program = self._program(reference)
        try:
            with subprocess.Popen(  # noqa: S603 - the operator names the program, the YAML cannot
                [program, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=at,
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

    def _program(self, reference: Reference) -> str:
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
            if not may_be_a_token(name, self.environment)
        }
        # Else it asks the internet for its newest version.
        return {**passed, "SOPS_DISABLE_VERSION_CHECK": "true"}

    def _timeout(self) -> float:
        said = self.environment.get(TIMEOUT_VARIABLE, "")
        return float(said) if said.isdecimal() and int(said) else TIMEOUT

    def _explain(self, program: str, code: int, words: str, reference: Reference) -> NoReturn:
        """Raise the error that an exit code means; its words may tell content, except of keys."""
        shown = f"{reference.location}: {reference.target}"
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
        raise SopsFailed(f"{shown}: sops failed with exit code {code}; try `sops decrypt` by hand")

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
        f"{reference.location}: {reference.target} needs {printable(program)}, which cannot be "
        f"run: {why}; {_INSTALL}"
    )


def key_names(tree: Any, prefix: str = "") -> Iterator[str]:
    """Yield the path of every text in a decrypted file, and no value."""
    if isinstance(tree, Secret):
        yield prefix
    below = tree.items() if isinstance(tree, Mapping) else enumerate(_listed(tree))
    for step, each in below:
        yield from key_names(each, f"{prefix}.{step}" if prefix else str(step))


def _listed(tree: Any) -> list[Any]:
    return tree if isinstance(tree, list) else []


def _talk(
    process: subprocess.Popen[str], stdin: str, timeout: float, reference: Reference
) -> tuple[str, str]:
    try:
        return process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise SopsFailed(
            f"{reference.location}: {reference.target}: sops did not end within {timeout:g} "
            f"seconds; {TIMEOUT_VARIABLE} gives it longer"
        ) from None
    finally:
        # A program that sops started may hold the pipes longer than sops lives.
        process.kill()


_MISSING = object()


def _below(found: Any, step: str | int) -> Any:
    if isinstance(found, Mapping):
        return found.get(str(step), _MISSING)
    if isinstance(found, list) and isinstance(step, int):
        return found[step] if step < len(found) else _MISSING
    return _MISSING


def _steps(key: str) -> Iterator[str | int]:
    """Split `a.b[0].c`, or `a.b.0.c`, into its steps."""
    for part in _STEP.sub(r".\1", key).split("."):
        yield int(part) if part.isdecimal() else part


def _as_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return Secret(value)
    if isinstance(value, dict):
        return {name: _as_secrets(each) for name, each in value.items()}
    return [_as_secrets(each) for each in value] if isinstance(value, list) else None


def _store(path: Path) -> str:
    return _STORES.get(path.suffix.lower(), "binary")


def _quoted(words: str) -> str:
    return "\n".join(
        f"  {printable(line)}"
        for line in words.splitlines()
        if line.strip() and "SECRET-KEY" not in line
    )
