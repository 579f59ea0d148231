"""A plan file is read back whole or not at all, held by one, and used once."""

import json
import os
from collections.abc import Callable
from pathlib import Path, PosixPath
from typing import Any

import pytest
from shelf import ROOT, Pruned, Shelves, desired, live, snapshot

from reconciler.engine.plan import Plan, build_plan
from reconciler.engine.plandocument import as_json, digest_of
from reconciler.engine.planfile import SavedPlan, address_of, claimed, load_plan, save_plan
from reconciler.errors import InvalidPlanFile, StalePlan
from reconciler.model import Address

SHELVES, PRUNED = Shelves(), Pruned()
A, B = ROOT / "shelves" / "a", ROOT / "shelves" / "b"
STRAY = ROOT / "pruned" / "stray"
NOT_WHOLE = "not a whole plan file; plan again"
Document = dict[str, Any]


def planned() -> Plan:
    """Return a plan with one change of each type."""
    return build_plan(
        desired=snapshot(desired(SHELVES, A, depth=2), desired(SHELVES, B, depth=2)),
        live=snapshot(live(SHELVES, A, depth=1), live(PRUNED, STRAY, remote_id="7", depth=1)),
        config_digest="sha256:1",
        prune=True,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "p.json"
    save_plan(planned(), path)
    return path


def document_at(path: Path) -> Document:
    document: Document = json.loads(path.read_bytes())
    return document


def forge(path: Path, document: Document) -> None:
    content = {key: value for key, value in document.items() if key != "digest"}
    path.write_text(as_json(content | {"digest": digest_of(content)}) + "\n", encoding="utf-8")


def one(document: Document, action: str = "update") -> Document:
    (found,) = (each for each in document["changes"] if each["action"] == action)
    entry: Document = found
    return entry


def test_what_is_saved_is_read_back(path: Path) -> None:
    saved = load_plan(path)
    assert (saved.path, saved.name, saved.raw) == (path, str(path), path.read_bytes())
    assert [(each["action"], str(address_of(each))) for each in saved.changes] == [
        ("update", str(A)),
        ("create", str(B)),
        ("delete", str(STRAY)),
    ]
    assert [each["address"] for each in saved.prunes] == [str(STRAY)]


def test_an_address_is_that_of_the_path_and_the_twin_and_not_the_text() -> None:
    entry = {"address": "harmless", "path": ["p", "shelves", "a/b"], "twin": "9"}
    assert address_of(entry) == Address(("p", "shelves", "a/b"), "9")


def test_a_plan_file_is_for_its_owner_only_and_ends_with_a_line(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes().endswith(b"\n}\n")
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_draft_is_hidden_and_beside_the_file(tmp_path: Path) -> None:
    """Whoever lists the folder just then sees whose it is; another disk could not be moved from."""
    drafts: list[str] = []

    class Watched(PosixPath):
        @property
        def name(self) -> str:
            drafts.extend(each.name for each in tmp_path.iterdir())
            return super().name

        def __fspath__(self) -> str:
            drafts.extend(each.name for each in tmp_path.iterdir())
            return super().__fspath__()

    save_plan(planned(), Watched(tmp_path / "p.json"))
    assert {each[:8] for each in drafts} == {".p.json."}


def test_what_cannot_be_written_is_told_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        save_plan(planned(), path)
    assert [each.name for each in tmp_path.iterdir()] == ["p.json"]


def test_what_cannot_be_written_is_told_as_it_is_although_its_draft_is_gone(
    tmp_path: Path,
) -> None:
    class Forbidden(PosixPath):
        def __fspath__(self) -> str:
            if self.name == "p.json":
                for draft in tmp_path.iterdir():
                    draft.unlink()
                raise PermissionError("not here")
            return super().__fspath__()

    with pytest.raises(PermissionError, match="not here"):
        save_plan(planned(), Forbidden(tmp_path / "p.json"))


def test_the_digest_of_what_is_saved_is_told_and_must_be_the_one_that_is_asked_for(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.json"
    digest = save_plan(planned(), path)
    assert digest == document_at(path)["digest"]
    assert load_plan(path, digest).document["digest"] == digest
    with pytest.raises(InvalidPlanFile) as refused:
        load_plan(path, "sha256:other")
    assert str(refused.value) == (
        f"{path}: its digest is {digest}, and sha256:other was asked for: it is not the plan that "
        "was reviewed"
    )
    with pytest.raises(InvalidPlanFile, match="and  was asked for"):
        load_plan(path, "")


EDITS: dict[str, Callable[[Document], object]] = {
    "no configuration": lambda plan: plan.pop("config"),
    "a configuration that is none": lambda plan: plan.update(config=7),
    "one pattern and no list": lambda plan: plan.update(only="p/*"),
    "a pattern that is no text": lambda plan: plan.update(only=["p/*", 7]),
    "prune as a number": lambda plan: plan.update(prune=0),
    "changes by name": lambda plan: plan.update(changes={}),
    "a change that is none": lambda plan: plan["changes"].append("p/shelves/a"),
    "an action that is none": lambda plan: one(plan).update(action=7),
    "an address that is none": lambda plan: one(plan).update(address=7),
    "a path that is a text": lambda plan: one(plan).update(path="p"),
    "a path that is empty": lambda plan: one(plan).update(path=[]),
    "a path with a number": lambda plan: one(plan).update(path=["p", 7]),
    "no twin": lambda plan: one(plan).pop("twin"),
    "a kind that is none": lambda plan: one(plan).update(kind=["shelves"]),
    "an ID that is none": lambda plan: one(plan).update(remote_id=7),
    "pruned as a number": lambda plan: one(plan).update(pruned=0),
    "fields by name": lambda plan: one(plan).update(fields={}),
    "a field that is none": lambda plan: one(plan)["fields"].append("depth"),
    "what was seen as a list": lambda plan: one(plan).update(seen=["depth"]),
    "an update that saw nothing": lambda plan: one(plan).update(seen={}),
    "a deletion that saw nothing": lambda plan: one(plan, "delete").update(seen={}),
    "a creation that saw something": lambda plan: one(plan, "create").update(seen={"a": "b"}),
}


@pytest.mark.parametrize("what", EDITS)
def test_a_plan_file_of_other_types_is_not_a_whole_one(path: Path, what: str) -> None:
    document = document_at(path)
    EDITS[what](document)
    forge(path, document)
    with pytest.raises(InvalidPlanFile) as refused:
        load_plan(path)
    assert str(refused.value) == f"{path}: {NOT_WHOLE}"


def test_a_thing_that_is_changed_twice_is_told_before_all_else(path: Path) -> None:
    document = document_at(path)
    document["changes"].append({**one(document), "action": 7, "address": "again"})
    path.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InvalidPlanFile) as refused:
        load_plan(path)
    assert str(refused.value) == f"{path}: again stands in it twice; plan again"


@pytest.mark.parametrize("other", [{"twin": "9"}, {"path": ["p", "shelves", "c"]}])
def test_a_twin_or_another_path_is_another_thing(path: Path, other: Document) -> None:
    document = document_at(path)
    document["changes"].append({**one(document), **other})
    forge(path, document)
    assert len(load_plan(path).changes) == 4


def test_what_is_no_change_is_not_looked_for_twice(path: Path) -> None:
    for changes in ([7, 7], 7, None):
        forge(path, {**document_at(path), "changes": changes})
        with pytest.raises(InvalidPlanFile, match=NOT_WHOLE):
            load_plan(path)
    document = document_at(path)
    forge(path, {**document, "changes": [7, {"address": "b"}, {"address": "b"}]})
    with pytest.raises(InvalidPlanFile, match=": b stands in it twice"):
        load_plan(path)


def test_a_plan_file_is_ours_to_the_byte(path: Path) -> None:
    document = document_at(path)
    for content in (
        as_json(document).encode(),
        json.dumps(document).encode(),
        (as_json(document) + "\n").encode("utf-16"),
        as_json({**document, "prune": False}).encode() + b"\n",
        as_json({**document, "digest": None}).encode() + b"\n",
        as_json({key: document[key] for key in document if key != "digest"}).encode() + b"\n",
    ):
        path.write_bytes(content)
        with pytest.raises(InvalidPlanFile) as refused:
            load_plan(path)
        assert str(refused.value) == (f"{path}: edited or damaged since it was written; plan again")


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        (b"", NOT_WHOLE),
        (b"{", NOT_WHOLE),
        (b"\xff\xfe\xfd", NOT_WHOLE),
        (b"[" * 100_000, NOT_WHOLE),
        (b'["format_version"]', "not a plan file"),
        (b'"format_version"', "not a plan file"),
        (b'{"a": 1}', "not a plan file"),
        (b'{"format_version": "2"}', "plan format '2' is not '1', which this version reads; plan"),
        (b'{"format_version": 1}', "plan format 1 is not '1', which this version reads; plan"),
        (b'{"format_version": "1", "applied": 1}', "edited or damaged"),
        (b'{"format_version": "1", "changes": [1, 1]}', "edited or damaged"),
    ],
)
def test_what_is_no_plan_file_is_told_so(tmp_path: Path, content: bytes, fact: str) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(content)
    with pytest.raises(InvalidPlanFile) as refused:
        load_plan(path)
    assert str(refused.value).startswith(f"{path}: {fact}")


