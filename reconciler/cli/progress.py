"""One line on a terminal that says that long work goes on; nothing anywhere else."""

import sys
import threading
from typing import Self


class Progress:
    """Counts steps; `step` may be called from any thread."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._count = 0
        self._lock = threading.Lock()
        self._shown = sys.stderr.isatty()

    def __enter__(self) -> Self:
        self._show(f"{self._doing} …")
        return self

    def __exit__(self, *_: object) -> None:
        self._show("")

    def step(self) -> None:
        with self._lock:
            self._count += 1
            self._show(f"{self._doing} … {self._count}")

    def _show(self, text: str) -> None:
        if self._shown:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
