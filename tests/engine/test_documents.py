"""A plan as data: all of it, and the same for the same plan."""

import hashlib
import json
from dataclasses import replace
from typing import Any

from shelf import ROOT, Pruned, Shelves, desired, live, snapshot

from reconciler.engine.fingerprint import fingerprint
from reconciler.engine.plan import Note, Plan, Refusal, build_plan
from reconciler.engine.plandocument import as_json, digest_of, plan_as_document
from reconciler.engine.selection import Selection
from reconciler.model import Address, Delete, Secret
from reconciler.source import Location

SHELVES, PRUNED = Shelves(), Pruned()
A, B, C, D = (ROOT / "shelves" / name for name in "abcd")
STRAY = ROOT / "pruned" / "stray"
PLACE, OWN = Location("esp.yaml", 3, 5), Location("esp.yaml", 4, 7)
AT = {"file": "esp.yaml", "line": 3, "column": 5}
AT_OWN = {"file": "esp.yaml", "line": 4, "column": 7}
LOCATIONS = {"": PLACE, "depth": OWN}


def planned(**options: Any) -> Plan:
    wanted = (
        replace(desired(SHELVES, A, depth=2), locations=LOCATIONS),
        desired(SHELVES, B, depth=2),
        desired(SHELVES, C, absent=True),
    )
    return build_plan(
        desired=snapshot(*wanted),
        live=snapshot(
            live(SHELVES, A, "1", depth=1),
            live(SHELVES, C, "3", depth=1),
            live(SHELVES, D, "4"),
            replace(live(PRUNED, STRAY, "5", depth=1), address=Address(STRAY.parts, "5")),
        ),
        config_digest="sha256:of it",
        **options,
    )


def changes(plan: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plan_as_document(plan)["changes"]
    return found


def test_an_update_is_told_with_its_fields_and_what_was_seen() -> None:
    assert changes(planned())[0] == {
        "action": "update",
        "address": "p/shelves/a",
        "path": ["p", "shelves", "a"],
        "twin": "",
        "kind": "shelves",
        "remote_id": "1",
        "pruned": False,
        "removal": "",
        "waits_for": [],
        "location": AT,
        "fields": [{"name": "depth", "before": 1, "after": 2, "keys": None, "location": AT_OWN}],
        "seen": fingerprint(live(SHELVES, A, depth=1)),
    }


def test_a_creation_has_no_id_and_has_seen_nothing() -> None:
    assert changes(planned())[1] == {
        "action": "create",
        "address": "p/shelves/b",
        "path": ["p", "shelves", "b"],
        "twin": "",
        "kind": "shelves",
        "remote_id": None,
        "pruned": False,
        "removal": "",
        "waits_for": [],
        "location": None,
        "fields": [{"name": "depth", "before": None, "after": 2, "keys": None, "location": None}],
        "seen": {},
    }


def test_a_deletion_is_pruned_if_nothing_declares_it() -> None:
    (pruned, declared) = changes(planned(prune=True))[2:]
    assert pruned == {
        "action": "delete",
        "address": "p/pruned/stray (ID 5)",
        "path": ["p", "pruned", "stray"],
        "twin": "5",
        "kind": "pruned",
        "remote_id": "5",
        "pruned": True,
        "removal": "delete",
        "waits_for": [],
        "location": None,
        "fields": [],
        "seen": fingerprint(live(PRUNED, STRAY, "5", depth=1)),
    }
    assert (declared["address"], declared["pruned"]) == ("p/shelves/c", False)


def test_a_plan_is_told_with_how_it_was_made_and_what_it_comes_to() -> None:
    plan = planned(prune=True, selection=Selection(("p/*",)))
    plan = replace(
        plan,
        compared=False,
        notes=(Note(A, "a note", "depth"), Note(B, "another")),
        refusals=(
            Refusal(A, "depth", "it is glued", OWN),
            Refusal(B, "", "no", None),
            Refusal(C, "", "no", None),
            Refusal(D, "", "no", None),
        ),
        unmanaged=(live(SHELVES, D, "4"), live(PRUNED, STRAY, "5")),
    )
    document = plan_as_document(plan)
    assert document["changes"] == changes(plan)
    del document["changes"], document["digest"]
    assert document["refused"][1:] == [
        {"address": str(each), "field": "", "reason": "no", "location": None} for each in (B, C, D)
    ]
    del document["refused"][1:]
    assert document == {
        "format_version": "1",
        "command": "plan",
        "state": "refused",
        "records": [],
        "providers": [],
        "config": "sha256:of it",
        "only": ["p/*"],
        "prune": True,
        "compared": False,
        "summary": {"create": 1, "update": 1, "delete": 2, "refused": 4, "unmanaged": 2},
        "refused": [
            {"address": str(A), "field": "depth", "reason": "it is glued", "location": AT_OWN}
        ],
        "unmanaged": [
            {
                "address": str(D),
                "path": list(D.parts),
                "twin": "",
                "kind": "shelves",
                "remote_id": "4",
            },
            {
                "address": str(STRAY),
                "path": list(STRAY.parts),
                "twin": "",
                "kind": "pruned",
                "remote_id": "5",
            },
        ],
        "notes": [
            {"address": str(A), "field": "depth", "text": "a note"},
            {"address": str(B), "field": "", "text": "another"},
        ],
    }


def test_a_secret_is_told_as_one() -> None:
    sealed = Secret("a long and secret text").sealed()
    plan = build_plan(desired=snapshot(desired(SHELVES, A, colour=sealed)), live={})
    assert changes(plan)[0]["fields"][0]["after"] == "(secret)"


def test_what_is_nested_is_told_as_it_is() -> None:
    value = {"b": [1, None, "\u00e9"], "a": {}}
    plan = build_plan(desired=snapshot(desired(SHELVES, A, colour=value)), live={})
    assert changes(plan)[0]["fields"][0]["after"] == value


def test_the_digest_is_of_all_else_in_canonical_json() -> None:
    document = plan_as_document(planned())
    digest = document.pop("digest")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    assert digest == f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"
    assert digest == digest_of(dict(reversed(document.items())))
    assert digest == plan_as_document(planned())["digest"]
    assert digest != plan_as_document(planned(prune=True))["digest"]


def test_a_document_is_written_for_people_too() -> None:
    assert as_json({"b": 1, "a": [2]}) == '{\n  "b": 1,\n  "a": [\n    2\n  ]\n}'


def test_a_deletion_that_is_declared_stands_where_it_is_declared() -> None:
    there = live(SHELVES, C, "3", depth=1)
    wanted = replace(desired(SHELVES, C, absent=True), locations={"": PLACE})
    seen = {C: fingerprint(there)}
    (told,) = changes(Plan(changes=(Delete(there, wanted),), seen=seen))
    assert (told["location"], told["pruned"]) == (AT, False)
