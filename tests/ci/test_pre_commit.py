"""The hooks that other repositories name, as pre-commit installs and runs them."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from changes import BROKEN
from program import run
from repository import AUTHOR, EXAMPLE, REPO, git
from required import WHEELS, needs

CONFIG = """\
repos:
  - repo: {source}
    rev: {commit}
    hooks:
      - id: esp-validate
      - id: esp-schema
"""


def published(folder: Path) -> str:
    """Make a repository with what the hooks are installed from; return its commit."""
    git(folder.parent, "init", "--quiet", str(folder))
    for name in ("reconciler", "schemas", "examples"):
        shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("LICENSE", "README.md", "pyproject.toml", ".pre-commit-hooks.yaml"):
        shutil.copy(REPO / name, folder)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Publish the hooks")
    return git(folder, "rev-parse", "HEAD")


def checked(folder: Path, *arguments: str) -> dict[str, str]:
    """Run hooks on what is staged; return how each ended, by its name."""
    git(folder, "add", "--all")
    command = arguments or ("run",)
    done = subprocess.run(
        [sys.executable, "-m", "pre_commit", *command, "--color=never"],
        cwd=folder,
        env={
            "HOME": str(folder.parent),
            "PIP_NO_COMPILE": "1",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(WHEELS),
            **AUTHOR,
        },
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    ended = re.findall(r"^(.+?)\.{3,}.*?(\w+)$", done.stdout, re.MULTILINE)
    assert ended, done.stdout + done.stderr
    assert (done.returncode == 0) == ("Failed" not in dict(ended).values())
    return {name: how for name, how in ended if how != "Skipped"}


def test_hooks_let_pass_what_is_good_and_stop_what_is_not(tmp_path: Path) -> None:
    needs("wheels")
    commit = published(tmp_path / "hooks")
    mail = tmp_path / "mail"
    git(tmp_path, "init", "--quiet", str(mail))
    config = CONFIG.format(source=tmp_path / "hooks", commit=commit)
    (mail / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    (mail / "esp.yaml").write_text(EXAMPLE, encoding="utf-8")
    assert run("schema", "--out", "esp.schema.json", cwd=mail).code == 0
    by_program, by_schema = "validate esp.yaml", "check esp.yaml by esp.schema.json"
    assert checked(mail) == {by_program: "Passed", by_schema: "Passed"}

    (mail / "esp.yaml").write_text(EXAMPLE.replace(*BROKEN), encoding="utf-8")
    assert checked(mail) == {by_program: "Failed", by_schema: "Failed"}

    # Only who reads the whole sees that nothing declares the stream of a webhook.
    (mail / "esp.yaml").write_text(EXAMPLE.replace("stream: outbound", "stream: none"), "utf-8")
    assert checked(mail) == {by_program: "Failed", by_schema: "Passed"}

    tried = checked(mail, "try-repo", str(tmp_path / "hooks"), "esp-validate")
    assert tried == {by_program: "Failed"}
