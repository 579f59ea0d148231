"""What goes on during long work: a bar on a terminal, and lines that logs like elsewhere."""

import threading
import time
from typing import Self

from reconciler.cli.options import harmless, tell
from reconciler.cli.statusline import STATUS, can_redraw
from reconciler.engine.attempt import Result
from reconciler.model import Change
from reconciler.reports.text import result_as_text
from reconciler.source import printable

BEAT = 0.5
"""Seconds between two looks of the bar."""
LONGEST_SILENCE = 30.0
"""Seconds; some CI services end what says nothing for minutes."""
_WIDTH = 20
_MINUTES_FROM = 120.0


class Progress:
    """Shows how far work has come; its methods may be called from any thread.

    A log is told that work goes on after `silence` seconds of nothing. With `tells_rest` it is
    said how long the rest may take, for work of which all is alike.
    """

    def __init__(
        self,
        doing: str,
        total: int = 0,
        *,
        silence: float = LONGEST_SILENCE,
        tells_rest: bool = False,
    ) -> None:
        self._doing, self._done, self._total = doing, 0, total
        self._tells_rest = tells_rest
        self._current: dict[str, None] = {}
        self._is_bar = can_redraw()
        self._pause = BEAT if self._is_bar else silence
        self._since = time.monotonic()
        self._was_told = False
        self._ended = threading.Event()
        self._beats = threading.Thread(target=self._beat, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._redraw()
        self._beats.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._beats.join()
        STATUS.show("")

    def come_to(self, done: int, total: int) -> None:
        """Take in how much is done of what is known so far."""
        self._done, self._total = done, total
        self._redraw()

    def begun(self, change: Change) -> None:
        self._current[str(change.subject.address)] = None
        self._redraw()

    def came(self, result: Result) -> None:
        """Take in a result; without a bar it is told at once, on a line of its own."""
        self._current.pop(str(result.change.subject.address), None)
        self._done += 1
        if not self._is_bar:
            self._was_told = True
            tell(f"{self._done:>{len(str(self._total))}}/{self._total}  {result_as_text(result)}")
        self._redraw()

    def _beat(self) -> None:
        while not self._ended.wait(self._pause):
            if not (self._is_bar or self._was_told):
                tell(f"{self._doing}: {self._done} of {self._total}{self._rest()}")
            self._was_told = False
            self._redraw()

    def _rest(self) -> str:
        """Return about how long the rest will take, at the pace so far."""
        if not (self._tells_rest and 0 < self._done < self._total):
            return ""
        passed = time.monotonic() - self._since
        seconds = passed / self._done * (self._total - self._done)
        left = f"{seconds:.0f} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} min"
        return f", about {left} left"

    def _redraw(self) -> None:
        if self._is_bar and not self._ended.is_set():
            STATUS.show(harmless(printable(self._as_text())))

    def _as_text(self) -> str:
        seconds = f"{time.monotonic() - self._since:.0f} s{self._rest()}"
        if not self._total:
            return f"{self._doing} … {seconds}"
        filled = "#" * (_WIDTH * self._done // self._total)
        current = next(reversed(self._current.copy()), "")
        return (
            f"{self._doing} [{filled:.<{_WIDTH}}] {self._done}/{self._total}  {seconds}  {current}"
        ).rstrip()
