"""What some tests need besides Python packages.

Where it is missing they are skipped, so that `make test` works on any machine. Where
`ESP_RECONCILE_TEST_REQUIRE` names it, as in CI (`node,sops`, say), they fail.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

VARIABLE = "ESP_RECONCILE_TEST_REQUIRE"
JAVASCRIPT = Path(__file__).parent / "contract" / "javascript"
WHEELS = Path(__file__).parents[1] / ".venv" / "wheels"
CHROMIUM = Path("/usr/bin/chromium")
AXE = JAVASCRIPT / "node_modules" / "axe-core" / "axe.min.js"
OLDEST_NODE = 18


def needs(what: str) -> None:
    """Skip or fail the test if `what` is not there, and say how to get it."""
    required = _required()
    problem = _problem(what)
    if problem and what in required:
        pytest.fail(f"{problem} ({VARIABLE} forbids to skip this)")
    if problem:
        pytest.skip(problem)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once what is missing, instead of once for every test that wants it."""
    reasons = [str(report.longrepr[-1]) for report in terminalreporter.stats.get("skipped", ())]
    for problem in filter(None, map(_problem, PROBLEMS)):
        if tests := sum(reason.endswith(problem) for reason in reasons):
            words = "1 test was" if tests == 1 else f"{tests} tests were"
            terminalreporter.write_line(f"{words} skipped: {problem}", yellow=True)


def _required() -> set[str]:
    """Return the words of the variable; a misspelt one would skip what must not be skipped."""
    words = {word.strip() for word in os.environ.get(VARIABLE, "").split(",")} - {""}
    if unknown := words - PROBLEMS.keys():
        pytest.fail(f"{VARIABLE} has unknown words: {', '.join(sorted(unknown))}")
    return words


@cache
def _problem(what: str) -> str | None:
    return PROBLEMS[what]()


def _node() -> str | None:
    node = shutil.which("node")
    how = f"install Node.js {OLDEST_NODE} or newer with npm, then run `make test`"
    if node is None:
        return f"node is missing: {how}"
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)", told)
    if match is None or int(match[1]) < OLDEST_NODE:
        return f"node is too old ({told.strip() or 'no version'}): {how}"
    packages = JAVASCRIPT / "node_modules"
    if not all((packages / each).is_dir() for each in ("mailgun.js", "yaml-language-server")):
        return "the packages for node are missing: run `npm ci` in tests/contract/javascript"
    return None


def _sops() -> str | None:
    missing = [name for name in ("sops", "age-keygen") if shutil.which(name) is None]
    if not missing:
        return None
    return (
        f"{' and '.join(missing)} missing: install age (Debian has it) and sops "
        "(`go install github.com/getsops/sops/v3/cmd/sops@latest`)"
    )


def _act() -> str | None:
    how = "`go install github.com/nektos/act@latest`"
    return None if shutil.which("act") else f"act is missing: install it ({how})"


def _gitlab_ci_local() -> str | None:
    missing = [name for name in ("gitlab-ci-local", "rsync") if shutil.which(name) is None]
    if not missing:
        return None
    return (
        f"{' and '.join(missing)} missing: install rsync (Debian has it) and gitlab-ci-local "
        "(`npm install --global gitlab-ci-local`, with Node.js 20)"
    )


def _knot() -> str | None:
    """Tell whether there is a name server; Debian has it where only the superuser looks."""
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
    if shutil.which("knotd", path=path):
        return None
    return "knotd is missing: install knot (Debian has it)"


def _wheels() -> str | None:
    """Tell whether what our action and our hooks install can be had without a network."""
    if (WHEELS / ".fetched").exists():
        return None
    return "the wheels that are installed offline are missing: run `make test`"


def _chromium() -> str | None:
    """Tell whether a page can be looked at, and judged: Debian's browser, and axe-core."""
    if not CHROMIUM.exists():
        return "chromium is missing: install it (Debian has it; Playwright's own is not used)"
    if not AXE.exists():
        return "axe-core is missing: run `npm ci` in tests/contract/javascript"
    return None


def _w3m() -> str | None:
    return None if shutil.which("w3m") else "w3m is missing: install it (Debian has it)"


# Each returns what is wrong, and the way out; None when all is well.
PROBLEMS: Mapping[str, Callable[[], str | None]] = {
    "node": _node,
    "sops": _sops,
    "act": _act,
    "gitlab-ci-local": _gitlab_ci_local,
    "wheels": _wheels,
    "knot": _knot,
    "chromium": _chromium,
    "w3m": _w3m,
}
