"""The files of `schemas/`, each by itself, and with what it refers to."""

import json
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
_FOLDER = _PACKAGE / "schemas" if (_PACKAGE / "schemas").is_dir() else _PACKAGE.parent / "schemas"
_REF = "$ref"


def load_schema(name: str) -> dict[str, Any]:
    """Return a file of `schemas/` as data."""
    schema: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"))
    return schema


def whole_schema(name: str) -> dict[str, Any]:
    """Return a file of `schemas/` in which what it refers to stands in the place of the reference.

    To follow a reference takes longer than to check by it, and there is one for each domain. What
    refers to itself contains itself: the result is to be checked by, and not to be written.
    """
    return _Resolution().of(f"{name}#")


class _Resolution:
    def __init__(self) -> None:
        self._files: dict[str, Any] = {}
        self._targets: dict[str, dict[str, Any]] = {}

    def of(self, reference: str) -> dict[str, Any]:
        """Return what a reference of the form `FILE#/KEY/KEY` leads to, always the same object."""
        if reference not in self._targets:
            file, _, path = reference.partition("#")
            if file not in self._files:
                self._files[file] = load_schema(file)
            found = self._files[file]
            for key in path.split("/")[1:]:
                found = found[key]
            # It is known before it is filled, to who refers to it from within.
            target = self._targets[reference] = {}
            target.update(self._resolved(found, file))
        return self._targets[reference]

    def _resolved(self, part: Any, file: str) -> Any:
        if isinstance(part, list):
            return [self._resolved(each, file) for each in part]
        if not isinstance(part, dict):
            return part
        if isinstance(part.get(_REF), str):
            return self._in_place(part, file)
        # By `$schema` jsonschema would choose a class of its own for what stands below.
        return {key: self._resolved(each, file) for key, each in part.items() if key != "$schema"}

    def _in_place(self, part: dict[str, Any], file: str) -> dict[str, Any]:
        other, _, path = part[_REF].partition("#")
        target = self.of(f"{other or file}#{path}")
        beside = {key: each for key, each in part.items() if key != _REF}
        return {"allOf": [target], **self._resolved(beside, file)} if beside else target
