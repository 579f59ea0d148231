"""Which files a run reads: named ones, those in folders, and standard input."""

import subprocess
from pathlib import Path

import pytest
from program import CLEAN, PROGRAM, run

ONE = "version: 1\nproviders:\n  a: {service: mailgun, token: {env: MAILGUN_A}, domains: {}}\n"
TWO = "version: 1\nproviders:\n  b: {service: mailgun, token: {env: MAILGUN_B}, domains: {}}\n"
COMPOSE = "version: '3'\nservices: {web: {image: nginx}}\n"
TAGGED = "Resources: {Bucket: !Ref Other}\n"


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    conf = tmp_path / "conf"
    (conf / "deep" / "er").mkdir(parents=True)
    (conf / ".hidden").mkdir()
    (conf / "one.yaml").write_text(ONE, encoding="utf-8")
    (conf / "deep" / "er" / "two.yml").write_text(TWO, encoding="utf-8")
    (conf / ".hidden" / "three.yaml").write_text("not: ours", encoding="utf-8")
    return conf


def test_a_folder_stands_for_its_own_files_and_with_recursive_for_those_below(conf: Path) -> None:
    flat = run("validate", "conf", cwd=conf.parent)
    assert (flat.code, flat.out) == (0, "Valid: 1 provider, 0 resources.\n")
    deep = run("validate", "--recursive", "conf", cwd=conf.parent)
    assert (deep.code, deep.out) == (0, "Valid: 2 providers, 0 resources.\n")


@pytest.mark.parametrize("other", [COMPOSE, TAGGED, "- a\n- b\n"])
def test_what_is_no_configuration_is_skipped_in_a_folder_and_told(conf: Path, other: str) -> None:
    (conf / "other.yaml").write_text(other, encoding="utf-8")
    done = run("validate", "conf", cwd=conf.parent)
    assert done.code == 0
    assert done.err.startswith("Warning: conf/other.yaml: no `version: 1`, no `providers:`")
    named = run("validate", "conf/other.yaml", cwd=conf.parent)
    assert named.code == 1


@pytest.mark.parametrize("meant", ["version: 1\nproviers: {}\n", "providers: {}\n", "version: 1\n"])
def test_what_means_to_be_one_is_checked(conf: Path, meant: str) -> None:
    (conf / "meant.yaml").write_text(meant, encoding="utf-8")
    done = run("validate", "conf", cwd=conf.parent)
    assert done.code == 1
    assert "conf/meant.yaml:" in done.out


def test_a_folder_without_any_configuration_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "compose.yaml").write_text(COMPOSE, encoding="utf-8")
    done = run("validate", "conf", cwd=tmp_path)
    assert done.code == 1
    assert "conf/compose.yaml: no `version: 1`" in done.out


def test_a_folder_that_leads_to_itself_is_entered_once(conf: Path) -> None:
    (conf / "deep" / "back").symlink_to(conf)
    assert run("validate", "--recursive", "conf", cwd=conf.parent).code == 0


def test_a_dash_is_standard_input(tmp_path: Path) -> None:
    def validate(text: str) -> subprocess.CompletedProcess[str]:
        command = [*PROGRAM, "validate", "-"]
        return subprocess.run(
            command,
            cwd=tmp_path,
            env=CLEAN,
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )

    assert validate(ONE).stdout == "Valid: 1 provider, 0 resources.\n"
    wrong = validate("version: 2\n")
    assert wrong.returncode == 1
    assert "-:1:10: `version`: 1 is wanted" in wrong.stdout
