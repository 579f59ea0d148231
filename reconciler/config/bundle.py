"""One schema of all: for editors, which follow no reference from file to file.

What an editor does not know of is said in words that it knows: a `format` as a `pattern` too, and
for Draft 7, which knows nothing beside a `$ref`, a reference with neighbours as one of `allOf`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.config.schema import PATTERNS
from reconciler.config.schema_files import load_schema

DRAFTS = {
    "2020-12": "https://json-schema.org/draft/2020-12/schema",
    "7": "http://json-schema.org/draft-07/schema#",
}
_ROOT = "esp.schema.json"
_OTHERS = ("postmark", "mailgun")
_SCHEMAS = {"allOf", "anyOf", "oneOf", "then", "else"}
_TOLD = {"title", "description", "examples", "default", "errorMessage"}


def bundled(draft: str = "2020-12", url: str = "") -> dict[str, Any]:
    """Return one self-contained schema of a whole file, in a draft of `DRAFTS`.

    Where it is published is its `$id`; without a `url` that is a name only.
    """
    root = _moved(load_schema(_ROOT), "#")
    definitions, provider = root["$defs"], root["$defs"]["provider"]
    for service in _OTHERS:
        definitions[service] = _service(service, f"#/$defs/{service}")
        over = f"{service}OverProfile"
        definitions[over] = _with_null(_service(service, f"#/$defs/{over}"))
    # An editor sees no profile merged: what a provider may say is what either service may.
    provider["allOf"] = [*map(_without_profile, provider["allOf"]), *_over_profiles()]
    head = {"$schema": DRAFTS[draft], "$id": url or f"urn:esp-reconcile:schema:1:draft-{draft}"}
    bundle: dict[str, Any] = {**root, **head}
    return _as_draft_7(bundle, bundle) if draft == "7" else bundle


def _service(service: str, here: str) -> dict[str, Any]:
    whole = _moved(load_schema(f"{service}.schema.json"), here)
    return {key: value for key, value in whole.items() if key not in {"$schema", "$id"}}


def _without_profile(rule: Mapping[str, Any]) -> dict[str, Any]:
    return {**rule, "if": {**rule["if"], "not": {"required": ["profile"]}}}


def _over_profiles() -> Iterator[dict[str, Any]]:
    """Yield what holds for a provider that takes profiles over."""
    places = [{"$ref": f"#/$defs/{service}OverProfile"} for service in _OTHERS]
    for service, place in zip(_OTHERS, places, strict=True):
        said = {"required": ["profile", "service"], "properties": {"service": {"const": service}}}
        yield {"if": said, "then": place}
    yield {"if": {"not": {"required": ["service"]}}, "then": {"anyOf": places}}


def _with_null(schema: Any) -> Any:
    """Return a schema by which `KEY: null` takes away, at any depth, what a profile says."""
    if isinstance(schema, list):
        return [_with_null(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    taken: dict[str, Any] = {key: _with_null(schema[key]) for key in _SCHEMAS & schema.keys()}
    for name, each in schema.get("$defs", {}).items():
        taken.setdefault("$defs", {})[name] = _with_null(each)
    for name, each in schema.get("properties", {}).items():
        taken.setdefault("properties", {})[name] = _or_null(each)
    if isinstance(others := schema.get("additionalProperties"), Mapping):
        taken["additionalProperties"] = _or_null(others)
    return {**schema, **taken}


def _or_null(schema: Any) -> dict[str, Any]:
    return {"anyOf": [_with_null(schema), {"type": "null"}]}


def bundled_text(draft: str = "2020-12", url: str = "") -> str:
    """Return that schema as the text of a file."""
    return json.dumps(bundled(draft, url), indent=2, ensure_ascii=False) + "\n"


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
