"""`dashboard serve` as a process."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from program import CLEAN, PROGRAM


@contextmanager
def serving(
    folder: Path, *arguments: str, before: tuple[str, ...] = ()
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Yield a served dashboard and its URL; who ends it sees that it ends well."""
    process = subprocess.Popen(
        [*PROGRAM, *before, "dashboard", "serve", *arguments],
        cwd=folder,
        env=CLEAN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stderr is not None
            yield process, process.stderr.readline().removeprefix("The dashboard is at ").strip()
        finally:
            process.kill()