def test_a_plan_file_is_a_regular_file_that_is_there(tmp_path: Path) -> None:
    pipe, none = tmp_path / "pipe", tmp_path / "none"
    os.mkfifo(pipe)
    for path, fact in (
        (pipe, "not a regular file"),
        (tmp_path, "Is a directory; `plan --out` saves one"),
        (none, "No such file or directory; `plan --out` saves one"),
    ):
        with pytest.raises(InvalidPlanFile) as refused:
            load_plan(path)
        assert str(refused.value) == f"{path}: {fact}"


def test_a_plan_file_that_is_used_is_refused_as_that(path: Path) -> None:
    with claimed(load_plan(path)) as claim:
        claim.spend()
    assert document_at(path)["applied"] is True
    assert len(document_at(path)) > 1
    with pytest.raises(StalePlan) as refused:
        load_plan(path)
    assert str(refused.value) == f"{path}: it was applied before; plan again"


def test_what_is_used_is_noted_once(path: Path) -> None:
    with claimed(load_plan(path)) as claim:
        claim.spend()
        path.unlink()
        claim.spend()
    assert not path.exists()


def test_who_cannot_note_that_it_is_used_goes_on(path: Path) -> None:
    with claimed(load_plan(path)) as claim:
        path.unlink()
        path.parent.rmdir()
        claim.spend()
    assert not path.parent.exists()


