"""`init`: a repository that works, and nothing of what is there is written over."""

import shutil
import stat
from pathlib import Path

import pytest
from program import Served, run
from required import needs
from terminal import on_terminal

MAILGUN = ("--service", "mailgun", "--region", "eu", "--yes")
WRITTEN = [".gitignore", ".pre-commit-config.yaml", "esp.schema.json", "esp.yaml"]


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_what_is_live_is_imported_and_the_next_plan_is_empty(box: Served, tmp_path: Path) -> None:
    done = run("init", "mail", *MAILGUN, cwd=tmp_path, env=box.env)
    assert done.code == 0
    assert done.out.startswith("Valid: ")
    assert names(tmp_path / "mail") == WRITTEN
    assert "promo.example.com" in (tmp_path / "mail" / "esp.yaml").read_text(encoding="utf-8")
    plan = run("plan", "--detailed-exitcode", cwd=tmp_path / "mail", env=box.env)
    assert plan.code == 0
    assert all(each.startswith("GET ") for each in box.requests())


@pytest.mark.parametrize("service", ["mailgun", "postmark"])
def test_without_a_token_it_begins_with_an_example_in_comments(
    tmp_path: Path, service: str
) -> None:
    done = run("init", "--service", service, "--yes", cwd=tmp_path)
    assert done.code == 0
    assert "Nothing is imported yet: " in done.err
    text = (tmp_path / "esp.yaml").read_text(encoding="utf-8")
    assert f"    service: {service}\n" in text
    assert "    # " in text
    assert run("validate", cwd=tmp_path).code == 0
    example = text.replace("    # ", "    ")
    (tmp_path / "esp.yaml").write_text(example, encoding="utf-8")
    assert "unknown key" not in run("validate", cwd=tmp_path).out


def test_what_is_there_stays_and_is_told(box: Served, tmp_path: Path) -> None:
    for name in (".gitignore", "esp.yaml"):
        (tmp_path / name).write_text(
            "version: 1\nproviders: {m: {service: mailgun, token: {env: A}}}\n"
        )
    before = {name: (tmp_path / name).read_bytes() for name in (".gitignore", "esp.yaml")}
    done = run("init", *MAILGUN, cwd=tmp_path, env=box.env)
    assert done.code == 0
    assert "kept     .gitignore\n" in done.err
    assert "kept     esp.yaml" in done.err
    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert box.requests() == []


def test_a_refused_token_writes_no_configuration(box: Served, tmp_path: Path) -> None:
    env = {**box.env, "MAILGUN_API_KEY": "key-of-nobody"}
    done = run("init", *MAILGUN, cwd=tmp_path, env=env)
    assert done.code == 1
    assert "The key is not accepted here" in done.err
    assert not (tmp_path / "esp.yaml").exists()


def test_live_passwords_go_into_a_file_that_a_new_key_encrypts(box: Served, tmp_path: Path) -> None:
    needs("sops")
    auth = {"Username": "esp", "Password": "correct-horse-7"}
    hook = {"Url": "https://hooks.example.com/pm", "HttpAuth": auth, "Triggers": {}}
    box.postmark("POST", "/webhooks", hook)
    env = {**box.env, "XDG_CONFIG_HOME": str(tmp_path / "config"), "HOME": str(tmp_path)}
    arguments = ("--service", "postmark", "--secrets", "sops", "--yes")
    done = run("init", "mail", *arguments, cwd=tmp_path, env=env)
    assert done.code == 0, done.err
    key = tmp_path / "config" / "sops" / "age" / "keys.txt"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    folder = tmp_path / "mail"
    assert names(folder) == sorted([*WRITTEN, ".sops.yaml", "secrets.sops.yaml"])
    for each in folder.iterdir():
        assert "correct-horse-7" not in each.read_text(encoding="utf-8")
        assert "AGE-SECRET-KEY" not in each.read_text(encoding="utf-8")
    assert run("plan", "--detailed-exitcode", cwd=folder, env=env).code == 0
    kept = key.read_bytes()
    assert "A new key opens them, in " in done.err
    other = run("init", "other", *arguments, cwd=tmp_path, env=env)
    assert "The key that is there opens them, in " in other.err
    assert key.read_bytes() == kept


def test_without_age_it_says_what_is_missing(box: Served, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    env = {**box.env, "PATH": str(bare), "XDG_CONFIG_HOME": str(tmp_path)}
    done = run("init", "mail", *MAILGUN, "--secrets", "sops", cwd=tmp_path, env=env)
    assert done.code == 1
    assert "age-keygen is not there" in done.err
    assert not (tmp_path / "mail" / "esp.yaml").exists()


def test_on_a_terminal_it_asks_for_what_was_not_said(box: Served, tmp_path: Path) -> None:
    typed = [
        ("Service (mailgun, postmark) [mailgun]: ", "\n"),
        ("[env:MAILGUN_API_KEY]: ", "\n"),
        ("Region (us, eu) [us]: ", "eu\n"),
        ("Keep secrets in (env, sops) [env]: ", "\n"),
    ]
    code, shown = on_terminal(tmp_path, box.env, "init", "mail", typed=typed)
    assert code == 0, shown
    text = (tmp_path / "mail" / "esp.yaml").read_text(encoding="utf-8")
    assert "    region: eu\n" in text
    assert "promo.example.com" in text


def test_the_hook_runs_what_is_there(tmp_path: Path) -> None:
    assert shutil.which("git")
    run("init", "--yes", cwd=tmp_path)
    hooks = (tmp_path / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert "entry: esp-reconcile validate\n" in hooks


@pytest.mark.parametrize(
    ("forge", "files"),
    [
        (
            "github",
            {
                ".github/workflows/esp-pull-request.yml": "github/pull-request.yml",
                ".github/workflows/esp-apply.yml": "github/apply.yml",
                ".github/workflows/esp-drift.yml": "github/drift.yml",
            },
        ),
        ("gitlab", {".gitlab-ci.yml": "gitlab/esp-reconcile.gitlab-ci.yml"}),
        ("none", {}),
    ],
)
def test_ci_files_are_those_of_the_examples(
    tmp_path: Path, forge: str, files: dict[str, str]
) -> None:
    begun = run("init", "--ci", forge, "--yes", cwd=tmp_path)
    assert begun.code == 0, begun.err
    examples = Path(__file__).parents[2] / "examples"
    for place, name in files.items():
        assert (tmp_path / place).read_text() == (examples / name).read_text()
        assert f"written  {place}" in begun.err
    again = run("init", "--ci", forge, "--yes", cwd=tmp_path)
    assert all(f"kept     {place}" in again.err for place in files)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.yml")}
    assert found == files.keys()


def test_it_says_where_to_go_on_and_with_what(box: Served, tmp_path: Path) -> None:
    empty = run("init", "new", "--yes", cwd=tmp_path)
    assert "The service is mailgun; --service names another.\n" in empty.err
    assert empty.out == "Valid: 0 resources. Next: cd new && esp-reconcile import\n"
    full = run("init", *MAILGUN, cwd=tmp_path, env=box.env)
    assert full.out.endswith(" Next: esp-reconcile plan\n")


def test_a_file_is_no_folder_to_begin_in(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine", encoding="utf-8")
    done = run("init", "there", "--yes", cwd=tmp_path)
    assert done.code == 64
    assert "Error: there: no folder can be made there: File exists\n" in done.err
