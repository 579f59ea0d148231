"""The one schema for editors says what the several say that we check by."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from reconciler.config import load_schema
from reconciler.config.bundle import DRAFTS, bundled
from reconciler.config.schema import check_schema
from reconciler.config.syntax import parse

VALIDATORS = {
    "2020-12": jsonschema.Draft202012Validator,
    "7": jsonschema.Draft7Validator,
}
EXAMPLE = Path(__file__).parents[2] / "examples" / "esp.yaml"


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for each in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(each, dict | list):
            yield from objects(each)


@pytest.mark.parametrize("draft", DRAFTS)
def test_it_is_a_schema_of_its_draft_and_leads_nowhere_else(draft: str) -> None:
    schema = bundled(draft)
    VALIDATORS[draft].check_schema(schema)
    assert schema["$schema"] == DRAFTS[draft]
    references = [each["$ref"] for each in objects(schema) if isinstance(each.get("$ref"), str)]
    assert references
    for reference in references:
        target: Any = schema
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_draft_7_has_nothing_beside_a_reference_for_it_would_not_be_seen() -> None:
    assert all(len(each) == 1 for each in objects(bundled("7")) if "$ref" in each)


WRONG = [
    {"region": "au"},
    {"servar": "x"},
    {"domains": {"exa_mple.com": {}}},
    {"domains": {"example.com": {"spam_action": "no"}}},
    {"sender": "nobody"},
    {"token": "key-1"},
    {"webhooks": {"delivered": ["https://u:p@h.example.com/"]}},
    {"webhooks": {"delivered": ["ftp://h.example.com/"]}},
    {"advanced": {"timeout": 1}},
    {"service": "sendgrid"},
]
RIGHT = [
    {},
    {"domains": {"xn--bcher-kva.example": {"archive_to": ""}}},
    {"webhooks": {"delivered": ["http://h.example.com:8080/a?b=%20&c=1"]}},
    {"account_webhooks": [{"url": "https://h.example.com", "events": ["opened"]}]},
]


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize("changed", [*WRONG, *RIGHT], ids=json.dumps)
def test_it_refuses_what_we_refuse(draft: str, changed: dict[str, Any]) -> None:
    provider = {"service": "mailgun", "token": {"env": "A"}, "region": "eu", **changed}
    data = {"version": 1, "providers": {"m": provider}}
    root, _ = parse(json.dumps(data).encode(), "esp.yaml")
    assert root
    is_ours = check_schema(root)[1] == []
    assert is_ours == (changed in RIGHT)
    assert VALIDATORS[draft](bundled(draft)).is_valid(data) == is_ours


@pytest.mark.parametrize("draft", DRAFTS)
def test_it_takes_the_example(draft: str) -> None:
    root, _ = parse(EXAMPLE.read_bytes(), "esp.yaml")
    assert root
    assert VALIDATORS[draft](bundled(draft)).is_valid(root.data)


def test_all_that_the_several_say_of_the_services_is_in_it() -> None:
    defs = bundled()["$defs"]
    for service in ("postmark", "mailgun"):
        whole = load_schema(f"{service}.schema.json")
        assert set(defs[service]["properties"]) == set(whole["properties"])
        assert set(defs[service]["$defs"]) == set(whole["$defs"])
