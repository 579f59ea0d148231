import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from program import Served, run, served
from repository import EXAMPLE, EXAMPLES, Repository

DOUBLE = Path(__file__).parents[1] / "forges" / "double.py"


@pytest.fixture
def forge() -> Iterator[str]:
    """Return the URL of a forge of its own process."""
    process = subprocess.Popen(
        [sys.executable, str(DOUBLE), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Served]:
    """Return a sandbox that holds what the example declares."""
    folder = tmp_path / "begun"
    folder.mkdir()
    (folder / "esp.yaml").write_text(EXAMPLE, encoding="utf-8")
    with served(tmp_path / "state") as running:
        assert run("apply", "--yes", cwd=folder, env=running.env).code == 0
        yield running


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    workflows = {
        # act does not know `queue` yet.
        f".github/workflows/esp-{path.name}": path.read_text(encoding="utf-8").replace(
            "  queue: max\n", ""
        )
        for path in (EXAMPLES / "github").glob("*.yml")
    }
    pipeline = EXAMPLES / "gitlab" / "esp-reconcile.gitlab-ci.yml"
    files = {".gitlab-ci.yml": pipeline.read_text(encoding="utf-8"), "esp.yaml": EXAMPLE}
    return Repository.begin(tmp_path, {**workflows, **files})
