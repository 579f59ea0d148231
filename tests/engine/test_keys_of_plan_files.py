"""Each key of a plan file is there with a value of its type, or the file is refused."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from account import Account, yaml
from test_plan_files import prepared

from reconciler.engine.authority import Authority
from reconciler.engine.plandocument import as_json, digest_of
from reconciler.engine.planfile import load_plan, save_plan
from reconciler.errors import InvalidPlanFile, StalePlan

CONFIG = yaml(
    """
    t:
      service: postmark
      token: {env: A}
      account_token: {env: B}
      tracking: {opens: true}
      domains: {old.example.com: {ensure: absent}, example.com: {return_path: pm.example.com}}
      webhooks:
        - {url: "https://hooks.example.com/a", triggers: [bounce], headers: {X-Key: {env: HOOK}}}
    """,
    HOOK="canary-header",
)
ABSENT = object()
VALUES = [ABSENT, None, True, 7, "text", [], {}]
Document = dict[str, Any]


def things_of(document: Document) -> Iterator[Document]:
    """Yield the document, its entries and their fields."""
    yield document
    for change in document["changes"]:
        yield from (change, *change["fields"])


def edited(document: Document, value: object) -> Iterator[tuple[str, Document]]:
    """Yield a document for each key whose value is of another type, with its key."""
    for number, thing in enumerate(things_of(document)):
        for key, there in thing.items():
            # Nothing depends on where in the YAML something stands.
            is_a_place = key == "location" and isinstance(value, dict | None)
            if type(value) is not type(there) and not is_a_place:
                copy = deepcopy(document)
                other = list(things_of(copy))[number]
                other[key] = value
                if value is ABSENT:
                    del other[key]
                yield f"{key} of {thing.get('address', thing.get('name'))}", copy


def forge(path: Path, document: Document) -> None:
    """Write a document as it would be saved, with a digest to match if it has a text as one."""
    if isinstance(document.get("digest"), str):
        content = {key: value for key, value in document.items() if key != "digest"}
        document = content | {"digest": digest_of(content)}
    path.write_text(as_json(document) + "\n", encoding="utf-8")


def is_refused(account: Account, path: Path) -> bool:
    try:
        authority = Authority(load_plan(path), CONFIG, prune=True)
        authority.check()
        account.confirm(authority)
    except (InvalidPlanFile, StalePlan):
        return True
    return False


@pytest.fixture
def account() -> Account:
    """Return an account with a webhook that is declared otherwise, and one that is not at all."""
    return prepared()


@pytest.mark.parametrize("since", ["", "origin/main"])
@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_a_key_that_is_not_there_or_of_another_type_is_refused(
    account: Account, tmp_path: Path, value: object, since: str
) -> None:
    path = tmp_path / "p.json"
    save_plan(replace(account.plan(CONFIG, prune=True), since=since), path)
    assert not is_refused(account, path)
    document = json.loads(path.read_bytes())
    assert {each["action"] for each in document["changes"]} == {"create", "update", "delete"}
    assert {each["pruned"] for each in document["changes"]} == {True, False}
    taken = []
    for what, other in edited(document, value):
        forge(path, other)
        if not is_refused(account, path):
            taken.append(what)
    assert taken == []
