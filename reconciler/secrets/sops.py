"""Files that sops encrypted: found in, listed, and added to; no clear text ever touches a disk."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePath
from secrets import token_hex

from reconciler.errors import FileTampered, NotEncrypted, NotInFile, SecretError, SopsFailed
from reconciler.files import write_below
from reconciler.model import Reference, Secret
from reconciler.secrets.draft import store, with_value
from reconciler.secrets.files import content_of, folder_of
from reconciler.secrets.keyservers import foreign_servers
from reconciler.secrets.program import Program
from reconciler.secrets.rules import find_rules
from reconciler.secrets.trees import MISSING, Tree, as_secrets, find, key_names, leaves, steps
from reconciler.source import printable

MAX_BYTES = 1024 * 1024
_CONFLICT = re.compile(rb"^<{7} ", re.MULTILINE)
_DOCUMENT = re.compile(rb"(?<!\A)^---\s", re.MULTILINE)
_TELLING = 8
"""Letters of a value that do not stand in an encrypted file by chance."""
_NO_RULES = ("--config", os.devnull)
"""To decrypt takes none, and sops would look for them in the stranger's folder."""


@dataclass(frozen=True, slots=True)
class _Opened:
    content: bytes
    tree: Tree


@dataclass
class Sops:
    """One run's use of encrypted files: each is decrypted once, and a failure is remembered.

    sops is given the content that was judged, never a path where something else may stand by then.
    """

    environment: Mapping[str, str]
    _opened: dict[Path, _Opened | SecretError] = field(default_factory=dict, repr=False)

    def lookup(self, reference: Reference) -> Secret:
        """Return the value that a reference names. Raises SecretError."""
        file = self._file(reference)
        found = find(file.tree, steps(reference.key))
        shown, key = reference.place_and_file, printable(reference.key)
        if found is MISSING:
            near = get_close_matches(reference.key, list(key_names(file.tree)), n=1, cutoff=0.5)
            hint = f"; did you mean `{printable(near[0])}`?" if near else ""
            raise NotInFile(f"{shown}: there is no `{key}` in it{hint}")
        if not isinstance(found, Secret):
            raise NotInFile(f"{shown}: `{key}` is not a text in it; name one, or quote it")
        if _is_clear(found, file.content):
            raise NotEncrypted(
                f"{shown}: `{key}` is not encrypted in it; replace the secret, and change the "
                "rules that leave it out"
            )
        return found

    def tree(self, reference: Reference) -> Tree:
        """Return the file's decrypted content, asked for once. Raises SecretError."""
        return self._file(reference).tree

    def _file(self, reference: Reference) -> _Opened:
        path = folder_of(reference).absolute() / reference.target
        if path not in self._opened:
            try:
                content = self._content(reference)
                self._opened[path] = _Opened(content, self._decrypt(content, reference))
            except SecretError as error:
                self._opened[path] = error
        known = self._opened[path]
        if isinstance(known, SecretError):
            raise known
        return known

    def _content(self, reference: Reference) -> bytes:
        path = PurePath(reference.target)
        return content_of(reference, folder_of(reference), path, most=MAX_BYTES)

    def set(self, reference: Reference, value: Secret) -> None:
        """Write a value into the file, which sops encrypts before it does. Raises SecretError.

        A file that is not there yet is made by the creation rules of a `.sops.yaml`. What would
        happen is tried with a value of no meaning first: nothing else in the file may change,
        and the value may not stand in it in the clear.
        """
        path, shown = PurePath(reference.target), reference.place_and_file
        if not (folder_of(reference) / path.parent).is_dir():
            raise SecretError(f"{shown}: its folder is not there")
        if store(path) == "binary" and reference.key != "data":
            raise NotInFile(f"{shown}: a file of no known format has one key, `data`")
        is_new = not os.path.lexists(folder_of(reference) / path)
        before = None if is_new else self._file(reference)
        rules, program = find_rules(reference, path, self.environment), Program(self.environment)
        content, probe = before.content if before else None, Secret(token_hex(16))
        trial = with_value(program, reference, rules, content, probe)
        self._check_trial(trial, reference, before.tree if before else {}, probe)
        content = with_value(program, reference, rules, content, value)
        if before and self._content(reference) != before.content:
            raise SecretError(f"{shown}: somebody else changed it meanwhile; nothing was written")
        try:
            write_below(folder_of(reference), path, content, new=is_new)
        except OSError as problem:
            raise SecretError(f"{shown}: {problem.strerror}") from None
        self._opened.clear()

    def _check_trial(
        self, content: bytes, reference: Reference, before: Tree, probe: Secret
    ) -> None:
        shown, key = reference.place_and_file, printable(reference.key)
        if _is_clear(probe, content):
            raise NotEncrypted(
                f"{shown}: by its rules `{key}` would stand in it unencrypted; nothing was written"
            )
        known, name = dict(leaves(before)), ".".join(steps(reference.key))
        made = dict(leaves(self._decrypt(content, reference)))
        if made == {**known, name: probe.sealed()}:
            return
        lost = sorted(known.keys() - made.keys()) or ["the others"]
        raise NotInFile(
            f"{shown}: `{key}` cannot be set without changing {printable(', '.join(lost))}, or not "
            "under that path; nothing was written"
        )

    def _decrypt(self, content: bytes, reference: Reference) -> Tree:
        path = PurePath(reference.target)
        self._check_source(content, reference)
        types = ("--input-type", store(path), "--output-type", "json")
        arguments = (*_NO_RULES, "decrypt", f"--filename-override={path.name}", *types)
        output = Program(self.environment).run(arguments, reference, stdin=content.decode())
        try:
            tree = as_secrets(json.loads(output))
        except (ValueError, RecursionError):
            tree = None
        if not isinstance(tree, dict):
            raise SopsFailed(f"{reference.place_and_file}: it holds no mapping")
        return tree

    def _check_source(self, content: bytes, reference: Reference) -> None:
        """Raise SecretError unless it is a whole file, and leads sops to no foreign server."""
        shown, is_yaml = reference.place_and_file, store(PurePath(reference.target)) == "yaml"
        if not content.strip():
            raise FileTampered(f"{shown}: it is empty")
        if _CONFLICT.search(content):
            raise FileTampered(f"{shown}: a merge left conflict markers in it; resolve them first")
        if is_yaml and _DOCUMENT.search(content):
            raise FileTampered(f"{shown}: it holds several YAML documents; keep one a file")
        if found := foreign_servers(content, self.environment, may_have_tags=not is_yaml):
            raise SecretError(f"{shown} would lead sops to {printable(found[0])}")


def _is_clear(secret: Secret, content: bytes) -> bool:
    value = secret.reveal()
    return len(value) >= _TELLING and value in content.decode("utf-8", errors="replace")
