"""The standard streams when they are closed or full, or when whoever reads them has gone."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO


def prepare_streams() -> None:
    """Make the streams fit for any text, and stand in for those that `>&-` and the like closed."""
    _open_missing_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # as standard error is from the start


def _open_missing_streams() -> None:
    for name, mode, flags in (
        ("stdin", "r", os.O_RDONLY),
        ("stdout", "w", os.O_RDONLY),  # a result that goes nowhere is an error, as for `cat`
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            stream = os.fdopen(os.open(os.devnull, flags), mode, encoding="utf-8")
            setattr(sys, name, stream)


def give_up(stream: TextIO) -> None:
    """Lead to nowhere a stream that cannot be written: its buffer is emptied at the end at last."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def interject(text: str) -> None:
    """Tell something from within a signal handler, where the stream's own buffer may be in use."""
    with suppress(OSError, ValueError):
        start = "\n" if sys.stderr.isatty() else ""
        os.write(sys.stderr.fileno(), f"{start}{text}\n".encode())
