"""The program on a terminal of its own, with somebody who types."""

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from program import CLEAN, PROGRAM

CTRL_C = "\x03"


def on_terminal(
    folder: Path,
    env: Mapping[str, str],
    *arguments: str,
    typed: Sequence[tuple[str, str]] = (),
) -> tuple[int, str]:
    """Run the program; after each text that it shows, type the one that belongs to it.

    Return the exit code and all that was shown.
    """
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env={**CLEAN, "TERM": "xterm", **env},
        stdin=child,
        stdout=child,
        stderr=child,
        preexec_fn=_own_terminal,  # noqa: PLW1509 - there are no threads here
    )
    os.close(child)
    try:
        shown = _converse(parent, list(typed))
    finally:
        os.close(parent)
    return process.wait(timeout=30), shown


def _own_terminal() -> None:
    """Make the terminal the child's own, so that a typed Ctrl-C is a signal.

    Whoever runs the tests in the background has it ignored, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _converse(terminal: int, typed: list[tuple[str, str]]) -> str:
    shown, unread, last = b"", b"", ""
    while True:
        # A Ctrl-C between a prompt and the read behind it is lost on Python: type it again.
        patience = 1.0 if last == CTRL_C else 60.0
        if not select.select([terminal], [], [], patience)[0]:
            assert last == CTRL_C, shown
            os.write(terminal, last.encode())
            continue
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            return shown.decode()
        shown, unread = shown + chunk, unread + chunk
        if typed and typed[0][0].encode() in unread:
            (_, last), unread = typed.pop(0), b""
            os.write(terminal, last.encode())
