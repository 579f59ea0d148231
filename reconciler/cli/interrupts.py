"""Ctrl-C, and the signals that mean the same: SIGTERM, and SIGHUP except under nohup."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from reconciler.cli.streams import interject

INTERRUPTED_EXIT = 130
_AGAIN = 1.0


def _signals() -> list[signal.Signals]:
    wanted = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        wanted.append(signal.SIGHUP)
    return wanted


def interrupt_at_once() -> None:
    """From here on end what the main thread does with KeyboardInterrupt.

    `timeout` and others send a signal twice: one that follows at once is passed over, lest it hit
    the ending itself. A later one ends the process whatever it does.
    """
    first: list[float] = []

    def interrupt(*_: object) -> None:
        if not first:
            first.append(time.monotonic())
            raise KeyboardInterrupt
        if time.monotonic() - first[0] > _AGAIN:
            # The first one may have been lost, as it is between a prompt and the read behind it.
            interject("Interrupted.")
            os._exit(INTERRUPTED_EXIT)

    for each in _signals():
        signal.signal(each, interrupt)


@contextmanager
def interrupted_by(handler: Callable[[], None]) -> Iterator[None]:
    """Call a handler instead, while what is done now must not be cut off."""
    before = {each: signal.signal(each, lambda *_: handler()) for each in _signals()}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def leave(code: int) -> NoReturn:
    """End the process after an interrupt: threads may be in a read that nothing ends."""
    os._exit(code)
