"""The library's face: lazy, and enough for a script to plan and apply."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import reconciler
from reconciler import Options, Planner, Reconciler, load
from reconciler.engine.attempt import Result
from reconciler.providers.api import Reader, Writer
from reconciler.sandbox import Sandbox

EXAMPLE = Path(__file__).parents[1] / "examples" / "esp.yaml"
HEAVY = ("httpx", "yaml", "jsonschema", "deepdiff", "cryptography", "starlette", "uvicorn")


def modules_after(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after some code."""
    report = "import sys, atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    done = subprocess.run(
        [sys.executable, "-c", f"{report}\n{code}"], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"]])
def test_who_asks_for_help_waits_for_no_library_but_click(arguments: list[str]) -> None:
    loaded = modules_after(f"from reconciler.cli import main; main({arguments})")
    assert "click" in loaded
    assert sorted(set(HEAVY) & loaded) == []
    ours = {name for name in loaded if name.startswith("reconciler.")}
    assert {name for name in ours if not name.startswith("reconciler.cli")} == {
        "reconciler.errors",
        "reconciler.source",
    }


def test_who_imports_the_package_waits_for_nothing() -> None:
    loaded = modules_after("import reconciler; reconciler.__version__")
    assert {name for name in loaded if name.startswith("reconciler")} == {"reconciler"}


def test_the_face_has_what_it_names_and_nothing_else() -> None:
    assert reconciler.Planner is Planner
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = reconciler.Nothing


def test_a_script_plans_as_the_docstring_shows() -> None:
    with Planner.open(load([EXAMPLE]), Options(sandbox=Sandbox())) as planner:
        counted: list[tuple[int, int]] = []
        plan = planner.plan(progress=lambda done, known: counted.append((done, known)))
    assert [plan.count(action) for action in ("create", "update", "delete")] == [7, 4, 1]
    assert counted == sorted(counted)
    done, known = counted[-1]
    assert done == known > 0


def test_a_planner_cannot_write_and_a_reconciler_can() -> None:
    options = Options(sandbox=Sandbox())
    for way, client in ((Planner, Reader), (Reconciler, Writer)):
        with way.open(load([EXAMPLE]), options) as opened:
            assert type(opened.sessions["marketing"].client) is client


def test_a_script_applies_and_is_told_of_each_change_as_it_begins() -> None:
    config, options = load([EXAMPLE]), Options(sandbox=Sandbox())
    with Reconciler.open(config, options) as opened:
        plan = opened.plan()
        begun: list[str] = []
        came: list[Result] = []
        results = opened.apply(
            plan,
            begun=lambda change: begun.append(str(change.subject.address)),
            came=came.append,
        )
        assert {each.change.subject.address for each in came} == {
            each.change.subject.address for each in results
        }
        assert {str(each.outcome) for each in results} == {"applied"}
        assert Counter(begun) == Counter(str(each.subject.address) for each in plan.changes)
        assert opened.plan().changes == ()


GUIDE = Path(__file__).parents[1] / "docs" / "library.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize(
    "code", EXAMPLES, ids=["plan", "apply", "drift", "import", "explain", "check"]
)
def test_each_example_of_the_guide_runs(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "esp.yaml").write_bytes(EXAMPLE.read_bytes())
    monkeypatch.chdir(tmp_path)
    options = Options(sandbox=Sandbox())
    # The guide's reader has accounts; here the sandbox stands in for them.
    exec(code.replace("Options()", "options"), {"options": options})
    assert capsys.readouterr().out
