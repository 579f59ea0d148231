"""The script of the action: what it takes from its inputs, and what it installs."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from repository import EXAMPLE, REPO
from required import WHEELS, needs

INSTALLED = """\
#!/bin/sh
printf '%s\\n' "$@"
exit 3
"""


@dataclass(frozen=True)
class Step:
    """A step of a job; `home` is where the action is installed."""

    root: Path

    @property
    def home(self) -> Path:
        return self.root / "temp" / "esp-reconcile" / "action"

    def stand_in(self, program: str = INSTALLED) -> None:
        """Put a program where an earlier step installed the true one."""
        (self.home / "bin").mkdir(parents=True)
        (self.home / ".installed").touch()
        path = self.home / "bin" / "esp-reconcile"
        path.write_text(program, encoding="utf-8")
        path.chmod(0o755)

    def run(self, **inputs: str) -> subprocess.CompletedProcess[str]:
        given = {"command": "validate", "files": "", "args": "", "version": "", "python": "python3"}
        variables = {f"ESP_ACTION_{name.upper()}": text for name, text in (given | inputs).items()}
        return subprocess.run(
            [REPO / "action" / "run.sh"],
            cwd=self.root,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(self.root),
                "GITHUB_ACTION_PATH": str(self.root / "action"),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(self.root / "output"),
                "GITHUB_STEP_SUMMARY": str(self.root / "summary"),
                "PIP_NO_INDEX": "1",
                "PIP_FIND_LINKS": str(WHEELS),
                "RUNNER_TEMP": str(self.root / "temp"),
                **variables,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    def output(self) -> str:
        return (self.root / "output").read_text(encoding="utf-8")


@pytest.fixture
def step(tmp_path: Path) -> Step:
    (tmp_path / "temp").mkdir()
    return Step(tmp_path)


def test_lists_are_one_a_line_and_nothing_in_them_is_code(step: Step) -> None:
    step.stand_in()
    files = "\nmy conf/a.yaml\r\n\n  \n*.yaml\n$(touch made)\n"
    ran = step.run(files=files, args="--only\n'a b'/*\n`touch made`")
    assert ran.returncode == 3
    assert ran.stdout.splitlines() == [
        "validate",
        "--only",
        "'a b'/*",
        "`touch made`",
        "--report",
        "github",
        "--",
        "my conf/a.yaml",
        "*.yaml",
        "$(touch made)",
    ]
    assert not (step.root / "made").exists()


def test_untrusted_is_an_option_like_others(step: Step) -> None:
    step.stand_in()
    ran = step.run(args="--recursive\n--untrusted", files="conf")
    assert ran.stdout.split()[:3] == ["--untrusted", "validate", "--recursive"]


def test_only_commands_that_report_are_told_to(step: Step) -> None:
    step.stand_in()
    ran = step.run(command="comment", args="--planning")
    assert ran.stdout.split() == ["comment", "--planning", "--"]


@pytest.mark.parametrize("args", ["--out\nmy.json", "-o\nmy.json", "--out=my.json"])
def test_a_plan_is_kept_where_it_is_told_to_be(step: Step, args: str) -> None:
    step.stand_in()
    assert step.run(command="plan", args=args).stdout.count("my.json") == 1
    assert step.output() == "plan=my.json\n"


def test_a_plan_is_kept_wherever_nothing_is_told(step: Step) -> None:
    step.stand_in()
    ran = step.run(command="plan")
    place = step.root / "temp" / "esp-reconcile" / "plan.json"
    assert f"--out={place}" in ran.stdout
    assert step.output() == f"plan={place}\n"


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ({"command": ""}, "the input `command` is wanted"),
        ({"command": "plan\nrm"}, "the input `command` is wanted"),
        ({"version": "1 --index-url=https://example.com"}, "the input `version` is a version"),
        ({"version": "../../up"}, "the input `version` is a version"),
        ({"python": "python0"}, "the input `python` names an interpreter that is not there"),
        ({"python": "./old"}, "Python 3.11 or newer is wanted (Python 3.9.1)"),
    ],
)
def test_what_cannot_be_is_said_in_an_annotation(
    step: Step, inputs: dict[str, str], told: str
) -> None:
    old = step.root / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.1\n', encoding="utf-8")
    old.chmod(0o755)
    ran = step.run(**inputs)
    assert ran.returncode == 64
    assert ran.stdout.startswith(f"::error title=esp-reconcile::{told}")
    assert not (step.root / "output").exists()


def plant(folder: Path) -> None:
    """Put modules where a repository may have them, under the names of those that install."""
    for name in ("ensurepip", "pip", "sitecustomize", "venv"):
        for part in ("__init__", "__main__"):
            path = folder / name / f"{part}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text("print('of the repository')\nraise SystemExit\n", encoding="utf-8")


def test_what_is_installed_is_the_commit_of_the_action_and_what_its_lock_names(step: Step) -> None:
    needs("wheels")
    (step.root / "esp.yaml").write_text(EXAMPLE, encoding="utf-8")
    action = step.root / "action"
    action.mkdir()
    for name in ("action", "reconciler", "schemas", "examples"):
        shutil.copytree(REPO / name, action / name)
    for name in ("LICENSE", "README.md", "pyproject.toml", "requirements.lock"):
        shutil.copy(REPO / name, action)
    marked = action / "reconciler" / "__init__.py"
    marked.write_text(marked.read_text(encoding="utf-8") + "print('of the commit')\n", "utf-8")
    plant(step.root)
    ran = step.run(args="--untrusted")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == "of the commit\nValid: 2 providers, 13 resources.\n"
    assert "exit-code=0\n" in step.output()

    # The next step of the job has it, and needs neither the wheels nor the sources.
    shutil.rmtree(action)
    assert step.run(args="--untrusted").returncode == 0


def test_what_the_lock_does_not_know_is_not_installed(step: Step) -> None:
    needs("wheels")
    action = step.root / "action"
    action.mkdir()
    lock = (REPO / "requirements.lock").read_text(encoding="utf-8")
    pip = next(line for line in lock.splitlines() if line.startswith("pip=="))
    forged = f"{pip.partition(' ')[0]} --hash=sha256:{'0' * 64}\n"
    (action / "requirements.lock").write_text(forged, encoding="utf-8")
    ran = step.run()
    assert ran.returncode == 1
    assert "DO NOT MATCH THE HASHES" in ran.stderr
    assert not (step.home / ".installed").exists()


def test_each_input_reaches_the_script_and_each_output_is_told() -> None:
    action = yaml.safe_load((REPO / "action.yml").read_text(encoding="utf-8"))
    (only,) = action["runs"]["steps"]
    assert only["env"] == {
        f"ESP_ACTION_{name.upper()}": f"${{{{ inputs.{name} }}}}" for name in action["inputs"]
    }
    assert {name: told["value"] for name, told in action["outputs"].items()} == {
        name: f"${{{{ steps.{only['id']}.outputs.{name} }}}}" for name in action["outputs"]
    }
