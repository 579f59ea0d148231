"""A million rows: in little memory, whatever the list holds."""

import os
import subprocess
from pathlib import Path

import pytest
from program import CLEAN, PROGRAM, Served

ROWS = 1_000_000
MOST_MEGABYTES = 300


@pytest.mark.timeout(600)
def test_a_million_rows_take_less_than_300_megabytes(box: Served, folder: Path) -> None:
    box.control("mailgun_eu", "POST", "settings", {"mailgun_bulk_step": 0})
    with (folder / "list.csv").open("w") as file:
        file.write("name,email\n")
        # Half of them are worth sending: the sandbox would take the most of the time for more.
        file.writelines(f"Person {n},u{n}@d{n % 5000}.{_END[n % 2]}\n" for n in range(ROWS))
    arguments = ("validate-list", "list.csv", "--provider", "marketing", "--no-dns", "--yes")
    with subprocess.Popen(
        [*PROGRAM, *arguments, "--out", "out.csv"],
        cwd=folder,
        env={**CLEAN, **box.env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert used.ru_maxrss < MOST_MEGABYTES * 1024
    assert "500,000  reserved domain" in out
    with (folder / "out.csv").open() as file:
        assert sum(1 for _ in file) == ROWS + 1


_END = ("example.com", "test")
