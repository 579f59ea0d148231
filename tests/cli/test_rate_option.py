"""How many calls a minute to begin with."""

from pathlib import Path

import pytest
from program import run


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "1.5"])
def test_a_rate_is_a_whole_number_of_calls(folder: Path, rate: str) -> None:
    assert run("--rate", rate, "--sandbox", "plan", cwd=folder).code == 64
    done = run("--sandbox", "plan", cwd=folder, env={"ESP_RECONCILE_RATE": rate})
    assert done.code == 64
    assert "rate" in done.err.lower()


@pytest.mark.parametrize("rate", ["1000", "100000000000"])
def test_a_high_rate_slows_nothing_down(folder: Path, rate: str) -> None:
    env = {"ESP_RECONCILE_RATE": rate}
    assert run("--sandbox", "plan", "--detailed-exitcode", cwd=folder, env=env).code == 2
