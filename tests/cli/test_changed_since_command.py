"""`plan --changed-since`: what was declared otherwise, and no call for anything else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from program import CLEAN, Served, run

HEAD = "version: 1\nproviders:\n  m:\n    service: mailgun\n    token: {env: MAILGUN_API_KEY}\n"
SECRET = """\
version: 1
providers:
  t:
    service: postmark
    token: {env: POSTMARK_SERVER_TOKEN}
    webhooks:
      - url: https://hooks.example.com/a
        triggers: [bounce]
        auth: {username: u, password: {file: secrets/password}}
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=n", "-c", "user.email=n@example.com")
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env={**CLEAN, "GIT_CONFIG_GLOBAL": "/dev/null"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def commit(folder: Path, text: str) -> None:
    (folder / "esp.yaml").write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "a change")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    return tmp_path


def domains(number: int, **changed: str) -> str:
    lines = (
        f"      d{each}.example.com: {changed.get(f'd{each}', '{}')}\n" for each in range(number)
    )
    return f"{HEAD}    domains:\n{''.join(lines)}"


def calls(err: str) -> list[str]:
    return [line for line in err.splitlines() if line.startswith(("GET ", "POST ", "PUT "))]


def test_a_declaration_that_is_gone_is_told_and_deletes_nothing(
    box: Served, repository: Path
) -> None:
    commit(repository, domains(3))
    run("apply", "--yes", cwd=repository, env=box.env)
    (repository / "esp.yaml").write_text(domains(2))
    planned = run("plan", "--changed-since", "HEAD", cwd=repository, env=box.env)
    assert planned.code == 0
    told = "No longer declared since HEAD, and left alone:\n"
    assert told in planned.out
    assert "  m/domains/d2.example.com\n" in planned.out
    document = run(
        "plan", "--changed-since", "HEAD", "--format", "json", cwd=repository, env=box.env
    ).json
    assert (document["since"], document["changes"]) == ("HEAD", [])
    assert "m/domains/d2.example.com" in document["dropped"]


def test_where_nothing_is_declared_otherwise_no_token_is_needed(
    box: Served, repository: Path
) -> None:
    commit(repository, domains(3))
    (repository / "esp.yaml").write_text("# a word\n" + domains(3))
    planned = run("plan", "--changed-since", "HEAD", "--detailed-exitcode", cwd=repository)
    assert planned.code == 0
    assert planned.out == "No changes: nothing that is declared differs from HEAD.\n"
    assert box.requests() == []


def test_a_plan_of_what_changed_is_applied_exactly(box: Served, repository: Path) -> None:
    commit(repository, domains(3))
    run("apply", "--yes", cwd=repository, env=box.env)
    (repository / "esp.yaml").write_text(domains(3, d1="{tracking: {opens: true}}"))
    made = run("plan", "--changed-since", "HEAD", "--out", "p.json", cwd=repository, env=box.env)
    assert made.code == 0
    applied = run("apply", "--plan", "p.json", "--yes", cwd=repository, env=box.env)
    assert (applied.code, "1 applied" in applied.out) == (0, True), applied


def test_a_token_that_leads_elsewhere_touches_all_that_it_reaches(
    box: Served, repository: Path
) -> None:
    commit(repository, domains(2))
    run("apply", "--yes", cwd=repository, env=box.env)
    changed = domains(2).replace("MAILGUN_API_KEY", "MAILGUN_OTHER_KEY")
    (repository / "esp.yaml").write_text(changed)
    env = {**box.env, "MAILGUN_OTHER_KEY": box.env["MAILGUN_API_KEY"]}
    planned = run("--debug", "plan", "--changed-since", "HEAD", cwd=repository, env=env)
    assert planned.code == 0
    assert any("d1.example.com" in call for call in calls(planned.err))


