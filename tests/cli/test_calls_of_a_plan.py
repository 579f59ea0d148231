"""`plan --estimate` tells the calls before any is made, and `--max-calls` stops before one more."""

from pathlib import Path

import pytest
from program import Served, run


def test_an_estimate_makes_no_call_and_needs_no_token(box: Served, folder: Path) -> None:
    told = run("plan", "--estimate", cwd=folder)
    assert told.code == 0, told.err
    assert "marketing: " in told.out
    assert "at 300 a minute" in told.out
    assert box.requests() == []


def test_the_calls_of_a_plan_are_those_that_were_told(box: Served, folder: Path) -> None:
    told = run("plan", "--estimate", "--format", "json", cwd=folder).json["calls"]
    for _ in ("before", "after"):
        earlier = len(box.requests())
        assert run("plan", cwd=folder, env=box.env).code == 0
        assert told["least"] <= len(box.requests()) - earlier <= told["most"]
        run("apply", "--yes", cwd=folder, env=box.env)


def test_a_rate_is_what_an_estimate_counts_with(folder: Path) -> None:
    told = run("--rate", "1", "plan", "--estimate", "--format", "json", cwd=folder).json
    for each in told["providers"]:
        assert each["seconds"] == (each["most"] - 1) * 60


@pytest.mark.parametrize("connections", [1, 32])
@pytest.mark.parametrize("most", [1, 3, 5])
def test_no_call_more_than_allowed_is_made(
    box: Served, folder: Path, connections: int, most: int
) -> None:
    stopped = run(
        *("--connections", str(connections), "plan", "--max-calls", str(most), "--out", "p.json"),
        cwd=folder,
        env=box.env,
    )
    assert stopped.code == 4
    assert f"--max-calls {most}: " in stopped.err
    assert len(box.requests()) == most
    assert not (folder / "p.json").exists()


def test_as_many_calls_as_it_takes_are_enough(box: Served, folder: Path) -> None:
    run("plan", cwd=folder, env=box.env)
    needed = len(box.requests())
    assert run("plan", "--max-calls", str(needed), cwd=folder, env=box.env).code == 0
    assert run("plan", "--max-calls", str(needed - 1), cwd=folder, env=box.env).code == 4
