"""The folder of a sandbox: for its owner only, out of Git, and never behind a link."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.world import StateUnusable, World


def seed(kept: Any) -> dict[str, Any]:
    sections: dict[str, Any] = {"postmark": {}, "mailgun": {}, "dns": {}, "settings": {}}
    return {"credentials": kept or {"mailgun_api_key": "key-0"}, **sections}


@pytest.mark.parametrize("before", [None, 0o755, 0o777])
def test_the_folder_is_its_owners_only_and_kept_out_of_git(
    tmp_path: Path, before: int | None
) -> None:
    folder = tmp_path / "deep" / "box" if before is None else tmp_path / "box"
    if before is not None:
        folder.mkdir()
        folder.chmod(before)
        (folder / "state.json").write_text(json.dumps(seed(None) | {"format": 1}))
        (folder / "state.json").chmod(0o644)
    World(folder, seed)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "state.json").stat().st_mode) == 0o600
    assert (folder / ".gitignore").read_text() == "*\n"
    shutil.rmtree(folder)


def test_a_folder_that_is_made_anew_under_a_running_sandbox_is_as_closed(tmp_path: Path) -> None:
    world = World(tmp_path / "box", seed)
    shutil.rmtree(tmp_path / "box")
    world.save()
    assert stat.S_IMODE((tmp_path / "box").stat().st_mode) == 0o700
    assert (tmp_path / "box" / ".gitignore").read_text() == "*\n"


def test_the_root_of_a_repository_keeps_its_mode_and_its_rules(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    tmp_path.chmod(0o755)
    World(tmp_path, seed)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert not (tmp_path / ".gitignore").exists()


@pytest.mark.parametrize("linked", ["box", "box/state.json", "."])
@pytest.mark.parametrize("leads_to_state", [True, False])
@pytest.mark.parametrize("anew", [True, False])
def test_a_link_in_the_place_of_the_folder_or_the_state_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    linked: str,
    leads_to_state: bool,  # noqa: FBT001
    anew: bool,  # noqa: FBT001
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "box").mkdir(parents=True)
    if leads_to_state:
        for folder in (elsewhere, elsewhere / "box"):
            (folder / "state.json").write_text(json.dumps(seed(None) | {"format": 1}))
    (tmp_path / "repo").mkdir()
    monkeypatch.chdir(tmp_path / "repo")
    place = Path("a") / linked
    place.parent.mkdir(exist_ok=True, parents=True)
    place.symlink_to(elsewhere / "state.json" if place.name == "state.json" else elsewhere)
    before = {each: each.stat().st_mtime_ns for each in elsewhere.rglob("*")}
    with pytest.raises(StateUnusable, match="a link, which is not followed here"):
        World(Path("a/box"), seed, anew=anew)
    assert {each: each.stat().st_mtime_ns for each in elsewhere.rglob("*")} == before


def test_a_folder_that_is_named_in_full_may_be_reached_by_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    World(tmp_path / "link" / "box", seed)
    assert (tmp_path / "real" / "box" / "state.json").exists()
