"""A value put into an encrypted file, or into a new one, on a copy in a folder of our own.

sops wants a file that it can write to. It gets one that nobody else can swap, and the rules that
were judged; what stands in that folder is encrypted at any time.
"""

import json
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import Any

from reconciler.errors import SopsFailed
from reconciler.model import Reference, Secret
from reconciler.secrets.files import folder_of
from reconciler.secrets.program import Program
from reconciler.secrets.rules import NAME, Rules
from reconciler.secrets.trees import steps
from reconciler.source import printable

_STORES = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "dotenv", ".ini": "ini"}


def store(path: PurePath) -> str:
    """Return what sops calls the format of a file with this name."""
    stores = (each for suffix, each in _STORES.items() if path.name.lower().endswith(suffix))
    return next(stores, "binary")


def with_value(
    program: Program, reference: Reference, rules: Rules, before: bytes | None, value: Secret
) -> bytes:
    """Return the encrypted content of a file in which a value is set; without `before` a new one.

    Raises SecretError.
    """
    with TemporaryDirectory(prefix="esp-reconcile-") as folder:
        config = Path(folder, NAME)
        config.write_text(rules.text, encoding="utf-8")
        if before is None:
            return _new(program, reference, rules, config, value)
        draft = Path(folder, "draft")
        draft.write_bytes(before)
        _set_in(program, reference, draft, config, value)
        return draft.read_bytes()


def _set_in(
    program: Program, reference: Reference, draft: Path, config: Path, value: Secret
) -> None:
    index = "".join(
        f"[{step if step.isdecimal() else json.dumps(step)}]" for step in steps(reference.key)
    )
    format_ = store(PurePath(reference.target))
    types = ("--input-type", format_, "--output-type", format_)
    arguments = ("--config", str(config), "set", *types, "--value-stdin", str(draft), index)
    try:
        program.run(arguments, reference, stdin=json.dumps(value.reveal()))
    except SopsFailed:
        raise SopsFailed(
            f"{reference.place_and_file}: sops sets no `{printable(reference.key)}` in it; "
            "YAML and JSON take paths such as a.b, INI section.key, dotenv a name"
        ) from None


def _new(
    program: Program, reference: Reference, rules: Rules, config: Path, value: Secret
) -> bytes:
    content: Any = value.reveal()
    for step in reversed(steps(reference.key)):
        content = {step: content}
    path = folder_of(reference).resolve() / reference.target
    name = rules.name_for(path, config.parent)
    types = ("--input-type", "json", "--output-type", store(path))
    arguments = ("--config", str(config), "encrypt", f"--filename-override={name}", *types)
    try:
        return program.run(arguments, reference, stdin=json.dumps(content)).encode()
    except SopsFailed:
        raise SopsFailed(
            f"{reference.place_and_file} is not there, and sops made no new one: a rule in a "
            "`.sops.yaml` beside it or above has to say for whom to encrypt a file of that name"
        ) from None
