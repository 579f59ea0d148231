"""The schemas themselves: valid, complete for editors, and as the design says."""

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from loading import EXAMPLE
from referencing import Registry, Resource

from reconciler.config import load_schema

NAMES = (
    "esp.schema.json",
    "postmark.schema.json",
    "mailgun.schema.json",
    "accepted-drift.schema.json",
)
SCHEMAS = {name: load_schema(name) for name in NAMES}
REGISTRY: Registry[Any] = Registry().with_resources(
    (name, Resource.from_contents(schema)) for name, schema in SCHEMAS.items()
)


def below(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield a schema and all those in it that describe a value, by their paths."""
    yield path, schema
    for keyword in ("properties", "$defs"):
        for key, child in schema.get(keyword, {}).items():
            yield from below(child, f"{path}/{keyword}/{key}")
    for keyword in ("items", "propertyNames", "additionalProperties"):
        if isinstance(schema.get(keyword), dict):
            yield from below(schema[keyword], f"{path}/{keyword}")


ALL = [
    pytest.param(name, schema, id=path)
    for name in NAMES
    for path, schema in below(SCHEMAS[name], name)
]


def resolved(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema with what its `$ref` adds; its own words come first, as in editors."""
    if "$ref" not in schema:
        return schema
    target, _, pointer = schema["$ref"].partition("#")
    found = SCHEMAS[target or name]
    for part in pointer.split("/")[1:]:
        found = found[part]
    return {**resolved(target or name, found), **schema}


def validator(name: str, schema: dict[str, Any]) -> jsonschema.Draft202012Validator:
    based = {"$id": f"{name}", **schema, "$defs": SCHEMAS[name].get("$defs", {})}
    return jsonschema.Draft202012Validator(based, registry=REGISTRY)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_draft_2020_12(name: str) -> None:
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMAS[name]["$id"] == name
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize(("name", "schema"), ALL)
def test_every_value_has_title_description_and_examples(name: str, schema: dict[str, Any]) -> None:
    if schema is SCHEMAS["esp.schema.json"]:
        assert schema["title"]
        assert schema["description"]
        return
    full = resolved(name, schema)
    assert full.get("title")
    assert full.get("description")
    if full["title"] != "Provider" and "const" not in full:
        assert full.get("examples")


@pytest.mark.parametrize(("name", "schema"), ALL)
def test_examples_and_defaults_are_valid_themselves(name: str, schema: dict[str, Any]) -> None:
    check = validator(name, schema)
    values = [*schema.get("examples", ()), *([schema["default"]] if "default" in schema else ())]
    for value in values:
        assert [error.message for error in check.iter_errors(value)] == []


@pytest.mark.parametrize(("name", "schema"), ALL)
def test_a_mapping_is_closed_or_says_what_its_entries_are(
    name: str, schema: dict[str, Any]
) -> None:
    full = resolved(name, schema)
    if "object" in full.get("type", ()) and not {"allOf", "anyOf"} & set(full):
        is_described_elsewhere = "additionalProperties" not in full
        chosen = full.get("then", full) if is_described_elsewhere else full
        closed = resolved(name, chosen)["additionalProperties"]
        assert closed is False or closed.get("title") or "$ref" in closed


@pytest.mark.parametrize(("name", "schema"), ALL)
def test_a_pattern_holds_from_beginning_to_end(name: str, schema: dict[str, Any]) -> None:
    pattern = resolved(name, schema).get("pattern", "^$")
    assert pattern == "\\S" or (pattern.startswith("^") and pattern.endswith("$"))


def test_the_provider_schemas_are_chosen_by_every_service_there_is() -> None:
    provider = SCHEMAS["esp.schema.json"]["$defs"]["provider"]
    chosen = [each["then"]["$ref"] for each in provider["allOf"] if "$ref" in each["then"]]
    words = provider["properties"]["service"]["enum"]
    assert chosen == [f"{word}.schema.json" for word in words]


RANGES = {
    "postmark": {
        "message_stream": (None, None, "outbound"),
        "batch_size": (1, 500, 50),
        "retry_attempts": (0, 5, 3),
        "timeout": (5, 60, 30),
    },
    "mailgun": {
        "tag_prefix": (None, None, ""),
        "batch_size": (1, 1000, 100),
        "retry_attempts": (0, 5, 3),
        "timeout": (5, 60, 30),
        "testmode": (None, None, False),
    },
}
"""Minimum, maximum and default (design.md §3)."""


@pytest.mark.parametrize("service", RANGES)
def test_ranges_and_defaults_of_advanced_are_those_of_the_design(service: str) -> None:
    name = f"{service}.schema.json"
    properties = SCHEMAS[name]["properties"]["advanced"]["properties"]
    found = {key: resolved(name, schema) for key, schema in properties.items()}
    ranges = {
        key: (each.get("minimum"), each.get("maximum"), each["default"])
        for key, each in found.items()
    }
    assert ranges == ranges | RANGES[service]


DESIGN = """
transactional:
  service: postmark
  token: {env: POSTMARK_SERVER_TOKEN}
  account_token: {sops: {file: secrets.sops.yaml, key: postmark.account_token}}
  sender: noreply@example.com
  tracking: {opens: true, links: html_and_text, delivery: true}
  domains:
    example.com: {return_path: pm-bounces.example.com}
    old.example.com: {ensure: absent}
  streams: {newsletter: {type: broadcasts, name: Newsletter}}
  webhooks:
    - {url: https://hooks.example.com/postmark, stream: outbound, triggers: [delivery, bounce]}
  advanced: {message_stream: outbound, batch_size: 50, retry_attempts: 3, timeout: 30}
marketing:
  service: mailgun
  token: {sops: {file: secrets.sops.yaml, key: mailgun.api_key}}
  region: eu
  domain: mg.example.com
  sender: news@mg.example.com
  tracking: {opens: true, clicks: true, unsubscribe: true, dkim_signing: true}
  domains:
    mg.example.com: {}
    promo.example.com: {tracking: {clicks: html_only}}
  webhooks: {delivered: [https://hooks.example.com/mailgun]}
  advanced: {tag_prefix: pm-, batch_size: 100, retry_attempts: 3, timeout: 30, testmode: false}
"""


def test_the_vocabulary_of_the_design_and_the_example_are_valid_to_any_validator() -> None:
    check = jsonschema.Draft202012Validator(SCHEMAS["esp.schema.json"], registry=REGISTRY)
    check.validate({"version": 1, "providers": yaml.safe_load(DESIGN)})
    check.validate(yaml.safe_load(EXAMPLE.read_text()))


def test_the_example_names_the_schema_that_editors_complete_from() -> None:
    first = EXAMPLE.read_text().splitlines()[0]
    path = first.removeprefix("# yaml-language-server: $schema=")
    assert (EXAMPLE.parent / path).resolve().name == "esp.schema.json"
    assert (EXAMPLE.parent / path).is_file()
