"""What is remembered between runs: found again, safe from others, and missed by nobody."""

import json
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.state import Busy, LastTest, State, StateUnusable

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def test_a_test_is_remembered_by_a_later_run(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    State(folder).note_test("marketing", LastTest(NOON, "check", passed=True))
    assert State(folder).tested("marketing") == LastTest(NOON, "check", passed=True)
    assert State(folder).tested("transactional") is None


def test_a_job_is_kept_until_it_is_forgotten(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    state.keep_job("list", {"id": "a"})
    assert state.job("list") == {"id": "a"}
    state.forget_job("list")
    assert state.job("list") is None


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    State(folder).keep_job("list", {})
    assert (folder / "state.json").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[" * 100_000,
        "[]",
        '{"format": 2, "tests": {"a": 1}}',
        '{"format": 1, "tests": [], "jobs": 7}',
        '{"format": 1, "tests": {"a": {"at": "today"}}, "jobs": {"list": "x"}}',
        '{"format": 1, "tests": {"a": {"at": "2026-11-27T12:00:00", "by": "x", "passed": true}}}',
    ],
    ids=["empty", "cut", "deep", "list", "newer", "types", "fields", "no-zone"],
)
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, content: str) -> None:
    (tmp_path / "state.json").write_text(content)
    state = State(tmp_path)
    assert state.tested("a") is None
    assert state.job("list") is None
    state.note_test("a", LastTest(NOON, "check", passed=False))
    assert state.tested("a") == LastTest(NOON, "check", passed=False)


def test_a_link_in_the_place_of_the_file_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(json.dumps({"format": 1, "jobs": {"list": {"id": "b"}}}))
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "state.json").symlink_to(tmp_path / "elsewhere")
    state = State(folder)
    assert state.job("list") is None
    state.keep_job("list", {"id": "a"})
    assert not (folder / "state.json").is_symlink()
    assert "b" in (tmp_path / "elsewhere").read_text()


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StateUnusable, match="name another folder with --state"):
        State(tmp_path / "state").keep_job("list", {})
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_what_one_run_is_at_no_other_is(tmp_path: Path) -> None:
    with State(tmp_path).alone("list"):
        with pytest.raises(Busy, match="another run"), State(tmp_path).alone("list"):
            pass
        with State(tmp_path).alone("another list"):
            pass
    with State(tmp_path).alone("list"):
        pass


def test_where_nothing_can_be_kept_nobody_is_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StateUnusable, match="name another folder"),
        State(tmp_path / "file" / "below").alone("list"),
    ):
        pass


def _keep(folder: Path, name: str) -> None:
    State(folder).keep_job(name, {"id": name})


def test_many_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    names = [f"job-{number}" for number in range(24)]
    with ProcessPoolExecutor(6) as pool:
        list(pool.map(_keep, [tmp_path] * len(names), names))
    assert [State(tmp_path).job(name) for name in names] == [{"id": name} for name in names]
