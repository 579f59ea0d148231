"""Files that sops encrypted: found in, listed, and added to; no clear text ever touches a disk."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from typing import Any

from reconciler.errors import FileTampered, NotEncrypted, NotInFile, SecretError, SopsFailed
from reconciler.model import Reference, Sealed, Secret
from reconciler.secrets.files import confined, content_of
from reconciler.secrets.keyservers import foreign_servers
from reconciler.secrets.program import Program
from reconciler.secrets.trees import MISSING, Tree, as_secrets, find, key_names, leaves, steps
from reconciler.source import printable

MAX_BYTES = 1024 * 1024
_STORES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "dotenv", ".ini": "ini"}
_CONFLICT = re.compile(rb"^<{7} ", re.MULTILINE)
_DOCUMENT = re.compile(rb"(?<!\A)^---\s", re.MULTILINE)
_TELLING = 8
"""Letters of a value that do not stand in an encrypted file by chance."""


@dataclass
class Sops:
    """One run's use of encrypted files: each is decrypted once, and a failure is remembered."""

    environment: Mapping[str, str]
    _decrypted: dict[Path, Tree | SecretError] = field(default_factory=dict, repr=False)

    def lookup(self, reference: Reference) -> Secret:
        """Return the value that a reference names. Raises SecretError."""
        tree = self.tree(reference)
        found = find(tree, steps(reference.key))
        shown, key = reference.place_and_file, printable(reference.key)
        if found is MISSING:
            near = get_close_matches(reference.key, list(key_names(tree)), n=1, cutoff=0.5)
            hint = f"; did you mean `{printable(near[0])}`?" if near else ""
            raise NotInFile(f"{shown}: there is no `{key}` in it{hint}")
        if not isinstance(found, Secret):
            raise NotInFile(f"{shown}: `{key}` is not a text in it; name one, or quote it")
        if self._is_clear(found, confined(reference), reference):
            raise NotEncrypted(
                f"{shown}: `{key}` is not encrypted in it; replace the secret, and change the "
                "rules that leave it out"
            )
        return found

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

        A file that is not there yet is made by the creation rules of a `.sops.yaml`. What would
        happen is tried on a copy, with a value of no meaning: nothing else in the file may change,
        and the value may not stand in it in the clear.
        """
        path = confined(reference)
        if not path.parent.is_dir():
            raise SecretError(f"{reference.place_and_file}: its folder is not there")
        if _store(path) == "binary" and reference.key != "data":
            raise NotInFile(
                f"{reference.place_and_file}: a file of no known format has one key, `data`"
            )
        known = dict(leaves(self.tree(reference))) if path.exists() else {}
        probe = Secret(token_hex(16))
        with TemporaryDirectory(prefix="esp-reconcile-") as folder:
            draft = Path(folder, path.name)
            if path.exists():
                draft.write_bytes(content_of(path, reference, MAX_BYTES))
            self._put(draft, path, reference, probe)
            self._check_draft(draft, reference, known, probe)
        self._put(path, path, reference, value)
        self._decrypted.pop(path, None)

    def _put(self, target: Path, path: Path, reference: Reference, value: Secret) -> None:
        """Set a value in `target`, which is the file at `path` or its draft."""
        if target.exists():
            self._set_in(target, reference, value)
            return
        encrypted = self._new(path, reference, value)
        try:
            with target.open("x", encoding="utf-8") as file:
                file.write(encrypted)
        except OSError as problem:
            raise SecretError(f"{reference.place_and_file}: {problem.strerror}") from None

    def _set_in(self, path: Path, reference: Reference, value: Secret) -> None:
        index = "".join(
            f"[{step if step.isdecimal() else json.dumps(step)}]" for step in steps(reference.key)
        )
        types = ("--input-type", _store(path), "--output-type", _store(path))
        arguments = ("set", *types, "--value-stdin", str(path), index)
        try:
            self._run(arguments, reference, stdin=json.dumps(value.reveal()))
        except SopsFailed:
            raise SopsFailed(
                f"{reference.place_and_file}: sops sets no `{printable(reference.key)}` in it; "
                "YAML and JSON take paths such as a.b, INI section.key, dotenv a name"
            ) from None

    def _new(self, path: Path, reference: Reference, value: Secret) -> str:
        content: Any = value.reveal()
        for step in reversed(steps(reference.key)):
            content = {step: content}
        types = ("--input-type", "json", "--output-type", _store(path))
        arguments = ("encrypt", "--filename-override", str(path), *types)
        try:
            return self._run(arguments, reference, stdin=json.dumps(content), at=path.parent)
        except SopsFailed:
            raise SopsFailed(
                f"{reference.place_and_file} is not there, and sops made no new one: a rule in a "
                "`.sops.yaml` beside it or above has to say for whom to encrypt a file of that name"
            ) from None

    def _check_draft(
        self,
        draft: Path,
        reference: Reference,
        known: Mapping[str, Sealed | None],
        probe: Secret,
    ) -> None:
        shown, key = reference.place_and_file, printable(reference.key)
        if self._is_clear(probe, draft, reference):
            raise NotEncrypted(
                f"{shown}: by its rules `{key}` would stand in it unencrypted; nothing was written"
            )
        name = ".".join(steps(reference.key))
        made = dict(leaves(self._decrypt(draft, reference)))
        if made == {**known, name: probe.sealed()}:
            return
        lost = sorted(known.keys() - made.keys()) or ["the others"]
        raise NotInFile(
            f"{shown}: `{key}` cannot be set without changing {printable(', '.join(lost))}, or not "
            "under that path; nothing was written"
        )

    def _decrypt(self, path: Path, reference: Reference) -> Tree:
        self._check_source(path, reference)
        arguments = ("decrypt", "--input-type", _store(path), "--output-type", "json", str(path))
        output = self._run(arguments, reference)
        try:
            content = as_secrets(json.loads(output))
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            raise SopsFailed(f"{reference.place_and_file}: it holds no mapping")
        return content

    def _check_source(self, path: Path, reference: Reference) -> None:
        """Raise SecretError unless it is a whole file, and leads sops to no foreign server."""
        content = content_of(path, reference, MAX_BYTES)
        shown, is_yaml = reference.place_and_file, _store(path) == "yaml"
        if not content.strip():
            raise FileTampered(f"{shown}: it is empty")
        if _CONFLICT.search(content):
            raise FileTampered(f"{shown}: a merge left conflict markers in it; resolve them first")
        if is_yaml and _DOCUMENT.search(content):
            raise FileTampered(f"{shown}: it holds several YAML documents; keep one a file")
        if found := foreign_servers(content, self.environment, may_have_tags=not is_yaml):
            raise SecretError(f"{shown} would lead sops to {printable(found[0])}")

    def _is_clear(self, secret: Secret, path: Path, reference: Reference) -> bool:
        value = secret.reveal()
        content = content_of(path, reference, MAX_BYTES).decode("utf-8", errors="replace")
        return len(value) >= _TELLING and value in content

    def _run(self, arguments: tuple[str, ...], reference: Reference, **how: Any) -> str:
        return Program(self.environment).run(arguments, reference, **how)


def _store(path: Path) -> str:
    stores = (store for suffix, store in _STORES.items() if path.name.lower().endswith(suffix))
    return next(stores, "binary")
