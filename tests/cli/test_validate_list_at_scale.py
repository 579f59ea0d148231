"""Ever more rows: in no more memory, whatever the list holds."""

import os
import subprocess
from pathlib import Path

from program import CLEAN, PROGRAM, Served

FEW, MANY = 20_000, 200_000
MOST_GROWTH = 24 * 1024
"""Kilobytes; what the rows themselves would take is several times that."""
_ENDS = ("example.com", "test")


def peak(box: Served, folder: Path, rows: int) -> int:
    """Validate so many rows, and return the most memory that it took, in kilobytes."""
    with (folder / f"{rows}.csv").open("w") as file:
        file.write("name,email\n")
        # Half of them are worth sending: the sandbox would take the most of the time for more.
        file.writelines(f"Person {n},u{n}@d{n % 5000}.{_ENDS[n % 2]}\n" for n in range(rows))
    arguments = ("validate-list", f"{rows}.csv", "--provider", "marketing", "--no-dns", "--yes")
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
    assert f"{rows // 2:,}  reserved domain" in out
    with (folder / "out.csv").open() as file:
        assert sum(1 for _ in file) == rows + 1
    return used.ru_maxrss


def test_ten_times_as_many_rows_take_hardly_more_memory(box: Served, folder: Path) -> None:
    box.control("mailgun_eu", "POST", "settings", {"mailgun_bulk_step": 0})
    assert peak(box, folder, MANY) - peak(box, folder, FEW) < MOST_GROWTH
