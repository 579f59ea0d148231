"""A machine without sops or node runs the suite, and is told once what is missing."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from required import VARIABLE

TESTS = Path(__file__).parent
WANTING = [
    "contract/test_mailgun_javascript_client.py",
    "secrets/test_sops.py",
    "ci/test_gitlab_pipeline.py",
    "ci/test_github_workflows.py",
]


def suite(path: Path, env: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run what wants other programs with those of one folder only."""
    quiet = ["--quiet", "-p", "no:cacheprovider"]
    # What this run tells its own workers is not for those of another.
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *quiet, *arguments, *WANTING],
        cwd=TESTS,
        env={**own, VARIABLE: "", "PATH": str(path), **env},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_what_is_missing_is_told_in_one_line_at_the_end(tmp_path: Path) -> None:
    done = suite(tmp_path, {}, "-n", "2")
    *_, node, sops, act, gitlab, count = done.stdout.splitlines()
    assert done.returncode == 0
    assert "skipped: node is missing: install Node.js" in node
    assert "skipped: sops and age-keygen missing: install age" in sops
    assert "skipped: act is missing: install it" in act
    assert "skipped: gitlab-ci-local and rsync missing: install rsync" in gitlab
    assert " skipped" in count
    assert done.stdout.count("missing") == 4


def test_what_must_not_be_missing_fails(tmp_path: Path) -> None:
    done = suite(tmp_path, {VARIABLE: "sops"}, "-k", "sops", "--maxfail", "1")
    assert done.returncode == 1
    assert f"{VARIABLE} forbids to skip this" in done.stdout
