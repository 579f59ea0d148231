"""A process that has imported the program once, and forks itself for each run of it.

A run is a process like any other, with its own streams, folder and environment; what it is spared
is to import everything again, which takes longer than most of what is tested here.
"""

import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

_HEAD = struct.Struct("!I")
_LONGEST = 90
"""Seconds that a run may take before it is ended."""


def fork(
    arguments: Sequence[str], cwd: Path, env: Mapping[str, str], streams: Sequence[int]
) -> socket.socket:
    """Begin a run on three streams; its exit code comes out of the socket, as `code_of` reads."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(str(_original()))
    order = json.dumps([list(arguments), str(cwd), dict(env)]).encode()
    socket.send_fds(connection, [_HEAD.pack(len(order))], list(streams))
    connection.sendall(order)
    return connection


def code_of(connection: socket.socket) -> int:
    """Return the exit code of a run once it has ended: below 0 if a signal ended it."""
    with connection:
        return int(_received(connection, 8))


@cache
def _original() -> Path:
    """Start the process that forks; it ends when this one does. Returns where it listens."""
    folder = TemporaryDirectory(prefix="forking")
    path = Path(folder.name) / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(64)
        command = [sys.executable, __file__, str(listener.fileno())]
        original = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=[listener.fileno()])
    _ORIGINALS.append((original, folder))
    return path


_ORIGINALS: list[tuple[subprocess.Popen[bytes], TemporaryDirectory[str]]] = []
"""Kept, so that its standard input is closed, and the folder removed, only when this one ends."""


def _received(connection: socket.socket, length: int) -> bytes:
    found = b""
    while len(found) < length:
        part = connection.recv(length - len(found))
        if not part:
            raise EOFError
        found += part
    return found


def _listen(listener: socket.socket) -> None:
    """Fork for each who connects, until whoever started this has ended."""
    _import_all()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    beginner = sys.stdin.fileno()
    while beginner not in select.select([listener.fileno(), beginner], [], [])[0]:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            _watch(connection)
        connection.close()


def _import_all() -> None:
    package = importlib.import_module("reconciler")
    for each in pkgutil.walk_packages(package.__path__, "reconciler."):
        if each.name != "reconciler.__main__":
            importlib.import_module(each.name)


def _watch(connection: socket.socket) -> NoReturn:
    """Fork once more, for the run, and tell its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, _, _ = socket.recv_fds(connection, _HEAD.size, 3)
    arguments, cwd, env = json.loads(_received(connection, _HEAD.unpack(head)[0]))
    run = os.fork()
    if not run:
        connection.close()
        _run(arguments, cwd, env, streams)
    for each in streams:
        os.close(each)
    _, status = os.waitpid(run, 0)
    connection.sendall(f"{os.waitstatus_to_exitcode(status):8}".encode())
    os._exit(0)


def _open_streams() -> None:
    """Open the standard streams as an interpreter does when it starts."""
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False
    )


def _run(arguments: list[str], cwd: str, env: dict[str, str], streams: list[int]) -> NoReturn:
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    _open_streams()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    signal.alarm(_LONGEST)
    sys.argv = ["esp-reconcile", *arguments]
    sys.path.remove(str(Path(__file__).parent))
    main = importlib.import_module("reconciler.cli").main
    try:
        main()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    sys.stderr.flush()
    try:
        sys.stdout.flush()
    except OSError:
        code = 120
    os._exit(code)


if __name__ == "__main__":
    _listen(socket.socket(fileno=int(sys.argv[1])))
