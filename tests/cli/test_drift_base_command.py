"""`drift` beside what Git says was applied, and `apply --record-ref`, which says so."""

import subprocess
from pathlib import Path

import pytest
from program import CLEAN, Run, Served, run

APPLIED = "refs/esp-reconcile/applied"
APPLY = ("apply", "--yes", "--allow-deletes", "9")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Ops", "-c", "user.email=ops@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env={**CLEAN, "GIT_CONFIG_GLOBAL": "/dev/null"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, message: str = "as it is") -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(box: Served, folder: Path) -> Path:  # noqa: ARG001 - a new one
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


@pytest.fixture
def applied(box: Served, repository: Path) -> Path:
    """Return a repository whose commit was applied and recorded."""
    done = run(*APPLY, "--record-ref", cwd=repository, env=box.env)
    assert (done.code, done.err.count("Warning")) == (0, 0), done
    return repository


def merge(folder: Path, before: str, after: str) -> None:
    path = folder / "esp.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    commit(folder, "a change")


def drift(folder: Path, box: Served, *arguments: str) -> Run:
    return run("drift", "--format", "json", *arguments, cwd=folder, env=box.env)


def causes(done: Run) -> list[tuple[str, str]]:
    return [
        (field["name"], field["cause"])
        for each in done.json["differences"]
        for field in each["fields"]
    ]


def recorded(folder: Path) -> str:
    return git(folder, "for-each-ref", "--format=%(objectname)", APPLIED)


def test_an_apply_of_all_records_its_commit(applied: Path) -> None:
    assert recorded(applied) == git(applied, "rev-parse", "HEAD")


def test_a_hand_a_merge_and_both_are_told_apart(box: Served, applied: Path) -> None:
    assert drift(applied, box).code == 0
    merge(applied, "links: html_and_text", "links: html_only")
    pending = drift(applied, box)
    assert (pending.code, pending.json["state"]) == (3, "pending")
    assert causes(pending) == [("tracking.links", "pending")]
    assert drift(applied, box, "--exit-code", "drift").code == 0
    box.postmark("PUT", "/server", {"TrackOpens": False})
    both = drift(applied, box)
    assert (both.code, both.json["state"]) == (2, "drift")
    assert causes(both) == [("tracking.links", "pending"), ("tracking.opens", "drift")]
    box.postmark("PUT", "/server", {"TrackLinks": "TextOnly"})
    conflict = drift(applied, box)
    assert causes(conflict) == [("tracking.links", "conflict"), ("tracking.opens", "drift")]
    (server,) = conflict.json["differences"]
    links = server["fields"][0]
    assert [links[each] for each in ("applied", "live", "declared")] == [
        "html_and_text",
        "text_only",
        "html_only",
    ]
    text = run("drift", cwd=applied, env=box.env).out
    assert 'applied "html_and_text", live "text_only", declared "html_only"' in text
    assert f"Compared with what was applied at {recorded(applied)[:12]}." in text


def test_a_base_can_be_named_and_be_left_out(box: Served, applied: Path) -> None:
    box.postmark("PUT", "/server", {"TrackOpens": False})
    assert causes(drift(applied, box, "--base", "main")) == [("tracking.opens", "drift")]
    unknown = drift(applied, box, "--no-base")
    assert (unknown.json["base"], causes(unknown)) == (None, [("tracking.opens", "unknown")])


def test_without_a_repository_or_a_record_there_is_no_base(box: Served, folder: Path) -> None:
    assert run(*APPLY, cwd=folder, env=box.env).code == 0
    assert drift(folder, box).json["base"] is None
    git(folder, "init", "-q")
    commit(folder)
    assert drift(folder, box).json["base"] is None


def test_a_base_that_is_not_there_is_an_error_before_anything_is_asked(
    box: Served, repository: Path
) -> None:
    done = drift(repository, box, "--base", "mian")
    assert done.code != 0
    assert "did you mean `main`?" in done.err
    assert not any("/webhooks" in each for each in box.requests())


def test_a_base_that_is_no_configuration_is_an_error_with_its_place(
    box: Served, applied: Path
) -> None:
    merge(applied, "version: 1", "version: 7")
    git(applied, "tag", "broken")
    merge(applied, "version: 7", "version: 1")
    done = drift(applied, box, "--base", "broken")
    assert done.code != 0
    assert "esp.yaml:" in done.err


def test_what_is_in_a_folder_and_accepted_there_is_no_part_of_the_base(
    box: Served, repository: Path
) -> None:
    (repository / "conf").mkdir()
    (repository / "esp.yaml").rename(repository / "conf" / "esp.yaml")
    text = "version: 1\naccepted: []\n"
    (repository / "conf" / "accepted-drift.yaml").write_text(text, encoding="utf-8")
    commit(repository)
    assert run(*APPLY, "--record-ref", "conf", cwd=repository, env=box.env).code == 0
    done = drift(repository, box, "conf")
    assert (done.code, done.json["base"]) == (0, recorded(repository))


def test_only_an_apply_of_all_of_a_commit_can_be_recorded(box: Served, repository: Path) -> None:
    part = run(*APPLY, "--record-ref", "--only", "marketing", cwd=repository, env=box.env)
    assert part.code == 64
    run("plan", "--only", "marketing", "--out", "p.json", cwd=repository, env=box.env)
    saved = run(*APPLY, "--record-ref", "--plan", "p.json", cwd=repository, env=box.env)
    assert saved.code == 64
    (repository / "esp.yaml").write_text(
        (repository / "esp.yaml").read_text(encoding="utf-8").replace("html_and_text", "none"),
        encoding="utf-8",
    )
    dirty = run(*APPLY, "--record-ref", cwd=repository, env=box.env)
    assert (dirty.code, "commit it first" in dirty.err) == (64, True)
    assert recorded(repository) == ""
    assert {each.split()[0] for each in box.requests()} == {"GET"}


def test_a_saved_plan_of_all_is_recorded(box: Served, repository: Path) -> None:
    run("plan", "--out", "p.json", cwd=repository, env=box.env)
    done = run(*APPLY, "--record-ref", "--plan", "p.json", cwd=repository, env=box.env)
    assert done.code == 0, done
    assert recorded(repository) == git(repository, "rev-parse", "HEAD")


def test_an_apply_that_failed_in_part_is_not_recorded(box: Served, repository: Path) -> None:
    fault = {"method": "PUT", "path": "/server", "status": 422, "times": 99}
    box.control("postmark", "POST", "faults", fault)
    done = run(*APPLY, "--record-ref", cwd=repository, env=box.env)
    assert done.code == 5
    assert recorded(repository) == ""


def test_an_apply_without_a_change_is_recorded(box: Served, applied: Path) -> None:
    commit(applied, "nothing of ours")
    done = run(*APPLY, "--record-ref", cwd=applied, env=box.env)
    assert done.code == 0
    assert recorded(applied) == git(applied, "rev-parse", "HEAD")


def test_a_record_that_cannot_be_made_is_a_warning(box: Served, repository: Path) -> None:
    (repository / ".git" / "refs" / "esp-reconcile").write_text("in the way", encoding="utf-8")
    done = run(*APPLY, "--record-ref", cwd=repository, env=box.env)
    assert done.code == 0
    assert f"Warning: applied, but not recorded as {APPLIED}" in done.err


def test_outside_of_a_repository_nothing_can_be_recorded(box: Served, folder: Path) -> None:
    done = run(*APPLY, "--record-ref", cwd=folder, env=box.env)
    assert done.code != 0
    assert "not in a Git repository" in done.err
    assert box.requests() == []
