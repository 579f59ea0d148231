"""What is shown during long work: a bar on a terminal, lines elsewhere, nothing on the result."""

import re
from pathlib import Path

import pytest
from program import Served, begin, run
from terminal import on_terminal

from reconciler.cli.progress import Progress

TERMINAL_CODE = re.compile(r"\x1b|\r(?!\n)")


def test_without_a_terminal_each_result_is_a_line_of_its_own(box: Served, folder: Path) -> None:
    done = run("apply", "--yes", "--no-check", cwd=folder, env=box.env)
    assert done.code == 0
    lines = done.err.splitlines()
    assert [line.split()[0] for line in lines] == [f"{number}/12" for number in range(1, 13)]
    assert {line.split(None, 1)[1] for line in lines} < set(done.out.splitlines())
    assert not TERMINAL_CODE.search(done.err + done.out)


def test_results_are_shown_as_they_come(box: Served, folder: Path) -> None:
    fault = {"method": "POST", "path": "/v4/domains", "delay": 2}
    box.control("mailgun_eu", "POST", "faults", fault)
    with begin(box, folder, "apply", "--yes", "--format", "json") as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith(" 1/12  applied  ")
        assert process.poll() is None
        out, _ = process.communicate(timeout=60)
    assert out.startswith("{")


def test_a_terminal_shows_a_bar_with_a_total_and_the_current_address(
    box: Served, folder: Path
) -> None:
    code, shown = on_terminal(folder, {**box.env, "NO_COLOR": "1"}, "apply", "--yes")
    assert code == 0
    assert re.search(r"\rReading live state \[#*\.*\] \d+/\d+", shown)
    assert re.search(r"\rApplying \[\.{20}\] 0/12  \d+ s  (marketing|transactional)/\S+", shown)
    assert re.search(r"\rApplying \[#{18}\.{2}\] 11/12 ", shown)
    assert "\x1b" not in shown
    assert "1/12  applied" not in shown


def test_a_terminal_that_can_write_nothing_over_gets_lines(box: Served, folder: Path) -> None:
    code, shown = on_terminal(folder, {**box.env, "TERM": "dumb"}, "apply", "--yes")
    assert code == 0
    assert "12/12  applied" in shown
    assert not TERMINAL_CODE.search(shown)


def test_what_is_told_stands_above_the_bar(box: Served, folder: Path) -> None:
    _, shown = on_terminal(folder, box.env, "--debug", "plan")
    told = re.findall(r"(?:^|[\r\n])(GET /\S+ 200 \d+ ms)\r\n", shown)
    assert len(told) == len(box.requests())


def test_a_long_silence_is_broken_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    shown = ""
    with Progress("Reading", silence=0.01) as progress:
        progress.come_to(3, 40)
        while "Reading: 3 of 40\n" not in shown:
            shown += capsys.readouterr().err
    assert not TERMINAL_CODE.search(shown)


def test_a_log_is_told_how_long_the_rest_takes_of_work_that_is_all_alike(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = ""
    with Progress("Validating", silence=0.01, tells_rest=True) as progress:
        progress.come_to(30, 40)
        while "Validating: 30 of 40" not in shown:
            shown += capsys.readouterr().err
    assert re.search(r"30 of 40, about \d+ s left\n", shown)


def test_a_plan_says_nothing_in_a_log_unless_it_takes_long(box: Served, folder: Path) -> None:
    assert run("plan", cwd=folder, env=box.env).err == ""
