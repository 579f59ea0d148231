"""The last line of a terminal, which says what goes on; nothing where there is no terminal."""

import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.cli.streams import give_up


def can_redraw() -> bool:
    """Whether standard error is a terminal on which a line can be written over."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


class StatusLine:
    """One line that is written over, without terminal codes; for any thread."""

    def __init__(self) -> None:
        self._text = ""
        self._lock = threading.RLock()

    def show(self, text: str) -> None:
        """Put a text in the place of the one that stands there; "" takes it away."""
        with self._lock:
            text = text[: shutil.get_terminal_size().columns - 1]
            if text == self._text:
                return
            erased = f"\r{' ' * len(self._text)}\r" if self._text else ""
            self._text = text
            try:
                sys.stderr.write(erased + text)
                sys.stderr.flush()
            except OSError:
                give_up(sys.stderr)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Take the line away while something else is printed, and put it back below that."""
        with self._lock:
            text = self._text
            self.show("")
            try:
                yield
            finally:
                self.show(text)


STATUS = StatusLine()
"""There is one standard error, and so one line at its end."""
