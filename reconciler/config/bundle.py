"""One schema of all: for editors, which follow no reference from file to file.

What an editor does not know of is said in words that it knows: a `format` as a `pattern` too, and
for Draft 7, which knows nothing beside a `$ref`, a reference with neighbours as one of `allOf`.
"""

import json
from collections.abc import Mapping
from typing import Any

from reconciler.config.schema import PATTERNS, load_schema

DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}
_ROOT = "esp.schema.json"
_OTHERS = ("postmark", "mailgun")
_TOLD = {"title", "description", "examples", "default", "errorMessage"}


def bundled(draft: str = "2020-12") -> dict[str, Any]:
    """Return one self-contained schema of a whole file, in a draft of `DRAFTS`."""
    root = _moved(load_schema(_ROOT), "#")
    for service in _OTHERS:
        whole = _moved(load_schema(f"{service}.schema.json"), f"#/$defs/{service}")
        root["$defs"][service] = {
            key: value for key, value in whole.items() if key not in {"$schema", "$id"}
        }
    # An editor sees no profile merged: what a provider may say is what either service may.
    untold = {"if": {"not": {"required": ["service"]}}, "then": {"$ref": "#/$defs/profile"}}
    root["$defs"]["provider"]["allOf"].append(untold)
    head = {"$schema": DRAFTS[draft], "$id": f"urn:esp-reconcile:schema:1:draft-{draft}"}
    bundle: dict[str, Any] = {**root, **head}
    return _as_draft_7(bundle, bundle) if draft == "7" else bundle


def bundled_text(draft: str = "2020-12") -> str:
    """Return that schema as the text of a file."""
    return json.dumps(bundled(draft), indent=2, ensure_ascii=False) + "\n"


def _moved(schema: Any, here: str) -> Any:
    """Return a schema whose references lead into the bundle; those of its own start `here`."""
    if isinstance(schema, list):
        return [_moved(each, here) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    moved = {key: _moved(value, here) for key, value in schema.items()}
    if isinstance(reference := schema.get("$ref"), str):
        file, _, pointer = reference.partition("#")
        moved["$ref"] = _place(file, here) + pointer
    if (pattern := PATTERNS.get(str(schema.get("format")))) and "pattern" not in schema:
        moved["pattern"] = pattern
    return moved


def _place(file: str, here: str) -> str:
    if not file:
        return here
    return "#" if file == _ROOT else f"#/$defs/{file.removesuffix('.schema.json')}"


def _as_draft_7(schema: Any, root: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_as_draft_7(each, root) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    if "$ref" in schema and len(schema) > 1:
        return _as_draft_7(_beside_reference(schema, root), root)
    said = {
        "definitions" if key == "$defs" else key: _as_draft_7(value, root)
        for key, value in schema.items()
    }
    if isinstance(reference := said.get("$ref"), str):
        said["$ref"] = reference.replace("/$defs/", "/definitions/")
    return said


def _beside_reference(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a reference and its neighbours say together, without the reference.

    A neighbour that only tells people something takes the place of what is told there.
    """
    own = {key: value for key, value in schema.items() if key != "$ref"}
    if set(own) <= _TOLD:
        target: Any = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return {**target, **own}
    return {**own, "allOf": [{"$ref": schema["$ref"]}, *own.get("allOf", ())]}