def test_a_secret_whose_file_changed_is_declared_otherwise(box: Served, repository: Path) -> None:
    (repository / "secrets").mkdir()
    (repository / "secrets" / "password").write_text("one")
    commit(repository, SECRET)
    run("apply", "--yes", cwd=repository, env=box.env)
    unchanged = run("plan", "--changed-since", "HEAD", cwd=repository)
    assert unchanged.out.startswith("No changes: nothing")
    (repository / "secrets" / "password").write_text("two")
    planned = run("plan", "--changed-since", "HEAD", cwd=repository, env=box.env)
    assert "1 to update" in planned.out


@pytest.mark.parametrize("target", ["/dev/zero", "pipe"])
def test_a_secret_that_is_no_file_is_neither_read_nor_waited_for(
    repository: Path, target: str
) -> None:
    (repository / "secrets").mkdir()
    os.mkfifo(repository / "secrets" / "pipe")
    (repository / "secrets" / "password").symlink_to(target)
    commit(repository, SECRET)
    planned = run("--untrusted", "plan", "--changed-since", "HEAD", cwd=repository)
    assert planned.code == 4
    assert "Untrusted" not in planned.err


def test_git_is_asked_once_for_a_file_that_many_references_lead_into(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    head, one = SECRET.split("      - url")
    many = "".join(f"      - url{one}".replace("/a", f"/{each}") for each in range(100))
    (repository / "secrets").mkdir()
    (repository / "secrets" / "password").write_text("one")
    commit(repository, head + many)
    program = tmp_path_factory.mktemp("bin") / "git"
    program.write_text(f'#!/bin/sh\necho >> {program}.asked\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    path = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
    planned = run("plan", "--changed-since", "HEAD", cwd=repository, env=path)
    assert planned.out.startswith("No changes: nothing")
    assert len(Path(f"{program}.asked").read_text().splitlines()) < 15


def test_a_ref_that_is_empty_is_no_ref(repository: Path) -> None:
    commit(repository, domains(1))
    planned = run("plan", "--changed-since", "", cwd=repository)
    assert planned.code == 1
    assert "an empty name: a commit, a tag or a branch is wanted" in planned.err


def test_only_may_meet_what_did_not_change(box: Served, repository: Path) -> None:
    commit(repository, domains(2))
    for files in (domains(2), domains(2, d0="{tracking: {opens: true}}")):
        (repository / "esp.yaml").write_text(files)
        asked = ("--changed-since", "HEAD", "--only", "m/domains/d1.example.com")
        planned = run("plan", *asked, cwd=repository, env=box.env)
        assert planned.code == 0, planned.err
        assert planned.out.startswith("No changes: nothing")


def test_only_and_changed_since_both_hold(box: Served, repository: Path) -> None:
    commit(repository, domains(3))
    run("apply", "--yes", cwd=repository, env=box.env)
    opened = "{tracking: {opens: true}}"
    (repository / "esp.yaml").write_text(domains(3, d0=opened, d1=opened))
    planned = run(
        *("plan", "--changed-since", "HEAD", "--only", "m/domains/d1*", "--format", "json"),
        cwd=repository,
        env=box.env,
    )
    assert [each["address"] for each in planned.json["changes"]] == [
        "m/domains/d1.example.com/tracking"
    ]


def test_the_first_configuration_is_all_new(box: Served, repository: Path) -> None:
    (repository / "README").write_text("x")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "empty")
    (repository / "esp.yaml").write_text(domains(2))
    planned = run("plan", "--changed-since", "HEAD", cwd=repository, env=box.env)
    assert "2 to create" in planned.out


def test_what_has_no_past_is_said(repository: Path) -> None:
    commit(repository, domains(1))
    planned = run("plan", "--changed-since", "nope", cwd=repository)
    assert planned.code == 1
    assert "nope: no commit, tag or branch of this repository" in planned.err


def test_an_old_configuration_that_is_wrong_is_told_with_its_place(repository: Path) -> None:
    commit(repository, domains(1).replace("domains", "domians"))
    (repository / "esp.yaml").write_text(domains(1))
    planned = run("plan", "--changed-since", "HEAD", cwd=repository)
    assert planned.code == 1
    assert "the configuration at HEAD cannot be read: esp.yaml:6:5: unknown key" in planned.err