def test_a_plan_file_is_held_by_one_and_free_again_if_nothing_was_written(path: Path) -> None:
    saved = load_plan(path)
    with claimed(saved) as claim:
        assert claim.saved == saved
        with pytest.raises(StalePlan) as refused, claimed(saved):
            pass
    assert str(refused.value) == f"{path}: somebody else applies it just now"
    with claimed(saved):
        pass


CHANGED = "it changed, or was applied, just now; plan again"


def test_a_plan_file_that_is_not_as_it_was_read_is_refused(path: Path) -> None:
    saved = load_plan(path)
    path.write_bytes(saved.raw + b"\n")
    with pytest.raises(StalePlan) as refused, claimed(saved):
        pass
    assert str(refused.value) == f"{path}: {CHANGED}"
    path.unlink()
    with pytest.raises(StalePlan) as refused, claimed(saved):
        pass
    assert str(refused.value) == f"{path}: No such file or directory; plan again"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_plan_file_that_is_written_anew_while_it_is_opened_is_refused(
    path: Path,
    is_there: bool,  # noqa: FBT001
) -> None:
    class WrittenAnew(PosixPath):
        def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
            self.unlink()
            if is_there:
                save_plan(planned(), path)
            return super().stat(follow_symlinks=follow_symlinks)

    saved = load_plan(path)
    changing = SavedPlan(WrittenAnew(path), saved.raw, saved.document)
    with pytest.raises(StalePlan, match=CHANGED), claimed(changing):
        pass


@pytest.mark.parametrize("place", ["note", "path"])
def test_what_is_nested_too_deep_is_refused(path: Path, place: str) -> None:
    """What could be read, and was hashed, may be too deep to be written again."""
    document = document_at(path)
    del document["digest"]
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    one(document)[place] = deep
    path.write_text(json.dumps(document | {"digest": digest_of(document)}), encoding="utf-8")
    with pytest.raises(InvalidPlanFile, match=r"edited or damaged|not a whole"):
        load_plan(path)
